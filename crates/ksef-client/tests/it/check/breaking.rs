//! Changes of the text of an invoice without regard to what it is, most of which break XML.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};

const PIECES: &[&str] = &[
    "<",
    ">",
    "&",
    "/",
    "=",
    "\"",
    "'",
    ":",
    "!",
    "?",
    "]]>",
    "]]&gt;",
    "<!--",
    "-->",
    "--",
    "<!-- a -->",
    "<!-- a -- b -->",
    "<!--a--->",
    "<![CDATA[",
    "<![CDATA[]]>",
    "<![CDATA[ ]]>",
    "<?a?>",
    "<?a b?>",
    "<??>",
    "<? a?>",
    "<?xml version='1.0'?>",
    "<?XML a?>",
    "<?a:b c?>",
    "<!DOCTYPE Faktura>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "<!doctype a>",
    "<!ELEMENT a ANY>",
    "&#0;",
    "&#31;",
    "&#9;",
    "&#32;",
    "&#xD800;",
    "&#xFFFE;",
    "&#x10FFFF;",
    "&#1114112;",
    "&#x;",
    "&#;",
    "&#+1;",
    "&#x1 ;",
    "&nbsp;",
    "&amp",
    "&lt;",
    "&amp;",
    "&AMP;",
    "& ;",
    "\u{1}",
    "\u{0}",
    "\u{FFFE}",
    "\u{FFFF}",
    "\u{7F}",
    "\u{FEFF}",
    "\u{85}",
    "\u{A0}",
    "ż",
    "<a>",
    "</a>",
    "<a/>",
    "<a b='1' b='2'/>",
    "<a b=1/>",
    "<a b/>",
    "<a b='<'/>",
    "<a b='&'/>",
    "<a b='1'c='2'/>",
    "<1/>",
    "<ż/>",
    "<a·/>",
    "<·a/>",
    "<a:b/>",
    "<:a/>",
    "<a:/>",
    "<a:b:c/>",
    "<a xmlns:b='c'/>",
    "<a xmlns:b=''/>",
    "<a xmlns:xml='c'/>",
    "<a xmlns:xmlns='c'/>",
    "<a\u{B}/>",
    "< a/>",
    "<a / >",
    "</ a>",
    "<a ></a\n>",
    "\r",
    "\r\n",
    "\n",
    "\t",
    " ",
    "x",
];

/// The text with one to three changes.
pub(crate) fn broken(text: &str, random: &mut StdRng) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..random.random_range(1..=3) {
        let at = boundary(&text, random);
        match random.random_range(0..10) {
            0 => text.truncate(at.max(1)),
            1..=2 => {
                let to = (at + random.random_range(1..5)).min(text.len());
                let to = (to..=text.len()).find(|to| text.is_char_boundary(*to)).unwrap_or(at);
                text.replace_range(at..to, "");
            }
            3 => {
                let from = boundary(&text, random).min(at);
                let copied: String = text[from..at].chars().take(40).collect();
                text.insert_str(at, &copied);
            }
            _ => text.insert_str(at, PIECES.choose(random).unwrap_or(&"")),
        }
    }
    text.into_bytes()
}

fn boundary(text: &str, random: &mut StdRng) -> usize {
    // The beginning is where declarations and namespaces are.
    let most = if random.random_range(0..4) == 0 { text.len().min(300) } else { text.len() };
    let at = random.random_range(0..=most);
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
