//! What holds for every script of answers.

use std::time::Duration;

use common_core::{
    effect::Effect,
    limit::{Window, Windows},
    retry::RetryPolicy,
    secret::SecretString,
    store::BoxFuture,
};
use common_http::{
    Authorise, CallOptions, CredentialsError, TransportErrorKind as Broken, UsedToken,
    scripted::{Scripted, Step},
};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::support::{EFFECTS, builder, call, ok};

/// One prepared answer as plain data, so that a failing case can be read.
#[derive(Clone, Debug)]
enum Plan {
    Answer { status: u16, body: &'static str, retry_after: Option<&'static str> },
    BreakOff,
    Fail(Broken),
}

impl Plan {
    fn step(&self) -> Step {
        match self {
            Self::Answer { status, body, retry_after: None } => Step::answer(*status, *body),
            Self::Answer { status, body, retry_after: Some(wait) } => {
                Step::answer(*status, *body).header("retry-after", wait)
            }
            Self::BreakOff => ok().then_break_off(),
            Self::Fail(kind) => Step::fail(*kind),
        }
    }

    /// Whether a call that changes something may have done so after this, judged apart from the
    /// code under test.
    fn may_have_happened(&self) -> bool {
        match self {
            Self::Answer { status, .. } => {
                matches!(status, 100..=399 | 408 | 500..=599)
            }
            Self::BreakOff => true,
            Self::Fail(kind) => !matches!(kind, Broken::Connect | Broken::Request),
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let statuses = vec![200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503];
    let waits = vec![None, Some("0"), Some("3"), Some("40"), Some("soon")];
    let answer = (
        prop::sample::select(statuses),
        prop::sample::select(vec!["7", "no", ""]),
        prop::sample::select(waits),
    );
    let kinds = vec![
        Broken::Connect,
        Broken::Request,
        Broken::Timeout,
        Broken::Interrupted,
        Broken::TooLarge,
    ];
    prop_oneof![
        6 => answer.prop_map(|(status, body, retry_after)| Plan::Answer {
            status,
            body,
            retry_after
        }),
        1 => Just(Plan::BreakOff),
        3 => prop::sample::select(kinds).prop_map(Plan::Fail),
    ]
}

/// Always has another token.
#[derive(Debug)]
struct Endless;

impl Authorise for Endless {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(async { UsedToken::bearer(&SecretString::from("token"), 0).map(Some) })
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async { true })
    }
}

#[derive(Debug)]
struct Run {
    requests: usize,
    elapsed: Duration,
    outcome: Result<u32, (bool, u32)>,
}

/// Makes one call on that script in paused time.
fn run(
    plans: &[(Plan, u64)],
    effect: Effect,
    attempts: u32,
    deadline: Option<u64>,
    seed: u64,
) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let steps =
            plans.iter().map(|(plan, delay)| plan.step().after(Duration::from_secs(*delay)));
        let script = Scripted::new(steps);
        (0..10).for_each(|_| script.push(ok()));
        let windows = || Windows::new([Window::new(2, Duration::from_secs(5))]);
        let client = builder(script.clone())
            .authorise(Endless)
            .limit("a", "reads", windows())
            .limit("a", "writes", windows())
            .retry(RetryPolicy::default().attempts(attempts))
            .timeout(Duration::from_secs(10))
            .seed(seed)
            .build();
        let options = match deadline {
            Some(deadline) => CallOptions::new().deadline(Duration::from_secs(deadline)),
            None => CallOptions::new(),
        };
        let start = Instant::now();
        let outcome = call(&client, effect, options).await;
        Run {
            requests: script.requests().len(),
            elapsed: start.elapsed(),
            outcome: outcome.map_err(|error| (error.may_have_happened(), error.attempts())),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_call_keeps_its_promises_whatever_is_answered(
        plans in prop::collection::vec((plan(), prop::sample::select(vec![0, 0, 0, 2, 60])), 0..8),
        effect in prop::sample::select(EFFECTS.to_vec()),
        attempts in 1u32..6,
        deadline in prop::option::of(1u64..60),
        seed in any::<u64>(),
    ) {
        let run = run(&plans, effect, attempts, deadline, seed);
        let used = &plans[..run.requests.min(plans.len())];
        let refusals = used.iter().any(|(plan, _)| matches!(plan, Plan::Answer { status: 401, .. }));
        prop_assert!(run.requests <= attempts as usize + usize::from(refusals), "{run:?}");
        if let Some(deadline) = deadline {
            prop_assert!(run.elapsed <= Duration::from_secs(deadline), "{run:?}");
        }

        if effect == Effect::Once {
            let before_last = used.len().saturating_sub(usize::from(run.requests <= plans.len()));
            for (plan, delay) in &used[..before_last] {
                // A step of a minute is longer than the timeout: nobody knows what it did.
                let lost = *delay == 60 || plan.may_have_happened();
                prop_assert!(!lost, "repeated after {plan:?}: {run:?}");
            }
        }
        if let Err((false, _)) = run.outcome && effect != Effect::Read {
            let at_once = used.iter().filter(|(_, delay)| *delay == 0);
            let happened = at_once.map(|(plan, _)| plan).any(Plan::may_have_happened);
            prop_assert!(!happened, "denied what may have happened: {run:?}");
        }
    }
}
