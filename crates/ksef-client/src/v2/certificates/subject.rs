//! The subject of a certificate request, which must be exactly what the service says.

use ksef_crypto::certificate::name::AttributeType;

use crate::v2::wire;

/// The attributes of the subject, unchanged and in the contract's order; what the service left out
/// is left out.
///
/// For `ksef_crypto::csr::CertificateRequest::new`, or for a request that is made elsewhere, with a
/// key that cannot leave its hardware for instance.
pub fn subject(
    data: &wire::CertificateEnrollmentDataResponse,
) -> impl Iterator<Item = (AttributeType, &str)> {
    let attributes = [
        (AttributeType::COMMON_NAME, &data.common_name),
        (AttributeType::COUNTRY_NAME, &data.country_name),
        (AttributeType::GIVEN_NAME, &data.given_name),
        (AttributeType::SURNAME, &data.surname),
        (AttributeType::SERIAL_NUMBER, &data.serial_number),
        (AttributeType::UNIQUE_IDENTIFIER, &data.unique_identifier),
        (AttributeType::ORGANIZATION_NAME, &data.organization_name),
        (AttributeType::ORGANIZATION_IDENTIFIER, &data.organization_identifier),
    ];
    attributes.into_iter().filter_map(|(kind, value)| {
        let value = value.as_deref().filter(|value| !value.is_empty())?;
        Some((kind, value))
    })
}
