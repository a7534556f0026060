//! What the list of a session says about the invoices of a parcel: the rules, without a network.

use std::collections::HashMap;

use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber};

use super::{
    fate::{Fate, Issued, Refusal},
    parcel::{Letter, Rival},
};
use crate::v2::{sending::InvoiceState, wire::SessionInvoiceStatusResponse};

/// What a session says about one invoice.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// KSeF has decided.
    Decided(Fate),
    /// KSeF knows an invoice of the same key: whether it is this one has to be looked up.
    Known(Rival),
    /// KSeF has not decided.
    Pending,
    /// KSeF failed on it in this session: it broke off (500, 550), the session failed (405), or it
    /// could not be decrypted (435). It may be sent in another one; had it been stored after all, KSeF
    /// would say so (440).
    Failed(Refusal),
    /// What arrived was not what had been declared, or is too large (430).
    Misfit(Refusal),
    /// It has an attachment, and those go in batches (415).
    Attachment(Refusal),
}

/// What a session says about one invoice, by the rows that have its hash.
///
/// `None` where the session has no such row. There is more than one when something else than a
/// carrier sent the same bytes in the same session; then the best of them counts.
pub(super) fn of_rows(
    rows: &[&SessionInvoiceStatusResponse],
    session: &ReferenceNumber,
) -> Option<Verdict> {
    rows.iter().map(|row| of_row(row, session)).min_by_key(rank)
}

fn of_row(row: &SessionInvoiceStatusResponse, session: &ReferenceNumber) -> Verdict {
    match InvoiceState::of(row) {
        InvoiceState::Pending(_) => Verdict::Pending,
        InvoiceState::Accepted(accepted) => Verdict::Decided(Fate::Issued(Issued {
            number: accepted.number,
            session: Some(session.clone()),
            invoicing_date: accepted.invoicing_date,
            permanent_storage_date: accepted.permanent_storage_date,
            mode: row.invoicing_mode.clone(),
        })),
        InvoiceState::Duplicate { original: number, session, .. } => {
            Verdict::Known(Rival { number, session })
        }
        InvoiceState::Uncertain(status) => Verdict::Failed(Refusal::of_status(&status)),
        InvoiceState::Refused(status) => {
            let why = Refusal::of_status(&status);
            match status.code {
                405 | 435 => Verdict::Failed(why),
                430 => Verdict::Misfit(why),
                415 => Verdict::Attachment(why),
                _ => Verdict::Decided(Fate::Refused(why)),
            }
        }
    }
}

/// An issued invoice outweighs everything, and a decision a question.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Decided(Fate::Issued(_)) => 0,
        Verdict::Pending => 1,
        Verdict::Known(_) => 2,
        Verdict::Decided(_) => 3,
        Verdict::Attachment(_) => 4,
        Verdict::Misfit(_) => 5,
        Verdict::Failed(_) => 6,
    }
}

/// The rows of the parcel's invoices, by hash; other rows of the session are left out.
pub(super) fn by_hash<'a>(
    rows: &'a [SessionInvoiceStatusResponse],
    letters: &[Letter],
) -> HashMap<InvoiceHash, Vec<&'a SessionInvoiceStatusResponse>> {
    let hashes = letters.iter().filter_map(|letter| letter.hash().ok());
    let mut found: HashMap<_, Vec<_>> = hashes.map(|hash| (hash, Vec::new())).collect();
    for row in rows {
        if let Some(rows) = hash_of(row).and_then(|hash| found.get_mut(&hash)) {
            rows.push(row);
        }
    }
    found
}

/// The hash of a row, in whichever spelling of Base64 it comes.
pub(super) fn hash_of(row: &SessionInvoiceStatusResponse) -> Option<InvoiceHash> {
    let text = row.invoice_hash.as_deref()?;
    InvoiceHash::from_base64(text).or_else(|| InvoiceHash::from_base64url(text))
}

#[cfg(test)]
mod tests {
    use common_core::store::Position;
    use serde_json::json;

    use super::*;
    use crate::v2::client::testing::{INVOICE, KSEF_NUMBER, SESSION, reference};

    fn row(code: i32, number: Option<&str>) -> SessionInvoiceStatusResponse {
        let row = json!({
            "referenceNumber": INVOICE,
            "invoiceHash": "H",
            "ksefNumber": number,
            "status": {"code": code, "description": "d", "details": ["e"], "extensions": {
                "originalKsefNumber": KSEF_NUMBER, "originalSessionReferenceNumber": SESSION}},
        });
        serde_json::from_str(&row.to_string()).unwrap()
    }

    fn of(rows: &[SessionInvoiceStatusResponse]) -> Option<Verdict> {
        of_rows(&rows.iter().collect::<Vec<_>>(), &reference(SESSION))
    }

    #[test]
    fn an_invoice_that_is_issued_is_issued_whatever_else_the_session_says() {
        let issued = of(&[row(440, None), row(200, Some(KSEF_NUMBER)), row(450, None)]);
        let Some(Verdict::Decided(Fate::Issued(issued))) = issued else { panic!("{issued:?}") };
        assert_eq!(issued.number.as_str(), KSEF_NUMBER);
        assert_eq!(issued.session, Some(reference(SESSION)));
    }

    #[test]
    fn only_a_decision_is_taken_for_one() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[row(100, None)]), Some(Verdict::Pending));
        assert_eq!(of(&[row(200, None)]), Some(Verdict::Pending));
        assert_eq!(of(&[row(450, None), row(150, None)]), Some(Verdict::Pending));
        for code in [405, 435, 500, 550] {
            let failed = of(&[row(code, None)]);
            let Some(Verdict::Failed(why)) = failed else { panic!("{failed:?}") };
            assert_eq!(why.code, Some(code.into()));
        }
        assert!(matches!(of(&[row(415, None)]), Some(Verdict::Attachment(_))));
        assert!(matches!(of(&[row(430, None)]), Some(Verdict::Misfit(_))));
        let known = of(&[row(440, None), row(550, None)]);
        let Some(Verdict::Known(Rival { number: Some(_), session: Some(_) })) = known else {
            panic!("{known:?}")
        };
        let refused = of(&[row(450, None)]);
        let Some(Verdict::Decided(Fate::Refused(why))) = refused else { panic!("{refused:?}") };
        assert_eq!((why.code, why.details), (Some(450), vec!["e".to_owned()]));
    }

    #[test]
    fn rows_of_others_are_left_out() {
        let hashes = [InvoiceHash::of(b"one"), InvoiceHash::of(b"other")];
        let letters = hashes.map(|hash| Letter::new(Position::new(1), &hash, None));
        let mut rows = [row(200, None), row(100, None), row(100, None)];
        rows[0].invoice_hash = Some(hashes[0].base64());
        rows[1].invoice_hash = Some(hashes[0].base64url());
        let found = by_hash(&rows, &letters);
        let counts = hashes.map(|hash| found[&hash].len());
        assert_eq!((counts, found.len()), ([2, 0], 2));
    }
}
