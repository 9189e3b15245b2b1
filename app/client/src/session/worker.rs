//! The session's thread: takes wishes, follows the link and the jobs, changes the case.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use app_engine::remote::{Remote, RemoteEvent, RemoteRequest, RemoteSettings};
use app_engine::segment::SegmentOrder;
use app_ui::{LinkState, Lost, PacsProgress, UiAction, fill};
use casebank_case::{
    Acceptance, Actor, CaseId, Command, FindingCode, Journal, Measurement, MeasurementId, VolumeId,
};
use casebank_store::Bank;
use meshing_surface::Mesh;
use net_protocol::messages::VolumeInfo;

use super::jobs::{self, Done, Jobs};
use super::{Event, SessionOptions, case};
use crate::draw::WantedMesh;

/// How long the thread waits for a wish before it looks at the rest.
const PATIENCE: Duration = Duration::from_millis(30);
/// Results of jobs that may wait.
const RESULTS: usize = 16;
/// Bone-like, sRGB and opacity.
const MESH_COLOUR: [f32; 4] = [0.93, 0.86, 0.70, 1.0];

struct Worker {
    options: SessionOptions,
    events: SyncSender<Event>,
    jobs: Jobs,
    actor: Actor,
    bank: Option<Arc<Bank>>,
    remote: Option<Remote>,
    edge: String,
    lost: Option<Instant>,
    up: bool,
    rtt_ms: f64,
    edge_volumes: Vec<VolumeInfo>,
    open: Option<Opened>,
    /// A case to open as soon as it is known.
    wanted: Option<String>,
}

/// The case in the window.
struct Opened {
    /// Its id, as the bank and the edge write it.
    id: String,
    /// Its journal, if it is in the bank here.
    journal: Option<Journal>,
    /// The volume in the views.
    active: String,
    /// Level on the screen, while the edge sends.
    level: Option<u8>,
    /// Print files written in this session, by segment.
    print_files: Vec<(String, String)>,
    /// Surfaces on the screen, by segment.
    meshes: Vec<(String, Arc<Mesh>)>,
}

