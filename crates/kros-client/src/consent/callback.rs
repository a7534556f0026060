//! The form that the owner's browser posts in post mode: `data[n][companyId]`, `[token]`,
//! `[companyName]`, `[webhookSecret]` and `state` (KROS facts §2, "Consent flow").

use std::collections::BTreeMap;

use common_core::secret::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::{GrantedCompany, State};

/// A posted form whose `state` has not been compared yet.
///
/// Anybody can make a browser post such a form, so what it grants comes out only through
/// [`Callback::into_companies`].
///
/// # Examples
///
/// ```
/// use kros_client::consent::{Callback, State};
///
/// let state = State::from_random([7; 32]);
/// let body = format!(
///     "data%5B0%5D%5BcompanyId%5D=41&data%5B0%5D%5Btoken%5D=not-a-token&state={}",
///     state.expose_text()
/// );
/// let companies = Callback::parse(body.as_bytes())?.into_companies(&state)?;
/// assert_eq!(companies[0].company_id, 41);
/// # Ok::<(), kros_client::consent::CallbackError>(())
/// ```
#[derive(Debug)]
pub struct Callback {
    state: SecretString,
    companies: Vec<GrantedCompany>,
}

/// Why a posted form is not taken.
///
/// Names places and never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The form carries no state, so nothing ties it to a consent.
    #[error("the form has no `state`")]
    MissingState,
    /// The state is not the one that was asked with: a forgery, or another owner's answer.
    #[error("the `state` of the form is not the expected one")]
    WrongState,
    /// The form grants nothing.
    #[error("the form names no company")]
    NoCompany,
    /// A company lacks a field.
    #[error("`data[{index}][{field}]` is missing")]
    Missing {
        /// The number between the first brackets.
        index: u32,
        /// The field.
        field: &'static str,
    },
    /// A company's number is not a whole number.
    #[error("`data[{index}][companyId]` is not a whole number")]
    CompanyId {
        /// The number between the first brackets.
        index: u32,
    },
    /// A field is given twice, which leaves open which one counts.
    #[error("`data[{index}][{field}]` is given twice")]
    Twice {
        /// The number between the first brackets.
        index: u32,
        /// The field.
        field: &'static str,
    },
    /// The state is given twice.
    #[error("`state` is given twice")]
    StateTwice,
}

#[derive(Default)]
struct Granting {
    company_id: Option<String>,
    token: Option<String>,
    company_name: Option<String>,
    webhook_secret: Option<String>,
}

impl Callback {
    /// Reads a body of the type `application/x-www-form-urlencoded`.
    ///
    /// Fields of other names are ignored. Limit the size of the body before; a company takes about
    /// one kilobyte.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] names what is missing, doubled or wrong.
    pub fn parse(body: &[u8]) -> Result<Self, CallbackError> {
        let mut state = None;
        let mut companies = BTreeMap::<u32, Granting>::new();
        for (name, value) in form_urlencoded::parse(body) {
            if name == "state" {
                let before = state.replace(SecretString::from(value.into_owned()));
                before.map_or(Ok(()), |_| Err(CallbackError::StateTwice))?;
            } else if let Some((index, field)) = split(&name) {
                companies.entry(index).or_default().set(index, field, value.into_owned())?;
            }
        }
        let state = state.filter(|state| !state.expose_secret().is_empty());
        let state = state.ok_or(CallbackError::MissingState)?;
        let granted = companies.into_iter().map(|(index, granting)| granting.finish(index));
        Ok(Self { state, companies: granted.collect::<Result<_, _>>()? })
    }

    /// The state that came with the form, to look up which consent it claims to answer.
    pub fn claimed_state(&self) -> &SecretString {
        &self.state
    }

    /// What was granted, in the form's numbering, if the state is the expected one.
    ///
    /// # Errors
    ///
    /// [`CallbackError::WrongState`], compared in constant time; [`CallbackError::NoCompany`].
    pub fn into_companies(self, expected: &State) -> Result<Vec<GrantedCompany>, CallbackError> {
        if !expected.is_text(&self.state) {
            return Err(CallbackError::WrongState);
        }
        if self.companies.is_empty() {
            return Err(CallbackError::NoCompany);
        }
        Ok(self.companies)
    }
}

