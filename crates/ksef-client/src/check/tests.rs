//! What the service demands beyond the schema, and that no input is too much.

use chrono::NaiveDate;

use super::*;
use crate::v2::{Environment, FormCode, sessions::SessionType};

/// An invoice in FA(3) that passes everywhere; its tax numbers have right check digits.
const INVOICE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">
<Naglowek>
<KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>
<WariantFormularza>3</WariantFormularza>
<DataWytworzeniaFa>2026-02-01T12:00:00Z</DataWytworzeniaFa>
</Naglowek>
<Podmiot1>
<DaneIdentyfikacyjne><NIP>1234563218</NIP><Nazwa>Zmyślona</Nazwa></DaneIdentyfikacyjne>
<Adres><KodKraju>PL</KodKraju><AdresL1>ul. Żadna 1</AdresL1></Adres>
</Podmiot1>
<Podmiot2>
<DaneIdentyfikacyjne><NIP>1111111111</NIP><Nazwa>Wymyślona</Nazwa></DaneIdentyfikacyjne>
<JST>2</JST>
<GV>2</GV>
</Podmiot2>
<Fa>
<KodWaluty>PLN</KodWaluty>
<P_1>2026-02-01</P_1>
<P_2> FV/1 </P_2>
<P_15>0</P_15>
<Adnotacje>
<P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A>
<Zwolnienie><P_19N>1</P_19N></Zwolnienie>
<NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu>
<P_23>2</P_23>
<PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy>
</Adnotacje>
<RodzajFaktury>VAT</RodzajFaktury>
</Fa>
</Faktura>
";

fn production() -> Profile {
    Profile::at(&Environment::Production)
}

/// The kinds, paths and lines of what is found.
fn found(invoice: &str, profile: &Profile) -> Vec<(FindingKind, String, usize)> {
    let report = check(invoice.as_bytes(), profile);
    let told = |one: &Finding| (one.kind(), one.path().to_owned(), one.line());
    report.findings().iter().map(told).collect()
}

#[test]
fn a_right_invoice_passes_and_has_its_key() {
    let report = check(INVOICE.as_bytes(), &production().form(FormCode::FA_3));
    assert_eq!(report.findings(), []);
    assert!(report.passes() && report.is_complete());
    assert_eq!(report.schema(), Some(&FormCode::FA_3));
    assert_eq!(report.duplicate_key(), Some(&DuplicateKey::new("1234563218", "VAT", "FV/1")));
}

#[test]
fn an_invoice_that_was_sent_before_is_a_duplicate() {
    let sent = DuplicateKey::new("1234563218", "VAT", "FV/1");
    let report = check_against(INVOICE.as_bytes(), &production(), |key| *key == sent);
    let [finding] = report.findings() else { panic!("{:?}", report.findings()) };
    assert_eq!((finding.kind(), finding.line()), (FindingKind::Duplicate, 20));
    assert_eq!(finding.path(), "/Faktura/Fa/P_2");
}

#[test]
fn check_digits_count_where_they_are_enforced() {
    let wrong = INVOICE.replace("1234563218", "1234563219");
    let seller = "/Faktura/Podmiot1/DaneIdentyfikacyjne/NIP".to_owned();
    let expected = [(FindingKind::CheckDigit, seller, 9)];
    assert_eq!(found(&wrong, &production()), expected);
    assert_eq!(found(&wrong, &Profile::at(&Environment::Test)), []);
    let test = Profile::at(&Environment::Test).check_digits(CheckDigits::Enforced);
    assert_eq!(found(&wrong, &test), expected);
    let internal = INVOICE.replace(
        "<Fa>",
        "<Podmiot3><DaneIdentyfikacyjne><IDWew>1234563219-00001</IDWew><Nazwa>X</Nazwa></DaneIdentyfikacyjne><Rola>8</Rola></Podmiot3>\n<Fa>",
    );
    let path = "/Faktura/Podmiot3[1]/DaneIdentyfikacyjne/IDWew".to_owned();
    let wrong = (FindingKind::CheckDigit, path, 17);
    assert_eq!(found(&internal, &production()), std::slice::from_ref(&wrong));
    let right = internal.replace("1234563219", "1234563218");
    assert_eq!(found(&right, &production()), []);
    // The schema takes the digits of all scripts, which have several bytes each.
    let other =
        internal.replace("1234563219", "123\u{966}\u{966}\u{966}\u{966}\u{966}\u{966}\u{966}");
    assert_eq!(found(&other, &production()), [wrong]);
}

