//! Authenticated encryption of the content (RFC 7518, sections 5.2 and 5.3).

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use aws_lc_rs::hmac;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use common_core::secret::same_bytes;

use super::ContentEncryption;

/// A ciphertext and its tag.
pub(super) struct Encrypted {
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// Encrypts. `None` when key or vector have a wrong length or the content is absurdly long.
pub(super) fn encrypt(
    encryption: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    mut content: Vec<u8>,
) -> Option<Encrypted> {
    match encryption {
        ContentEncryption::A128Gcm => {
            gcm_encrypt(&Aes128Gcm::new_from_slice(key).ok()?, iv, associated, content)
        }
        ContentEncryption::A256Gcm => {
            gcm_encrypt(&Aes256Gcm::new_from_slice(key).ok()?, iv, associated, content)
        }
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            let (authenticating, encrypting) = halves(encryption, key)?;
            let length = content.len();
            content.resize(length + 16, 0);
            let size = if encryption == ContentEncryption::A128CbcHs256 {
                let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(encrypting, iv).ok()?;
                cipher.encrypt_padded::<Pkcs7>(&mut content, length).ok()?.len()
            } else {
                let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(encrypting, iv).ok()?;
                cipher.encrypt_padded::<Pkcs7>(&mut content, length).ok()?.len()
            };
            content.truncate(size);
            let tag = tag(encryption, authenticating, associated, iv, &content);
            Some(Encrypted { ciphertext: content, tag })
        }
    }
}

/// Decrypts what is authentic. `None` for whatever is wrong: nothing tells what it was.
pub(super) fn decrypt(
    encryption: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    encrypted: Encrypted,
) -> Option<Vec<u8>> {
    if encrypted.tag.len() != encryption.tag_length() || iv.len() != encryption.iv_length() {
        return None;
    }
    match encryption {
        ContentEncryption::A128Gcm => {
            gcm_decrypt(&Aes128Gcm::new_from_slice(key).ok()?, iv, associated, encrypted)
        }
        ContentEncryption::A256Gcm => {
            gcm_decrypt(&Aes256Gcm::new_from_slice(key).ok()?, iv, associated, encrypted)
        }
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            let (authenticating, encrypting) = halves(encryption, key)?;
            let expected = tag(encryption, authenticating, associated, iv, &encrypted.ciphertext);
            if !same_bytes(&expected, &encrypted.tag) {
                return None;
            }
            let mut content = encrypted.ciphertext;
            let size = if encryption == ContentEncryption::A128CbcHs256 {
                let cipher = cbc::Decryptor::<aes::Aes128>::new_from_slices(encrypting, iv).ok()?;
                cipher.decrypt_padded::<Pkcs7>(&mut content).ok()?.len()
            } else {
                let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(encrypting, iv).ok()?;
                cipher.decrypt_padded::<Pkcs7>(&mut content).ok()?.len()
            };
            content.truncate(size);
            Some(content)
        }
    }
}

fn gcm_encrypt(
    cipher: &impl AeadInOut,
    iv: &[u8],
    associated: &[u8],
    mut content: Vec<u8>,
) -> Option<Encrypted> {
    let nonce = iv.try_into().ok()?;
    let tag = cipher
        .encrypt_inout_detached(nonce, associated, content.as_mut_slice().into())
        .ok()?
        .to_vec();
    Some(Encrypted { ciphertext: content, tag })
}

fn gcm_decrypt(
    cipher: &impl AeadInOut,
    iv: &[u8],
    associated: &[u8],
    encrypted: Encrypted,
) -> Option<Vec<u8>> {
    let mut content = encrypted.ciphertext;
    let nonce = iv.try_into().ok()?;
    let tag = encrypted.tag.as_slice().try_into().ok()?;
    cipher.decrypt_inout_detached(nonce, associated, content.as_mut_slice().into(), tag).ok()?;
    Some(content)
}

/// The authenticating and the encrypting half of a content key for CBC.
fn halves(encryption: ContentEncryption, key: &[u8]) -> Option<(&[u8], &[u8])> {
    (key.len() == encryption.key_length()).then(|| key.split_at(key.len() / 2))
}

/// The tag over associated data, vector, ciphertext and the length of the associated data in
/// bits.
fn tag(
    encryption: ContentEncryption,
    key: &[u8],
    associated: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Vec<u8> {
    let hash = if encryption == ContentEncryption::A128CbcHs256 {
        hmac::HMAC_SHA256
    } else {
        hmac::HMAC_SHA512
    };
    let mut context = hmac::Context::with_key(&hmac::Key::new(hash, key));
    let bits = u64::try_from(associated.len()).unwrap_or(u64::MAX).saturating_mul(8);
    for part in [associated, iv, ciphertext, &bits.to_be_bytes()] {
        context.update(part);
    }
    let mut tag = context.sign().as_ref().to_vec();
    tag.truncate(encryption.tag_length());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted_and_a_changed_byte_anywhere_is_not() {
        for encryption in ContentEncryption::ALL {
            let key: Vec<u8> = (0..64).take(encryption.key_length()).collect();
            let iv = vec![9; encryption.iv_length()];
            for size in [0, 1, 15, 16, 17, 300] {
                let content = vec![b'x'; size];
                let sealed = encrypt(encryption, &key, &iv, b"head", content.clone()).unwrap();
                let open = |key: &[u8], iv: &[u8], head: &[u8], text: &[u8], tag: &[u8]| {
                    let encrypted = Encrypted { ciphertext: text.to_vec(), tag: tag.to_vec() };
                    decrypt(encryption, key, iv, head, encrypted)
                };
                let (text, tag) = (&sealed.ciphertext, &sealed.tag);
                assert_eq!(open(&key, &iv, b"head", text, tag).unwrap(), content);
                let flipped = |bytes: &[u8], index: usize| {
                    let mut bytes = bytes.to_vec();
                    bytes[index] ^= 1;
                    bytes
                };
                for index in 0..text.len() {
                    assert!(open(&key, &iv, b"head", &flipped(text, index), tag).is_none());
                }
                for index in 0..tag.len() {
                    assert!(open(&key, &iv, b"head", text, &flipped(tag, index)).is_none());
                    assert!(open(&key, &iv, b"head", text, &tag[..index]).is_none());
                }
                for index in 0..key.len() {
                    // The tag does not cover the encrypting half of a key for CBC.
                    let read = open(&flipped(&key, index), &iv, b"head", text, tag);
                    assert!(read.is_none_or(|read| read != content));
                }
                assert!(open(&key, &flipped(&iv, 3), b"head", text, tag).is_none());
                assert!(open(&key, &iv, b"heaD", text, tag).is_none());
                assert!(open(&key[1..], &iv, b"head", text, tag).is_none());
                assert!(open(&key, &iv[1..], b"head", text, tag).is_none());
            }
        }
    }
}
