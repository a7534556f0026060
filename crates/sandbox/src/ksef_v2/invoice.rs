//! Invoices as the system reads them: FA (2), FA (3), `FA_RR` (1), PEF (3) and `PEF_KOR` (3), as far as
//! numbers, queries and checks need them (KSeF 2.0 facts §1 and §17).
//!
//! This is no full schema check: what must stand at the top, in its order, and what is read here.

mod pef;

use chrono::NaiveDate;
use roxmltree::{Document, Node};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::ksef::numbers;
use crate::ksef::xml::{Children, at};

/// A form of invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FormCode {
    pub(super) system_code: &'static str,
    pub(super) schema_version: &'static str,
    pub(super) value: &'static str,
    namespace: &'static str,
    /// Whether batches take it.
    pub(super) in_batches: bool,
    /// The name of its schema in receipts.
    pub(super) schema: &'static str,
}

const fn form(
    [system_code, schema_version, value]: [&'static str; 3],
    namespace: &'static str,
    schema: &'static str,
) -> FormCode {
    let in_batches = value.len() != 3;
    FormCode { system_code, schema_version, value, namespace, in_batches, schema }
}

/// The forms that the test environment takes.
const FORMS: [FormCode; 5] = [
    form(
        ["FA (2)", "1-0E", "FA"],
        "http://crd.gov.pl/wzor/2023/06/29/12648/",
        "Schemat_FA(2)_v1-0E.xsd",
    ),
    form(
        ["FA (3)", "1-0E", "FA"],
        "http://crd.gov.pl/wzor/2025/06/25/13775/",
        "Schemat_FA(3)_v1-0E.xsd",
    ),
    form(
        ["PEF (3)", "2-1", "PEF"],
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        "Schemat_PEF(3)_v2-1.xsd",
    ),
    form(
        ["PEF_KOR (3)", "2-1", "PEF"],
        "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        "Schemat_PEF_KOR(3)_v2-1.xsd",
    ),
    form(
        ["FA_RR (1)", "1-1E", "FA_RR"],
        "http://crd.gov.pl/wzor/2026/03/06/14189/",
        "Schemat_FA_RR(1)_v1-1E.xsd",
    ),
];

/// What an invoice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invoice {
    pub(super) seller: Party,
    pub(super) buyer: Party,
    pub(super) thirds: Vec<(Party, u8)>,
    pub(super) authorized: Option<(Party, u8)>,
    pub(super) number: String,
    pub(super) issued: NaiveDate,
    /// The type as the contract writes it.
    pub(super) kind: &'static str,
    pub(super) currency: String,
    pub(super) net: Decimal,
    pub(super) vat: Decimal,
    pub(super) gross: Decimal,
    pub(super) self_invoicing: bool,
    pub(super) attachment: bool,
}

/// Somebody on an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    /// `Nip`, `VatUe`, `InternalId`, `Other` or `None`.
    pub(super) kind: &'static str,
    pub(super) value: Option<String>,
    pub(super) name: Option<String>,
}

/// Why a document is refused: a status code and what it is about, without any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) code: u16,
    pub(super) about: String,
}

impl FormCode {
    /// The form of a request's member `formCode`.
    pub(super) fn read(value: &Value) -> Option<&'static Self> {
        FORMS.iter().find(|form| {
            value["systemCode"] == form.system_code
                && value["schemaVersion"] == form.schema_version
                && value["value"] == form.value
        })
    }

    /// The form whose documents have this root.
    pub(super) fn of_document(bytes: &[u8]) -> Option<&'static Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let document = Document::parse(text).ok()?;
        let space = document.root_element().tag_name().namespace()?;
        FORMS.iter().find(|form| form.namespace == space)
    }

    /// The three members as JSON.
    pub(super) fn json(&self) -> Value {
        json!({
            "systemCode": self.system_code,
            "schemaVersion": self.schema_version,
            "value": self.value,
        })
    }
}

impl Party {
    /// The NIP if that is what identifies them.
    pub(super) fn nip(&self) -> Option<&str> {
        self.value.as_deref().filter(|_| self.kind == "Nip")
    }
}

fn flaw(code: u16, about: impl Into<String>) -> Flaw {
    Flaw { code, about: about.into() }
}

