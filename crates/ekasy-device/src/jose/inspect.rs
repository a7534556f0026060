//! What a captured object is, and which profiles fit it.
//!
//! For whoever holds a text and not the standard: nothing is trusted here, no signature is
//! verified, and the answer holds no key, no content and no value of a parameter that the
//! standards do not define.

use std::fmt;

use super::certificate::hex;
use super::jwe::Jwe;
use super::jws::Jws;
use super::{
    Compression, CryptoProfile, Decryptor, Header, JweAlgorithm, JwsAlgorithm, OpenError,
    OpenLimits, OuterBase64, Reading, Serialization, compression, form, trust,
};

/// What an object is, from the outside to the inside. Its `Display` is the account for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What was found, the outermost first.
    pub layers: Vec<Layer>,
    /// Why it was not read further, if it was not.
    pub end: Option<String>,
    /// What each profile says.
    pub verdicts: Vec<Verdict>,
}

/// One layer of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layer {
    /// What it is.
    pub name: &'static str,
    /// What is known of it, by name.
    pub facts: Vec<(String, String)>,
}

/// What a profile says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The name that the profile was given.
    pub profile: String,
    /// Why it does not fit: one reason per layer. None: it fits, as far as was read.
    pub reasons: Vec<OpenError>,
}

impl Verdict {
    /// Whether the profile accepts what was read.
    pub fn fits(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Explains a captured object under several profiles.
///
/// With a decryptor, the encrypted layer is opened and the signed one explained as well.
///
/// # Examples
///
/// ```
/// use ekasy_device::jose::{CryptoProfile, OpenLimits, inspect};
///
/// let receipt = "eyJhbGciOiJub25lIn0.e30.";
/// let profile = CryptoProfile::default();
/// let found = inspect(receipt, &[("assumed", &profile)], None, &OpenLimits::default());
/// assert_eq!(found.layers[0].name, "JWS");
/// assert!(!found.verdicts[0].fits());
/// ```
pub fn inspect(
    text: &str,
    profiles: &[(&str, &CryptoProfile)],
    decryptor: Option<&dyn Decryptor>,
    limits: &OpenLimits,
) -> Inspection {
    let mut work = Work {
        layers: Vec::new(),
        verdicts: profiles
            .iter()
            .map(|(name, _)| Verdict { profile: (*name).to_owned(), reasons: Vec::new() })
            .collect(),
        rules: profiles.iter().map(|(_, profile)| &profile.reading).collect(),
    };
    let end = work.whole(text, decryptor, limits).err().map(|error| error.to_string());
    Inspection { layers: work.layers, end, verdicts: work.verdicts }
}

struct Work<'a> {
    layers: Vec<Layer>,
    verdicts: Vec<Verdict>,
    rules: Vec<&'a Reading>,
}

impl Work<'_> {
    fn whole(
        &mut self,
        text: &str,
        decryptor: Option<&dyn Decryptor>,
        limits: &OpenLimits,
    ) -> Result<(), OpenError> {
        if text.len() > limits.text {
            return Err(OpenError::TooLarge("text"));
        }
        let inner = form::without_base64(text, OuterBase64::Auto)?;
        let is_wrapped = inner != text.trim_ascii();
        if is_wrapped {
            self.layer("Base64", vec![("bytes".to_owned(), inner.len().to_string())]);
        }
        self.judge(|rules| match (rules.outer_base64, is_wrapped) {
            (OuterBase64::Absent, true) | (OuterBase64::Forced, false) => {
                Err(OpenError::NotAllowed("outer Base64"))
            }
            _ => Ok(()),
        });
        let signed = Jws::parse(&inner, limits);
        if let Ok(jws) = &signed {
            return self.signed(jws, true, limits);
        }
        let jwe = Jwe::parse(&inner, limits)?;
        self.encrypted(jwe, decryptor, limits)
    }

    fn encrypted(
        &mut self,
        jwe: Jwe<'_>,
        decryptor: Option<&dyn Decryptor>,
        limits: &OpenLimits,
    ) -> Result<(), OpenError> {
        let (key, ciphertext) = jwe.sizes();
        let mut facts = vec![
            ("form".to_owned(), form_name(jwe.form).to_owned()),
            ("encrypted key".to_owned(), format!("{key} bytes")),
            ("ciphertext".to_owned(), format!("{ciphertext} bytes")),
        ];
        facts.extend(parameters(&jwe.header, limits));
        self.layer("JWE", facts);
        self.judge(|rules| jwe.check(rules).map(drop));
        let Some(decryptor) = decryptor else {
            return Ok(());
        };
        // RSA1_5 is tried only where one of the profiles asks for it.
        let mut every = Reading::default();
        if self.rules.iter().any(|rules| rules.key_encryptions.contains(&JweAlgorithm::Rsa1V5)) {
            every.key_encryptions.push(JweAlgorithm::Rsa1V5);
        }
        let allowed = jwe.check(&every)?;
        let content = jwe.decrypt(&allowed, decryptor, limits)?;
        let text = std::str::from_utf8(&content)
            .map_err(|_| OpenError::Malformed("parts of the signed object"))?;
        self.signed(&Jws::parse(text, limits)?, !allowed.is_zipped, limits)
    }

