//! Logins by XAdES: challenge, signature, status and tokens, beside the one operation of the key.

use std::hint::black_box;

use ksef_crypto::{
    keys::{LocalSigner, PrivateKey, SignatureAlgorithm, Signer as _},
    test_certificates::TestCertificate,
};

use crate::{
    Bench, Failure, SELLER, context,
    cost::{Least, cpu, row, say},
    patience,
};

/// How many logins there may be for each bare signature that takes as long.
const GOAL: &str = ">= 0.25";

/// Something as long as what is signed in a login.
const SIGNED: [u8; 1_000] = [b's'; 1_000];

pub(crate) async fn measure(bench: &Bench, rounds: usize, count: usize) -> Result<(), Failure> {
    let seal = TestCertificate::seal(SELLER).self_signed(PrivateKey::generate_rsa_2048()?)?;
    let client = bench.client(Bench::transport()?)?;
    let (mut logins, mut bare) = (Least::new(), Least::new());
    for _ in 0..=rounds {
        let start = cpu()?;
        for _ in 0..count {
            let started = client.login(context(SELLER)?).by_signature(&seal).await?;
            black_box(started.finish(&patience()).await?);
        }
        logins.since(start)?;
        let start = cpu()?;
        for _ in 0..count {
            black_box(sign(&seal)?);
        }
        bare.since(start)?;
    }
    let (login, bare) = (logins.each(count), bare.each(count));
    let value = format!("{:.0} logins/s", 1e6 / login);
    let reference = format!("the {:.0} bare RSA-2048 signatures/s", 1e6 / bare);
    row("logins by XAdES with RSA-2048, by client CPU", &value, bare / login, &reference, GOAL);
    say(&format!("a login is four exchanges and takes {login:.0} us, {bare:.0} us to sign"));
    Ok(())
}

fn sign(signer: &LocalSigner) -> Result<Vec<u8>, Failure> {
    Ok(signer.sign(SignatureAlgorithm::RsaPkcs1Sha256, &SIGNED)?)
}
