//! `InitRequest`.

use std::{collections::BTreeSet, io};

use common_http::BuildError;
use ksef_crypto::{
    package::{PackageName, PartSummary, Summary},
    seal::Measure,
};

use super::{
    Encryption,
    xml::{Xml, check_key, declarations, document, group, text, texts},
};
use crate::v1::{context::Context, form::FormCode};

const NAMESPACES: [(&str, &str); 3] =
    [("i", "batch/init/request"), ("b", "batch/types"), ("t", "types")];

/// The largest encrypted part, in bytes, and the most parts (specification 1.9, chapter 11.1).
const LARGEST_PART: u64 = 50 * 1024 * 1024;
const MOST_PARTS: usize = 100;

/// What announces a batch: in whose name, for which form of invoices, the package and its parts
/// (specification 1.9, chapter 11.3). It has to be signed; a token cannot open a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRequest {
    context: Context,
    form: FormCode,
    encryption: Encryption,
    name: PackageName,
    package: Summary,
}

impl BatchRequest {
    /// A package as [`Packer`](ksef_crypto::package::Packer) made it with the key of that
    /// encryption.
    pub fn new(
        context: Context,
        form: FormCode,
        encryption: Encryption,
        name: PackageName,
        package: Summary,
    ) -> Self {
        Self { context, form, encryption, name, package }
    }

    /// `InitRequest` without its signature.
    ///
    /// A package of one part is announced as `split`, too, as published clients do (KSeF 1.x facts
    /// §5).
    pub fn to_be_signed(&self) -> Result<Vec<u8>, BuildError> {
        check_key(Some(&self.encryption))?;
        self.check_parts()?;
        document("i:InitRequest", &NAMESPACES, &|xml| {
            declarations(xml, "i", &self.context, &self.form, Some(&self.encryption))?;
            group(xml, "i:PackageSignature", &|xml| self.package(xml))
        })
    }

    fn check_parts(&self) -> Result<(), BuildError> {
        let parts = &self.package.parts;
        if !(1..=MOST_PARTS).contains(&parts.len()) {
            return Err(BuildError::new("PackagePartsList", "must have 1 to 100 parts"));
        }
        let ordinals: BTreeSet<_> = parts.iter().map(|part| part.ordinal).collect();
        if ordinals.contains(&0) || ordinals.len() != parts.len() {
            return Err(BuildError::new("OrdinalNumber", "must be 1 or more, and each another"));
        }
        if parts.iter().any(|part| !(1..=LARGEST_PART).contains(&part.sealed.size)) {
            return Err(BuildError::new("FileSize", "a part must have 1 to 52428800 bytes"));
        }
        Ok(())
    }

    fn package(&self, xml: Xml<'_>) -> io::Result<()> {
        group(xml, "i:Package", &|xml| {
            texts(
                xml,
                &[
                    ("b:PackageType", "split"),
                    ("b:CompressionType", "zip"),
                    ("b:Value", self.name.as_str()),
                ],
            )
        })?;
        group(xml, "i:PackageFileHash", &|xml| hash(xml, &self.package.archive))?;
        group(xml, "i:PackagePartsList", &|xml| {
            self.package.parts.iter().try_for_each(|part| self.part(xml, part))
        })
    }

    fn part(&self, xml: Xml<'_>, part: &PartSummary) -> io::Result<()> {
        group(xml, "i:PackagePartSignature", &|xml| {
            text(xml, "b:OrdinalNumber", &part.ordinal.to_string())?;
            text(xml, "b:PartFileName", &self.name.part(part.ordinal))?;
            group(xml, "b:PartFileHash", &|xml| hash(xml, &part.sealed))
        })
    }
}

fn hash(xml: Xml<'_>, measure: &Measure) -> io::Result<()> {
    group(xml, "t:HashSHA", &|xml| {
        texts(
            xml,
            &[
                ("t:Algorithm", "SHA-256"),
                ("t:Encoding", "Base64"),
                ("t:Value", &measure.sha256_base64()),
            ],
        )
    })?;
    text(xml, "t:FileSize", &measure.size.to_string())
}
