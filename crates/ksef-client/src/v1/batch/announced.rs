//! From a signed document to a package that the service has as a whole (specification 1.9, chapters
//! 11.3 to 11.5).

use std::{collections::BTreeSet, fmt};

use bytes::Bytes;
use common_http::Endpoint;
use futures_util::{StreamExt, stream};
use ksef_crypto::number::ReferenceNumber;

use super::{
    BatchState, Finish, Init, Package, PackagePart, Processing, Upload,
    state::{PartPlace, Stage},
};
use crate::v1::{
    Client,
    common::Status,
    error::{Error, ErrorKind},
    process::ProcessingCode,
    session::Unfinished,
    wire,
};

/// A package whose announcement is signed.
#[must_use = "a signed batch has to be announced"]
pub struct Signed {
    client: Client,
    package: Package,
    document: Bytes,
}

impl Signed {
    pub(super) fn new(client: Client, package: Package, document: Bytes) -> Self {
        Self { client, package, document }
    }

    /// What was packed.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The signed document.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// Everything that another process needs to go on; no secrets.
    pub fn export(&self) -> BatchState {
        BatchState::new(Stage::signed(self.package.clone(), &self.document))
    }

    /// Announces the package and learns where its parts go (chapter 11.3).
    ///
    /// Store what the handle exports before, and what the next one exports after. When the answer
    /// is lost, the batch has a number that nobody knows and can never be finished; announcing
    /// again is safe, and [the module](crate::v1::batch) says what to do when it is refused as a
    /// duplicate (21204).
    pub async fn announce(self) -> Result<Announced, Unfinished<Self>> {
        match self.client.send(&Init::new(self.document.clone())).await {
            Ok(answer) => match read(&self.package, answer) {
                Ok((reference, places)) => {
                    Ok(Announced { client: self.client, package: self.package, reference, places })
                }
                Err(error) => Err(Unfinished::new(self, error)),
            },
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }
}

/// Without the document, which names the signer.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("package", &self.package).finish_non_exhaustive()
    }
}

/// Finds the place of each part in the answer to the announcement.
fn read(
    package: &Package,
    answer: wire::BatchInitResponse,
) -> Result<(ReferenceNumber, Vec<PartPlace>), Error> {
    let unreadable = |cause| Error::unreadable(&Init::INFO, cause);
    let reference = answer.reference_number.parse();
    let reference =
        reference.map_err(|_| unreadable("the batch's number is no reference number"))?;
    let targets = answer.package_signature.package_part_signature_list;
    let place = |part: &PackagePart| {
        let is_for = |target: &&wire::PackagePartUpload| match target.ordinal_number {
            Some(number) => number == u64::from(part.ordinal),
            None => target.part_file_name == part.name,
        };
        let target = targets.iter().find(is_for).cloned();
        Some(PartPlace { ordinal: part.ordinal, target: target?, uploaded: false })
    };
    let places: Option<Vec<_>> = package.parts().iter().map(place).collect();
    Ok((reference, places.ok_or_else(|| unreadable("a part has no place to be uploaded to"))?))
}

/// A part that the service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartUploaded {
    /// The number of the part, from 1.
    pub ordinal: u32,
    /// How many parts the service has now.
    pub uploaded: usize,
    /// How many there are.
    pub parts: usize,
}

/// A batch that has a number and waits for its parts.
#[derive(Debug)]
#[must_use = "the parts of an announced batch have to be uploaded"]
pub struct Announced {
    client: Client,
    package: Package,
    reference: ReferenceNumber,
    places: Vec<PartPlace>,
}

impl Announced {
    pub(super) fn new(
        client: Client,
        package: Package,
        reference: ReferenceNumber,
        places: Vec<PartPlace>,
    ) -> Self {
        Self { client, package, reference, places }
    }

    /// The batch's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// What was packed.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The numbers of the parts that the service does not have yet, as far as is known here.
    pub fn left(&self) -> impl Iterator<Item = u32> {
        self.places.iter().filter(|place| !place.uploaded).map(|place| place.ordinal)
    }

    /// Everything that another process needs to go on; no secrets, but whoever has it can upload
    /// in this batch's place.
    pub fn export(&self) -> BatchState {
        let (package, reference) = (self.package.clone(), self.reference.clone());
        BatchState::new(Stage::Announced { package, reference, places: self.places.clone() })
    }

    /// Uploads the parts that are left, up to `parallel` at a time, from the disk, and tells the
    /// observer of each that has arrived.
    ///
    /// To go on after a crash, the observer notes the part in the stored state, by
    /// [`BatchState::record`]; parts that were uploaded and not noted are uploaded again, which
    /// changes nothing more.
    ///
    /// After an error the parts that were under way are brought to their end, no further ones are
    /// begun, and the handle comes back knowing what has arrived.
    pub async fn upload(
        mut self,
        parallel: usize,
        mut observe: impl FnMut(PartUploaded),
    ) -> Result<Uploaded, Unfinished<Self>> {
        let parts = self.places.len();
        let mut arrived: BTreeSet<u32> = self.done();
        let failed = {
            let (client, package) = (&self.client, &self.package);
            let left = self.places.iter().filter(|place| !place.uploaded).cloned();
            let uploads = left.map(|place| upload(client, package, place));
            let mut waiting = stream::iter(uploads).fuse();
            let mut going = stream::FuturesUnordered::new();
            let mut failed = None;
            loop {
                while failed.is_none() && going.len() < parallel.max(1) {
                    let Some(next) = waiting.next().await else { break };
                    going.push(next);
                }
                match going.next().await {
                    Some(Ok(ordinal)) => {
                        arrived.insert(ordinal);
                        observe(PartUploaded { ordinal, uploaded: arrived.len(), parts });
                    }
                    Some(Err(error)) => failed = failed.or(Some(error)),
                    None => break failed,
                }
            }
        };
        for place in &mut self.places {
            place.uploaded = arrived.contains(&place.ordinal);
        }
        match failed {
            Some(error) => Err(Unfinished::new(self, error)),
            None => Ok(Uploaded(self)),
        }
    }

