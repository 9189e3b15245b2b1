//! Work that takes time, each piece on its own thread, with progress and cancel.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use app_ui::{JobRow, PacsForm, PacsRow};
use casebank_case::{Actor, CaseId, PersonName, Phi, VolumeEntry};
use casebank_store::Bank;
use meshing_surface::Mesh;
use meshing_volume::{Progress, Volume};
use net_dimse::{AeTitle, Peer, Query, Settings, Wanted};

use super::Event;

/// What a job came to.
pub(super) enum Done {
    /// Cases were added; so many volumes.
    Imported(Result<usize, String>),
    /// A study was fetched into a case.
    Pulled(Result<usize, String>),
    /// The archive answered a query.
    Found(Result<Vec<PacsRow>, String>),
    /// The archive answered an echo.
    Echoed(Result<(), String>),
    /// A volume was read from the bank, its objects' hashes verified.
    Loaded(Box<VolumeEntry>, Result<Arc<Volume>, String>),
    /// A segment was made.
    Segmented(CaseId, Result<(), String>),
    /// A print file was written.
    Printed(CaseId, String, Result<(PathBuf, Arc<Mesh>), String>),
}

/// Starts jobs and stops them.
pub(super) struct Jobs {
    events: SyncSender<Event>,
    done: SyncSender<Done>,
    running: BTreeMap<u64, Arc<AtomicBool>>,
    next: u64,
}

/// Progress of one job: to the window ten times a second at most, and back: whether to stop.
struct Told {
    id: u64,
    title: String,
    events: SyncSender<Event>,
    stop: Arc<AtomicBool>,
    start: Instant,
    last_ms: AtomicU64,
}

