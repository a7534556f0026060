//! Scripted faults: what goes wrong, on which requests, and how often.
//!
//! A [`Script`] is a list of [`Rule`]s in the order given.
//! Every rule that matches a request and whose turn has come adds its [`Fault`] to that exchange,
//! so that a delay and a lost answer can meet in one request.
//! The JSON form of a rule, which the control API takes, is that of the `serde` derives:
//!
//! ```json
//! {"method": "POST", "path": "/invoices/batch", "turn": {"first": 1}, "fault": "lose_answer"}
//! ```

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// What happens to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is processed; this status is the answer, with a `Retry-After` in seconds if given.
    Reply {
        /// The status, 200 to 599.
        #[serde(deserialize_with = "read::status")]
        status: u16,
        /// The value of the header `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Nothing is processed; the answer is 401.
    Unauthorized,
    /// Nothing is processed; the answer is the system's own refusal with this code, such as `B05`.
    ///
    /// CRK and both KSeF have such refusals; KROS and ePP answer 500.
    Code(Code),
    /// Nothing is processed; the connection closes once the request has been read.
    DropRequest,
    /// The request is processed; the connection closes before the first byte of the answer.
    LoseAnswer,
    /// The request is processed; this status takes the place of the true answer.
    MaskAnswer {
        /// The status, 200 to 599.
        #[serde(deserialize_with = "read::status")]
        status: u16,
    },
    /// The request is processed; the connection closes after so many bytes of the answer.
    ///
    /// On a socket the bytes count from the status line; in process, where no head is written,
    /// they count from the first byte of the body.
    CutAnswer {
        /// How many bytes arrive.
        after: usize,
    },
    /// The request waits so many milliseconds before it is processed.
    DelayBefore {
        /// Milliseconds.
        ms: u64,
    },
    /// The answer waits so many milliseconds after the request was processed.
    DelayAfter {
        /// Milliseconds.
        ms: u64,
    },
    /// The answer arrives in pieces of at most so many bytes.
    SplitWrites {
        /// Bytes of a piece, at least 1.
        size: usize,
    },
}

/// A code of an emulated system: one to eight printable ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code {
    characters: [u8; 8],
    length: usize,
}

/// A text that is no [`Code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has one to eight printable ASCII characters")]
pub struct NoCode;

impl Code {
    /// Reads a code.
    ///
    /// # Errors
    ///
    /// [`NoCode`] for a text that is empty, too long or not printable ASCII.
    pub fn new(text: &str) -> Result<Self, NoCode> {
        let mut characters = [0; 8];
        let fits = (1..=characters.len()).contains(&text.len());
        if !fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoCode);
        }
        characters[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { characters, length: text.len() })
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.characters[..self.length]).unwrap_or_default()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.as_str())
    }
}

impl TryFrom<String> for Code {
    type Error = NoCode;

    fn try_from(text: String) -> Result<Self, NoCode> {
        Self::new(&text)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.as_str().to_owned()
    }
}

/// On which of the matching requests a rule acts; requests are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Turn {
    /// On each of them.
    #[default]
    Always,
    /// On the first so many.
    First(u64),
    /// On exactly this one.
    Nth(u64),
    /// On so many of a thousand, by seeded chance.
    PerThousand(u16),
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The HTTP method, whose case does not matter; absent means every method.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read::method")]
    method: Option<String>,
    /// The path as a template (`/invoices/{id}`) or as it is sent (`/invoices/22596`), below the
    /// base address or whole (`/api/invoices/22596`); absent means every path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The command inside the request, for systems whose commands share a path, such as `MFP` of
    /// CRK; absent means every command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// When the rule acts.
    #[serde(default)]
    turn: Turn,
    /// What it does.
    fault: Fault,
}

impl Rule {
    /// A rule that lets `fault` happen to every request.
    pub fn new(fault: Fault) -> Self {
        Self { method: None, path: None, command: None, turn: Turn::Always, fault }
    }

    /// Only requests of this method and path: template or literal, below the base address or whole.
    #[must_use]
    pub fn on(mut self, method: &Method, path: &str) -> Self {
        self.method = Some(method.to_string());
        self.path = Some(path.to_owned());
        self
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: &Method) -> Self {
        self.method = Some(method.to_string());
        self
    }

    /// Only requests that carry this command.
    #[must_use]
    pub fn command(mut self, command: &str) -> Self {
        self.command = Some(command.to_owned());
        self
    }

    /// Only when it is the rule's turn.
    #[must_use]
    pub fn turn(mut self, turn: Turn) -> Self {
        self.turn = turn;
        self
    }

