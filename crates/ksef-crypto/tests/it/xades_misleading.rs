//! Signatures of a trusted key that say less than they seem, or something else.
//!
//! Nothing but the rules on structure, references and transforms can refuse them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use c14n::Canonicalizer;
use ksef_crypto::{
    keys::{LocalSigner, SignatureAlgorithm, Signer},
    xades::{Options, Packaging, Refusal, Verified, sign, verify},
};
use roxmltree::Document;

use crate::xades_support::{DS, authority, policy, signed_payment, signer, valid_time};

fn refusal(document: &str) -> Option<Refusal> {
    verify(document.as_bytes(), &policy(&authority())).err()
}

/// Signs what stands in `SignedInfo`, whatever it says.
fn signed_again(document: &str, signer: &LocalSigner) -> String {
    signed_with(&Canonicalizer::exclusive(), document, signer)
}

fn signed_with(form: &Canonicalizer, document: &str, signer: &LocalSigner) -> String {
    let tree = Document::parse(document).unwrap();
    let info = tree.descendants().find(|node| node.has_tag_name((DS, "SignedInfo"))).unwrap();
    let bytes = form.element(info).to_vec();
    let value = signer.sign(SignatureAlgorithm::EcdsaP256Sha256, &bytes).unwrap();
    let (start, end) = ("<ds:SignatureValue>", "</ds:SignatureValue>");
    let from = document.find(start).unwrap() + start.len();
    let until = document.find(end).unwrap();
    [&document[..from], &STANDARD.encode(value), &document[until..]].concat()
}

/// Replaces something in a genuine document, signs it again and tells why it is refused.
fn refusal_after(packaging: Packaging, old: &str, new: &str) -> Refusal {
    let document = signed_payment(packaging);
    assert!(document.contains(old), "{old}");
    let changed = signed_again(&document.replacen(old, new, 1), &signer("ec"));
    let refusal = refusal(&changed);
    assert!(refusal.is_some(), "accepted: {old} -> {new}");
    refusal.unwrap()
}

#[test]
fn the_helper_of_these_tests_makes_signatures_that_hold() {
    let document = signed_again(&signed_payment(Packaging::Enveloped), &signer("ec"));
    assert!(refusal(&document).is_none());
}

/// Such a list is looked through at every element, by whoever only asks whether a signature holds.
#[test]
fn a_list_of_prefixes_is_as_long_as_anybody_needs() {
    let with = |count: usize| {
        let prefixes: Vec<_> = (0..count).map(|number| format!("p{number}")).collect();
        let method =
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"";
        let list = format!(
            "{method}><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
             PrefixList=\"{}\"/></ds:CanonicalizationMethod>",
            prefixes.join(" ")
        );
        let document = signed_payment(Packaging::Enveloped);
        let (before, rest) = document.split_once(method).unwrap();
        let (_, behind) = rest.split_once('>').unwrap();
        let behind = behind.strip_prefix("</ds:CanonicalizationMethod>").unwrap_or(behind);
        let prefixes = prefixes.iter().map(String::as_str);
        let form = Canonicalizer::exclusive().prefixes(prefixes);
        refusal(&signed_with(&form, &[before, &list, behind].concat(), &signer("ec")))
    };
    assert!(with(64).is_none());
    assert!(matches!(with(65), Some(Refusal::Value("PrefixList"))));
}

#[test]
fn references_that_lead_elsewhere_are_refused() {
    for uri in [
        "#xpointer(/)",
        "#xpointer(id('Signature'))",
        "#element(/1)",
        "http://localhost/document.xml",
        "file:///document.xml",
        "document.xml",
        "#",
        " ",
        "?",
        ".",
    ] {
        let new = format!("URI=\"{uri}\"");
        let refusal = refusal_after(Packaging::Enveloped, "URI=\"\"", &new);
        assert!(matches!(refusal, Refusal::Reference | Refusal::Id), "{uri}: {refusal:?}");
    }
    for (uri, packaging) in [
        ("#Missing", Packaging::Enveloped),
        ("#Signature", Packaging::Enveloped),
        ("", Packaging::Enveloping),
        ("#Signature", Packaging::EnvelopingBase64),
    ] {
        let old = if packaging == Packaging::Enveloped {
            "URI=\"\""
        } else {
            "URI=\"#Signature-Document\""
        };
        let refusal = refusal_after(packaging, old, &format!("URI=\"{uri}\""));
        assert!(matches!(refusal, Refusal::Reference | Refusal::Id), "{uri}: {refusal:?}");
    }
    for (old, new) in [
        (" URI=\"\"", ""),
        ("Type=\"http://uri.etsi.org/01903#SignedProperties\"", ""),
        ("URI=\"\"", "Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"\""),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, new);
        let is_named =
            matches!(refusal, Refusal::Reference | Refusal::Coverage(_) | Refusal::Digest(_));
        assert!(is_named, "{new}: {refusal:?}");
    }
}

