//! One client's session: the protocol's state machine, driven by the link.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use net_link::{Connection, ControlSender};
use net_protocol::chunks::ChunkId;
use net_protocol::messages::{BrickRecord, Refusal, Rejected, Submit, ToClient, Volumes};
use net_protocol::server::{Batch, ServerConfig, ServerEvent, ServerSession};
use tokio::sync::{mpsc, watch};

use crate::frames::Frames;
use crate::source::{EncodedVolume, VolumeSource, internal};

/// The state machine looks at the time this often.
const TICK: Duration = Duration::from_millis(200);
/// Answers of slow work that may wait.
const ANSWERS: usize = 64;

/// Batches that may wait for the transport. When they have gone, the client's credit wakes the session.
const BATCHES: usize = 256;

/// What slow work on another thread came to.
enum Answer {
    Opened(u32, Result<Arc<EncodedVolume>, Refusal>),
    Say(ToClient),
}

struct Session {
    machine: ServerSession,
    connection: Connection,
    control: ControlSender<ToClient>,
    source: Arc<dyn VolumeSource>,
    answers: mpsc::Sender<Answer>,
    volumes: HashMap<u32, Arc<EncodedVolume>>,
    bricks: mpsc::Sender<(Batch, Arc<EncodedVolume>)>,
    frames: Option<Frames>,
    start: Instant,
}

/// Serves one client until it leaves, falls silent, or the edge stops.
pub(crate) async fn run(
    connection: Connection,
    name: String,
    number: u64,
    source: Arc<dyn VolumeSource>,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok((control, mut incoming)) = connection.edge_control().await else { return };
    let start = Instant::now();
    let config = ServerConfig::new(name, format!("{number}"));
    let machine = ServerSession::new(config, start.elapsed());
    let (answers, mut answered) = mpsc::channel(ANSWERS);
    let (volumes, frames) = (HashMap::new(), None);
    let (bricks, batches) = mpsc::channel(BATCHES);
    tokio::spawn(send_in_order(batches, connection.clone(), control.clone()));
    let connected = connection.clone();
    let mut session =
        Session { machine, connection: connected, control, source, answers, volumes, bricks, frames, start };
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let now = session.start.elapsed();
        let events = tokio::select! {
            message = incoming.recv() => match message {
                Ok(Some(message)) => session.machine.receive(now, message),
                Ok(None) | Err(_) => break,
            },
            pose = connection.recv_pose() => match pose {
                Ok(pose) => {
                    session.machine.heard(now);
                    if let Some(frames) = &session.frames {
                        frames.look_from(pose);
                    }
                    Vec::new()
                }
                Err(_) => break,
            },
            Some(answer) = answered.recv() => session.answered(answer),
            _ = ticks.tick() => session.machine.tick(now),
            _ = stopped.wait_for(|stop| *stop) => session.machine.shut_down(),
        };
        let over = session.act(events).await;
        session.send_bricks();
        if over {
            break;
        }
    }
    let Session { control, connection, bricks, frames, .. } = session;
    drop((bricks, frames));
    control.finish().await;
    connection.close(&net_protocol::messages::Bye::default());
}

impl Session {
    /// Carries out what the state machine asks for; true when the session is over.
    async fn act(&mut self, events: Vec<ServerEvent>) -> bool {
        let mut over = false;
        for event in events {
            match event {
                ServerEvent::Send(message) => self.say(&message).await,
                ServerEvent::Up { version, client } => tracing::info!(?version, client, "a session is open"),
                ServerEvent::ListVolumes { case } => self.list(case),
                ServerEvent::OpenVolume { handle, volume } => self.open(handle, volume),
                ServerEvent::CloseVolume { handle } => {
                    self.volumes.remove(&handle);
                }
                ServerEvent::StartFrames(wanted) => {
                    self.frames =
                        Some(Frames::start(wanted, Arc::clone(&self.source), self.connection.clone()));
                }
                ServerEvent::StopFrames => self.frames = None,
                ServerEvent::Submit(submit) => self.submit(submit),
                ServerEvent::Close(bye) => {
                    tracing::info!(reason = ?bye.reason, "a session ends");
                    over = true;
                }
                _ => tracing::warn!("an event of the protocol is not handled"),
            }
        }
        over
    }

