//! Links on a script.

use common_http::scripted::Step;
use ksef_crypto::link::InvoiceHash;

use super::*;
use crate::v2::client::testing::{bearer, scripted};

fn upload(link: &str) -> Upload {
    Upload {
        method: Method::PUT,
        link: link.into(),
        headers: vec![(
            HeaderName::from_static("x-ms-blob-type"),
            HeaderValue::from_static("BlockBlob"),
        )],
        content: Bytes::from_static(b"part").into(),
    }
}

#[tokio::test]
async fn a_part_goes_where_its_link_says_with_its_headers_and_without_a_token() {
    let (client, script) = scripted([Step::answer(503, ""), Step::answer(201, "")]);
    let link = "https://store.example.test/a%2Fb/1?sig=canary%2B&x=1";
    client.upload(upload(link)).await.unwrap();
    let requests = script.requests();
    assert_eq!(requests.len(), 2, "a part may be uploaded again");
    assert_eq!(requests[1].uri(), link);
    assert_eq!(requests[1].method(), Method::PUT);
    assert_eq!(requests[1].headers()["x-ms-blob-type"], "BlockBlob");
    assert!(bearer(&script, 1).is_none());
    assert!(requests[1].headers().get("x-error-format").is_none());
}

#[tokio::test]
async fn a_link_is_followed_however_it_is_spelled() {
    for (link, sent) in [
        ("https://store.example.test:443/a?sig=x", "https://store.example.test/a?sig=x"),
        ("https://Store.EXAMPLE.test/a?sig=x..y", "https://store.example.test/a?sig=x..y"),
    ] {
        let (client, script) = scripted([Step::answer(201, "")]);
        client.upload(upload(link)).await.unwrap();
        assert_eq!(script.requests()[0].uri(), sent);
    }
}

#[tokio::test]
async fn a_link_shows_in_no_error() {
    let link = "https://store.example.test/part?sig=canary";
    let words = "<Error>https://store.example.test/part?sig=canary</Error>";
    let (client, _) = scripted([401, 403].map(|status| Step::answer(status, words)));
    for _ in 0..2 {
        let error = client.upload(upload(link)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(!format!("{error} {error:?} {:?}", upload(link)).contains("canary"));
    }
    for unsafe_link in [
        "http://store.example.test/canary",
        "https://store.example.test/\\canary?\\",
        "canary",
        "ftp://canary/x",
        "",
    ] {
        let error = client.fetch(&unsafe_link.into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn what_a_link_gives_must_have_the_announced_hash() {
    let hash = Box::leak(InvoiceHash::of(b"<Upo/>").base64().into_boxed_str());
    let right = Step::answer(200, "<Upo/>").header("x-ms-meta-hash", hash);
    let wrong = Step::answer(200, "<Upo />").header("x-ms-meta-hash", hash);
    let (client, _) = scripted([right, wrong]);
    let link = SecretString::from("https://store.example.test/upo.xml?x");
    assert!(client.fetch(&link).await.unwrap().is_checked());
    let error = client.fetch(&link).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}
