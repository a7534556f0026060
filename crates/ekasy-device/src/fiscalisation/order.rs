//! Who is to be fiscalised for whom.

use crate::{
    command::cpd::Fiscalise,
    ident::{
        CommandId, EvidenceNumber, IdentError, SerialNumber, TaxpayerId, TechnicianId, UniqueNumber,
    },
};

/// What a fiscalisation is done with: the data of CMD09 (source document, section 2.4.3).
///
/// ```
/// use ekasy_device::fiscalisation::Order;
///
/// let order = Order::software(&"WTE2001000009".parse()?, "1234563218".parse()?)?;
/// assert!(order.is_software());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    serial: SerialNumber,
    taxpayer: TaxpayerId,
    technician: TechnicianId,
    evidence: Option<EvidenceNumber>,
    recovered: Option<EvidenceNumber>,
    is_software: bool,
}

impl Order {
    /// A register that is a device, fiscalised by a technician.
    pub fn hardware(serial: SerialNumber, taxpayer: TaxpayerId, technician: TechnicianId) -> Self {
        let (evidence, recovered, is_software) = (None, None, false);
        Self { serial, taxpayer, technician, evidence, recovered, is_software }
    }

    /// A register that is a program: its serial number is its unique number, its technician is
    /// fixed, the taxpayer is the one of its certificate, and its program is checked (row 2).
    ///
    /// # Errors
    ///
    /// [`IdentError`] for a unique number that cannot be a serial number, which none is.
    pub fn software(number: &UniqueNumber, taxpayer: TaxpayerId) -> Result<Self, IdentError> {
        let serial = SerialNumber::parse(number.as_str())?;
        let technician = TechnicianId::of_software_register();
        Ok(Self { is_software: true, ..Self::hardware(serial, taxpayer, technician) })
    }

    /// Sets the evidence number that the register has had, for a fiscalisation after a change of
    /// memory. The serial number must be the one from before.
    #[must_use]
    pub fn evidence_number(mut self, number: EvidenceNumber) -> Self {
        self.evidence = Some(number);
        self
    }

    /// Gives a number that was found on paper or in fiscal memory, for a register that the
    /// repository calls fiscalised already (status 16) while the journal does not know its number.
    /// It is used in that case alone.
    #[must_use]
    pub fn recovered(mut self, number: EvidenceNumber) -> Self {
        self.recovered = Some(number);
        self
    }

    /// The taxpayer.
    pub fn taxpayer(&self) -> &TaxpayerId {
        &self.taxpayer
    }

    /// Whether the register is a program.
    pub fn is_software(&self) -> bool {
        self.is_software
    }

    pub(super) fn recovered_number(&self) -> Option<&EvidenceNumber> {
        self.recovered.as_ref()
    }

    /// CMD09 under that identifier.
    pub(super) fn request(&self, id: CommandId) -> Fiscalise {
        let (serial, taxpayer) = (self.serial.clone(), self.taxpayer.clone());
        let request = Fiscalise::new(id, serial, taxpayer, self.technician.clone());
        match &self.evidence {
            Some(number) => request.evidence_number(number),
            None => request,
        }
    }

    /// What an identifier was used for, so that it is never used for anything else.
    pub(super) fn digest(&self) -> String {
        let evidence = self.evidence.as_ref().map_or("", EvidenceNumber::as_str);
        let parts = [self.serial.as_str(), evidence, self.taxpayer.as_str()];
        format!("{}\n{}", parts.join("\n"), self.technician.as_str())
    }
}
