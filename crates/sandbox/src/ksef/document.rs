//! Invoices as the system reads them: FA (1) and FA (2), as far as a session, a query and the
//! business checks look at them (KSeF 1.x facts §5; the published schemas of both forms).
//!
//! This is not a full schema check: the order of the top level, the presence and the form of what
//! is read here, and nothing below it.

use chrono::NaiveDate;
use roxmltree::{Document, Node};
use rust_decimal::Decimal;

use super::xml::{Children, at};

/// The kinds of an invoice that the two forms know.
const KINDS: [&str; 7] = ["VAT", "KOR", "ZAL", "ROZ", "UPR", "KOR_ZAL", "KOR_ROZ"];

/// A declared or found form of invoices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) system_code: String,
    pub(crate) schema_version: String,
    pub(crate) namespace: String,
    pub(crate) value: String,
}

impl Form {
    /// The forms that can be sent.
    pub(crate) fn known() -> [Self; 2] {
        let form = |code: &str, namespace: &str| Self {
            system_code: code.to_owned(),
            schema_version: "1-0E".to_owned(),
            namespace: format!("http://crd.gov.pl/wzor/{namespace}/"),
            value: "FA".to_owned(),
        };
        [form("FA (1)", "2021/11/29/11089"), form("FA (2)", "2023/06/29/12648")]
    }

    /// Whether invoices of this form are taken.
    pub(crate) fn is_known(&self) -> bool {
        Self::known().contains(self)
    }

    /// What a list of invoices calls the schema: for one `V2`.
    pub(crate) fn version(&self) -> &'static str {
        if self.system_code == "FA (1)" { "V1" } else { "V2" }
    }
}

/// What an invoice says.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) seller: Party,
    pub(crate) buyer: Party,
    pub(crate) others: Vec<(Party, &'static str)>,
    pub(crate) authorized: Option<(Party, &'static str)>,
    pub(crate) number: String,
    pub(crate) issued: NaiveDate,
    pub(crate) kind: &'static str,
    pub(crate) currency: String,
    pub(crate) net: Decimal,
    pub(crate) vat: Decimal,
    pub(crate) gross: Decimal,
    /// The buyer issues in the seller's name (field `P_17`).
    pub(crate) self_invoicing: bool,
    /// The numbers that the corrected invoices got from the system, as far as they are named.
    pub(crate) corrected: Vec<String>,
    pub(crate) version: &'static str,
}

/// Somebody on an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) id: PartyId,
    pub(crate) name: PartyName,
}

/// How somebody is identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartyId {
    Nip(String),
    VatUe(String),
    Other(String),
    Internal(String),
    None,
}

/// What somebody is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartyName {
    Full(String),
    Person { first: String, surname: String },
    None,
}

impl Party {
    /// The NIP if that is what identifies them.
    pub(crate) fn nip(&self) -> Option<&str> {
        match &self.id {
            PartyId::Nip(nip) => Some(nip),
            _ => None,
        }
    }
}

/// Why a document is refused: an exception code and what it is about, without any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) about: String,
}

fn refusal(code: u32, about: &str) -> Refusal {
    Refusal { code, about: about.to_owned() }
}

/// Reads an invoice of the form that its session declared.
pub(crate) fn read(bytes: &[u8], form: &Form) -> Result<Invoice, Refusal> {
    let text = allowed(bytes)?;
    let document = Document::parse(text).map_err(|_| refusal(21001, "XML"))?;
    let root = document.root_element();
    let head = root.descendants().find(|node| node.tag_name().name() == "KodFormularza");
    let declared = head.is_some_and(|code| {
        code.attribute("kodSystemowy") == Some(&form.system_code)
            && code.attribute("wersjaSchemy") == Some(&form.schema_version)
            && code.text().map(str::trim) == Some(&form.value)
    });
    let space = root.tag_name().namespace().unwrap_or_default();
    if root.tag_name().name() != "Faktura" || space != form.namespace || !declared {
        let known = Form::known().iter().any(|known| known.namespace == space);
        return Err(refusal(if known { 21416 } else { 21401 }, "Faktura"));
    }
    body(root, form).ok_or_else(|| refusal(21401, "Faktura")).and_then(|read| read)
}

