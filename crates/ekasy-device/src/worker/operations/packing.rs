//! From journalled documents to journalled packages.

use super::{Operations, Trouble};
use crate::{
    client::RegisterSealer,
    command::DetailedDocuments,
    device::SourceError,
    ident::{CommandId, CommandKind, JpkRange, ShipmentTypes},
    journal::{Journalled, Purpose},
    packing::{Limits, Package, Packer, Plan, Selection},
    worker::{event::Event, options::FrameFacts},
};

impl Operations {
    /// Packs what is in no package yet, page by page, and stores the packages as they come: what
    /// is stored when the process dies stays, and the rest is packed the next time.
    pub(crate) async fn pack_due(&self, smaller: u32) -> Result<(), Trouble> {
        let Some(range) = self.journal.progress().await?.unpacked() else { return Ok(()) };
        let selection = Selection::scheduled(self.shipment().await?);
        let mut shipment = self.shipment_of(Purpose::Schedule, selection, smaller).await?;
        let mut reader = self.journal.read(range).await?;
        loop {
            let page = reader.next_page().await?;
            if page.is_empty() {
                break;
            }
            self.add(&mut shipment, &page).await?;
        }
        self.close(shipment).await
    }

    /// Packs the answer to CMD06, going on where an earlier try stopped.
    pub(super) async fn pack_answer(
        &self,
        id: &CommandId,
        wanted: &DetailedDocuments,
        smaller: u32,
    ) -> Result<(), Trouble> {
        let types = wanted.shipment.clone();
        let purpose = Purpose::Request(id.clone());
        let (first, selection) = match self.journal.packed_for(id).await? {
            None => {
                let first = Some(wanted.scope.first());
                (first, Selection::requested(types, self.options.unrequested))
            }
            // The answer is an empty package, and stands there.
            Some(None) => return Ok(()),
            // The rest of an answer is none by itself: without documents it is no empty package.
            // What was not requested then goes in the short form, whatever the options say.
            Some(Some(last)) => (last.next(), Selection::scheduled(types)),
        };
        let rest = first.and_then(|first| JpkRange::new(first, wanted.scope.last()).ok());
        let Some(rest) = rest else { return Ok(()) };
        let shipment = self.shipment_of(purpose, selection, smaller).await?;
        self.pack_range(shipment, rest).await
    }

    /// Packs documents once more that the repository turned out to lack: the same documents, under
    /// a new identifier.
    pub(super) async fn repeat(&self, range: JpkRange, smaller: u32) -> Result<(), Trouble> {
        let selection = Selection::scheduled(self.shipment().await?);
        let shipment = self.shipment_of(Purpose::Repeat, selection, smaller).await?;
        self.pack_range(shipment, range).await
    }

    async fn pack_range(&self, mut shipment: Shipment, range: JpkRange) -> Result<(), Trouble> {
        let mut next = Some(range.first());
        while let Some(rest) = next.and_then(|first| JpkRange::new(first, range.last()).ok()) {
            let page = match self.source.page(rest).await {
                // What was found before is kept in no other place than here.
                Err(error @ SourceError::Gone(_)) if rest.first() > range.first() => {
                    self.close(shipment).await?;
                    return Err(error.into());
                }
                page => page?,
            };
            let Some(last) = page.last().map(Journalled::last) else { break };
            self.add(&mut shipment, &page).await?;
            next = last.next();
        }
        self.close(shipment).await
    }

    /// What the schedule wants in detail; everything, while there is none.
    async fn shipment(&self) -> Result<ShipmentTypes, Trouble> {
        let schedule = self.journal.registration().await?.schedule;
        Ok(schedule.map_or_else(ShipmentTypes::all, |schedule| schedule.shipment))
    }

    async fn shipment_of(
        &self,
        purpose: Purpose,
        selection: Selection,
        smaller: u32,
    ) -> Result<Shipment, Trouble> {
        // One identifier for all packages; an answer has its own (CRK facts §6.4).
        let id = self.next_id(CommandKind::Documents).await?;
        let evidence = self.journal.registration().await?.evidence_number;
        let facts = FrameFacts {
            unique_number: self.client.unique_number(),
            evidence_number: evidence.as_ref(),
            now: self.now(),
        };
        let frame = (self.options.frame)(&facts).map_err(Trouble::Frame)?;
        let plan = Plan::new(id, frame, selection)
            .limits(shrunk(self.options.limits, smaller))
            .cut(self.options.cut)
            .short_form(self.options.short.clone());
        let packer = Packer::new(plan, self.client.sealer()?);
        let stored = Stored { purpose, packages: 0, has_parts: false, apart: None };
        Ok(Shipment { packer, stored })
    }

    async fn add(&self, shipment: &mut Shipment, page: &[Journalled]) -> Result<(), Trouble> {
        for entry in page {
            let packages = shipment.packer.push(entry.item())?;
            self.store(&mut shipment.stored, packages).await?;
        }
        Ok(())
    }

    async fn close(&self, shipment: Shipment) -> Result<(), Trouble> {
        let Shipment { packer, mut stored } = shipment;
        self.store(&mut stored, packer.finish()?).await?;
        self.tell(Event::Packed { packages: stored.packages, purpose: stored.purpose });
        Ok(())
    }

    /// Stores packages. The first document in parts has the identifier of the shipment; the parts
    /// of each further one would be taken for its parts, so they get an identifier of their own.
    async fn store(&self, stored: &mut Stored, packages: Vec<Package>) -> Result<(), Trouble> {
        let mut told_apart = Vec::with_capacity(packages.len());
        for package in packages {
            if package.number() == 1 {
                if stored.has_parts {
                    stored.apart = Some(self.next_id(CommandKind::Documents).await?);
                }
                stored.has_parts = true;
            }
            let apart = stored.apart.clone().filter(|_| package.is_part());
            told_apart.push(match apart {
                Some(id) => package.under(id),
                None => package,
            });
        }
        if told_apart.is_empty() {
            return Ok(());
        }
        stored.packages += told_apart.len();
        Ok(self.journal.store_packages(&stored.purpose, &told_apart).await?)
    }
}

/// A shipment that is being packed.
struct Shipment {
    packer: Packer<RegisterSealer>,
    stored: Stored,
}

/// What was stored of it.
struct Stored {
    purpose: Purpose,
    packages: usize,
    has_parts: bool,
    /// The identifier of the parts that come now, if it is not that of the shipment.
    apart: Option<CommandId>,
}

/// Room for half of the bytes, and half of that, and so on.
fn shrunk(limits: Limits, smaller: u32) -> Limits {
    if smaller == 0 { limits } else { limits.request(limits.body() >> smaller.min(16)).head(0) }
}
