//! A peer as a child process: started, waited for, stopped by its id.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::say;

/// With `required` in it, a missing peer fails the test instead of skipping it. CI sets it.
pub const PEERS_VARIABLE: &str = "THEATRON_PEERS";
/// How long a peer may take until it listens.
const START: Duration = Duration::from_mins(1);
/// How long a peer may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(5);

/// A running program. Dropping it ends it and all that it started.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: &'static str,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in a process group of its own, with its output in `folder/<name>.log`.
    pub fn start(name: &'static str, mut command: Command, folder: &Path) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let child =
            command.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file).process_group(0).spawn()?;
        Ok(Self { child, name, log })
    }

    /// Waits until the program listens on `port`. False if it ended before (another took the port, say).
    ///
    /// # Panics
    ///
    /// When it neither listens nor ends within a minute.
    pub fn listens(&mut self, port: u16) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let started = Instant::now();
        loop {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return false;
            }
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return true;
            }
            assert!(
                started.elapsed() < START,
                "{} does not listen on port {port}:\n{}",
                self.name,
                self.log()
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// What the program wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes, with that of nothing it started. `None` once it ended.
    pub fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    fn signal(&self, signal: libc::c_int) {
        let Ok(group) = libc::pid_t::try_from(self.child.id()) else { return };
        #[expect(
            unsafe_code,
            reason = "kill takes two numbers; the group is that of our child, which is not reaped yet"
        )]
        // SAFETY: no memory is passed; a group that has ended only makes kill fail
        unsafe {
            libc::kill(-group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("--- log of {}:\n{}", self.name, self.log()));
        }
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal(libc::SIGTERM);
        let started = Instant::now();
        while started.elapsed() < STOP {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        say(&format!("{} did not end within {} s and was killed", self.name, STOP.as_secs()));
        self.signal(libc::SIGKILL);
        if let Err(error) = self.child.wait() {
            say(&format!("{} could not be waited for: {error}", self.name));
        }
    }
}

/// The path of `program`, or `None` with a line that says which package has it.
///
/// # Panics
///
/// When it is missing and `THEATRON_PEERS=required`.
pub fn installed(program: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/lib/orthanc")])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var_os(PEERS_VARIABLE).is_some_and(|value| value == "required");
        assert!(
            !required,
            "{program} is missing and {PEERS_VARIABLE}=required: install the package {package}"
        );
        say(&format!("SKIPPED: {program} is not installed (package {package})"));
    }
    found
}

/// A TCP port that nobody uses now.
///
/// Below the range from which the system takes the near ends of connections (32768 upwards on Linux): a port of that range
/// may be taken between asking for it and its use, and a client that tries it on loopback can even connect to itself, which
/// looks like a server that listens.
pub fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 15_000;
    const COUNT: u32 = 15_000;
    // Different for each process, so that tests that run at once seldom ask for the same.
    let start = std::process::id().wrapping_mul(7_919);
    loop {
        let next = start.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed).wrapping_mul(37));
        let port = (FIRST + next % COUNT) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_ends_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo started; sleep 600 & wait"]);
        let process = Process::start("sleeper", command, folder.path()).unwrap();
        let id = process.id();
        let started = Instant::now();
        while !process.log().contains("started") {
            assert!(started.elapsed() < START);
            sleep(Duration::from_millis(5));
        }
        assert!(process.resident_bytes().is_some_and(|bytes| bytes > 0));
        drop(process);
        // the sleep in the background was in the group and must be gone too
        let left = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let after_name = stat.rsplit(") ").next().unwrap_or_default();
            let mut fields = after_name.split_whitespace();
            let state = fields.next();
            fields.nth(1).is_some_and(|group| group == id.to_string()) && state != Some("Z")
        });
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn a_missing_program_is_none() {
        if std::env::var_os(PEERS_VARIABLE).is_none() {
            assert_eq!(installed("no-such-program-of-theatron", "none"), None);
        }
    }
}
