//! A reader that turns bytes that are no UTF-8 into U+FFFD, since some real statements have them.

use std::io::{self, BufRead, Read};

/// The most that is mended at once.
const CHUNK: usize = 64 * 1024;

/// The source of an XML statement, as it is or mended on the way.
pub(super) enum Source<R> {
    Plain(R),
    Mended(Mended<R>),
}

/// Passes text through and replaces what is no text.
pub(super) struct Mended<R> {
    inner: R,
    /// Text that is ready, of which the first `taken` bytes are consumed.
    ready: Vec<u8>,
    taken: usize,
    /// The beginning of a letter whose end has not come yet.
    begun: Vec<u8>,
}

impl<R: BufRead> Mended<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, ready: Vec::new(), taken: 0, begun: Vec::new() }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        // A chunk may be the beginning of a letter and nothing else.
        while self.ready.is_empty() {
            let chunk = self.inner.fill_buf()?;
            if chunk.is_empty() {
                if !std::mem::take(&mut self.begun).is_empty() {
                    push_replacement(&mut self.ready);
                }
                return Ok(());
            }
            let used = chunk.len().min(CHUNK);
            let mut text = std::mem::take(&mut self.begun);
            text.extend_from_slice(&chunk[..used]);
            self.inner.consume(used);
            self.mend(&text);
        }
        Ok(())
    }

    fn mend(&mut self, mut text: &[u8]) {
        loop {
            match std::str::from_utf8(text) {
                Ok(_) => return self.ready.extend_from_slice(text),
                Err(error) => {
                    let (sound, rest) = text.split_at(error.valid_up_to());
                    self.ready.extend_from_slice(sound);
                    let Some(wrong) = error.error_len() else {
                        self.begun.extend_from_slice(rest);
                        return;
                    };
                    push_replacement(&mut self.ready);
                    text = &rest[wrong..];
                }
            }
        }
    }
}

fn push_replacement(text: &mut Vec<u8>) {
    text.extend_from_slice("\u{fffd}".as_bytes());
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Plain(inner) => inner.fill_buf(),
            Self::Mended(mended) => {
                if mended.taken == mended.ready.len() {
                    mended.refill()?;
                }
                Ok(&mended.ready[mended.taken..])
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Plain(inner) => inner.consume(amount),
            Self::Mended(mended) => mended.taken = (mended.taken + amount).min(mended.ready.len()),
        }
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn mended(bytes: &[u8], chunk: usize) -> String {
        let mut text = String::new();
        let inner = BufReader::with_capacity(chunk, bytes);
        Source::Mended(Mended::new(inner)).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_letter_cut_by_a_chunk_is_whole_again() {
        for chunk in 1..6 {
            assert_eq!(mended("čćžđš Ђ€😀".as_bytes(), chunk), "čćžđš Ђ€😀", "{chunk}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(mended(b"a\xe8b", 2), "a\u{fffd}b");
        assert_eq!(mended(b"a\xe2\x82", 1), "a\u{fffd}");
        assert_eq!(mended(b"", 1), "");
    }

    proptest! {
        #[test]
        fn any_bytes_become_what_the_standard_library_makes_of_them(
            bytes in prop::collection::vec(any::<u8>(), 0..200), chunk in 1_usize..20,
        ) {
            prop_assert_eq!(mended(&bytes, chunk), String::from_utf8_lossy(&bytes));
        }
    }
}
