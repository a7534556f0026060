//! Verification links and QR codes (specification 1.9, chapters 16 and 17), and a page that shows
//! them.

use std::{fmt::Write as _, fs, path::Path};

use ksef_crypto::{
    link::{Environment, InvoiceHash, v1::OnlineLink},
    qr::{Caption, Correction, QrCode},
};

use crate::{Outcome, books::Books};

/// How many invoices get pictures; all of them get links.
const SHOWN: usize = 20;

/// A module of a picture in pixels.
const PIXELS: usize = 4;

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <title>Invoices of the scene ksef-v1</title>\n<style>\n\
    body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 70em; }\n\
    main { display: grid; gap: 1.5em; grid-template-columns: repeat(auto-fill, minmax(20em, 1fr)); }\n\
    figure { border: 1px solid #ccc; border-radius: 6px; margin: 0; padding: 1em; }\n\
    img { display: block; margin: 0 auto; max-width: 100%; }\n\
    figcaption { overflow-wrap: anywhere; font-size: 85%; }\n</style>\n";

/// Writes a table of all links, the pictures and the page; how many pictures there are.
pub(crate) fn write(folder: &Path, books: &Books) -> Outcome<usize> {
    let pictures = folder.join("qr");
    fs::create_dir_all(&pictures)?;
    let issued = books.issued();
    let (mut table, mut figures) = (String::from("invoice,number,link\n"), String::new());
    for (index, (number, entry)) in issued.iter().enumerate() {
        let hash = InvoiceHash::of(&entry.bytes);
        let link = OnlineLink::new(Environment::Test, (*number).clone(), hash);
        if !OnlineLink::parse(&link.to_string())?.matches(&entry.bytes) {
            return Err(format!("the link of {number} is not about its invoice").into());
        }
        let name = &entry.name;
        writeln!(table, "{name},{number},{link}")?;
        if index >= SHOWN {
            continue;
        }
        let code = QrCode::new(&link, Caption::Number((*number).clone()), Correction::Medium)?;
        fs::write(pictures.join(format!("{name}.svg")), code.svg())?;
        fs::write(pictures.join(format!("{name}.png")), code.png(PIXELS)?)?;
        writeln!(
            figures,
            "<figure>\n<img src=\"qr/{name}.svg\" alt=\"QR code of {number}\">\n<figcaption>\
             <strong>{name}</strong> · <a href=\"qr/{name}.png\">PNG</a><br>\n\
             <a href=\"{link}\">{link}</a></figcaption>\n</figure>"
        )?;
    }
    fs::write(folder.join("links.csv"), table)?;
    let (all, shown) = (issued.len(), issued.len().min(SHOWN));
    let text = format!(
        "{HEAD}<h1>Verification links of KSeF 1.x</h1>\n<p>{shown} of {all} invoices of an \
         invented bakery, issued by a local double of the service; <a href=\"links.csv\">all \
         links</a>. The pages behind the links no longer exist.</p>\n<main>\n{figures}</main>\n"
    );
    fs::write(folder.join("index.html"), text)?;
    Ok(shown)
}
