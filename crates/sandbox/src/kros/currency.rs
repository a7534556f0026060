//! The currencies in which a document may be issued: the active codes of ISO 4217.
//!
//! Which of them KROS takes is not published; the double takes all of them.

/// Whether `code` is an active alphabetic code of ISO 4217.
pub(super) fn is_known(code: &str) -> bool {
    CODES.split_ascii_whitespace().any(|known| known == code)
}

const CODES: &str = "\
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD \
KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN \
NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP \
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND \
VUV WST XAF XCD XOF XPF YER ZAR ZMW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_whole_and_in_capitals() {
        assert!(is_known("EUR") && is_known("CZK") && is_known("ZMW"));
        for wrong in ["", "eur", "EU", "EUR CZK", "XXX", "SKK"] {
            assert!(!is_known(wrong), "{wrong}");
        }
    }
}
