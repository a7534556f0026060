//! Confirming a payment with its one-time password (source document, PUT payments).

use std::fmt;

use bytes::Bytes;
use common_core::{
    effect::{self, Effect},
    money::Amount,
    secret::{ExposeSecret, SecretString, same_text},
};
use common_http::{
    Api, Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, ProblemContext,
    RequestBuilder,
};
use http::Method;
use serde::{Deserialize, Serialize};

use super::start::{count, total};
use crate::{
    api::{Answer, Epp, LIMIT, decode, says_success},
    error::{ErrorKind, is_trouble},
};

/// A one-time password as the user or the [authenticator](crate::totp::Totp) gives it.
#[derive(Clone)]
pub struct Otp(SecretString);

impl Otp {
    /// A password; blanks, which telephones like to show in it, are left out.
    pub fn new(password: &SecretString) -> Self {
        let plain = |c: &char| !c.is_whitespace();
        Self(password.expose_secret().chars().filter(plain).collect::<String>().into())
    }

    /// The password as it is sent.
    pub fn password(&self) -> &SecretString {
        &self.0
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        same_text(&self.0, &other.0)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp(..)")
    }
}

/// `PUT payments`: pays what was started under that tag.
///
/// To pay, use [`StartedPayment::confirm`](super::StartedPayment::confirm), which checks the
/// payment first and says what is known after a failure.
#[derive(Clone, Debug)]
pub struct Confirm {
    tag: String,
    otp: Otp,
}

impl Confirm {
    /// The confirmation of the attempt with that tag (`pa-` tag).
    pub fn new(payment_id_tag_name: impl Into<String>, otp: Otp) -> Self {
        Self { tag: payment_id_tag_name.into(), otp }
    }
}

impl Endpoint for Confirm {
    type Api = Epp;
    type Response = Answer<Confirmation>;

    const INFO: Info = Info {
        name: "payments.confirm",
        method: Method::PUT,
        path: "/payments",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LIMIT,
        section: "source document, PUT payments",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            payment_id_tag_name: &'a str,
            token: &'a str,
        }
        let token = self.otp.0.expose_secret();
        if token.is_empty() {
            return Err(BuildError::new("Token", "must not be empty"));
        }
        let body = Body { payment_id_tag_name: &self.tag, token };
        RequestBuilder::new(&Self::INFO, base).json(&body)?.finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Answer<Confirmation>, DecodeError> {
        let answer = decode::<Option<Confirmation>>(parts, body)?.map(Option::unwrap_or_default);
        // A success without a payload is one all the same, and a payment's tag without a success.
        // Anything else is no word on whether money has moved.
        let is_told = answer.as_ref().map_or(true, Confirmation::names_a_payment);
        if is_told || says_success(body) {
            return Ok(answer);
        }
        Err(DecodeError::new("status.code", "nothing says that the payment was made"))
    }

    /// `InvalidToken` and `UsedToken` speak of the one-time password. Taken for the session's
    /// token, a 401 would have the wrong password sent a second time.
    ///
    /// A service in trouble (408, 5xx) may have paid before something between sent the password
    /// again, which is then a used one.
    fn kind(status: u16, problem: &ProblemContext) -> effect::ErrorKind {
        match problem.code.as_deref().and_then(ErrorKind::of_confirmation) {
            Some(ErrorKind::UsedToken) if is_trouble(status) => Epp::kind(status, problem),
            Some(_) => effect::ErrorKind::Invalid,
            None => Epp::kind(status, problem),
        }
    }
}

/// What the service says of a payment that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Confirmation {
    /// The tag of the payment (`p-` tag), in Latin or Cyrillic letters: opaque.
    pub payment_tag_name: Option<String>,
    /// The tag of the attempt (`pa-` tag).
    pub payment_id_tag_name: Option<String>,
    /// The sum in dinars, if the answer has one.
    #[serde(rename = "totalAmounts", deserialize_with = "total")]
    pub total_amount: Option<Amount>,
    /// How many orders were paid, if the answer says.
    #[serde(deserialize_with = "count")]
    pub total_count: Option<u64>,
}

impl Confirmation {
    fn names_a_payment(&self) -> bool {
        self.payment_tag_name.as_deref().is_some_and(|tag| !tag.trim().is_empty())
    }

    /// Whether it does not name another attempt than that.
    pub(super) fn is_of(&self, attempt: &str) -> bool {
        self.payment_id_tag_name.as_deref().is_none_or(|tag| tag.trim() == attempt.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{read, refused, shown, with_body};

    fn confirm(password: &str) -> Confirm {
        Confirm::new("pa-798nj", Otp::new(&password.into()))
    }

    #[test]
    fn trap_15_a_confirmation_carries_tag_and_password_in_pascal_case() {
        let body = r#"{"PaymentIdTagName":"pa-798nj","Token":"123456"}"#;
        assert_eq!(shown(&confirm(" 123 456\n")), with_body("PUT", "/payments", body));
        assert_eq!(refused(&confirm(" ")), "Token");
        assert_eq!(Confirm::INFO.effect, Effect::Once);
    }

    #[test]
    fn a_confirmation_is_read() {
        let body = r#"{"status":{"code":"Success"},"payload":{"paymentTagName":"п-798nj",
            "paymentIdTagName":"pa-798nj","totalAmounts":"17139.66","totalCount":1}}"#;
        let paid = read::<Confirm>(body).unwrap().unwrap();
        assert_eq!(paid.payment_tag_name.as_deref(), Some("п-798nj"));
        assert_eq!(
            (paid.total_amount, paid.total_count),
            (Amount::parse("17139.66").ok(), Some(1))
        );
        let bare = read::<Confirm>(r#"{"status":{"code":"Success"},"payload":null}"#);
        assert_eq!(bare.unwrap().unwrap(), Confirmation::default());
        let tagged = r#"{"paymentTagName":"p-1"}"#;
        assert!(read::<Confirm>(tagged).unwrap().is_ok());
        assert!(read::<Confirm>(r#"{"status":{"code":"UsedToken"}}"#).unwrap().is_err());
    }

    #[test]
    fn what_does_not_say_that_it_was_paid_is_no_confirmation() {
        for body in [
            "{}",
            "null",
            "[]",
            r#"{"message":"Greška"}"#,
            r#"{"status":"InvalidToken"}"#,
            r#"{"Status":{"Code":"InvalidToken"}}"#,
            r#"{"status":{"message":"Greška"}}"#,
            r#"{"status":{"message":"Greška"},"payload":{"paymentIdTagName":"pa-1"}}"#,
            r#"{"payload":{"paymentTagName":" "}}"#,
        ] {
            assert!(read::<Confirm>(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_password_shows_nowhere() {
        let confirm = confirm("canary");
        let shown = format!("{confirm:?} {:?}", confirm.otp);
        assert!(!shown.contains("canary"), "{shown}");
    }
}
