//! Exceptions: the codes, what they mean in our own words, and their envelope (KSeF 1.x facts §11).

use serde_json::{Value, json};

/// An operation that was refused, or a step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) code: u32,
    /// What it is about; never a value that was sent.
    about: Option<String>,
    /// The status of the answer.
    pub(super) status: u16,
}

impl Exception {
    /// An exception that is answered with 400.
    pub(super) fn new(code: u32) -> Self {
        Self { code, about: None, status: 400 }
    }

    /// An exception about something.
    pub(super) fn about(code: u32, about: impl Into<String>) -> Self {
        Self { about: Some(about.into()), ..Self::new(code) }
    }

    /// The same with another status.
    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The description, at most 256 characters.
    pub(super) fn description(&self) -> String {
        let text = description(self.code);
        match &self.about {
            Some(about) => format!("{text} [{about}]").chars().take(256).collect(),
            None => text.to_owned(),
        }
    }

    /// How a failed process tells it: code, colon, description.
    pub(super) fn in_process(&self) -> String {
        format!("{}:{}", self.code, self.description()).chars().take(256).collect()
    }
}

/// What the envelope tells beside the exception.
pub(super) struct Circumstances<'a> {
    pub(super) operation: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) service_code: &'a str,
    pub(super) reference: Option<&'a str>,
}

/// The envelope of every refusal.
pub(super) fn envelope(exception: &Exception, about: &Circumstances<'_>) -> Value {
    let detail = json!({
        "exceptionCode": exception.code,
        "exceptionDescription": exception.description(),
    });
    let service = if about.operation == "exception.handler" { "default" } else { "srvPIASK" };
    let mut body = json!({
        "serviceCtx": service,
        "serviceCode": about.service_code,
        "serviceName": about.operation,
        "timestamp": about.timestamp,
        "exceptionDetailList": [detail],
    });
    if let Some(reference) = about.reference {
        body["referenceNumber"] = json!(reference);
    }
    json!({"exception": body})
}