/// The text, if it has nothing that may never be in a document (KSeF 1.x facts §14, pitfall 14).
fn allowed(bytes: &[u8]) -> Result<&str, Refusal> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(refusal(20001, "BOM"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refusal(21217, "UTF-8"))?;
    if text.contains("<!DOCTYPE") {
        return Err(refusal(20002, "DTD"));
    }
    if text.contains("<![CDATA[") {
        return Err(refusal(20003, "CDATA"));
    }
    Ok(text)
}

/// The parts in their order; `None` stands for a part that cannot be read.
fn body(root: Node<'_, '_>, form: &Form) -> Option<Result<Invoice, Refusal>> {
    let space = form.namespace.as_str();
    let mut parts = Children::of(root).ok()?;
    let head = parts.take(space, "Naglowek").ok()?;
    let made = at(head, &["DataWytworzeniaFa"])?;
    chrono::DateTime::parse_from_rfc3339(&made).ok()?;
    let seller = party(parts.take(space, "Podmiot1").ok()?)?;
    let buyer = party(parts.take(space, "Podmiot2").ok()?)?;
    let mut others = Vec::new();
    while let Some(node) = parts.optional(space, "Podmiot3") {
        others.push((party(node)?, other_role(at(node, &["Rola"]).as_deref())?));
    }
    let authorized = match parts.optional(space, "PodmiotUpowazniony") {
        Some(node) => Some((party(node)?, authorized_role(&at(node, &["RolaPU"])?)?)),
        None => None,
    };
    let fa = parts.take(space, "Fa").ok()?;
    let _ = parts.optional(space, "Stopka");
    parts.end().ok()?;
    seller.nip()?;
    let kind = at(fa, &["RodzajFaktury"])?;
    let currency = at(fa, &["KodWaluty"])?;
    let currency_fits = currency.len() == 3 && currency.bytes().all(|it| it.is_ascii_uppercase());
    let number = at(fa, &["P_2"]).filter(|number| (1..=256).contains(&number.chars().count()))?;
    let notes = fa.children().find(|node| node.tag_name().name() == "Adnotacje")?;
    let (net, vat) = sums(fa)?;
    if !currency_fits || !in_order(fa) {
        return None;
    }
    Some(Ok(Invoice {
        seller,
        buyer,
        others,
        authorized,
        number,
        issued: at(fa, &["P_1"])?.parse().ok()?,
        kind: KINDS.into_iter().find(|known| *known == kind)?,
        currency,
        net,
        vat,
        gross: amount(&at(fa, &["P_15"])?)?,
        self_invoicing: at(notes, &["P_17"])? == "1",
        corrected: corrected(fa),
        version: form.version(),
    }))
}

/// What a correction says about its originals, each of which may be from before the system.
fn corrected(fa: Node<'_, '_>) -> Vec<String> {
    let originals = fa.children().filter(|node| node.tag_name().name() == "DaneFaKorygowanej");
    originals.filter_map(|node| at(node, &["NrKSeFFaKorygowanej"])).collect()
}

/// What every invoice must have stands in the order of the schema.
fn in_order(fa: Node<'_, '_>) -> bool {
    let wanted = ["KodWaluty", "P_1", "P_2", "P_15", "Adnotacje", "RodzajFaktury"];
    let found: Vec<&str> = fa
        .children()
        .map(|node| node.tag_name().name())
        .filter(|name| wanted.contains(name))
        .collect();
    found == wanted
}

/// The sums of the net amounts (fields `P_13_…`) and of the tax (`P_14_1` to `P_14_5`).
fn sums(fa: Node<'_, '_>) -> Option<(Decimal, Decimal)> {
    let (mut net, mut vat) = (Decimal::ZERO, Decimal::ZERO);
    for node in fa.children().filter(Node::is_element) {
        let name = node.tag_name().name();
        if name.starts_with("P_13_") {
            net = net.checked_add(amount(node.text()?)?)?;
        } else if name.starts_with("P_14_") && !name.ends_with('W') {
            vat = vat.checked_add(amount(node.text()?)?)?;
        }
    }
    Some((net, vat))
}

fn amount(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text.trim()).ok()
}

