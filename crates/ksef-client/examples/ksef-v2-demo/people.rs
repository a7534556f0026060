//! Who takes part, and how they log in.

use common_core::{
    ident::{Nip, Pesel},
    secret::SecretString,
};
use ksef_client::v2::{
    Account, Client,
    certificates::NewCertificate,
    login::Credential,
    permissions::{GrantPerson, Person},
    test_data::CreatePerson,
    tokens,
    wire::{PersonPermissionType, TokenPermissionType},
};
use ksef_crypto::{
    keys::{LocalSigner, PrivateKey},
    number::ContextIdentifier,
    test_certificates::TestCertificate,
};

use crate::{
    Outcome,
    invoices::{BAKER, BUYER, Party},
    patience,
};

/// PESELs of people who were never born: both of 1 October 1800.
const BAKERS_NUMBER: &str = "00810100033";
const ACCOUNTANTS_NUMBER: &str = "00810100040";

/// The status of a login by somebody who has no permission in the context.
const NO_PERMISSION: i32 = 415;

/// Creates the baker in the test environment: a person whose NIP and PESEL belong together.
pub(crate) async fn create_baker(client: &Client) -> Outcome {
    let pesel = Pesel::parse(BAKERS_NUMBER)?;
    client.send(&CreatePerson::new(Nip::parse(BAKER.nip)?, pesel, "zmyślony piekarz")).await?;
    Ok(())
}

/// The baker, logged in by a signature. The test environment takes certificates that anybody made.
pub(crate) async fn baker(client: &Client) -> Outcome<Account> {
    let signer = TestCertificate::person(&format!("PNOPL-{BAKERS_NUMBER}"))
        .self_signed(PrivateKey::generate_p256()?)?;
    Ok(client.login(context(BAKER)?).by_signature(&signer).await?.finish(&patience()).await?)
}

/// The KSeF token of the till, which the baker makes for it.
pub(crate) async fn token(baker: &Account) -> Outcome<SecretString> {
    let permissions = [TokenPermissionType::InvoiceRead, TokenPermissionType::InvoiceWrite];
    let new = baker.generate_token(&tokens::Generate::new(permissions, "kasa piekarni")).await?;
    new.token.wait_until_active(&patience()).await?;
    Ok(new.secret)
}

/// The till of the bakery, which logs in by that token.
pub(crate) async fn till(client: &Client, token: &SecretString) -> Outcome<Account> {
    let started = client.login(context(BAKER)?).by_token(token).await?;
    Ok(started.finish(&patience()).await?)
}

/// A KSeF certificate for the codes of invoices that are issued offline, with its key.
pub(crate) async fn offline_certificate(baker: &Account) -> Outcome<LocalSigner> {
    let key = PrivateKey::generate_p256()?;
    let wanted = NewCertificate::offline("Kody piekarni");
    let certificate = baker.request_certificate(&wanted, &key).await?;
    Ok(LocalSigner::new(key, certificate.finish(&patience()).await?)?)
}

/// The accountant, who is let in only when the baker has allowed it.
pub(crate) async fn accountant(client: &Client, baker: &Account) -> Outcome<Account> {
    let signer = TestCertificate::person(&format!("PNOPL-{ACCOUNTANTS_NUMBER}"))
        .self_signed(PrivateKey::generate_rsa_2048()?)?;
    let early = client.login(context(BAKER)?).by_signature(&signer).await?;
    match early.finish(&patience()).await {
        Err(error) if error.status().is_some_and(|status| status.code == NO_PERMISSION) => {}
        other => return Err(format!("the accountant had no permission, but: {other:?}").into()),
    }
    let person = Person::new(Pesel::parse(ACCOUNTANTS_NUMBER)?, "Księgowa", "Wymyślona");
    let permissions = [PersonPermissionType::InvoiceWrite];
    let grant = GrantPerson::new(person, permissions, "wysyłanie faktur piekarni");
    baker.change_permissions(&grant).await?.wait(&patience()).await?;
    // An account with a credential logs in with its first call.
    Ok(client.account(context(BAKER)?).credential(Credential::signer(signer)).build())
}

/// The wholesaler, by its seal.
pub(crate) fn buyer(client: &Client) -> Outcome<Account> {
    let seal = TestCertificate::seal(BUYER.nip).self_signed(PrivateKey::generate_p256()?)?;
    Ok(client.account(context(BUYER)?).credential(Credential::signer(seal)).build())
}

/// A company's context.
pub(crate) fn context(party: Party) -> Outcome<ContextIdentifier> {
    Ok(ContextIdentifier::parse("Nip", party.nip)?)
}
