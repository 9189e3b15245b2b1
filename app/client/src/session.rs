//! The session: everything that takes time (bank, edge, archive, segmentation) happens on its threads; the window
//! sends wishes and takes events, and never waits.

mod case;
mod jobs;
mod worker;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use app_ui::{CaseRow, JobRow, LinkState, OpenCase, PacsProgress, PacsRow, UiAction};
use meshing_volume::Volume;

use crate::draw::WantedMesh;

/// Wishes and events that may wait.
const WAITING: usize = 256;

/// What the session reports.
#[derive(Debug)]
pub(crate) enum Event {
    /// The bank's cases.
    Cases(Vec<CaseRow>),
    /// The open case as it is now.
    Case(Option<Box<OpenCase>>),
    /// A volume, or a finer level of the one shown.
    Volume {
        /// Which scan.
        id: String,
        /// Its voxels at this level.
        volume: Arc<Volume>,
        /// Level of detail, 0 is full.
        level: u8,
        /// The hash over all voxels was verified here.
        exact: bool,
    },
    /// How far loading is.
    Loading {
        /// The level on the screen.
        level: Option<u8>,
        /// Part of the data that is here.
        fraction: f32,
    },
    /// Nothing is shown any more.
    Closed,
    /// How the link stands.
    Link(LinkState),
    /// The surfaces to draw with the volume.
    Meshes(Vec<WantedMesh>),
    /// A job began or went on.
    Job(JobRow),
    /// A job ended.
    JobEnded(u64),
    /// How the archive query stands; rows when they are new.
    Pacs(PacsProgress, Option<Vec<PacsRow>>),
    /// Something the person must know: the text's key, and what goes into it.
    Say {
        /// Key of the text; `_then` and `_next` follow it.
        key: &'static str,
        /// Values of the placeholders.
        values: Vec<(&'static str, String)>,
        /// It is a failure, not news.
        failure: bool,
    },
}

/// What the session works with.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionOptions {
    /// The edge's address.
    pub(crate) edge: Option<String>,
    /// Folder of certificates.
    pub(crate) pki: Option<PathBuf>,
    /// Folder of the bank.
    pub(crate) bank: Option<PathBuf>,
    /// Case to open at once.
    pub(crate) case: Option<String>,
    /// Language of what the session writes itself (jobs, history).
    pub(crate) language: app_ui::Language,
}

/// The window's end of the session.
#[derive(Debug)]
pub(crate) struct Session {
    wishes: SyncSender<UiAction>,
    events: Mutex<Receiver<Event>>,
}

impl Session {
    /// Starts the session's thread.
    pub(crate) fn start(options: SessionOptions) -> Self {
        let (wishes, wanted) = sync_channel(WAITING);
        let (happened, events) = sync_channel(WAITING);
        let started = std::thread::Builder::new()
            .name("theatron-session".to_owned())
            .spawn(move || worker::run(options, &wanted, happened));
        if let Err(error) = started {
            tracing::error!(%error, "the session cannot start");
        }
        Self { wishes, events: Mutex::new(events) }
    }

    /// Hands a wish to the session. A wish that finds the queue full is dropped, with a word in the log: it can only
    /// happen when the session is stuck, and the window must not be.
    pub(crate) fn ask(&self, action: UiAction) {
        if let Err(error) = self.wishes.try_send(action) {
            tracing::warn!(%error, "the session does not take wishes");
        }
    }

    /// The next event, if one waits.
    pub(crate) fn next(&self) -> Option<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }
}
