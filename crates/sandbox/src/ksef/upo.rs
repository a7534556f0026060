//! Receipts (UPO) of generation v3, signed in the shape of the ministry's own (KSeF 1.x facts §9):
//! exclusive canonicalisation, RSA with SHA-256, the certificate named by SHA-1, one line.

use std::fmt::Write as _;

use c14n::Canonicalizer;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Europe::Warsaw;
use ring::digest;
use roxmltree::Document;

use super::certificate::Certificate;
use super::keys::{Seal, seal};
use super::xml::escaped;
use super::{base64, sha256};

const NAMESPACE: &str = "http://upo.schematy.mf.gov.pl/KSeF/v3";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// What a receipt says.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// The reference number of the session or batch.
    pub(crate) reference: String,
    /// Whose session it was.
    pub(crate) context: String,
    /// Base64 of the digest of everything received.
    pub(crate) structure: String,
    /// For one `FA 1-0E`.
    pub(crate) logical: String,
    /// For one `FA (2)`.
    pub(crate) form: String,
    /// The accepted invoices.
    pub(crate) entries: Vec<Entry>,
}

/// One accepted invoice.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) ksef_number: String,
    pub(crate) invoice_number: String,
    pub(crate) sent: DateTime<Utc>,
    pub(crate) accepted: DateTime<Utc>,
    /// Base64 of SHA-256.
    pub(crate) hash: String,
}

/// The signed receipt.
pub(crate) fn signed(receipt: &Receipt, now: DateTime<Utc>, id: u64) -> Vec<u8> {
    sealed(&body(receipt), now, id)
}

/// A signed document `Potwierdzenie`, of which `body` is everything but the end tag.
pub(crate) fn sealed(body: &str, now: DateTime<Utc>, id: u64) -> Vec<u8> {
    let seal = seal();
    let data = digest_of(&format!("{body}</Potwierdzenie>"), None);
    let object = object(seal, now, id);
    // The properties are canonicalised where they will stand.
    let draft = format!("{body}{}{object}</ds:Signature></Potwierdzenie>", open(id));
    let properties = digest_of(&draft, Some(&format!("sigPropId_{id}")));
    let info = info(&data, &properties, id);
    let draft = format!("{body}{}{info}{object}</ds:Signature></Potwierdzenie>", open(id));
    let signature = base64(&seal.sign(&canonical(&draft, Part::Named("SignedInfo"))));
    let certificate = base64(seal.certificate());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}{}{info}\
         <ds:SignatureValue Id=\"sigValId_{id}\">{signature}</ds:SignatureValue>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo>{object}</ds:Signature></Potwierdzenie>",
        open(id)
    )
    .into_bytes()
}

fn body(receipt: &Receipt) -> String {
    let mut text = format!(
        "<Potwierdzenie xmlns=\"{NAMESPACE}\">\
         <NazwaPodmiotuPrzyjmujacego>Ministerstwo Finansów</NazwaPodmiotuPrzyjmujacego>\
         <NumerReferencyjny>{}</NumerReferencyjny>\
         <IdentyfikatorPodatkowyPodmiotu>{}</IdentyfikatorPodatkowyPodmiotu>\
         <SkrotZlozonejStruktury>{}</SkrotZlozonejStruktury>\
         <NazwaStrukturyLogicznej>{}</NazwaStrukturyLogicznej>\
         <KodFormularza>{}</KodFormularza>",
        receipt.reference,
        receipt.context,
        receipt.structure,
        escaped(&receipt.logical),
        escaped(&receipt.form),
    );
    for entry in &receipt.entries {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "<Dokument><NumerKSeFDokumentu>{}</NumerKSeFDokumentu>\
             <NumerFaktury>{}</NumerFaktury>\
             <DataPrzeslaniaDokumentu>{}</DataPrzeslaniaDokumentu>\
             <DataPrzyjeciaDokumentu>{}</DataPrzyjeciaDokumentu>\
             <SkrotDokumentu>{}</SkrotDokumentu></Dokument>",
            entry.ksef_number,
            escaped(&entry.invoice_number),
            local(entry.sent, SecondsFormat::Millis),
            local(entry.accepted, SecondsFormat::Millis),
            entry.hash,
        );
    }
    text
}

fn local(moment: DateTime<Utc>, format: SecondsFormat) -> String {
    moment.with_timezone(&Warsaw).to_rfc3339_opts(format, false)
}

fn open(id: u64) -> String {
    format!("<ds:Signature xmlns:ds=\"{DSIG}\" Id=\"sigId_{id}\">")
}

