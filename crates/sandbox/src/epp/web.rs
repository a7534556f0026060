//! The web host of ePP as an emulator of its own: another address, the same state and the same
//! script of faults.

use http::Method;

use super::{Epp, statements};
use crate::fault::Script;
use crate::front::{Context, Emulator, Incoming};
use crate::record::System;
use crate::reply::Reply;

/// The web host of a double.
pub(super) struct Web(pub(super) Epp);

impl Emulator for Web {
    fn system(&self) -> System {
        System::Epp
    }

    fn context(&self) -> &Context {
        self.0.context()
    }

    fn script(&self) -> &Script {
        self.0.faults()
    }

    fn route<'a>(&self, method: &Method, path: &'a str) -> (&'a str, Option<&'static str>) {
        statements::route(method, path)
    }

    fn admit(&self, _: &Incoming) -> Option<Reply> {
        None
    }

    fn answer(&self, incoming: &Incoming) -> Reply {
        statements::download(&self.0, incoming)
    }
}
