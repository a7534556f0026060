//! From which addresses the tokens of a login may be used (KSeF 2.0 facts §4.1).

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;

/// The addresses that a login allows; none at all allows every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct AllowedIps(Vec<(u32, u32)>);

impl AllowedIps {
    /// Reads the member `authorizationPolicy` of a JSON request, whose shape was checked.
    pub(super) fn read(policy: &Value) -> Self {
        let texts = |name: &str| {
            let list = policy["allowedIps"][name].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut allowed = Self::default();
        for text in
            texts("ip4Addresses").iter().chain(&texts("ip4Ranges")).chain(&texts("ip4Masks"))
        {
            allowed.0.extend(range(text));
        }
        allowed
    }

    /// Adds an address, a range or a mask; false for anything else.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let range = range(text);
        self.0.extend(range);
        range.is_some()
    }

    /// Whether a caller from there is welcome.
    pub(in super::super) fn admits(&self, peer: IpAddr) -> bool {
        let IpAddr::V4(peer) = peer else { return self.0.is_empty() };
        let peer = u32::from(peer);
        self.0.is_empty() || self.0.iter().any(|(from, to)| (*from..=*to).contains(&peer))
    }
}

fn range(text: &str) -> Option<(u32, u32)> {
    let address = |text: &str| text.parse::<Ipv4Addr>().ok().map(u32::from);
    if let Some((from, to)) = text.split_once('-') {
        return Some((address(from)?, address(to)?));
    }
    if let Some((at, bits)) = text.split_once('/') {
        let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
        let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
        let from = address(at)? & !rest;
        return Some((from, from | rest));
    }
    address(text).map(|one| (one, one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_ranges_and_masks_admit() {
        let policy = json!({"allowedIps": {"ip4Addresses": ["10.0.0.1"],
            "ip4Ranges": ["10.0.1.1-10.0.1.9"], "ip4Masks": ["10.1.0.0/16"]}});
        let allowed = AllowedIps::read(&policy);
        let admits = |text: &str| allowed.admits(text.parse().unwrap());
        assert!(admits("10.0.0.1") && admits("10.0.1.9") && admits("10.1.255.255"));
        assert!(!admits("10.0.0.2") && !admits("10.0.1.10") && !admits("10.2.0.0"));
        assert!(AllowedIps::default().admits("127.0.0.1".parse().unwrap()));
        assert_eq!(range("10.0.0.1/32"), range("10.0.0.1"));
        assert_eq!(range("0.0.0.0/0"), Some((0, u32::MAX)));
    }
}
