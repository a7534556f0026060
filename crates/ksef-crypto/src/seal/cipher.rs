//! AES-256-CBC with PKCS#7 padding, whole and streaming (specification 1.9, chapter 6.2).

use std::error::Error;
use std::fmt;

use aes::Aes256;
use cbc::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, consts::U16};

use super::SessionKey;

/// Bytes of an AES block.
const BLOCK: usize = 16;

type AesBlock = Array<u8, U16>;

/// Bytes of the ciphertext of a plaintext of this size: the next multiple of 16 above it.
pub fn sealed_size(plain: u64) -> u64 {
    (plain / BLOCK as u64 + 1) * BLOCK as u64
}

/// Encrypts a stream of bytes in constant memory.
pub struct Encryptor {
    cipher: cbc::Encryptor<Aes256>,
    /// The beginning of a block that is not full yet.
    partial: [u8; BLOCK],
    filled: usize,
}

impl Encryptor {
    /// Starts a stream. Each invoice and each part of a package is a stream of its own.
    pub fn new(key: &SessionKey) -> Self {
        let cipher = cbc::Encryptor::new(key.expose_key().into(), key.iv().into());
        Self { cipher, partial: [0; BLOCK], filled: 0 }
    }

    /// Encrypts a piece of any length and appends what is ready to `out`: at most 15 bytes more
    /// than the piece.
    pub fn update(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        if self.filled > 0 {
            let taken = plain.len().min(BLOCK - self.filled);
            let (now, later) = plain.split_at(taken);
            self.partial[self.filled..self.filled + taken].copy_from_slice(now);
            self.filled += taken;
            plain = later;
            if self.filled < BLOCK {
                return;
            }
            append_encrypted(&mut self.cipher, &self.partial, out);
            self.filled = 0;
        }
        let (whole, rest) = plain.split_at(plain.len() - plain.len() % BLOCK);
        append_encrypted(&mut self.cipher, whole, out);
        self.partial[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// Ends the stream: appends the last block, 16 bytes.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        // Between 1 and 16, so it fits a byte.
        let padding = u8::try_from(BLOCK - self.filled).unwrap_or(0);
        self.partial[self.filled..].fill(padding);
        append_encrypted(&mut self.cipher, &self.partial, out);
    }
}

/// Decrypts a stream of bytes in constant memory.
///
/// What [`update`](Self::update) gives out is not authenticated: only when
/// [`finish`](Self::finish) succeeds was the padding right, and only a hash that the authority
/// declared proves the content.
pub struct Decryptor {
    cipher: cbc::Decryptor<Aes256>,
    /// The last bytes of the ciphertext so far, held back because they may be the padded block.
    held: [u8; BLOCK],
    filled: usize,
}

impl Decryptor {
    /// Starts a stream.
    pub fn new(key: &SessionKey) -> Self {
        let cipher = cbc::Decryptor::new(key.expose_key().into(), key.iv().into());
        Self { cipher, held: [0; BLOCK], filled: 0 }
    }

    /// Decrypts a piece of any length and appends what is ready to `out`; the last block is held
    /// back.
    pub fn update(&mut self, mut encrypted: &[u8], out: &mut Vec<u8>) {
        if encrypted.is_empty() {
            return;
        }
        if self.filled > 0 {
            let taken = encrypted.len().min(BLOCK - self.filled);
            let (now, later) = encrypted.split_at(taken);
            self.held[self.filled..self.filled + taken].copy_from_slice(now);
            self.filled += taken;
            encrypted = later;
            if encrypted.is_empty() {
                return;
            }
            append_decrypted(&mut self.cipher, &self.held, out);
        }
        // At least one byte stays back, so that the last block always does.
        let (whole, rest) = encrypted.split_at((encrypted.len() - 1) / BLOCK * BLOCK);
        append_decrypted(&mut self.cipher, whole, out);
        self.held[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// Ends the stream: checks the padding and appends what the last block holds besides it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the ciphertext was empty, not a multiple of 16 bytes, or ended with
    /// another padding.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), OpenError> {
        if self.filled != BLOCK {
            return Err(OpenError);
        }
        let mut last = AesBlock::from(self.held);
        self.cipher.decrypt_block(&mut last);
        let kept = unpadded_length(&last).ok_or(OpenError)?;
        out.extend_from_slice(&last[..kept]);
        Ok(())
    }
}

/// Decrypts a whole ciphertext with one allocation.
///
/// # Errors
///
/// [`OpenError`] when it is empty, not a multiple of 16 bytes, or the padding is wrong.
pub fn open(key: &SessionKey, encrypted: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut plain = Vec::with_capacity(encrypted.len());
    let mut decryptor = Decryptor::new(key);
    decryptor.update(encrypted, &mut plain);
    decryptor.finish(&mut plain)?;
    Ok(plain)
}

/// The ciphertext could not be opened. On purpose there is no word on why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenError;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the content could not be decrypted")
    }
}

impl Error for OpenError {}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryptor(..)")
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decryptor(..)")
    }
}

/// Encrypts whole blocks in place at the end of `out`.
fn append_encrypted(cipher: &mut cbc::Encryptor<Aes256>, whole: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(whole);
    let (blocks, _) = AesBlock::slice_as_chunks_mut(&mut out[start..]);
    cipher.encrypt_blocks(blocks);
}

/// Decrypts whole blocks in place at the end of `out`.
fn append_decrypted(cipher: &mut cbc::Decryptor<Aes256>, whole: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(whole);
    let (blocks, _) = AesBlock::slice_as_chunks_mut(&mut out[start..]);
    cipher.decrypt_blocks(blocks);
}

/// How many bytes of a last block are content; looks at all bytes whatever they hold, so that the
/// time tells nothing about the padding.
fn unpadded_length(last: &AesBlock) -> Option<usize> {
    let padding = last[BLOCK - 1];
    let mut wrong = u8::from(padding == 0) | u8::from(usize::from(padding) > BLOCK);
    for (distance, byte) in last.iter().rev().enumerate() {
        let is_padding = u8::from(distance < usize::from(padding));
        wrong |= is_padding & u8::from(*byte != padding);
    }
    (wrong == 0).then(|| BLOCK - usize::from(padding))
}
