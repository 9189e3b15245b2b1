//! Objects: bytes named by their hash.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use casebank_case::ObjectHash;

use crate::{Bank, BankError, files, index};

const STORING: &str = "storing an object";
const READING: &str = "reading an object";

impl Bank {
    /// Where an object with this hash lies, for readers that work on files. Says nothing of its health: see
    /// [`Bank::object`].
    #[must_use]
    pub fn object_path(&self, hash: &ObjectHash) -> PathBuf {
        let name = hash.to_string();
        // Only hex digits reach the file system, never a foreign name.
        self.folder().join("objects").join(&name[0..2]).join(&name[2..4]).join(name)
    }

    /// Stores bytes; on the disk, and findable, when it returns. Storing the same bytes again changes nothing, and repairs
    /// an object that has been damaged.
    ///
    /// # Errors
    /// The disk is full, may not be written, or fails; nothing is half there then.
    pub fn put_object(&self, bytes: &[u8]) -> Result<ObjectHash, BankError> {
        self.put(bytes)
    }

    /// Stores the bytes of a file, reading it once with bounded memory. As [`Bank::put_object`] otherwise.
    ///
    /// # Errors
    /// As [`Bank::put_object`], or the file cannot be read. The error does not name the file: file names hold names.
    pub fn put_file(&self, path: &Path) -> Result<ObjectHash, BankError> {
        self.put(File::open(path).map_err(BankError::io("reading the file to store"))?)
    }

    fn put(&self, mut source: impl Read) -> Result<ObjectHash, BankError> {
        let io = || BankError::io(STORING);
        let mut hasher = blake3::Hasher::new();
        let mut bytes = 0_u64;
        let mut file =
            tempfile::Builder::new().prefix("object-").tempfile_in(self.path("tmp")).map_err(io())?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(BankError::io("reading the file to store")(error)),
            };
            hasher.update(&buffer[..read]);
            file.write_all(&buffer[..read]).map_err(io())?;
            bytes += read as u64;
        }
        let hash = ObjectHash(*hasher.finalize().as_bytes());
        let path = self.object_path(&hash);
        let [second, first] = [path.parent(), path.parent().and_then(Path::parent)]
            .map(|folder| folder.expect("an object lies two folders deep"));
        if hash_of_file(&path).is_ok_and(|stored| stored == hash) {
            // Perhaps put there by somebody who has not come to this yet.
            File::open(&path).and_then(|file| file.sync_all()).map_err(io())?;
        } else {
            file.as_file().sync_all().map_err(io())?;
            files::make_folder(first).map_err(io())?;
            files::make_folder(second).map_err(io())?;
            file.persist(&path).map_err(|error| io()(error.error))?;
        }
        for folder in [second, first, &self.path("objects")] {
            files::sync_folder(folder).map_err(io())?;
        }
        index::note_object(&self.index(), &hash.to_string(), bytes).map_err(BankError::index(STORING))?;
        Ok(hash)
    }

    /// The bytes of an object, checked against its hash.
    ///
    /// # Errors
    /// There is none, or it is damaged, or it cannot be read.
    pub fn object(&self, hash: &ObjectHash) -> Result<Vec<u8>, BankError> {
        let bytes = fs::read(self.object_path(hash)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BankError::ObjectMissing { hash: *hash },
            _ => BankError::io(READING)(error),
        })?;
        if ObjectHash::of(&bytes) == *hash {
            Ok(bytes)
        } else {
            Err(BankError::ObjectDamaged { hash: *hash })
        }
    }

    /// Whether there is an object with this hash. Says nothing of its health: see [`Bank::verify`].
    #[must_use]
    pub fn has_object(&self, hash: &ObjectHash) -> bool {
        self.object_path(hash).is_file()
    }
}

/// BLAKE3 of a file's bytes, read with bounded memory.
pub(crate) fn hash_of_file(path: &Path) -> io::Result<ObjectHash> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(ObjectHash(*hasher.finalize().as_bytes()))
}

/// Goes through every stored object by name. Files with other names are left alone.
pub(crate) fn each_object(
    objects: &Path,
    mut then: impl FnMut(ObjectHash, &Path) -> Result<(), BankError>,
) -> Result<(), BankError> {
    let mut folders = vec![(objects.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).map_err(BankError::io("listing its objects"))? {
            let entry = entry.map_err(BankError::io("listing its objects"))?;
            let kind = entry.file_type().map_err(BankError::io("listing its objects"))?;
            let hash = entry.file_name().to_str().and_then(|name| name.parse().ok());
            match hash {
                Some(hash) if depth == 2 && kind.is_file() => then(hash, &entry.path())?,
                _ if depth < 2 && kind.is_dir() => folders.push((entry.path(), depth + 1)),
                _ => {}
            }
        }
    }
    Ok(())
}
