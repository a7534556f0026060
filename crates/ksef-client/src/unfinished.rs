//! A step that failed and gives its handle back.

use std::{error::Error, fmt};

/// A step that was not done: the handle as it was, to try again or to export, and why.
pub struct Unfinished<H, E>(Box<(H, E)>);

impl<H, E> Unfinished<H, E> {
    pub(crate) fn new(handle: H, error: E) -> Self {
        Self(Box::new((handle, error)))
    }

    /// Why the step was not done.
    pub fn error(&self) -> &E {
        &self.0.1
    }

    /// The handle, to go on with.
    pub fn into_handle(self) -> H {
        self.0.0
    }

    /// The handle and the error.
    pub fn into_parts(self) -> (H, E) {
        *self.0
    }
}

impl<H, E: fmt::Debug> fmt::Debug for Unfinished<H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl<H, E: fmt::Display> fmt::Display for Unfinished<H, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error(), f)
    }
}

impl<H, E: Error> Error for Unfinished<H, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error().source()
    }
}
