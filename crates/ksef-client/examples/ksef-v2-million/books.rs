//! What lies in the double's books, and what comes in while it is collected.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, rngs::StdRng};
use sandbox::ksef_v2::{KsefV2, SeedPlan};

/// The company that collects, and the one it trades with.
pub(crate) const COMPANY: &str = "9990000126";
pub(crate) const PARTNER: &str = "9990000103";

/// Crowds of invoices on each side of the time without any.
const CROWDS: u32 = 50;

/// How far the high water mark stays behind: what is stored now must lie behind it also on a machine
/// that is busy with other things.
pub(crate) const LAG: Duration = Duration::from_secs(4);

/// The plan of a seed, and what of it has come into the books.
pub(crate) struct Books {
    /// A query or package is cut after so many.
    pub(crate) cut: u32,
    /// Bought and sold invoices that come in while others are collected.
    late: [u32; 2],
    /// Bought and sold invoices in the books.
    pub(crate) booked: [u64; 2],
}

impl Books {
    /// So many invoices, of which every twentieth comes late, and every tenth is sold.
    pub(crate) fn new(invoices: u32) -> Self {
        let late = (invoices / 20).min(5_000);
        Self { cut: (invoices / 9).clamp(30, 10_000), late: divided(late), booked: [0; 2] }
    }

    /// Puts the invoices in that are there from the beginning.
    pub(crate) fn open(
        &mut self,
        ksef: &KsefV2,
        invoices: u32,
        now: DateTime<Utc>,
        chance: &mut StdRng,
    ) {
        let early = divided(invoices - self.late());
        let crowds = CROWDS * 2;
        for crowd in 0..crowds {
            // 110 days of trade, as many without any, and trade again until an hour ago.
            let (days, at) = if crowd < CROWDS { (280, crowd) } else { (60, crowd - CROWDS) };
            let length = if crowd < CROWDS { TimeDelta::days(110) } else { TimeDelta::days(59) };
            let from = now - TimeDelta::days(days) + length / 50 * i32::try_from(at).unwrap_or(0);
            for (side, count) in early.into_iter().enumerate() {
                let rest = count % crowds;
                let count = count / crowds + u32::from(crowd < rest);
                self.crowd(ksef, side, count, from, chance);
            }
        }
    }

    /// Invoices close together, some of them of the same moment, but never more of one moment than
    /// an answer holds.
    fn crowd(
        &mut self,
        ksef: &KsefV2,
        side: usize,
        count: u32,
        from: DateTime<Utc>,
        chance: &mut StdRng,
    ) {
        let mut left = count;
        let mut from = from;
        while left > 0 {
            let at_once = left.min(chance.random_range(1..=self.cut * 9 / 10));
            let step = if chance.random_bool(0.3) { 0 } else { chance.random_range(1..90_000) };
            self.book(ksef, side, at_once, from, step);
            from += TimeDelta::microseconds(i64::from(at_once) * i64::from(step) + 1);
            left -= at_once;
        }
    }

    /// How many invoices are still to come in.
    pub(crate) fn late(&self) -> u32 {
        self.late.iter().sum()
    }

    /// Lets some of the late ones come in, dated now: before now, by the time that anybody asks, and
    /// behind the mark.
    pub(crate) fn go_on(&mut self, ksef: &KsefV2, now: DateTime<Utc>, chance: &mut StdRng) -> u32 {
        let mut came = 0;
        for side in 0..2 {
            let most = (self.late[side] / 8).max(12);
            let count = self.late[side].min(chance.random_range(0..=most));
            if count > 0 {
                self.book(ksef, side, count, now, chance.random_range(0..3));
            }
            self.late[side] -= count;
            came += count;
        }
        came
    }

    fn book(&mut self, ksef: &KsefV2, side: usize, count: u32, from: DateTime<Utc>, step: u32) {
        let (seller, buyer) = if side == 0 { (PARTNER, COMPANY) } else { (COMPANY, PARTNER) };
        ksef.seed_invoices(&SeedPlan::new(seller, buyer, count, from).step_us(step));
        self.booked[side] += u64::from(count);
    }
}

/// Bought and sold.
fn divided(invoices: u32) -> [u32; 2] {
    [invoices - invoices / 10, invoices / 10]
}