/// Every known code with its meaning; sorted by code.
const MEANINGS: &[(u32, &str)] = &[
    (9101, "The document is not valid."),
    (9102, "The signature is missing."),
    (9103, "There are more signatures than allowed."),
    (9104, "There are fewer signatures than required."),
    (9105, "The signature is not valid."),
    (9106, "The signature has a wrong number of references."),
    (9107, "A reference of the signature does not fit the signed data."),
    (9108, "A reference of the signature has a wrong number of targets."),
    (9109, "The data of a reference of the signature is missing."),
    (9110, "The signature does not refer to the data."),
    (20001, "The document has a part that is not allowed."),
    (20002, "The document has a part that is not allowed: DTD."),
    (20003, "The document has a part that is not allowed: CDATA."),
    (20004, "The content is not valid Base64."),
    (20005, "The content is not encrypted correctly."),
    (20006, "The time is not written correctly."),
    (21001, "The content cannot be read."),
    (21111, "The authorisation challenge is not valid."),
    (21112, "The time of the token is not valid."),
    (21116, "The token is not valid."),
    (21121, "The limit of requests has been reached."),
    (21133, "The content of the invoice is missing."),
    (21135, "The definition of the package is missing."),
    (21136, "The definition of the encryption is missing."),
    (21137, "The digest of the invoice is missing."),
    (21139, "The digest of the package file is missing."),
    (21140, "The digest of the package is missing."),
    (21141, "The list of the package parts is missing."),
    (21143, "The type of the encryption key is not valid."),
    (21144, "The type of the initialisation vector is not valid."),
    (21145, "The type of the document is not valid."),
    (21146, "The type of the send request is not valid."),
    (21147, "The type of the send request is contradictory."),
    (21148, "The reference number is missing."),
    (21149, "There is no such session."),
    (21151, "The batch session is not active."),
    (21153, "The interactive session is not active."),
    (21154, "The interactive session has ended."),
    (21156, "The definition of a package part is not valid."),
    (21157, "The size of a package part is wrong."),
    (21158, "The digest of a package part is wrong."),
    (21159, "The signature is not valid."),
    (21160, "The context is not valid."),
    (21162, "The request is not valid."),
    (21164, "There is no invoice with this identifier."),
    (21168, "There are no credentials with this identifier."),
    (21169, "Not authorised, or there is no invoice with this identifier."),
    (21170, "The interactive session has expired."),
    (21171, "The session token is missing."),
    (21172, "The request has no content."),
    (21173, "There is no session with this reference number."),
    (21174, "The name of the part is missing."),
    (21175, "There is no query result with this identifier."),
    (21176, "The invoice is a duplicate."),
    (21177, "There are too many results; narrow the criteria."),
    (21178, "There is no receipt for these criteria."),
    (21179, "The versions of request and response conflict."),
    (21180, "The request is not valid."),
    (21181, "The invoices do not have the same seller."),
    (21182, "Not all of the invoices exist."),
    (21183, "The invoice does not exist or has no payment identifiers."),
    (21184, "There is no such payment identifier."),
    (21186, "The issuer cannot hide invoices."),
    (21187, "The invoice is hidden already."),
    (21188, "The invoice is not hidden, or not accessible."),
    (21189, "This party may not report the invoice."),
    (21190, "There is an active report of the invoice already."),
    (21191, "There is no active report of the invoice."),
    (21192, "A linked identifier has one of the roles already."),
    (21193, "This context has no payment identifiers."),
    (21194, "The invoice does not belong to the session."),
    (21204, "The package is a duplicate."),
    (21205, "The package is empty."),
    (21206, "A part of the list of the package is empty."),
    (21207, "The list of the package elements is empty."),
    (21208, "The time to upload and finish has passed."),
    (21211, "The declared form of documents is not valid."),
    (21212, "The issuer of the document is not valid."),
    (21216, "The compression is not valid."),
    (21217, "The encoding of characters is not valid."),
    (21218, "The invoice is a duplicate within its package."),
    (21301, "Not authorised."),
    (21302, "The token is not active."),
    (21303, "The token has been revoked."),
    (21304, "Not authenticated."),
    (21305, "The certificate is not authenticated."),
    (21306, "The operation on roles is not valid."),
    (21307, "The authentication has failed: the person is dead."),
    (21401, "The document does not follow its schema (XSD)."),
    (21402, "The size of the file is wrong."),
    (21403, "The digest of the file is wrong."),
    (21404, "The document is not JSON."),
    (21405, "The document does not follow its schema (JSON)."),
    (21406, "The signature conflicts with the type of authentication."),
    (21407, "The subject of the signature is not valid."),
    (21409, "There is no token with this identifier."),
    (21410, "The context of encryption is not valid."),
    (21411, "The encoding is not valid."),
    (21412, "The encryption key is not valid."),
    (21413, "The type of the request (plain or encrypted) is not valid."),
    (21414, "This version of the request is not supported."),
    (21415, "The session has no decrypted key."),
    (21416, "The version of the document is not the declared one."),
    (21417, "The version of the document is not supported."),
    (21418, "The identifier of the second party is empty."),
    (21419, "The identifier of the second party must be a NIP."),
    (21420, "The certificate does not fit the given data."),
    (21421, "The Peppol provider is registered already."),
    (21422, "A Peppol provider can only have the role invoice_write."),
    (21423, "The corrected invoice does not exist."),
    (23001, "Content is missing."),
    (24001, "The reference number is not valid."),
    (24002, "The check digit of the internal identifier is wrong."),
    (30012, "The service has failed."),
    (31000, "The call is not valid."),
];

/// Every known code of an exception with its meaning in our own words (KSeF 1.x facts §11).
pub fn exceptions() -> impl Iterator<Item = (u32, &'static str)> {
    MEANINGS.iter().copied()
}

/// The meaning of a code.
pub(super) fn description(code: u32) -> &'static str {
    let found = MEANINGS.binary_search_by_key(&code, |(code, _)| *code);
    found.ok().and_then(|index| MEANINGS.get(index)).map_or("Unknown failure.", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_stand_in_order_once_each() {
        assert!(MEANINGS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(description(21304), "Not authenticated.");
        assert_eq!(description(1), "Unknown failure.");
    }

    #[test]
    fn descriptions_have_at_most_256_characters() {
        let long = Exception::about(21401, "ą".repeat(400));
        assert_eq!(long.description().chars().count(), 256);
        assert_eq!(long.in_process().chars().count(), 256);
    }
}
