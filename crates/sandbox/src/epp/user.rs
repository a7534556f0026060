//! Users of the double: who they are, what they may do, and how they prove it.

use std::fmt;

use serde::Serialize;

use super::totp;
use crate::chance::Chance;

/// What a user may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Right {
    /// To see accounts and fetch statements.
    Accounts,
    /// To see payment orders.
    Orders,
    /// To create and validate payment orders.
    Entry,
    /// To start and confirm payments.
    Payment,
}

/// How a one-time password reaches a user (source document, POST payments).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Channel {
    /// E-mail server 1.
    Postal,
    /// E-mail server 2.
    Zimbra,
    /// A text message.
    Nth,
    /// An authenticator (RFC 6238).
    Authenticator,
}

impl Channel {
    /// The channel of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Postal" => Self::Postal,
            "Zimbra" => Self::Zimbra,
            "Nth" => Self::Nth,
            "Authenticator" => Self::Authenticator,
            _ => return None,
        })
    }
}

/// A user; the password and the secret of the authenticator do not show in `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The name to log in with.
    pub login: String,
    /// The name of the person, invented.
    pub name: String,
    /// The number (JBKJS, five digits) of the user's organisation.
    pub organization_id: String,
    /// What the user may do.
    pub rights: Vec<Right>,
    /// The channels that are set up, the default one first.
    pub channels: Vec<Channel>,
    password: String,
    totp_secret: [u8; 20],
}

impl User {
    pub(super) fn new(login: &str, name: &str, organization_id: &str, chance: &Chance) -> Self {
        Self {
            login: login.to_owned(),
            name: name.to_owned(),
            organization_id: organization_id.to_owned(),
            rights: vec![Right::Accounts, Right::Orders, Right::Entry, Right::Payment],
            channels: vec![Channel::Authenticator, Channel::Postal, Channel::Nth],
            password: chance.uuid().simple().to_string(),
            totp_secret: chance.bytes(),
        }
    }

    /// The same user with other rights.
    pub(super) fn with_rights(mut self, rights: &[Right]) -> Self {
        self.rights = rights.to_vec();
        self
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The secret of the authenticator, twenty bytes.
    pub fn totp_secret(&self) -> &[u8] {
        &self.totp_secret
    }

    /// The secret of the authenticator in base32, as a person would type it into a telephone.
    pub fn totp_secret_base32(&self) -> String {
        totp::base32(&self.totp_secret)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("login", &self.login).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_show_in_debug() {
        let user = User::new("prvi", "Измишљени Први", "90001", &Chance::seeded(1));
        let shown = format!("{user:?}");
        assert!(shown.contains("prvi"));
        for secret in [user.password(), &user.totp_secret_base32()] {
            assert!(!shown.contains(secret));
        }
        assert_eq!(user.totp_secret_base32().len(), 32);
    }
}
