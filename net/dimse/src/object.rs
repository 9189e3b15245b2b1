//! Objects on their way in and out.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::part10::{self, Meta};

/// An object that a peer sent, byte for byte as it came. It lies in memory while small, else in a temporary file that
/// goes with this value.
#[derive(Debug)]
pub struct ReceivedObject {
    meta: Meta,
    spool: Spool,
    bytes: u64,
}

impl ReceivedObject {
    pub(crate) fn new(meta: Meta, spool: Spool) -> Self {
        Self { meta, bytes: spool.bytes, spool }
    }

    /// SOP Class UID.
    pub fn class_uid(&self) -> &str {
        &self.meta.class
    }

    /// SOP Instance UID: digits and dots, at most 64. Do not make a file name of it: two patients may share one.
    pub fn instance_uid(&self) -> &str {
        &self.meta.instance
    }

    /// Transfer syntax of [`ReceivedObject::data_set`].
    pub fn transfer_syntax(&self) -> &str {
        &self.meta.syntax
    }

    /// Length of the data set in bytes.
    pub const fn data_set_bytes(&self) -> u64 {
        self.bytes
    }

    /// The data set, as received, without a file head.
    pub fn data_set(&mut self) -> io::Result<impl Read + '_> {
        self.spool.rewound()
    }

    /// Writes a DICOM file (PS3.10): a head of ours, then the data set as received.
    pub fn write_file(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&part10::head(&self.meta))?;
        io::copy(&mut self.spool.rewound()?, out)?;
        out.flush()
    }

    /// Writes a DICOM file at `path` and makes it durable before it returns.
    pub fn save(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        self.write_file(&mut file)?;
        file.sync_all()
    }
}

/// Bytes that move to a temporary file when they grow.
#[derive(Debug)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    in_memory: usize,
    bytes: u64,
}

impl Spool {
    pub(crate) fn new(in_memory: u32) -> Self {
        Self { memory: Vec::new(), file: None, in_memory: in_memory as usize, bytes: 0 }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.bytes += piece.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(piece);
        }
        if self.memory.len() + piece.len() <= self.in_memory {
            self.memory.extend_from_slice(piece);
            return Ok(());
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.memory)?;
        file.write_all(piece)?;
        self.memory = Vec::new();
        self.file = Some(file);
        Ok(())
    }

    fn rewound(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &mut self.file {
            Some(file) => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
            None => Box::new(self.memory.as_slice()),
        })
    }
}

/// An object to send: a DICOM file with its head (PS3.10).
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A file on disk, read while it is sent.
    File(PathBuf),
    /// The bytes of a file.
    Bytes(Vec<u8>),
}

impl From<PathBuf> for Outgoing {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<Vec<u8>> for Outgoing {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Outgoing {
    /// The head, and a reader that stands at the first byte of the data set.
    pub(crate) fn open(&self) -> io::Result<(Meta, Box<dyn Read + '_>)> {
        let mut source: Box<dyn Read + '_> = match self {
            Self::File(path) => Box::new(BufReader::with_capacity(256 * 1024, File::open(path)?)),
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
        };
        let meta = part10::read(&mut source)?;
        Ok((meta, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_gives_back_what_it_took_wherever_it_lies() {
        for in_memory in [0, 10, 1_000_000] {
            let mut spool = Spool::new(in_memory);
            let mut whole = Vec::new();
            for piece in 0..20_u8 {
                spool.push(&[piece; 7]).unwrap();
                whole.extend_from_slice(&[piece; 7]);
            }
            assert_eq!(spool.file.is_some(), in_memory < 140);
            let meta =
                Meta { class: "1.2".into(), instance: "1.3".into(), syntax: "1.2.840.10008.1.2".into() };
            let mut object = ReceivedObject::new(meta.clone(), spool);
            for _ in 0..2 {
                let mut file = Vec::new();
                object.write_file(&mut file).unwrap();
                let outgoing = Outgoing::from(file);
                let (read, mut source) = outgoing.open().unwrap();
                let mut data = Vec::new();
                source.read_to_end(&mut data).unwrap();
                assert_eq!((read, data), (meta.clone(), whole.clone()));
            }
            assert_eq!(object.data_set_bytes(), 140);
        }
    }
}
