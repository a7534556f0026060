//! Statements: the transactions of an account on a day, with the sums that belong to them (ePP
//! facts §2.4).
//!
//! The content is one table for all formats; [`xml`], [`json`] and [`pdf`] write it.

mod json;
mod pdf;
mod xml;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::moments;
use super::store::{Store, Transaction};
use crate::chance::Chance;

/// The place that all statements name.
const PLACE: &str = "BEOGRAD";

/// `StatusNaloga` of executed orders and of the others; which values ePP uses is not known.
const EXECUTED: &str = "2";
const NOT_EXECUTED: &str = "9";

/// What real statements are known to have and a reader must bear (ePP facts §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Oddity {
    /// A byte order mark stands in front of XML and JSON.
    ByteOrderMark,
    /// Amounts have a comma, as in older files; in JSON they become texts.
    CommaAmounts,
    /// Texts hold U+FFFD and bare control characters, which XML 1.0 and JSON forbid.
    ControlCharacters,
    /// Elements without content are left out.
    AbsentElements,
    /// The name of the entry in the archive leads out of the folder.
    EntryPath,
}

impl Oddity {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::ByteOrderMark,
        Self::CommaAmounts,
        Self::ControlCharacters,
        Self::AbsentElements,
        Self::EntryPath,
    ];
}

/// A format of a daily statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pdf,
    Xml,
    Json,
}

impl Format {
    /// The format of this name, in any case (ePP facts §4, trap 20).
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "pdf" => Some(Self::Pdf),
            "xml" => Some(Self::Xml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xml => "xml",
            Self::Json => "json",
        }
    }
}

/// A value of a statement, before a format writes it.
#[derive(Clone, Debug)]
enum Cell {
    Text(String),
    Amount(Decimal),
    Count(usize),
    Day(NaiveDate),
    Time(Option<NaiveDateTime>),
}

