//! What the list of a session says about the invoices of a parcel, and what follows from it.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use ksef_crypto::number::ReferenceNumber;

use super::{
    Carrier, DurableError, Journey, Way,
    lookup::{self, Numbers},
    session::Course,
};
use crate::v2::{
    outbox::{
        fate::{Fate, Refusal},
        parcel::Letter,
        verdict::{self, MISFIT, Verdict},
    },
    sessions,
};

/// Files that do not fit what was declared are sent so often.
const MISFIT_TRIES: u32 = 2;

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
        let mut lists = HashMap::from([(session.clone(), lookup::numbers(&rows))]);
        let (mut decided, mut changed, mut stays) = (Vec::new(), Vec::new(), false);
        for letter in journey.parcel.letters.clone() {
            let rows = found.get(&letter.hash()?).map(Vec::as_slice).unwrap_or_default();
            let verdict = verdict::of_rows(rows, session);
            match self.next(journey, course, verdict, letter.clone(), &mut lists).await? {
                Next::Decided(fate) => decided.push((letter, fate)),
                Next::Stays(letter) => {
                    stays = true;
                    changed.push(letter);
                }
                Next::Again(letter) => changed.push(letter),
                Next::Package => journey.parcel.way = Way::Batch,
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
            journey.waits = stays;
            if matches!(course, Course::Failed(_)) {
                self.pack_fewer(&mut journey.parcel);
            }
            if !stays {
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
        lists: &mut HashMap<ReferenceNumber, Numbers>,
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
                match self.compare(&letter, lists).await? {
                    Some(fate) => Next::Decided(fate),
                    None => self.again(letter, why),
                }
            }
            (Some(Verdict::Attachment(_)), _) if may_batch => Next::Package,
            (Some(Verdict::Attachment(why)), _) => Next::Decided(Fate::Refused(why)),
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
        let since = letter.failing_since.unwrap_or(now);
        let tries = letter.tries.saturating_add(1);
        let letter = Letter { tries, failing_since: Some(since), ..letter };
        if why.code == Some(MISFIT) && letter.tries >= MISFIT_TRIES {
            // The content is the same each time: it is a size that is refused.
            return Err(Fate::Refused(why));
        }
        let is_enough = (now - since).to_std().is_ok_and(|time| time >= self.options.give_up);
        if is_enough { Err(Fate::Unresolved(why)) } else { Ok(letter) }
    }

    /// Looks up the rivals of letters that nobody could compare before.
    pub(super) async fn compare_rivals(
        &self,
        journey: &mut Journey<'_>,
    ) -> Result<(), DurableError> {
        let (mut lists, mut decided) = (HashMap::new(), Vec::new());
        for at in 0..journey.parcel.letters.len() {
            let letter = journey.parcel.letters[at].clone();
            let Some(rival) = &letter.rival else { continue };
            if let Some(fate) = self.compare(&letter, &mut lists).await? {
                decided.push((letter, fate));
                continue;
            }
            match self.tried(letter.clone(), Refusal::unseen(rival)) {
                Ok(tried) => journey.parcel.letters[at] = tried,
                Err(fate) => decided.push((letter, fate)),
            }
        }
        self.decide(journey, decided).await
    }
}
