//! Listens, and gives each client a session.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app_engine::{Fault, FaultKind};
use net_link::Listener;
use net_link::pki::Identity;
use tokio::sync::watch;

use crate::session;
use crate::source::VolumeSource;

/// How an edge runs.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// UDP address to listen on; port 0 picks one.
    pub listen: SocketAddr,
    /// Folder with the edge's certificate, key and the site's authority.
    pub pki: PathBuf,
    /// Name of this edge, shown to clients.
    pub name: String,
}

/// A running edge. Stopping it tells every client.
#[derive(Debug)]
pub struct Edge {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// How long clients get to hear that the edge stops.
const FAREWELL: Duration = Duration::from_secs(2);

impl Edge {
    /// Binds and serves on a thread of its own.
    ///
    /// # Errors
    /// A certificate folder or an address that cannot be used.
    pub fn start(settings: EdgeSettings, source: Arc<dyn VolumeSource>) -> Result<Self, Fault> {
        let identity = Identity::load(&settings.pki)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("theatron-edge")
            .enable_all()
            .build()
            .map_err(|error| {
                Fault::told(FaultKind::Internal, format!("The network could not be started: {error}."))
            })?;
        let listener = runtime.block_on(Listener::bind(settings.listen, &identity))?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("theatron-edge".into())
            .spawn(move || {
                runtime.block_on(serve(listener, settings, source, stopped));
                runtime.shutdown_timeout(FAREWELL);
            })
            .map_err(|error| {
                Fault::told(FaultKind::Internal, format!("A thread could not be started: {error}."))
            })?;
        Ok(Self { addr, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was already reported when it happened.
            thread.join().unwrap_or_default();
        }
    }
}

async fn serve(
    mut listener: Listener,
    settings: EdgeSettings,
    source: Arc<dyn VolumeSource>,
    mut stopped: watch::Receiver<bool>,
) {
    let sessions = AtomicU64::new(0);
    let mut running = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Some(Ok(connection)) => {
                let number = sessions.fetch_add(1, Ordering::Relaxed) + 1;
                let (name, source, stopped) = (settings.name.clone(), Arc::clone(&source), stopped.clone());
                tracing::info!(session = number, device = %connection.peer().device, "a client connected");
                running.spawn(session::run(connection, name, number, source, stopped));
            }
            Some(Err(error)) => tracing::warn!(%error, "a client was turned away"),
            None => break,
        }
    }
    let farewell = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        tracing::warn!("a session did not end in time and was cut");
    }
    listener.close().await;
}
