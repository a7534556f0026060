//! Every choice that the unpublished standard makes, as one value (CRK facts §1.2).

use serde_json::Value;

use super::{ContentEncryption, JweAlgorithm, JwsAlgorithm, Serialization};

/// What is written and what is accepted.
///
/// **Everything here is an assumption.** What is known of the authority's standard are its title
/// page and remarks in other documents (CRK facts §1.1). The defaults are what those remarks and
/// the public receipts make likely; the other values are the alternatives that a future reading of
/// the standard may demand. Change the fields, not the code.
///
/// # Examples
///
/// ```
/// use ekasy_device::jose::{Compression, CryptoProfile, OuterBase64, PreSignFormat};
///
/// // The literal order of the text: compress, sign, encrypt; and the result as Base64.
/// let mut profile = CryptoProfile::default();
/// profile.writing.data_compression = Compression::PreSign(PreSignFormat::RawDeflate);
/// profile.writing.outer_base64 = OuterBase64::Forced;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CryptoProfile {
    /// The one form that is written.
    pub writing: Writing,
    /// The forms that are accepted.
    pub reading: Reading,
}

impl CryptoProfile {
    /// This profile with parameters added to the encryption header of what it writes.
    ///
    /// The description of CMD13 says that metadata travel in the JOSE header, but not which
    /// (CRK facts §1.2): a command id or a package number, for instance. They are not encrypted.
    #[must_use]
    pub fn with_metadata(
        mut self,
        parameters: impl IntoIterator<Item = (impl Into<String>, Value)>,
    ) -> Self {
        let parameters = parameters.into_iter().map(|(name, value)| (name.into(), value));
        self.writing.metadata.extend(parameters);
        self
    }
}

/// The one form that is written. Assumptions, every one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Writing {
    /// `alg` of the signature. RS256: what readers of receipts report.
    pub signature: JwsAlgorithm,
    /// How the inner object is written. Compact: as the receipts are.
    pub signature_form: Serialization,
    /// What names the signer in the signature's header. The chain in `x5c`: as on receipts.
    pub certificates: CertificateHeader,
    /// `kid` of the signature. None.
    pub signature_key_id: Option<KeyIdForm>,
    /// `typ` of the signature. None.
    pub signature_type: Option<String>,
    /// `alg` of the encryption. RSA-OAEP-256.
    pub key_encryption: JweAlgorithm,
    /// `enc`. A256GCM.
    pub content_encryption: ContentEncryption,
    /// How the outer object is written. Compact.
    pub encryption_form: Serialization,
    /// `kid` of the encryption. The standard prescribes its form since version 1.7.9, and the
    /// form is unknown; the default is the SHA-256 thumbprint.
    pub encryption_key_id: Option<KeyIdForm>,
    /// `cty` of the encryption. None; `JWT` is what RFC 7519 demands of nested tokens.
    pub content_type: Option<String>,
    /// Whether the whole object is Base64 once more. Not: a compact object is text already.
    pub outer_base64: OuterBase64,
    /// Compression of commands. None: the source document names none.
    pub command_compression: Compression,
    /// Compression of data. `zip` of the JWE: the standard's own way, though the text names
    /// compressing before signing.
    pub data_compression: Compression,
    /// Further parameters of the encryption header, in this order. None.
    pub metadata: Vec<(String, Value)>,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            signature: JwsAlgorithm::Rs256,
            signature_form: Serialization::Compact,
            certificates: CertificateHeader::Chain,
            signature_key_id: None,
            signature_type: None,
            key_encryption: JweAlgorithm::RsaOaep256,
            content_encryption: ContentEncryption::A256Gcm,
            encryption_form: Serialization::Compact,
            encryption_key_id: Some(KeyIdForm::Sha256Thumbprint),
            content_type: None,
            outer_base64: OuterBase64::Absent,
            command_compression: Compression::None,
            data_compression: Compression::JweZip,
            metadata: Vec::new(),
        }
    }
}

/// The forms that are accepted; whatever is not listed is refused. Assumptions, every one.
///
/// `kid`, `typ`, `cty` and unknown parameters are never demanded: they are hints, and what they
/// hint at is checked by decrypting and verifying.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Accepted `alg` of signatures: RS256, PS256, ES256.
    pub signatures: Vec<JwsAlgorithm>,
    /// Accepted `alg` of encryptions: RSA-OAEP-256 and RSA-OAEP. `RSA1_5` only by adding it.
    pub key_encryptions: Vec<JweAlgorithm>,
    /// Accepted `enc`: all four.
    pub content_encryptions: Vec<ContentEncryption>,
    /// Accepted serialisations, of the outer and of the inner object: all three.
    pub forms: Vec<Serialization>,
    /// Whether the object is Base64 once more: found out by looking.
    pub outer_base64: OuterBase64,
    /// Accepted compressions: all.
    pub compressions: Vec<Compression>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            signatures: vec![JwsAlgorithm::Rs256, JwsAlgorithm::Ps256, JwsAlgorithm::Es256],
            key_encryptions: vec![JweAlgorithm::RsaOaep256, JweAlgorithm::RsaOaep],
            content_encryptions: ContentEncryption::ALL.to_vec(),
            forms: Serialization::ALL.to_vec(),
            outer_base64: OuterBase64::Auto,
            compressions: Compression::ALL.to_vec(),
        }
    }
}

/// What names the signer in the header of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateHeader {
    /// Nothing: the reader knows the certificate.
    Absent,
    /// `x5c` with the signer's certificate alone.
    Leaf,
    /// `x5c` with the signer's certificate and those of its issuers.
    Chain,
    /// `x5t#S256`: SHA-256 of the signer's certificate.
    Thumbprint,
}

/// What `kid` says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyIdForm {
    /// SHA-256 of the certificate, base64url without padding.
    Sha256Thumbprint,
    /// SHA-1 of the certificate in 40 lower-case hexadecimal digits.
    Sha1Hex,
    /// The serial number in upper-case hexadecimal digits.
    SerialHex,
    /// The common name of the subject; nothing when it has none.
    SubjectCommonName,
    /// A fixed text.
    Literal(String),
}

/// Whether the whole object is Base64 once more, as „przesyłany jako base64" may mean (source
/// document, section 2.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OuterBase64 {
    /// It is not.
    Absent,
    /// It is.
    Forced,
    /// A reader looks: `{` begins JSON, five parts between dots are compact, everything else is
    /// decoded once. A writer adds none.
    Auto,
}

/// Whether and where the content is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Between signing and encrypting: `"zip":"DEF"` (RFC 7516, section 4.1.3).
    JweZip,
    /// Before signing: the payload of the signature is compressed. No header tells.
    PreSign(PreSignFormat),
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::JweZip,
        Self::PreSign(PreSignFormat::RawDeflate),
        Self::PreSign(PreSignFormat::Zlib),
        Self::PreSign(PreSignFormat::Gzip),
    ];
}

/// The format of a payload that was compressed before it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PreSignFormat {
    /// DEFLATE without a frame (RFC 1951).
    RawDeflate,
    /// zlib (RFC 1950).
    Zlib,
    /// gzip (RFC 1952), one member.
    Gzip,
}
