//! A batch from invoices in memory to its confirmation, beside the packer alone; and the
//! verification of the confirmation, beside the packer, too.

use std::{fmt::Write as _, hint::black_box, path::Path};

use ksef_client::v2::{
    Account, Document, FormCode,
    batch::{Packing, pack},
};
use ksef_crypto::{
    package::{Entry, NoParts, PackLimits, Packer},
    seal::SessionKey,
    xades::{Policy, Sha1, Trust},
};

use crate::{
    Bench, Failure, OTHER_BUYER, SELLER,
    cost::{Least, cpu, row, say},
    patience,
};

const GOAL: &str = "<= 1.3";

/// What verifying the confirmation may take in time that the packer needs for the same invoices.
const VERIFYING_GOAL: &str = "<= 0.35";

const GOODS: [&str; 8] = [
    "Mąka żytnia typ 720",
    "Wynajem pieca na godziny",
    "Chleb wymyślony na zakwasie",
    "Blacha do pieczenia 40 cm",
    "Dowóz własnym samochodem",
    "Drożdże świeże 100 g",
    "Kurs pieczenia dla szkół",
    "Torby papierowe z nadrukiem",
];

type Files = Vec<(String, Vec<u8>)>;

pub(crate) async fn measure(bench: &Bench, rounds: usize, count: usize) -> Result<(), Failure> {
    let client = bench.client(Bench::transport()?)?;
    let account = Bench::account(&client, SELLER, &bench.seller)?;
    let key = SessionKey::from_random([7; 48]);
    let [mut bare, mut whole, mut packing, mut verifying] = [Least::new(); 4];
    let (mut bytes, mut size) = (0, 0);
    for round in 0..rounds {
        let files: Files = (0..count).map(|number| invoice(round, number)).collect();
        bytes = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let start = cpu()?;
        let entries = files.iter().map(|(name, bytes)| Entry::bytes(name.clone(), bytes));
        let summary = Packer::new(&key, PackLimits::v2()).pack(entries, &mut NoParts)?;
        bare.since(start)?;
        size = summary.archive.size;
        let folder = tempfile::tempdir()?;
        let start = cpu()?;
        let pages = send(&account, files, folder.path(), &mut packing).await?;
        whole.since(start)?;
        let start = cpu()?;
        verify(&pages, count)?;
        verifying.since(start)?;
    }
    let (whole, bare, packing) = (whole.each(count), bare.each(count), packing.each(count));
    let figure = format!("a batch of {count} invoices end to end, client CPU per invoice");
    row(&figure, &format!("{whole:.1} us"), whole / bare, "the bare packer", GOAL);
    say(&format!(
        "the bare packer takes {bare:.1} us, packing into files {packing:.1} us; {bytes} bytes \
         become {size}"
    ));
    let verifying = verifying.each(count);
    let figure = "verifying its confirmation and reading every row, client CPU per invoice";
    let value = format!("{verifying:.1} us");
    row(figure, &value, verifying / bare, "the bare packer", VERIFYING_GOAL);
    Ok(())
}

/// Packs, announces, uploads and closes, and fetches the confirmation.
async fn send(
    account: &Account,
    files: Files,
    folder: &Path,
    packing: &mut Least,
) -> Result<Vec<Document>, Failure> {
    let start = cpu()?;
    let entries = files.into_iter().map(|(name, bytes)| Entry::bytes(name, bytes));
    let packed = pack(Packing::new(folder), entries).await?;
    packing.since(start)?;
    let mut upload = account.batch(FormCode::FA_3).open(&packed).await?;
    upload.upload(2).await?;
    let closed = upload.close().await?.wait(&patience()).await?;
    Ok(closed.confirmations().await?)
}

/// Every invoice must be confirmed.
fn verify(pages: &[Document], count: usize) -> Result<(), Failure> {
    let policy = Policy::new(Trust::AnyCertificate).sha1(Sha1::CertificateDigest);
    let mut confirmed = 0;
    for page in pages {
        confirmed += black_box(page.verify_upo(&policy)?).0.documents.len();
    }
    if confirmed == count {
        Ok(())
    } else {
        Err(format!("{confirmed} of {count} confirmed").into())
    }
}

/// An invoice of 2 to 10 kB whose content is as little alike as that of real ones.
fn invoice(round: usize, number: usize) -> (String, Vec<u8>) {
    let mut state = (round * 1_000_003 + number) as u64 | 1;
    let mut below = |end: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let party = |nip: &str| {
        format!(
            "<DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>Zmyślona</Nazwa></DaneIdentyfikacyjne>"
        )
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\">\n<Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>2025-10-01T08:{:02}:{:02}Z</DataWytworzeniaFa></Naglowek>\n\
         <Podmiot1>{}</Podmiot1>\n<Podmiot2>{}<JST>2</JST><GV>2</GV></Podmiot2>\n\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2025-10-01</P_1><P_2>FV/{round}/{number}</P_2>\
         <P_13_1>{}.{:02}</P_13_1><P_14_1>46.00</P_14_1><P_15>246.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17></Adnotacje><RodzajFaktury>VAT</RodzajFaktury>\n",
        below(60),
        below(60),
        party(SELLER),
        party(OTHER_BUYER),
        below(100_000),
        below(100),
    );
    for row in 1..=4 + below(30) {
        let goods = GOODS[usize::try_from(below(8)).unwrap_or_default()];
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "<FaWiersz><NrWierszaFa>{row}</NrWierszaFa><UU_ID>{:08x}{:08x}</UU_ID>\
             <P_7>{goods} {}</P_7><P_8A>szt.</P_8A><P_8B>{}</P_8B><P_9A>{}.{:02}</P_9A>\
             <P_11>{}.{:02}</P_11><P_12>23</P_12></FaWiersz>",
            below(1 << 31),
            below(1 << 31),
            below(10_000),
            1 + below(100),
            below(10_000),
            below(100),
            below(100_000),
            below(100),
        );
    }
    text.push_str("</Fa>\n</Faktura>\n");
    (format!("FV-{round}-{number:05}.xml"), text.into_bytes())
}
