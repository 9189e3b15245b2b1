//! A network of their own for tests with peers.
//!
//! DICOM peers listen on every interface whatever they are told. So a test that starts one runs itself again inside a
//! user, process and network namespace that has nothing but loopback: nobody outside can connect, ports cannot clash with
//! another test's, and everything that the test started ends with it.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::say;

/// Set in the process that runs inside the namespace.
const MARK: &str = "THEATRON_TEST_NAMESPACE";

/// Runs the rest of the calling test inside a network namespace with only loopback.
///
/// Write it as the first line of a `#[test]`. Outside, it runs this test alone in a child inside the namespace, checks
/// that it ran and passed, and returns from the test. Inside, it does nothing. Where namespaces are not permitted it says
/// so, and the test runs where it is.
#[macro_export]
macro_rules! in_private_network {
    () => {{
        fn here() {}
        if $crate::namespace::ran_inside($crate::namespace::test_name(here)) {
            return;
        }
    }};
}

/// The name under which the test harness knows the function that `inner` was declared in.
pub fn test_name<F>(_inner: F) -> &'static str {
    let path = std::any::type_name::<F>();
    let path = path.strip_suffix("::here").unwrap_or(path);
    path.split_once("::").map_or(path, |(_crate, rest)| rest)
}

/// Runs the test `name` inside the namespace. False if the caller is to go on itself.
///
/// # Panics
///
/// When the test failed inside, or no test of this name ran there.
pub fn ran_inside(name: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        return false;
    }
    if !permitted() {
        say(&format!(
            "{name}: namespaces are not permitted here (unshare -rnpf), so its peers listen on this computer's network \
             while it runs"
        ));
        return false;
    }
    let program = std::env::current_exe().expect("a running test has a path");
    let output = Command::new("unshare")
        .args(["-rnpf", "--kill-child", "sh", "-c", "ip link set lo up && \"$0\" \"$@\"; exit $?"])
        .arg(program)
        .args(["--exact", name, "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(MARK, "1")
        .stdin(Stdio::null())
        .output()
        .expect("unshare ran a moment ago");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed in its namespace:\n{text}\n{errors}");
    assert!(text.contains("1 passed"), "{name} did not run in its namespace:\n{text}\n{errors}");
    for line in errors.lines().filter(|line| line.starts_with("SKIPPED")) {
        say(line);
    }
    true
}

/// Whether namespaces and `ip` work here; tried once.
fn permitted() -> bool {
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| {
        Command::new("unshare")
            .args(["-rnpf", "--kill-child", "sh", "-c", "ip link set lo up"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn inside_there_is_only_loopback() {
        in_private_network!();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        if std::env::var_os(MARK).is_some() {
            let devices = std::fs::read_to_string("/proc/self/net/dev").unwrap();
            let names: Vec<&str> =
                devices.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
            assert_eq!(names, ["lo"]);
        }
    }

    #[test]
    fn a_name_without_a_test_is_noticed() {
        if !permitted() {
            return;
        }
        if std::env::var_os(MARK).is_none() {
            assert!(std::panic::catch_unwind(|| ran_inside("no::such::test")).is_err());
        }
    }
}
