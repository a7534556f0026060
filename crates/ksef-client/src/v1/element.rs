//! Asynchronous changes that answer the number of an element: permissions, tokens, hiding, reports
//! of abuse, payment identifiers (specification 1.9, chapter 10.3).

use std::fmt;

use common_core::{poll::PollSchedule, secret::SecretString};
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::{CollectiveIdentifier, KsefNumber, ReferenceNumber};
use serde::{Deserialize, Serialize};

use crate::v1::{
    credentials,
    error::{Error, ErrorKind},
    payment_identifiers,
    process::{Class, Process},
    progress::Progress,
    scam,
    session::Session,
    tokens, visibility,
};

/// A change that is under way. Plain data: store it to ask again later, in another session of the
/// same context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Element {
    /// What is changed.
    pub kind: ElementKind,
    /// The number by which the status is asked for.
    pub reference: ReferenceNumber,
}

/// What a change is about, which decides where its status is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ElementKind {
    /// Permissions, and tokens.
    Credentials,
    /// Hiding an invoice, or showing it again.
    Visibility,
    /// Reporting abuse, or taking a report back.
    Scam,
    /// Making a payment identifier.
    PaymentIdentifier,
}

/// A token that was generated.
pub struct NewToken {
    /// The token, which is given this once.
    pub token: SecretString,
    /// The change that makes it usable; `None` when the answer does not name it.
    ///
    /// The token is not lost then: the list of credentials
    /// ([`queries::Credentials`](crate::v1::queries::Credentials)) has its number, and a session
    /// opens with it as soon as it is usable.
    pub element: Option<Element>,
}

impl Element {
    /// A change whose number is known from elsewhere.
    pub fn new(kind: ElementKind, reference: ReferenceNumber) -> Self {
        Self { kind, reference }
    }

    /// The change that an answer names.
    ///
    /// Answers of the interface before 2.6.0 may lack the number, because the change was done at
    /// once (KSeF 1.x facts §14).
    fn read<E: Endpoint>(kind: ElementKind, reference: Option<&str>) -> Result<Self, Error> {
        let reference = reference.and_then(|text| text.parse().ok()).ok_or_else(|| {
            Error::unreadable(&E::INFO, "the answer names no element whose status could be asked")
        })?;
        Ok(Self { kind, reference })
    }
}

impl Session {
    /// Hides an invoice from the searches of this context; `reason` has 1 to 256 characters.
    pub async fn hide(&self, invoice: &KsefNumber, reason: &str) -> Result<Element, Error> {
        let answer = self.send(&visibility::Hide::new(invoice.clone(), reason)).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<visibility::Hide>(ElementKind::Visibility, element)
    }

    /// Shows a hidden invoice again; `reason` has 1 to 256 characters.
    pub async fn show(&self, invoice: &KsefNumber, reason: &str) -> Result<Element, Error> {
        let answer = self.send(&visibility::Show::new(invoice.clone(), reason)).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<visibility::Show>(ElementKind::Visibility, element)
    }

    /// Reports an invoice as abuse; `reason` has 1 to 1024 characters.
    pub async fn report_scam(&self, invoice: &KsefNumber, reason: &str) -> Result<Element, Error> {
        let answer = self.send(&scam::Report::new(invoice.clone(), reason)).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<scam::Report>(ElementKind::Scam, element)
    }

    /// Takes a report of abuse back; `reason` has 1 to 1024 characters.
    pub async fn cancel_scam(&self, invoice: &KsefNumber, reason: &str) -> Result<Element, Error> {
        let answer = self.send(&scam::Cancel::new(invoice.clone(), reason)).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<scam::Cancel>(ElementKind::Scam, element)
    }

    /// Changes permissions: any of the endpoints of [`credentials`] that grants or revokes.
    pub async fn change_credentials<E>(&self, change: &E) -> Result<Element, Error>
    where
        E: Endpoint<Api = crate::v1::KsefV1, Response = crate::v1::wire::StatusCredentialsResponse>,
    {
        let answer = self.send(change).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<E>(ElementKind::Credentials, element)
    }

