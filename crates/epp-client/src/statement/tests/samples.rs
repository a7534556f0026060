//! An invented statement in both forms: an executed debit, a debit that was not executed, a credit.

/// The account of the statement.
pub(super) const ACCOUNT: &str = "840000000010284941";

type Record = &'static [(&'static str, &'static str)];

const HEADER: Record = &[
    ("Sediste", "40200"),
    ("NazivSedista", "BEOGRAD"),
    ("DatumIzvoda", "2024-04-24"),
    ("TipSloga", "0"),
];

const SUMMARY: Record = &[
    ("RacunIzvoda", ACCOUNT),
    ("Naziv", "IZMIŠLJENA USTANOVA"),
    ("Mesto", "BEOGRAD"),
    ("BrNalogaDuguje", "1"),
    ("BrNalogaPotrazuje", "1"),
    ("KumulativnoDuguje", "9001.10"),
    ("KumulativnoPotrazuje", "12000.00"),
    ("PrethodniSaldo", "861.44"),
    ("IznosDuguje", "9001.10"),
    ("IznosPotrazuje", "12000.00"),
    ("Saldo", "3860.34"),
    ("DatumIzvoda", "2024-04-24"),
    ("BrojIzvoda", "81"),
    ("RbrObrada", "1"),
    ("TipSloga", "9"),
];

const PAID: Record = &[
    ("RacunZaduzenja", ACCOUNT),
    ("NazivZaduzenja", "IZMIŠLJENA USTANOVA"),
    ("MestoZaduzenja", "BEOGRAD"),
    ("IzvorInformacije", "1"),
    ("ModelPozivaZaduzenja", "97"),
    ("PozivZaduzenja", "780123456789"),
    ("SifraPlacanja", "221"),
    ("Iznos", "9001.10"),
    ("RacunOdobrenja", "840000000023566472"),
    ("NazivOdobrenja", "NEPOSTOJEĆI DOBAVLJAČ"),
    ("MestoOdobrenja", ""),
    ("ModelPozivaOdobrenja", ""),
    ("PozivOdobrenja", "3965040"),
    ("SvrhaDoznake", "Porez po rešenju"),
    ("PodatakZaReklamaciju", "EPP41077"),
    ("DatumValute", "2024-04-24"),
    ("NacinObracuna", "1"),
    ("PrioritetNaloga", "50"),
    ("VremeUnosa", "2024-04-24T12:16:46"),
    ("VremeIzvrsenja", "2024-04-24T13:40:35"),
    ("StatusNaloga", "2"),
    ("TipSloga", "1"),
];

const REFUSED: Record = &[
    ("RacunZaduzenja", ACCOUNT),
    ("IzvorInformacije", "13"),
    ("SifraPlacanja", "221"),
    ("Iznos", "77.00"),
    ("RacunOdobrenja", "840000000000199269"),
    ("PozivOdobrenja", "15"),
    ("PodatakZaReklamaciju", "EPP41078"),
    ("VremeUnosa", "2024-04-24T12:17:00"),
    ("VremeIzvrsenja", ""),
    ("StatusNaloga", "9"),
];

const RECEIVED: Record = &[
    ("RacunZaduzenja", "840000000023566472"),
    ("IzvorInformacije", "20"),
    ("SifraPlacanja", "253"),
    ("Iznos", "12000.00"),
    ("RacunOdobrenja", ACCOUNT),
    ("PodatakZaReklamaciju", "840240424IZM0000001"),
    ("VremeIzvrsenja", "2024-04-24T09:00:05"),
    ("StatusNaloga", "2"),
];

/// The statement as XML, with dates as XML has them.
pub(super) fn xml() -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Dokument>\n".to_owned();
    let records = [("Zaglavlje", HEADER), ("Zbirni", SUMMARY)];
    let items = [PAID, REFUSED, RECEIVED].map(|item| ("Stavka", item));
    for (name, record) in records.into_iter().chain(items) {
        let fields = record.iter().map(|(name, value)| {
            let value = serbian_date(value);
            format!("    <{name}>{value}</{name}>\n")
        });
        let fields = fields.collect::<Vec<_>>().concat();
        text.extend(["  <", name, ">\n", &fields, "  </", name, ">\n"]);
    }
    text + "</Dokument>\n"
}

/// The statement as JSON, with amounts and counts as numbers.
pub(super) fn json() -> String {
    let object = |record: Record| {
        let is_number = |name: &str, value: &str| {
            value.contains('.') || name.starts_with("Br") || name == "RbrObrada"
        };
        let members = record.iter().map(|(name, value)| {
            if is_number(name, value) {
                format!("\"{name}\":{value}")
            } else {
                format!("\"{name}\":\"{value}\"")
            }
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let items = [PAID, REFUSED, RECEIVED].map(object).join(",");
    let (header, summary) = (object(HEADER), object(SUMMARY));
    format!("{{\"Zaglavlje\":{header},\"Zbirni\":{summary},\"Stavka\":[{items}]}}")
}

/// `2024-04-24T12:16:46` as `24.04.2024 12:16:46`; anything else as it is.
fn serbian_date(text: &str) -> String {
    let moment = crate::model::Moment::from(text);
    if !moment.is_iso() {
        return text.to_owned();
    }
    match (moment.local(), moment.day()) {
        (Some(local), _) => local.format("%d.%m.%Y %H:%M:%S").to_string(),
        (None, Some(day)) => day.format("%d.%m.%Y").to_string(),
        (None, None) => text.to_owned(),
    }
}
