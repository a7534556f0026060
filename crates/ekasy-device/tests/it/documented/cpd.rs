//! The codes of the CPD server, command by command (source document, sections 2.4.1 to 2.4.9).

use common_core::open::Code as _;
use ekasy_device::{
    Client, Error, ErrorKind,
    client::Credentials,
    code::{
        AnswerCode,
        CpdCode::{
            self, Broker, Certificate, CommandIdOrHeader, Database, ForeignUniqueNumber, General,
            InputMessage, NoCertificates, NoRepositoryCertificates, NotFiscalised, NotStarted,
            ProgramNotVerified, ServiceBus, TaxpayerOfCertificate, Technician, UnknownRegister,
            WrongCommand,
        },
        Documented, documented,
    },
    ident::{CommandId, CommandKind},
    jose::{self, SoftwareKey},
};
use sandbox::{
    crk::{Kind, NewRegister},
    fault::{Code, Fault, Rule},
};

use super::{
    Tally,
    scene::{Alter, Scene, Stage, map_body, replace},
};
use crate::till::{InProcess, environment, now};

/// Why the repository answers with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It was told to: nothing that a register does makes it.
    Script,
    /// The command has a code that is none of this place.
    OtherCommand,
    /// The unique number is nobody's.
    ForeignNumber,
    /// The connection shows the certificate of another register.
    ForeignCertificate,
    /// Another register has sent the same certificate (CRK facts §7, 18).
    UsedCertificate,
    /// The certificates, or the request, name another taxpayer.
    OtherTaxpayer,
    /// The identifier is of the 13th month.
    BrokenId,
    /// The identifier is 25 hours old.
    OldId,
    /// The message ends too early, or lacks what must be there.
    BrokenMessage,
    /// The register has come that far only, or is past it.
    At(Stage),
    /// The register is a device.
    Hardware,
}

use Cause::{
    At, BrokenId, BrokenMessage, ForeignCertificate, ForeignNumber, Hardware, OldId, OtherCommand,
    OtherTaxpayer, Script, UsedCertificate,
};

/// The causes of each code of a command.
type Scenes = &'static [(CpdCode, &'static [Cause])];

const WRONG: (CpdCode, &[Cause]) = (WrongCommand, &[OtherCommand]);
const FOREIGN: (CpdCode, &[Cause]) = (ForeignUniqueNumber, &[ForeignNumber]);
const CERTIFICATE: (CpdCode, &[Cause]) = (Certificate, &[ForeignCertificate]);
const ID: (CpdCode, &[Cause]) = (CommandIdOrHeader, &[BrokenId]);
const MESSAGE: (CpdCode, &[Cause]) = (InputMessage, &[BrokenMessage]);
/// A request with an identifier alone has nothing else that could be wrong.
const NO_MESSAGE: (CpdCode, &[Cause]) = (InputMessage, &[Script]);
const DATABASE: (CpdCode, &[Cause]) = (Database, &[Script]);
const GENERAL: (CpdCode, &[Cause]) = (General, &[Script]);
const BROKER: (CpdCode, &[Cause]) = (Broker, &[Script]);
const BUS: (CpdCode, &[Cause]) = (ServiceBus, &[Script]);