#[test]
fn attachments_go_in_batches_once_they_are_announced() {
    let attached = INVOICE.replace("</Fa>\n", "</Fa>\n<Zalacznik/>\n");
    let refused = |profile: &Profile| {
        let found = found(&attached, profile).into_iter();
        found.filter(|one| one.0 == FindingKind::Attachment).collect::<Vec<_>>()
    };
    let expected = [(FindingKind::Attachment, "/Faktura/Zalacznik".to_owned(), 31)];
    assert_eq!(refused(&production()), []);
    assert_eq!(refused(&production().session(SessionType::Batch)), []);
    assert_eq!(refused(&production().session(SessionType::Online)), expected);
    assert_eq!(refused(&production().session(SessionType::Batch).without_attachments()), expected);
    assert_eq!(
        found(INVOICE, &production().session(SessionType::Online).without_attachments()),
        []
    );
}

#[test]
fn the_day_of_issue_is_not_later_than_the_acceptance() {
    let accepted = |day| production().accepted_on(NaiveDate::from_ymd_opt(2026, 2, day).unwrap());
    assert_eq!(found(INVOICE, &accepted(1)), []);
    let eve = production().accepted_on(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap());
    let expected = (FindingKind::IssueDate, "/Faktura/Fa/P_1".to_owned(), 19);
    assert_eq!(found(INVOICE, &eve), [expected]);
}

#[test]
fn forms_belong_to_sessions_and_environments() {
    let form = |says: &Report| says.findings().iter().map(Finding::kind).collect::<Vec<_>>();
    let check = |invoice: &str, profile: &Profile| form(&check(invoice.as_bytes(), profile));
    assert_eq!(check(INVOICE, &production().form(FormCode::FA_RR)), [FindingKind::Form]);
    let fa_2 = "<Faktura xmlns='http://crd.gov.pl/wzor/2023/06/29/12648/'/>";
    assert_eq!(check(fa_2, &production())[0], FindingKind::Form);
    assert_ne!(check(fa_2, &Profile::at(&Environment::Test))[0], FindingKind::Form);
    assert_eq!(check("<Faktura/>", &production()), [FindingKind::Form]);
    let other = FormCode::new("FA (4)", "1-0E", "FA");
    assert_eq!(check("<Faktura/>", &production().form(other)), []);
    let pef = "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>";
    assert_eq!(check(pef, &production()), []);
    assert_eq!(check(pef, &production().session(SessionType::Batch)), [FindingKind::Form]);
    assert_eq!(check(pef, &production().session(SessionType::Online)), []);
    let report = super::check(pef.as_bytes(), &production());
    assert!(report.schema().is_none() && !report.passes());
}

#[test]
fn what_is_forbidden_beyond_xml_is_found_and_can_be_let_through() {
    use FindingKind::{DiscouragedCharacter, DocumentType, ProcessingInstruction};
    let cases = [
        (INVOICE.replace("<Fa>", "<?style a?><Fa>"), ProcessingInstruction, "/Faktura", 17),
        (INVOICE.replace("<Faktura", "<!DOCTYPE Faktura>\n<Faktura"), DocumentType, "/", 2),
        (INVOICE.replace("FV/1", "FV\u{7F}1"), DiscouragedCharacter, "/", 20),
        (INVOICE.replace("FV/1", "FV&#x80;1"), DiscouragedCharacter, "/", 20),
        (INVOICE.replace("FV/1", "FV\u{1FFFE}1"), DiscouragedCharacter, "/", 20),
    ];
    for (invoice, kind, path, line) in cases {
        assert_eq!(found(&invoice, &production()), [(kind, path.to_owned(), line)]);
        assert_eq!(found(&invoice, &production().ignoring(kind)), []);
    }
}

