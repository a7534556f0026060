//! From encrypted parts back to the archive.
//!
//! The archive goes into a store that the caller gives (a temporary file, or memory for a small
//! one) and is read only when every part of it was the announced one: a reader of archives never
//! sees bytes that nobody vouches for.
//!
//! KSeF 2.0 facts §10.4 (export packages); KSeF 1.x facts §7.

use std::io::{self, Read, Write};

use super::error::OpenError;
use super::summary::PartSummary;
use crate::seal::{Decryptor, Measure, Meter, SessionKey};

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// An encrypted part with what was announced about it.
#[derive(Clone, Debug)]
pub struct SealedPart<R> {
    /// The number of the part, from 1.
    pub ordinal: u32,
    /// Size and hash of the part as it is.
    pub sealed: Measure,
    /// Size and hash of the part once it is decrypted, if they were announced (exports of 2.0).
    pub plain: Option<Measure>,
    /// The bytes.
    pub content: R,
}

impl<R> SealedPart<R> {
    /// A part of a package of our own making.
    pub fn new(summary: &PartSummary, content: R) -> Self {
        let PartSummary { ordinal, sealed } = *summary;
        Self { ordinal, sealed, plain: None, content }
    }

    /// Adds the announced size and hash of the decrypted part.
    #[must_use]
    pub fn plain(mut self, plain: Measure) -> Self {
        self.plain = Some(plain);
        self
    }
}

/// Checks and decrypts the parts, in order, into the store; gives the measure of the archive.
///
/// After an error the store holds bytes that must not be used.
/// Whether the last part came is not known here: compare the measure, or the number of parts, with
/// what was announced.
///
/// # Errors
///
/// [`OpenError::PartOrder`], [`OpenError::ReadPart`], [`OpenError::PartDiffers`],
/// [`OpenError::PartSealed`] about a part, [`OpenError::Store`] about the store.
pub fn unseal<R: Read>(
    key: &SessionKey,
    parts: impl IntoIterator<Item = SealedPart<R>>,
    store: &mut impl Write,
) -> Result<Measure, OpenError> {
    let mut archive = Meter::new();
    for (expected, part) in (1..).zip(parts) {
        if part.ordinal != expected {
            return Err(OpenError::PartOrder { expected, found: part.ordinal });
        }
        unseal_part(key, part, &mut archive, store)?;
    }
    store.flush().map_err(OpenError::Store)?;
    Ok(archive.finish())
}

fn unseal_part<R: Read>(
    key: &SessionKey,
    part: SealedPart<R>,
    archive: &mut Meter,
    store: &mut impl Write,
) -> Result<(), OpenError> {
    let SealedPart { ordinal, sealed: announced, plain: announced_plain, content } = part;
    // One byte more than announced is enough to see that there is more.
    let mut content = content.take(announced.size.saturating_add(1));
    let mut decryptor = Decryptor::new(key);
    let (mut sealed, mut plain) = (Meter::new(), Meter::new());
    let mut chunk = vec![0; CHUNK];
    let mut opened = Vec::with_capacity(CHUNK + 16);
    loop {
        let count = match content.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(OpenError::ReadPart { ordinal, source }),
        };
        sealed.update(&chunk[..count]);
        opened.clear();
        decryptor.update(&chunk[..count], &mut opened);
        plain.update(&opened);
        archive.update(&opened);
        store.write_all(&opened).map_err(OpenError::Store)?;
    }
    // The hash of what came is judged before its padding, so that whoever changes bytes on the
    // way learns nothing from the answer.
    if sealed.finish() != announced {
        return Err(OpenError::PartDiffers { ordinal });
    }
    opened.clear();
    decryptor.finish(&mut opened).map_err(|_| OpenError::PartSealed { ordinal })?;
    plain.update(&opened);
    archive.update(&opened);
    store.write_all(&opened).map_err(OpenError::Store)?;
    if announced_plain.is_some_and(|announced| announced != plain.finish()) {
        return Err(OpenError::PartSealed { ordinal });
    }
    Ok(())
}