/// Reads an invoice of the form that its session declared.
pub(super) fn read(bytes: &[u8], form: &FormCode) -> Result<Invoice, Flaw> {
    let text = allowed(bytes)?;
    let document = Document::parse(text).map_err(|_| flaw(430, "Plik nie jest dokumentem XML."))?;
    if document.descendants().any(|node| node.is_pi()) {
        return Err(flaw(430, "Plik zawiera instrukcje przetwarzania."));
    }
    let root = document.root_element();
    if root.tag_name().namespace() != Some(form.namespace) {
        return Err(flaw(450, "Przestrzeń nazw nie należy do zadeklarowanej struktury."));
    }
    if form.value == "PEF" {
        return pef::read(root)
            .ok_or_else(|| flaw(450, "Dokument jest niezgodny ze strukturą PEF."));
    }
    faktura(root, form).map_err(|element| flaw(450, format!("Niepoprawny element {element}.")))
}

/// The text, if it has nothing that may never be in a document.
fn allowed(bytes: &[u8]) -> Result<&str, Flaw> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(flaw(430, "Plik zaczyna się znacznikiem BOM."));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| flaw(430, "Plik nie jest w UTF-8."))?;
    let prolog = text.split_once("?>").map_or("", |(prolog, _)| prolog).to_lowercase();
    if prolog.starts_with("<?xml") && prolog.contains("encoding") && !prolog.contains("utf-8") {
        return Err(flaw(430, "Prolog podaje inne kodowanie niż UTF-8."));
    }
    if text.contains("<!DOCTYPE") {
        return Err(flaw(430, "Plik zawiera DTD."));
    }
    if text.chars().any(is_discouraged) {
        return Err(flaw(430, "Plik zawiera niezalecane znaki."));
    }
    Ok(text)
}

/// Characters that XML 1.0 discourages (KSeF 2.0 facts §17).
fn is_discouraged(character: char) -> bool {
    let code = u32::from(character);
    let plane_end = code > 0xffff && code & 0xfffe == 0xfffe;
    matches!(code, 0x7f..=0x84 | 0x86..=0x9f | 0xfdd0..=0xfdef) || plane_end
}

/// The parts of FA and `FA_RR` in their order; the error names the element that does not fit.
fn faktura(root: Node<'_, '_>, form: &FormCode) -> Result<Invoice, &'static str> {
    let space = form.namespace;
    if root.tag_name().name() != "Faktura" {
        return Err("Faktura");
    }
    let mut parts = Children::of(root).map_err(|_| "Faktura")?;
    let head = parts.take(space, "Naglowek").map_err(|_| "Naglowek")?;
    check_head(head, form)?;
    let seller = party(parts.take(space, "Podmiot1").map_err(|_| "Podmiot1")?).ok_or("Podmiot1")?;
    let node = parts.take(space, "Podmiot2").map_err(|_| "Podmiot2")?;
    let has = |name: &str| at(node, &[name]).is_some_and(|it| it == "1" || it == "2");
    if form.system_code == "FA (3)" && !(has("JST") && has("GV")) {
        return Err("Podmiot2");
    }
    let buyer = party(node).ok_or("Podmiot2")?;
    let mut thirds = Vec::new();
    while let Some(node) = parts.optional(space, "Podmiot3") {
        let role = at(node, &["Rola"]).and_then(|role| role.parse().ok()).unwrap_or(0);
        thirds.push((party(node).ok_or("Podmiot3")?, role));
    }
    let authorized = match parts.optional(space, "PodmiotUpowazniony") {
        Some(node) => {
            let role = at(node, &["RolaPU"]).and_then(|role| role.parse().ok());
            Some((party(node).zip(role)).ok_or("PodmiotUpowazniony")?)
        }
        None => None,
    };
    let content = if form.value == "FA_RR" { "FakturaRR" } else { "Fa" };
    let fa = parts.take(space, content).map_err(|_| "Fa")?;
    let _ = parts.optional(space, "Stopka");
    let attachment = parts.optional(space, "Zalacznik").is_some();
    parts.end().map_err(|_| "Faktura")?;
    if seller.nip().is_none() {
        return Err("Podmiot1");
    }
    let read = if form.value == "FA_RR" { rr(fa) } else { vat(fa) };
    let (number, issued, kind, [net, vat, gross], self_invoicing) = read?;
    let currency = at(fa, &["KodWaluty"]).ok_or("KodWaluty")?;
    if currency.len() != 3 || !currency.bytes().all(|it| it.is_ascii_uppercase()) {
        return Err("KodWaluty");
    }
    Ok(Invoice {
        seller,
        buyer,
        thirds,
        authorized,
        number,
        issued,
        kind,
        currency,
        net,
        vat,
        gross,
        self_invoicing,
        attachment,
    })
}

