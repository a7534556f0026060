//! What the list of a session says about the invoices of a parcel, and what follows from it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use ksef_crypto::number::ReferenceNumber;

use super::{
    Carrier, DurableError, Journey, Way,
    lookup::{self, Found, Lookup},
    session::Course,
};
use crate::v2::{
    outbox::{
        fate::{Fate, Refusal},
        parcel::Letter,
        verdict::{self, Verdict},
    },
    sessions,
};

/// A session that has ended is looked at so often again for a decision that should be there.
const LATE_DECISIONS: u32 = 8;

/// What becomes of a letter.
enum Next {
    Decided(Fate),
    /// It waits in its session.
    Stays(Letter),
    /// It goes into another session, or has its rival looked up again.
    Again(Letter),
    /// It goes into a package.
    Package,
}

impl Carrier {
    /// Finds every invoice of a parcel in the list of its session.
    ///
    /// While the session goes on, only what KSeF has decided counts. Its end says what is **not** in
    /// it.
    pub(super) async fn look_through(
        &self,
        journey: &mut Journey<'_>,
        session: &ReferenceNumber,
        course: &Course,
    ) -> Result<(), DurableError> {
        let list = sessions::Invoices::new(session.clone());
        let rows: Vec<_> = self.account.items(list).try_collect().await?;
        let found = verdict::by_hash(&rows, &journey.parcel.letters);
        let mut lookup = Lookup::until(self.end_of_turn());
        lookup.know(session.clone(), lookup::numbers(&rows));
        let (mut decided, mut changed) = (Vec::new(), Vec::new());
        let (mut stays, mut packs) = (false, false);
        for letter in journey.parcel.letters.clone() {
            let rows = found.get(&letter.hash()?).map(Vec::as_slice).unwrap_or_default();
            let verdict = verdict::of_rows(rows, session);
            match self.next(journey, course, verdict, letter.clone(), &mut lookup).await? {
                Next::Decided(fate) => decided.push((letter, fate)),
                Next::Stays(letter) => {
                    stays = true;
                    changed.push(letter);
                }
                Next::Again(letter) => changed.push(letter),
                Next::Package => packs = true,
            }
        }
        if *course == Course::Going && decided.is_empty() {
            return Ok(());
        }
        self.decide(journey, decided).await?;
        // In the same order, without those that are decided about.
        let mut changed: HashMap<_, _> =
            changed.into_iter().map(|letter| (letter.position, letter)).collect();
        for letter in &mut journey.parcel.letters {
            if let Some(changed) = changed.remove(&letter.position) {
                *letter = changed;
            }
        }
        if *course != Course::Going {
            journey.waits = stays || lookup.is_cut();
            if matches!(course, Course::Failed(_)) {
                self.pack_fewer(&mut journey.parcel);
            }
            if !stays {
                if packs {
                    journey.parcel.way = Way::Batch;
                }
                journey.parcel.leave_session();
            }
        }
        self.store(journey).await
    }

    async fn next(
        &self,
        journey: &Journey<'_>,
        course: &Course,
        verdict: Option<Verdict>,
        letter: Letter,
        lookup: &mut Lookup,
    ) -> Result<Next, DurableError> {
        let verdict = match (verdict, course) {
            (Some(Verdict::Decided(fate)), _) => return Ok(Next::Decided(fate)),
            (_, Course::Going) => return Ok(Next::Stays(letter)),
            (verdict, _) => verdict,
        };
        let may_batch = journey.parcel.way == Way::Online && self.may_batch(&journey.parcel.kind);
        Ok(match (verdict, course) {
            (Some(Verdict::Known(rival)), _) => {
                let why = Refusal::unseen(&rival);
                let letter = Letter { rival: Some(rival), ..letter };
                match self.compare(&letter, lookup).await? {
                    Found::Fate(fate) => Next::Decided(fate),
                    Found::Nothing => self.again(letter, why),
                    Found::Later => Next::Again(letter),
                }
            }
            (Some(Verdict::Attachment(_)), _) if may_batch => Next::Package,
            (Some(Verdict::Attachment(why)), _) => Next::Decided(Fate::Refused(why)),
            // The content is the same each time: it is a size that is refused.
            (Some(Verdict::Misfit(why)), _) if letter.misfit => Next::Decided(Fate::Refused(why)),
            (Some(Verdict::Misfit(why)), _) => self.again(Letter { misfit: true, ..letter }, why),
            (Some(Verdict::Failed(why)), _) => self.again(letter, why),
            (_, Course::Failed(why)) => self.again(letter, why.clone()),
            // The session has ended without a decision about it, and should have had one.
            (Some(_), _) if letter.tries < LATE_DECISIONS => {
                Next::Stays(Letter { tries: letter.tries + 1, ..letter })
            }
            _ => Next::Again(letter),
        })
    }

    /// KSeF failed on a letter: it goes into another session, a certain number of times.
    fn again(&self, letter: Letter, why: Refusal) -> Next {
        match self.tried(letter, why) {
            Ok(letter) => Next::Again(letter),
            Err(fate) => Next::Decided(fate),
        }
    }

    /// Counts a try of a letter; its fate when there were enough.
    pub(super) fn tried(&self, letter: Letter, why: Refusal) -> Result<Letter, Fate> {
        let now = self.account.clock().now();
        // What failed before nobody tried for long counts no more.
        let is_near = |at: DateTime<Utc>| (now - at).to_std().is_ok_and(|gap| gap < self.gap());
        let since = letter.failing_since.filter(|_| letter.failed_at.is_some_and(is_near));
        let since = since.unwrap_or(now);
        let tries = letter.tries.saturating_add(1);
        let letter = Letter { tries, failing_since: Some(since), failed_at: Some(now), ..letter };
        let is_enough = (now - since).to_std().is_ok_and(|time| time >= self.options.give_up);
        if is_enough { Err(Fate::Unresolved(why)) } else { Ok(letter) }
    }

    /// Looks up the rivals of letters that nobody could compare before. Whether that was cut short is
    /// answered: others of the parcel need not wait for it.
    pub(super) async fn compare_rivals(
        &self,
        journey: &mut Journey<'_>,
    ) -> Result<bool, DurableError> {
        let (mut lookup, mut decided) = (Lookup::until(self.end_of_turn()), Vec::new());
        // Those that were asked about least come first: there are not questions for all of them.
        let mut order: Vec<_> = (0..journey.parcel.letters.len()).collect();
        order.sort_by_key(|at| journey.parcel.letters[*at].tries);
        for at in order {
            let letter = journey.parcel.letters[at].clone();
            let Some(rival) = &letter.rival else { continue };
            match self.compare(&letter, &mut lookup).await? {
                Found::Fate(fate) => decided.push((letter, fate)),
                Found::Later => {}
                Found::Nothing => match self.tried(letter.clone(), Refusal::unseen(rival)) {
                    Ok(tried) => journey.parcel.letters[at] = tried,
                    Err(fate) => decided.push((letter, fate)),
                },
            }
        }
        self.decide(journey, decided).await?;
        Ok(lookup.is_cut())
    }
}
