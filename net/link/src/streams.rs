//! One-way streams: bricks and frames, read within the bounds of their kind.

use bytes::Bytes;
use net_protocol::bulk::decode_batch;
use net_protocol::messages::{BrickRecord, FrameHeader, MAX_BATCH_LEN, StreamKind};

use crate::error::LinkError;

/// A frame on its way.
#[derive(Debug)]
pub struct FrameInFlight {
    pub(crate) stream: quinn::SendStream,
}

impl FrameInFlight {
    /// Waits until the client has all of it (or has given it up).
    pub async fn delivered(&mut self) {
        self.stream.stopped().await.ok();
    }

    /// Gives it up: a newer one is ready.
    pub fn supersede(mut self) {
        // an error says that it is delivered already
        self.stream.reset(0_u32.into()).ok();
    }
}

/// A one-way stream that the peer has opened.
#[derive(Debug)]
pub struct UniStream {
    pub(crate) inner: quinn::RecvStream,
}

/// What a one-way stream carried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UniPayload {
    /// Fragments of chunks.
    Bricks(Vec<(BrickRecord, Bytes)>),
    /// A frame.
    Frame(FrameHeader, Bytes),
    /// The sender gave the stream up.
    Superseded,
}

impl UniStream {
    /// Reads the stream to its end, within the bounds of its kind.
    pub async fn read(mut self) -> Result<UniPayload, LinkError> {
        match self.read_inner().await {
            Err(Reading::Superseded) => Ok(UniPayload::Superseded),
            Err(Reading::Failed(error)) => Err(error),
            Ok(payload) => Ok(payload),
        }
    }

    async fn read_inner(&mut self) -> Result<UniPayload, Reading> {
        let mut kind = [0];
        self.exact(&mut kind).await?;
        match StreamKind::decode(kind[0]).map_err(LinkError::from)? {
            StreamKind::Bricks => {
                let body = self.rest(MAX_BATCH_LEN).await?;
                Ok(UniPayload::Bricks(decode_batch(body).map_err(LinkError::from)?))
            }
            StreamKind::Frame => {
                let mut head = [0; FrameHeader::LEN];
                self.exact(&mut head).await?;
                let header = FrameHeader::decode(&head).map_err(LinkError::from)?;
                let payload = self.rest(header.len as usize).await?;
                if payload.len() != header.len as usize {
                    return Err(LinkError::Protocol {
                        problem: "a frame shorter than its header says".into(),
                    }
                    .into());
                }
                Ok(UniPayload::Frame(header, payload))
            }
            _ => Err(LinkError::Protocol { problem: "a stream of an unknown kind".into() }.into()),
        }
    }

    async fn exact(&mut self, buffer: &mut [u8]) -> Result<(), Reading> {
        match self.inner.read_exact(buffer).await {
            Ok(()) => Ok(()),
            Err(quinn::ReadExactError::ReadError(error)) => Err(error.into()),
            Err(quinn::ReadExactError::FinishedEarly(_)) => {
                Err(LinkError::Protocol { problem: "a stream that ends within its header".into() }.into())
            }
        }
    }

    async fn rest(&mut self, limit: usize) -> Result<Bytes, Reading> {
        match self.inner.read_to_end(limit).await {
            Ok(body) => Ok(body.into()),
            Err(quinn::ReadToEndError::Read(error)) => Err(error.into()),
            Err(quinn::ReadToEndError::TooLong) => {
                Err(LinkError::Protocol { problem: "a stream longer than it may be".into() }.into())
            }
        }
    }
}

/// Why a stream was not read to its end.
enum Reading {
    Superseded,
    Failed(LinkError),
}

impl From<LinkError> for Reading {
    fn from(error: LinkError) -> Self {
        Self::Failed(error)
    }
}

impl From<quinn::ReadError> for Reading {
    fn from(error: quinn::ReadError) -> Self {
        match error {
            quinn::ReadError::Reset(_) => Self::Superseded,
            other => Self::Failed(other.into()),
        }
    }
}

/// Marks the end of a stream. An error says that the peer has stopped it or the link is gone, which
/// the next use of the link reports.
pub(crate) fn finish(stream: &mut quinn::SendStream) {
    stream.finish().ok();
}

pub(crate) fn set_priority(stream: &quinn::SendStream, priority: i32) {
    // an error says that the stream is closed already, which its first write reports
    stream.set_priority(priority).ok();
}
