//! A package on the disk: its encrypted parts, and the list of what is in it.

use std::{
    io,
    path::{Path, PathBuf},
};

use common_http::{Body, FilePart};
use ksef_crypto::package::{PackageName, PartSummary};
use serde::{Deserialize, Serialize};

use super::manifest::{self, PackedInvoice};
use crate::v1::{Context, FormCode};

/// A package that lies on the disk, ready to be sent. Plain data without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    name: String,
    folder: PathBuf,
    context: (String, String),
    form: FormCode,
    invoices: u64,
    parts: Vec<PackagePart>,
}

/// One encrypted part of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackagePart {
    /// The number of the part, from 1.
    pub ordinal: u32,
    /// Its name, and that of its file.
    pub name: String,
    /// Its size in bytes, encrypted.
    pub size: u64,
    /// Its SHA-256 in Base64, encrypted.
    pub hash: String,
}

impl Package {
    /// A package with that many invoices.
    pub(super) fn of(
        folder: PathBuf,
        (name, context, form): (&PackageName, &Context, FormCode),
        invoices: u64,
        parts: &[PartSummary],
    ) -> Self {
        let part = |part: &PartSummary| PackagePart {
            ordinal: part.ordinal,
            name: name.part(part.ordinal),
            size: part.sealed.size,
            hash: part.sealed.sha256_base64(),
        };
        Self {
            name: name.as_str().to_owned(),
            folder,
            context: (context.kind().to_owned(), context.value().to_owned()),
            form,
            invoices,
            parts: parts.iter().map(part).collect(),
        }
    }

    /// The name of the archive.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that holds the parts and the list.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// In whose name it is sent; `None` when the stored text is none.
    pub fn context(&self) -> Option<Context> {
        Context::of_kind(&self.context.0, &self.context.1)
    }

    /// The form of its invoices.
    pub fn form(&self) -> &FormCode {
        &self.form
    }

    /// How many invoices are in it.
    pub fn invoices(&self) -> u64 {
        self.invoices
    }

    /// Its parts, in order.
    pub fn parts(&self) -> &[PackagePart] {
        &self.parts
    }

    /// What is in it: name, size and hash of each invoice, in the order in which they were packed.
    ///
    /// The list lies beside the parts, in `{name}.invoices.jsonl`.
    pub async fn packed(&self) -> io::Result<Vec<PackedInvoice>> {
        let path = manifest::path(&self.folder, &self.name);
        manifest::read(&tokio::fs::read_to_string(path).await?)
    }

    /// Deletes the parts, which nobody needs once the batch is accepted; the list stays.
    ///
    /// A part that is not there is no error.
    pub async fn remove_parts(&self) -> io::Result<()> {
        for part in &self.parts {
            match tokio::fs::remove_file(self.folder.join(&part.name)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file of a part, to be sent from the disk.
    pub(super) fn content(&self, part: &PackagePart) -> Body {
        Body::File(FilePart::new(self.folder.join(&part.name), 0, part.size))
    }
}
