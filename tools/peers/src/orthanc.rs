//! Orthanc, a small PACS.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, free_port, installed};

const USER: &str = "theatron";
const PASSWORD: &str = "theatron";

/// What a node may do at an [`Orthanc`].
#[derive(Clone, Debug)]
pub struct Modality {
    /// Its AE title.
    pub ae_title: String,
    /// Its DICOM port on 127.0.0.1, for C-MOVE to it.
    pub port: u16,
    /// It may fetch with C-GET.
    pub get: bool,
    /// It may store.
    pub store: bool,
}

impl Modality {
    /// A node that may do everything.
    pub fn allowed(ae_title: &str) -> Self {
        Self { ae_title: ae_title.to_owned(), port: 11112, get: true, store: true }
    }
}

/// How to start an [`Orthanc`].
#[derive(Clone, Debug)]
pub struct OrthancOptions {
    /// Its AE title; callers must use exactly this.
    pub ae_title: String,
    /// The nodes that it knows; others are refused.
    pub modalities: Vec<Modality>,
}

impl Default for OrthancOptions {
    /// `ORTHANC`, which lets `THEATRON` do everything.
    fn default() -> Self {
        Self { ae_title: "ORTHANC".to_owned(), modalities: vec![Modality::allowed("THEATRON")] }
    }
}

/// A running Orthanc with an empty store in a temporary folder.
#[derive(Debug)]
pub struct Orthanc {
    // first, so that it has ended when its folder goes
    process: Process,
    /// Its AE title.
    pub ae_title: String,
    /// Its DICOM port on 127.0.0.1.
    pub dicom_port: u16,
    /// Its web port on 127.0.0.1.
    pub http_port: u16,
    _folder: TempDir,
}

impl Orthanc {
    /// Starts one and waits until it answers. `None`, with a line, where Orthanc is not installed.
    ///
    /// # Panics
    ///
    /// When it is installed and does not start.
    pub fn start(options: &OrthancOptions) -> Option<Self> {
        let program = installed("Orthanc", "orthanc")?;
        let mut log = String::new();
        // a port may be taken between asking for it and its use
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let (dicom_port, http_port) = (free_port(), free_port());
            let settings =
                settings(options, dicom_port, http_port, &folder.path().join("db").to_string_lossy());
            let file = folder.path().join("orthanc.json");
            fs::write(&file, settings.to_string()).expect("the settings can be written");
            let mut command = Command::new(&program);
            command.arg("--verbose").arg(&file);
            let mut process =
                Process::start("orthanc", command, folder.path()).expect("Orthanc can be started");
            if process.listens(dicom_port) && process.listens(http_port) {
                let ae_title = options.ae_title.clone();
                return Some(Self { process, ae_title, dicom_port, http_port, _folder: folder });
            }
            log = process.log();
        }
        panic!("Orthanc does not start:\n{log}");
    }

    /// `AE@HOST:PORT`.
    pub fn address(&self) -> String {
        format!("{}@127.0.0.1:{}", self.ae_title, self.dicom_port)
    }

    /// What it wrote so far, for messages of failed tests.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The body of a GET to its REST interface, such as `/instances`.
    ///
    /// # Panics
    ///
    /// When it does not answer 200.
    pub fn rest(&self, path: &str) -> Vec<u8> {
        self.request("GET", path)
            .unwrap_or_else(|error| panic!("GET {path} of Orthanc: {error}\n{}", self.log()))
    }

    /// The body of a GET as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.rest(path))
            .unwrap_or_else(|error| panic!("GET {path} of Orthanc: {error}"))
    }

    /// Deletes, for example `/studies/<id>`.
    ///
    /// # Panics
    ///
    /// When it does not answer 200.
    pub fn delete(&self, path: &str) {
        self.request("DELETE", path).unwrap_or_else(|error| panic!("DELETE {path} of Orthanc: {error}"));
    }

    fn request(&self, method: &str, path: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http_port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let credentials = base64(format!("{USER}:{PASSWORD}").as_bytes());
        // HTTP/1.0: the answer ends with the connection and comes in one piece
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {credentials}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        let started = Instant::now();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(|| {
            io::Error::other(format!("no HTTP answer after {} ms", started.elapsed().as_millis()))
        })?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let first = head.lines().next().unwrap_or_default();
        if first.split_whitespace().nth(1) != Some("200") {
            return Err(io::Error::other(format!("it answered {first}")));
        }
        Ok(answer.split_off(end + 4))
    }
}

fn settings(options: &OrthancOptions, dicom_port: u16, http_port: u16, folder: &str) -> Value {
    let modalities: serde_json::Map<String, Value> = options
        .modalities
        .iter()
        .map(|node| {
            let entry = json!({
                "AET": node.ae_title, "Host": "127.0.0.1", "Port": node.port,
                "AllowEcho": true, "AllowFind": true, "AllowGet": node.get,
                "AllowMove": true, "AllowStore": node.store,
            });
            (node.ae_title.clone(), entry)
        })
        .collect();
    json!({
        "Name": "theatron-test",
        "StorageDirectory": folder,
        "IndexDirectory": folder,
        "HttpPort": http_port,
        "RemoteAccessAllowed": false,
        "AuthenticationEnabled": true,
        "RegisteredUsers": { USER: PASSWORD },
        "DicomPort": dicom_port,
        "DicomAet": options.ae_title,
        "DicomCheckCalledAet": true,
        "StrictAetComparison": true,
        "DicomAlwaysAllowEcho": true,
        "DicomAlwaysAllowStore": false,
        "DicomAlwaysAllowFind": false,
        "DicomAlwaysAllowGet": false,
        "DicomAlwaysAllowMove": false,
        "DicomModalities": modalities,
        "DicomAssociationCloseDelay": 0,
        "StableAge": 1,
        "SyncStorageArea": false,
        "OverwriteInstances": true,
        "DefaultEncoding": "Utf8",
        "Plugins": [],
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc() {
        // RFC 4648 §10
        for (text, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn orthanc_starts_empty_and_answers() {
        crate::in_private_network!();
        let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
        assert_eq!(orthanc.json("/system")["DicomAet"], "ORTHANC");
        assert_eq!(orthanc.json("/instances"), json!([]));
    }
}
