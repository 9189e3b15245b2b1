//! The servers of DCMTK: `dcmqrscp`, a PACS on a folder, and `storescp`, which only stores.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, free_port, installed};

/// A running `dcmqrscp` with an empty store in a temporary folder. It takes any caller.
#[derive(Debug)]
pub struct DcmQrScp {
    // first, so that it has ended when its folder goes
    process: Process,
    /// Its AE title.
    pub ae_title: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    _folder: TempDir,
}

impl DcmQrScp {
    /// Starts one as `DCMQRSCP`, with `options` such as `--disable-get`, which leaves only C-MOVE for retrieval. `None`,
    /// with a line, where DCMTK is not installed.
    ///
    /// # Panics
    ///
    /// When it is installed and does not start.
    pub fn start(options: &[&str]) -> Option<Self> {
        let program = installed("dcmqrscp", "dcmtk")?;
        let mut log = String::new();
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let port = free_port();
            let store = folder.path().join("store");
            fs::create_dir(&store).expect("the store can be made");
            let settings = format!(
                "NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 64\n\
                 HostTable BEGIN\ntheatron = (THEATRON, 127.0.0.1, 11112)\nHostTable END\n\
                 VendorTable BEGIN\nVendorTable END\n\
                 AETable BEGIN\nDCMQRSCP {} RW (200, 1024mb) ANY\nAETable END\n",
                store.display()
            );
            let file = folder.path().join("dcmqrscp.cfg");
            fs::write(&file, settings).expect("the settings can be written");
            let mut command = Command::new(&program);
            command.args(["-v", "-c"]).arg(&file).args(options);
            let mut process =
                Process::start("dcmqrscp", command, folder.path()).expect("dcmqrscp can be started");
            if process.listens(port) {
                return Some(Self { process, ae_title: "DCMQRSCP".to_owned(), port, _folder: folder });
            }
            log = process.log();
        }
        panic!("dcmqrscp does not start:\n{log}");
    }

    /// `AE@HOST:PORT`.
    pub fn address(&self) -> String {
        format!("{}@127.0.0.1:{}", self.ae_title, self.port)
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// A running `storescp`: it stores and answers echoes, nothing else.
#[derive(Debug)]
pub struct StoreScp {
    // first, so that it has ended when its folder goes
    process: Process,
    /// Its AE title; it answers to any.
    pub ae_title: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
}

impl StoreScp {
    /// Starts one as `STORESCP`, with `options` such as `+xi` (implicit little endian only). `None`, with a line, where
    /// DCMTK is not installed.
    ///
    /// # Panics
    ///
    /// When it is installed and does not start.
    pub fn start(options: &[&str]) -> Option<Self> {
        let program = installed("storescp", "dcmtk")?;
        let mut log = String::new();
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let port = free_port();
            let store = folder.path().join("store");
            fs::create_dir(&store).expect("the store can be made");
            let mut command = Command::new(&program);
            command
                .args(["-v", "-aet", "STORESCP", "--fork", "-od"])
                .arg(&store)
                .args(options)
                .arg(port.to_string());
            let mut process =
                Process::start("storescp", command, folder.path()).expect("storescp can be started");
            if process.listens(port) {
                return Some(Self { process, ae_title: "STORESCP".to_owned(), port, folder });
            }
            log = process.log();
        }
        panic!("storescp does not start:\n{log}");
    }

    /// `AE@HOST:PORT`.
    pub fn address(&self) -> String {
        format!("{}@127.0.0.1:{}", self.ae_title, self.port)
    }

    /// The files that it stored, in no order that means anything.
    ///
    /// # Panics
    ///
    /// When its folder cannot be read.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path().join("store")).expect("the store can be read");
        let mut files: Vec<_> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        files
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_answer_an_echo_of_their_own_kit() {
        crate::in_private_network!();
        let Some(echo) = installed("echoscu", "dcmtk") else { return };
        let (Some(archive), Some(store)) = (DcmQrScp::start(&[]), StoreScp::start(&[])) else { return };
        for (title, port) in [(&archive.ae_title, archive.port), (&store.ae_title, store.port)] {
            let status =
                Command::new(&echo).args(["-aec", title, "127.0.0.1", &port.to_string()]).status().unwrap();
            assert!(status.success(), "{title}: {}{}", archive.log(), store.log());
        }
        assert_eq!(store.files(), Vec::<PathBuf>::new());
    }
}
