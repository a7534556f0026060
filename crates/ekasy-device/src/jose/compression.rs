//! Compressing, and decompressing within a limit.

use std::borrow::Cow;
use std::io::{BufRead, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Decompress, FlushDecompress, Status};

use super::{Compression, OpenError, PreSignFormat};

const LEVEL: flate2::Compression = flate2::Compression::new(6);

/// Compresses bytes.
pub(super) fn compress(bytes: &[u8], format: PreSignFormat) -> Vec<u8> {
    let room = Vec::with_capacity(bytes.len() / 2 + 64);
    let done = match format {
        PreSignFormat::RawDeflate => {
            let mut encoder = DeflateEncoder::new(room, LEVEL);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        PreSignFormat::Zlib => {
            let mut encoder = ZlibEncoder::new(room, LEVEL);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        PreSignFormat::Gzip => {
            let mut encoder = GzEncoder::new(room, LEVEL);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
    };
    // Writing into memory cannot fail.
    done.unwrap_or_default()
}

/// Decompresses exactly one whole stream into at most `limit` bytes.
pub(super) fn decompress(
    bytes: &[u8],
    format: PreSignFormat,
    limit: usize,
) -> Result<Vec<u8>, OpenError> {
    match format {
        PreSignFormat::RawDeflate => inflate(bytes, Decompress::new(false), limit),
        PreSignFormat::Zlib => inflate(bytes, Decompress::new(true), limit),
        PreSignFormat::Gzip => gunzip(bytes, limit),
    }
}

/// Decompresses a signed payload, if it is compressed in a way that is allowed.
///
/// No header tells. A text is a text; otherwise the formats with a frame come first, then the
/// one without, and what fits none, a text that was cut within a letter, is taken as it is where
/// uncompressed payloads are allowed.
pub(super) fn unpack<'a>(
    payload: Cow<'a, [u8]>,
    allowed: &[Compression],
    limit: usize,
) -> Result<(Cow<'a, [u8]>, Compression), OpenError> {
    let may_be_bare = allowed.contains(&Compression::None);
    if looks_like_text(&payload) {
        return if may_be_bare {
            Ok((payload, Compression::None))
        } else {
            Err(OpenError::NotAllowed("compression"))
        };
    }
    for format in [PreSignFormat::Gzip, PreSignFormat::Zlib, PreSignFormat::RawDeflate] {
        let content = match decompress(&payload, format, limit) {
            Err(OpenError::NotDecompressed) => continue,
            found => found,
        };
        let found = Compression::PreSign(format);
        if !allowed.contains(&found) {
            return Err(OpenError::NotAllowed("compression"));
        }
        return content.map(|content| (Cow::Owned(content), found));
    }
    if may_be_bare {
        return Ok((payload, Compression::None));
    }
    Err(OpenError::NotDecompressed)
}

/// Whether the bytes are UTF-8 without ASCII control characters but white space. No compressed
/// stream of a document is.
fn looks_like_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
    !bytes.iter().any(is_control) && std::str::from_utf8(bytes).is_ok()
}

fn inflate(bytes: &[u8], mut stream: Decompress, limit: usize) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::with_capacity(limit.min(bytes.len().saturating_mul(4)).max(64));
    loop {
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(read..).unwrap_or_default();
        let before = (out.len(), rest.len());
        let status = stream
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| OpenError::NotDecompressed)?;
        if out.len() > limit {
            return Err(OpenError::TooLarge("payload"));
        }
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        if status == Status::StreamEnd {
            return if read == bytes.len() { Ok(out) } else { Err(OpenError::NotDecompressed) };
        }
        if out.len() == out.capacity() {
            // One byte above the limit is enough to see that it is exceeded.
            let room = out.len().min(limit.saturating_sub(out.len())).max(1);
            out.reserve(room);
        } else if before == (out.len(), bytes.len().saturating_sub(read)) {
            return Err(OpenError::NotDecompressed);
        }
    }
}

fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, OpenError> {
    let mut reader = GzDecoder::new(bytes);
    let mut out = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let done = reader.by_ref().take(bound).read_to_end(&mut out);
    if out.len() > limit {
        return Err(OpenError::TooLarge("payload"));
    }
    done.map_err(|_| OpenError::NotDecompressed)?;
    let mut rest = reader.into_inner();
    match rest.fill_buf() {
        Ok([]) => Ok(out),
        _ => Err(OpenError::NotDecompressed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [PreSignFormat; 3] =
        [PreSignFormat::RawDeflate, PreSignFormat::Zlib, PreSignFormat::Gzip];

    #[test]
    fn every_format_is_recognised_and_read_back() {
        for text in ["", "{}", &"{\"JPK\":[1,2,3]}".repeat(500)] {
            for format in FORMATS {
                let packed = compress(text.as_bytes(), format);
                assert_eq!(decompress(&packed, format, 10_000).unwrap(), text.as_bytes());
                let (content, found) =
                    unpack(packed.as_slice().into(), &Compression::ALL, 10_000).unwrap();
                assert_eq!(
                    (content.as_ref(), found),
                    (text.as_bytes(), Compression::PreSign(format))
                );
            }
        }
    }

    #[test]
    fn a_text_is_taken_as_it_is_only_where_that_is_allowed() {
        let text = Cow::Borrowed("{\"a\":\"zażółć\"}\n".as_bytes());
        let (content, found) = unpack(text.clone(), &Compression::ALL, 100).unwrap();
        assert_eq!((content, found), (text.clone(), Compression::None));
        let only_zlib = [Compression::PreSign(PreSignFormat::Zlib)];
        assert_eq!(unpack(text, &only_zlib, 100), Err(OpenError::NotAllowed("compression")));
        let gzip = compress(b"{}", PreSignFormat::Gzip);
        assert_eq!(unpack(gzip.into(), &only_zlib, 100), Err(OpenError::NotAllowed("compression")));
        let cut = &"ż".as_bytes()[1..];
        assert_eq!(unpack(cut.into(), &only_zlib, 100), Err(OpenError::NotDecompressed));
        assert_eq!(unpack(cut.into(), &Compression::ALL, 100).unwrap().1, Compression::None);
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = vec![0; 50_000_000];
        for format in FORMATS {
            let packed = compress(&bomb, format);
            assert!(packed.len() < 60_000);
            let limit = 1_000_000;
            assert_eq!(decompress(&packed, format, limit), Err(OpenError::TooLarge("payload")));
            let read = unpack(packed.into(), &Compression::ALL, limit);
            assert_eq!(read, Err(OpenError::TooLarge("payload")));
        }
    }

    #[test]
    fn exactly_the_limit_is_read() {
        for format in FORMATS {
            for size in [0, 1, 63, 64, 65, 4096] {
                let packed = compress(&vec![b'a'; size], format);
                assert_eq!(decompress(&packed, format, size).unwrap().len(), size);
                if size > 0 {
                    let read = decompress(&packed, format, size - 1);
                    assert_eq!(read, Err(OpenError::TooLarge("payload")), "{format:?} {size}");
                }
            }
        }
    }

    #[test]
    fn a_cut_or_continued_stream_is_refused() {
        let text = "{\"nazwa\":\"bułka\",\"cena\":79}".repeat(20);
        for format in FORMATS {
            let mut packed = compress(text.as_bytes(), format);
            for length in 0..packed.len() {
                let read = decompress(&packed[..length], format, 10_000);
                assert_eq!(read, Err(OpenError::NotDecompressed), "{format:?} {length}");
            }
            packed.push(0);
            assert_eq!(decompress(&packed, format, 10_000), Err(OpenError::NotDecompressed));
        }
    }
}
