//! Statements: the link, the web host, and the arithmetic of the files.

use std::net::IpAddr;
use std::time::Duration;

use chrono::DateTime;
use roxmltree::Document;
use rust_decimal::Decimal;
use sandbox::epp::{Epp, Oddity};
use serde_json::{Value, json};
use tokio::time::advance;

use super::client::{Caller, DEBTOR, calm, download, follow, login, order, unpacked};

const NUMBER: &str = "0000000910000";

/// Pays some orders of the first account, one of which is refused for want of means.
async fn pay(epp: &Epp) -> Caller {
    let caller = login(epp, "prvi").await;
    let mut back = order("c", "7.50");
    back["CreditorBankAccount"] = json!(DEBTOR);
    let mut urgent = order("b", "17139.66");
    urgent["PaymentCode"] = json!(240);
    let mut refused = order("d", "9999999.99");
    refused["PaymentBasis"] = json!("Previše <skupo> & nemoguće");
    let mut orders = vec![urgent, order("a", "0.05"), back];
    orders.extend(vec![refused; 6]);
    let ids = caller.create(&orders).await;
    let tag = caller.start(&ids).await;
    caller.confirm(&tag).await.payload();
    epp.settle().await;
    caller
}

async fn file(caller: &Caller, format: &str) -> Vec<u8> {
    let link = caller.link(NUMBER, format).await;
    let answer = download(&caller.epp, &link).await;
    assert_eq!(answer.status, 200);
    let mut files = unpacked(&answer.body);
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].0, format!("{NUMBER}.{format}"));
    files.remove(0).1
}

/// A member as an exact decimal.
fn amount(row: &Value, name: &str) -> Decimal {
    let text = row[name].to_string();
    text.trim_matches('"').replace(',', ".").parse().unwrap_or_else(|_| panic!("{name} {row}"))
}

/// Checks the sums of a statement against its items, as an accountant would.
fn check(statement: &Value) {
    let (totals, items) = (&statement["Zbirni"], statement["Stavka"].as_array().unwrap());
    let executed = |source: &str| -> Vec<&Value> {
        let ours = items.iter().filter(|one| one["IzvorInformacije"] == source);
        ours.filter(|one| one["StatusNaloga"] == "2").collect()
    };
    for (source, count, sum) in
        [("1", "BrNalogaDuguje", "IznosDuguje"), ("2", "BrNalogaPotrazuje", "IznosPotrazuje")]
    {
        let items = executed(source);
        assert_eq!(totals[count], items.len());
        let expected: Decimal = items.iter().map(|one| amount(one, "Iznos")).sum();
        assert_eq!(amount(totals, sum), expected);
    }
    let closing = amount(totals, "PrethodniSaldo") + amount(totals, "IznosPotrazuje")
        - amount(totals, "IznosDuguje");
    assert_eq!(amount(totals, "Saldo"), closing);
}

