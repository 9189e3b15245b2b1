//! The parent's side: one child process, its pipes and the memory shared with it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;

use super::WorkerError;
use super::message::{Answer, MOST_BYTES, Request};
use crate::header::SampleFormat;
use crate::pixels::PixelError;

/// Time for any frame; a hundred times what the slowest codec needs for a CT slice on a busy machine.
const BASE_SECONDS: u64 = 10;
/// A frame gets one more second for each of these bytes; JPEG 2000 decodes ten times as many.
const BYTES_PER_SECOND: u64 = 1 << 20;

/// What went wrong with a child.
pub(super) enum Failure {
    /// It was no longer there when the request was sent.
    Gone,
    /// It says that the frame is damaged, and is ready for the next.
    Frame(PixelError),
    /// It failed over the frame and is of no more use.
    Broken(WorkerError),
}

/// A running child. It is ended when this is dropped.
pub(super) struct Child {
    process: process::Child,
    requests: ChildStdin,
    answers: ChildStdout,
    memory: File,
    base: Duration,
}

impl Child {
    pub(super) fn start(program: &Path, arguments: &[&str]) -> Result<Self, WorkerError> {
        let start = || -> std::io::Result<Self> {
            let memory = File::from(memfd_create("frames", MemfdFlags::CLOEXEC)?);
            let mut process = Command::new(program)
                .args(arguments)
                .env_clear()
                .envs(std::env::var_os("LD_LIBRARY_PATH").map(|paths| ("LD_LIBRARY_PATH", paths)))
                .current_dir("/")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // The only other place where a child can be handed an open file.
                .stderr(memory.try_clone()?)
                .spawn()?;
            let pipes = process.stdin.take().zip(process.stdout.take());
            let (requests, answers) = pipes.ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(Self { process, requests, answers, memory, base: Duration::from_secs(BASE_SECONDS) })
        };
        start().map_err(|error| WorkerError::Start(error.to_string()))
    }

    /// Decodes one frame.
    pub(super) fn decode(
        &mut self,
        syntax: &str,
        data: &[u8],
        format: &SampleFormat,
    ) -> Result<Vec<u8>, Failure> {
        let broken = |_error: std::io::Error| Failure::Broken(WorkerError::Died);
        let line = Request::line(syntax, format, data.len())
            .ok_or_else(|| Failure::Frame(PixelError::Codec("its transfer syntax is no UID".to_owned())))?;
        self.memory.set_len(0).and_then(|()| self.memory.write_all_at(data, 0)).map_err(broken)?;
        if self.requests.write_all(line.as_bytes()).is_err() {
            return Err(Failure::Gone);
        }
        let needed = format.frame_bytes();
        let time = self.base + Duration::from_secs(needed as u64 / BYTES_PER_SECOND);
        self.wait(time).map_err(Failure::Broken)?;
        let mut answer = [0; MOST_BYTES];
        let there = self.answers.read(&mut answer).map_err(broken)?;
        if there == 0 {
            return Err(Failure::Broken(WorkerError::Died));
        }
        let answer =
            answer.get(..there).and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(Answer::parse);
        match answer {
            Some(Answer::Damaged(what)) => Err(Failure::Frame(PixelError::Codec(what))),
            Some(Answer::Decoded(length)) if length == needed => {
                let mut samples = vec![0; needed];
                self.memory
                    .read_exact_at(&mut samples, 0)
                    .map_err(|_short| Failure::Broken(WorkerError::Answer))?;
                Ok(samples)
            }
            Some(Answer::Decoded(there)) => {
                let (rows, columns) = (format.rows, format.columns);
                Err(Failure::Frame(PixelError::Length { rows, columns, needed, there }))
            }
            None => Err(Failure::Broken(WorkerError::Answer)),
        }
    }

    /// Waits for an answer.
    fn wait(&self, time: Duration) -> Result<(), WorkerError> {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(|_long| WorkerError::Answer)?;
            match poll(&mut [PollFd::new(&self.answers, PollFlags::IN)], Some(&left)) {
                Ok(0) => return Err(WorkerError::Overdue { seconds: time.as_secs() }),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(WorkerError::Died),
            }
        }
    }

    /// Another deadline, for tests.
    #[cfg(test)]
    pub(super) const fn hurried(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already; there is nothing else to do about it.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}
