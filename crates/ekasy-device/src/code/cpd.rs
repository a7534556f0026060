//! Codes of the CPD server's errors.

use common_core::codes;

codes! {
    /// Code of an error of the CPD server (source document, section 2.4.10).
    ///
    /// `B` codes are refusals for a business reason and come with HTTP status 406; `E` codes are
    /// failures, of the message (400) or of the server (500). B05, B13 and E03 stand in the common
    /// list only, under no command (CRK facts §7, 13).
    pub enum CpdCode: str {
        /// 406: the code of the command is not the right one here.
        WrongCommand = "B01",
        /// 406: the repository has no certificates of its own to give.
        NoRepositoryCertificates = "B02",
        /// 406: the unique number is not in the pool of its model.
        ForeignUniqueNumber = "B03",
        /// 406: the technician has no right; not checked at present.
        Technician = "B04",
        /// 406: the form of the unique number is wrong.
        UniqueNumberForm = "B05",
        /// 406: the register has sent no certificates with CMD08.
        NoCertificates = "B06",
        /// 406: no fiscalisation was begun (status neither ROZ nor FIS).
        NotStarted = "B07",
        /// 406: the repository knows nothing of the register; no fiscalisation was begun.
        UnknownRegister = "B08",
        /// 406: the register is not fiscalised (status neither FIS nor RDO).
        NotFiscalised = "B09",
        /// 406: the certificate of the connection names another register; for CMD08 also: another
        /// register has sent the same certificate.
        Certificate = "B10",
        /// 406: the taxpayer's number of the certificate is malformed or another one; registers in
        /// software only.
        TaxpayerOfCertificate = "B11",
        /// 406: the register's program was not verified; registers in software only.
        ProgramNotVerified = "B12",
        /// 406: data of a wrong length.
        DataLength = "B13",
        /// 400: the command identifier or a header is wrong.
        CommandIdOrHeader = "E01",
        /// 400: the message that was sent is wrong.
        InputMessage = "E02",
        /// 400: the message that the server made is wrong; the command may have been done.
        OutputMessage = "E03",
        /// 500: the server's database failed.
        Database = "E04",
        /// 500: the server failed.
        General = "E05",
        /// 500: the server's message broker failed.
        Broker = "E06",
        /// 500: the server could not hand a message to the cloud; CMD08 and CMD14 only.
        ServiceBus = "E07",
    }
}

impl CpdCode {
    /// The HTTP status that the document gives the code.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::CommandIdOrHeader | Self::InputMessage | Self::OutputMessage => 400,
            Self::Database | Self::General | Self::Broker | Self::ServiceBus => 500,
            _ => 406,
        }
    }

    /// Whether the repository understood the command and refused it (`B01` to `B13`).
    pub const fn is_refusal(self) -> bool {
        self.http_status() == 406
    }

    /// Whether the code says that nothing was done.
    ///
    /// A failure of the server says no such thing, and neither does `E03`: there the command had
    /// been worked on when its answer went wrong.
    pub const fn says_nothing_was_done(self) -> bool {
        self.is_refusal() || matches!(self, Self::CommandIdOrHeader | Self::InputMessage)
    }

    /// Whether the same request may be accepted a while later, without anything being corrected.
    pub const fn retryable(self) -> bool {
        self.http_status() == 500 || matches!(self, Self::NoRepositoryCertificates)
    }

    /// What the code says, in English.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::WrongCommand => "the code of the command is wrong",
            Self::NoRepositoryCertificates => "the repository has no certificates to give",
            Self::ForeignUniqueNumber => "the unique number is not in the pool of its model",
            Self::Technician => "the technician may not do this",
            Self::UniqueNumberForm => "the form of the unique number is wrong",
            Self::NoCertificates => "the register has sent no certificates",
            Self::NotStarted => "no fiscalisation was begun",
            Self::UnknownRegister => "the repository knows nothing of the register",
            Self::NotFiscalised => "the register is not fiscalised",
            Self::Certificate => "the certificate belongs to another register",
            Self::TaxpayerOfCertificate => "the taxpayer differs from the certificate's",
            Self::ProgramNotVerified => "the register's program was not verified",
            Self::DataLength => "data have a wrong length",
            Self::CommandIdOrHeader => "the command identifier or a header is wrong",
            Self::InputMessage => "the message is wrong",
            Self::OutputMessage => "the server's own message is wrong",
            Self::Database => "the server's database failed",
            Self::General => "the server failed",
            Self::Broker => "the server's message broker failed",
            Self::ServiceBus => "the server could not reach the cloud",
        }
    }

    /// The gist of the code in Polish, for whoever stands at the register.
    pub const fn polish(self) -> &'static str {
        match self {
            Self::WrongCommand => "zła komenda",
            Self::NoRepositoryCertificates => "repozytorium nie ma certyfikatów",
            Self::ForeignUniqueNumber => "numer unikatowy spoza puli",
            Self::Technician => "serwisant bez uprawnień",
            Self::UniqueNumberForm => "numer unikatowy w złej postaci",
            Self::NoCertificates => "kasa nie przesłała certyfikatów",
            Self::NotStarted => "fiskalizacji nie rozpoczęto",
            Self::UnknownRegister => "repozytorium nie zna kasy",
            Self::NotFiscalised => "kasa nie jest zafiskalizowana",
            Self::Certificate => "certyfikat innej kasy",
            Self::TaxpayerOfCertificate => "NIP niezgodny z certyfikatem",
            Self::ProgramNotVerified => "program niezweryfikowany",
            Self::DataLength => "zła długość danych",
            Self::CommandIdOrHeader => "zły identyfikator komendy albo nagłówek",
            Self::InputMessage => "zły komunikat wysłany",
            Self::OutputMessage => "zły komunikat serwera",
            Self::Database => "awaria bazy danych serwera",
            Self::General => "awaria serwera",
            Self::Broker => "awaria brokera komunikatów",
            Self::ServiceBus => "serwer nie przekazał komunikatu do chmury",
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::WrongCommand
            | Self::CommandIdOrHeader
            | Self::InputMessage
            | Self::DataLength => "correct the request; the same one is refused again",
            Self::NoRepositoryCertificates => {
                "try again later; nothing can be done at the register"
            }
            Self::ForeignUniqueNumber | Self::UniqueNumberForm => {
                "check the unique number with the producer"
            }
            Self::Technician => "have an authorised technician fiscalise",
            Self::NoCertificates => "send the certificates (CMD08), then repeat",
            Self::NotStarted | Self::UnknownRegister => "fiscalise first (CMD09)",
            Self::NotFiscalised => "finish the fiscalisation first (CMD14)",
            Self::Certificate => {
                "use the certificate of this register; one that another register has sent cannot be used"
            }
            Self::TaxpayerOfCertificate => "have a certificate issued for this taxpayer",
            Self::ProgramNotVerified => "have the program checked (CMD10), then repeat",
            Self::OutputMessage => "find out whether the command was done before repeating it",
            Self::Database | Self::General | Self::Broker | Self::ServiceBus => {
                "repeat later, at growing intervals"
            }
        }
    }
}
