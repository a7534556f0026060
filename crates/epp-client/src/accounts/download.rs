//! The download of a statement, from the web host and with its `Referer` (source document, GET
//! bank-accounts/`<BankAccountNumber>`/statement-url).

use std::path::Path;

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, CallOptions, DecodeError, Download, Endpoint, Info, Parts,
    RequestBuilder,
};
use http::{HeaderValue, Method, header};

use super::{StatementLink, StatementUrl};
use crate::{
    api::{Epp, LIMIT},
    client::Client,
    environment,
    error::{Error, ErrorKind},
};

/// `GET` of a statement's link. It carries no token, and an address of another host is refused.
#[derive(Clone, Debug)]
pub struct StatementFile {
    link: StatementLink,
    referer: HeaderValue,
}

impl StatementFile {
    pub(crate) fn new(link: StatementLink, referer: HeaderValue) -> Self {
        Self { link, referer }
    }

    /// The file at that link, for a client of your own whose base is the web host.
    ///
    /// `None` when the host's address cannot stand in a header.
    pub fn at(link: StatementLink, web: &BaseUrl) -> Option<Self> {
        environment::referer(web).map(|referer| Self { link, referer })
    }
}

impl Endpoint for StatementFile {
    type Api = Epp;
    type Response = Bytes;

    const INFO: Info = Info {
        name: "accounts.statement_file",
        method: Method::GET,
        path: "/izvodi/{file}",
        effect: Effect::Read,
        auth: Auth::None,
        limit: LIMIT,
        section: "source document, GET bank-accounts/<BankAccountNumber>/statement-url",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base)
            .follow(base, self.link.url())?
            .header(header::ACCEPT, HeaderValue::from_static("*/*"))
            .header(header::REFERER, self.referer.clone())
            .finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Bytes, DecodeError> {
        Ok(body.clone())
    }
}

impl Client {
    /// A statement as it arrives, a ZIP archive: asks for a link and follows it at once.
    ///
    /// A link that has expired meanwhile (410) is replaced by a new one, a single time. The file
    /// has to be downloaded from the address from which the link was asked for.
    pub async fn download_statement(&self, statement: &StatementUrl) -> Result<Download, Error> {
        let first = self.file(statement).await?;
        match self.web().download(&first, CallOptions::new()).await.map_err(Error::from) {
            Err(error) if error.kind() == ErrorKind::Gone => {
                let second = self.file(statement).await?;
                Ok(self.web().download(&second, CallOptions::new()).await?)
            }
            result => result,
        }
    }

    /// Downloads a statement into a file, whatever its size, and answers its length in bytes. The
    /// file appears when it is complete.
    pub async fn save_statement(
        &self,
        statement: &StatementUrl,
        path: impl AsRef<Path>,
    ) -> Result<u64, Error> {
        Ok(self.download_statement(statement).await?.save(path).await?)
    }

    /// Downloads a statement into memory, up to the client's limit for answers.
    pub async fn statement(&self, statement: &StatementUrl) -> Result<Bytes, Error> {
        let first = self.file(statement).await?;
        match self.web().send(&first).await.map_err(Error::from) {
            Err(error) if error.kind() == ErrorKind::Gone => {
                let second = self.file(statement).await?;
                Ok(self.web().send(&second).await?)
            }
            result => result,
        }
    }

    async fn file(&self, statement: &StatementUrl) -> Result<StatementFile, Error> {
        Ok(StatementFile::new(self.send(statement).await?, self.referer()))
    }
}

#[cfg(test)]
mod tests {
    use common_http::scripted::Step;
    use serde_json::json;

    use super::*;
    use crate::{
        accounts::StatementFormat,
        client::testing::{lines, read, scripted, success},
    };

    const ASKED: &str = "GET /api/bank-accounts/0000001185804/statement-url\
        ?type=statement&format=xml&date=2024-04-24";

    fn statement() -> StatementUrl {
        let (account, date) = ("1185804".parse().unwrap(), "2024-04-24".parse().unwrap());
        StatementUrl::daily(&account, date, StatementFormat::Xml)
    }

    fn link(host: &str, file: u32) -> Step {
        success(&json!({"url": format!("https://{host}/izvodi/{file}.zip?md5=x&expires=1")}))
    }

    const WEB: &str = "epp-web.example.test";

    #[tokio::test]
    async fn trap_21_the_download_carries_the_referer_and_no_token() {
        let (client, script) = scripted([link(WEB, 1), Step::answer(200, "PK")]).await;
        assert_eq!(client.statement(&statement()).await.unwrap(), "PK");
        assert_eq!(lines(&script), [ASKED, "GET /izvodi/1.zip?md5=x&expires=1"]);
        let requests = script.requests();
        assert!(requests[0].headers().get(header::REFERER).is_none());
        assert!(requests[0].headers().contains_key(header::AUTHORIZATION));
        let referer = requests[1].headers()[header::REFERER].to_str().unwrap();
        assert_eq!(referer, "https://epp-web.example.test/");
        assert!(!requests[1].headers().contains_key(header::AUTHORIZATION));
        assert_eq!(requests[1].uri().host(), Some(WEB));
    }

    #[tokio::test]
    async fn an_expired_link_is_replaced_once() {
        let gone = || Step::answer(410, "");
        let good = || Step::answer(200, "PK");
        let (client, script) = scripted([link(WEB, 1), gone(), link(WEB, 2), good()]).await;
        let mut download = client.download_statement(&statement()).await.unwrap();
        assert_eq!(download.chunk().await.unwrap().unwrap(), "PK");
        assert_eq!(lines(&script)[3], "GET /izvodi/2.zip?md5=x&expires=1");
        let (client, script) = scripted([link(WEB, 1), gone(), link(WEB, 2), gone()]).await;
        let error = client.statement(&statement()).await.unwrap_err();
        assert_eq!((error.kind(), script.remaining()), (ErrorKind::Gone, 0));
    }

    #[tokio::test]
    async fn a_link_to_another_host_is_not_followed() {
        for host in
            ["evil.example.test", "epp-web.example.test.evil.test", "u@epp-web.example.test"]
        {
            let (client, script) = scripted([link(host, 1)]).await;
            let error = client.statement(&statement()).await.unwrap_err();
            assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Input, 1), "{host}");
            assert!(!error.may_have_happened());
        }
    }

    #[tokio::test]
    async fn a_statement_is_streamed_into_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("izvod.zip");
        let (client, _) = scripted([link(WEB, 1), Step::answer(200, "PK\u{3}\u{4}")]).await;
        assert_eq!(client.save_statement(&statement(), &path).await.unwrap(), 4);
        assert_eq!(std::fs::read(&path).unwrap(), b"PK\x03\x04");
        let broken = Step::answer(200, "PK").then_break_off();
        let (client, _) = scripted([link(WEB, 1), broken]).await;
        let error = client.save_statement(&statement(), folder.path().join("b")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_given_as_it_came() {
        assert_eq!(read::<StatementFile>("PK").unwrap(), "PK");
    }
}