    fn signed(
        &mut self,
        jws: &Jws<'_>,
        may_be_compressed: bool,
        limits: &OpenLimits,
    ) -> Result<(), OpenError> {
        let mut facts = vec![
            ("form".to_owned(), form_name(jws.form).to_owned()),
            ("payload".to_owned(), format!("{} bytes", jws.payload.len())),
        ];
        facts.extend(parameters(&jws.header, limits));
        let unpacked = |allowed: &[Compression]| {
            compression::unpack(jws.payload.as_slice().into(), allowed, limits.payload)
        };
        let found = unpacked(&Compression::ALL);
        if may_be_compressed && let Ok((content, compression)) = &found {
            let size = content.len();
            facts.push(("compression".to_owned(), format!("{compression:?}, {size} bytes")));
        }
        self.layer("JWS", facts);
        self.judge(|rules| jws.check(rules).map(drop));
        if may_be_compressed {
            self.judge(|rules| unpacked(&rules.compressions).map(drop));
        }
        found.map(drop)
    }

    fn layer(&mut self, name: &'static str, facts: Vec<(String, String)>) {
        self.layers.push(Layer { name, facts });
    }

    /// Asks every profile about one layer.
    fn judge(&mut self, ask: impl Fn(&Reading) -> Result<(), OpenError>) {
        for (verdict, rules) in self.verdicts.iter_mut().zip(&self.rules) {
            if let Err(reason) = ask(rules) {
                verdict.reasons.push(reason);
            }
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            writeln!(f, "{}", layer.name)?;
            for (name, value) in &layer.facts {
                writeln!(f, "  {name}: {value}")?;
            }
        }
        if let Some(end) = &self.end {
            writeln!(f, "not read further: {end}")?;
        }
        for verdict in &self.verdicts {
            let reasons: Vec<String> = verdict.reasons.iter().map(OpenError::to_string).collect();
            let fits = if verdict.fits() { "fits" } else { "does not fit: " };
            writeln!(f, "profile {}: {fits}{}", verdict.profile, reasons.join("; "))?;
        }
        Ok(())
    }
}

/// The parameters of a header: those that the standards define by value, others by name.
fn parameters(header: &Header, limits: &OpenLimits) -> Vec<(String, String)> {
    header
        .iter()
        .map(|(name, value)| (name.to_owned(), shown(header, name, value, limits)))
        .collect()
}

fn shown(header: &Header, name: &str, value: &serde_json::Value, limits: &OpenLimits) -> String {
    const OPEN: [&str; 8] = ["alg", "enc", "zip", "typ", "cty", "kid", "x5t", "x5t#S256"];
    if name == "x5c" {
        return chain(header, limits);
    }
    match value.as_str() {
        Some(text) if OPEN.contains(&name) => {
            let known = match name {
                "alg" => {
                    JwsAlgorithm::from_name(text).is_some()
                        || JweAlgorithm::from_name(text).is_some()
                }
                _ => true,
            };
            let note = if known { "" } else { " (never accepted)" };
            // A hostile text must not write on the terminal.
            format!("{}{note}", text.chars().take(120).collect::<String>().escape_debug())
        }
        _ => "(not shown)".to_owned(),
    }
}

fn chain(header: &Header, limits: &OpenLimits) -> String {
    match trust::certificates(header, limits) {
        Ok(Some((leaf, between))) => std::iter::once(&leaf)
            .chain(&between)
            .map(|certificate| {
                let name = certificate.to_string();
                let thumb = hex(&certificate.sha256()[..8]);
                format!("{} (SHA-256 {thumb}…)", name.escape_debug())
            })
            .collect::<Vec<_>>()
            .join(", "),
        Ok(None) | Err(_) => "not readable".to_owned(),
    }
}

fn form_name(form: Serialization) -> &'static str {
    match form {
        Serialization::Compact => "compact",
        Serialization::Flattened => "flattened JSON",
        Serialization::General => "general JSON",
    }
}
