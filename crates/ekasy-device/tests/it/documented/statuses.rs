//! The outcomes of CMD09 and CMD10, which come with status 200 (source document, sections 2.2.9,
//! 2.4.3 and 2.4.4).

use common_core::open::{Code as _, Open};
use ekasy_device::{
    Client,
    code::{
        FirmwareVerdict,
        FiscalisationStatus::{
            self, AlreadyFiscalised, EarlierMemoryOpen, EvidenceNumber, EvidenceNumberMissing,
            MemoryClosed, NoCertificates, NotAllowed, NotStruckOff, OtherTaxpayer,
            ProgramNotApproved, SerialNumber, SerialOrEvidenceNumber, SerialOrUniqueNumber,
            TaxpayerId, TaxpayerOfCertificate, TaxpayerOrEvidenceNumber, Technical, Technician,
            UniqueNumber,
        },
    },
    command::cpd::FiscalisationAnswer,
    device::Device as _,
    ident::CommandKind,
};
use sandbox::crk::Kind;

use super::{
    Tally,
    scene::{Scene, Stage, replace},
};

/// Why a fiscalisation is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The repository was told to.
    Script,
    /// A register in software names another serial number than its unique one.
    OtherSerial,
    /// A register in software names a technician of its own.
    OtherTechnician,
    /// The taxpayer's number has letters.
    BrokenTaxpayer,
    /// The evidence number has a dash.
    BrokenEvidence,
    /// The evidence number is nobody's.
    NobodysEvidence,
    /// The fiscalisation was begun for another taxpayer.
    BegunForAnother,
    /// The register is at that stage.
    At(Stage),
    /// A new memory wants the number of an old one, with another serial number.
    MemoryOfAnotherSerial,
    /// Likewise, for another taxpayer.
    MemoryOfAnotherTaxpayer,
    /// Likewise, and the old memory still sells.
    MemoryInUse,
}

use Cause::{
    At, BegunForAnother, BrokenEvidence, BrokenTaxpayer, MemoryInUse, MemoryOfAnotherSerial,
    MemoryOfAnotherTaxpayer, NobodysEvidence, OtherSerial, OtherTechnician, Script,
};

const SCENES: &[(FiscalisationStatus, Cause)] = &[
    (SerialNumber, OtherSerial),
    (UniqueNumber, Script),
    (EvidenceNumber, BrokenEvidence),
    (TaxpayerId, BrokenTaxpayer),
    (Technician, OtherTechnician),
    (SerialOrUniqueNumber, Script),
    (SerialOrEvidenceNumber, MemoryOfAnotherSerial),
    (NotAllowed, Script),
    (OtherTaxpayer, BegunForAnother),
    (EvidenceNumberMissing, NobodysEvidence),
    (NotStruckOff, Script),
    (MemoryClosed, At(Stage::ReadOnly)),
    (TaxpayerOrEvidenceNumber, MemoryOfAnotherTaxpayer),
    (EarlierMemoryOpen, MemoryInUse),
    (Technical, Script),
    (AlreadyFiscalised, At(Stage::Fiscalised)),
    (NoCertificates, Script),
    (TaxpayerOfCertificate, Script),
    (ProgramNotApproved, Script),
];

#[tokio::test(start_paused = true)]
async fn every_status_of_a_refusal_is_met() {
    let scenes: Vec<_> = SCENES.iter().map(|(status, _)| *status).collect();
    let refusals = FiscalisationStatus::ALL.iter().filter(|status| !status.is_success());
    assert_eq!(scenes, refusals.copied().collect::<Vec<_>>());
    let mut tally = Tally::default();
    for (status, cause) in SCENES {
        meet(*status, *cause).await;
        tally.count(*cause != Script);
    }
    tally.say("statuses of CMD09");
    assert_eq!(tally, Tally { pairs: 19, by_cause: 11, by_script: 8 });
}

async fn meet(status: FiscalisationStatus, cause: Cause) {
    let kind = match cause {
        Script | OtherSerial | OtherTechnician => Kind::Software,
        // Of these, certificate and request would differ first (B11).
        _ => Kind::Hardware,
    };
    let stage = match cause {
        At(stage) => stage,
        _ => Stage::Checked,
    };
    let scene = Scene::of(kind, stage).await;
    let crk = scene.till.sandbox.crk();
    let answer = refused(&scene, cause, status).await;
    let FiscalisationAnswer::Refused(refusal) = answer else { panic!("{cause:?}: {answer:?}") };
    assert_eq!(refusal.status, Open::Known(status), "{cause:?}");
    let counted = crk.statistics().fiscalisation_refusals;
    let code = format!("{:02}", status.raw());
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), [(code, 1)], "{cause:?}");
    if stage == Stage::Checked && cause != BegunForAnother {
        // Without the cause the same register gets its number.
        scene.call("cpd.fiscalise").await.unwrap();
    }
    scene.till.assert_expected();
}