#[test]
fn bytes_that_are_no_plain_utf_8_are_refused() {
    let marked = format!("\u{FEFF}{INVOICE}");
    assert_eq!(found(&marked, &production()), [(FindingKind::ByteOrderMark, "/".to_owned(), 1)]);
    let latin = INVOICE.replace("UTF-8", "ISO-8859-2");
    assert_eq!(found(&latin, &production()), [(FindingKind::Encoding, "/".to_owned(), 1)]);
    let mut bytes = INVOICE.as_bytes().to_vec();
    let at = INVOICE.find("FV").unwrap();
    bytes[at] = 0xFF;
    let report = check(&bytes, &production());
    let [finding] = report.findings() else { panic!("{:?}", report.findings()) };
    assert_eq!(finding.kind(), FindingKind::Encoding);
    assert_eq!((finding.line(), finding.column(), finding.offset()), (20, 7, at));
    let wide: Vec<u8> = INVOICE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(!check(&wide, &production()).passes());
    assert!(!check(b"", &production()).passes());
}

#[test]
fn an_attachment_makes_room_and_too_much_is_not_read() {
    let sizes = |invoice: &str| {
        let found = found(invoice, &production());
        found.iter().filter(|one| one.0 == FindingKind::Size).count()
    };
    let padded = |size: usize| INVOICE.replace("<Fa>", &format!("{}<Fa>", " ".repeat(size)));
    let with_attachment = |invoice: &str| invoice.replace("</Faktura>", "<Zalacznik/></Faktura>");
    let most = padded(1_000_000 - INVOICE.len());
    assert_eq!((most.len(), sizes(&most)), (1_000_000, 0));
    assert_eq!(sizes(&padded(1_000_001 - INVOICE.len())), 1);
    assert_eq!(sizes(&with_attachment(&padded(1_500_000))), 0);
    assert_eq!(sizes(&with_attachment(&padded(3_000_000))), 1);
    let own = production().invoice_bytes(100).attachment_bytes(200);
    assert_eq!(found(INVOICE, &own), [(FindingKind::Size, "/".to_owned(), 1)]);
}

#[test]
fn everything_is_found_and_not_only_the_first() {
    use FindingKind::{Attribute, MissingElement, Unexpected, Value};
    let invoice = INVOICE
        .replace("<KodWaluty>PLN</KodWaluty>\n", "")
        .replace(">2026-02-01<", ">1.2.2026<")
        .replace("<P_15>0</P_15>", "<P_15 waluta=\"PLN\">0</P_15><P_99/>tekst")
        .replace("<JST>2</JST>\n", "");
    let kinds: Vec<_> =
        found(&invoice, &production()).into_iter().map(|(kind, path, _)| (kind, path)).collect();
    let expected = [
        (MissingElement, "/Faktura/Podmiot2/JST"),
        (MissingElement, "/Faktura/Fa/KodWaluty"),
        (Value, "/Faktura/Fa/P_1"),
        (Attribute, "/Faktura/Fa/P_15/@waluta"),
        (Unexpected, "/Faktura/Fa/P_99"),
        (Unexpected, "/Faktura/Fa"),
    ];
    assert_eq!(kinds, expected.map(|(kind, path)| (kind, path.to_owned())));
}

#[test]
fn findings_are_one_line_and_repeat_no_value() {
    let invoice = INVOICE.replace("1234563218", "secret").replace("FV/1", &"secret".repeat(99));
    let report = check(invoice.as_bytes(), &production());
    assert_eq!(report.findings().len(), 2);
    for finding in report.findings() {
        let line = finding.to_string();
        assert!(!line.contains("secret") && !line.contains('\n'), "{line}");
        assert!(line.ends_with(finding.advice()) && line.contains(finding.what()), "{line}");
    }
}

