//! DEFLATE in its three forms, with a bound on what comes out.

use std::io::{BufRead, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::Broken;
use crate::crk::profile::Compression;

/// Decompresses what was compressed before signing; nothing may follow the compressed bytes.
pub(in crate::crk) fn unpack(
    bytes: Vec<u8>,
    form: Compression,
    limit: u64,
) -> Result<Vec<u8>, Broken> {
    match form {
        Compression::JweZip | Compression::None => Ok(bytes),
        Compression::Deflate => inflate(&bytes, limit),
        Compression::Zlib => {
            drained(ZlibDecoder::new(bytes.as_slice()), limit, ZlibDecoder::into_inner)
        }
        Compression::Gzip => {
            drained(GzDecoder::new(bytes.as_slice()), limit, GzDecoder::into_inner)
        }
    }
}

/// Raw DEFLATE, as `"zip":"DEF"` has it (RFC 7516, 4.1.3).
pub(in crate::crk) fn inflate(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Broken> {
    drained(DeflateDecoder::new(bytes), limit, DeflateDecoder::into_inner)
}

fn drained<R: Read, B: BufRead>(
    mut reader: R,
    limit: u64,
    rest: impl FnOnce(R) -> B,
) -> Result<Vec<u8>, Broken> {
    let mut unpacked = Vec::new();
    let bounded = reader.by_ref().take(limit.saturating_add(1)).read_to_end(&mut unpacked);
    bounded.map_err(|_| Broken::Compression)?;
    if unpacked.len() as u64 > limit {
        return Err(Broken::TooLarge);
    }
    let after = rest(reader).fill_buf().map_err(|_| Broken::Compression)?.len();
    if after > 0 { Err(Broken::Compression) } else { Ok(unpacked) }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn pack(bytes: &[u8], form: Compression) -> io::Result<Vec<u8>> {
        let level = flate2::Compression::default();
        match form {
            Compression::JweZip | Compression::None => Ok(bytes.to_vec()),
            Compression::Deflate => {
                let mut packer = DeflateEncoder::new(Vec::new(), level);
                packer.write_all(bytes)?;
                packer.finish()
            }
            Compression::Zlib => {
                let mut packer = ZlibEncoder::new(Vec::new(), level);
                packer.write_all(bytes)?;
                packer.finish()
            }
            Compression::Gzip => {
                let mut packer = GzEncoder::new(Vec::new(), level);
                packer.write_all(bytes)?;
                packer.finish()
            }
        }
    }

    const FORMS: [Compression; 3] = [Compression::Deflate, Compression::Zlib, Compression::Gzip];

    #[test]
    fn what_was_packed_comes_out_and_nothing_may_follow() {
        let text = b"paragon paragon paragon".repeat(20);
        for form in FORMS {
            let packed = pack(&text, form).unwrap();
            assert!(packed.len() < text.len());
            assert_eq!(unpack(packed.clone(), form, 1000).unwrap(), text);
            let mut longer = packed.clone();
            longer.push(0);
            assert_eq!(unpack(longer, form, 1000), Err(Broken::Compression), "{form:?}");
            let shorter = packed[..packed.len() - 1].to_vec();
            assert!(unpack(shorter, form, 1000).is_err(), "{form:?}");
        }
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let text = vec![b' '; 100_000];
        for form in FORMS {
            let packed = pack(&text, form).unwrap();
            assert_eq!(unpack(packed.clone(), form, 99_999), Err(Broken::TooLarge));
            assert_eq!(unpack(packed, form, 100_000).map(|bytes| bytes.len()), Ok(100_000));
        }
    }
}
