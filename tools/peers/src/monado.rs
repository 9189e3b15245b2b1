//! Monado, a real OpenXR runtime without a headset.
//!
//! It runs from a small Debian 13 root that `tools/peers/monado-root` makes once, through that root's own loader, so that
//! nothing is installed on the machine and the program under test finds the libraries it was not built against. The head
//! is moved by Monado's remote driver, which listens on every interface: always call
//! [`in_private_network!`](crate::in_private_network) first, after [`root`], which needs the network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::say;

/// With `required` in it, a missing runtime fails the test instead of skipping it.
pub const XR_VARIABLE: &str = "THEATRON_XR";
/// Where the remote driver listens.
const REMOTE_PORT: u16 = 4242;
/// How long the service may take until it answers.
const START: Duration = Duration::from_secs(30);

/// The root with the runtime, made if need be. `None`, with a line on standard error, where it cannot be made.
///
/// # Panics
///
/// When it cannot be made and [`XR_VARIABLE`] says `required`.
pub fn root() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("monado-root");
    let made = Command::new(&script).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let reason = match made {
        Ok(output) if output.status.success() => {
            return Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
        Ok(output) => format!("{} ended with {}", script.display(), output.status),
        Err(error) => format!("{} cannot run: {error}", script.display()),
    };
    let required = std::env::var(XR_VARIABLE).is_ok_and(|value| value == "required");
    assert!(!required, "an OpenXR runtime is required here, but {reason}");
    say(&format!("SKIPPED: no OpenXR runtime, because {reason}"));
    None
}

/// A running runtime with a head that looks around. Dropping it ends it.
#[derive(Debug)]
pub struct Monado {
    root: PathBuf,
    folder: tempfile::TempDir,
    service: Process,
    moving: Arc<AtomicBool>,
    head: Option<JoinHandle<()>>,
}

impl Monado {
    /// Starts the service from `root` with the remote driver and a compositor that shows nothing.
    ///
    /// # Panics
    ///
    /// When the service does not come up: the test cannot go on, and its log says why.
    pub fn start(root: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let command = command_in(root, folder.path(), &root.join("usr/bin/monado-service"));
        let service =
            Process::start("monado", command, folder.path()).expect("the loader of the root can run");
        let moving = Arc::new(AtomicBool::new(true));
        let mut monado = Self { root: root.to_path_buf(), folder, service, moving, head: None };
        let socket = monado.folder.path().join("monado_comp_ipc");
        let started = Instant::now();
        while !socket.exists() {
            assert!(started.elapsed() < START, "Monado does not come up:\n{}", monado.service.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        let go_on = Arc::clone(&monado.moving);
        monado.head = std::thread::Builder::new().name("head".into()).spawn(move || look_around(&go_on)).ok();
        monado
    }

    /// `program`, to be run against this runtime.
    pub fn command(&self, program: &Path) -> Command {
        command_in(&self.root, self.folder.path(), program)
    }

    /// What the service wrote so far.
    pub fn log(&self) -> String {
        self.service.log()
    }
}

impl Drop for Monado {
    fn drop(&mut self) {
        self.moving.store(false, Ordering::Relaxed);
        if let Some(head) = self.head.take() {
            head.join().unwrap_or_default();
        }
    }
}

/// `program` through the loader of `root`, with the environment that the runtime needs.
fn command_in(root: &Path, folder: &Path, program: &Path) -> Command {
    let libraries = root.join("usr/lib/x86_64-linux-gnu");
    let mut paths =
        ["", "pulseaudio", "blas", "lapack"].map(|part| libraries.join(part).display().to_string()).to_vec();
    paths.push(root.join("usr/lib").display().to_string());
    let icd = root.join("usr/share/vulkan/icd.d/lvp_icd.json");
    let mut command = Command::new(root.join("lib64/ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(paths.join(":")).arg(program);
    command
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_RUNTIME_DIR", folder)
        .env("HOME", folder)
        .env("VK_DRIVER_FILES", &icd)
        .env("VK_ICD_FILENAMES", &icd)
        .env("XR_RUNTIME_JSON", root.join("usr/share/openxr/1/openxr_monado.json"))
        .env("P_OVERRIDE_ACTIVE_CONFIG", "remote")
        .env("XRT_COMPOSITOR_NULL", "1")
        .env("XRT_COMPOSITOR_SCALE_PERCENTAGE", "25")
        .env("XRT_NO_STDIN", "1");
    command
}

/// Moves the head a little and keeps both controllers in sight, fifty times a second.
fn look_around(go_on: &AtomicBool) {
    let start = Instant::now();
    let mut stream = None;
    while go_on.load(Ordering::Relaxed) {
        let seconds = start.elapsed().as_secs_f32();
        let stale = match &mut stream {
            None => {
                stream = TcpStream::connect(("127.0.0.1", REMOTE_PORT)).ok();
                false
            }
            Some(open) => open.write_all(&packet(seconds)).is_err(),
        };
        if stale {
            stream = None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if let Some(mut open) = stream {
        // the driver is gone by now or goes next; either is fine
        open.shutdown(std::net::Shutdown::Write).unwrap_or_default();
        open.set_read_timeout(Some(Duration::from_millis(50))).unwrap_or_default();
        open.read(&mut [0; 16]).unwrap_or_default();
    }
}

/// A packet of Monado 25's remote driver: magic, head (128 bytes), left and right controller (120 bytes each), little endian.
fn packet(seconds: f32) -> Vec<u8> {
    let mut bytes = b"mndrmt3\0".to_vec();
    let floats = |bytes: &mut Vec<u8>, values: &[f32]| {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    for _eye in 0..2 {
        floats(&mut bytes, &[-0.785, 0.785, 0.785, -0.785]);
        floats(&mut bytes, &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        bytes.extend([0; 4]);
    }
    let half_turn = 0.1 * (0.7 * seconds).sin();
    floats(&mut bytes, &[0.0, half_turn.sin(), 0.0, half_turn.cos()]);
    floats(&mut bytes, &[0.05 * seconds.sin(), 1.5, 0.0]);
    bytes.extend([0; 4]);
    for x in [-0.2, 0.2] {
        floats(&mut bytes, &[0.0, 0.0, 0.0, 1.0, x, 1.3, -0.5]);
        floats(&mut bytes, &[0.0; 6]);
        floats(&mut bytes, &[0.3; 5]);
        floats(&mut bytes, &[0.0; 8]);
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_the_length_the_driver_wants() {
        assert_eq!(packet(1.5).len(), 376);
    }
}
