//! Links that the service gives for content: parts of batches and exports, and confirmations.
//!
//! Whoever has such a link can use it until it expires. It takes no token of any kind, and its calls
//! count in no limit (KSeF 2.0 facts §0, 3).

use bytes::Bytes;
use common_core::{
    effect::{Effect, ErrorKind as CommonKind},
    secret::{ExposeSecret, SecretString},
};
use common_http::{
    Api, Auth, BaseUrl, Body, BuildError, CallOptions, DecodeError, Download, Endpoint, Info,
    Parts, ProblemContext, RequestBuilder,
};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header::ACCEPT};

use crate::v2::{
    Client,
    document::Document,
    error::{Error, ErrorKind},
};

/// What is behind the links; its errors are not those of KSeF.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storage;

impl Api for Storage {
    const NAME: &'static str = "ksef-v2-storage";

    /// Nothing is kept of the words of a storage, which like to repeat the link.
    fn problem(_: &Parts, _: &Bytes) -> ProblemContext {
        ProblemContext::default()
    }

    /// 401 is about the link as 403 is, because no token was sent (KSeF 2.0 facts §7).
    fn kind(status: u16, _: &ProblemContext) -> CommonKind {
        match status {
            401 => CommonKind::Forbidden,
            _ => CommonKind::of_status(status).unwrap_or(CommonKind::Unexpected),
        }
    }
}

/// `PUT` of one encrypted part of a batch, with exactly the method, address and headers that the
/// service gave for it. Uploading a part again replaces it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) method: Method,
    pub(crate) link: SecretString,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Body,
}

impl Endpoint for Upload {
    type Api = Storage;
    type Response = ();

    const INFO: Info = Info {
        name: "storage.upload",
        method: Method::PUT,
        path: "/{link}",
        effect: Effect::Idempotent,
        auth: Auth::None,
        limit: "",
        section: "KSeF 2.0 facts §7",
    };

    fn request(&self, base: &BaseUrl) -> Result<Request<Body>, BuildError> {
        let info = Self::INFO;
        let mut request = RequestBuilder::new(&info, base)
            .follow(base, self.link.expose_secret())?
            .body(HeaderValue::from_static("application/octet-stream"), self.content.clone());
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        let mut request = request.finish()?;
        *request.method_mut() = self.method.clone();
        Ok(request)
    }

    /// Only 201 says that the part is stored; whoever else answers on the way does not.
    fn response(parts: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        if parts.status == StatusCode::CREATED {
            return Ok(());
        }
        Err(DecodeError::new(".", "the storage did not say that the part is stored"))
    }
}

/// `GET` of a link.
#[derive(Clone, Debug)]
pub(crate) struct Fetch(pub(crate) SecretString);

impl Endpoint for Fetch {
    type Api = Storage;
    type Response = Document;

    const INFO: Info = Info {
        name: "storage.fetch",
        method: Method::GET,
        path: "/{link}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "KSeF 2.0 facts §9 and §10.4",
    };

    fn request(&self, base: &BaseUrl) -> Result<Request<Body>, BuildError> {
        let info = Self::INFO;
        RequestBuilder::new(&info, base)
            .follow(base, self.0.expose_secret())?
            .header(ACCEPT, HeaderValue::from_static("*/*"))
            .finish()
    }

    fn response(parts: &Parts, body: &Bytes) -> Result<Document, DecodeError> {
        Document::read(parts, body)
    }
}

impl Client {
    /// Uploads by a link.
    pub(crate) async fn upload(&self, upload: Upload) -> Result<(), Error> {
        let (base, link) = target(&upload.link, Upload::INFO.name)?;
        Ok(self.storage::<Storage>(&base).send(&Upload { link, ..upload }).await?)
    }

    /// Fetches a document by a link that the service gave, as that of a confirmation in a row of a
    /// session: without a token, and counted in no limit.
    ///
    /// [`ErrorKind::Forbidden`] usually means that the link has expired: ask again for what gave it,
    /// or for the document by its number.
    pub async fn fetch(&self, link: &SecretString) -> Result<Document, Error> {
        let (base, link) = target(link, Fetch::INFO.name)?;
        Ok(self.storage::<Storage>(&base).send(&Fetch(link)).await?)
    }

    /// Fetches by a link what may be large.
    pub(crate) async fn stream(&self, link: &SecretString) -> Result<Download, Error> {
        let (base, link) = target(link, Fetch::INFO.name)?;
        Ok(self.storage::<Storage>(&base).download(&Fetch(link), CallOptions::new()).await?)
    }
}

/// The host of a link, which is another one than that of the operations, and the link below it;
/// `https` unless it is a loopback address. The error does not name it, since the link is a secret.
fn target(link: &SecretString, endpoint: &'static str) -> Result<(BaseUrl, SecretString), Error> {
    let (base, link) = BaseUrl::of_link(link.expose_secret()).map_err(|_| {
        let cause = "the service gave a link that cannot be followed safely";
        Error::local(ErrorKind::Unreadable, endpoint, cause)
    })?;
    Ok((base, link.into()))
}

#[cfg(test)]
mod tests;
