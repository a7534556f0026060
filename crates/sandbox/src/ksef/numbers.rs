//! Numbers that the system gives, and the shapes of those that it is given (KSeF 1.x facts §4).

use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Europe::Warsaw;

use super::hex;
use crate::chance::Chance;

/// A reference number of two letters: the Polish date, ten and ten hexadecimal digits, a check.
pub(crate) fn reference(kind: &str, now: DateTime<Utc>, chance: &Chance) -> String {
    let date = now.with_timezone(&Warsaw).format("%Y%m%d");
    let (first, second) = (chance.bytes::<5>(), chance.bytes::<5>());
    checked(&format!("{date}-{kind}-{}-{}", hex(&first), hex(&second)))
}

/// The number of an accepted invoice, in its 35-character form.
pub(crate) fn invoice(seller: &str, now: DateTime<Utc>, chance: &Chance) -> String {
    let date = now.with_timezone(&Warsaw).format("%Y%m%d");
    checked(&format!("{seller}-{date}-{}", hex(&chance.bytes::<6>())))
}

/// The identifier of several invoices of one seller.
pub(crate) fn payment(seller: &str, now: DateTime<Utc>, chance: &Chance) -> String {
    let local = now.with_timezone(&Warsaw);
    let month = format!("{:04}{:02}", local.year(), local.month());
    checked(&format!("{seller}-PI{month}-{}", hex(&chance.bytes::<6>())))
}

/// The collective identifier of several invoices of one seller, of KSeF 2.0.
pub(crate) fn collective(seller: &str, now: DateTime<Utc>, chance: &Chance) -> String {
    let month = now.with_timezone(&Warsaw).format("%Y%m");
    checked(&format!("{seller}-IZ{month}-{}", hex(&chance.bytes::<6>())))
}

/// The internal identifier of a unit: NIP, four digits, and the check digit over both.
pub(crate) fn internal(nip: &str, digits: &str) -> String {
    let sum: u32 = nip
        .chars()
        .chain(digits.chars())
        .filter_map(|digit| digit.to_digit(10))
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    format!("{nip}-{digits}{}", sum % 10)
}

/// Whether the check digit of an internal identifier of the right shape is right.
pub(crate) fn internal_holds(identifier: &str) -> bool {
    identifier
        .split_once('-')
        .and_then(|(nip, digits)| Some((nip, digits.get(..4)?)))
        .is_some_and(|(nip, digits)| internal(nip, digits) == identifier)
}

/// The 36-character form of an invoice number.
pub(crate) fn long_form(number: &str) -> String {
    match (number.get(..26), number.get(26..)) {
        (Some(head), Some(tail)) if number.len() == 35 => format!("{head}-{tail}"),
        _ => number.to_owned(),
    }
}

/// The 35-character form of an invoice number in either form; `None` for anything else.
pub(crate) fn short_form(number: &str) -> Option<String> {
    let parts: Vec<&str> = number.split('-').collect();
    let (head, date, body, check) = match parts.as_slice() {
        [head, date, body, check] if body.len() == 12 => (head, date, (*body).to_owned(), check),
        [head, date, first, second, check] if first.len() == 6 && second.len() == 6 => {
            (head, date, format!("{first}{second}"), check)
        }
        _ => return None,
    };
    let fits = is_nip(head) && date.len() == 8 && all_digits(date) && is_hex(&body);
    (fits && check.len() == 2 && is_hex(check)).then(|| format!("{head}-{date}-{body}-{check}"))
}

/// Whether a text has the shape of a reference number; with a kind, of that kind.
pub(crate) fn is_reference(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [date, kind, first, second, check] = parts.as_slice() else { return false };
    let kind_fits = kind.len() == 2
        && kind.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    let lengths = (date.len(), first.len(), second.len(), check.len()) == (8, 10, 10, 2);
    lengths && kind_fits && all_digits(date) && [first, second, check].iter().all(|it| is_hex(it))
}

/// Whether a text has the shape of a payment identifier.
pub(crate) fn is_payment(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [nip, month, body, check] = parts.as_slice() else { return false };
    let lengths = (month.len(), body.len(), check.len()) == (8, 12, 2);
    is_nip(nip) && lengths && is_hex(body) && is_hex(check)
}

/// Whether a text has the shape of a NIP; the check digit is not looked at.
pub(crate) fn is_nip(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && all_digits(text)
        && bytes[0] != b'0'
        && (bytes[1], bytes[2]) != (b'0', b'0')
}

/// Whether a text has the shape of an internal identifier; the check digit is not looked at.
pub(crate) fn is_internal(text: &str) -> bool {
    text.split_once('-')
        .is_some_and(|(nip, digits)| is_nip(nip) && digits.len() == 5 && all_digits(digits))
}

/// Whether a text has the shape of a PESEL.
pub(crate) fn is_pesel(text: &str) -> bool {
    text.len() == 11 && all_digits(text) && text.as_bytes()[4] <= b'3'
}

/// Whether a text has the shape of a fingerprint.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

fn checked(text: &str) -> String {
    let check = crc8(text.as_bytes());
    format!("{text}-{check:02X}")
}

/// CRC-8 with polynomial 7 and initial value 0.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| (crc << 1) ^ if crc & 0x80 == 0 { 0 } else { 7 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_that_of_a_published_number() {
        // KSeF 1.x facts §4: a sample number of API 2.0.
        assert_eq!(format!("{:02X}", crc8(b"5265877635-20250826-0100001AF629")), "AF");
    }

    #[test]
    fn the_published_internal_identifier_holds() {
        assert_eq!(internal("2366841886", "8025"), "2366841886-80251");
        assert!(internal_holds("2366841886-80251"));
        assert!(!internal_holds("2366841886-80252"));
    }

    #[test]
    fn both_forms_of_a_number_are_one() {
        let long = "7781464139-20230721-80B510-9675F7-B5";
        let short = short_form(long).unwrap();
        assert_eq!(short.len(), 35);
        assert_eq!(long_form(&short), long);
        assert_eq!(short_form(&short).unwrap(), short);
        for wrong in
            ["", "7781464139-20230721-80B5109675F-7B5", "x781464139-20230721-80B510-9675F7-B5"]
        {
            assert_eq!(short_form(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn given_numbers_have_their_shapes() {
        let (now, chance) = ("2026-01-31T23:30:00Z".parse().unwrap(), Chance::seeded(1));
        let number = reference("SE", now, &chance);
        assert!(is_reference(&number), "{number}");
        assert!(number.starts_with("20260201-SE-"), "the date is the Polish one");
        assert!(short_form(&invoice("9990000903", now, &chance)).is_some());
        assert!(is_payment(&payment("9990000903", now, &chance)));
    }
}
