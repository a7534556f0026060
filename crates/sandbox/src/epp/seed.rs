//! What the double holds before the first request: two invented organisations with users and
//! accounts, and a little money that has moved already.

use chrono::{Days, NaiveTime, TimeDelta};
use rust_decimal::Decimal;

use super::account::Account;
use super::list::{LARGEST_PAGE, PageShape};
use super::moments;
use super::payment::COUNTDOWN;
use super::session::Lives;
use super::statement::Oddity;
use super::store::{BatchShape, Settings, Side, Store, Transaction};
use super::user::{Right, User};
use crate::front::{Context, Mood};

/// The organisations: number (JBKJS), name, count of accounts.
const ORGANIZATIONS: [(&str, &str, u32); 2] =
    [("90001", "IZMIŠLJENA USTANOVA", 25), ("90002", "DRUGA IZMIŠLJENA USTANOVA", 3)];

/// An account from which the seeded credits come; it is at no bank.
const PAYER: &str = "999000000000123438";

/// The memory of a new double.
pub(super) fn store(context: &Context) -> Store {
    let mut store = Store::new(users(context), accounts(), settings(context));
    book_seeded(&mut store, context);
    store
}

fn settings(context: &Context) -> Settings {
    let chance = &context.chance;
    let hostile = context.mood == Mood::Hostile;
    let pick = |count: usize| usize::try_from(chance.between(1, count as u64)).unwrap_or(1) - 1;
    let mut oddities = Vec::new();
    if hostile {
        oddities.extend(Oddity::ALL.into_iter().filter(|_| chance.hits(400)));
    }
    Settings {
        // The source document names twenty minutes; no source tells how long a refresh token lives.
        lives: Lives { access: TimeDelta::minutes(20), refresh: TimeDelta::hours(8) },
        countdown: COUNTDOWN,
        misstated_totals: 0,
        link_life: TimeDelta::seconds(60),
        execution_delay: None,
        page_shape: if hostile {
            PageShape::ALL[pick(PageShape::ALL.len())]
        } else {
            PageShape::Items
        },
        batch_shape: if hostile && chance.hits(500) {
            BatchShape::Bare
        } else {
            BatchShape::Enveloped
        },
        // The source document names no largest page.
        largest_page: if hostile { [LARGEST_PAGE, 100, 20][pick(3)] } else { LARGEST_PAGE },
        oddities,
    }
}

fn users(context: &Context) -> Vec<User> {
    let user = |login, name, organization| User::new(login, name, organization, &context.chance);
    let (first, second) = (ORGANIZATIONS[0].0, ORGANIZATIONS[1].0);
    vec![
        user("prvi", "Измишљени Први", first),
        user("drugi", "Измишљени Други", first),
        user("unos", "Измишљени Унос", first).with_rights(&[
            Right::Accounts,
            Right::Orders,
            Right::Entry,
        ]),
        user("pregled", "Измишљени Преглед", first).with_rights(&[Right::Accounts, Right::Orders]),
        user("niko", "Измишљени Нико", first).with_rights(&[]),
        user("treci", "Измишљени Трећи", second),
    ]
}

/// The accounts; the first ones differ in everything that an order can stumble over.
fn accounts() -> Vec<Account> {
    let mut accounts = Vec::new();
    for (block, (id, name, count)) in (0_u32..).zip(ORGANIZATIONS) {
        accounts.extend((0..count).map(|index| account(id, name, 910_000 + block * 1000, index)));
    }
    accounts
}

fn account(id: &str, organization: &str, base: u32, index: u32) -> Account {
    let usual = Account {
        organization_id: id.to_owned(),
        organization_name: organization.to_owned(),
        number: format!("{:013}", base + index),
        name: format!("RAČUN {index} {organization}"),
        request_status: 2,
        kind: 1,
        permission: 1,
        activity: 1,
        status: 0,
        organizational_unit_number: if index.is_multiple_of(2) { "40200" } else { "40211" }.into(),
        max_amount: Decimal::from(10_000_000),
        opening: Decimal::from(50_000_000),
    };
    match index {
        0 => usual,
        1 => Account { max_amount: 100_000.into(), opening: 1_000.into(), ..usual },
        2 => Account { status: 8, ..usual },
        3 => Account { status: 4, ..usual },
        4 => Account { status: 5, ..usual },
        5 => Account { status: 9, ..usual },
        6 => Account { activity: 5, ..usual },
        7 => Account { permission: 2, ..usual },
        8 => Account { request_status: 1, ..usual },
        9 => Account { request_status: 3, ..usual },
        10 => Account { request_status: 4, ..usual },
        11 => Account { request_status: 5, ..usual },
        _ => {
            let kind = u8::try_from(1 + index % 5).unwrap_or(1);
            Account { kind, permission: 2, opening: Decimal::ZERO, ..usual }
        }
    }
}

/// Three credits on the first account of each organisation the day before, and one on the day.
fn book_seeded(store: &mut Store, context: &Context) {
    let today = moments::day(context.clock.now());
    let yesterday = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let rows = [(yesterday, 7, 12_500_050), (yesterday, 9, 1_713_966), (yesterday, 12, 2_000_000)];
    let firsts: Vec<Account> = ORGANIZATIONS
        .iter()
        .filter_map(|(id, ..)| store.accounts.iter().find(|one| one.organization_id == *id))
        .cloned()
        .collect();
    for account in firsts {
        for (number, (day, hour, cents)) in (1..).zip(rows.into_iter().chain([(today, 0, 123_456)]))
        {
            let time = NaiveTime::from_hms_opt(hour, 0, 5).unwrap_or_default();
            let at = moments::utc(day.and_time(time));
            store.book(Transaction {
                day,
                entered: at,
                executed: Some(at),
                debit: Side {
                    account: PAYER.to_owned(),
                    name: "IZMIŠLJENI UPLATILAC".to_owned(),
                    ..Side::default()
                },
                credit: Side {
                    account: account.full_number(),
                    name: account.name.clone(),
                    model: "97".to_owned(),
                    reference: "951".to_owned(),
                },
                code: 253,
                amount: Decimal::new(cents, 2),
                purpose: "Uplata depozita".to_owned(),
                complaint: format!("840{}BLG{number:07}", day.format("%y%m%d")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::is_account;
    use super::*;

    #[test]
    fn every_seeded_account_number_is_right_and_stands_once() {
        let mut numbers: Vec<String> = accounts().iter().map(Account::full_number).collect();
        numbers.push(PAYER.to_owned());
        assert!(numbers.iter().all(|number| is_account(number)), "{numbers:?}");
        let count = numbers.len();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