impl Progress for Told {
    fn report(&self, fraction: f32) {
        let now = self.start.elapsed().as_millis() as u64;
        if now < self.last_ms.load(Ordering::Relaxed) + 100 {
            return;
        }
        self.last_ms.store(now, Ordering::Relaxed);
        let row = JobRow { id: self.id, title: self.title.clone(), fraction };
        // a full queue only means that the window is busy: the next report says more
        self.events.try_send(Event::Job(row)).unwrap_or_default();
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Jobs {
    pub(super) fn new(events: SyncSender<Event>, done: SyncSender<Done>) -> Self {
        Self { events, done, running: BTreeMap::new(), next: 1 }
    }

    /// Runs `work` on a thread of its own.
    pub(super) fn start(&mut self, title: String, work: impl FnOnce(&dyn Progress) -> Done + Send + 'static) {
        let id = self.next;
        self.next += 1;
        let stop = Arc::new(AtomicBool::new(false));
        self.running.retain(|_, stop| Arc::strong_count(stop) > 1);
        self.running.insert(id, Arc::clone(&stop));
        let (events, done) = (self.events.clone(), self.done.clone());
        let row = JobRow { id, title: title.clone(), fraction: 0.0 };
        events.send(Event::Job(row)).unwrap_or_default();
        let told = Told {
            id,
            title,
            events: events.clone(),
            stop,
            start: Instant::now(),
            last_ms: AtomicU64::new(0),
        };
        let started = std::thread::Builder::new().name(format!("theatron-job-{id}")).spawn(move || {
            let came_to = work(&told);
            drop(told);
            // both fail only when the window is gone
            done.send(came_to).unwrap_or_default();
            events.send(Event::JobEnded(id)).unwrap_or_default();
        });
        if let Err(error) = started {
            tracing::error!(%error, "a job cannot start");
            self.events.send(Event::JobEnded(id)).unwrap_or_default();
        }
    }

    /// Asks a job to stop.
    pub(super) fn stop(&self, id: u64) {
        if let Some(stop) = self.running.get(&id) {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Reads a volume from the bank; every object's hash is computed again first, so that what is shown is what was stored.
pub(super) fn load(bank: &Bank, entry: &VolumeEntry, progress: &dyn Progress) -> Result<Arc<Volume>, String> {
    let count = entry.objects.len().max(1);
    let mut seen = 0;
    for hash in &entry.objects {
        bank.object(hash).map_err(|error| error.to_string())?;
        seen += 1;
        progress.report(0.3 * seen as f32 / count as f32);
        if progress.cancelled() {
            return Err("stopped".to_owned());
        }
    }
    let later = Later { inner: progress, from: Mutex::new(0.3) };
    app_engine::volumes::load(bank, entry, &later).map(Arc::new).map_err(|fault| fault.to_string())
}

/// The rest of a job, after its first part.
struct Later<'a> {
    inner: &'a dyn Progress,
    from: Mutex<f32>,
}

impl Progress for Later<'_> {
    fn report(&self, fraction: f32) {
        let from = *self.from.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.report(from + (1.0 - from) * fraction);
    }

    fn cancelled(&self) -> bool {
        self.inner.cancelled()
    }
}

/// The archive of the form.
pub(super) fn peer(form: &PacsForm) -> Result<Peer, String> {
    let title = |text: &str| AeTitle::new(text.trim()).map_err(|error| error.to_string());
    Ok(Peer {
        ae_called: title(&form.called_ae)?,
        ae_calling: title(&form.calling_ae)?,
        host: form.host.trim().to_owned(),
        port: form.port.trim().parse().ok().ok_or_else(|| format!("{} is not a port", form.port.trim()))?,
    })
}

pub(super) fn echo(form: &PacsForm) -> Result<(), String> {
    net_dimse::echo(&peer(form)?, &Settings::default()).map(|_| ()).map_err(|error| error.to_string())
}

pub(super) fn find(form: &PacsForm, progress: &dyn Progress) -> Result<Vec<PacsRow>, String> {
    let text = |field: &str| Some(field.trim().to_owned()).filter(|text| !text.is_empty());
    let query = Query {
        patient_name: text(&form.patient_name).map(Phi::new),
        patient_id: text(&form.patient_id).map(Phi::new),
        study_date: text(&form.study_date),
        modality: text(&form.modality),
        ..Query::default()
    };
    let found = net_dimse::find(&peer(form)?, &query, &Settings::default(), progress)
        .map_err(|error| error.to_string())?;
    Ok(found
        .matches
        .into_iter()
        .map(|study| PacsRow {
            study_uid: study.study_uid,
            patient: PersonName::parse(study.patient_name.expose()).shown(),
            date: study.study_date.unwrap_or_default(),
            modality: study.modalities.join(", "),
            description: study.study_description.unwrap_or_default(),
        })
        .collect())
}

pub(super) fn pull(
    bank: &Bank,
    actor: &Actor,
    form: &PacsForm,
    study_uid: String,
    progress: &dyn Progress,
) -> Result<usize, String> {
    let wanted = Wanted { study_uid, series_uid: None };
    app_engine::pacs::pull(bank, actor, &peer(form)?, &wanted, progress)
        .map(|(_, imported)| imported.volumes.len())
        .map_err(|fault| fault.to_string())
}

/// Makes the surface and the print file of a segment, and reads the surface back for the views.
pub(super) fn print(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    segment: &str,
    file: PathBuf,
    progress: &dyn Progress,
) -> Result<(PathBuf, Arc<Mesh>), String> {
    let order = app_engine::mesh::MeshOrder { case, segment, max_error_mm: None, file: &file };
    app_engine::mesh::mesh(bank, actor, &order, progress).map_err(|fault| fault.to_string())?;
    let journal = bank.load(&case, actor).map_err(|error| error.to_string())?;
    let surface = journal.case().surface(segment).ok_or("the surface is gone")?;
    let mesh = app_engine::mesh::load(bank, surface).map_err(|fault| fault.to_string())?;
    Ok((file, Arc::new(mesh)))
}

/// The surfaces of a case, by segment; one that cannot be read is left out, with a word in the log.
pub(super) fn surfaces(bank: &Bank, case: &casebank_case::Case) -> Vec<(String, Arc<Mesh>)> {
    let read = |surface: &casebank_case::SurfaceEntry| match app_engine::mesh::load(bank, surface) {
        Ok(mesh) => Some((surface.segment.clone(), Arc::new(mesh))),
        Err(fault) => {
            tracing::warn!(%fault, "a surface is not shown");
            None
        }
    };
    case.surfaces.iter().filter_map(read).collect()
}
