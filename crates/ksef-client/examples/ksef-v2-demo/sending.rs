//! Invoices on their way out: one by one from the till, and thousands as a batch.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use ksef_client::v2::{
    Account, Error, FormCode,
    batch::{Packing, pack},
    sending::{Closed, InvoiceState, OutgoingInvoice},
};
use ksef_crypto::{
    number::KsefNumber,
    package::{ArchiveFormat, Entry, PackLimits, PartLimit},
};

use crate::{Outcome, account, bars, invoices::Invoice, patience};

/// How many invoices, parts or questions are under way at a time.
const AT_A_TIME: usize = 4;

/// Bytes in a part of the package; KSeF allows a hundred million, which would be one part here.
const PART: u64 = 100_000;

/// The status of an invoice that its sender may not issue.
const NOT_ALLOWED: i32 = 410;

/// What goes out from the till.
pub(crate) struct Till {
    /// Issued offline, with codes that are printed already.
    pub(crate) offline: Vec<Invoice>,
    /// Issued by being sent.
    pub(crate) online: Vec<Invoice>,
    /// One of another seller, which must be refused.
    pub(crate) foreign: Invoice,
}

/// Sends everything in one interactive session, then the first invoice once more, which must be
/// found out, and the one of another seller, which must be refused.
pub(crate) async fn one_by_one(till: &Account, out: Till) -> Outcome<Closed> {
    let session = till.online(FormCode::FA_3).open().await?;
    let offline = out.offline.into_iter().map(|one| OutgoingInvoice::new(one.bytes).offline());
    let online = out.online.into_iter().map(|one| OutgoingInvoice::new(one.bytes));
    let outgoing: Vec<_> = offline.chain(online).collect();
    let first = outgoing.first().cloned().ok_or("there is nothing to send")?;
    let bar = bars::counting("sending", outgoing.len());
    let numbers: Vec<KsefNumber> = stream::iter(outgoing)
        .map(|invoice| async {
            let sent = session.send(invoice).await?;
            let state = session.wait_for(&sent, &patience()).await?;
            bar.inc(1);
            Ok::<_, Error>(state)
        })
        .buffered(AT_A_TIME)
        .map(|state| number(state?))
        .try_collect()
        .await?;
    bar.finish_and_clear();

    let again = session.send(first).await?;
    match session.wait_for(&again, &patience()).await? {
        InvoiceState::Duplicate { original: Some(number), .. } if number == numbers[0] => {}
        other => return Err(format!("a repetition was not found out: {other:?}").into()),
    }
    let foreign = session.send(out.foreign.bytes).await?;
    let refusal = match session.wait_for(&foreign, &patience()).await? {
        InvoiceState::Refused(status) if status.code == NOT_ALLOWED => status,
        other => return Err(format!("an invoice of another seller: {other:?}").into()),
    };
    account::sent(&numbers, &refusal);
    Ok(session.close().await?.wait(&patience()).await?)
}

fn number(state: InvoiceState) -> Outcome<KsefNumber> {
    match state {
        InvoiceState::Accepted(accepted) => Ok(accepted.number),
        other => Err(format!("an invoice was not issued: {other:?}").into()),
    }
}

/// Packs the invoices as they come, encrypts them onto the disk, uploads the parts and waits until
/// the service has dealt with all of them.
pub(crate) async fn as_batch(
    account: &Account,
    invoices: impl Iterator<Item = Invoice> + Send + 'static,
    count: usize,
    folder: &Path,
) -> Outcome<Closed> {
    let parts = tempfile::tempdir_in(folder)?;
    let bar = bars::counting("packing", count);
    let packing = Packing::new(parts.path())
        .format(ArchiveFormat::TarGz)
        .limits(PackLimits::v2().part(PartLimit::Plain(PART)));
    let entries = bar.wrap_iter(invoices).map(|one| Entry::bytes(one.name, one.bytes));
    let packed = pack(packing, entries).await?;
    bar.finish_and_clear();

    let mut upload = account.batch(FormCode::FA_3).open(&packed).await?;
    account::announced(&packed, upload.reference());
    let bar = bars::counting("uploading", packed.parts().len());
    // What is noted here would let another process go on where this one was killed.
    upload.upload_noting(AT_A_TIME, |_| bar.inc(1)).await?;
    bar.finish_and_clear();
    Ok(upload.close().await?.wait(&patience()).await?)
}
