//! Whether a value is one of its type (XML Schema 1.0 part 2): white space, kind, facets.

mod decimal;
mod digits;
mod moment;

use std::{borrow::Cow, cmp::Ordering};

use crate::check::{
    table::{Blanks, Content, Facet, Kind, Pattern, Type, Value},
    value::{decimal::Decimal, moment::Moment},
};

/// How many values of a list a sentence names.
const NAMED: usize = 12;

/// The value after its white space was looked at, or a sentence about what is wrong with it.
pub(super) fn read<'t>(
    value: &Value,
    types: &[Type],
    text: &'t str,
) -> Result<Cow<'t, str>, String> {
    let text = without_blanks(value.blanks, text);
    match value.kind {
        Kind::Union(members) => {
            let fits = members.iter().any(|member| match &types[usize::from(*member)].content {
                Content::Value(value) => read(value, types, &text).is_ok(),
                Content::Elements(_) => false,
            });
            if !fits {
                return Err("the value is of none of the kinds that are allowed".to_owned());
            }
            meets_all(value.facets, &text, |facet| of_text(facet, &text))?;
        }
        Kind::Text => meets_all(value.facets, &text, |facet| of_text(facet, &text))?,
        Kind::Decimal => number(value, &text, Decimal::of_decimal, "a decimal number")?,
        Kind::Integer => number(value, &text, Decimal::of_integer, "a whole number")?,
        Kind::Date => moment(value, &text, Moment::of_date, "a date, as 2026-02-01")?,
        Kind::DateTime => {
            moment(value, &text, Moment::of_date_time, "a time, as 2026-02-01T12:00:00Z")?;
        }
        Kind::Year => moment(value, &text, Moment::of_year, "a year, as 2026")?,
    }
    Ok(text)
}

/// What is left of white space.
fn without_blanks(blanks: Blanks, text: &str) -> Cow<'_, str> {
    let is_blank = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r');
    match blanks {
        Blanks::Replaced if text.bytes().any(|byte| is_blank(&byte)) => {
            Cow::Owned(text.replace(['\t', '\n', '\r'], " "))
        }
        Blanks::Kept | Blanks::Replaced => Cow::Borrowed(text),
        Blanks::Collapsed => {
            if is_collapsed(text.as_bytes()) {
                return Cow::Borrowed(text);
            }
            let words = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
            Cow::Owned(words.collect::<Vec<_>>().join(" "))
        }
    }
}

/// Whether single spaces within are the only white space.
fn is_collapsed(text: &[u8]) -> bool {
    let mut before = b' ';
    for byte in text {
        let is_second = before == b' ' && *byte == b' ';
        if is_second || matches!(byte, b'\t' | b'\n' | b'\r') {
            return false;
        }
        before = *byte;
    }
    before != b' ' || text.is_empty()
}

fn meets_all(
    facets: &[Facet],
    text: &str,
    mut own: impl FnMut(&Facet) -> Option<String>,
) -> Result<(), String> {
    for facet in facets {
        let fault = match facet {
            Facet::Pattern(pattern) if fits(pattern, text) => None,
            Facet::Pattern(pattern) => {
                Some(format!("the value does not have the form `{}`", pattern.text))
            }
            other => own(other),
        };
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
    Ok(())
}

/// Whether a pattern fits the whole text.
fn fits(pattern: &Pattern, text: &str) -> bool {
    let mut state = 1;
    for character in text.chars() {
        let symbol = match character {
            '\0'..='\x7F' => character as usize,
            _ if digits::is_digit(character) => 128,
            _ => 129,
        };
        let class = usize::from(pattern.classes[symbol]);
        state = usize::from(pattern.next[state * pattern.width + class]);
        if state == 0 {
            return false;
        }
    }
    pattern.accepts[state]
}

fn of_text(facet: &Facet, text: &str) -> Option<String> {
    let length = || text.chars().count();
    match facet {
        // Every character has a byte at least, so that most values need no counting.
        Facet::MaxLength(most) if text.len() > *most as usize && length() > *most as usize => {
            Some(format!("the value has {} characters, and {most} are the most", length()))
        }
        Facet::MinLength(1..) if text.is_empty() => Some("the value is empty".to_owned()),
        // And four at most.
        Facet::MinLength(least)
            if text.len() < 4 * *least as usize && length() < *least as usize =>
        {
            Some(format!("the value has {} characters, and {least} are the least", length()))
        }
        Facet::Values(values) if values.binary_search(&text).is_err() => Some(none_of(values)),
        _ => None,
    }
}

fn number<'t>(
    value: &Value,
    text: &'t str,
    read: impl Fn(&'t str) -> Option<Decimal<'t>>,
    what: &str,
) -> Result<(), String> {
    let number = read(text).ok_or_else(|| format!("the value is not {what}"))?;
    meets_all(value.facets, text, |facet| {
        let values = if let Facet::Values(values) = facet { *values } else { &[] };
        let compared = |bound: &'static str| Some(number.compare(Decimal::of_decimal(bound)?));
        match facet {
            Facet::TotalDigits(most) if number.digits() > *most as usize => {
                Some(format!("the value has more than {most} digits"))
            }
            Facet::FractionDigits(most) if number.fraction_digits() > *most as usize => {
                Some(format!("the value has more than {most} decimal places"))
            }
            Facet::Values(_)
                if !values.iter().any(|one| compared(one) == Some(Ordering::Equal)) =>
            {
                Some(none_of(values))
            }
            _ => out_of_bounds(facet, compared),
        }
    })
}

fn moment(
    value: &Value,
    text: &str,
    read: impl Fn(&str) -> Option<Moment>,
    what: &str,
) -> Result<(), String> {
    let moment = read(text).ok_or_else(|| format!("the value is not {what}"))?;
    meets_all(value.facets, text, |facet| {
        out_of_bounds(facet, |bound: &'static str| moment.compare(&read(bound)?))
    })
}

/// A sentence when a value lies beyond a bound, or cannot be told to lie within it.
fn out_of_bounds(
    facet: &Facet,
    compared: impl Fn(&'static str) -> Option<Ordering>,
) -> Option<String> {
    let (bound, allowed, says) = match facet {
        Facet::MinInclusive(bound) => (bound, [Ordering::Greater, Ordering::Equal], "at least"),
        Facet::MaxInclusive(bound) => (bound, [Ordering::Less, Ordering::Equal], "at most"),
        Facet::MinExclusive(bound) => (bound, [Ordering::Greater; 2], "more than"),
        Facet::MaxExclusive(bound) => (bound, [Ordering::Less; 2], "less than"),
        _ => return None,
    };
    let is_within = compared(bound).is_some_and(|order| allowed.contains(&order));
    (!is_within).then(|| format!("the value is not {says} {bound}"))
}

fn none_of(values: &[&str]) -> String {
    let named: Vec<_> = values.iter().take(NAMED).copied().collect();
    let more = if values.len() > NAMED { ", …" } else { "" };
    format!("the value is none of {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests;
