//! The child's side.

use std::fs::File;
use std::io::{self, BufRead as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::local;
use super::message::{Answer, Request};
use crate::pixels::PixelError;

/// Memory that a codec may take for any frame: 256 MiB, code and stacks included …
const BASE_BYTES: u64 = 256 << 20;
/// … and for each byte of the decoded frame. JPEG 2000 works on 32-bit coefficients, twice.
const BYTES_PER_BYTE: u64 = 16;
/// Limit of everything that a child can ever take, and of the shared memory.
const MOST_BYTES: u64 = 8 << 30;

/// Decodes frames for the parent process until it closes the standard input. The standard error is the shared memory.
///
/// # Errors
/// Errors of the pipes and the shared memory.
pub fn serve() -> io::Result<()> {
    // Nothing may be printed into the shared memory.
    std::panic::set_hook(Box::new(|_panic| {}));
    let memory = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, 16, 16)?;
    limit(Resource::Fsize, MOST_BYTES, MOST_BYTES)?;
    let mut stdout = io::stdout();
    let mut line = String::new();
    let mut stdin = io::stdin().lock();
    loop {
        line.clear();
        if stdin.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = Request::parse(&line).map_or_else(
            || Ok(Answer::Damaged("no request".to_owned())),
            |request| answer(&request, &memory),
        )?;
        stdout.write_all(answer.line().as_bytes())?;
        stdout.flush()?;
    }
}

fn answer(request: &Request, memory: &File) -> io::Result<Answer> {
    let mut data = Vec::new();
    data.try_reserve_exact(request.length)?;
    data.resize(request.length, 0);
    memory.read_exact_at(&mut data, 0)?;
    let expected = request.format.frame_bytes() as u64 + request.length as u64;
    let most = expected.saturating_mul(BYTES_PER_BYTE).saturating_add(BASE_BYTES).min(MOST_BYTES);
    limit(Resource::Data, most, MOST_BYTES)?;
    match local::decode(&request.syntax, &data, &request.format) {
        Ok(samples) => {
            memory.write_all_at(&samples, 0)?;
            Ok(Answer::Decoded(samples.len()))
        }
        Err(PixelError::Codec(what)) => Ok(Answer::Damaged(what)),
        Err(other) => Ok(Answer::Damaged(other.to_string())),
    }
}

fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })?)
}