fn check_head(head: Node<'_, '_>, form: &FormCode) -> Result<(), &'static str> {
    let code = head.children().find(|it| it.tag_name().name() == "KodFormularza");
    let declared = code.is_some_and(|code| {
        code.attribute("kodSystemowy") == Some(form.system_code)
            && code.attribute("wersjaSchemy") == Some(form.schema_version)
            && code.text().map(str::trim) == Some(form.value)
    });
    let made = at(head, &["DataWytworzeniaFa"]);
    let made = made.is_some_and(|it| chrono::DateTime::parse_from_rfc3339(&it).is_ok());
    if declared && made { Ok(()) } else { Err("Naglowek") }
}

type Content = (String, NaiveDate, &'static str, [Decimal; 3], bool);

/// What stands in `Fa`.
fn vat(fa: Node<'_, '_>) -> Result<Content, &'static str> {
    let wanted = ["KodWaluty", "P_1", "P_2", "P_15", "Adnotacje", "RodzajFaktury"];
    let names = fa.children().map(|node| node.tag_name().name());
    let found: Vec<&str> = names.filter(|name| wanted.contains(name)).collect();
    if found != wanted {
        return Err("Fa");
    }
    let kind = match at(fa, &["RodzajFaktury"]).as_deref() {
        Some("VAT") => "Vat",
        Some("KOR") => "Kor",
        Some("ZAL") => "Zal",
        Some("ROZ") => "Roz",
        Some("UPR") => "Upr",
        Some("KOR_ZAL") => "KorZal",
        Some("KOR_ROZ") => "KorRoz",
        _ => return Err("RodzajFaktury"),
    };
    let (mut net, mut vat) = (Decimal::ZERO, Decimal::ZERO);
    for node in fa.children().filter(Node::is_element) {
        let name = node.tag_name().name();
        if name.starts_with("P_13_") {
            net += amount(node.text()).ok_or("P_13")?;
        } else if name.starts_with("P_14_") && !name.ends_with('W') {
            vat += amount(node.text()).ok_or("P_14")?;
        }
    }
    let gross = amount(at(fa, &["P_15"]).as_deref()).ok_or("P_15")?;
    let own = fa.children().find(|node| node.tag_name().name() == "Adnotacje");
    let self_invoicing = own.and_then(|node| at(node, &["P_17"])).ok_or("Adnotacje")? == "1";
    let number = number(at(fa, &["P_2"])).ok_or("P_2")?;
    Ok((number, date(at(fa, &["P_1"])).ok_or("P_1")?, kind, [net, vat, gross], self_invoicing))
}

/// What stands in `FakturaRR`.
fn rr(fa: Node<'_, '_>) -> Result<Content, &'static str> {
    let kind = match at(fa, &["RodzajFaktury"]).as_deref() {
        Some("VAT_RR") => "VatRr",
        Some("KOR_VAT_RR") => "KorVatRr",
        _ => return Err("RodzajFaktury"),
    };
    let money = |name| amount(at(fa, &[name]).as_deref());
    let net = money("P_11_1").ok_or("P_11_1")?;
    let vat = money("P_11_2").ok_or("P_11_2")?;
    let gross = money("P_12_1").ok_or("P_12_1")?;
    let number = number(at(fa, &["P_4C"])).ok_or("P_4C")?;
    Ok((number, date(at(fa, &["P_4B"])).ok_or("P_4B")?, kind, [net, vat, gross], false))
}

fn number(text: Option<String>) -> Option<String> {
    text.filter(|number| (1..=256).contains(&number.chars().count()))
}

fn date(text: Option<String>) -> Option<NaiveDate> {
    text?.parse().ok()
}

fn amount(text: Option<&str>) -> Option<Decimal> {
    Decimal::from_str_exact(text?.trim()).ok()
}

