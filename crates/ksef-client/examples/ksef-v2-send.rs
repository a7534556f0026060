//! Sends one invoice to KSeF 2.0 and prints its number:
//! `ksef-v2-send <address of /v2> <NIP> <file>`, with the KSeF token on standard input.
//!
//! When the answer to the sending is lost, it looks for the invoice in the session and never sends
//! it twice.

use std::{error::Error, io::Read as _};

use common_core::{poll::PollSchedule, secret::SecretString};
use ksef_client::v2::{
    Client, Environment, FormCode,
    login::Credential,
    sending::{InvoiceState, OnlineSession},
};
use ksef_crypto::{link::InvoiceHash, number::ContextIdentifier};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "printing is what this program is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [api, nip, file] = arguments.as_slice() else {
        return Err("usage: ksef-v2-send <address of /v2> <NIP> <file>".into());
    };
    let mut token = String::new();
    std::io::stdin().read_to_string(&mut token)?;
    let token = SecretString::from(token.trim());
    let client = Client::builder(Environment::at(api)?)
        .on_warning(|notice| println!("the service warns: {:?}", notice.warnings))
        .build()?;
    let account = client
        .account(ContextIdentifier::parse("Nip", nip)?)
        .credential(Credential::token(token))
        .build();
    let invoice = std::fs::read(file)?;
    let session = account.online(FormCode::FA_3).open().await?;
    println!("{}", outcome(&session, invoice).await?);
    let closed = session.close().await?.wait(&PollSchedule::default()).await?;
    println!("the session ended: {:?}", closed.outcome());
    Ok(())
}

/// Sends the invoice and says what became of it.
async fn outcome(session: &OnlineSession, invoice: Vec<u8>) -> Result<String, Box<dyn Error>> {
    let hash = InvoiceHash::of(&invoice);
    let state = match session.send(invoice).await {
        Ok(sent) => session.wait_for(&sent, &PollSchedule::default()).await?,
        Err(error) if error.may_have_happened() => match session.find(&hash).await? {
            Some(row) => InvoiceState::of(&row),
            None => return Err(error.into()),
        },
        Err(error) => return Err(error.into()),
    };
    Ok(match state {
        InvoiceState::Accepted(accepted) => format!("issued as {}", accepted.number.as_str()),
        InvoiceState::Duplicate { original: Some(number), .. } => {
            format!("issued before as {}", number.as_str())
        }
        other => format!("not issued: {other:?}"),
    })
}
