//! The picture as PNG: one bit per pixel, the caption in the letters of [`font`](super::font).

use std::ops::Range;

use png::{BitDepth, ColorType, Compression, Encoder};

use super::{QUIET_ZONE, QrCode, QrError, font};

/// Columns from one letter to the next, in dots of the font.
const ADVANCE: usize = font::COLUMNS + 1;
/// Rows from one line to the next, in dots of the font.
const LINE: usize = font::ROWS + 2;

impl QrCode {
    /// The symbol and its caption as a PNG picture in black on white, with modules of 1 to 64
    /// pixels.
    ///
    /// Five pixels or more are read well from a screen; for print take what makes a module at least
    /// 0.4 mm wide.
    /// A caption that would be too small in one line is broken into several.
    ///
    /// Fails for other sizes of a module.
    pub fn png(&self, module_pixels: usize) -> Result<Vec<u8>, QrError> {
        if !(1..=64).contains(&module_pixels) {
            return Err(QrError::ModuleSize);
        }
        encode(&self.canvas(module_pixels)).map_err(|_| QrError::Encoding)
    }

    fn canvas(&self, module: usize) -> Canvas {
        let width = self.side() * module;
        // Letters grow until the caption fills one line, within bounds that suit the symbol.
        let one_line = width / (ADVANCE * self.caption().to_string().len());
        let dot = one_line.clamp(module.div_ceil(3), module.div_ceil(2));
        let lines = self.caption().lines(width / (ADVANCE * dot));
        let height = width + lines.len() * LINE * dot + (QUIET_ZONE - 1) * module;
        let mut canvas = Canvas::white(width, height);
        for row in 0..self.side() {
            for column in (0..self.side()).filter(|&x| self.is_dark_in_picture(x, row)) {
                canvas.fill(square(column, module), square(row, module));
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let left = (width - line.len() * ADVANCE * dot) / 2;
            canvas.write(line, left, width + number * LINE * dot, dot);
        }
        canvas
    }
}

/// The pixels of the `index`th square of a grid, along one side.
fn square(index: usize, size: usize) -> Range<usize> {
    index * size..(index + 1) * size
}

/// Rows of pixels, eight in a byte, as a PNG of one bit per pixel has them: 1 is white.
struct Canvas {
    width: usize,
    height: usize,
    row_bytes: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn white(width: usize, height: usize) -> Self {
        let row_bytes = width.div_ceil(8);
        Self { width, height, row_bytes, pixels: vec![0xFF; row_bytes * height] }
    }

    /// Makes a rectangle black.
    fn fill(&mut self, columns: Range<usize>, rows: Range<usize>) {
        for row in rows {
            for column in columns.clone() {
                self.pixels[row * self.row_bytes + column / 8] &= !(0x80 >> (column % 8));
            }
        }
    }

    /// Writes a line of text with its upper left corner at `left` and `top`.
    fn write(&mut self, text: &str, left: usize, top: usize, dot: usize) {
        for (number, letter) in text.chars().enumerate() {
            let left = left + number * ADVANCE * dot;
            for (column, row) in font::dots(letter) {
                let (x, y) = (left + column * dot, top + row * dot);
                self.fill(x..x + dot, y..y + dot);
            }
        }
    }
}

fn encode(canvas: &Canvas) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut file = Vec::new();
    let (width, height) = (u32::try_from(canvas.width)?, u32::try_from(canvas.height)?);
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_compression(Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()?;
    Ok(file)
}
