//! The codes of the CPD server and how it refuses (source document, 2.2.9 and 2.4.10).

use serde_json::json;

use super::Crk;
use crate::front::Mood;
use crate::reply::Reply;

/// Code, HTTP status and message of every error.
const ERRORS: &[(&str, u16, &str)] = &[
    ("B01", 406, "Niewlasciwa komenda."),
    ("B02", 406, "Brak w repozytorium certyfikatow CPD."),
    ("B03", 406, "Numer unikatowy nie nalezy do puli numerow."),
    ("B04", 406, "Brak uprawnień serwisanta."),
    ("B05", 406, "Bledna postac numeru unikatowego."),
    ("B06", 406, "Brak certyfikatow kasy."),
    ("B07", 406, "Brak zainicjowania fiskalizacji."),
    ("B08", 406, "Brak danych o kasie w Repozytorium."),
    ("B09", 406, "Kasa niezafiskalizowana."),
    ("B10", 406, "Bledny certyfikat"),
    ("B11", 406, "Bledny NIP"),
    ("B12", 406, "Program kasy nie zostal poprawnie zweryfikowany"),
    ("B13", 406, "Niewlasciwa dlugosc danych"),
    ("E01", 400, "Bledny commandId lub naglowek."),
    ("E02", 400, "Komunikat wejsciowy jest niepoprawny."),
    ("E03", 400, "Komunikat wyjsciowy jest niepoprawny."),
    ("E04", 500, "Wywolanie SQL zakonczone niepowodzeniem."),
    ("E05", 500, "Blad ogolny. Tresc bledu:"),
    ("E06", 500, "Blad ogolny Mbroker."),
    ("E07", 500, "Blad podczas proby wlozenia komunikatu do Azure Service Bus."),
];

/// Descriptions of the fiscalisation status, by code.
const STATUSES: &[&str] = &[
    "Sukces",
    "odmowa fiskalizacji, bledny numer fabryczny",
    "odmowa fiskalizacji, bledny numer unikatowy",
    "odmowa fiskalizacji, bledny numer ewidencyjny",
    "odmowa fiskalizacji, bledny numer NIP",
    "odmowa fiskalizacji, brak uprawnień serwisanta",
    "odmowa fiskalizacji, bledny numer fabryczny lub unikatowy",
    "odmowa fiskalizacji, bledny numer fabryczny lub ewidencyjny",
    "odmowa fiskalizacji, operacja niedopuszczalna",
    "odmowa fiskalizacji, kasa w trakcie fiskalizacji z innym NIP",
    "odmowa fiskalizacji, brak lub bledny numer ewidencyjny",
    "odmowa fiskalizacji, kasa nie wyrejstrowana",
    "odmowa fiskalizacji, pamiec fiskalna zamknieta",
    "odmowa fiskalizacji, bledny numer NIP lub numer ewidencyjny",
    "odmowa fiskalizacji, poprzednia pamiec fiskalna nie zamknieta",
    "odmowa fiskalizacji, blad techniczny, skontaktuj sie z administratorem",
    "odmowa fiskalizacji, kasa zafiskalizowana",
    "odmowa fiskalizacji, brak certyfikatow Kasy",
    "odmowa fiskalizacji, NIP Wlasciela inny niz w certyfikacie urzadzenia fiskalnego",
    "odmowa fiskalizacji, brak pozytywnej weryfikacji homologacji programu pracy urzadzenia fiskalnego",
];

/// The description of a fiscalisation status, if the code exists.
pub(super) fn status(code: u8) -> Option<&'static str> {
    STATUSES.get(usize::from(code)).copied()
}

/// The answer of the CPD server with an error code; an unknown code travels as HTTP 406.
///
/// The members of the answer are published for the WebApi only, so a hostile server spells them
/// in other ways too (CRK facts §7, 12 and 13).
pub(super) fn refusal(crk: &Crk, code: &str) -> Reply {
    let known = ERRORS.iter().find(|(name, ..)| *name == code);
    let (_, status, message) = known.copied().unwrap_or((code, 406, "Blad"));
    let context = crk.context();
    let hostile = context.mood == Mood::Hostile;
    // The server pads the messages of these codes with text of its own.
    let padding = if code.starts_with('E') && hostile { " [BIP0301E]" } else { "" };
    let message = format!("{message}{padding}");
    let id = &context.chance.uuid().simple().to_string()[..20];
    let form = if hostile { context.chance.between(0, 2) } else { 0 };
    let body = match form {
        1 => json!({"message": message, "code": code, "requestId": id}),
        2 => json!({"Code": code, "Message": message}),
        _ => json!({"Message": message, "Code": code, "requestId": id}),
    };
    Reply::json(status, body)
}

/// An error of the WebApi (`ErrorDetails`, source document, 2.3.1.2).
pub(super) fn details(crk: &Crk, status: u16, code: &str, message: &str) -> Reply {
    let id = &crk.context().chance.uuid().simple().to_string()[..20];
    Reply::json(status, json!({"Message": message, "Code": code, "requestId": id}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_fits_its_limits() {
        assert_eq!(ERRORS.len(), 20);
        assert!(ERRORS.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(STATUSES.len(), 20);
        assert!(STATUSES.iter().all(|text| text.chars().count() <= 100));
        assert_eq!(status(16), Some("odmowa fiskalizacji, kasa zafiskalizowana"));
        assert_eq!(status(20), None);
    }
}