    async fn say(&self, message: &ToClient) {
        if let Err(error) = self.control.send(message).await {
            tracing::debug!(%error, "a message was not sent");
        }
    }

    /// Runs slow work on a thread that may block, and answers when it is done.
    fn work(&self, job: impl FnOnce() -> Answer + Send + 'static) {
        let answers = self.answers.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody waits any more when the session has ended.
            answers.blocking_send(job()).unwrap_or_default();
        });
    }

    fn list(&self, case: String) {
        let source = Arc::clone(&self.source);
        self.work(move || {
            let volumes = source.list(&case).unwrap_or_else(|refusal| {
                tracing::warn!(what = refusal.what, "volumes could not be listed");
                Vec::new()
            });
            Answer::Say(ToClient::Volumes(Volumes { volumes }))
        });
    }

    fn open(&self, handle: u32, volume: String) {
        let source = Arc::clone(&self.source);
        self.work(move || Answer::Opened(handle, source.open(&volume)));
    }

    fn submit(&self, submit: Submit) {
        let (source, actor) = (Arc::clone(&self.source), self.connection.peer().device.clone());
        self.work(move || {
            let request = submit.request;
            Answer::Say(match source.submit(&submit, &actor) {
                Ok(accepted) => ToClient::Accepted(accepted),
                Err((seq, refusal)) => ToClient::Rejected(Rejected { request, seq, refusal }),
            })
        });
    }

    fn answered(&mut self, answer: Answer) -> Vec<ServerEvent> {
        let messages = match answer {
            Answer::Say(message) => vec![message],
            Answer::Opened(handle, Err(refusal)) => vec![self.machine.refuse_volume(handle, refusal)],
            Answer::Opened(handle, Ok(volume)) => {
                match self.machine.opened(handle, volume.header.clone(), &volume.etag, volume.infos()) {
                    Ok(messages) => {
                        self.volumes.insert(handle, volume);
                        messages
                    }
                    Err(error) => vec![self.machine.refuse_volume(handle, internal(&error))],
                }
            }
        };
        messages.into_iter().map(ServerEvent::Send).collect()
    }

    /// Queues as many batches for the transport as credit allows; credit bounds the queue.
    fn send_bricks(&mut self) {
        while let Ok(place) = self.bricks.try_reserve() {
            let Some(batch) = self.machine.next_batch() else { return };
            let Some(handle) = batch.records.first().map(|record| record.handle) else { return };
            let Some(volume) = self.volumes.get(&handle).map(Arc::clone) else { continue };
            place.send((batch, volume));
        }
    }
}

/// Hands batches to the transport in their order: of two that start at the same time the finer one could be first, and
/// what is on its way is not overtaken.
async fn send_in_order(
    mut batches: mpsc::Receiver<(Batch, Arc<EncodedVolume>)>,
    connection: Connection,
    control: ControlSender<ToClient>,
) {
    while let Some((batch, volume)) = batches.recv().await {
        let fragment = |record: &BrickRecord| {
            let chunk = volume.chunk(ChunkId { level: record.level, brick: record.brick })?;
            let (from, to) = (record.offset as usize, (record.offset + record.len) as usize);
            (to <= chunk.len()).then(|| chunk.slice(from..to))
        };
        if let Err(error) = connection.send_batch(&batch, fragment).await {
            tracing::debug!(%error, "a batch was not sent");
        } else if let Some(message) = &batch.then
            && let Err(error) = control.send(message).await
        {
            tracing::debug!(%error, "a message was not sent");
        }
    }
}