type Row = Vec<(&'static str, Cell)>;

/// A statement of one account and one day.
pub(super) struct Statement {
    account: String,
    day: NaiveDate,
    header: Row,
    totals: Row,
    items: Vec<Row>,
}

impl Statement {
    /// The statement from the books; `disorder` shuffles its items, on whose order nobody may
    /// rely.
    pub(super) fn of(
        store: &Store,
        account: &Account,
        day: NaiveDate,
        disorder: Option<&Chance>,
    ) -> Self {
        let number = account.full_number();
        let book = Book::of(store, &number, day);
        let mut items = book.items(&number);
        if let Some(chance) = disorder {
            chance.shuffle(&mut items);
        }
        Self {
            header: vec![
                ("Sediste", text(&account.organizational_unit_number)),
                ("NazivSedista", text(PLACE)),
                ("DatumIzvoda", Cell::Day(day)),
                ("TipSloga", text("0")),
            ],
            totals: book.totals(account, &number, day),
            items,
            account: number,
            day,
        }
    }

    /// Whether any money moved or was refused.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The file that stands in the archive.
    pub(super) fn file(&self, format: Format, oddities: &[Oddity]) -> Vec<u8> {
        let text = match format {
            Format::Pdf => return pdf::file(self),
            Format::Xml => xml::file(self, oddities),
            Format::Json => json::file(self, oddities),
        };
        let mark = if oddities.contains(&Oddity::ByteOrderMark) { "\u{feff}" } else { "" };
        format!("{mark}{text}").into_bytes()
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// An amount as text, with two decimal places.
fn amount(value: Decimal, oddities: &[Oddity]) -> String {
    let point = format!("{value:.2}");
    if oddities.contains(&Oddity::CommaAmounts) { point.replace('.', ",") } else { point }
}

/// A text as an odd server writes it.
fn soiled(text: &str, oddities: &[Oddity]) -> String {
    if oddities.contains(&Oddity::ControlCharacters) && text.contains(' ') {
        text.replacen(' ', "\u{fffd}\u{1} ", 1)
    } else {
        text.to_owned()
    }
}

/// The transactions of an account up to a day.
struct Book<'a> {
    today: Vec<&'a Transaction>,
    /// Debits and credits before the day.
    before: (Decimal, Decimal),
    /// Debits and credits of the year, the day included.
    year: (Decimal, Decimal),
}

impl<'a> Book<'a> {
    fn of(store: &'a Store, account: &str, day: NaiveDate) -> Self {
        let mut book =
            Self { today: Vec::new(), before: Default::default(), year: Default::default() };
        for transaction in &store.transactions {
            let (debit, credit) =
                (transaction.debit.account == account, transaction.credit.account == account);
            if transaction.day > day || !(debit || credit && transaction.executed.is_some()) {
                continue;
            }
            if transaction.day == day {
                book.today.push(transaction);
            }
            if transaction.executed.is_none() {
                continue;
            }
            let sums = (
                if debit { transaction.amount } else { Decimal::ZERO },
                if credit { transaction.amount } else { Decimal::ZERO },
            );
            if transaction.day < day {
                book.before = (book.before.0 + sums.0, book.before.1 + sums.1);
            }
            if transaction.day.year() == day.year() {
                book.year = (book.year.0 + sums.0, book.year.1 + sums.1);
            }
        }
        book
    }

    /// What was executed today: how often and how much.
    fn executed(&self, side: impl Fn(&Transaction) -> bool) -> (usize, Decimal) {
        let executed = self.today.iter().filter(|one| one.executed.is_some() && side(one));
        executed.fold((0, Decimal::ZERO), |(count, sum), one| (count + 1, sum + one.amount))
    }

    fn totals(&self, account: &Account, number: &str, day: NaiveDate) -> Row {
        let (debits, paid) = self.executed(|one| one.debit.account == number);
        let (credits, received) = self.executed(|one| one.credit.account == number);
        let opening = account.opening - self.before.0 + self.before.1;
        vec![
            ("RacunIzvoda", text(number)),
            ("Naziv", text(&account.name)),
            ("Mesto", text(PLACE)),
            ("BrNalogaDuguje", Cell::Count(debits)),
            ("BrNalogaPotrazuje", Cell::Count(credits)),
            ("KumulativnoDuguje", Cell::Amount(self.year.0)),
            ("KumulativnoPotrazuje", Cell::Amount(self.year.1)),
            ("PrethodniSaldo", Cell::Amount(opening)),
            ("IznosDuguje", Cell::Amount(paid)),
            ("IznosPotrazuje", Cell::Amount(received)),
            ("Saldo", Cell::Amount(opening - paid + received)),
            ("DatumIzvoda", Cell::Day(day)),
            ("BrojIzvoda", Cell::Count(usize::try_from(day.ordinal()).unwrap_or_default())),
            ("RbrObrada", Cell::Count(1)),
            ("TipSloga", text("9")),
        ]
    }

    /// The items: executed debits, debits that were not executed, credits; in each group by
    /// payment code and time.
    fn items(&self, number: &str) -> Vec<Row> {
        let mut sorted = self.today.clone();
        sorted.sort_by_key(|one| (one.code, one.executed));
        let debits = |one: &&&Transaction| one.debit.account == number;
        let executed = sorted.iter().filter(debits).filter(|one| one.executed.is_some());
        let refused = sorted.iter().filter(debits).filter(|one| one.executed.is_none());
        let credits = sorted.iter().filter(|one| one.credit.account == number);
        let credits = credits.filter(|one| one.executed.is_some());
        let debits = executed.chain(refused).map(|one| item(one, "1"));
        debits.chain(credits.map(|one| item(one, "2"))).collect()
    }
}

fn item(one: &Transaction, source: &str) -> Row {
    let time = |at: Option<DateTime<Utc>>| Cell::Time(at.map(moments::local));
    vec![
        ("RacunZaduzenja", text(&one.debit.account)),
        ("NazivZaduzenja", text(&one.debit.name)),
        ("MestoZaduzenja", text(PLACE)),
        ("IzvorInformacije", text(source)),
        ("ModelPozivaZaduzenja", text(&one.debit.model)),
        ("PozivZaduzenja", text(&one.debit.reference)),
        ("SifraPlacanja", text(&one.code.to_string())),
        ("Iznos", Cell::Amount(one.amount)),
        ("RacunOdobrenja", text(&one.credit.account)),
        ("NazivOdobrenja", text(&one.credit.name)),
        ("MestoOdobrenja", text("")),
        ("ModelPozivaOdobrenja", text(&one.credit.model)),
        ("PozivOdobrenja", text(&one.credit.reference)),
        ("SvrhaDoznake", text(&one.purpose)),
        ("PodatakZaReklamaciju", text(&one.complaint)),
        ("DatumValute", Cell::Day(one.day)),
        ("NacinObracuna", text("1")),
        ("PrioritetNaloga", text("50")),
        ("VremeUnosa", time(Some(one.entered))),
        ("VremeIzvrsenja", time(one.executed)),
        ("StatusNaloga", text(if one.executed.is_some() { EXECUTED } else { NOT_EXECUTED })),
        ("TipSloga", text("1")),
    ]
}
