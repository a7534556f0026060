//! The enumerations of the source document.
//!
//! Fields hold them as [`Open`](common_core::open::Open), so a code that is added later is read, kept and written back.

use common_core::codes;

codes! {
    /// How far the request for an account has come (source document, section Bank Accounts, `requestStatus`).
    pub enum RequestStatus: i64 {
        /// Waiting to be approved (u toku odobrenje).
        Approving = 1,
        /// Approved (odobren).
        Approved = 2,
        /// Cancelled (otkazan).
        Cancelled = 3,
        /// Waiting to be cancelled (u toku otkaz).
        Cancelling = 4,
        /// Refused (odbijen).
        Refused = 5,
    }
}

codes! {
    /// The type of an account (source document, section Bank Accounts, `type`).
    pub enum AccountType: i64 {
        /// Of an organisation (organizacioni).
        Organisational = 1,
        /// Synthetic (sintetički).
        Synthetic = 2,
        /// Analytical (analitički).
        Analytical = 3,
        /// For the record only (evidencioni).
        Recording = 4,
        /// Consolidated (konsolidovani).
        Consolidated = 5,
    }
}

codes! {
    /// What the caller may do with an account (source document, section Bank Accounts, `permission`).
    pub enum AccountPermission: i64 {
        /// Pay from it (plaćanje).
        Payment = 1,
        /// Look at it (pregled).
        View = 2,
    }
}

codes! {
    /// Whether an account exists in the payment system (source document, section Bank Accounts, `activity`).
    pub enum AccountActivity: i64 {
        /// Active (aktivan).
        Active = 1,
        /// Closed (ugašen).
        Closed = 5,
    }
}

codes! {
    /// What an account takes part in (source document, section Bank Accounts, `status`).
    pub enum AccountStatus: i64 {
        /// Everything (uključen u PP).
        Included = 0,
        /// Outgoing payments are allowed (dozvoljena izdavanja).
        OutgoingAllowed = 4,
        /// Incoming payments are allowed (dozvoljena primanja).
        IncomingAllowed = 5,
        /// Blocked (blokiran).
        Blocked = 8,
        /// Nothing (isključen iz PP).
        Excluded = 9,
    }
}

codes! {
    /// The model of a reference number (source document, section Payment Orders, `debtorCodeModel` and `creditorCodeModel`).
    ///
    /// Model 97 is the only one whose check is public; others are passed through (ePP facts §5).
    pub enum ReferenceModel: i64 {
        /// No model; a missing model means the same.
        Unchecked = 0,
        /// Modulo 11, passed through unchecked.
        Model11 = 11,
        /// Modulo 97 with the control number in front.
        Model97 = 97,
    }
}

codes! {
    /// The channel of the one-time password (source document, section POST payments).
    ///
    /// It has to be switched on and set up in the user's profile.
    pub enum TwoFactorChannel: str {
        /// The first e-mail server.
        Postal = "Postal",
        /// The second e-mail server.
        Zimbra = "Zimbra",
        /// SMS, to the telephone number of the profile.
        Nth = "Nth",
        /// An authenticator application (RFC 6238).
        Authenticator = "Authenticator",
    }
}
