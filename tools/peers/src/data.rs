//! The shared archives of real scans, unpacked once.
//!
//! Tests find them through `THEATRON_DATA`, the folder that holds the `*.tar.zst` files. Nothing is stored in the
//! repository, and a test without its data says so and passes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use crate::say;

/// Environment variable that names the folder of the `*.tar.zst` archives.
pub const DATA_VARIABLE: &str = "THEATRON_DATA";

/// The folder into which the archive `name` (without `.tar.zst`) was unpacked.
///
/// `None`, with a line on standard error, where `THEATRON_DATA` is unset or has no such archive. The copy lies under
/// `$XDG_CACHE_HOME/theatron-test-data` (else `~/.cache`, else the temporary folder), is keyed by the archive's size and
/// time, and is made under a lock, so that test binaries may ask at the same time. Treat it as read-only.
///
/// # Panics
///
/// When the archive is there and cannot be unpacked: that is a broken machine, not a missing option.
pub fn archive(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(DATA_VARIABLE) else {
        say(&format!("SKIPPED: {DATA_VARIABLE} is not set; it names the folder that holds {name}.tar.zst"));
        return None;
    };
    let source = Path::new(&folder).join(format!("{name}.tar.zst"));
    if !source.is_file() {
        say(&format!("SKIPPED: {DATA_VARIABLE} has no {name}.tar.zst"));
        return None;
    }
    match unpacked(&source, name, &cache_folder()) {
        Ok(path) => Some(path),
        Err(error) => panic!("{name}.tar.zst cannot be unpacked: {error:#}"),
    }
}

/// `source` unpacked under `cache`, made on the first call.
fn unpacked(source: &Path, name: &str, cache: &Path) -> anyhow::Result<PathBuf> {
    use anyhow::Context as _;
    let facts = fs::metadata(source).context("reading the archive's size")?;
    let changed = facts.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let key = format!("{name}-{}-{changed}", facts.len());
    let target = cache.join(&key);
    fs::create_dir_all(cache).context("making the cache folder")?;
    let lock = File::create(cache.join(format!("{key}.lock"))).context("making the lock file")?;
    lock.lock().context("waiting for the lock")?;
    if target.is_dir() {
        return Ok(target);
    }
    let partial = cache.join(format!("{key}.partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial).context("clearing a half-made copy")?;
    }
    fs::create_dir(&partial).context("making the folder")?;
    let output = Command::new("tar")
        .args(["--zstd", "--no-same-owner", "-xf"])
        .arg(source)
        .arg("-C")
        .arg(&partial)
        .output()
        .context("starting tar (install the packages tar and zstd)")?;
    anyhow::ensure!(
        output.status.success(),
        "tar said: {} (is the package zstd installed?)",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    fs::rename(&partial, &target).context("putting the copy in place")?;
    Ok(target)
}

/// Where unpacked archives are kept between runs.
fn cache_folder() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .filter(|path| path.is_absolute())
        .unwrap_or_else(std::env::temp_dir);
    base.join("theatron-test-data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_once_and_says_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "hello").unwrap();
        let source = folder.path().join("small.tar.zst");
        let made = Command::new("tar")
            .args(["--zstd", "-cf"])
            .arg(&source)
            .arg("-C")
            .arg(folder.path())
            .arg("a.txt")
            .status();
        if !made.is_ok_and(|status| status.success()) {
            say("SKIPPED: tar with zstd is not installed");
            return;
        }
        let cache = folder.path().join("cache");
        let first = unpacked(&source, "small", &cache).unwrap();
        assert_eq!(fs::read_to_string(first.join("a.txt")).unwrap(), "hello");
        fs::write(first.join("mark"), "kept").unwrap();
        let second = unpacked(&source, "small", &cache).unwrap();
        assert_eq!(
            fs::read_to_string(second.join("mark")).unwrap(),
            "kept",
            "the second call must not unpack again"
        );

        let broken = folder.path().join("broken.tar.zst");
        fs::write(&broken, "no archive").unwrap();
        let error = unpacked(&broken, "broken", &cache).unwrap_err();
        assert!(error.to_string().contains("tar said"), "{error:#}");
    }
}
