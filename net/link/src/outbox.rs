//! Between the edge's work and QUIC: datagrams and permits for streams in the order of the scheduler.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use net_protocol::schedule::{Class, ClassCounts, Item, Scheduler};
use tokio::sync::{Notify, oneshot};

use crate::congestion::PathSignals;
use crate::error::LinkError;

/// The token rate follows the controller at this pace.
const RATE_STEP: Duration = Duration::from_millis(10);
/// Streams may be filled a little faster than the path drains them, as QUIC's own pacer does.
const GAIN: f64 = 1.25;

enum Outgoing {
    Datagram(Bytes),
    /// A stream may be filled.
    Permit(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Shared {
    began: Instant,
    scheduler: Mutex<Scheduler<Outgoing>>,
    changed: Notify,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Datagram(_) => "Datagram",
            Self::Permit(_) => "Permit",
        })
    }
}

impl Shared {
    fn scheduler(&self) -> MutexGuard<'_, Scheduler<Outgoing>> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's send scheduler and the task that empties it. The task ends with the last handle, so
/// that it does not keep the connection alive.
#[derive(Debug)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
    task: tokio::task::AbortHandle,
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Outbox {
    pub(crate) fn new(inner: quinn::Connection, signals: Arc<PathSignals>) -> Self {
        let shared = Arc::new(Shared {
            began: Instant::now(),
            scheduler: Mutex::new(Scheduler::new(1e6)),
            changed: Notify::new(),
        });
        let task = tokio::spawn(run(inner, signals, shared.clone())).abort_handle();
        Self { shared, task }
    }

    /// Queues a datagram; past its deadline it is dropped.
    pub(crate) fn push(&self, class: Class, bytes: Bytes, group: u32, keep: Option<Duration>) {
        let deadline = keep.map(|keep| self.shared.began.elapsed() + keep);
        let item = Item { len: bytes.len(), what: Outgoing::Datagram(bytes), deadline, group };
        self.shared.scheduler().push(class, item);
        self.shared.changed.notify_one();
    }

    /// Waits until a stream of this class may be filled with `len` bytes.
    pub(crate) async fn permit(&self, class: Class, len: usize) -> Result<(), LinkError> {
        let (sender, permit) = oneshot::channel();
        let item = Item { what: Outgoing::Permit(sender), len, deadline: None, group: 0 };
        self.shared.scheduler().push(class, item);
        self.shared.changed.notify_one();
        permit.await.map_err(|_gone| LinkError::Closed { reason: "nothing more is sent".into() })
    }

    pub(crate) fn counts(&self, class: Class) -> ClassCounts {
        self.shared.scheduler().counts(class)
    }
}

async fn run(inner: quinn::Connection, signals: Arc<PathSignals>, shared: Arc<Shared>) {
    let mut remote = inner.remote_address();
    let mut looked: Option<Duration> = None;
    loop {
        let now = shared.began.elapsed();
        if looked.is_none_or(|at| now >= at + RATE_STEP) {
            looked = Some(now);
            let path = inner.stats().path;
            let rate = match signals.rate() {
                0 => path.cwnd as f64 / path.rtt.as_secs_f64().max(1e-4),
                rate => rate as f64,
            };
            shared.scheduler().set_rate(now, GAIN * rate);
            if inner.remote_address() != remote {
                remote = inner.remote_address();
                signals.path_changed();
            }
        }
        // a datagram that finds no room waits in `send_datagram_wait`, with nothing behind it
        let (next, wake) = {
            let mut scheduler = shared.scheduler();
            let next = scheduler.pop(now, usize::MAX);
            let wake = scheduler.next_wake(now);
            (next, wake)
        };
        match next.map(|(_, item)| item.what) {
            Some(Outgoing::Datagram(bytes)) => match inner.send_datagram_wait(bytes).await {
                Ok(()) => {}
                Err(quinn::SendDatagramError::ConnectionLost(_)) => return,
                // the path has become narrower since it was cut, or the peer takes none
                Err(error) => tracing::debug!(%error, "a datagram was dropped"),
            },
            // an error says that the one who asked has gone
            Some(Outgoing::Permit(permit)) => drop(permit.send(())),
            None => {
                let pause = wake.map_or(Duration::from_secs(1), |wake| wake.saturating_sub(now));
                tokio::select! {
                    () = shared.changed.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                    _ = inner.closed() => return,
                }
            }
        }
    }
}