    /// Makes an authorisation token, which is given this once.
    pub async fn generate_token(&self, request: &tokens::Generate) -> Result<NewToken, Error> {
        let answer = self.send(request).await?;
        let reference = answer.element_reference_number.and_then(|text| text.parse().ok());
        let element = reference.map(|number| Element::new(ElementKind::Credentials, number));
        Ok(NewToken { token: answer.authorisation_token.into_secret(), element })
    }

    /// Makes a payment identifier for 2 to 10,000 invoices of one seller.
    pub async fn request_payment_identifier(
        &self,
        invoices: impl IntoIterator<Item = KsefNumber>,
    ) -> Result<Element, Error> {
        let request = payment_identifiers::Request::new(invoices);
        let answer = self.send(&request).await?;
        let element = answer.element_reference_number.as_deref();
        Element::read::<payment_identifiers::Request>(ElementKind::PaymentIdentifier, element)
    }

    /// Asks once how far a change has come.
    pub async fn progress(&self, element: &Element) -> Result<Progress, Error> {
        let number = element.reference.clone();
        Ok(match element.kind {
            ElementKind::Credentials => {
                let answer = self.send(&credentials::Status(number)).await?;
                let description = answer.processing_description;
                Progress::new(Process::Credentials, answer.processing_code, description)
            }
            ElementKind::Visibility => {
                let answer = self.send(&visibility::Status::new(number)).await?;
                let description = answer.processing_description;
                Progress::new(Process::Other, answer.processing_code, description)
            }
            ElementKind::Scam => {
                let answer = self.send(&scam::Status(number)).await?;
                let code = answer.processing_code.and_then(|code| u32::try_from(code).ok());
                let code = code.ok_or_else(|| {
                    Error::unreadable(&scam::Status::INFO, "the answer has no processing code")
                })?;
                Progress::new(Process::Other, code, answer.processing_description)
            }
            ElementKind::PaymentIdentifier => {
                let answer = self.send(&payment_identifiers::Status(number)).await?;
                let description = answer.processing_description;
                Progress::new(Process::Other, answer.processing_code, description)
            }
        })
    }

    /// Waits until a change is done.
    ///
    /// Fails with [`ErrorKind::Failed`] when it failed, and with [`ErrorKind::NotFinished`] when the
    /// schedule's time is up first; asking again later goes on.
    pub async fn wait_for(
        &self,
        element: &Element,
        schedule: &PollSchedule,
    ) -> Result<Progress, Error> {
        let poll = || async {
            let progress = self.progress(element).await?.check("element")?;
            Ok::<_, Error>(match progress.class() {
                Class::Done => Polled::Ended(progress),
                _ => Polled::Pending(None),
            })
        };
        let done = poll_until(self.clock(), schedule, poll).await?;
        done.ok_or_else(|| {
            Error::local(ErrorKind::NotFinished, "element", "the change is not done yet")
        })
    }

    /// The payment identifier that a change has made; `None` while it has not.
    pub async fn payment_identifier(
        &self,
        element: &Element,
    ) -> Result<Option<CollectiveIdentifier>, Error> {
        let number = element.reference.clone();
        let answer = self.send(&payment_identifiers::Status(number)).await?;
        let identifier = answer.payment_identifier.map(|text| text.parse());
        identifier.transpose().map_err(|_| {
            let cause = "the payment identifier has another form";
            Error::unreadable(&payment_identifiers::Status::INFO, cause)
        })
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("element", &self.element).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use common_core::secret::ExposeSecret;
    use common_http::scripted::Step;

    use super::*;
    use crate::v1::{client::testing::ELEMENT, session::tests::plain_session, wire};

    #[tokio::test]
    async fn a_token_is_given_whatever_stands_beside_it() {
        let role = wire::TokenRole::new("wystawianie", wire::Role::InvoiceWrite);
        let request = tokens::Generate::new("program", [role]);
        for (number, is_named) in [("no number", false), ("", false), (ELEMENT, true)] {
            let answer = serde_json::json!({
                "authorisationToken": "secret", "elementReferenceNumber": number
            });
            let (session, _) = plain_session([Step::answer(200, answer.to_string())]);
            let new = session.generate_token(&request).await.unwrap();
            assert_eq!(new.token.expose_secret(), "secret");
            assert_eq!(new.element.is_some(), is_named, "{number}");
        }
    }
}
