//! Paths and the templates of routes.

/// The path below a base address, as `/api`; a path beside it stays as it is.
pub(crate) fn below<'a>(base: &str, path: &'a str) -> &'a str {
    match path.strip_prefix(base) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// The parameters of a template and their values, in their order, when the path fits it. They are
/// whole segments and never empty.
pub(crate) fn parameters<'t, 'p>(
    template: &'t str,
    path: &'p str,
) -> Option<Vec<(&'t str, &'p str)>> {
    let mut found = Vec::new();
    let (mut expected, mut given) = (template.split('/'), path.split('/'));
    loop {
        let (segment, value) = match (expected.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(segment), Some(value)) => (segment, value),
            _ => return None,
        };
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !value.is_empty() => found.push((name, value)),
            None if segment == value => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_below_the_base_lose_it() {
        assert_eq!(below("/api", "/api/invoices"), "/invoices");
        for beside in ["/api", "/apis/a", "/web/api/a"] {
            assert_eq!(below("/api", beside), beside);
        }
    }

    #[test]
    fn parameters_are_whole_segments_that_hold_something() {
        let find = |path| parameters("/a/{one}/b/{two}", path);
        assert_eq!(find("/a/1/b/2"), Some(vec![("one", "1"), ("two", "2")]));
        for other in ["/a/1/b", "/a//b/2", "/a/1/c/2", "/a/1/b/2/", "/A/1/b/2"] {
            assert_eq!(find(other), None, "{other}");
        }
        assert_eq!(parameters("/a", "/a"), Some(vec![]));
    }
}
