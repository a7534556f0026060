//! What is asked of both implementations, and its form in JSON.

use c14n::{Canonicalizer, Comments};
use roxmltree::Document;
use serde_json::{Value, json};

/// The algorithm of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Inclusive,
    Exclusive,
}

/// A part of a document and the rules for it; elements are counted from 0 in document order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) form: Form,
    pub(crate) comments: bool,
    pub(crate) prefixes: Vec<String>,
    /// The outermost element; the whole document when missing.
    pub(crate) apex: Option<usize>,
    pub(crate) without: Vec<usize>,
}

impl Case {
    /// A whole document without more.
    pub(crate) fn whole(form: Form, comments: bool) -> Self {
        Self { form, comments, prefixes: Vec::new(), apex: None, without: Vec::new() }
    }

    /// What the program beside `tests/oracle` reads.
    pub(crate) fn to_json(&self) -> Value {
        let form = match self.form {
            Form::Inclusive => "inclusive",
            Form::Exclusive => "exclusive",
        };
        json!({
            "form": form,
            "comments": self.comments,
            "prefixes": self.prefixes,
            "apex": self.apex,
            "without": self.without,
        })
    }

    /// A case as [`to_json`](Self::to_json) wrote it; `None` for anything else.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
        Some(Self {
            form: match value["form"].as_str()? {
                "inclusive" => Form::Inclusive,
                "exclusive" => Form::Exclusive,
                _ => return None,
            },
            comments: value["comments"].as_bool()?,
            prefixes: value["prefixes"]
                .as_array()?
                .iter()
                .map(|prefix| Some(prefix.as_str()?.to_owned()))
                .collect::<Option<_>>()?,
            apex: if value["apex"].is_null() { None } else { Some(number(&value["apex"])?) },
            without: value["without"].as_array()?.iter().map(number).collect::<Option<_>>()?,
        })
    }

    /// The canonical form by this crate; empty when there is no such element.
    pub(crate) fn canonical(&self, document: &Document<'_>) -> Vec<u8> {
        let rules = match self.form {
            Form::Inclusive => Canonicalizer::inclusive(),
            Form::Exclusive => Canonicalizer::exclusive(),
        };
        let rules = rules
            .comments(if self.comments { Comments::Keep } else { Comments::Drop })
            .prefixes(self.prefixes.iter().map(String::as_str));
        let elements = || document.descendants().filter(roxmltree::Node::is_element);
        let mut canonical = match self.apex {
            None => rules.document(document),
            Some(number) => match elements().nth(number) {
                None => return Vec::new(),
                Some(element) => rules.element(element),
            },
        };
        for element in self.without.iter().filter_map(|number| elements().nth(*number)) {
            canonical = canonical.without(element.id());
        }
        let whole = canonical.to_vec();
        let mut pieces = Vec::new();
        canonical.write_to(|piece| pieces.extend_from_slice(piece));
        // A difference between the two outputs shows as a wrong result.
        if pieces == whole { whole } else { b"write_to and to_vec differ".to_vec() }
    }
}
