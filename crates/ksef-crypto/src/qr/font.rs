//! The letters of a caption in a picture: upper-case letters, digits and the hyphen, each of 5 by 7
//! dots.
//!
//! Captions contain nothing else, so a font file would be a dependency for 37 letters.

/// Columns of a letter.
pub(super) const COLUMNS: usize = 5;
/// Rows of a letter.
pub(super) const ROWS: usize = 7;

/// A letter and its rows from above; in each the lowest bit is the rightmost dot.
const LETTERS: [(char, [u8; ROWS]); 37] = [
    ('0', [0o16, 0o21, 0o23, 0o25, 0o31, 0o21, 0o16]),
    ('1', [0o04, 0o14, 0o04, 0o04, 0o04, 0o04, 0o16]),
    ('2', [0o16, 0o21, 0o01, 0o06, 0o10, 0o20, 0o37]),
    ('3', [0o37, 0o02, 0o04, 0o02, 0o01, 0o21, 0o16]),
    ('4', [0o02, 0o06, 0o12, 0o22, 0o37, 0o02, 0o02]),
    ('5', [0o37, 0o20, 0o36, 0o01, 0o01, 0o21, 0o16]),
    ('6', [0o06, 0o10, 0o20, 0o36, 0o21, 0o21, 0o16]),
    ('7', [0o37, 0o01, 0o02, 0o04, 0o10, 0o10, 0o10]),
    ('8', [0o16, 0o21, 0o21, 0o16, 0o21, 0o21, 0o16]),
    ('9', [0o16, 0o21, 0o21, 0o17, 0o01, 0o02, 0o14]),
    ('A', [0o16, 0o21, 0o21, 0o37, 0o21, 0o21, 0o21]),
    ('B', [0o36, 0o21, 0o21, 0o36, 0o21, 0o21, 0o36]),
    ('C', [0o16, 0o21, 0o20, 0o20, 0o20, 0o21, 0o16]),
    ('D', [0o34, 0o22, 0o21, 0o21, 0o21, 0o22, 0o34]),
    ('E', [0o37, 0o20, 0o20, 0o36, 0o20, 0o20, 0o37]),
    ('F', [0o37, 0o20, 0o20, 0o36, 0o20, 0o20, 0o20]),
    ('G', [0o16, 0o21, 0o20, 0o27, 0o21, 0o21, 0o17]),
    ('H', [0o21, 0o21, 0o21, 0o37, 0o21, 0o21, 0o21]),
    ('I', [0o16, 0o04, 0o04, 0o04, 0o04, 0o04, 0o16]),
    ('J', [0o07, 0o02, 0o02, 0o02, 0o02, 0o22, 0o14]),
    ('K', [0o21, 0o22, 0o24, 0o30, 0o24, 0o22, 0o21]),
    ('L', [0o20, 0o20, 0o20, 0o20, 0o20, 0o20, 0o37]),
    ('M', [0o21, 0o33, 0o25, 0o25, 0o21, 0o21, 0o21]),
    ('N', [0o21, 0o31, 0o31, 0o25, 0o23, 0o23, 0o21]),
    ('O', [0o16, 0o21, 0o21, 0o21, 0o21, 0o21, 0o16]),
    ('P', [0o36, 0o21, 0o21, 0o36, 0o20, 0o20, 0o20]),
    ('Q', [0o16, 0o21, 0o21, 0o21, 0o25, 0o22, 0o15]),
    ('R', [0o36, 0o21, 0o21, 0o36, 0o24, 0o22, 0o21]),
    ('S', [0o17, 0o20, 0o20, 0o16, 0o01, 0o01, 0o36]),
    ('T', [0o37, 0o04, 0o04, 0o04, 0o04, 0o04, 0o04]),
    ('U', [0o21, 0o21, 0o21, 0o21, 0o21, 0o21, 0o16]),
    ('V', [0o21, 0o21, 0o21, 0o21, 0o21, 0o12, 0o04]),
    ('W', [0o21, 0o21, 0o21, 0o25, 0o25, 0o33, 0o21]),
    ('X', [0o21, 0o21, 0o12, 0o04, 0o12, 0o21, 0o21]),
    ('Y', [0o21, 0o21, 0o12, 0o04, 0o04, 0o04, 0o04]),
    ('Z', [0o37, 0o01, 0o02, 0o04, 0o10, 0o20, 0o37]),
    ('-', [0o00, 0o00, 0o00, 0o16, 0o00, 0o00, 0o00]),
];

/// Column and row of every dot of a letter; a letter that is not in the font has none.
pub(super) fn dots(letter: char) -> impl Iterator<Item = (usize, usize)> {
    let rows =
        LETTERS.iter().find(|(known, _)| *known == letter).map_or([0; ROWS], |(_, rows)| *rows);
    let cells = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (column, row)));
    cells.filter(move |&(column, row)| rows[row] >> (COLUMNS - 1 - column) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_letter_of_a_caption_has_a_shape_of_its_own() {
        let letters = ('0'..='9').chain('A'..='Z').chain(['-']);
        let shapes: BTreeSet<Vec<_>> = letters.map(|letter| dots(letter).collect()).collect();
        assert_eq!(shapes.len(), 37);
        assert!(shapes.iter().all(|shape| !shape.is_empty()));
    }

    #[test]
    fn hyphen_is_three_dots_in_the_middle_row() {
        assert_eq!(dots('-').collect::<Vec<_>>(), [(1, 3), (2, 3), (3, 3)]);
    }
}