#[rustfmt::skip] // One row per command, as the table of codes has it.
const SCENES: &[(&str, Stage, Scenes)] = &[
    ("cpd.fetch_keys", Stage::New, &[WRONG, (NoRepositoryCertificates, &[Script]), FOREIGN, ID, NO_MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.send_certificates", Stage::New, &[WRONG, FOREIGN, (Certificate, &[ForeignCertificate, UsedCertificate]), (TaxpayerOfCertificate, &[OtherTaxpayer]), ID, MESSAGE, DATABASE, GENERAL, BROKER, BUS]),
    ("cpd.fiscalise", Stage::Checked, &[WRONG, FOREIGN, (Technician, &[Script]), (NoCertificates, &[At(Stage::New)]), CERTIFICATE, (TaxpayerOfCertificate, &[OtherTaxpayer]), (ProgramNotVerified, &[At(Stage::Sent)]), (CommandIdOrHeader, &[BrokenId, OldId]), MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.check_firmware", Stage::New, &[WRONG, FOREIGN, CERTIFICATE, ID, MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.test", Stage::New, &[WRONG, FOREIGN, ID, NO_MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.fetch_state", Stage::Started, &[WRONG, FOREIGN, (UnknownRegister, &[At(Stage::New), At(Stage::Checked)]), CERTIFICATE, ID, NO_MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.finish_fiscalisation", Stage::Started, &[WRONG, FOREIGN, (NotStarted, &[At(Stage::Checked), At(Stage::ReadOnly)]), CERTIFICATE, ID, MESSAGE, DATABASE, GENERAL, BROKER, BUS]),
    ("cpd.enter_read_only", Stage::Fiscalised, &[WRONG, FOREIGN, (NotFiscalised, &[At(Stage::Checked), At(Stage::Started)]), CERTIFICATE, ID, MESSAGE, DATABASE, GENERAL, BROKER]),
    ("cpd.fetch_shared_keys", Stage::New, &[(General, &[Hardware, Script])]),
];

#[test]
fn every_documented_code_has_its_scene_and_no_scene_is_of_another_code() {
    for row in Documented::ALL {
        let (.., scenes) = SCENES.iter().find(|(endpoint, ..)| *endpoint == row.endpoint).unwrap();
        let codes: Vec<_> = scenes.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, row.codes, "{}", row.endpoint);
        assert!(scenes.iter().all(|(_, causes)| !causes.is_empty()));
    }
    assert_eq!(SCENES.len(), Documented::ALL.len());
}

#[tokio::test(start_paused = true)]
async fn every_documented_code_of_every_command_is_met() {
    let mut tally = Tally::default();
    for (endpoint, stage, scenes) in SCENES {
        for (code, causes) in *scenes {
            for cause in *causes {
                meet(endpoint, *stage, *code, *cause).await;
            }
            tally.count(causes.iter().any(|cause| *cause != Script));
        }
    }
    tally.say("codes of the CPD server");
    assert_eq!(tally, Tally { pairs: 74, by_cause: 43, by_script: 31 });
}

/// Lets one call fail for one cause, looks at everything that the error says, and makes the call
/// once more without the cause.
async fn meet(endpoint: &'static str, good: Stage, code: CpdCode, cause: Cause) {
    let kind = if cause == Hardware { Kind::Hardware } else { Kind::Software };
    let stage = match cause {
        At(stage) => stage,
        // The rule is for registers that are fiscalised.
        OtherTaxpayer if endpoint == "cpd.send_certificates" => Stage::Fiscalised,
        _ => good,
    };
    let mut scene = Scene::of(kind, stage).await;
    let crk = scene.till.sandbox.crk().clone();
    let own = scene.till.register.unique_number.clone();
    let client = prepared(&scene, cause, endpoint, code).await;
    let (before, counted) = (crk.standing(&own), crk.statistics().refusals);
    let failed = match (cause, endpoint) {
        (OldId, _) => old_request(&scene).await,
        (OtherTaxpayer, "cpd.fiscalise") => other_taxpayer(&scene).await,
        _ => scene.call_as(&client, endpoint).await,
    };
    let what = format!("{endpoint} {code} by {cause:?}");
    let Err(error) = failed else { panic!("{what} did not fail") };
    assert_told(&error, endpoint, code, &what);
    assert_eq!(crk.standing(&own), before, "{what}: nothing happened");
    // The simulator counts what it refuses by itself, and no answer that it was told to give.
    let by_itself = |of: &std::collections::BTreeMap<String, u64>| of.get(code.raw()).copied();
    let met = by_itself(&crk.statistics().refusals).unwrap_or(0) - by_itself(&counted).unwrap_or(0);
    assert_eq!(met, u64::from(cause != Script), "{what}");

    if cause != At(Stage::ReadOnly) && cause != Hardware {
        scene.advance(good).await;
        let again = scene.call(endpoint).await;
        again.unwrap_or_else(|error| panic!("{what}, and then {error:?}"));
    }
    let noted = crk.unexpected();
    assert_eq!(noted.len(), usize::from(cause == Hardware), "{what}: {noted:?}");
}

/// The client that meets the cause.
async fn prepared(scene: &Scene, cause: Cause, endpoint: &str, code: CpdCode) -> Client {
    let till = &scene.till;
    match cause {
        Script => {
            let fault = Fault::Code(Code::new(code.raw()).unwrap());
            till.sandbox.crk().faults().push(Rule::new(fault).once());
            scene.client.clone()
        }
        OtherCommand => scene.altered(other_command),
        BrokenId => scene.altered(|request| replace(request, "2026-03-", "2026-13-")),
        BrokenMessage => scene.altered(broken_message(endpoint)),
        ForeignNumber => scene.client_of("ZZZ9900000001".parse().unwrap(), &till.register),
        ForeignCertificate => scene.client_of(till.number(), &scene.other()),
        UsedCertificate => with_a_used_certificate(scene).await,
        OtherTaxpayer if endpoint == "cpd.send_certificates" => renewed_for_another(scene),
        OtherTaxpayer | OldId | At(_) | Hardware => scene.client.clone(),
    }
}

/// A command with a code of documents, which go elsewhere.
fn other_command(request: http::Request<common_http::Body>) -> http::Request<common_http::Body> {
    let codes = ["KCS", "KFD", "MFP", "CNF", "TCS", "GIS", "FPD", "EFL"];
    codes.iter().fold(request, |request, code| replace(request, &format!("{code}."), "DFD."))
}

fn broken_message(endpoint: &str) -> Alter {
    match endpoint {
        "cpd.check_firmware" => {
            |request| replace(request, "firmwareChecksum=07", "firmwareChecksum=xx")
        }
        _ => |request| map_body(request, |text| text[..text.len() - 1].to_owned()),
    }
}

/// This register with an encryption certificate that another one has sent before.
async fn with_a_used_certificate(scene: &Scene) -> Client {
    let (till, other) = (&scene.till, scene.other());
    let first = scene.client_of(other.unique_number.parse().unwrap(), &other);
    let credentials = |tls: &sandbox::crk::Credential| {
        let used = other.encryption();
        let chain = vec![jose::Certificate::from_der(used.certificate_der()).unwrap()];
        let key = SoftwareKey::from_der(used.key_der(), chain).unwrap();
        Credentials::new(jose::Certificate::from_der(tls.certificate_der()).unwrap(), key)
    };
    let client = |number: ekasy_device::ident::UniqueNumber, register, credentials| {
        let wires = InProcess::wires(&till.sandbox, register);
        let builder = Client::builder(number, environment(&till.sandbox), wires, credentials);
        builder.clock(till.clock.clone()).build().unwrap()
    };
    let owner = client(first.unique_number().clone(), &other, credentials(other.tls()));
    scene.call_as(&owner, "cpd.send_certificates").await.unwrap();
    client(till.number(), &till.register, credentials(till.register.tls()))
}

/// This register with new certificates in which another taxpayer stands.
fn renewed_for_another(scene: &Scene) -> Client {
    let till = &scene.till;
    let new = NewRegister::new(&till.register.unique_number, "1111111112", Kind::Software);
    let register = till.sandbox.crk().issue(&new).unwrap();
    let wires = InProcess::wires(&till.sandbox, &till.register);
    let credentials = crate::till::credentials(&register);
    let builder = Client::builder(till.number(), environment(&till.sandbox), wires, credentials);
    builder.clock(till.clock.clone()).build().unwrap()
}

/// CMD09 with an identifier that was made the day before yesterday.
async fn old_request(scene: &Scene) -> Result<(), Error> {
    let mut wish = scene.wish(&scene.client);
    let old = now(&scene.till) - chrono::TimeDelta::hours(25);
    wish.id = CommandId::new(CommandKind::Fiscalise, &scene.till.number(), old.into());
    let command = wish.fiscalise();
    assert!(!command.fits_clock(now(&scene.till)));
    scene.client.fiscalise(&command).await.map(drop)
}

/// CMD09 for a taxpayer whom the certificate does not name.
async fn other_taxpayer(scene: &Scene) -> Result<(), Error> {
    let mut wish = scene.wish(&scene.client);
    "1111111112".clone_into(&mut wish.taxpayer);
    scene.client.fiscalise(&wish.fiscalise()).await.map(drop)
}

/// Everything that an error with a documented code says.
fn assert_told(error: &Error, endpoint: &str, code: CpdCode, what: &str) {
    assert_eq!(error.endpoint(), endpoint, "{what}");
    assert_eq!(error.code(), Some(AnswerCode::Cpd(code.into())), "{what}");
    assert_eq!(error.cpd_code(), Some(code), "{what}");
    assert!(documented(endpoint).unwrap().codes.contains(&code), "{what}");
    assert_eq!(error.problem().unwrap().status, code.http_status(), "{what}");
    let kind = match code.raw() {
        "E01" | "E02" => ErrorKind::Invalid,
        code if code.starts_with('E') => ErrorKind::Server,
        _ => ErrorKind::Refused,
    };
    assert_eq!(error.kind(), kind, "{what}");
    // Only a failure leaves it open what happened, and only where something could have happened.
    let reads = ["cpd.fetch_keys", "cpd.test", "cpd.fetch_state", "cpd.fetch_shared_keys"];
    let is_open = kind == ErrorKind::Server && !reads.contains(&endpoint);
    assert_eq!(error.may_have_happened(), is_open, "{what}");
    let later = kind == ErrorKind::Server || code == NoRepositoryCertificates;
    assert_eq!(error.retryable(), later, "{what}");
    assert_eq!(error.advice(), Some(code.advice()), "{what}");
    assert!(error.to_string().contains(&format!("code {}", code.raw())), "{what}: {error}");
    assert!(error.request_id().is_some(), "{what}");
}

/// The certificate is held against the identifier exactly where the document lists B10.
#[tokio::test(start_paused = true)]
async fn where_b10_is_not_listed_the_certificate_of_another_register_does() {
    for row in Documented::ALL {
        // CMD16 has no identifier: the answer is for whoever's certificate it is.
        if row.certificate_must_match || row.endpoint == "cpd.fetch_shared_keys" {
            continue;
        }
        let scene = Scene::of(Kind::Software, Stage::New).await;
        let client = scene.client_of(scene.till.number(), &scene.other());
        scene.call_as(&client, row.endpoint).await.unwrap();
        scene.till.assert_expected();
    }
}

/// Keys that are not this register's are not taken.
#[tokio::test(start_paused = true)]
async fn shared_keys_of_another_register_are_refused() {
    let scene = Scene::of(Kind::Hardware, Stage::New).await;
    let software = scene.other();
    assert_eq!(software.kind, Kind::Software);
    let client = scene.client_of(scene.till.number(), &software);
    let error = client.fetch_shared_keys().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unreadable, None));
    scene.till.assert_expected();
}

/// CMD12 tells what was processed; CMD15 and CMD14 may be repeated as the document says.
#[tokio::test(start_paused = true)]
async fn the_state_and_the_end_are_told_and_may_be_repeated() {
    let mut scene = Scene::of(Kind::Hardware, Stage::Started).await;
    let state = scene.client.fetch_state(scene.id(CommandKind::RepositoryState)).await.unwrap();
    assert_eq!((state.last_document, state.memory), (None, Some(1)));
    let web_api = state.web_api.unwrap();
    assert_eq!(web_api.as_str(), scene.till.sandbox.crk().webapi_url());
    scene.advance(Stage::Fiscalised).await;
    scene.call("cpd.finish_fiscalisation").await.unwrap();
    scene.advance(Stage::ReadOnly).await;
    scene.call("cpd.enter_read_only").await.unwrap();
    let number = &scene.till.register.unique_number;
    let crk = scene.till.sandbox.crk();
    assert_eq!(crk.state(number), Some(sandbox::crk::State::ReadOnly));
    scene.call("cpd.fetch_state").await.unwrap();
    scene.till.assert_expected();
}
