//! The three records of a statement: header, sums, items (ePP facts §2.4).
//!
//! An empty text and a missing element are the same.
//! Dates keep their text (`24.04.2024` in XML, ISO 8601 in JSON), amounts are exact decimals in dinars.

use std::collections::BTreeSet;

use chrono::Datelike;
use common_core::money::Amount;

use crate::model::Moment;

statement_record! {
    /// Who made the statement (`Zaglavlje`).
    pub struct Header {
        /// The organisational unit of the Treasury (`Sediste`).
        seat: String = "Sediste",
        /// Its name (`NazivSedista`).
        seat_name: String = "NazivSedista",
        /// The day of the statement (`DatumIzvoda`).
        date: Option<Moment> = "DatumIzvoda",
        /// The type of the record (`TipSloga`).
        record_type: String = "TipSloga",
    }
}

statement_record! {
    /// The sums of the day (`Zbirni`).
    pub struct Summary {
        /// The account, 18 digits (`RacunIzvoda`).
        account: String = "RacunIzvoda",
        /// The name of the account (`Naziv`).
        name: String = "Naziv",
        /// Its place (`Mesto`).
        place: String = "Mesto",
        /// How many orders were debited (`BrNalogaDuguje`).
        debit_count: Option<u64> = "BrNalogaDuguje",
        /// How many orders were credited (`BrNalogaPotrazuje`).
        credit_count: Option<u64> = "BrNalogaPotrazuje",
        /// What was debited since the beginning of the year (`KumulativnoDuguje`).
        cumulative_debit: Option<Amount> = "KumulativnoDuguje",
        /// What was credited since the beginning of the year (`KumulativnoPotrazuje`).
        cumulative_credit: Option<Amount> = "KumulativnoPotrazuje",
        /// The opening balance (`PrethodniSaldo`).
        opening_balance: Option<Amount> = "PrethodniSaldo",
        /// What was debited on the day (`IznosDuguje`).
        debit_total: Option<Amount> = "IznosDuguje",
        /// What was credited on the day (`IznosPotrazuje`).
        credit_total: Option<Amount> = "IznosPotrazuje",
        /// The closing balance (`Saldo`).
        closing_balance: Option<Amount> = "Saldo",
        /// The day of the statement (`DatumIzvoda`).
        date: Option<Moment> = "DatumIzvoda",
        /// The number of the statement (`BrojIzvoda`).
        number: String = "BrojIzvoda",
        /// Which processing of the day it comes from (`RbrObrada`).
        processing: String = "RbrObrada",
        /// The type of the record (`TipSloga`).
        record_type: String = "TipSloga",
    }
}

statement_record! {
    /// One item (`Stavka`): an order that was debited or credited, or a debit that was not executed.
    pub struct Item {
        /// The debited account, 18 digits (`RacunZaduzenja`).
        debtor_account: String = "RacunZaduzenja",
        /// The name of the debtor (`NazivZaduzenja`).
        debtor_name: String = "NazivZaduzenja",
        /// The place of the debtor (`MestoZaduzenja`).
        debtor_place: String = "MestoZaduzenja",
        /// Where the information comes from (`IzvorInformacije`); its first digit tells the [`side`](Self::side).
        source: String = "IzvorInformacije",
        /// The model of the debtor's reference (`ModelPozivaZaduzenja`).
        debtor_model: String = "ModelPozivaZaduzenja",
        /// The debtor's reference (`PozivZaduzenja`).
        debtor_reference: String = "PozivZaduzenja",
        /// The payment code (`SifraPlacanja`).
        payment_code: String = "SifraPlacanja",
        /// The amount (`Iznos`).
        amount: Option<Amount> = "Iznos",
        /// The credited account, 18 digits (`RacunOdobrenja`).
        creditor_account: String = "RacunOdobrenja",
        /// The name of the creditor (`NazivOdobrenja`).
        creditor_name: String = "NazivOdobrenja",
        /// The place of the creditor (`MestoOdobrenja`).
        creditor_place: String = "MestoOdobrenja",
        /// The model of the creditor's reference (`ModelPozivaOdobrenja`).
        creditor_model: String = "ModelPozivaOdobrenja",
        /// The creditor's reference (`PozivOdobrenja`).
        creditor_reference: String = "PozivOdobrenja",
        /// What was paid for (`SvrhaDoznake`).
        purpose: String = "SvrhaDoznake",
        /// The reference for complaints (`PodatakZaReklamaciju`), such as `EPP319877` for an order of ePP.
        complaint_reference: String = "PodatakZaReklamaciju",
        /// The value date (`DatumValute`).
        value_date: Option<Moment> = "DatumValute",
        /// The way of settlement (`NacinObracuna`).
        settlement: String = "NacinObracuna",
        /// The priority of the order (`PrioritetNaloga`).
        priority: String = "PrioritetNaloga",
        /// When the order was entered (`VremeUnosa`).
        entered_at: Option<Moment> = "VremeUnosa",
        /// When it was executed (`VremeIzvrsenja`).
        executed_at: Option<Moment> = "VremeIzvrsenja",
        /// The status of the order (`StatusNaloga`); its values are not published.
        status: String = "StatusNaloga",
        /// The type of the record (`TipSloga`).
        record_type: String = "TipSloga",
        /// The type of payment (`TipPlacanja`), seen in one file.
        payment_type: String = "TipPlacanja",
    }
}

/// The side of an account that an item stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Money leaves the account (duguje).
    Debit,
    /// Money comes in (potražuje).
    Credit,
}

impl Item {
    /// The side by the first digit of [`source`](Self::source), 1 for debit and 2 for credit (ePP facts §2.4).
    pub fn side(&self) -> Option<Side> {
        match self.source.as_bytes().first() {
            Some(b'1') => Some(Side::Debit),
            Some(b'2') => Some(Side::Credit),
            _ => None,
        }
    }

    /// The side by [`source`](Self::source), or else by which of the two accounts `account` is.
    pub fn side_of(&self, account: &str) -> Option<Side> {
        self.side().or_else(|| {
            match (self.debtor_account == account, self.creditor_account == account) {
                (true, false) => Some(Side::Debit),
                (false, true) => Some(Side::Credit),
                _ => None,
            }
        })
    }

    /// Whether the order was executed, which moves money.
    ///
    /// Statements list debits that were not executed in a group of their own, and the values of the status are not
    /// published; an item counts as executed when it has a time of execution. One in the year 1, as .NET writes a date
    /// that is not set, is none.
    pub fn is_executed(&self) -> bool {
        let is_set = |moment: &Moment| moment.day().is_none_or(|day| day.year() > 1);
        self.executed_at.as_ref().is_some_and(is_set)
    }
}

/// How items that were not executed are told: by the statuses that the caller knows, else by the time of execution.
#[derive(Debug, Clone, Default)]
pub(super) struct Unexecuted(Option<BTreeSet<String>>);

impl Unexecuted {
    pub(super) fn by_status(statuses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(Some(statuses.into_iter().map(Into::into).collect()))
    }

    pub(super) fn is_executed(&self, item: &Item) -> bool {
        self.0.as_ref().map_or_else(|| item.is_executed(), |known| !known.contains(&item.status))
    }
}
