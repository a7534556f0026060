//! The truth table of `may_have_happened`: `false` is a promise that no try did anything.

use common_core::effect::{Effect, ErrorKind, Phase};
use common_http::{CallOptions, TransportErrorKind as Broken, scripted::Step};

use crate::support::{EFFECTS, Issue, Replace, builder, call, ok, scripted, seconds};

/// A last step, the kind and phase it leads to, and whether a call that changes something may
/// have happened.
type Row = (fn() -> Step, ErrorKind, Phase, bool);

fn table() -> Vec<Row> {
    use ErrorKind as K;
    use Phase::{Answered, MaybeSent, NotSent};

    vec![
        (|| Step::fail(Broken::Connect), K::Connect, NotSent, false),
        (|| Step::fail(Broken::Request), K::Input, NotSent, false),
        (|| Step::fail(Broken::Timeout), K::Timeout, MaybeSent, true),
        (|| Step::fail(Broken::Interrupted), K::Interrupted, MaybeSent, true),
        (|| ok().after(seconds(1000)), K::Timeout, MaybeSent, true),
        (|| ok().then_break_off(), K::Interrupted, MaybeSent, true),
        (|| Step::answer(200, "12345"), K::TooLarge, Answered, true),
        (|| Step::answer(200, "no"), K::Decode, Answered, true),
        (|| Step::answer(204, ""), K::Decode, Answered, true),
        (|| Step::answer(302, ""), K::Unexpected, Answered, true),
        (|| Step::answer(400, ""), K::Invalid, Answered, false),
        (|| Step::answer(401, ""), K::Unauthorized, Answered, false),
        (|| Step::answer(402, ""), K::PaymentRequired, Answered, false),
        (|| Step::answer(403, ""), K::Forbidden, Answered, false),
        (|| Step::answer(404, ""), K::NotFound, Answered, false),
        (|| Step::answer(408, ""), K::RequestTimeout, Answered, true),
        (|| Step::answer(409, ""), K::Conflict, Answered, false),
        (|| Step::answer(410, ""), K::Gone, Answered, false),
        (|| Step::answer(413, ""), K::PayloadTooLarge, Answered, false),
        (|| Step::answer(422, ""), K::Invalid, Answered, false),
        (|| Step::answer(429, ""), K::TooManyRequests, Answered, false),
        (|| Step::answer(500, ""), K::Server, Answered, true),
        (|| Step::answer(503, ""), K::Server, Answered, true),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_outcome_says_whether_the_call_may_have_happened() {
    let once = CallOptions::new().retry(common_core::retry::RetryPolicy::never());
    for (step, kind, phase, happened) in table() {
        for effect in EFFECTS {
            let client =
                builder(common_http::scripted::Scripted::new([step()])).body_limit(4).build();
            let error = call(&client, effect, once).await.unwrap_err();
            let shown = format!("{effect:?} {:?}", step());
            assert_eq!((error.kind(), error.phase()), (kind, phase), "{shown}");
            assert_eq!(error.may_have_happened(), happened && effect != Effect::Read, "{shown}");
            let says_so = error.to_string().ends_with("; the call may have taken effect");
            assert_eq!(says_so, error.may_have_happened(), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_try_is_not_forgotten_when_the_last_one_did_not_leave() {
    let lost = || Step::fail(Broken::Connect);
    let (client, _) = scripted([Step::fail(Broken::Timeout), lost(), lost(), lost()]);
    let error = client.send(&Replace::new(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Connect, Phase::NotSent));
    assert_eq!(error.attempts(), 4);
    assert!(error.may_have_happened());

    let (client, _) = scripted([lost(), lost(), lost(), lost()]);
    let error = client.send(&Replace::new(1)).await.unwrap_err();
    assert!(!error.may_have_happened());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_whose_words_do_not_arrive_is_a_refusal_all_the_same() {
    let long = Step::answer(400, vec![b'x'; 2 * 1024 * 1024]);
    for step in [long, Step::answer(400, "no").then_break_off()] {
        let (client, _) = scripted([step]);
        let error = client.send(&Issue::new(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.problem().unwrap().message.as_deref(), Some(""));
        assert!(!error.may_have_happened());
    }
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_refusal_keep_to_the_clients_size_limit() {
    for (words, shown) in [("four", "four"), ("fives", "")] {
        let script = common_http::scripted::Scripted::new([Step::answer(404, words)]);
        let client = builder(script).body_limit(4).build();
        let error = client.send(&Issue::new(1)).await.unwrap_err();
        assert_eq!(error.problem().unwrap().message.as_deref(), Some(shown));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_exactly_the_size_limit_is_taken() {
    for effect in EFFECTS {
        let script = common_http::scripted::Scripted::new([Step::answer(200, "1234")]);
        let client = builder(script).body_limit(4).build();
        assert_eq!(call(&client, effect, CallOptions::new()).await.unwrap(), 1234);
    }
}