impl Granting {
    fn set(&mut self, index: u32, field: &str, value: String) -> Result<(), CallbackError> {
        let (field, place) = match field {
            "companyId" => ("companyId", &mut self.company_id),
            "token" => ("token", &mut self.token),
            "companyName" => ("companyName", &mut self.company_name),
            "webhookSecret" | "webHookSecret" => ("webhookSecret", &mut self.webhook_secret),
            _ => return Ok(()),
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(CallbackError::Twice { index, field }),
        }
    }

    fn finish(self, index: u32) -> Result<GrantedCompany, CallbackError> {
        let missing = |field| CallbackError::Missing { index, field };
        let company_id = filled(self.company_id).ok_or_else(|| missing("companyId"))?;
        let token = filled(self.token).ok_or_else(|| missing("token"))?;
        Ok(GrantedCompany {
            company_id: company_id.parse().map_err(|_| CallbackError::CompanyId { index })?,
            company_name: filled(self.company_name),
            token: token.into(),
            webhook_secret: filled(self.webhook_secret).map(SecretString::from),
        })
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Takes `data[3][token]` apart into 3 and `token`.
fn split(name: &str) -> Option<(u32, &str)> {
    let (index, field) = name.strip_prefix("data[")?.strip_suffix(']')?.split_once("][")?;
    Some((index.parse().ok()?, field))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state() -> State {
        State::from_random([7; 32])
    }

    fn form(fields: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("state", state().expose_text()).finish()
    }

    fn refusal(fields: &[(&str, &str)]) -> CallbackError {
        let parsed = Callback::parse(form(fields).as_bytes());
        parsed.and_then(|form| form.into_companies(&state())).expect_err("a refusal")
    }

    #[test]
    fn several_companies_come_in_the_order_of_their_numbers() {
        let body = form(&[
            ("data[10][companyId]", "43"),
            ("data[10][token]", "third"),
            ("data[2][token]", "a+b/c="),
            ("data[2][companyId]", "42"),
            ("data[2][companyName]", "Vymyslená Pekáreň & syn"),
            ("data[2][webhookSecret]", "AAEC+/=="),
            ("data[2][colour]", "red"),
            ("other", "x"),
        ]);
        let form = Callback::parse(body.as_bytes()).expect("a whole form");
        assert_eq!(form.claimed_state().expose_secret(), state().expose_text());
        let companies = form.into_companies(&state()).expect("the right state");
        let [first, second] = companies.as_slice() else { panic!("two companies") };
        assert_eq!((first.company_id, second.company_id), (42, 43));
        assert_eq!(first.token.expose_secret(), "a+b/c=");
        assert_eq!(first.company_name.as_deref(), Some("Vymyslená Pekáreň & syn"));
        assert!(first.verifier().is_some());
        assert!(second.webhook_secret.is_none() && second.verifier().is_none());
    }

    #[test]
    fn nothing_comes_out_under_another_state() {
        let body = form(&[("data[0][companyId]", "1"), ("data[0][token]", "t")]);
        let form = Callback::parse(body.as_bytes()).expect("a whole form");
        let other = form.into_companies(&State::from_random([8; 32]));
        assert_eq!(other.err(), Some(CallbackError::WrongState));
        let none = Callback::parse(b"data[0][companyId]=1&data[0][token]=t");
        assert_eq!(none.err(), Some(CallbackError::MissingState));
        assert_eq!(Callback::parse(b"state=").err(), Some(CallbackError::MissingState));
        assert_eq!(Callback::parse(b"state=a&state=a").err(), Some(CallbackError::StateTwice));
    }

    #[test]
    fn what_is_missing_doubled_or_wrong_is_named() {
        let id = ("data[3][companyId]", "1");
        let token = ("data[3][token]", "t");
        assert_eq!(refusal(&[]), CallbackError::NoCompany);
        assert_eq!(refusal(&[id]), CallbackError::Missing { index: 3, field: "token" });
        assert_eq!(refusal(&[token]), CallbackError::Missing { index: 3, field: "companyId" });
        assert_eq!(refusal(&[id, token, token]), CallbackError::Twice { index: 3, field: "token" });
        let wrong = [("data[3][companyId]", "one"), token];
        assert_eq!(refusal(&wrong), CallbackError::CompanyId { index: 3 });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(form) = Callback::parse(&body) {
                prop_assert!(form.into_companies(&state()).is_err());
            }
        }

        #[test]
        fn names_are_taken_apart_as_they_were_put_together(index: u32, field in "[a-zA-Z]{1,12}") {
            let name = format!("data[{index}][{field}]");
            prop_assert_eq!(split(&name), Some((index, field.as_str())));
        }
    }
}
