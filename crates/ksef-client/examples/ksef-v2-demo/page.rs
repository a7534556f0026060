//! Verification links and QR codes (KSeF 2.0 facts §15), and a page that shows them.

use std::{fmt::Write as _, fs, path::Path};

use chrono::NaiveDate;
use common_core::ident::Nip;
use ksef_crypto::{
    keys::LocalSigner,
    link::{CertificateLink, Environment, InvoiceHash, InvoiceLink},
    number::ContextIdentifier,
    qr::{Caption, Correction, QrCode},
};

use crate::{
    Outcome,
    books::Books,
    invoices::{BAKER, Invoice},
};

/// How many issued invoices get pictures; all of them get links.
const SHOWN: usize = 20;

/// A module of a picture in pixels.
const PIXELS: usize = 4;

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <title>Invoices of the scene ksef-v2</title>\n<style>\n\
    body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 70em; }\n\
    main { display: grid; gap: 1.5em; grid-template-columns: repeat(auto-fill, minmax(20em, 1fr)); }\n\
    figure { border: 1px solid #ccc; border-radius: 6px; margin: 0; padding: 1em; }\n\
    img { display: block; margin: 0 auto; max-width: 100%; }\n\
    dt { font-weight: bold; }\n\
    figcaption { overflow-wrap: anywhere; font-size: 85%; }\n</style>\n";

/// The page while it is being written.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    folder: &'a Path,
    offline: String,
    codes: usize,
}

impl<'a> Page<'a> {
    /// Begins a page in that folder.
    pub(crate) fn new(folder: &'a Path) -> Outcome<Self> {
        fs::create_dir_all(folder.join("qr"))?;
        Ok(Self { folder, offline: String::new(), codes: 0 })
    }

    /// The two codes of an invoice that is issued offline, before KSeF has it: KOD I with the
    /// caption `OFFLINE`, and KOD II, signed by the certificate for it.
    pub(crate) fn offline(
        &mut self,
        invoice: &Invoice,
        context: &ContextIdentifier,
        signer: &LocalSigner,
    ) -> Outcome {
        let link = invoice_link(invoice.issued, &invoice.bytes)?;
        let certified = CertificateLink::sign(&link, context.clone(), signer)?;
        let read = CertificateLink::parse(&certified.to_string())?;
        read.verify(signer.key().public_key())?;
        if read != certified || !read.matches(&invoice.bytes) {
            return Err(format!("the KOD II of {} is not about it", invoice.name).into());
        }
        let name = invoice.name.trim_end_matches(".xml");
        let one = self.code(&format!("{name}-1"), &link.to_string(), Caption::Offline)?;
        let two = self.code(&format!("{name}-2"), &certified.to_string(), Caption::Certificate)?;
        self.offline.extend([one, two]);
        Ok(())
    }

    /// Adds the links of everything that was issued, and writes the page with these facts on top;
    /// how many codes it shows.
    pub(crate) fn finish(mut self, books: &Books, facts: &[(&str, String)]) -> Outcome<usize> {
        let issued = books.issued();
        let (mut table, mut figures) = (String::from("invoice,number,link\n"), String::new());
        for (index, (number, entry)) in issued.iter().enumerate() {
            let link = invoice_link(entry.issued, &entry.bytes)?.to_string();
            writeln!(table, "{},{number},{link}", entry.name)?;
            if index < SHOWN {
                let name = format!("{}-issued", entry.name.trim_end_matches(".xml"));
                figures.push_str(&self.code(&name, &link, Caption::Number((*number).clone()))?);
            }
        }
        fs::write(self.folder.join("links.csv"), table)?;
        let rows = facts.iter().map(|(fact, value)| format!("<dt>{fact}</dt><dd>{value}</dd>\n"));
        let text = format!(
            "{HEAD}<h1>An invented bakery and KSeF 2.0</h1>\n<p>Played against a local double of \
             the service, so the addresses behind the codes know nothing of these invoices.</p>\n\
             <dl>\n{}</dl>\n<h2>Issued offline: KOD I and KOD II</h2>\n<main>\n{}</main>\n\
             <h2>Issued: KOD I</h2>\n<p>{SHOWN} of {} invoices; <a href=\"links.csv\">all \
             links</a>.</p>\n<main>\n{figures}</main>\n",
            rows.collect::<String>(),
            self.offline,
            issued.len(),
        );
        fs::write(self.folder.join("index.html"), text)?;
        Ok(self.codes)
    }

    /// Writes the pictures of a code; what shows it on the page.
    fn code(&mut self, name: &str, link: &str, caption: Caption) -> Outcome<String> {
        let code = QrCode::new(&link, caption, Correction::Medium)?;
        fs::write(self.folder.join(format!("qr/{name}.svg")), code.svg())?;
        fs::write(self.folder.join(format!("qr/{name}.png")), code.png(PIXELS)?)?;
        self.codes += 1;
        Ok(format!(
            "<figure>\n<img src=\"qr/{name}.svg\" alt=\"QR code {name}\">\n<figcaption>\
             <strong>{name}</strong> · <a href=\"qr/{name}.png\">PNG</a><br>\n\
             <a href=\"{link}\">{link}</a></figcaption>\n</figure>\n"
        ))
    }
}

/// The KOD I of an invoice of the baker, read back to be sure.
fn invoice_link(issued: NaiveDate, bytes: &[u8]) -> Outcome<InvoiceLink> {
    let hash = InvoiceHash::of(bytes);
    let link = InvoiceLink::new(Environment::Test, Nip::parse(BAKER.nip)?, issued, hash);
    if InvoiceLink::parse(&link.to_string())? == link && link.matches(bytes) {
        return Ok(link);
    }
    Err(format!("the link {link} is not about its invoice").into())
}
