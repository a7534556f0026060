//! Printed invoices.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::{HeaderValue, Method, header::ACCEPT};

use crate::{
    api::{Kros, LIMIT},
    model::InvoiceId,
};

/// Which print of an invoice (KROS facts §1, one integration).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// 17, black and white.
    BlackAndWhite,
    /// 19, in colour.
    #[default]
    Colour,
    /// 101, editable.
    Editable,
    /// Any other number that the service may know.
    Other(u32),
}

impl ReportKind {
    /// The service's number.
    pub const fn number(self) -> u32 {
        match self {
            Self::BlackAndWhite => 17,
            Self::Colour => 19,
            Self::Editable => 101,
            Self::Other(number) => number,
        }
    }
}

/// A PDF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdf {
    bytes: Bytes,
}

impl Pdf {
    /// The file's content.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Takes the file's content.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// An answer that is no PDF is an error, so that no error page is ever filed as an invoice.
    fn decode(body: &Bytes) -> Result<Self, DecodeError> {
        if !body.starts_with(b"%PDF-") {
            return Err(DecodeError::new(".", "the answer is no PDF file"));
        }
        Ok(Self { bytes: body.clone() })
    }
}

/// `GET /invoices/{id}/reports/{reportId}`: an invoice as PDF (KROS facts §1).
///
/// [`Client::send`](crate::Client::send) gives it as a [`Pdf`];
/// [`Client::download`](crate::Client::download) saves it to a file without holding it in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    invoice: InvoiceId,
    kind: ReportKind,
}

impl Report {
    /// That print of that invoice.
    pub const fn new(invoice: InvoiceId, kind: ReportKind) -> Self {
        Self { invoice, kind }
    }
}

impl Endpoint for Report {
    type Api = Kros;
    type Response = Pdf;

    const INFO: Info = Info {
        name: "invoices.report",
        method: Method::GET,
        path: "/invoices/{id}/reports/{reportId}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base)
            .param("id", self.invoice)?
            .param("reportId", self.kind.number())?
            .header(ACCEPT, PDF)
            .finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Pdf, DecodeError> {
        Pdf::decode(body)
    }
}

/// An invoice as PDF, by the `pdfReportLink` of an [`Invoice`](crate::model::Invoice)
/// (KROS facts §1).
///
/// The link comes from outside and carries the token: one that does not lie below the client's own
/// base address is refused with [`ErrorKind::Input`](crate::ErrorKind::Input) and never followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportByLink(pub String);

impl Endpoint for ReportByLink {
    type Api = Kros;
    type Response = Pdf;

    const INFO: Info = Info {
        name: "invoices.report_by_link",
        method: Method::GET,
        path: "/{pdfReportLink}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).follow(base, &self.0)?.header(ACCEPT, PDF).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Pdf, DecodeError> {
        Pdf::decode(body)
    }
}

const PDF: HeaderValue = HeaderValue::from_static("application/pdf");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{base, read, refused, shown};

    fn pdf(path: &str) -> String {
        format!("GET {}{path}\naccept: application/pdf", base())
    }

    #[test]
    fn each_print_has_its_number() {
        for (kind, number) in [
            (ReportKind::BlackAndWhite, 17),
            (ReportKind::default(), 19),
            (ReportKind::Editable, 101),
            (ReportKind::Other(5), 5),
        ] {
            let report = Report::new(InvoiceId(7), kind);
            assert_eq!(shown(&report), pdf(&format!("/invoices/7/reports/{number}")));
        }
    }

    #[test]
    fn a_link_below_the_base_is_followed_as_it_is() {
        let path = "/invoices/7/reports/19?lang=sk%20";
        assert_eq!(shown(&ReportByLink(format!("{}{path}", base()))), pdf(path));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_refused() {
        for link in [
            "https://evil.example.test/api/invoices/7/reports/19",
            "http://kros.example.test/api/invoices/7/reports/19",
            "https://kros.example.test:444/api/invoices/7/reports/19",
            "https://user@kros.example.test/api/invoices/7/reports/19",
            "https://kros.example.test.evil.test/api/invoices/7/reports/19",
            "https://kros.example.test/apix/invoices/7/reports/19",
            "https://kros.example.test/api/../admin",
            "/api/invoices/7/reports/19",
            "",
        ] {
            assert_eq!(refused(&ReportByLink(link.to_owned())), "link", "{link}");
        }
    }

    #[test]
    fn what_is_no_pdf_is_never_filed_as_one() {
        let page = b"<!DOCTYPE html><html><body>sign in</body></html>";
        for body in [&page[..], b"", b"%PDF", b" %PDF-1.7"] {
            assert_eq!(read::<Report>(body).unwrap_err().path(), ".");
            assert_eq!(read::<ReportByLink>(body).unwrap_err().path(), ".");
        }
        let pdf = read::<Report>(b"%PDF-1.7\n%\xe2\xe3\n").unwrap();
        assert_eq!(pdf.bytes(), &b"%PDF-1.7\n%\xe2\xe3\n"[..]);
        assert_eq!(pdf.clone().into_bytes(), *pdf.bytes());
        assert!(read::<ReportByLink>(b"%PDF-1.4").is_ok());
    }
}