/// Asks for the fiscalisation that is refused.
async fn refused(scene: &Scene, cause: Cause, status: FiscalisationStatus) -> FiscalisationAnswer {
    let (crk, number) = (scene.till.sandbox.crk(), &scene.till.register.unique_number);
    let mut wish = scene.wish(&scene.client);
    let mut client = scene.client.clone();
    match cause {
        Script => assert!(crk.refuse_fiscalisation(number, u8::try_from(status.raw()).unwrap())),
        OtherSerial => wish.serial.push('x'),
        OtherTechnician => "KW124".clone_into(&mut wish.technician),
        BrokenTaxpayer => {
            client = scene.altered(|request| replace(request, "1234563218", "12345632AB"));
        }
        BrokenEvidence => {
            wish.evidence = Some("2026/000000009".to_owned());
            client = scene.altered(|request| replace(request, "2026/0", "2026-0"));
        }
        NobodysEvidence => wish.evidence = Some("2026/000000009".to_owned()),
        BegunForAnother => {
            scene.call("cpd.fiscalise").await.unwrap();
            "1111111112".clone_into(&mut wish.taxpayer);
        }
        At(_) => {}
        MemoryOfAnotherSerial | MemoryOfAnotherTaxpayer | MemoryInUse => {
            wish.evidence = Some(old_memory(scene).await);
            match cause {
                MemoryOfAnotherSerial => wish.serial.push('x'),
                MemoryOfAnotherTaxpayer => "1111111112".clone_into(&mut wish.taxpayer),
                _ => {}
            }
        }
    }
    client.fiscalise(&wish.fiscalise()).await.unwrap()
}

/// The evidence number of another memory of the same device, which is fiscalised.
async fn old_memory(scene: &Scene) -> String {
    let crk = scene.till.sandbox.crk();
    let own = &scene.till.register;
    let mut all = crk.registers().into_iter();
    let is_old = |one: &sandbox::crk::Register| {
        one.kind == own.kind && one.unique_number != own.unique_number
    };
    let old = all.find(is_old).unwrap();
    let client = old_client(scene, &old);
    scene.call_as(&client, "cpd.send_certificates").await.unwrap();
    scene.call_as(&client, "cpd.fiscalise").await.unwrap();
    scene.call_as(&client, "cpd.finish_fiscalisation").await.unwrap();
    crk.standing(&old.unique_number).unwrap().evidence_number.unwrap()
}

fn old_client(scene: &Scene, old: &sandbox::crk::Register) -> Client {
    let wires = crate::till::InProcess::wires(&scene.till.sandbox, old);
    let (environment, credentials) =
        (crate::till::environment(&scene.till.sandbox), crate::till::credentials(old));
    let builder =
        Client::builder(old.unique_number.parse().unwrap(), environment, wires, credentials);
    builder.clock(scene.till.clock.clone()).build().unwrap()
}

/// CMD10 answers with both of its verdicts, and the bad one keeps the register from CMD09.
#[tokio::test(start_paused = true)]
async fn both_verdicts_on_a_program_are_met() {
    let scene = Scene::of(Kind::Software, Stage::Sent).await;
    let program = scene.till.device.firmware().unwrap();
    scene.till.sandbox.crk().refuse_firmware(program.checksum.as_str());
    let id = scene.id(CommandKind::CheckFirmware);
    let answer = scene.client.check_firmware(id.clone(), program.clone()).await.unwrap();
    assert_eq!(answer.verdict, FirmwareVerdict::NotApproved);
    assert_eq!(answer.command_id, Some(id));
    let error = scene.call("cpd.fiscalise").await.unwrap_err();
    assert_eq!(error.cpd_code(), Some(ekasy_device::code::CpdCode::ProgramNotVerified));

    let scene = Scene::of(Kind::Software, Stage::Sent).await;
    let id = scene.id(CommandKind::CheckFirmware);
    let answer = scene.client.check_firmware(id, program).await.unwrap();
    assert_eq!(answer.verdict, FirmwareVerdict::Approved);
    scene.call("cpd.fiscalise").await.unwrap();
    scene.till.assert_expected();
}
