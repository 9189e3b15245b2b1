//! Decoding of compressed frames, in child processes where the program asks for it.
//!
//! Codecs are large, old and partly written in C and C++; a hostile frame may crash them, keep them busy for ever or make
//! them ask for all memory. [`decode_in_children`] moves every codec but our own RLE into child processes of the running
//! program ([`serve`]): each has a limit of memory and a deadline, frames go there and back through shared memory, and a child
//! that fails is replaced. What a child answers is foreign data like the frame itself: its length is checked, and its values
//! are pixels whatever they are.

mod child;
mod local;
mod message;
mod serve;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::header::SampleFormat;
use crate::pixels::PixelError;
use child::{Child, Failure};

pub use serve::serve;

/// The program whose children decode; none where frames are decoded in this process.
static CHILDREN: OnceLock<Children> = OnceLock::new();

/// Why a child process did not decode a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// It could not be started.
    #[error(
        "the process that decodes could not be started ({0}), so nothing was decoded; install this program again, or free \
         memory"
    )]
    Start(String),
    /// It ended in the middle of a frame.
    #[error(
        "the process that decodes broke down over it: the compressed image is damaged, or made to do harm"
    )]
    Died,
    /// It did not finish in time, and was stopped.
    #[error(
        "it was not decoded within {seconds} seconds, and that was stopped: the compressed image is damaged, or made to do \
         harm"
    )]
    Overdue {
        /// The deadline.
        seconds: u64,
    },
    /// It answered something else than a frame of the right length.
    #[error("the process that decodes gave an answer that does not fit the data set")]
    Answer,
}

/// From now on, and for the whole of this process, frames are decoded by children: `program arguments…` must call [`serve`].
/// The first call counts.
pub fn decode_in_children(program: PathBuf, arguments: &'static [&'static str]) {
    let _first = CHILDREN.set(Children { program, arguments, idle: Mutex::new(Vec::new()) });
}

/// Decodes one frame to little endian samples.
pub(crate) fn decode(syntax: &str, data: &[u8], format: &SampleFormat) -> Result<Vec<u8>, PixelError> {
    match CHILDREN.get() {
        Some(children) => children.decode(syntax, data, format),
        None => local::decode(syntax, data, format),
    }
}

/// Children that wait for work; as many as there were frames to decode at once.
struct Children {
    program: PathBuf,
    arguments: &'static [&'static str],
    idle: Mutex<Vec<Child>>,
}

impl Children {
    fn decode(&self, syntax: &str, data: &[u8], format: &SampleFormat) -> Result<Vec<u8>, PixelError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waiting = idle().pop();
            let fresh = waiting.is_none();
            let mut child = waiting.map_or_else(|| Child::start(&self.program, self.arguments), Ok)?;
            let outcome = match child.decode(syntax, data, format) {
                // One that died while it waited says nothing about this frame.
                Err(Failure::Gone) if !fresh => continue,
                Err(Failure::Gone) => return Err(WorkerError::Died.into()),
                Err(Failure::Broken(error)) => return Err(error.into()),
                Err(Failure::Frame(error)) => Err(error),
                Ok(samples) => Ok(samples),
            };
            idle().push(child);
            return outcome;
        }
    }
}

#[cfg(test)]
mod tests;
