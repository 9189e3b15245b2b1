//! The control stream: whole messages, in order, either way.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use net_protocol::messages::ControlMessage;
use net_protocol::wire::{ControlBuffer, encode_control};
use tokio::sync::mpsc;

use crate::error::LinkError;
use crate::streams::{finish, set_priority};

const PRIORITY: i32 = 100;
/// Messages that may wait.
const QUEUE: usize = 256;

/// The sending half of the control stream. Clone it freely; messages go out in the order of `send`.
#[derive(Debug)]
pub struct ControlSender<M> {
    queue: mpsc::Sender<Bytes>,
    done: tokio::sync::watch::Receiver<bool>,
    message: PhantomData<fn(M)>,
}

impl<M> Clone for ControlSender<M> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), done: self.done.clone(), message: PhantomData }
    }
}

impl<M: ControlMessage> ControlSender<M> {
    pub(crate) fn new(mut stream: quinn::SendStream) -> Self {
        set_priority(&stream, PRIORITY);
        let (queue, mut waiting) = mpsc::channel::<Bytes>(QUEUE);
        let (over, done) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            while let Some(bytes) = waiting.recv().await {
                if stream.write_chunk(bytes).await.is_err() {
                    break;
                }
            }
            finish(&mut stream);
            stream.stopped().await.ok();
            over.send_replace(true);
        });
        Self { queue, done, message: PhantomData }
    }

    /// Queues a message. Waits only if 256 are waiting already. May be cancelled.
    pub async fn send(&self, message: &M) -> Result<(), LinkError> {
        let bytes = encode_control(message)?;
        self.queue
            .send(bytes)
            .await
            .map_err(|_closed| LinkError::Closed { reason: "the control stream has ended".into() })
    }

    /// Ends the stream and waits, for at most half a second, until the peer has everything. Other
    /// clones must be gone.
    pub async fn finish(self) {
        let Self { queue, mut done, .. } = self;
        drop(queue);
        tokio::time::timeout(Duration::from_millis(500), done.wait_for(|over| *over)).await.ok();
    }
}

/// The receiving half of the control stream.
#[derive(Debug)]
pub struct ControlReceiver<M> {
    stream: quinn::RecvStream,
    buffer: ControlBuffer,
    message: PhantomData<fn() -> M>,
}

impl<M: ControlMessage> ControlReceiver<M> {
    pub(crate) fn new(stream: quinn::RecvStream) -> Self {
        Self { stream, buffer: ControlBuffer::new(), message: PhantomData }
    }

    /// The next message; `None` when the peer has ended the stream. May be cancelled.
    pub async fn recv(&mut self) -> Result<Option<M>, LinkError> {
        loop {
            if let Some(message) = self.buffer.next_message()? {
                return Ok(Some(message));
            }
            match self.stream.read_chunk(64 << 10, true).await? {
                Some(chunk) => self.buffer.push(&chunk.bytes),
                None => return Ok(None),
            }
        }
    }
}
