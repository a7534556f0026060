//! The three operations of a batch. They need no session: the signature on the announcement
//! authorises them.

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
    decode_json,
};
use http::{HeaderName, HeaderValue, Method};
use ksef_crypto::number::ReferenceNumber;

use crate::v1::{
    api::{BATCH, KsefV1},
    endpoint::{OCTETS, endpoint},
    wire,
};

/// `POST batch/Init`: announces a package by a signed
/// [`BatchRequest`](crate::v1::documents::BatchRequest) (chapter 11.3).
///
/// The answer names the batch, and where and how each part is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    document: Bytes,
}

impl Init {
    /// Sends that signed document, as it is.
    pub fn new(document: impl Into<Bytes>) -> Self {
        Self { document: document.into() }
    }
}

endpoint!(Init -> wire::BatchInitResponse {
    Info {
        name: "batch.init",
        method: Method::POST,
        path: "/batch/Init",
        effect: Effect::Once,
        auth: Auth::None,
        limit: BATCH,
        section: "specification 1.9, chapter 11.3",
    },
    request: |this, request| request.body(OCTETS, this.document.clone()).finish(),
});

/// `PUT batch/Upload/{ReferenceNumber}/{PartName}`: uploads one encrypted part (chapter 11.4).
///
/// Address, method and all headers are those that the answer to the announcement gave for the part,
/// unchanged (KSeF 1.x facts §2.1). The address must lie below the client's own. Uploading the same
/// part again changes nothing more.
#[derive(Clone, Debug)]
pub struct Upload {
    target: wire::PackagePartUpload,
    content: Body,
}

impl Upload {
    /// Uploads that content, in memory or a stretch of a file, to that target.
    pub fn new(target: wire::PackagePartUpload, content: impl Into<Body>) -> Self {
        Self { target, content: content.into() }
    }
}

impl Endpoint for Upload {
    type Api = KsefV1;
    type Response = wire::BatchUploadResponse;

    const INFO: Info = Info {
        name: "batch.upload",
        method: Method::PUT,
        path: "/batch/Upload/{ReferenceNumber}/{PartName}",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: BATCH,
        section: "specification 1.9, chapter 11.4",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        let info = Self::INFO;
        let mut request = RequestBuilder::new(&info, base)
            .follow(base, &self.target.url)?
            .body(OCTETS, self.content.clone());
        for entry in &self.target.header_entry_list {
            let name = HeaderName::from_bytes(entry.key.as_bytes());
            let value = HeaderValue::from_str(&entry.value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(BuildError::new("headerEntryList", "must hold valid headers"));
            };
            request = request.header(name, value);
        }
        let mut request = request.finish()?;
        *request.method_mut() = match self.target.method.raw() {
            "PUT" => Method::PUT,
            "POST" => Method::POST,
            _ => return Err(BuildError::new("method", "must be PUT or POST")),
        };
        Ok(request)
    }

    /// The answer says nothing that the status does not; an empty one will do.
    fn response(_: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return decode_json(&Bytes::from_static(b"{}"));
        }
        decode_json(body)
    }
}

/// `POST batch/Finish`: says that all parts have been uploaded, which starts the processing
/// (chapter 11.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish(pub ReferenceNumber);

endpoint!(Finish -> wire::BatchFinishResponse {
    Info {
        name: "batch.finish",
        method: Method::POST,
        path: "/batch/Finish",
        effect: Effect::Once,
        auth: Auth::None,
        limit: BATCH,
        section: "specification 1.9, chapter 11.5",
    },
    request: |this, request| request.json(&wire::BatchFinishRequest::new(this.0.as_str()))?.finish(),
});