    /// Only on the first matching request.
    #[must_use]
    pub fn once(self) -> Self {
        self.turn(Turn::First(1))
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        let method = self.method.as_deref().is_none_or(|method| method == target.method.as_str());
        let path = self.path.as_deref().is_none_or(|path| target.is_at(path));
        let command = self.command.is_none() || self.command.as_deref() == target.command;
        method && path && command
    }
}

/// A request as rules see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a Method,
    /// The path as it was sent.
    pub(crate) sent: &'a str,
    /// The path below the base address.
    pub(crate) path: &'a str,
    /// The template of the known route, if the route is known.
    pub(crate) template: Option<&'a str>,
    /// The command inside the request, if the system has such.
    pub(crate) command: Option<&'a str>,
}

impl Target<'_> {
    /// Whether `path` names the place of this request, with the base address before it or without.
    fn is_at(&self, path: &str) -> bool {
        let base = self.sent.strip_suffix(self.path).unwrap_or_default();
        let below = path.strip_prefix(base).unwrap_or(path);
        below == self.path || Some(below) == self.template
    }
}

/// A rule in force and what it has done so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// The rule; in JSON its members stand beside the numbers.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests it was for, whether it was its turn or not.
    pub matched: u64,
    /// How many of them met its fault.
    pub met: u64,
}

/// The faults in force for one system; it can be changed while requests run.
#[derive(Debug, Default)]
pub struct Script {
    lines: Mutex<Vec<Tally>>,
    met: Mutex<Vec<Fault>>,
}

impl Script {
    /// Adds a rule after those in force.
    pub fn push(&self, rule: Rule) {
        self.lines().push(Tally { rule, matched: 0, met: 0 });
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.lines().clear();
    }

    /// The rules in force, in their order, spent ones included.
    pub fn rules(&self) -> Vec<Rule> {
        self.lines().iter().map(|line| line.rule.clone()).collect()
    }

    /// The rules in force with what they have done: one that matched nothing is for another path.
    pub fn tallies(&self) -> Vec<Tally> {
        self.lines().clone()
    }

    /// The faults that have happened, in their order; taking rules away forgets none of them.
    pub fn met(&self) -> Vec<Fault> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The faults whose turn it is at this request.
    pub(crate) fn draw(&self, target: &Target<'_>, chance: &Chance) -> Vec<Fault> {
        let mut lines = self.lines();
        let matching = lines.iter_mut().filter(|line| line.rule.matches(target));
        let mut faults = Vec::new();
        for line in matching {
            line.matched += 1;
            let acts = match line.rule.turn {
                Turn::Always => true,
                Turn::First(count) => line.matched <= count,
                Turn::Nth(number) => line.matched == number,
                Turn::PerThousand(share) => chance.hits(share),
            };
            if acts {
                line.met += 1;
                faults.push(line.rule.fault);
            }
        }
        drop(lines);
        self.met.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&faults);
        faults
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Tally>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reading what must not be taken as it comes: a rule that can never act would be kept in silence.
mod read {
    use http::{Method, StatusCode};
    use serde::de::{Deserialize, Deserializer, Error};

    const METHODS: [Method; 9] = [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ];

    /// The capital form of a known method.
    pub(super) fn method<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let known = METHODS.iter().find(|method| method.as_str().eq_ignore_ascii_case(&text));
        known
            .map(|method| Some(method.to_string()))
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no HTTP method")))
    }

