//! Codes of the WebApi's errors.

use common_core::codes;

codes! {
    /// Code of an error of the WebApi, in answers with status 400 (source document, section
    /// 2.3.1.5). Codes of other errors are not documented; they are kept.
    pub enum WebApiCode: str {
        /// The command identifier has a wrong form.
        CommandIdForm = "100",
        /// There is no such command; after a repeated confirmation: it was confirmed before.
        UnknownCommand = "110",
    }
}

impl WebApiCode {
    /// The HTTP status that the document gives the code.
    pub const fn http_status(self) -> u16 {
        400
    }

    /// Whether the same request may be accepted a while later: never, for these two.
    pub const fn retryable(self) -> bool {
        false
    }

    /// What the code says, in English.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CommandIdForm => "the form of the command identifier is wrong",
            Self::UnknownCommand => "the repository has no such command",
        }
    }

    /// The gist of the code in Polish.
    pub const fn polish(self) -> &'static str {
        match self {
            Self::CommandIdForm => "zły format identyfikatora komendy",
            Self::UnknownCommand => "brak takiej komendy",
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::CommandIdForm => "confirm with the identifier exactly as it was received",
            Self::UnknownCommand => "take the command as confirmed if it was confirmed before",
        }
    }
}
