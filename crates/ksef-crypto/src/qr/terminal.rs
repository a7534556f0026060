//! The symbol as text, two modules above each other in one character.

use super::QrCode;

impl QrCode {
    /// The symbol and its caption as lines of block characters, for a terminal with light text on a
    /// dark ground.
    ///
    /// Light modules are drawn and dark ones are left out.
    /// Each line ends with a line feed.
    pub fn terminal(&self) -> String {
        let side = self.side();
        let mut text = String::new();
        for row in (0..side).step_by(2) {
            text.extend((0..side).map(|column| self.block(column, row)));
            text.push('\n');
        }
        let caption = self.caption().to_string();
        let indent = side.saturating_sub(caption.len()) / 2;
        text + &" ".repeat(indent) + &caption + "\n"
    }

    fn block(&self, column: usize, row: usize) -> char {
        let upper = self.is_dark_in_picture(column, row);
        let lower = self.is_dark_in_picture(column, row + 1);
        match (upper, lower) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        }
    }
}
