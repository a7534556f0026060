//! Who issues and who receives a document.
//!
//! Partners have no endpoint of their own: one lives in its document and is created with it (KROS facts §1).
//! Property names are those of four public integrations (KROS facts §2).

request! {
    /// A postal address.
    pub struct Address {
        optional {
            /// The name of the company or person, up to 255 characters.
            business_name: String,
            /// The person to turn to.
            contact_name: String,
            /// Street and number.
            street: String,
            /// Postal code, with or without a space.
            post_code: String,
            /// Town.
            city: String,
            /// The country's name or ISO code; both were seen.
            country: String,
        }
    }
}

request! {
    /// The other party of a document: the customer of an invoice, the supplier of an expense.
    pub struct Partner {
        optional {
            /// The seat; its `business_name` is the partner's name.
            address: Address,
            /// The address to send to, when it is another one.
            postal_address: Address,
            /// IČO, 8 digits for a Slovak partner.
            registration_id: String,
            /// DIČ, 10 digits for a Slovak partner.
            tax_id: String,
            /// IČ DPH, `SK` and 10 digits for a Slovak partner.
            vat_id: String,
            /// Telephone number.
            phone_number: String,
            /// Address of electronic mail.
            email: String,
        }
    }
}

impl Partner {
    /// A partner known by name only.
    pub fn new(business_name: impl Into<String>) -> Self {
        Self::default().address(Address::default().business_name(business_name))
    }

    /// The name in the partner's address.
    pub fn name(&self) -> Option<&str> {
        self.address.as_ref()?.business_name.as_deref()
    }
}

request! {
    /// The issuer of a document; when left out, the service takes the company the token belongs to (one integration).
    pub struct MyCompany {
        optional {
            /// The seat.
            address: Address,
            /// IČO, 8 digits.
            registration_id: String,
            /// DIČ, 10 digits.
            tax_id: String,
            /// IČ DPH, `SK` and 10 digits.
            vat_id: String,
            /// Telephone number.
            phone_number: String,
            /// Address of electronic mail.
            email: String,
            /// Address of the web site.
            web: String,
        }
    }
}

request! {
    /// The account an invoice asks to be paid to.
    pub struct BankAccount {
        optional {
            /// IBAN; a wrong one is refused by the service (one integration).
            iban: String,
            /// The number in the older national form.
            account_number: String,
            /// Whether the account is kept abroad.
            is_foreign: bool,
            /// SWIFT/BIC of the bank.
            swift: String,
        }
    }
}