#[test]
fn signatures_that_do_not_cover_the_document_once_are_refused() {
    let document = signed_payment(Packaging::Enveloped);
    let references: Vec<_> = document
        .match_indices("<ds:Reference")
        .map(|(start, _)| {
            let end = "</ds:Reference>";
            let length = document[start..].find(end).unwrap() + end.len();
            document[start..start + length].to_owned()
        })
        .collect();
    let [content, properties] = references.as_slice() else { panic!() };
    for (old, new) in [
        (content, String::new()),
        (properties, String::new()),
        (content, format!("{content}{content}")),
        (properties, format!("{properties}{properties}")),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, &new);
        assert!(matches!(refusal, Refusal::Coverage(_)), "{refusal:?}");
    }
    let many = refusal_after(Packaging::Enveloped, properties, &properties.repeat(16));
    assert!(matches!(many, Refusal::Structure(_)), "{many:?}");
}

const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const CANONICAL: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";

#[test]
fn transforms_that_could_drop_content_are_refused() {
    let xpath = |expression: &str| {
        format!(
            "<ds:Transform Algorithm='http://www.w3.org/TR/1999/REC-xpath-19991116'><ds:XPath xmlns:w='urn:z'>{expression}</ds:XPath></ds:Transform>"
        )
    };
    let filter = |kind: &str, expression: &str| {
        let address = "http://www.w3.org/2002/06/xmldsig-filter2";
        format!(
            "<ds:Transform Algorithm='{address}'><f:XPath xmlns:f='{address}' xmlns:w='urn:z' Filter='{kind}'>{expression}</f:XPath></ds:Transform>"
        )
    };
    let plain = |algorithm: &str| format!("<ds:Transform Algorithm='{algorithm}'/>");
    let mut steps = vec![
        String::new(),
        plain("http://www.w3.org/TR/1999/REC-xslt-19991116"),
        plain("http://www.w3.org/2002/07/decrypt#XML"),
        plain("http://www.w3.org/2000/09/xmldsig#base64"),
        plain("http://www.w3.org/2001/10/xml-exc-c14n"),
        plain("http://www.w3.org/2006/12/xml-c14n12"),
        plain(""),
        format!("{CANONICAL}{ENVELOPED}"),
        ENVELOPED.replace("></", "><Inny/></"),
        ENVELOPED.replace("ds:Transform", "ds:Inny"),
    ];
    for expression in [
        "not(ancestor-or-self::Kwota)",
        "not(ancestor-or-self::w:Signature)",
        "true()",
        "",
        "not(ancestor-or-self::ds:Signature) and not(self::Kwota)",
        "not(ancestor-or-self::ds:*)",
        "not(ancestor-or-self::ds:Signature)]",
        "not(ancestor-or-self::Signature)",
        "self::text()",
    ] {
        steps.push(xpath(expression));
    }
    for (kind, expression) in [
        ("subtract", "/descendant::w:Signature"),
        ("subtract", "//Kwota"),
        ("subtract", "/"),
        ("subtract", "/descendant::ds:Signature | //Kwota"),
        ("intersect", "//ds:Signature"),
        ("union", "//ds:Signature"),
        ("", "//ds:Signature"),
        ("subtract", "//*"),
        ("subtract", "here()/ancestor::ds:Object[1]"),
        ("subtract", "//ds:Signature[2]"),
    ] {
        steps.push(filter(kind, expression));
    }
    for step in steps {
        let refusal = refusal_after(Packaging::Enveloped, ENVELOPED, &step);
        let is_named = matches!(refusal, Refusal::Algorithm(_) | Refusal::Structure(_));
        assert!(is_named, "{step}: {refusal:?}");
    }
    for packaging in [Packaging::Enveloping, Packaging::EnvelopingBase64] {
        let refusal =
            refusal_after(packaging, "<ds:Transforms>", &format!("<ds:Transforms>{ENVELOPED}"));
        assert!(matches!(refusal, Refusal::Algorithm(_)), "{refusal:?}");
    }
    let twice = refusal_after(Packaging::Enveloped, CANONICAL, &CANONICAL.repeat(2));
    assert!(matches!(twice, Refusal::Algorithm(_)), "{twice:?}");
}