fn party(node: Node<'_, '_>) -> Option<Party> {
    let data = node.children().find(|child| child.tag_name().name() == "DaneIdentyfikacyjne")?;
    let field = |name: &str| at(data, &[name]);
    let id = if let Some(nip) = field("NIP") {
        super::numbers::is_nip(&nip).then_some(PartyId::Nip(nip))?
    } else if let Some(internal) = field("IDWew") {
        PartyId::Internal(internal)
    } else if let Some(number) = field("NrVatUE") {
        PartyId::VatUe(format!("{}{number}", field("KodUE").unwrap_or_default()))
    } else if let Some(number) = field("NrID") {
        PartyId::Other(number)
    } else {
        (field("BrakID")? == "1").then_some(PartyId::None)?
    };
    let name = if let Some(name) = field("Nazwa").or_else(|| field("PelnaNazwa")) {
        PartyName::Full(name)
    } else if let (Some(first), Some(surname)) = (field("ImiePierwsze"), field("Nazwisko")) {
        PartyName::Person { first, surname }
    } else {
        PartyName::None
    };
    Some(Party { id, name })
}

/// The role of a third party by its number; without a number it is described in words.
fn other_role(number: Option<&str>) -> Option<&'static str> {
    Some(match number {
        Some("1") => "factor",
        Some("2") => "recipient",
        Some("3") => "original_subject",
        Some("4") => "additional_purchaser",
        Some("5") => "invoice_issuer",
        Some("6") => "payer",
        Some("7" | "8" | "9" | "10") | None => "other",
        Some(_) => return None,
    })
}

fn authorized_role(number: &str) -> Option<&'static str> {
    Some(match number {
        "1" => "enforcement_authority",
        "2" => "court_bailiff",
        "3" => "tax_representative",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fa2() -> Form {
        Form::known()[1].clone()
    }

    fn invoice(number: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Faktura xmlns=\"http://crd.gov.pl/wzor/2023/06/29/12648/\"><Naglowek>\
             <KodFormularza kodSystemowy=\"FA (2)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
             <WariantFormularza>2</WariantFormularza>\
             <DataWytworzeniaFa>2026-01-31T08:00:00Z</DataWytworzeniaFa></Naglowek>\
             <Podmiot1><DaneIdentyfikacyjne><NIP>9990000101</NIP><Nazwa>A</Nazwa>\
             </DaneIdentyfikacyjne></Podmiot1>\
             <Podmiot2><DaneIdentyfikacyjne><BrakID>1</BrakID></DaneIdentyfikacyjne></Podmiot2>\
             <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
             <P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_14_1W>9</P_14_1W>\
             <P_13_3>1</P_13_3><P_15>124.00</P_15>\
             <Adnotacje><P_16>2</P_16><P_17>2</P_17></Adnotacje>\
             <RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>"
        )
    }

    fn code(text: &str) -> u32 {
        read(text.as_bytes(), &fa2()).unwrap_err().code
    }

    #[test]
    fn amounts_are_summed_exactly() {
        let read = read(invoice("F/1").as_bytes(), &fa2()).unwrap();
        assert_eq!((read.net, read.vat), (Decimal::new(10100, 2), Decimal::new(2300, 2)));
        assert_eq!(read.seller.nip(), Some("9990000101"));
        assert_eq!(read.buyer.id, PartyId::None);
    }

    #[test]
    fn amounts_that_add_up_to_more_than_can_be_held_are_refused() {
        let most = Decimal::MAX.to_string();
        assert_eq!(code(&invoice("1").replace("100.00", &most)), 21401);
    }

    #[test]
    fn what_may_not_be_in_a_document_is_named() {
        assert_eq!(code(&format!("\u{feff}{}", invoice("1"))), 20001);
        assert_eq!(code(&invoice("1").replace("<Faktura", "<!DOCTYPE a><Faktura")), 20002);
        assert_eq!(code(&invoice("<![CDATA[1]]>")), 20003);
        assert_eq!(read(b"<Faktura>\xff</Faktura>", &fa2()).unwrap_err().code, 21217);
        assert_eq!(code("<Faktura>"), 21001);
    }

    #[test]
    fn another_form_is_told_from_a_wrong_document() {
        assert_eq!(code(&invoice("1").replace("2023/06/29/12648", "2021/11/29/11089")), 21416);
        assert_eq!(code("<a/>"), 21401);
        for missing in ["<P_2>1</P_2>", "<P_15>124.00</P_15>", "<RodzajFaktury>VAT</RodzajFaktury>"]
        {
            assert_eq!(code(&invoice("1").replace(missing, "")), 21401, "{missing}");
        }
        assert_eq!(code(&invoice("1").replace("2026-01-31<", "2026-02-31<")), 21401);
    }
}
