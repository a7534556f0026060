//! Where rendered bytes go: straight into a vector, or gathered into pieces for a sink.

/// Pieces up to this size are gathered before the sink is called.
const GATHERED: usize = 8 * 1024;

/// Takes rendered bytes; inside the crate only, so that each output is compiled into the renderer.
pub(crate) trait Output {
    fn put(&mut self, bytes: &[u8]);
}

impl Output for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Gathers small pieces, because a call of a digest costs more than a copy of a few bytes.
pub(crate) struct Pieces<F> {
    gathered: Vec<u8>,
    sink: F,
}

impl<F: FnMut(&[u8])> Pieces<F> {
    pub(crate) fn new(sink: F) -> Self {
        Self { gathered: Vec::with_capacity(GATHERED), sink }
    }

    /// Gives the sink what is still gathered.
    pub(crate) fn finish(mut self) {
        self.flush();
    }

    fn flush(&mut self) {
        if !self.gathered.is_empty() {
            (self.sink)(&self.gathered);
            self.gathered.clear();
        }
    }
}

impl<F: FnMut(&[u8])> Output for Pieces<F> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.flush();
        }
        if bytes.len() > GATHERED {
            (self.sink)(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_arrive_whole_and_in_order_around_the_limit() {
        let lengths = [1, GATHERED - 1, 0, 1, GATHERED, 3, GATHERED + 1, 2, 5 * GATHERED];
        let (mut expected, mut arrived) = (Vec::new(), Vec::new());
        let mut sizes = Vec::new();
        let mut pieces = Pieces::new(|bytes: &[u8]| {
            sizes.push(bytes.len());
            arrived.extend_from_slice(bytes);
        });
        for (mark, length) in (b'a'..).zip(lengths) {
            let piece = vec![mark; length];
            pieces.put(&piece);
            expected.extend_from_slice(&piece);
        }
        pieces.finish();
        assert_eq!(arrived, expected);
        assert_eq!(sizes, [GATHERED, 1, GATHERED, 3, GATHERED + 1, 2, 5 * GATHERED]);
    }
}
