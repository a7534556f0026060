//! Amounts keep their digits from JSON to JSON, and rounding is off by half a cent at most.

#![cfg_attr(fuzzing, no_main)]

use common_core::money::{Amount, Money, Rounding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(amount) = text.parse::<Amount>() {
        reads_back(amount);
        rounds_by_half_a_cent(amount);
    }
    if let Ok(amount) = serde_json::from_str::<Amount>(text) {
        keeps_its_digits(text.trim_ascii(), amount);
    }
    if let Ok(total) = serde_json::from_str::<Money<2>>(text) {
        assert_eq!(total.to_string().parse(), Ok(total));
        assert_eq!(Money::try_from(total.amount()), Ok(total));
    }
});

fn reads_back(amount: Amount) {
    let written = amount.to_string();
    let again: Amount = written.parse().expect("what was written can be read");
    assert_eq!((again, again.scale()), (amount, amount.scale()));
    let json = serde_json::to_string(&amount).expect("an amount has a form in JSON");
    assert_eq!(json, written);
    assert_eq!(-(-amount), amount);
    assert_eq!(amount.checked_sub(amount), Some(Amount::ZERO));
}

/// A number without exponent is written as it stood, but for the sign of zero.
fn keeps_its_digits(json: &str, amount: Amount) {
    let written = serde_json::to_string(&amount).expect("an amount has a form in JSON");
    let plain = json.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    if plain {
        let unsigned = json.strip_prefix('-').filter(|_| amount.is_zero());
        assert_eq!(written, unsigned.unwrap_or(json));
    }
    let again: Amount = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!((again, again.scale()), (amount, amount.scale()));
    // Another way through the same reader: a value that was read before.
    let value: serde_json::Value = serde_json::from_str(&written).expect("an amount is JSON");
    let again: Amount = serde_json::from_value(value).expect("what was written can be read");
    assert_eq!((again, again.scale()), (amount, amount.scale()));
}

fn rounds_by_half_a_cent(amount: Amount) {
    for rounding in [Rounding::HalfAwayFromZero, Rounding::HalfEven] {
        let Ok(rounded) = Money::<2>::round_from(amount, rounding) else { continue };
        let Some(off) = rounded.amount().checked_sub(amount) else { continue };
        let off = if off.is_negative() { -off } else { off };
        assert!(off <= Amount::from_minor(5, 3).expect("half a cent"));
    }
}
