//! A step that failed and gives its handle back.

use std::fmt;

use crate::v2::error::Error;

/// A step that was not done: the handle as it was, to try again or to export, and why.
pub struct Unfinished<H>(Box<(H, Error)>);

impl<H> Unfinished<H> {
    pub(crate) fn new(handle: H, error: Error) -> Self {
        Self(Box::new((handle, error)))
    }

    /// Why the step was not done.
    pub fn error(&self) -> &Error {
        &self.0.1
    }

    /// The handle, to go on with.
    pub fn into_handle(self) -> H {
        self.0.0
    }

    /// The handle and the error.
    pub fn into_parts(self) -> (H, Error) {
        *self.0
    }
}

impl<H> From<Unfinished<H>> for Error {
    fn from(unfinished: Unfinished<H>) -> Self {
        unfinished.0.1
    }
}

impl<H> fmt::Debug for Unfinished<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl<H> fmt::Display for Unfinished<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error(), f)
    }
}

impl<H> std::error::Error for Unfinished<H> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error().source()
    }
}