#[test]
fn what_was_found_once_stays_found() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = folder.join("../../fixtures/ksef/regressions");
    for (name, kind) in [
        ("ksef_check-digit-behind-prefix.xml", FindingKind::NotWellFormed),
        ("ksef_check-digits-of-other-scripts.xml", FindingKind::CheckDigit),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let report = check(&bytes, &production());
        let kinds: Vec<_> = report.findings().iter().map(Finding::kind).collect();
        assert!(kinds.contains(&kind), "{name}: {kinds:?}");
    }
}

#[test]
fn an_attribute_stands_once_even_with_two_prefixes() {
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    let declared = format!("<Faktura xmlns:a='{xsi}' xmlns:b='{xsi}' a:schemaLocation='c d'");
    let once = INVOICE.replace("<Faktura", &declared);
    assert_eq!(found(&once, &production()), []);
    let twice = once.replace("a:schema", "b:schemaLocation='c d' a:schema");
    let expected = (FindingKind::NotWellFormed, "/".to_owned(), 2);
    assert_eq!(found(&twice, &production()), [expected]);
}

#[test]
fn what_is_deep_or_has_long_names_is_not_told_at_length() {
    let start = "<Faktura xmlns='http://crd.gov.pl/wzor/2025/06/25/13775/'>";
    for inner in ["<a>".repeat(100_000), format!("<{}>", "a".repeat(300_000))] {
        let invoice = format!("{start}{inner}{}", "<?a?>".repeat(2000));
        let report = check(invoice.as_bytes(), &production());
        let told: usize = report.findings().iter().map(|finding| finding.path().len()).sum();
        assert_eq!(report.findings().len(), 1000);
        assert!(told < 2_000_000, "{told}");
        let instruction = report.findings().iter().rev();
        let mut instruction =
            instruction.filter(|finding| finding.kind() == FindingKind::ProcessingInstruction);
        let path = instruction.next().unwrap().path();
        assert!(path.starts_with("/Faktura/") && path.ends_with("/…"), "{path}");
    }
}

/// Inputs that make careless readers slow or deep; each is read in linear time.
#[test]
fn hostile_inputs_are_read_to_their_end() {
    let start = "<Faktura xmlns='http://crd.gov.pl/wzor/2025/06/25/13775/'>";
    let count = 100_000;
    let prefixes = numbered(20_000, " xmlns:a", "='b'");
    let used = numbered(20_000, "<a", ":c/>");
    let attributes = numbered(50_000, " a", "='b'");
    for invoice in [
        format!("{start}{}", "<a>".repeat(count)),
        format!("{start}{}{}</Faktura>", "<a>".repeat(count), "</a>".repeat(count)),
        format!("{start}{}</Faktura>", "<Podmiot1/>".repeat(count)),
        format!("{start}{}</Faktura>", "x<a/>".repeat(count)),
        format!("{start}{}</Faktura>", "&amp;".repeat(count)),
        format!("<a{prefixes}>{used}</a>"),
        format!("<a{attributes}/>"),
        format!("{start}<Podmiot1 {}/></Faktura>", "x".repeat(count)),
        format!("{start}<!--{}--></Faktura>", "-".repeat(count)),
        "<!DOCTYPE ".repeat(count),
        "\u{7F}".repeat(count),
    ] {
        let report = check(invoice.as_bytes(), &production());
        assert!(!report.passes() && report.findings().len() <= 1000);
    }
    let many = format!("{start}{}</Faktura>", "<Podmiot1/>".repeat(count));
    assert!(!check(many.as_bytes(), &production()).is_complete());
}

/// A piece for each number, one after the other.
fn numbered(count: usize, before: &str, after: &str) -> String {
    let pieces: Vec<_> = (0..count).map(|number| format!("{before}{number}{after}")).collect();
    pieces.concat()
}