fn info(data: &str, properties: &str, id: u64) -> String {
    format!(
        "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\
         <ds:Reference Id=\"mainRefId_{id}\" Type=\"\" URI=\"\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{DSIG}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue>{data}</ds:DigestValue>\
         </ds:Reference>\
         <ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#sigPropId_{id}\">\
         <ds:Transforms><ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue>{properties}</ds:DigestValue>\
         </ds:Reference></ds:SignedInfo>"
    )
}

fn object(seal: &Seal, now: DateTime<Utc>, id: u64) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, seal.certificate());
    let hash = base64(hash.as_ref());
    let serial = Certificate::from_der(seal.certificate()).map_or(0, |it| low_bits(&it.serial()));
    let time = local(now, SecondsFormat::Secs);
    format!(
        "<ds:Object><xades:QualifyingProperties xmlns:xades=\"{XADES}\" Target=\"#sigId_{id}\">\
         <xades:SignedProperties Id=\"sigPropId_{id}\"><xades:SignedSignatureProperties>\
         <xades:SigningTime>{time}</xades:SigningTime>\
         <xades:SigningCertificate><xades:Cert><xades:CertDigest>\
         <ds:DigestMethod Algorithm=\"{DSIG}sha1\"/><ds:DigestValue>{hash}</ds:DigestValue>\
         </xades:CertDigest><xades:IssuerSerial>\
         <ds:X509IssuerName>OID.2.5.4.97=VATPL-9990000907, CN=Pieczęć piaskownicy, \
         O=Piaskownica Krajowego Systemu e-Faktur, C=PL</ds:X509IssuerName>\
         <ds:X509SerialNumber>{serial}</ds:X509SerialNumber>\
         </xades:IssuerSerial></xades:Cert></xades:SigningCertificate>\
         </xades:SignedSignatureProperties><xades:SignedDataObjectProperties>\
         <xades:DataObjectFormat ObjectReference=\"#mainRefId_{id}\">\
         <xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat>\
         </xades:SignedDataObjectProperties></xades:SignedProperties>\
         </xades:QualifyingProperties></ds:Object>"
    )
}

/// The serial number of the seal's certificate, which has at most sixteen bytes.
fn low_bits(serial: &str) -> u128 {
    let start = serial.len().saturating_sub(32);
    u128::from_str_radix(&serial[start..], 16).unwrap_or_default()
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Whole,
    Named(&'a str),
    WithId(&'a str),
}

fn digest_of(xml: &str, id: Option<&str>) -> String {
    base64(&sha256(&canonical(xml, id.map_or(Part::Whole, Part::WithId))))
}

/// The exclusive canonical form of a part of a document that was written above.
fn canonical(xml: &str, part: Part<'_>) -> Vec<u8> {
    let Ok(document) = Document::parse(xml) else { return Vec::new() };
    let node = match part {
        Part::Whole => Some(document.root()),
        Part::Named(name) => document.descendants().find(|node| node.has_tag_name((DSIG, name))),
        Part::WithId(id) => document.descendants().find(|node| node.attribute("Id") == Some(id)),
    };
    node.map(|node| Canonicalizer::exclusive().element(node).to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ksef::signature;

    #[test]
    fn a_receipt_is_a_signed_document() {
        let moment = "2026-01-31T10:00:00.250Z".parse().unwrap();
        let entry = Entry {
            ksef_number: "9990000101-20260131-0123456789AB-CD".to_owned(),
            invoice_number: "A&B <1>".to_owned(),
            sent: moment,
            accepted: moment,
            hash: base64(&sha256(b"invoice")),
        };
        let receipt = Receipt {
            reference: "20260131-SE-0123456789-0123456789-AB".to_owned(),
            context: "9990000101".to_owned(),
            structure: base64(&sha256(b"all")),
            logical: "FA 1-0E".to_owned(),
            form: "FA (2)".to_owned(),
            entries: vec![entry],
        };
        let bytes = signed(&receipt, moment, 17);
        let checked = signature::verify(&bytes).unwrap();
        let text = String::from_utf8(checked.content).unwrap();
        assert!(text.contains("A&amp;B &lt;1&gt;"));
        assert!(text.contains("2026-01-31T11:00:00.250+01:00"), "Polish time");
        let changed = String::from_utf8(bytes).unwrap().replace("-CD<", "-CE<");
        assert_eq!(signature::verify(changed.as_bytes()).unwrap_err(), signature::Flaw::Digest);
    }
}
