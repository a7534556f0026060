//! The operations of an interactive session (KSeF 2.0 facts §6). [`sending`](crate::v2::sending) makes
//! them in their order.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    api::LimitGroup,
    endpoint::{Feature, RequestExt, endpoint, nothing},
    wire,
};

/// `POST /sessions/online`: opens an interactive session, which lives for twelve hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    body: wire::OpenOnlineSessionRequest,
    feature: Option<Feature>,
}

impl Open {
    /// With a declared key and form.
    pub fn new(body: wire::OpenOnlineSessionRequest) -> Self {
        Self { body, feature: None }
    }

    /// Asks for a feature.
    #[must_use]
    pub fn feature(mut self, feature: Feature) -> Self {
        self.feature = Some(feature);
        self
    }
}

endpoint!(Open -> wire::OpenOnlineSessionResponse {
    Info {
        name: "online.open",
        method: Method::POST,
        path: "/sessions/online",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::OnlineSession.name(),
        section: "KSeF 2.0 facts §6",
    },
    request: |this, request| request.feature(this.feature.as_ref()).json(&this.body)?.finish(),
});

/// `POST /sessions/online/{referenceNumber}/invoices`: sends an encrypted invoice.
///
/// The answer is a number; whether the invoice is taken, its status tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    session: ReferenceNumber,
    body: wire::SendInvoiceRequest,
}

impl Send {
    /// Sends that content in that session.
    pub fn new(session: ReferenceNumber, body: wire::SendInvoiceRequest) -> Self {
        Self { session, body }
    }
}

endpoint!(Send -> wire::SendInvoiceResponse {
    Info {
        name: "online.send",
        method: Method::POST,
        path: "/sessions/online/{referenceNumber}/invoices",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceSend.name(),
        section: "KSeF 2.0 facts §6",
    },
    request: |this, request| {
        request.param("referenceNumber", &this.session)?.json(&this.body)?.finish()
    },
});

/// `POST /sessions/online/{referenceNumber}/close`: closes an interactive session, so that its
/// confirmation is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close(pub ReferenceNumber);

endpoint!(Close -> () {
    Info {
        name: "online.close",
        method: Method::POST,
        path: "/sessions/online/{referenceNumber}/close",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::OnlineSessionClose.name(),
        section: "KSeF 2.0 facts §6",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
    response: nothing,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::client::testing::{SESSION, bare, post, read, read_example, reference, shown};

    #[test]
    fn a_session_is_opened_with_one_form_and_one_key() {
        let form = crate::v2::FormCode::FA_3.to_wire();
        let body = wire::OpenOnlineSessionRequest::new(wire::EncryptionInfo::new("K", "V"), form);
        let json = r#"{"encryption":{"encryptedSymmetricKey":"K","initializationVector":"V"},"formCode":{"schemaVersion":"1-0E","systemCode":"FA (3)","value":"FA"}}"#;
        assert_eq!(shown(&Open::new(body.clone())), post("/sessions/online", json));
        let request = Open::new(body).feature(Feature::SubjectIdentifierValidation);
        assert!(shown(&request).contains("x-ksef-feature: subject-identifier-validation\n"));
        let answer = format!(r#"{{"referenceNumber":"{SESSION}"}}"#);
        assert_eq!(read::<Open>(answer).unwrap().valid_until, None);
        if let Some(answer) = read_example::<Open>("201") {
            assert!(answer.valid_until.is_some());
        }
    }

    #[test]
    fn an_invoice_goes_out_with_its_sizes_and_hashes() {
        let body = wire::SendInvoiceRequest::new("QUJD", "E", 16, "P", 3).offline_mode(true);
        let send = Send::new(reference(SESSION), body);
        let json = r#"{"encryptedInvoiceContent":"QUJD","encryptedInvoiceHash":"E","encryptedInvoiceSize":16,"invoiceHash":"P","invoiceSize":3,"offlineMode":true}"#;
        assert_eq!(shown(&send), post(&format!("/sessions/online/{SESSION}/invoices"), json));
        assert!(read::<Send>("{}").is_err());
        if let Some(answer) = read_example::<Send>("202") {
            assert_eq!(reference(&answer.reference_number).code(), "EE");
        }
    }

    #[test]
    fn a_session_is_closed_without_a_body() {
        let close = Close(reference(SESSION));
        assert_eq!(shown(&close), bare("POST", &format!("/sessions/online/{SESSION}/close")));
        assert!(read::<Close>("").is_ok());
    }
}
