//! Logins, invoices on their way out, and invoices on their way in.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::TryStreamExt;
use ksef_client::v2::{
    FormCode, auth_sessions,
    batch::{Packing, pack},
    exports, invoices, peppol,
    receiving::ExportState,
    security,
    sending::{InvoiceState, Outcome},
    sessions::{self, SessionType},
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};
use ksef_crypto::package::{ArchiveFormat, Entry};

use super::Stage;
use crate::{
    support::{ALFA, BETA},
    v2_support::{account, invoice, nip, quick, signer},
    v2_test_data_support::all,
};

/// An interactive session from the login to its confirmation, and the ends of logins.
pub(super) async fn one_by_one(stage: &Stage) {
    let Stage { sandbox, client } = stage;
    assert!(!client.send(&security::PublicKeys).await.unwrap().is_empty());
    let providers: Vec<_> = client.items(peppol::List::new()).try_collect().await.unwrap();
    assert_eq!(providers.len(), 12);
    sandbox.ksef_v2().set_access_life(Duration::from_secs(90));
    let alfa = account(client, sandbox, ALFA);
    let session = alfa.online(FormCode::FA_3).open().await.unwrap();
    let good = invoice(ALFA, BETA, "OPIS/1");
    let sent = session.send(good.clone()).await.unwrap();
    let told = session.wait_for(&sent, &quick()).await.unwrap();
    let InvoiceState::Accepted(accepted) = told else { panic!("{told:?}") };
    session.send(b"<Faktura/>".to_vec()).await.unwrap();
    assert!(session.status().await.unwrap().invoice_count >= Some(1));
    let by_number = session.confirmation(&accepted.number).await.unwrap();
    let reference = session.reference().clone();
    let by_reference = sessions::UpoOfInvoice::new(reference.clone(), sent.reference.clone());
    assert_eq!(alfa.send(&by_reference).await.unwrap().bytes(), by_number.bytes());
    // The access token ends and is renewed.
    tokio::time::sleep(Duration::from_secs(100)).await;
    let closed = session.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.outcome(), Outcome::Processed);
    let rows: Vec<_> = closed.invoices().try_collect().await.unwrap();
    let failed: Vec<_> = closed.failed_invoices().try_collect().await.unwrap();
    assert_eq!((rows.len(), failed.len()), (2, 1));
    let page = closed.confirmation_pages().next().unwrap().clone();
    let page = alfa.send(&sessions::Upo::new(reference.clone(), page)).await.unwrap();
    let by_link = closed.confirmations().await.unwrap();
    assert_eq!(page.bytes(), by_link[0].bytes());
    assert!(page.read_upo().unwrap().confirmation_of(&good).is_some());
    let listed = all(&alfa, sessions::List::new(SessionType::Online)).await;
    assert_eq!(listed[0].reference_number.as_deref(), Some(reference.as_str()));

    let seal = signer(sandbox, "seal-ec");
    let other = client.login(nip(ALFA)).by_signature(&seal).await.unwrap();
    let other = other.finish(&quick()).await.unwrap();
    let logins: Vec<_> = other.logins().try_collect().await.unwrap();
    assert!(logins.len() >= 2);
    let first = alfa.tokens().await.unwrap().reference().unwrap().clone();
    other.send(&auth_sessions::Revoke(first)).await.unwrap();
    other.log_out().await.unwrap();
}

/// A batch, and the seller's invoices on the buyer's side: one, the metadata, a package.
pub(super) async fn in_a_batch_and_back(stage: &Stage) {
    let Stage { sandbox, client } = stage;
    let (alfa, beta) = (account(client, sandbox, ALFA), account(client, sandbox, BETA));
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |n: usize| Entry::bytes(format!("FV-{n}.xml"), invoice(ALFA, BETA, &format!("PACZKA/{n}")));
    let packing = Packing::new(folder.path()).format(ArchiveFormat::TarGz);
    let packed = pack(packing, (0..15).map(entry)).await.unwrap();
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    upload.upload(2).await.unwrap();
    let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.invoices_issued(), Some(15));

    let from = beta.clock().now() - TimeDelta::days(1);
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from);
    let filters = InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2);
    let rows = all(&beta, invoices::Query::new(filters.clone()).page_size(10)).await;
    assert_eq!(rows.len(), 15);
    let number = rows[0].ksef_number.parse().unwrap();
    let one = beta.invoice(&number).await.unwrap();
    assert_eq!(rows[0].invoice_hash.as_deref(), Some(one.hash().base64().as_str()));
    let export = beta.export(filters).start().await.unwrap();
    let package = export.wait(&quick()).await.unwrap();
    let fetched = package.fetch(folder.path()).await.unwrap();
    let (count, metadata) = fetched.read(|_, _| Ok(())).await.unwrap();
    assert_eq!((count, metadata.len()), (15, 15));
    let kept = ExportState::from_json(&export.export().expose_json()).unwrap();
    beta.send(&exports::Status(kept.reference().clone())).await.unwrap();
}
