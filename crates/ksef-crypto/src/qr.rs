//! QR codes of verification links, as pictures and as text, with the caption below them that KSeF
//! asks for.
//!
//! Specification 1.9, chapters 16.1 and 17; KSeF 2.0 facts §15.2 and §15.3.
//! The symbols follow ISO/IEC 18004 with a quiet zone of four modules; the smallest version that
//! holds the link is taken.
//! KSeF leaves the error correction, the size and the place to whoever shows the invoice.
//!
//! | link | caption |
//! |---|---|
//! | KOD I and the online link of 1.x | the KSeF number; `OFFLINE` on KOD I while there is none |
//! | KOD II | `CERTYFIKAT` |
//! | the offline link of 1.x | `OFFLINE` |
//!
//! ```
//! use ksef_crypto::link::InvoiceLink;
//! use ksef_crypto::qr::{Caption, Correction, QrCode};
//!
//! let link = InvoiceLink::parse(
//!     "https://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/\
//!      UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE",
//! )?;
//! let code = QrCode::new(&link, Caption::Offline, Correction::Medium)?;
//! assert!(code.svg().contains("OFFLINE"));
//! assert!(code.png(5)?.starts_with(b"\x89PNG"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod caption;
mod font;
mod raster;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;

use std::fmt;

pub use caption::Caption;
use fast_qr::{ECL, QRBuilder};

/// Light modules around a symbol, by ISO/IEC 18004.
const QUIET_ZONE: usize = 4;

/// How much of a symbol may be damaged or covered and still be read.
///
/// More correction makes a symbol of more and, at one printed size, smaller modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Correction {
    /// Level L, about 7 %: for the long links of KOD II with RSA.
    Low,
    /// Level M, about 15 %.
    #[default]
    Medium,
    /// Level Q, about 25 %.
    Quartile,
    /// Level H, about 30 %.
    High,
}

/// Why there is no symbol or no picture of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// No symbol holds so long a text: at most 2953 bytes with [`Correction::Low`], 1273 with
    /// [`Correction::High`].
    #[error("the text is too long for a QR symbol")]
    TooLong,
    /// The size of a module is not from 1 to 64 pixels.
    #[error("a module cannot have this size")]
    ModuleSize,
    /// The picture could not be encoded.
    #[error("the picture could not be encoded")]
    Encoding,
}

/// A QR symbol and the caption below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    dark: Vec<bool>,
    size: usize,
    caption: Caption,
}

impl QrCode {
    /// The symbol of a link, mostly one of [`link`](crate::link).
    pub fn new(
        link: &impl fmt::Display,
        caption: Caption,
        correction: Correction,
    ) -> Result<Self, QrError> {
        let level = match correction {
            Correction::Low => ECL::L,
            Correction::Medium => ECL::M,
            Correction::Quartile => ECL::Q,
            Correction::High => ECL::H,
        };
        let symbol =
            QRBuilder::new(link.to_string()).ecl(level).build().map_err(|_| QrError::TooLong)?;
        let modules = &symbol.data[..symbol.size * symbol.size];
        let dark = modules.iter().map(|module| module.value()).collect();
        Ok(Self { dark, size: symbol.size, caption })
    }

    /// The modules along one side, from 21 to 177, without the quiet zone.
    pub fn size(&self) -> usize {
        self.size
    }

    /// What stands below the symbol.
    pub fn caption(&self) -> &Caption {
        &self.caption
    }

    /// Tells whether a module is dark; column and row count from the upper left corner, and
    /// everything outside the symbol is light.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        column < self.size && row < self.size && self.dark[row * self.size + column]
    }

    /// The side of the picture in modules, with the quiet zone.
    fn side(&self) -> usize {
        self.size + 2 * QUIET_ZONE
    }

    /// As [`is_dark`](Self::is_dark), counted from the corner of the quiet zone.
    fn is_dark_in_picture(&self, column: usize, row: usize) -> bool {
        column >= QUIET_ZONE
            && row >= QUIET_ZONE
            && self.is_dark(column - QUIET_ZONE, row - QUIET_ZONE)
    }
}
