//! The list itself: number, kind of failure and meaning of each code.

use super::{ExceptionCode, Row};
use crate::v1::error::ErrorKind;

/// Names the codes and puts them into the list, which is searched by number.
macro_rules! codes {
    ($($name:ident = $number:literal, $kind:ident, $meaning:literal;)*) => {
        impl ExceptionCode {
            $(
                #[doc = concat!(stringify!($number), ": ", $meaning, ".")]
                pub const $name: Self = Self::new($number);
            )*
        }

        pub(super) const ROWS: &[Row] = &[
            $(Row { code: ExceptionCode::$name, kind: ErrorKind::$kind, meaning: $meaning },)*
        ];
    };
}

codes! {
    INVALID_DOCUMENT = 9101, Signature, "the signed document is not valid";
    SIGNATURE_MISSING = 9102, Signature, "the document is not signed";
    TOO_MANY_SIGNATURES = 9103, Signature, "the document has more signatures than allowed";
    TOO_FEW_SIGNATURES = 9104, Signature, "the document has fewer signatures than required";
    INVALID_SIGNATURE_CONTENT = 9105, Signature, "the content of the signature is not valid";
    SIGNATURE_REFERENCE_COUNT = 9106, Signature, "the signature has a wrong number of references";
    SIGNATURE_REFERENCE_MISMATCH = 9107, Signature, "a reference of the signature does not fit the signed data";
    SIGNATURE_DATA_COUNT = 9108, Signature, "a reference of the signature covers a wrong number of data";
    SIGNATURE_DATA_MISSING = 9109, Signature, "a reference of the signature has no data";
    SIGNATURE_REFERENCE_MISSING = 9110, Signature, "the signature has no reference to its data";
    FORBIDDEN_SECTION = 20001, Invalid, "the document has parts that are not allowed";
    FORBIDDEN_DTD = 20002, Invalid, "the document has a document type declaration, which is not allowed";
    FORBIDDEN_CDATA = 20003, Invalid, "the document has a CDATA section, which is not allowed";
    INVALID_BASE64 = 20004, Invalid, "the content is not valid Base64";
    INVALID_CIPHERTEXT = 20005, Encryption, "the content could not be decrypted";
    INVALID_TIME = 20006, Invalid, "a time has a wrong form";
    UNREADABLE = 21001, Invalid, "the content cannot be read";
    INVALID_CHALLENGE = 21111, LoginRefused, "the challenge is unknown, used or too old";
    INVALID_TOKEN_TIME = 21112, LoginRefused, "the time in the encrypted token is not that of the challenge";
    INVALID_TOKEN = 21116, LoginRefused, "the authorisation token is not right";
    REQUEST_LIMIT = 21121, TooManyRequests, "too many requests of this kind";
    INVOICE_CONTENT_MISSING = 21133, Invalid, "the request to send an invoice holds none";
    PACKAGE_MISSING = 21135, Invalid, "the package is not described";
    ENCRYPTION_MISSING = 21136, Invalid, "the encryption is not described";
    INVOICE_HASH_MISSING = 21137, Invalid, "size and hash of the invoice are missing";
    PACKAGE_FILE_HASH_MISSING = 21139, Invalid, "size and hash of the package's file are missing";
    PACKAGE_HASH_MISSING = 21140, Invalid, "the signature of the package is missing";
    PACKAGE_PARTS_MISSING = 21141, Invalid, "the list of the package's parts is missing";
    INVALID_KEY_TYPE = 21143, Encryption, "the type of the encryption key is not allowed";
    INVALID_VECTOR_TYPE = 21144, Encryption, "the type of the initialisation vector is not allowed";
    INVALID_DOCUMENT_TYPE = 21145, Invalid, "the type of document is not valid";
    INVALID_SEND_TYPE = 21146, Invalid, "the way in which the invoice is sent is not valid";
    CONTRADICTORY_SEND_TYPE = 21147, Invalid, "the way in which the invoice is sent contradicts the session";
    REFERENCE_MISSING = 21148, Invalid, "the reference number is missing";
    NO_SESSION = 21149, SessionEnded, "there is no session";
    BATCH_INACTIVE = 21151, SessionEnded, "the batch is not active";
    SESSION_INACTIVE = 21153, SessionEnded, "the interactive session is not active";
    SESSION_ENDED = 21154, SessionEnded, "the interactive session has been ended";
    INVALID_PART = 21156, Invalid, "a part of the package is described wrongly";
    INVALID_PART_SIZE = 21157, Invalid, "a part of the package has another size than announced";
    INVALID_PART_HASH = 21158, Invalid, "a part of the package has another hash than announced";
    INVALID_SIGNATURE = 21159, Signature, "the signature is not valid";
    INVALID_CONTEXT = 21160, Invalid, "the context is not valid";
    INVALID_NAMED_REQUEST = 21162, Invalid, "the request is not valid for the reason that the service names";
    NO_SUCH_INVOICE = 21164, NotFound, "there is no invoice of that number";
    NO_SUCH_CREDENTIALS = 21168, NotFound, "there are no credentials of that number";
    INVOICE_NOT_ACCESSIBLE = 21169, NotFound, "there is no invoice of that number, or it may not be seen";
    SESSION_EXPIRED = 21170, SessionEnded, "the interactive session has expired";
    SESSION_TOKEN_MISSING = 21171, NoSession, "the session token is missing";
    EMPTY_REQUEST = 21172, Invalid, "the request has no content";
    NO_SUCH_SESSION = 21173, NotFound, "there is no session of that reference number";
    PART_NAME_MISSING = 21174, Invalid, "the name of the part is missing";
    NO_SUCH_QUERY_RESULT = 21175, NotFound, "there is no query result of that number, or no longer";
    DUPLICATE_IN_SESSION = 21176, Duplicate, "the session holds the same invoice already";
    TOO_MANY_RESULTS = 21177, TooManyResults, "the query finds more than one query may give";
    NO_CONFIRMATION = 21178, NotFound, "there is no confirmation of receipt for these numbers";
    VERSION_CONFLICT = 21179, Invalid, "the versions of request and answer do not go together";
    MALFORMED_REQUEST = 21180, Invalid, "the request is malformed or its address is unknown";
    DIFFERENT_SELLERS = 21181, Invalid, "the invoices are not all of one seller";
    SOME_INVOICES_MISSING = 21182, NotFound, "some of the invoices are not in the system";
    NO_PAYMENT_IDENTIFIER_OF_INVOICE = 21183, NotFound, "the invoice is not in the system or has no payment identifier";
    NO_SUCH_PAYMENT_IDENTIFIER = 21184, NotFound, "there is no such payment identifier";
    ISSUER_CANNOT_HIDE = 21186, Forbidden, "an issuer cannot hide invoices";
    HIDDEN_ALREADY = 21187, Conflict, "the invoice is hidden already";
    NOT_HIDDEN = 21188, Conflict, "the invoice is not hidden, or may not be seen";
    MAY_NOT_REPORT_ABUSE = 21189, Forbidden, "this context may not report abuse for the invoice";
    ABUSE_REPORTED_ALREADY = 21190, Conflict, "this context has reported abuse for the invoice already";
    ABUSE_NOT_REPORTED = 21191, Conflict, "this context has no report of abuse for the invoice";
    ROLE_GRANTED_ALREADY = 21192, Conflict, "a role is granted to a linked identifier already";
    NO_PAYMENT_IDENTIFIERS = 21193, NotFound, "this context has no payment identifiers";
    INVOICE_OF_OTHER_SESSION = 21194, Invalid, "the invoice is not of that session";
    DUPLICATE_PACKAGE = 21204, Duplicate, "the package has been sent already";
    EMPTY_PACKAGE = 21205, Invalid, "the package is empty";
    EMPTY_PACKAGE_PART = 21206, Invalid, "a part of the package is empty";
    EMPTY_PACKAGE_LIST = 21207, Invalid, "the list of the package's elements is empty";
    UPLOAD_TIMEOUT = 21208, SessionEnded, "the parts or the end of the batch did not come in time";
    INVALID_FORM = 21211, Invalid, "the declared form of the document is not valid";
    INVALID_ISSUER = 21212, Invalid, "the issuer of the document is not valid";
    INVALID_COMPRESSION = 21216, Invalid, "the compression is not valid";
    INVALID_ENCODING = 21217, Invalid, "the characters are not encoded as they should be";
    DUPLICATE_IN_PACKAGE = 21218, Duplicate, "the package holds the same invoice twice";
    NOT_AUTHORISED = 21301, Forbidden, "the session has no role that allows this";
    TOKEN_INACTIVE = 21302, LoginRefused, "the authorisation token is not active";
    TOKEN_REVOKED = 21303, LoginRefused, "the authorisation token has been revoked";
    NOT_AUTHENTICATED = 21304, NotYet, "the session is not authenticated, or not yet";
    CERTIFICATE_NOT_AUTHENTICATED = 21305, Unauthenticated, "the certificate could not be authenticated";
    INVALID_ROLE_OPERATION = 21306, Invalid, "the permissions cannot be changed in that way";
    AUTHENTICATION_FAILED = 21307, Unauthenticated, "the authentication failed: its person is registered as dead";
    SCHEMA_MISMATCH = 21401, Invalid, "the document does not fit its schema";
    SIZE_MISMATCH = 21402, Invalid, "the file has another size than announced, or is too large";
    HASH_MISMATCH = 21403, Invalid, "the file has another hash than announced";
    INVALID_JSON = 21404, Invalid, "the request is not valid JSON";
    JSON_SCHEMA_MISMATCH = 21405, Invalid, "the request's JSON does not fit its schema";
    AUTHENTICATION_TYPE_CONFLICT = 21406, Signature, "the declared kind of authentication does not fit the signature";
    INVALID_SIGNER = 21407, Signature, "the signer cannot be a subject of the system";
    NO_SUCH_TOKEN = 21409, NotFound, "there is no token of that number";
    INVALID_ENCRYPTION = 21410, Encryption, "the encryption was declared wrongly";
    INVALID_DECLARED_ENCODING = 21411, Encryption, "the declared encoding is not valid";
    INVALID_KEY = 21412, Encryption, "the encryption key is not valid";
    WRONG_PAYLOAD_TYPE = 21413, Invalid, "the invoice must be sent encrypted, or plain, as its session declares";
    UNSUPPORTED_VERSION = 21414, Invalid, "this version of the request is not supported";
    KEY_NOT_DECRYPTED = 21415, Encryption, "the key of the session was not decrypted";
    FORM_OF_OTHER_SESSION = 21416, Invalid, "the document has another form than the session declares";
    UNSUPPORTED_FORM = 21417, Invalid, "this form of document is not supported";
    BUYER_MISSING = 21418, Invalid, "the second subject has no identifier";
    BUYER_WITHOUT_NIP = 21419, Invalid, "the second subject must be identified by a NIP";
    CERTIFICATE_MISMATCH = 21420, Signature, "the certificate does not fit the data given";
    PROVIDER_REGISTERED_ALREADY = 21421, Conflict, "the Peppol provider has been registered already";
    ROLE_NOT_FOR_PROVIDER = 21422, Invalid, "a Peppol provider may have no other role than invoice_write";
    NO_CORRECTED_INVOICE = 21423, NotFound, "the corrected invoice was not found";
    CONTENT_MISSING = 23001, Invalid, "a content that the service names is missing";
    INVALID_REFERENCE = 24001, Invalid, "the reference number is not valid";
    INVALID_INTERNAL_ID = 24002, Invalid, "the check digit of the internal identifier is wrong";
    SERVER_FAILURE = 30012, Server, "the service failed in a way that is not documented";
    INVALID_CALL = 31000, Unexpected, "the service calls the request wrong without saying why";
}
