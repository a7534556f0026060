//! The authority's public keys (KSeF 2.0 facts §5).

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;

use crate::v2::{api::LimitGroup, endpoint::endpoint, wire};

/// `GET /security/public-key-certificates`: the certificates for tokens and for session keys.
///
/// [`Client::authority_key`](crate::v2::Client::authority_key) fetches, keeps and chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKeys;

endpoint!(PublicKeys -> Vec<wire::PublicKeyCertificate> {
    Info {
        name: "security.public_keys",
        method: Method::GET,
        path: "/security/public-key-certificates",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LimitGroup::Anonymous.name(),
        section: "KSeF 2.0 facts §5",
    },
    request: |_this, request| request.finish(),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::client::testing::{bare, read, read_example, shown};

    #[test]
    fn keys_are_listed_with_usages_known_and_unknown() {
        assert_eq!(shown(&PublicKeys), bare("GET", "/security/public-key-certificates"));
        let list = r#"[{"certificate":"AA==","usage":["SymmetricKeyEncryption","New"]}]"#;
        let keys = read::<PublicKeys>(list).unwrap();
        assert_eq!(keys[0].usage[1].raw(), "New");
        assert!(read::<PublicKeys>("{}").is_err());
        if let Some(keys) = read_example::<PublicKeys>("200") {
            assert_eq!(keys.len(), 2);
        }
    }
}
