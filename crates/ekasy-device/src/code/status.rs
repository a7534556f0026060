//! The outcome of a request to be fiscalised.

use common_core::codes;

codes! {
    /// Outcome of a fiscalisation (`statusFisc`, source document, section 2.2.9).
    ///
    /// Codes are numbers: the table writes `00` and `04` where the examples write `0` and `4`, and
    /// all of these are read (CRK facts §7, 5). The description beside the code is not looked at.
    ///
    /// ```
    /// use common_core::open::Open;
    /// use ekasy_device::code::FiscalisationStatus;
    ///
    /// let codes: Vec<Open<FiscalisationStatus>> = serde_json::from_str(r#"["0", "00", 0, "04"]"#)?;
    /// assert_eq!(codes[0], FiscalisationStatus::Success);
    /// assert_eq!(codes[0], codes[1]);
    /// assert_eq!(codes[1], codes[2]);
    /// assert_eq!(codes[3], FiscalisationStatus::TaxpayerId);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub enum FiscalisationStatus: i64 {
        /// Fiscalised so far: the evidence number was given.
        Success = 0,
        /// The serial number is wrong.
        SerialNumber = 1,
        /// The unique number is wrong.
        UniqueNumber = 2,
        /// The evidence number is wrong.
        EvidenceNumber = 3,
        /// The taxpayer's number is wrong.
        TaxpayerId = 4,
        /// The technician has no right to fiscalise.
        Technician = 5,
        /// The serial number or the unique number is wrong.
        SerialOrUniqueNumber = 6,
        /// The serial number or the evidence number is wrong.
        SerialOrEvidenceNumber = 7,
        /// The operation is not allowed.
        NotAllowed = 8,
        /// The register is being fiscalised for another taxpayer.
        OtherTaxpayer = 9,
        /// The evidence number is missing or wrong.
        EvidenceNumberMissing = 10,
        /// The register has not been struck off.
        NotStruckOff = 11,
        /// The fiscal memory is closed.
        MemoryClosed = 12,
        /// The taxpayer's number or the evidence number is wrong.
        TaxpayerOrEvidenceNumber = 13,
        /// The earlier fiscal memory is not closed.
        EarlierMemoryOpen = 14,
        /// A technical failure of the repository.
        Technical = 15,
        /// The register is fiscalised already.
        AlreadyFiscalised = 16,
        /// The register has sent no certificates.
        NoCertificates = 17,
        /// The owner is another one than the certificate names; registers in software only.
        TaxpayerOfCertificate = 18,
        /// The program was not found to be approved; registers in software only.
        ProgramNotApproved = 19,
    }
}

impl FiscalisationStatus {
    /// Whether the register got its evidence number.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }

    /// What the code says, in English.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "the fiscalisation was accepted",
            Self::SerialNumber => "the serial number is wrong",
            Self::UniqueNumber => "the unique number is wrong",
            Self::EvidenceNumber => "the evidence number is wrong",
            Self::TaxpayerId => "the taxpayer's number is wrong",
            Self::Technician => "the technician may not fiscalise",
            Self::SerialOrUniqueNumber => "the serial number or the unique number is wrong",
            Self::SerialOrEvidenceNumber => "the serial number or the evidence number is wrong",
            Self::NotAllowed => "the operation is not allowed",
            Self::OtherTaxpayer => "the register is being fiscalised for another taxpayer",
            Self::EvidenceNumberMissing => "the evidence number is missing or wrong",
            Self::NotStruckOff => "the register has not been struck off",
            Self::MemoryClosed => "the fiscal memory is closed",
            Self::TaxpayerOrEvidenceNumber => {
                "the taxpayer's number or the evidence number is wrong"
            }
            Self::EarlierMemoryOpen => "the earlier fiscal memory is not closed",
            Self::Technical => "the repository failed",
            Self::AlreadyFiscalised => "the register is fiscalised already",
            Self::NoCertificates => "the register has sent no certificates",
            Self::TaxpayerOfCertificate => "the owner differs from the register's certificate",
            Self::ProgramNotApproved => "the program was not found to be approved",
        }
    }

    /// The gist of the code in Polish, for whoever stands at the register.
    pub const fn polish(self) -> &'static str {
        match self {
            Self::Success => "przyjęto",
            Self::SerialNumber => "zły numer fabryczny",
            Self::UniqueNumber => "zły numer unikatowy",
            Self::EvidenceNumber => "zły numer ewidencyjny",
            Self::TaxpayerId => "zły NIP",
            Self::Technician => "serwisant bez uprawnień",
            Self::SerialOrUniqueNumber => "zły numer fabryczny albo unikatowy",
            Self::SerialOrEvidenceNumber => "zły numer fabryczny albo ewidencyjny",
            Self::NotAllowed => "niedozwolona operacja",
            Self::OtherTaxpayer => "trwa fiskalizacja z innym NIP",
            Self::EvidenceNumberMissing => "brakuje numeru ewidencyjnego albo jest zły",
            Self::NotStruckOff => "kasa nie została wyrejestrowana",
            Self::MemoryClosed => "pamięć fiskalna jest zamknięta",
            Self::TaxpayerOrEvidenceNumber => "zły NIP albo numer ewidencyjny",
            Self::EarlierMemoryOpen => "poprzednia pamięć fiskalna jest otwarta",
            Self::Technical => "błąd techniczny repozytorium",
            Self::AlreadyFiscalised => "kasa jest już zafiskalizowana",
            Self::NoCertificates => "kasa nie przesłała certyfikatów",
            Self::TaxpayerOfCertificate => "NIP inny niż w certyfikacie kasy",
            Self::ProgramNotApproved => "program bez pozytywnej weryfikacji",
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Success => "store the evidence number and go on",
            Self::Technical => "try again later; if it stays, turn to the repository's operators",
            Self::NoCertificates => "send the certificates (CMD08), then ask again",
            Self::ProgramNotApproved => "have the program checked (CMD10), then ask again",
            Self::AlreadyFiscalised => {
                "do not ask again: find the evidence number that was given before"
            }
            Self::MemoryClosed | Self::EarlierMemoryOpen | Self::NotStruckOff => {
                "have the state of the register's memory settled with the tax office"
            }
            Self::NotAllowed | Self::OtherTaxpayer => {
                "ask who began the fiscalisation and with which data"
            }
            _ => "correct the data, then ask again under a new command identifier",
        }
    }

    /// Whether the same data may be accepted at another time, without anything being corrected.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Technical)
    }

    /// Whether only registers in software can meet this code.
    pub const fn software_only(self) -> bool {
        matches!(self, Self::TaxpayerOfCertificate | Self::ProgramNotApproved)
    }
}
