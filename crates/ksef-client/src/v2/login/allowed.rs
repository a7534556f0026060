//! The addresses that the tokens of a login may be used from (KSeF 2.0 facts §4.1).

use std::net::Ipv4Addr;

use crate::v2::wire;

/// At most ten of each kind.
const MOST: usize = 10;

/// IPv4 addresses, ranges and networks from which tokens may be used; none at all allows any.
///
/// # Examples
///
/// ```
/// use ksef_client::v2::login::AllowedIps;
///
/// let office = AllowedIps::new()
///     .address([192, 0, 2, 7].into())?
///     .range([192, 0, 2, 16].into(), [192, 0, 2, 31].into())?
///     .network([198, 51, 100, 0].into(), 24)?;
/// assert!(!office.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedIps {
    pub(super) addresses: Vec<String>,
    pub(super) ranges: Vec<String>,
    pub(super) networks: Vec<String>,
}

/// An address cannot be added: there are ten of its kind, the range is upside down, or the prefix is
/// longer than 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address does not fit the policy")]
pub struct TooManyAddresses;

impl AllowedIps {
    /// Any address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an address.
    pub fn address(mut self, address: Ipv4Addr) -> Result<Self, TooManyAddresses> {
        push(&mut self.addresses, address.to_string())?;
        Ok(self)
    }

    /// Adds the addresses from one to another one, both included.
    pub fn range(mut self, from: Ipv4Addr, to: Ipv4Addr) -> Result<Self, TooManyAddresses> {
        if from > to {
            return Err(TooManyAddresses);
        }
        push(&mut self.ranges, format!("{from}-{to}"))?;
        Ok(self)
    }

    /// Adds a network: an address and the length of its prefix in bits.
    pub fn network(mut self, address: Ipv4Addr, prefix: u8) -> Result<Self, TooManyAddresses> {
        if prefix > 32 {
            return Err(TooManyAddresses);
        }
        push(&mut self.networks, format!("{address}/{prefix}"))?;
        Ok(self)
    }

    /// Whether any address is allowed.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.ranges.is_empty() && self.networks.is_empty()
    }

    pub(super) fn to_wire(&self) -> Option<wire::AuthorizationPolicy> {
        if self.is_empty() {
            return None;
        }
        let allowed = wire::AllowedIps::new()
            .ip4_addresses(self.addresses.clone())
            .ip4_ranges(self.ranges.clone())
            .ip4_masks(self.networks.clone());
        Some(wire::AuthorizationPolicy::new().allowed_ips(allowed))
    }
}

fn push(list: &mut Vec<String>, text: String) -> Result<(), TooManyAddresses> {
    if list.len() == MOST {
        return Err(TooManyAddresses);
    }
    list.push(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_each_kind_fit_and_nonsense_does_not() {
        let address = Ipv4Addr::new(192, 0, 2, 1);
        let ten = (0..10).try_fold(AllowedIps::new(), |allowed, _| allowed.address(address));
        let ten = ten.unwrap();
        assert_eq!(ten.clone().address(address), Err(TooManyAddresses));
        assert!(ten.clone().network(address, 32).is_ok());
        assert!(ten.clone().network(address, 33).is_err());
        assert!(ten.range(Ipv4Addr::new(192, 0, 2, 2), address).is_err());
        assert_eq!(AllowedIps::new().to_wire(), None);
    }
}
