//! Secrets show nowhere, and what is asked or sent shows in no event of ours.

use std::fmt::Write as _;

use common_core::secret::{ExposeSecret, secret_bytes};
use epp_client::{
    Client,
    accounts::{self, StatementFormat, StatementUrl},
    payment_orders::{Create, Fetch, List},
    payments::{Otp, Start},
    session::Credentials,
    totp::Totp,
};
use sandbox::{Sandbox, fault::Fault, fault::Rule};
use trial::Everything;

use crate::support::{DAY, account, assert_expected, calm, order, otp, over_socket, tag};

const BASIS: &str = "canary-basis";
const WRONG_OTP: &str = "canary-otp";

/// All that may be shown of an error.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, " {cause:?} {cause}");
        source = cause.source();
    }
    text
}

/// Good calls, bad calls and lost answers; gives what the values and errors show.
async fn busy_day(sandbox: &Sandbox, client: &Client) -> String {
    let mut shows = String::new();
    let all = [order(sandbox, "canary-external", 5).payment_basis(BASIS)];
    let batch = client.create_and_locate(&all, &tag(77)).await;
    let start = Start::new(batch.ids());
    let payment = client.start_payment(&start).await.unwrap();
    let right = otp(sandbox, payment.record());
    let _ = write!(shows, "{client:?} {payment:?} {right:?} {:?}", client.session());
    let wrong = payment.confirm(&Otp::new(&WRONG_OTP.into())).await.unwrap_err();
    shows.push_str(&shown(&wrong));
    wrong.into_payment().unwrap().confirm(&right).await.unwrap();
    let number = account(sandbox).number.parse().unwrap();
    let url = StatementUrl::daily(&number, DAY.parse().unwrap(), StatementFormat::Json);
    let link = client.send(&url).await.unwrap();
    let _ = write!(shows, "{link:?}");
    client.statement(&url).await.unwrap();
    sandbox.epp().expire_tokens();
    client.send(&accounts::List::new().name("canary-name")).await.unwrap();
    let create = Create::new(&all).unwrap();
    let _ = write!(shows, "{create:?}");
    for fault in [
        Fault::LoseAnswer,
        Fault::Reply { status: 503, retry_after: None },
        Fault::CutAnswer { after: 300 },
    ] {
        sandbox.epp().faults().push(Rule::new(fault).once());
        shows.push_str(&shown(&client.send(&create).await.unwrap_err()));
    }
    shows.push_str(&shown(&client.send(&Fetch(918_273_645.into())).await.unwrap_err()));
    shows.push_str(&shown(&client.send(&List::new().page(0)).await.unwrap_err()));
    let pair = client.session().export().await.unwrap();
    let _ = write!(shows, "{pair:?}");
    shows
}

#[tokio::test]
async fn secrets_show_nowhere_and_content_shows_in_no_event_of_ours() {
    let (everything, _listening) = Everything::heard();
    let sandbox = calm().await;
    let user = sandbox.epp().user("prvi").unwrap();
    let builder = over_socket(&sandbox, "prvi");
    let mut shows = format!("{builder:?}");
    let client = builder.build().unwrap();
    client.send(&accounts::List::new()).await.unwrap();
    let first = client.session().export().await.unwrap();
    shows.push_str(&busy_day(&sandbox, &client).await);
    let last = client.session().export().await.unwrap();
    let totp = Totp::new(&secret_bytes(user.totp_secret().to_vec())).unwrap();
    let _ = write!(shows, "{totp:?}");
    client.session().log_in_as(Credentials::new("prvi", "canary-password".into()));
    sandbox.epp().expire_tokens();
    sandbox.epp().expire_refresh_tokens();
    shows.push_str(&shown(&client.send(&accounts::List::new()).await.unwrap_err()));

    let all = everything.all();
    assert!(all.iter().any(|(target, _)| target.starts_with("hyper")), "dependencies are heard");
    let secret = user.totp_secret_base32();
    let mut secrets = vec![user.password(), "canary-password", &secret, WRONG_OTP];
    for pair in [&first, &last] {
        secrets
            .extend([pair.access_token(), pair.refresh_token()].map(ExposeSecret::expose_secret));
    }
    for secret in secrets {
        assert!(!shows.contains(secret), "a secret is shown");
        let leak = all.iter().find(|(_, text)| text.contains(secret));
        assert!(leak.is_none(), "a secret is logged by {:?}", leak.map(|(target, _)| target));
    }
    let ours = everything.ours("epp_client");
    assert!(ours.iter().any(|text| text.contains("/payment-orders/{id}")), "{ours:#?}");
    for content in [BASIS, "canary", "918273645", "md5=", "127.0.0.1", &account(&sandbox).number] {
        let leak = ours.iter().find(|text| text.contains(content));
        assert!(leak.is_none(), "{content} is logged: {leak:?}");
    }
    assert_expected(&sandbox);
}
