//! Archives of the kind `tar`, as far as packages of invoices need them: plain files, with long
//! names in either of the two usual ways (KSeF 2.0 facts §7).

use std::io::{self, Read, Write};

use bytes::Bytes;

const BLOCK: usize = 512;

/// The plain files of an archive, at most one more than `limit`.
pub(super) fn read(
    mut source: impl Read,
    limit: usize,
    largest: u64,
) -> io::Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    let mut long_name = None;
    let mut header = [0; BLOCK];
    loop {
        source.read_exact(&mut header)?;
        if header.iter().all(|byte| *byte == 0) || files.len() > limit {
            return Ok(files);
        }
        if !is_sound(&header) {
            return Err(broken());
        }
        let size = octal(&header[124..136]).filter(|size| *size <= largest).ok_or_else(broken)?;
        let content = content(&mut source, size)?;
        match header[156] {
            b'L' => long_name = Some(text(&content)),
            b'x' => long_name = pax_path(&content).or(long_name),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or_else(|| name(&header));
                files.push((name, Bytes::from(content)));
            }
            _ => long_name = None,
        }
    }
}

/// Writes plain files; names are at most a hundred bytes long.
pub(super) fn write(mut target: impl Write, files: &[(String, Bytes)]) -> io::Result<()> {
    for (name, bytes) in files {
        let mut header = [0; BLOCK];
        let name = name.as_bytes();
        header[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        target.write_all(&header)?;
        target.write_all(bytes)?;
        target.write_all(&[0; BLOCK][..bytes.len().next_multiple_of(BLOCK) - bytes.len()])?;
    }
    target.write_all(&[0; BLOCK * 2])?;
    target.flush()
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

fn content(source: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    let size = usize::try_from(size).map_err(|_| broken())?;
    let mut content = vec![0; size.next_multiple_of(BLOCK)];
    source.read_exact(&mut content)?;
    content.truncate(size);
    Ok(content)
}

fn is_sound(header: &[u8; BLOCK]) -> bool {
    let spaced = header.iter().enumerate();
    let sum: u64 =
        spaced.map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
    octal(&header[148..156]) == Some(sum)
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = text(field);
    u64::from_str_radix(text.trim(), 8).ok()
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn name(header: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    let plain = prefix.is_empty() || &header[257..262] != b"ustar";
    if plain { name } else { format!("{prefix}/{name}") }
}

/// The record `path` of an extended header.
fn pax_path(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let records = text.lines().filter_map(|line| line.split_once(' '));
    records.filter_map(|(_, record)| record.strip_prefix("path=")).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let files: Vec<_> = (0..5_u8)
            .map(|number| {
                (format!("{number}.xml"), Bytes::from(vec![number; 511 + usize::from(number)]))
            })
            .collect();
        let mut archive = Vec::new();
        write(&mut archive, &files).unwrap();
        assert_eq!(read(archive.as_slice(), 10, 1000).unwrap(), files);
        assert_eq!(read(archive.as_slice(), 2, 1000).unwrap().len(), 3, "one more than the limit");
        assert!(read(archive.as_slice(), 10, 100).is_err(), "too large");
        archive[0] ^= 1;
        assert!(read(archive.as_slice(), 10, 1000).is_err(), "the sum of the header");
        assert!(read(&[1; 100][..], 10, 1000).is_err());
    }
}
