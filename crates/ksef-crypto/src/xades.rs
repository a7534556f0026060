//! XAdES signatures: made for requests to KSeF, verified on what KSeF gives back.
//!
//! Both generations authenticate by an XML document with an enveloped or enveloping XAdES-BES
//! signature (specification 1.9, chapter 4.2; KSeF 2.0 facts §4.2), and the authority signs its
//! confirmations the same way (KSeF 1.x facts §9, KSeF 2.0 facts §9).
//!
//! [`sign`] signs with any [`Signer`]; where a signature is made in another process or by a person,
//! [`Draft`] gives the bytes to be signed and takes the signature later.
//! [`verify`] takes a small, closed set of signatures and refuses everything else with a reason;
//! what it returns is the very bytes that were digested, so that unsigned content cannot be read by
//! mistake.
//!
//! Nothing here reads a clock: the claimed signing time and the time for which certificates must
//! be valid are arguments.

mod digest;
mod draft;
mod names;
mod options;
mod policy;
mod properties;
mod reference;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod verify;
mod write;

use roxmltree::{Attribute, Document, NS_XML_URI, Node};

pub use draft::{Draft, XadesError};
pub use options::{CertificateReference, Form, Options, Packaging};
pub use policy::{Policy, Profile, Refusal, Sha1, Trust};
pub use source::{MAX_DOCUMENT, NotXml};
pub use verify::{Coverage, Verified, verify};

pub(crate) use names::DS;
pub(crate) use source::{text, tree};

use crate::certificate::Certificate;
use crate::keys::Signer;

/// Signs a document with a key and its certificate, and gives the signed document.
///
/// The bytes of the document stay as they are; the signature is inserted into them, or put around
/// them, as the options say.
///
/// # Errors
///
/// [`XadesError`], as [`Draft::new`] and [`Draft::finish`] have them; [`XadesError::Signer`] when
/// the key's keeper does not sign.
pub fn sign(
    document: &[u8],
    signer: &dyn Signer,
    options: &Options,
) -> Result<Vec<u8>, XadesError> {
    let certificate =
        Certificate::from_der(signer.certificate_der()).map_err(|_| XadesError::Certificate)?;
    let draft = Draft::new(document, &certificate, options)?;
    let signature = signer.sign(draft.algorithm(), draft.to_be_signed())?;
    draft.finish(&signature)
}

/// All `ds:Signature` elements of a document.
fn signatures<'a, 'input>(
    tree: &'a Document<'input>,
) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
    tree.descendants().filter(|node| node.has_tag_name((DS, "Signature")))
}

/// Whether some reader of the document could take an attribute for the id of its element.
///
/// Schemas are not read, so every spelling in use counts.
fn is_id(attribute: &Attribute<'_, '_>) -> bool {
    match attribute.namespace() {
        None => matches!(attribute.name(), "Id" | "ID" | "id"),
        Some(namespace) => namespace == NS_XML_URI && attribute.name() == "id",
    }
}
