//! What the list of a session says about the invoices of a parcel: the rules, without a network.

use std::collections::HashMap;

use ksef_crypto::number::{KsefNumber, ReferenceNumber};

use super::{
    fate::{Fate, Issued, Refusal},
    parcel::Letter,
};
use crate::v2::{sending::InvoiceState, wire::SessionInvoiceStatusResponse};

/// What a session says about one invoice.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// KSeF has decided.
    Decided(Fate),
    /// KSeF knows an invoice of the same key: whether it is this one has to be looked up.
    Known {
        /// The number of the one that it knows.
        original: Option<KsefNumber>,
        /// The session of that one.
        session: Option<ReferenceNumber>,
    },
    /// KSeF has not decided.
    Pending,
    /// It is not issued by this session: it never arrived, or KSeF broke off (500, 550). It may be
    /// sent in another one; had it been stored after all, KSeF would say so (440).
    Again,
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
        })),
        InvoiceState::Duplicate { original, session, .. } => Verdict::Known { original, session },
        InvoiceState::Uncertain(_) => Verdict::Again,
        InvoiceState::Refused(status) => {
            Verdict::Decided(Fate::Refused(Refusal::of_status(&status)))
        }
    }
}

/// An issued invoice outweighs everything, and a decision a question.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Decided(Fate::Issued(_)) => 0,
        Verdict::Pending => 1,
        Verdict::Known { .. } => 2,
        Verdict::Decided(_) => 3,
        Verdict::Again => 4,
    }
}

/// The rows of the parcel's invoices, by hash; other rows of the session are left out.
pub(super) fn by_hash<'a>(
    rows: &'a [SessionInvoiceStatusResponse],
    letters: &[Letter],
) -> HashMap<String, Vec<&'a SessionInvoiceStatusResponse>> {
    let mut found: HashMap<_, Vec<_>> =
        letters.iter().map(|letter| (letter.hash.clone(), Vec::new())).collect();
    for row in rows {
        let of_letter = row.invoice_hash.as_ref().and_then(|hash| found.get_mut(hash));
        if let Some(rows) = of_letter {
            rows.push(row);
        }
    }
    found
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
        assert_eq!(
            [of(&[row(500, None)]), of(&[row(550, None)])],
            [const { Some(Verdict::Again) }; 2]
        );
        let known = of(&[row(440, None), row(550, None)]);
        assert!(matches!(known, Some(Verdict::Known { original: Some(_), session: Some(_) })));
        let refused = of(&[row(450, None)]);
        let Some(Verdict::Decided(Fate::Refused(why))) = refused else { panic!("{refused:?}") };
        assert_eq!((why.code, why.details), (Some(450), vec!["e".to_owned()]));
    }

    #[test]
    fn rows_of_others_are_left_out() {
        let letter = |hash: &str| Letter { position: Position::new(1), hash: hash.to_owned() };
        let rows = [row(200, None), row(100, None)];
        let found = by_hash(&rows, &[letter("H"), letter("missing")]);
        assert_eq!((found["H"].len(), found["missing"].len(), found.len()), (2, 0, 2));
        assert!(by_hash(&rows, &[letter("other")])["other"].is_empty());
    }
}
