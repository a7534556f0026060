//! The patterns of the contract. There are few of them, so each is read by hand instead of by a
//! library; a pattern that is not known here accepts nothing, which a test would show.

use std::net::Ipv4Addr;

use crate::ksef::numbers;

const SERIAL: &str = "^[0-9A-F]{16}$";
const NAME: &str = "^[a-zA-Z0-9_";

/// Whether a text fits a pattern of the contract.
pub(in super::super) fn matches(pattern: &str, text: &str) -> bool {
    if pattern == SERIAL {
        return text.len() == 16 && is_hex(text);
    }
    if pattern.starts_with("^(ATU") {
        return is_vat_ue(text);
    }
    if pattern.starts_with("^((25[0-5]") {
        return addresses(pattern, text);
    }
    if pattern.starts_with(NAME) {
        return text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "_- ąćęłńóśźżĄĆĘŁŃÓŚŹŻ".contains(it));
    }
    if pattern.starts_with("^\\d{2}") {
        return is_pesel(text);
    }
    if pattern.starts_with("^([1-9](") {
        return numbers::short_form(text)
            .is_some_and(|it| is_nip(&it[..10]) && is_date(&it[11..19]));
    }
    pattern.starts_with("^[1-9](") && is_nip(text)
}

/// Ten digits of which the first is not 0 and the next two are not both 0.
pub(in super::super) fn is_nip(text: &str) -> bool {
    numbers::is_nip(text)
}

/// Eleven digits of which the third and fourth are a month in any of five centuries.
pub(in super::super) fn is_pesel(text: &str) -> bool {
    let month = text.get(2..4).and_then(|month| month.parse::<u8>().ok());
    let fits = month.is_some_and(|month| (1..=12).contains(&(month % 20)));
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit()) && fits
}

/// A VAT number of a member state or of Northern Ireland: the letters of the state and what
/// follows them.
pub(in super::super) fn is_vat_ue(text: &str) -> bool {
    let Some((state, rest)) = text.split_at_checked(2) else { return false };
    let digits = |from: usize, to: usize| {
        (from..=to).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mixed = |count: usize| {
        rest.len() == count && rest.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    };
    match state {
        "AT" => rest.strip_prefix('U').is_some_and(|it| it.len() == 8 && is_digits(it)),
        "BE" => digits(10, 10) && rest.starts_with(['0', '1']),
        "BG" => digits(9, 10),
        "CY" | "ES" | "IE" => mixed(9) || mixed(8),
        "CZ" => digits(8, 10),
        "DE" | "EE" | "EL" | "PT" => digits(9, 9),
        "DK" | "FI" | "HU" | "LU" | "MT" | "SI" => digits(8, 8),
        "FR" => mixed(11) && is_digits(&rest[2..]),
        "HR" | "IT" | "LV" => digits(11, 11),
        "LT" => digits(9, 9) || digits(12, 12),
        "NL" => rest.len() == 12,
        "RO" => digits(2, 10),
        "SE" => digits(12, 12),
        "SK" => digits(10, 10),
        "XI" => digits(9, 9) || digits(12, 12) || mixed(5),
        _ => false,
    }
}

fn addresses(pattern: &str, text: &str) -> bool {
    let address = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    if pattern.contains("/(0|") {
        return text.split_once('/').is_some_and(|(at, bits)| {
            address(at) && bits.len() <= 2 && bits.parse::<u8>().is_ok_and(|bits| bits <= 32)
        });
    }
    if pattern.contains(")-(") {
        return text.split_once('-').is_some_and(|(from, to)| address(from) && address(to));
    }
    address(text)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

fn is_date(text: &str) -> bool {
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<u32>().ok()).unwrap_or(0);
    part(0..4) >= 2020 && (1..=12).contains(&part(4..6)) && (1..=31).contains(&part(6..8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_table_accepts_something() {
        let table = include_str!("schemas.json");
        let schemas: serde_json::Value = serde_json::from_str(table).unwrap();
        let samples = [
            "0321C82DA41B4362",
            "5265877635",
            "02070803628",
            "DE123456789",
            "10.0.0.1",
            "10.0.0.0/8",
            "10.0.0.1-10.0.0.9",
            "Certyfikat ąę_1",
            "5265877635-20250826-0100001AF629-AF",
        ];
        let mut found = Vec::new();
        collect(&schemas, &mut found);
        assert!(found.len() > 5);
        for pattern in found {
            assert!(samples.iter().any(|text| matches(&pattern, text)), "{pattern}");
            assert!(!matches(&pattern, "!"), "{pattern}");
        }
    }

    fn collect(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                found.extend(members.get("pattern").and_then(|it| it.as_str()).map(str::to_owned));
                members.values().for_each(|it| collect(it, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|it| collect(it, found)),
            _ => {}
        }
    }
}
