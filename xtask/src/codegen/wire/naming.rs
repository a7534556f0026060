//! Names of the contract as names of Rust.

/// Names that Rust keeps for itself, and what stands for them.
const KEYWORDS: &[(&str, &str)] =
    &[("type", "kind"), ("ref", "reference"), ("match", "matched"), ("use", "usage")];

/// `hashSHA` is `hash_sha`, `subjectToKList` is `subject_to_k_list`.
pub(crate) fn snake(name: &str) -> String {
    let snake = words(name).join("_");
    let keyword = KEYWORDS.iter().find(|(keyword, _)| *keyword == snake);
    keyword.map_or(snake, |(_, instead)| (*instead).to_owned())
}

/// `invoice_read` and `invoiceRead` are `InvoiceRead`; a leading digit gets a letter before it.
pub(crate) fn pascal(name: &str) -> String {
    let pascal: String = words(name).iter().map(|word| capital(word)).collect();
    if pascal.starts_with(|first: char| first.is_ascii_digit()) || pascal.is_empty() {
        return format!("N{pascal}");
    }
    pascal
}

/// What serde's `camelCase` makes of a field.
pub(crate) fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| camel + &capital(word))
}

/// `V2_SomeRequestType` is `SomeRequestV2`.
pub(crate) fn type_name(schema: &str) -> String {
    let (rest, version) = match schema.split_once('_') {
        Some((version, rest)) if is_version(version) => (rest, version),
        _ => (schema, ""),
    };
    let bare = rest.strip_suffix("Type").filter(|bare| !bare.is_empty()).unwrap_or(rest);
    pascal(bare) + version
}

/// The words of a name, in lower case: at underscores, before a capital, and before the last capital of a row of them.
pub(crate) fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| characters.get(at)).copied();
        let after = characters.get(index + 1).copied();
        let begins = character.is_ascii_uppercase()
            && (before.is_some_and(|before| !before.is_ascii_uppercase())
                || after.is_some_and(|after| after.is_ascii_lowercase()));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('V').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_in_snake_case() {
        for (name, expected) in [
            ("hashSHA", "hash_sha"),
            ("faP17Annotation", "fa_p17_annotation"),
            ("subjectToKList", "subject_to_k_list"),
            ("nameAPP", "name_app"),
            ("ksef-number", "ksef_number"),
            ("type", "kind"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn what_serde_makes_of_a_field_is_known() {
        assert_eq!(camel("fa_p17_annotation"), "faP17Annotation");
        assert_eq!(camel("hash_sha"), "hashSha");
    }

    #[test]
    fn types_lose_their_suffix_and_carry_their_version_behind() {
        assert_eq!(type_name("V2_RevokeTokenRequestType"), "RevokeTokenRequestV2");
        assert_eq!(type_name("HashSHAType"), "HashSha");
        assert_eq!(type_name("File1MBHashType"), "File1MbHash");
        assert_eq!(pascal("KOR_ZAL"), "KorZal");
        assert_eq!(pascal("3d"), "N3d");
    }
}
