//! A bank as the source of an edge's volumes.

use std::collections::VecDeque;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};

use app_engine::{Fault, volumes};
use casebank_case::{Actor, CaseId, Command, JournalError, VolumeId};
use casebank_store::Bank;
use meshing_volume::{Silent, Volume};
use net_protocol::messages::{Accepted, Refusal, RefusalCode, Submit, VolumeInfo};

use crate::source::{EncodedVolume, VolumeSource, internal};

/// Volumes kept in memory, encoded and to be drawn; the one used longest ago goes first.
const KEPT: usize = 2;

/// Serves the cases of one bank. Every opening is audited by the bank.
#[derive(Debug)]
pub struct BankSource {
    bank: Arc<Bank>,
    actor: Actor,
    encoded: Mutex<VecDeque<(String, Arc<EncodedVolume>)>>,
    volumes: Mutex<VecDeque<(String, Arc<Volume>)>>,
}

impl BankSource {
    /// Serves `bank`; `actor` is whom the audit trail names where no client does.
    pub fn new(bank: Arc<Bank>, actor: Actor) -> Self {
        Self { bank, actor, encoded: Mutex::default(), volumes: Mutex::default() }
    }

    /// The id under which clients ask for a volume.
    pub fn volume_id(case: CaseId, volume: VolumeId) -> String {
        format!("{case}/{volume}")
    }

    /// Encodes a volume that is in memory already, before anybody asks for it.
    ///
    /// # Errors
    /// A volume that cannot be encoded.
    pub fn preload(&self, id: &str, volume: &Volume) -> Result<(), Fault> {
        let encoded = EncodedVolume::encode(volume, &Silent)
            .map_err(|refusal| Fault::told(app_engine::FaultKind::Internal, refusal.to_string()))?;
        remember(&self.encoded, id, &Arc::new(encoded));
        Ok(())
    }

    fn load(&self, id: &str) -> Result<Volume, Refusal> {
        let unknown = || Refusal {
            code: RefusalCode::UnknownVolume,
            what: "This edge has no such volume.".into(),
            meaning: "It was deleted, or it lies on another edge.".into(),
            next_step: "List the volumes again.".into(),
        };
        let (case, volume) = id.split_once('/').ok_or_else(unknown)?;
        let case = CaseId::from_str(case).map_err(|_error| unknown())?;
        let volume = VolumeId::from_str(volume).map_err(|_error| unknown())?;
        let journal = self.bank.load(&case, &self.actor).map_err(|error| internal(&error))?;
        let entry = journal.case().volume(volume).ok_or_else(unknown)?;
        volumes::load(&self.bank, entry, &Silent).map_err(|fault| internal(&fault))
    }
}

impl VolumeSource for BankSource {
    fn list(&self, case: &str) -> Result<Vec<VolumeInfo>, Refusal> {
        let mut infos = Vec::new();
        for summary in self.bank.list().map_err(|error| internal(&error))? {
            if !case.is_empty() && summary.id.to_string() != case {
                continue;
            }
            let journal = self.bank.load(&summary.id, &self.actor).map_err(|error| internal(&error))?;
            for volume in &journal.case().volumes {
                infos.push(VolumeInfo {
                    case: summary.id.to_string(),
                    volume: Self::volume_id(summary.id, volume.id),
                    title: journal.case().title.expose().clone(),
                    modality: volume.modality.clone(),
                    size: volume.size.map(|n| n as u32),
                });
            }
        }
        Ok(infos)
    }

    fn open(&self, volume: &str) -> Result<Arc<EncodedVolume>, Refusal> {
        if let Some(encoded) = recall(&self.encoded, volume) {
            return Ok(encoded);
        }
        let encoded = Arc::new(EncodedVolume::encode(&*self.volume(volume)?, &Silent)?);
        remember(&self.encoded, volume, &encoded);
        Ok(encoded)
    }

    fn volume(&self, volume: &str) -> Result<Arc<Volume>, Refusal> {
        if let Some(loaded) = recall(&self.volumes, volume) {
            return Ok(loaded);
        }
        let loaded = Arc::new(self.load(volume)?);
        remember(&self.volumes, volume, &loaded);
        Ok(loaded)
    }

    fn submit(&self, submit: &Submit, actor: &str) -> Result<Accepted, (u64, Refusal)> {
        let refused = |seq, code, what: String| {
            let (meaning, next_step) =
                ("The case is unchanged.".into(), "Look at the case and try again.".into());
            (seq, Refusal { code, what, meaning, next_step })
        };
        let malformed = |what: String| refused(0, RefusalCode::Malformed, what);
        let actor = Actor::new(actor).map_err(|error| malformed(error.to_string()))?;
        let case = CaseId::from_str(&submit.case).map_err(|error| malformed(error.to_string()))?;
        let command: Command =
            serde_json::from_value(submit.command.clone()).map_err(|error| malformed(error.to_string()))?;
        let mut journal = self.bank.load(&case, &actor).map_err(|error| (0, internal(&error)))?;
        let head = journal.head();
        if submit.base_seq != head {
            return Err(refused(
                head,
                RefusalCode::StaleCase,
                "Somebody else has changed the case meanwhile.".into(),
            ));
        }
        journal
            .apply(command, &actor, app_engine::now())
            .map_err(|error: JournalError| refused(head, RefusalCode::NotPermitted, error.to_string()))?;
        self.bank.commit(&case, &journal, &actor).map_err(|error| (head, internal(&error)))?;
        Ok(Accepted { request: submit.request, seq: journal.head(), hash: journal.head_hash().to_string() })
    }
}

/// The newest entries of a small cache stand at its front.
type Kept<T> = Mutex<VecDeque<(String, Arc<T>)>>;

fn recall<T>(kept: &Kept<T>, id: &str) -> Option<Arc<T>> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().find(|(known, _)| known == id).map(|(_, value)| Arc::clone(value))
}

fn remember<T>(kept: &Kept<T>, id: &str, value: &Arc<T>) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|(known, _)| known != id);
    kept.push_front((id.to_owned(), Arc::clone(value)));
    kept.truncate(KEPT);
}