fn party(node: Node<'_, '_>) -> Option<Party> {
    let data = node.children().find(|child| child.tag_name().name() == "DaneIdentyfikacyjne")?;
    let field = |name: &str| at(data, &[name]);
    let (kind, value) = if let Some(nip) = field("NIP") {
        numbers::is_nip(&nip).then_some(("Nip", Some(nip)))?
    } else if let Some(internal) = field("IDWew") {
        ("InternalId", Some(internal))
    } else if let Some(number) = field("NrVatUE") {
        ("VatUe", Some(format!("{}{number}", field("KodUE").unwrap_or_default())))
    } else if let Some(number) = field("NrID") {
        ("Other", Some(number))
    } else {
        (field("BrakID")? == "1").then_some(("None", None))?
    };
    Some(Party { kind, value, name: field("Nazwa") })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn fa3(number: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"><Naglowek>\
             <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
             <WariantFormularza>3</WariantFormularza>\
             <DataWytworzeniaFa>2026-01-31T08:00:00Z</DataWytworzeniaFa></Naglowek>\
             <Podmiot1><DaneIdentyfikacyjne><NIP>9990000103</NIP><Nazwa>A</Nazwa>\
             </DaneIdentyfikacyjne></Podmiot1>\
             <Podmiot2><DaneIdentyfikacyjne><BrakID>1</BrakID></DaneIdentyfikacyjne>\
             <JST>2</JST><GV>2</GV></Podmiot2>\
             <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
             <P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_14_1W>9</P_14_1W>\
             <P_13_3>1</P_13_3><P_15>124.00</P_15>\
             <Adnotacje><P_16>2</P_16><P_17>2</P_17></Adnotacje>\
             <RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>"
        )
    }

    fn code(text: &str) -> u16 {
        read(text.as_bytes(), &FORMS[1]).unwrap_err().code
    }

    #[test]
    fn amounts_are_summed_exactly() {
        let read = read(fa3("F/1").as_bytes(), &FORMS[1]).unwrap();
        assert_eq!((read.net, read.vat), (Decimal::new(10100, 2), Decimal::new(2300, 2)));
        assert_eq!((read.seller.nip(), read.kind), (Some("9990000103"), "Vat"));
        assert_eq!((read.buyer.kind, read.attachment), ("None", false));
    }

    #[test]
    fn what_may_not_be_in_a_file_is_refused_with_430() {
        let good = fa3("1");
        assert_eq!(code(&format!("\u{feff}{good}")), 430);
        assert_eq!(code(&good.replace("UTF-8", "windows-1250")), 430);
        assert_eq!(code(&good.replace("<Faktura", "<!DOCTYPE a><Faktura")), 430);
        assert_eq!(code(&good.replace("<Fa>", "<?a b?><Fa>")), 430);
        assert_eq!(code(&good.replace("<Nazwa>A", "<Nazwa>\u{85}A\u{80}")), 430);
        assert_eq!(code("<Faktura"), 430);
    }

    #[test]
    fn what_the_schema_wants_is_refused_with_450() {
        for missing in
            ["<P_2>1</P_2>", "<P_15>124.00</P_15>", "<JST>2</JST>", "<KodWaluty>PLN</KodWaluty>"]
        {
            assert_eq!(code(&fa3("1").replace(missing, "")), 450, "{missing}");
        }
        assert_eq!(code(&fa3("1").replace("2025/06/25/13775", "2023/06/29/12648")), 450);
        assert_eq!(code(&fa3("1").replace("2026-01-31<", "2026-02-31<")), 450);
        let other = "<Stopka/><Zalacznik/></Faktura>";
        let attached = fa3("1").replace("</Faktura>", other);
        assert!(read(attached.as_bytes(), &FORMS[1]).unwrap().attachment);
    }

    #[test]
    fn batches_do_not_take_pef() {
        assert_eq!(FORMS.map(|form| form.in_batches), [true, true, false, false, true]);
    }

    #[test]
    fn samples_of_the_ministry_are_read() {
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/ksef-v2/samples");
        let folder = std::path::Path::new(folder);
        if !folder.exists() {
            println!("SKIPPED: the folder ../shared/reference does not exist");
            return;
        }
        let mut count = 0;
        for name in ["fa3-ministry", "fa3-types"] {
            for entry in std::fs::read_dir(folder.join(name)).unwrap() {
                let path = entry.unwrap().path();
                let bytes = std::fs::read(&path).unwrap();
                let form = FormCode::of_document(&bytes).unwrap();
                let read = read(&bytes, form);
                assert!(read.is_ok(), "{}: {:?}", path.display(), read.unwrap_err());
                count += 1;
            }
        }
        assert!(count > 10, "only {count} samples");
    }
}
