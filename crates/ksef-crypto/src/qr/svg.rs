//! The picture as SVG: one path for the symbol, one text for the caption.

use std::fmt::Write;

use super::{QUIET_ZONE, QrCode};

/// The widest letter, in hundredths of a module.
const WIDEST_LETTER: usize = 240;
/// The narrowest letter as long as a caption can be broken, in hundredths of a module.
const NARROWEST_LETTER: usize = 190;

impl QrCode {
    /// The symbol and its caption as an SVG document, in black on white.
    ///
    /// One unit is one module; the document has no size of its own, so that it takes the size of
    /// its place on the invoice.
    /// The caption fits the symbol's width in any font.
    pub fn svg(&self) -> String {
        let (side, path) = (self.side(), self.path());
        let (caption, height) = self.caption_below();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {height}\" \
             role=\"img\" aria-label=\"{}\">\
             <rect width=\"{side}\" height=\"{height}\" fill=\"#fff\"/>\
             <path d=\"{path}\" fill=\"#000\" shape-rendering=\"crispEdges\"/>\
             {caption}</svg>",
            self.caption(),
        )
    }

    /// The lines of the caption, and the height of the whole picture in modules.
    fn caption_below(&self) -> (String, usize) {
        let lines = self.caption().lines(self.size() * 100 / NARROWEST_LETTER);
        let longest = lines.iter().map(|line| line.len()).max().unwrap_or(1);
        let letter = (self.size() * 100 / longest).min(WIDEST_LETTER);
        // A monospaced letter is about six tenths as wide as it is high.
        let font_size = letter * 10 / 6;
        let (middle, mut baseline) = (decimal(self.side() * 50), self.side() * 100);
        let mut text = String::new();
        for line in lines {
            baseline += font_size;
            // Writing into a String cannot fail.
            let _ = write!(
                text,
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-family=\"monospace\" \
                 font-size=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{line}</text>",
                decimal(baseline),
                decimal(font_size),
                decimal(letter * line.len()),
            );
        }
        (text, baseline.div_ceil(100) + 2)
    }

    /// A rectangle for every run of dark modules in a row.
    fn path(&self) -> String {
        let mut path = String::new();
        for row in 0..self.size() {
            let mut column = 0;
            while column < self.size() {
                let run = (column..self.size()).take_while(|&x| self.is_dark(x, row)).count();
                if run > 0 {
                    let (x, y) = (column + QUIET_ZONE, row + QUIET_ZONE);
                    // Writing into a String cannot fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                column += run.max(1);
            }
        }
        path
    }
}

fn decimal(hundredths: usize) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
