//! Sizes and hashes that the authority wants of everything that is sent, in the same pass as the
//! encryption (KSeF 1.x facts §7, KSeF 2.0 facts §6 and §7).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Encryptor, SessionKey, sealed_size};

/// Bytes that are hashed, encrypted and hashed again before the next: they fit the nearest cache.
const PIECE: usize = 8 * 1024;

/// Size and SHA-256 of some bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Measure {
    /// Measures bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut meter = Meter::new();
        meter.update(bytes);
        meter.finish()
    }

    /// The SHA-256 in Base64, 44 characters.
    pub fn sha256_base64(&self) -> String {
        STANDARD.encode(self.sha256)
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measure")
            .field("size", &self.size)
            .field("sha256", &self.sha256_base64())
            .finish()
    }
}

/// Measures a stream of bytes in constant memory.
#[derive(Clone)]
pub struct Meter {
    size: u64,
    sha256: Context,
}

impl Meter {
    /// Starts a stream.
    pub fn new() -> Self {
        Self { size: 0, sha256: Context::new(&SHA256) }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
    }

    /// Size and hash of everything taken.
    pub fn finish(self) -> Measure {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.sha256.finish().as_ref());
        Measure { size: self.size, sha256 }
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Encrypts a stream and measures both sides of it in the same pass and in constant memory.
#[derive(Debug)]
pub struct Sealer {
    encryptor: Encryptor,
    plain: Meter,
    encrypted: Meter,
}

impl Sealer {
    /// Starts a stream.
    pub fn new(key: &SessionKey) -> Self {
        Self { encryptor: Encryptor::new(key), plain: Meter::new(), encrypted: Meter::new() }
    }

    /// Encrypts the next bytes and appends what is ready to `out`.
    ///
    /// What `out` held before is neither changed nor measured, so it may be emptied between the
    /// calls.
    pub fn update(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        for piece in plain.chunks(PIECE) {
            let start = out.len();
            self.plain.update(piece);
            self.encryptor.update(piece, out);
            self.encrypted.update(&out[start..]);
        }
    }

    /// Ends the stream: appends the last block, and gives the measures of the plain and of the
    /// encrypted bytes.
    pub fn finish(mut self, out: &mut Vec<u8>) -> (Measure, Measure) {
        let start = out.len();
        self.encryptor.finish(out);
        self.encrypted.update(&out[start..]);
        (self.plain.finish(), self.encrypted.finish())
    }
}

/// A sealed document: the ciphertext with what is declared about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// The ciphertext, without the initialisation vector.
    pub bytes: Vec<u8>,
    /// Size and hash of the plaintext.
    pub plain: Measure,
    /// Size and hash of the ciphertext.
    pub encrypted: Measure,
}

/// Encrypts and measures a whole document with one allocation.
pub fn seal(key: &SessionKey, plain: &[u8]) -> Sealed {
    let size = usize::try_from(sealed_size(plain.len() as u64)).unwrap_or(plain.len());
    let mut bytes = Vec::with_capacity(size);
    let mut sealer = Sealer::new(key);
    sealer.update(plain, &mut bytes);
    let (plain, encrypted) = sealer.finish(&mut bytes);
    Sealed { bytes, plain, encrypted }
}
