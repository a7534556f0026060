//! Packages of documents (source document, 2.3.2.2): recognised when they come again, opened,
//! and joined when a document came in parts.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::jose::{Broken, compression, jwe, jws};
use super::pki::Repository;
use super::profile::{Cut, Profile};

/// How many digests of packages are remembered.
const REMEMBERED: usize = 4096;

/// Bytes that a package may have after decompression.
pub(super) const LARGEST: u64 = 64 * 1024 * 1024;

/// How many documents in parts may be incomplete at once.
const INCOMPLETE: usize = 16;

/// A package as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) command_id: String,
    pub(super) number: u32,
    pub(super) is_last: bool,
    pub(super) data: String,
}

/// Whether a package is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Same,
    /// The place of a part was taken by other bytes.
    Other,
}

/// The packages of one register that are remembered, and the parts that wait for others.
#[derive(Debug, Default)]
pub(super) struct Parcels {
    known: VecDeque<Known>,
    /// Parts by shipment and number.
    parts: BTreeMap<String, Parts>,
}

#[derive(Debug)]
struct Known {
    command_id: String,
    number: u32,
    digest: [u8; 32],
}

#[derive(Debug, Default)]
struct Parts {
    pieces: BTreeMap<u32, Vec<u8>>,
    last: Option<u32>,
}

impl Parcel {
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update([u8::from(self.is_last)]);
        digest.update(self.data.as_bytes());
        digest.finalize().into()
    }
}

impl Parcels {
    /// Remembers a package.
    pub(super) fn see(&mut self, parcel: &Parcel) -> Novelty {
        let (digest, number) = (parcel.digest(), parcel.number);
        let is_here =
            |known: &&Known| known.number == number && known.command_id == parcel.command_id;
        let mut earlier = self.known.iter().filter(is_here).peekable();
        let is_taken = number > 0 && earlier.peek().is_some();
        if earlier.any(|known| known.digest == digest) {
            return Novelty::Same;
        }
        if is_taken {
            return Novelty::Other;
        }
        if self.known.len() == REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back(Known { command_id: parcel.command_id.clone(), number, digest });
        Novelty::New
    }

    /// Adds a part; the pieces in their order once all are there.
    pub(super) fn add(&mut self, parcel: &Parcel, piece: Vec<u8>) -> Option<Vec<u8>> {
        if self.parts.len() >= INCOMPLETE && !self.parts.contains_key(&parcel.command_id) {
            self.parts.pop_first();
        }
        let parts = self.parts.entry(parcel.command_id.clone()).or_default();
        parts.pieces.insert(parcel.number, piece);
        if parcel.is_last {
            parts.last = Some(parcel.number);
        }
        let last = parts.last?;
        if !(1..=last).all(|number| parts.pieces.contains_key(&number)) {
            return None;
        }
        let parts = self.parts.remove(&parcel.command_id)?;
        Some(parts.pieces.into_values().flatten().collect())
    }

    pub(super) fn waiting(&self) -> u64 {
        self.parts.values().map(|parts| parts.pieces.len() as u64).sum()
    }
}

/// What opens packages.
pub(super) struct Opener<'a> {
    pub(super) profile: &'a Profile,
    pub(super) repository: &'a Repository,
    /// The certificates whose signatures count.
    pub(super) signers: &'a [Certificate],
}

impl Opener<'_> {
    /// The structure in a package that is complete in itself.
    pub(super) fn open(&self, data: &str) -> Result<Vec<u8>, Broken> {
        let payload = self.payload(data)?;
        compression::unpack(payload, self.profile.compression, LARGEST)
    }

    /// What a part adds to its document.
    pub(super) fn piece(&self, data: &str) -> Result<Vec<u8>, Broken> {
        match self.profile.cut {
            Cut::Plaintext => self.open(data),
            Cut::Compressed => self.payload(data),
            Cut::Object => Ok(data.as_bytes().to_vec()),
        }
    }

    /// The structure that the pieces of a document are.
    pub(super) fn join(&self, pieces: Vec<u8>) -> Result<Vec<u8>, Broken> {
        match self.profile.cut {
            Cut::Plaintext => Ok(pieces),
            Cut::Compressed => compression::unpack(pieces, self.profile.compression, LARGEST),
            Cut::Object => {
                let data = String::from_utf8(pieces).map_err(|_| Broken::Form("JWE"))?;
                self.open(&data)
            }
        }
    }

    fn payload(&self, data: &str) -> Result<Vec<u8>, Broken> {
        let Repository { certificate, key, .. } = self.repository;
        let signed = jwe::decrypt(data, self.profile, certificate, &key.decrypting, LARGEST)?;
        let signed = String::from_utf8(signed).map_err(|_| Broken::Form("JWS"))?;
        jws::verify(&signed, self.profile.signature, self.signers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(number: u32, is_last: bool, data: &str) -> Parcel {
        Parcel { command_id: "a".to_owned(), number, is_last, data: data.to_owned() }
    }

    #[test]
    fn parts_are_joined_in_their_order_whenever_they_come() {
        let mut parcels = Parcels::default();
        assert_eq!(parcels.add(&parcel(3, true, "c"), b"c".to_vec()), None);
        assert_eq!(parcels.add(&parcel(1, false, "a"), b"a".to_vec()), None);
        assert_eq!(parcels.waiting(), 2);
        assert_eq!(parcels.add(&parcel(2, false, "b"), b"b".to_vec()).unwrap(), b"abc");
        assert_eq!(parcels.waiting(), 0);
    }

    #[test]
    fn complete_packages_of_a_shipment_share_the_number_zero_and_parts_do_not() {
        let mut parcels = Parcels::default();
        assert_eq!(parcels.see(&parcel(0, true, "x")), Novelty::New);
        assert_eq!(parcels.see(&parcel(0, true, "x")), Novelty::Same);
        assert_eq!(parcels.see(&parcel(0, true, "y")), Novelty::New);
        assert_eq!(parcels.see(&parcel(1, false, "a")), Novelty::New);
        assert_eq!(parcels.see(&parcel(1, false, "a")), Novelty::Same);
        assert_eq!(parcels.see(&parcel(1, false, "b")), Novelty::Other);
    }
}