#[test]
fn methods_that_are_not_taken_are_refused() {
    let ecdsa = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    for method in [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        "",
    ] {
        let refusal = refusal_after(Packaging::Enveloped, ecdsa, method);
        let is_named =
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Sha1(_) | Refusal::Signature(_));
        assert!(is_named, "{method}: {refusal:?}");
    }
    for digest in
        ["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", ""]
    {
        let refusal =
            refusal_after(Packaging::Enveloped, "http://www.w3.org/2001/04/xmlenc#sha256", digest);
        assert!(
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Sha1(_)),
            "{digest}: {refusal:?}"
        );
    }
    for (old, new) in [
        ("ecdsa-sha256\">", "ecdsa-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength>"),
        (
            "http://www.w3.org/2001/10/xml-exc-c14n#\"",
            "http://www.w3.org/TR/1999/REC-xpath-19991116\"",
        ),
        ("<ds:DigestValue>", "<ds:DigestValue><!-- -->"),
        ("<ds:DigestValue>", "<ds:DigestValue><?x?>"),
        ("<ds:DigestMethod", "<ds:DigestValue/><ds:DigestMethod"),
        ("<ds:Reference", "<ds:Manifest/><ds:Reference"),
        ("<ds:SignatureMethod", "text<ds:SignatureMethod"),
        ("ecdsa-sha256\">", "ecdsa-sha256\"><!-- -->"),
        ("xmlenc#sha256\">", "xmlenc#sha256\"><?x?>"),
    ] {
        let refusal = refusal_after(Packaging::Enveloped, old, new);
        let is_named =
            matches!(refusal, Refusal::Algorithm(_) | Refusal::Structure(_) | Refusal::Value(_));
        assert!(is_named, "{new}: {refusal:?}");
    }
}

/// Changes the signed properties of a genuine document and signs their new digest.
fn after_properties_became(old: &str, new: &str) -> Result<Verified, Refusal> {
    let document = signed_payment(Packaging::Enveloped);
    let digest = |document: &str| {
        let tree = Document::parse(document).unwrap();
        let mut nodes = tree.descendants();
        let properties = nodes.find(|node| node.tag_name().name() == "SignedProperties").unwrap();
        let bytes = Canonicalizer::exclusive().element(properties).to_vec();
        STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes))
    };
    assert!(document.contains(old) && document.contains(&digest(&document)));
    let changed = document.replacen(old, new, 1);
    let changed = changed.replacen(&digest(&document), &digest(&changed), 1);
    let signed = signed_again(&changed, &signer("ec"));
    verify(signed.as_bytes(), &policy(&authority()))
}

#[test]
fn properties_that_do_not_name_the_certificate_are_refused() {
    let end = "</ds:X509SerialNumber>";
    for (old, new) in [
        (end, "0</ds:X509SerialNumber>"),
        ("<ds:X509IssuerName>", "<ds:Inny/><ds:X509IssuerName>"),
        ("<xades:SigningCertificate>", "<xades:SigningCertificate><xades:Inny/>"),
        ("<xades:CertDigest>", "<xades:Inny/><xades:CertDigest>"),
        ("<xades:SignedSignatureProperties>", "<xades:Inny/><xades:SignedSignatureProperties>"),
        (
            "xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>",
            "xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>AAAA",
        ),
        (
            "<xades:SigningTime>",
            "<xades:SigningTime>2026-01-01T00:00:00Z</xades:SigningTime><xades:SigningTime>",
        ),
        ("<xades:SigningTime>", "<xades:SigningCertificateV2/><xades:SigningTime>"),
    ] {
        let verdict = after_properties_became(old, new);
        let is_named = matches!(
            verdict,
            Err(Refusal::OtherCertificate
                | Refusal::Structure(_)
                | Refusal::Value(_)
                | Refusal::Digest(_))
        );
        assert!(is_named, "{new}: {verdict:?}");
    }
    let serial = after_properties_became(end, "0</ds:X509SerialNumber>");
    assert!(matches!(serial, Err(Refusal::OtherCertificate)));
}

#[test]
fn properties_that_nothing_depends_on_are_passed_over() {
    let place = "<xades:SignatureProductionPlace/></xades:SignedSignatureProperties>";
    let verdict = after_properties_became("</xades:SignedSignatureProperties>", place);
    assert_eq!(verdict.unwrap().signing_time(), Some(valid_time().into()));
    let verdict = after_properties_became("Z</xades:SigningTime>", "</xades:SigningTime>");
    assert_eq!(verdict.unwrap().signing_time(), None, "a time without an offset is no time");
}

#[test]
fn canonical_xml_11_is_taken_only_where_it_is_the_same_as_10() {
    for (attribute, is_taken) in
        [("xml:lang='pl'", true), ("xml:id='x'", false), ("xml:base='urn:b'", false)]
    {
        let document = format!("<Z {attribute}><Kwota>1</Kwota></Z>");
        let signed = sign(document.as_bytes(), &signer("ec"), &Options::v1(valid_time())).unwrap();
        let signed = String::from_utf8(signed).unwrap();
        let old = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
        let changed = signed.replace(old, "http://www.w3.org/2006/12/xml-c14n11");
        let signed = signed_with(&Canonicalizer::inclusive(), &changed, &signer("ec"));
        match refusal(&signed) {
            None => assert!(is_taken, "{attribute}"),
            Some(refusal) => {
                assert!(matches!(refusal, Refusal::Algorithm("canonicalisation")), "{refusal:?}");
                assert!(!is_taken, "{attribute}");
            }
        }
    }
}