    fn done(&self) -> BTreeSet<u32> {
        let done = self.places.iter().filter(|place| place.uploaded);
        done.map(|place| place.ordinal).collect()
    }
}

/// Uploads one part.
async fn upload(client: &Client, package: &Package, place: PartPlace) -> Result<u32, Error> {
    let part = package.parts().iter().find(|part| part.ordinal == place.ordinal);
    let part = part.ok_or_else(|| {
        Error::local(ErrorKind::Input, Upload::INFO.name, "the package has no such part")
    })?;
    client.send(&Upload::new(place.target, package.content(part))).await?;
    Ok(place.ordinal)
}

/// A batch of which the service has every part.
#[derive(Debug)]
#[must_use = "the end of the upload has to be said"]
pub struct Uploaded(Announced);

impl Uploaded {
    /// The batch's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.0.reference
    }

    /// What was packed.
    pub fn package(&self) -> &Package {
        &self.0.package
    }

    /// Everything that another process needs to go on: an announced batch without a part left.
    pub fn export(&self) -> BatchState {
        self.0.export()
    }

    /// Says that all parts are there, which starts the processing (chapter 11.5).
    ///
    /// When the answer is lost, the status tells whether the processing has begun; when it does
    /// not, the handle comes back, and saying it again is harmless. A batch that is "no longer
    /// open" was ended before, or its time has run out; waiting for it tells.
    pub async fn finish(self) -> Result<Processing, Unfinished<Self>> {
        let Announced { client, reference, .. } = &self.0;
        if let Err(error) = client.send(&Finish(reference.clone())).await {
            let is_closed = error.kind() == ErrorKind::SessionEnded;
            let has_begun = is_closed || error.may_have_happened() && self.has_begun().await;
            if !has_begun {
                return Err(Unfinished::new(self, error));
            }
        }
        let Announced { client, package, reference, .. } = self.0;
        Ok(Processing::new(&client, Some(package), reference))
    }

    async fn has_begun(&self) -> bool {
        let status = Status(self.0.reference.clone());
        let answer = self.0.client.send(&status).await;
        answer.is_ok_and(|answer| answer.processing_code > ProcessingCode::REGISTERED.number())
    }
}

#[cfg(test)]
mod tests {
    use common_http::scripted::Step;
    use ksef_crypto::{
        package::{PackageName, PartSummary},
        seal::Measure,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::v1::{
        Context, FormCode,
        client::testing::{SESSION, scripted},
    };

    fn package() -> Package {
        let part = |ordinal| PartSummary { ordinal, sealed: Measure::of(b"sealed") };
        let name = PackageName::new("daily.zip").unwrap();
        let context = Context::nip("1111111111").unwrap();
        let parts = [part(1), part(2)];
        Package::of("/folder".into(), (&name, &context, FormCode::FA_2), 7, &parts)
    }

    async fn announce(targets: Value) -> Result<Announced, Unfinished<Signed>> {
        let body = json!({
            "referenceNumber": SESSION,
            "packageSignature": {"packagePartSignatureList": targets},
        });
        let (client, _) = scripted([Step::answer(201, body.to_string())]);
        Signed::new(client, package(), Bytes::from_static(b"<signed/>")).announce().await
    }

    fn target(ordinal: Option<u32>, name: &str) -> Value {
        let url = format!("https://ksef.example.test/api/batch/Upload/{SESSION}/{name}");
        json!({"ordinalNumber": ordinal, "partFileName": name, "method": "PUT", "url": url})
    }

    #[tokio::test]
    async fn parts_find_their_places_by_number_and_where_there_is_none_by_name() {
        let (first, second) = ("daily.zip.001.aes", "daily.zip.002.aes");
        for targets in [
            json!([target(Some(2), "other"), target(Some(1), "another")]),
            json!([target(None, second), target(None, first)]),
        ] {
            let announced = announce(targets).await.unwrap();
            assert_eq!(announced.left().collect::<Vec<_>>(), [1, 2]);
            assert_eq!(announced.reference().as_str(), SESSION);
            let urls: Vec<_> =
                announced.places.iter().map(|place| place.target.part_file_name.as_str()).collect();
            assert!(urls == ["another", "other"] || urls == [first, second], "{urls:?}");
            // Who knows an address can upload to it.
            assert!(!format!("{announced:?}").contains("batch/Upload"));
        }
    }

    #[test]
    fn a_signed_document_does_not_show_who_signed() {
        let document = Bytes::from_static(b"canary");
        let signed = Signed::new(scripted([]).0, package(), document);
        let shown = format!("{signed:?}");
        assert!(shown.contains("daily.zip") && !shown.contains("canary"), "{shown}");
    }

    #[tokio::test]
    async fn a_part_without_a_place_is_an_answer_that_cannot_be_used() {
        let unfinished = announce(json!([target(Some(1), "only")])).await.unwrap_err();
        let error = unfinished.error();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Unreadable, true));
        assert_eq!(unfinished.into_handle().document(), b"<signed/>");
    }
}