/// Runs until the window is gone.
pub(super) fn run(options: SessionOptions, wishes: &Receiver<UiAction>, events: SyncSender<Event>) {
    let (done, results) = sync_channel(RESULTS);
    let actor = Actor::new("theatron-client").expect("a plain name is an actor's name");
    let mut worker = Worker {
        jobs: Jobs::new(events.clone(), done),
        actor,
        bank: None,
        remote: None,
        edge: options.edge.clone().unwrap_or_default(),
        lost: None,
        up: false,
        rtt_ms: 0.0,
        edge_volumes: Vec::new(),
        open: None,
        wanted: options.case.clone(),
        options,
        events,
    };
    worker.begin();
    loop {
        match wishes.recv_timeout(PATIENCE) {
            Ok(wish) => worker.wish(wish),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Ok(result) = results.try_recv() {
            worker.finished(result);
        }
        worker.follow_link();
    }
}

impl Worker {
    fn tell(&self, event: Event) {
        // fails only when the window is gone, and then the loop ends by itself
        self.events.send(event).unwrap_or_default();
    }

    fn say(&self, key: &'static str, values: Vec<(&'static str, String)>, failure: bool) {
        self.tell(Event::Say { key, values, failure });
    }

    fn fail(&self, key: &'static str, reason: impl std::fmt::Display) {
        self.say(key, vec![("reason", reason.to_string())], true);
    }

    fn begin(&mut self) {
        if let Some(folder) = self.options.bank.clone().or_else(default_bank) {
            match Bank::open(&folder) {
                Ok(bank) => self.bank = Some(Arc::new(bank)),
                Err(error) => self.fail("notice.open_failed", error),
            }
        }
        if let (Some(edge), Some(pki)) = (self.options.edge.clone(), self.options.pki.clone()) {
            self.connect(&edge, pki);
        }
        self.list();
        if self.remote.is_none()
            && let Some(case) = self.wanted.take()
        {
            self.open_case(&case);
        }
    }

    fn connect(&mut self, edge: &str, pki: PathBuf) {
        self.tell(Event::Link(LinkState::Connecting { edge: edge.to_owned() }));
        let address = std::net::ToSocketAddrs::to_socket_addrs(edge).ok().and_then(|mut found| found.next());
        let Some(address) = address else {
            self.fail("notice.edge_refused", format!("{edge} is not an address"));
            return;
        };
        let settings = RemoteSettings { edge: address, pki, client: "theatron-client".to_owned() };
        match Remote::start(settings) {
            Ok(remote) => self.remote = Some(remote),
            Err(fault) => self.fail("notice.edge_refused", fault),
        }
    }

    fn list(&self) {
        let mut rows = match &self.bank {
            Some(bank) => match bank.list() {
                Ok(cases) => cases.iter().map(|summary| case::row(summary, self.options.language)).collect(),
                Err(error) => {
                    self.fail("notice.open_failed", error);
                    Vec::new()
                }
            },
            None => Vec::new(),
        };
        for row in case::rows_of_edge(&self.edge_volumes) {
            if rows.iter().all(|known| known.id != row.id) {
                rows.push(row);
            }
        }
        self.tell(Event::Cases(rows));
    }

    fn wish(&mut self, wish: UiAction) {
        match wish {
            UiAction::RefreshCases => {
                self.list();
                if let Some(remote) = &self.remote {
                    remote.request(RemoteRequest::List);
                }
            }
            UiAction::OpenCase(id) => self.open_case(&id),
            UiAction::SelectVolume(id) => self.select(&id),
            UiAction::Import(path) => self.import(path),
            UiAction::PacsEcho(form) => {
                self.tell(Event::Pacs(PacsProgress::Busy, None));
                let title = self.options.language.text("jobs.pacs_find").to_owned();
                self.jobs.start(title, move |_| Done::Echoed(jobs::echo(&form)));
            }
            UiAction::PacsFind(form) => {
                self.tell(Event::Pacs(PacsProgress::Busy, None));
                let title = self.options.language.text("jobs.pacs_find").to_owned();
                self.jobs.start(title, move |progress| Done::Found(jobs::find(&form, progress)));
            }
            UiAction::PacsPull { form, study_uid } => {
                let Some(bank) = self.bank.clone() else { return };
                let actor = self.actor.clone();
                self.tell(Event::Pacs(PacsProgress::Busy, None));
                let title = self.options.language.text("jobs.pacs_pull").to_owned();
                self.jobs.start(title, move |progress| {
                    Done::Pulled(jobs::pull(&bank, &actor, &form, study_uid, progress))
                });
            }
            UiAction::Segment(method) => self.segment(&method),
            UiAction::Print(segment) => self.print(segment),
            UiAction::CancelJob(id) => self.jobs.stop(id),
            other => self.command(other),
        }
    }

    fn import(&mut self, path: PathBuf) {
        let Some(bank) = self.bank.clone() else { return };
        let actor = self.actor.clone();
        let title = self.options.language.text("jobs.import").to_owned();
        self.jobs.start(title, move |progress| {
            Done::Imported(
                app_engine::import::import(&bank, &actor, &[path], progress)
                    .map(|imported| imported.volumes.len())
                    .map_err(|fault| fault.to_string()),
            )
        });
    }

    /// Opens a case: its journal from the bank if it is there, its voxels from the edge if that has them.
    fn open_case(&mut self, id: &str) {
        let journal = match (&self.bank, CaseId::from_str(id)) {
            (Some(bank), Ok(case)) => bank.load(&case, &self.actor).ok(),
            _ => None,
        };
        let active = match &journal {
            Some(journal) => app_engine::volumes::choose(journal.case(), None)
                .map(|entry| entry.id.to_string())
                .map_err(|fault| fault.to_string()),
            None => case::of_edge(id, &self.edge_volumes)
                .map(|case| case.active_volume)
                .ok_or_else(|| id.to_owned()),
        };
        let active = match active {
            Ok(active) => active,
            Err(reason) => {
                self.fail("notice.open_failed", reason);
                return;
            }
        };
        self.open = Some(Opened {
            id: id.to_owned(),
            journal,
            active: active.clone(),
            level: None,
            print_files: Vec::new(),
            meshes: Vec::new(),
        });
        self.tell(Event::Closed);
        self.show_case();
        self.load(&active);
        self.load_surfaces();
    }

    fn load_surfaces(&mut self) {
        let Some(bank) = self.bank.clone() else { return };
        if let Some(open) = &mut self.open
            && let Some(journal) = &open.journal
        {
            open.meshes = jobs::surfaces(&bank, journal.case());
        }
        self.show_meshes();
    }

    fn show_meshes(&self) {
        let Some(open) = &self.open else { return };
        let wanted = open
            .meshes
            .iter()
            .map(|(_, mesh)| WantedMesh { mesh: Arc::clone(mesh), colour: MESH_COLOUR })
            .collect();
        self.tell(Event::Meshes(wanted));
    }

    fn select(&mut self, id: &str) {
        if let Some(open) = &mut self.open {
            id.clone_into(&mut open.active);
            open.level = None;
        }
        self.show_case();
        self.load(id);
    }

    /// Loads a volume: from the edge while it answers and has it, else from the bank.
    fn load(&mut self, id: &str) {
        self.tell(Event::Loading { level: None, fraction: 0.0 });
        if let Some(remote) = &self.remote {
            remote.request(RemoteRequest::Close);
            let case = self.open.as_ref().map(|open| open.id.as_str()).unwrap_or_default();
            // the edge writes a volume's id with its case's before it
            let whole = format!("{case}/{id}");
            let found = self.edge_volumes.iter().find(|known| known.volume == id || known.volume == whole);
            if let Some(found) = found {
                remote.request(RemoteRequest::Open(found.volume.clone()));
                return;
            }
        }
        let Some(bank) = self.bank.clone() else { return };
        let entry = self
            .open
            .as_ref()
            .and_then(|open| open.journal.as_ref())
            .zip(VolumeId::from_str(id).ok())
            .and_then(|(journal, id)| journal.case().volume(id).cloned());
        if let Some(entry) = entry {
            let title = self.options.language.text("jobs.open").to_owned();
            self.jobs.start(title, move |progress| {
                let volume = jobs::load(&bank, &entry, progress);
                Done::Loaded(Box::new(entry), volume)
            });
        }
    }

    fn show_case(&self) {
        let shown = self.open.as_ref().and_then(|open| {
            let mut shown = match &open.journal {
                Some(journal) => {
                    let active = VolumeId::from_str(&open.active).ok()?;
                    case::open(journal, active, &open.print_files, self.options.language)
                }
                None => case::of_edge(&open.id, &self.edge_volumes)?,
            };
            shown.active_volume.clone_from(&open.active);
            Some(Box::new(shown))
        });
        self.tell(Event::Case(shown));
    }

    /// Reads the journal again after a job changed the case.
    fn reload(&mut self, changed: CaseId) {
        if let (Some(bank), Some(open)) = (&self.bank, &mut self.open)
            && open.id == changed.to_string()
        {
            match bank.load(&changed, &self.actor) {
                Ok(journal) => open.journal = Some(journal),
                Err(error) => self.fail("notice.open_failed", error),
            }
        }
        self.show_case();
        self.list();
    }

    /// The open case and volume, when they are in the bank here.
    fn here(&self) -> Option<(Arc<Bank>, CaseId, VolumeId)> {
        let open = self.open.as_ref()?;
        let case = open.journal.as_ref()?.case().id;
        Some((self.bank.clone()?, case, VolumeId::from_str(&open.active).ok()?))
    }

    fn segment(&mut self, method: &str) {
        let Some((bank, case, volume)) = self.here() else {
            self.fail("notice.command_failed", self.options.language.text("notice.not_here"));
            return;
        };
        let actor = self.actor.clone();
        let language = self.options.language;
        let name = language.find(&format!("method.{method}")).unwrap_or(method);
        let title = fill(language.text("jobs.segment"), &[("method", name)]);
        let method = method.to_owned();
        self.jobs.start(title, move |progress| {
            let order = SegmentOrder {
                case,
                volume: Some(volume),
                method: &method,
                name: None,
                params: meshing_segment::Params::default(),
                seeds: Vec::new(),
                from: Vec::new(),
            };
            let made = app_engine::segment::segment(&bank, &actor, &order, progress);
            Done::Segmented(case, made.map(|_| ()).map_err(|fault| fault.to_string()))
        });
    }

    fn print(&mut self, segment: String) {
        let Some((bank, case, _)) = self.here() else {
            self.fail("notice.command_failed", self.options.language.text("notice.not_here"));
            return;
        };
        let actor = self.actor.clone();
        let title = fill(self.options.language.text("jobs.print"), &[("segment", &segment)]);
        let safe: String =
            segment.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let file = bank.folder().join("print").join(case.to_string()).join(format!("{safe}.3mf"));
        self.jobs.start(title, move |progress| {
            let made = jobs::print(&bank, &actor, case, &segment, file, progress);
            Done::Printed(case, segment, made)
        });
    }

    /// Changes of the case: applied, journalled, durable, then shown.
    fn command(&mut self, wish: UiAction) {
        let Some((bank, case, volume)) = self.here() else {
            self.fail("notice.command_failed", self.options.language.text("notice.not_here"));
            return;
        };
        let actor = self.actor.clone();
        let Some(journal) = self.open.as_mut().and_then(|open| open.journal.as_mut()) else { return };
        let at = app_engine::now();
        let mut changed = journal.clone();
        let applied = match wish {
            UiAction::Undo => changed.undo(&actor, at).map(|_| ()).map_err(|error| error.to_string()),
            UiAction::Redo => changed.redo(&actor, at).map(|_| ()).map_err(|error| error.to_string()),
            other => match command_of(other, volume) {
                Ok(Some(command)) => {
                    changed.apply(command, &actor, at).map(|_| ()).map_err(|error| error.to_string())
                }
                Ok(None) => return,
                Err(reason) => Err(reason),
            },
        };
        let saved = applied.and_then(|()| {
            bank.commit(&case, &changed, &actor).map(|_| ()).map_err(|error| error.to_string())
        });
        match saved {
            Ok(()) => *journal = changed,
            Err(reason) => self.fail("notice.command_failed", reason),
        }
        self.show_case();
    }

    fn finished(&mut self, done: Done) {
        match done {
            Done::Imported(Ok(count)) => {
                self.list();
                self.say("notice.import_done", vec![("count", count.to_string())], false);
            }
            Done::Imported(Err(reason)) => self.fail("notice.import_failed", reason),
            Done::Pulled(came) => {
                self.tell(Event::Pacs(PacsProgress::Done, None));
                match came {
                    Ok(_) => {
                        self.list();
                        self.say("notice.pacs_done", Vec::new(), false);
                    }
                    Err(reason) => self.fail("notice.pacs_failed", reason),
                }
            }
            Done::Found(Ok(rows)) => self.tell(Event::Pacs(PacsProgress::Done, Some(rows))),
            Done::Echoed(Ok(())) => self.tell(Event::Pacs(PacsProgress::Reached, None)),
            Done::Found(Err(reason)) | Done::Echoed(Err(reason)) => {
                self.tell(Event::Pacs(PacsProgress::Idle, None));
                self.fail("notice.pacs_failed", reason);
            }
            Done::Loaded(entry, volume) => self.loaded(&entry.id.to_string(), volume),
            Done::Segmented(case, made) => {
                if let Err(reason) = made {
                    self.fail("notice.segment_failed", reason);
                }
                self.reload(case);
            }
            Done::Printed(case, segment, made) => self.printed(case, segment, made),
        }
    }

    fn loaded(&self, id: &str, volume: Result<Arc<meshing_volume::Volume>, String>) {
        if self.open.as_ref().is_none_or(|open| open.active != id) {
            return;
        }
        match volume {
            Ok(volume) => {
                self.tell(Event::Volume { id: id.to_owned(), volume, level: 0, exact: true });
                self.show_case();
            }
            Err(reason) => self.fail("notice.open_failed", reason),
        }
    }

    fn printed(&mut self, case: CaseId, segment: String, made: Result<(PathBuf, Arc<Mesh>), String>) {
        match made {
            Ok((file, mesh)) => {
                let file = file.display().to_string();
                if let Some(open) = self.open.as_mut().filter(|open| open.id == case.to_string()) {
                    open.print_files.push((segment.clone(), file.clone()));
                    open.meshes.retain(|(name, _)| *name != segment);
                    open.meshes.push((segment, mesh));
                }
                self.show_meshes();
                self.say("notice.print_done", vec![("file", file)], false);
            }
            Err(reason) => self.fail("notice.print_failed", reason),
        }
        self.reload(case);
    }

    fn follow_link(&mut self) {
        while let Some(event) = self.remote.as_ref().and_then(Remote::poll) {
            self.heard(event);
        }
        if let Some(since) = self.lost {
            let lost = Lost { edge: self.edge.clone(), seconds: since.elapsed().as_secs_f64() };
            self.tell_softly(Event::Link(LinkState::Reconnecting(lost)));
        }
    }

    /// An event that may be left out when the window is busy, because the next one says the same.
    fn tell_softly(&self, event: Event) {
        self.events.try_send(event).unwrap_or_default();
    }

    fn heard(&mut self, event: RemoteEvent) {
        match event {
            RemoteEvent::Up { .. } => {
                self.up = true;
                self.lost = None;
                self.tell_link();
                if let Some(remote) = &self.remote {
                    remote.request(RemoteRequest::List);
                }
            }
            RemoteEvent::Lost { cause } => {
                tracing::warn!(cause, "the link is lost");
                self.up = false;
                let since = *self.lost.get_or_insert_with(Instant::now);
                let lost = Lost { edge: self.edge.clone(), seconds: since.elapsed().as_secs_f64() };
                self.tell(Event::Link(LinkState::Lost(lost)));
            }
            RemoteEvent::Refused(fault) => self.fail("notice.edge_refused", fault),
            RemoteEvent::Volumes(volumes) => {
                self.edge_volumes = volumes;
                self.list();
                if let Some(case) = self.wanted.take() {
                    self.open_case(&case);
                }
            }
            RemoteEvent::Progress { level: 0, fraction } => {
                let shown = self.open.as_ref().and_then(|open| open.level);
                self.tell_softly(Event::Loading { level: shown, fraction });
            }
            RemoteEvent::Level { level, volume, .. } => {
                if let Some(open) = &mut self.open {
                    open.level = Some(level);
                    let id = open.active.clone();
                    self.tell(Event::Volume { id, volume, level, exact: false });
                }
            }
            RemoteEvent::Exact { volume, .. } => {
                if let Some(open) = &mut self.open {
                    open.level = Some(0);
                    let id = open.active.clone();
                    self.tell(Event::Volume { id, volume, level: 0, exact: true });
                }
            }
            RemoteEvent::VolumeFault(fault) => self.fail("notice.open_failed", fault),
            RemoteEvent::RoundTrip(rtt) => {
                self.rtt_ms = rtt.as_secs_f64() * 1000.0;
                self.tell_link();
            }
            _ => {}
        }
    }

    fn tell_link(&self) {
        if self.up {
            self.tell(Event::Link(LinkState::Connected { edge: self.edge.clone(), rtt_ms: self.rtt_ms }));
        }
    }
}

/// The command of a wish; `None` for a wish that changes no case.
fn command_of(wish: UiAction, volume: VolumeId) -> Result<Option<Command>, String> {
    Ok(match wish {
        UiAction::AcceptFinding { volume, code, by, reason } => {
            let volume = VolumeId::from_str(&volume).map_err(|error| error.to_string())?;
            let code = FindingCode::from_str(&code).map_err(|error| error.to_string())?;
            Some(Command::AcceptFinding(Acceptance { volume, code, by, reason, time: app_engine::now() }))
        }
        UiAction::AddDistance { from, to } => {
            Some(Command::AddMeasurement(Measurement::distance(volume, from, to)))
        }
        UiAction::RemoveMeasurement(id) => {
            let id = MeasurementId::from_str(&id).map_err(|error| error.to_string())?;
            Some(Command::RemoveMeasurement { id })
        }
        _ => None,
    })
}

/// Where cases are kept unless told otherwise: `$XDG_DATA_HOME/theatron`.
fn default_bank() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("theatron"))
}
