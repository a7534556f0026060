//! Sealers that can be opened again, and count how often they were asked.

use std::io::Read as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ekasy_device::packing::{SealFailure, Sealer};
use flate2::{Compression, read};

/// Compresses and writes base64 behind a head of fixed length, as a sealed object is shaped.
#[derive(Debug, Default)]
pub(crate) struct Deflating {
    /// How often something was sealed.
    pub(crate) seals: usize,
}

const HEAD: &str = "head.of.a.sealed.object.";

impl Sealer for Deflating {
    fn seal(&mut self, plaintext: &[u8]) -> Result<String, SealFailure> {
        let compressed = self.compress(plaintext)?;
        self.seal_compressed(&compressed)
    }

    fn compress(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailure> {
        let mut compressed = Vec::new();
        read::DeflateEncoder::new(plaintext, Compression::fast()).read_to_end(&mut compressed)?;
        Ok(compressed)
    }

    fn seal_compressed(&mut self, compressed: &[u8]) -> Result<String, SealFailure> {
        self.seals += 1;
        Ok(HEAD.to_owned() + &BASE64_STANDARD.encode(compressed))
    }
}

/// What was compressed, from the sealed text.
pub(crate) fn compressed(sealed: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(sealed.strip_prefix(HEAD).unwrap()).unwrap()
}

pub(crate) fn inflate(compressed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    read::DeflateDecoder::new(compressed).read_to_end(&mut plain).unwrap();
    plain
}

pub(crate) fn open(sealed: &str) -> Vec<u8> {
    inflate(&compressed(sealed))
}

/// Text that does not get smaller: the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + u8::try_from(state >> 40 & 63).unwrap())
    };
    std::iter::repeat_with(next).take(length).collect()
}
