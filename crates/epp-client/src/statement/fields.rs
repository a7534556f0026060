//! One way to declare a record of a statement, so that XML and JSON fill it by the same table of names.

use std::{borrow::Cow, collections::BTreeMap};

use common_core::money::Amount;

use super::{
    StatementError, StatementErrorKind, amount,
    notes::{Notes, Reading},
};
use crate::model::Moment;

/// A record whose fields are found by the name they have in the file and filled from text.
pub(super) trait Record: Default {
    /// Fills the field of a name, or says why not.
    fn fill(&mut self, name: &str, text: &str, reader: &mut FieldReader) -> Filling;

    /// The texts of what has no field.
    fn extra(&mut self) -> &mut BTreeMap<String, String>;
}

/// What came of filling a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    Done,
    /// There is no such field.
    Unknown,
    /// The field was filled before.
    Twice,
    /// The text is not what the field asks for.
    Refused(&'static str),
}

/// How texts become values, and the notes about it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FieldReader {
    pub(super) reading: Reading,
    pub(super) notes: Notes,
}

impl FieldReader {
    pub(super) fn new(reading: Reading) -> Self {
        Self { reading, notes: Notes::default() }
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.reading == Reading::Lenient
    }

    /// The text without blanks around it, sound or mended.
    pub(super) fn clean<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>, &'static str> {
        let text = text.trim();
        // The first bytes of what is odd: C0, DEL, C1 (C2 80 to C2 9F) and U+FFFD (EF BF BD).
        let may_be_odd = |byte: u8| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xef);
        if !text.bytes().any(may_be_odd) {
            return Ok(Cow::Borrowed(text));
        }
        let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let odd = text.chars().filter(|c| is_odd(*c)).count();
        let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        if odd == 0 && lost == 0 {
            return Ok(Cow::Borrowed(text));
        }
        if !self.is_lenient() {
            return Err("holds a control character or a lost letter");
        }
        self.notes.control_characters += odd as u64;
        self.notes.lost_letters += lost as u64;
        let sound: String = text.chars().filter(|c| !is_odd(*c)).collect();
        // What stood between a blank and the text is gone.
        Ok(Cow::Owned(sound.trim().to_owned()))
    }
}

/// A type of field.
pub(super) trait Field {
    fn is_filled(&self) -> bool;

    /// Takes a text that is not empty.
    fn take(&mut self, text: &str, reader: &mut FieldReader) -> Result<(), &'static str>;
}

impl Field for String {
    fn is_filled(&self) -> bool {
        !self.is_empty()
    }

    fn take(&mut self, text: &str, _reader: &mut FieldReader) -> Result<(), &'static str> {
        self.push_str(text);
        Ok(())
    }
}

impl Field for Option<Moment> {
    fn is_filled(&self) -> bool {
        self.is_some()
    }

    fn take(&mut self, text: &str, reader: &mut FieldReader) -> Result<(), &'static str> {
        let moment = Moment::from(text);
        if !reader.is_lenient() && moment.day().is_none() {
            return Err("is no day");
        }
        *self = Some(moment);
        Ok(())
    }
}

impl Field for Option<Amount> {
    fn is_filled(&self) -> bool {
        self.is_some()
    }

    fn take(&mut self, text: &str, reader: &mut FieldReader) -> Result<(), &'static str> {
        *self = Amount::parse(text).ok();
        if self.is_none() && reader.is_lenient() {
            *self = amount::with_comma(text);
            reader.notes.comma_amounts += u64::from(self.is_some());
        }
        if self.is_none() { Err("is no amount") } else { Ok(()) }
    }
}

impl Field for Option<u64> {
    fn is_filled(&self) -> bool {
        self.is_some()
    }

    fn take(&mut self, text: &str, _reader: &mut FieldReader) -> Result<(), &'static str> {
        *self = text.parse().ok();
        if self.is_none() { Err("is no count") } else { Ok(()) }
    }
}

/// Fills one field by the rules that all share.
pub(super) fn fill(field: &mut impl Field, text: &str, reader: &mut FieldReader) -> Filling {
    let text = match reader.clean(text) {
        Ok(text) if text.is_empty() => return Filling::Done,
        Ok(text) => text,
        Err(reason) => return Filling::Refused(reason),
    };
    if field.is_filled() {
        return Filling::Twice;
    }
    match field.take(&text, reader) {
        Ok(()) => Filling::Done,
        Err(reason) => Filling::Refused(reason),
    }
}

/// Puts the text of a name into its field, or keeps it among the extras.
pub(super) fn store<T: Record>(
    record: &mut T,
    name: &str,
    text: &str,
    reader: &mut FieldReader,
) -> Result<(), StatementError> {
    let value = |reason| StatementError::new(StatementErrorKind::Value, "", reason);
    let before = reader.notes;
    match record.fill(name, text, reader) {
        Filling::Done => return Ok(()),
        Filling::Twice => return Err(StatementError::shape("", TWICE)),
        Filling::Unknown => {
            // A known name may hide behind a control character.
            let sound = reader.clean(name).map_err(value)?;
            if sound != name {
                return store(record, &sound, text, reader);
            }
        }
        Filling::Refused(_) if reader.is_lenient() => {
            // The text is mended once more below, and counted there.
            reader.notes = before;
            reader.notes.unreadable_numbers += 1;
        }
        Filling::Refused(reason) => return Err(value(reason)),
    }
    let text = reader.clean(text).map_err(value)?;
    let is_new = text.is_empty() || record.extra().insert(name.to_owned(), text.into()).is_none();
    if is_new { Ok(()) } else { Err(StatementError::shape("", TWICE)) }
}

const TWICE: &str = "stands twice";

/// Declares a record with the names its fields have in the file.
macro_rules! statement_record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$doc:meta])* $field:ident: $type:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$doc])*
                #[serde(rename = $wire, skip_serializing_if = "crate::statement::fields::is_empty")]
                pub $field: $type,
            )*
            /// Elements this version does not know, and texts that a lenient reader could not use.
            #[serde(flatten)]
            pub extra: std::collections::BTreeMap<String, String>,
        }

        impl crate::statement::fields::Record for $name {
            fn fill(
                &mut self,
                name: &str,
                text: &str,
                reader: &mut crate::statement::fields::FieldReader,
            ) -> crate::statement::fields::Filling {
                match name {
                    $( $wire => crate::statement::fields::fill(&mut self.$field, text, reader), )*
                    _ => crate::statement::fields::Filling::Unknown,
                }
            }

            fn extra(&mut self) -> &mut std::collections::BTreeMap<String, String> {
                &mut self.extra
            }
        }
    };
}

/// Whether a field was never filled, for writing.
pub(super) fn is_empty<F: Field>(field: &F) -> bool {
    !field.is_filled()
}
