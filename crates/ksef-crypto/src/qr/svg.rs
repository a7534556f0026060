//! The picture as SVG: one path for the symbol, one text for the caption.

use std::fmt::Write;

use super::{QUIET_ZONE, QrCode};

/// Modules below the quiet zone for the caption.
const CAPTION_HEIGHT: usize = 6;

impl QrCode {
    /// The symbol and its caption as an SVG document, in black on white.
    ///
    /// One unit is one module; the document has no size of its own, so that it takes the size of
    /// its place on the invoice.
    /// The caption fits the symbol's width in any font.
    pub fn svg(&self) -> String {
        let (side, middle) = (self.side(), self.side() * 50);
        let height = side + CAPTION_HEIGHT;
        let caption = self.caption().to_string();
        // Hundredths of a module. A monospaced letter is about six tenths as wide as it is high.
        let letter = (self.size() * 100 / caption.len()).min(240);
        let (width, font_size) = (letter * caption.len(), letter * 10 / 6);
        let path = self.path();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {height}\" \
             role=\"img\" aria-label=\"{caption}\">\
             <rect width=\"{side}\" height=\"{height}\" fill=\"#fff\"/>\
             <path d=\"{path}\" fill=\"#000\" shape-rendering=\"crispEdges\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"monospace\" \
             font-size=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{caption}</text>\
             </svg>",
            decimal(middle),
            decimal(side * 100 + 280),
            decimal(font_size),
            decimal(width),
        )
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