#[tokio::test(start_paused = true)]
async fn the_link_has_the_documented_form_and_ends_when_it_says() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let path = format!("/bank-accounts/{NUMBER}/statement-url?type=statement&date=2026-01-30");
    let payload = caller.get(&format!("{path}&format=JSON")).await.payload();
    assert_eq!(payload["error"], Value::Null);
    let url = payload["url"].as_str().unwrap();
    let prefix = format!("{}/izvodi/2026-01-30/ePP/90001/prvi/90001/", epp.web_url());
    let rest = url.strip_prefix(&prefix).unwrap();
    assert!(rest.starts_with("0000000910000.json.zip?md5="), "{rest}");
    // Trap 28 of the facts: both ends are the same moment.
    let expires: i64 = url.rsplit_once("expires=").unwrap().1.parse().unwrap();
    let date = payload["expiredDate"].as_str().unwrap();
    assert_eq!(date, "2026-01-31T12:01:00.0000000+01:00");
    assert_eq!(DateTime::parse_from_rfc3339(date).unwrap().timestamp(), expires);
    assert_eq!(download(epp, url).await.status, 200);
    advance(Duration::from_secs(61)).await;
    assert_eq!(download(epp, url).await.status, 410);
    assert_eq!(epp.statistics().downloads, 1);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn the_web_host_checks_referer_address_and_seal() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let url = caller.link(NUMBER, "xml").await;
    let referer = format!("{}/", epp.web_url());
    for wrong in [epp.web_url(), "https://epp.trezor.gov.rs/", ""] {
        assert_eq!(follow(epp, &url, wrong, None).await.status, 403, "{wrong}");
    }
    let other = Some(IpAddr::from([127, 0, 0, 2]));
    assert_eq!(follow(epp, &url, &referer, other).await.status, 403);
    for forged in [url.replace("910000", "910001"), url.replace("md5=", "md5=x")] {
        assert_eq!(follow(epp, &forged, &referer, None).await.status, 403);
    }
    let nowhere = format!("{}/izvodi/none", epp.web_url());
    assert_eq!(follow(epp, &nowhere, &referer, None).await.status, 404);
    assert_eq!(follow(epp, &url, &referer, None).await.status, 200);
    assert_eq!(epp.unexpected().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_sums_of_a_json_statement_are_right() {
    let sandbox = calm().await;
    let caller = pay(sandbox.epp()).await;
    let statement: Value = serde_json::from_slice(&file(&caller, "json").await).unwrap();
    check(&statement);
    let totals = &statement["Zbirni"];
    // The seeded credits of the day before are in the opening balance.
    assert_eq!(totals["PrethodniSaldo"].to_string(), "50162140.16");
    assert_eq!(totals["KumulativnoPotrazuje"].to_string(), "163382.22");
    assert_eq!((&totals["BrNalogaDuguje"], &totals["BrNalogaPotrazuje"]), (&json!(8), &json!(2)));
    let items = statement["Stavka"].as_array().unwrap();
    let groups: Vec<_> = items
        .iter()
        .map(|one| (one["IzvorInformacije"].as_str(), one["StatusNaloga"].as_str()))
        .collect();
    let (paid, refused, received) = (8, 1, 2);
    assert_eq!(groups.len(), paid + refused + received);
    assert!(groups[..paid].iter().all(|group| *group == (Some("1"), Some("2"))));
    assert_eq!(groups[paid], (Some("1"), Some("9")));
    assert_eq!(items[paid]["VremeIzvrsenja"], Value::Null);
    let order = &sandbox.epp().orders()[0];
    assert_eq!(items[paid - 1]["PodatakZaReklamaciju"], format!("EPP{}", order.id));
}

#[tokio::test(start_paused = true)]
async fn the_xml_statement_says_what_the_json_one_says() {
    let sandbox = calm().await;
    let caller = pay(sandbox.epp()).await;
    let json: Value = serde_json::from_slice(&file(&caller, "json").await).unwrap();
    let xml = String::from_utf8(file(&caller, "xml").await).unwrap();
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "Dokument");
    let parts: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
    let expected = [&json["Zaglavlje"], &json["Zbirni"]];
    let items = json["Stavka"].as_array().unwrap();
    assert_eq!(parts.len(), 2 + items.len());
    for (part, expected) in parts.iter().zip(expected.into_iter().chain(items)) {
        for element in part.children().filter(roxmltree::Node::is_element) {
            let name = element.tag_name().name();
            let shown = element.text().unwrap_or_default();
            let wanted = match &expected[name] {
                Value::Null => String::new(),
                Value::String(text) if name.starts_with("Datum") => local(text),
                Value::String(text) if name.starts_with("Vreme") => local(text),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(shown, wanted, "{name}");
        }
    }
    assert!(xml.contains("Previše &lt;skupo&gt; &amp; nemoguće"));
}

/// `2026-01-31T12:00:00` as `31.01.2026 12:00:00`.
fn local(iso: &str) -> String {
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let parts: Vec<&str> = date.rsplit('-').collect();
    format!("{} {time}", parts.join(".")).trim_end().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_next_day_opens_where_the_last_one_closed() {
    let sandbox = calm().await;
    let caller = pay(sandbox.epp()).await;
    let today: Value = serde_json::from_slice(&file(&caller, "json").await).unwrap();
    advance(Duration::from_secs(24 * 3600)).await;
    let caller = login(sandbox.epp(), "prvi").await;
    let path =
        format!("/bank-accounts/{NUMBER}/statement-url?type=statement&format=json&date=2026-02-01");
    let url = caller.get(&path).await.payload()["url"].as_str().unwrap().to_owned();
    let files = unpacked(&download(sandbox.epp(), &url).await.body);
    let next: Value = serde_json::from_slice(&files[0].1).unwrap();
    assert_eq!(next["Zbirni"]["PrethodniSaldo"], today["Zbirni"]["Saldo"]);
    assert_eq!(next["Stavka"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_printed_statement_is_a_pdf_with_the_balance() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let pdf = String::from_utf8(file(&caller, "pdf").await).unwrap();
    assert!(pdf.starts_with("%PDF-") && pdf.contains("(Saldo 50163374.72) Tj"), "{pdf}");
}

#[tokio::test(start_paused = true)]
async fn the_special_statement_is_asked_for_by_organisation_and_name() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ask = |number: &str, query: &str| {
        let query = format!("type=specialStatement&date=2026-01-30&{query}");
        format!("/bank-accounts/{number}/statement-url?{query}")
    };
    let path = ask("90001", "name=90001_sve-partije");
    let url = caller.get(&path).await.payload()["url"].as_str().unwrap().to_owned();
    assert!(url.contains("/90001_sve-partije.zip?"), "{url}");
    let files = unpacked(&download(epp, &url).await.body);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["0000000910000.xml"], "accounts on which something moved");
    for path in [ask("90002", "name=90002_sve-partije"), ask("90001", "name=all")] {
        assert_eq!(caller.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(epp.unexpected(), []);
    caller.get(&ask("90001", "name=90001_sve-partije&format=pdf")).await.payload();
    assert_eq!(epp.unexpected()[0].what, "`format` belongs to daily statements");
}

#[tokio::test(start_paused = true)]
async fn links_that_cannot_be_given_are_refused() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    for (number, query, status) in [
        (NUMBER, "type=statement&format=json", 400),
        (NUMBER, "type=statement&format=csv&date=2026-01-30", 400),
        (NUMBER, "type=statement&date=2026-01-30", 400),
        (NUMBER, "type=daily&format=json&date=2026-01-30", 400),
        (NUMBER, "type=statement&format=json&date=30.1.2026", 400),
        ("0000000911000", "type=statement&format=json&date=2026-01-30", 404),
    ] {
        let answer = caller.get(&format!("/bank-accounts/{number}/statement-url?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
    let path =
        format!("/bank-accounts/{NUMBER}/statement-url?type=statement&format=xml&date=2026-02-01");
    let tomorrow = caller.get(&path).await.payload();
    assert_eq!((&tomorrow["url"], &tomorrow["expiredDate"]), (&Value::Null, &Value::Null));
    assert_eq!(tomorrow["error"]["message"], "StatementNotFound.");
}

#[tokio::test(start_paused = true)]
async fn each_oddity_is_odd_in_its_own_way() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = pay(epp).await;
    let plain = file(&caller, "xml").await;
    let strict = |bytes: &[u8]| Document::parse(std::str::from_utf8(bytes).unwrap()).is_ok();
    assert!(strict(&plain));

    epp.set_statement_oddities(&[Oddity::ByteOrderMark]);
    assert_eq!(file(&caller, "xml").await, [b"\xef\xbb\xbf", plain.as_slice()].concat());

    epp.set_statement_oddities(&[Oddity::CommaAmounts]);
    let comma = String::from_utf8(file(&caller, "xml").await).unwrap();
    assert!(comma.contains("<Iznos>17139,66</Iznos>"));
    let json: Value = serde_json::from_slice(&file(&caller, "json").await).unwrap();
    assert_eq!(json["Zbirni"]["PrethodniSaldo"], "50162140,16");
    check(&json);

    epp.set_statement_oddities(&[Oddity::ControlCharacters]);
    let soiled = file(&caller, "xml").await;
    assert!(
        !strict(&soiled) && String::from_utf8(soiled).unwrap().contains("Uplata\u{fffd}\u{1} ")
    );
    let soiled = file(&caller, "json").await;
    assert!(serde_json::from_slice::<Value>(&soiled).is_err() && soiled.contains(&1));

    epp.set_statement_oddities(&[Oddity::AbsentElements]);
    let sparse = String::from_utf8(file(&caller, "xml").await).unwrap();
    assert!(!sparse.contains("<MestoOdobrenja>") && strict(sparse.as_bytes()));

    epp.set_statement_oddities(&[Oddity::EntryPath]);
    let link = caller.link(NUMBER, "xml").await;
    let files = unpacked(&download(epp, &link).await.body);
    assert_eq!(files[0].0, "../../izvod/0000000910000.xml");
}
