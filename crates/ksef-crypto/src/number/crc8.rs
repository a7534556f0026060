//! The checksum of KSeF 2.0 numbers: CRC-8 with the polynomial 0x07, initial value 0, no reflection
//! and no final XOR, over ASCII text, as two upper-case hexadecimal digits (KSeF 2.0 facts §15.1).

const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index: u8 = 0;
    loop {
        let mut value = index;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x80 == 0 { value << 1 } else { (value << 1) ^ 0x07 };
            bit += 1;
        }
        table[index as usize] = value;
        if index == u8::MAX {
            return table;
        }
        index += 1;
    }
}

/// The checksum of `text`.
pub(super) fn checksum(text: &str) -> u8 {
    text.bytes().fold(0, |crc, byte| TABLE[usize::from(crc ^ byte)])
}

/// Tells whether the two digits after the last hyphen of `number` are the checksum of everything
/// before that hyphen.
pub(super) fn fits(number: &str) -> bool {
    number
        .rsplit_once('-')
        .is_some_and(|(data, digits)| format!("{:02X}", checksum(data)) == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_has_the_catalogued_check_value() {
        // CRC-8/SMBUS in the RevEng catalogue of parametrised CRC algorithms.
        assert_eq!(checksum("123456789"), 0xF4);
        assert_eq!(checksum(""), 0);
    }
}