    /// A status that can end an exchange.
    pub(super) fn status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
        let number = u16::deserialize(from)?;
        let status = StatusCode::from_u16(number).ok().filter(|status| !status.is_informational());
        let fits = status.is_some_and(|status| status.as_u16() < 600);
        fits.then_some(number)
            .ok_or_else(|| D::Error::custom(format!("the status {number} is not in 200 to 599")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(script: &Script, method: &Method, path: &str, template: &str) -> Vec<Fault> {
        let sent = format!("/api{path}");
        let (template, command) = (Some(template), Some("MFP"));
        let target = Target { method, sent: &sent, path, template, command };
        script.draw(&target, &Chance::seeded(1))
    }

    #[test]
    fn turns_count_only_matching_requests() {
        let script = Script::default();
        let fault = Fault::LoseAnswer;
        script.push(Rule::new(fault).on(&Method::GET, "/invoices/{id}").turn(Turn::Nth(2)));
        assert!(draw(&script, &Method::POST, "/invoices", "/invoices").is_empty());
        assert!(draw(&script, &Method::GET, "/invoices/1", "/invoices/{id}").is_empty());
        assert!(script.met().is_empty(), "nothing has happened yet");
        assert_eq!(draw(&script, &Method::GET, "/invoices/2", "/invoices/{id}"), [fault]);
        assert!(draw(&script, &Method::GET, "/invoices/3", "/invoices/{id}").is_empty());
        script.clear();
        assert_eq!(script.met(), [fault]);
    }

    #[test]
    fn a_path_is_named_with_its_base_or_without() {
        let script = Script::default();
        for path in ["/invoices/7", "/invoices/{id}", "/api/invoices/7", "/api/invoices/{id}"] {
            script.push(Rule::new(Fault::DropRequest).on(&Method::GET, path));
        }
        for other in ["/api/api/invoices/7", "/v2/invoices/7", "invoices/7", "/api"] {
            script.push(Rule::new(Fault::LoseAnswer).on(&Method::GET, other));
        }
        let met = draw(&script, &Method::GET, "/invoices/7", "/invoices/{id}");
        assert_eq!(met, [Fault::DropRequest; 4]);
        let matched: Vec<u64> = script.tallies().iter().map(|tally| tally.matched).collect();
        assert_eq!(matched, [1, 1, 1, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_tally_tells_requests_from_faults() {
        let script = Script::default();
        script.push(Rule::new(Fault::LoseAnswer).turn(Turn::Nth(2)));
        for _ in 0..3 {
            draw(&script, &Method::GET, "/a", "/a");
        }
        let shown = serde_json::to_value(script.tallies()).unwrap();
        let expected = r#"[{"turn":{"nth":2},"fault":"lose_answer","matched":3,"met":1}]"#;
        assert_eq!(shown, serde_json::from_str::<serde_json::Value>(expected).unwrap());
    }

    #[test]
    fn a_rule_that_could_never_act_is_refused() {
        let read =
            |text: &str| serde_json::from_str::<Rule>(text).map_err(|error| error.to_string());
        let rule = read(r#"{"method":"get","fault":"lose_answer"}"#);
        assert_eq!(rule, Ok(Rule::new(Fault::LoseAnswer).method(&Method::GET)));
        let refused = read(r#"{"method":"GETS","fault":"lose_answer"}"#).unwrap_err();
        assert!(refused.starts_with("`GETS` is no HTTP method"), "{refused}");
        for status in [0, 100, 199, 600, 999, 9999] {
            for fault in ["reply", "mask_answer"] {
                let text = format!(r#"{{"fault":{{"{fault}":{{"status":{status}}}}}}}"#);
                let refused = read(&text).unwrap_err();
                assert!(refused.contains("is not in 200 to 599"), "{text}: {refused}");
            }
        }
        for status in [200, 301, 599] {
            let text = format!(r#"{{"fault":{{"reply":{{"status":{status}}}}}}}"#);
            assert!(read(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_literal_path_matches_that_resource_only() {
        let script = Script::default();
        script.push(Rule::new(Fault::DropRequest).on(&Method::GET, "/invoices/7"));
        assert_eq!(draw(&script, &Method::GET, "/invoices/7", "/invoices/{id}").len(), 1);
        assert!(draw(&script, &Method::GET, "/invoices/8", "/invoices/{id}").is_empty());
    }

    #[test]
    fn the_json_form_of_a_rule_is_read() {
        let text = r#"{"method":"POST","path":"/payments/batch","turn":{"first":2},
                       "fault":{"reply":{"status":503,"retry_after":4}}}"#;
        let rule: Rule = serde_json::from_str(text).unwrap();
        let expected = Rule::new(Fault::Reply { status: 503, retry_after: Some(4) })
            .on(&Method::POST, "/payments/batch")
            .turn(Turn::First(2));
        assert_eq!(rule, expected);
        assert!(serde_json::from_str::<Rule>(r#"{"fault":"lose_answer","pth":"/x"}"#).is_err());
    }

    #[test]
    fn a_code_is_read_and_shown_as_text() {
        let rule: Rule = serde_json::from_str(r#"{"fault":{"code":"B05"}}"#).unwrap();
        assert_eq!(rule, Rule::new(Fault::Code(Code::new("B05").unwrap())));
        assert_eq!(serde_json::to_value(&rule).unwrap()["fault"]["code"], "B05");
        for wrong in ["", "123456789", "a b", "ł"] {
            assert_eq!(Code::new(wrong), Err(NoCode), "{wrong}");
        }
    }

    #[test]
    fn a_command_tells_apart_what_shares_a_path() {
        let script = Script::default();
        script.push(Rule::new(Fault::LoseAnswer).command("KCS"));
        assert!(draw(&script, &Method::GET, "/a", "/a").is_empty());
        script.push(Rule::new(Fault::DropRequest).command("MFP"));
        assert_eq!(draw(&script, &Method::GET, "/a", "/a"), [Fault::DropRequest]);
    }
}
