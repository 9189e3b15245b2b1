//! Finding files under the given paths, reading them within bounds, writing new ones whole.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};

/// Deepest folder below a given path.
const DEPTH: usize = 32;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Found {
    /// Regular files.
    pub files: Vec<PathBuf>,
    /// Paths that could not be looked into, with the reason.
    pub unreadable: Vec<(PathBuf, Words)>,
    /// Whether there were more files than allowed.
    pub too_many: bool,
}

/// All regular files under `paths`, each once, sorted by path within each given path. Links to folders are followed at
/// most once per real folder, so that a loop ends.
#[must_use]
pub fn walk(paths: &[PathBuf], limit: usize) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for path in paths {
        let mut open = vec![(path.clone(), 0)];
        while let Some((path, depth)) = open.pop() {
            if found.files.len() >= limit {
                found.too_many = true;
                return found;
            }
            match visit(&path, depth, &mut seen) {
                Ok(Visit::File) => found.files.push(path),
                Ok(Visit::Folder(mut children)) => {
                    children.sort_by(|a, b| b.cmp(a));
                    open.extend(children.into_iter().map(|child| (child, depth + 1)));
                }
                Ok(Visit::Nothing) => {}
                Err(error) => found.unreadable.push((path, reason(&error))),
            }
        }
    }
    found
}

enum Visit {
    File,
    Folder(Vec<PathBuf>),
    Nothing,
}

fn visit(path: &Path, depth: usize, seen: &mut HashSet<PathBuf>) -> io::Result<Visit> {
    let real = path.canonicalize()?;
    if !seen.insert(real.clone()) {
        return Ok(Visit::Nothing);
    }
    let kind = real.metadata()?;
    if kind.is_dir() {
        if depth > DEPTH {
            return Err(io::Error::other(Words::new(
                format!("folders are nested deeper than {DEPTH} levels"),
                format!("文件夹嵌套超过 {DEPTH} 层"),
            )));
        }
        let children: io::Result<Vec<PathBuf>> =
            real.read_dir()?.map(|entry| entry.map(|e| path.join(e.file_name()))).collect();
        return Ok(Visit::Folder(children?));
    }
    Ok(if kind.is_file() { Visit::File } else { Visit::Nothing })
}

/// A system error in words, without its number.
pub(crate) fn reason(error: &io::Error) -> Words {
    match error.kind() {
        io::ErrorKind::NotFound => Words::new("there is no such file or folder", "没有这个文件或文件夹"),
        io::ErrorKind::PermissionDenied => Words::new("no permission to read it", "没有读取权限"),
        _ => Words::new(format!("it cannot be read: {error}"), format!("无法读取（{}）", error.chinese())),
    }
}

/// A file that is read in parts.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    /// Bytes it had when it was opened.
    pub(crate) len: u64,
}

impl Opened {
    /// Opens a regular file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file, len })
    }

    /// Appends the bytes of `range` to `buffer`. A file that has become shorter is an error.
    pub(crate) fn read(&mut self, range: Range<u64>, buffer: &mut Vec<u8>) -> io::Result<()> {
        let length = range.end.saturating_sub(range.start);
        let wanted = usize::try_from(length).map_err(io::Error::other)?;
        buffer.try_reserve(wanted).map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Start(range.start))?;
        let got = (&mut self.file).take(length).read_to_end(buffer)?;
        if got == wanted {
            Ok(())
        } else {
            Err(io::Error::other(Words::new(
                "it ends earlier than when it was first read",
                "它比第一次读取时短",
            )))
        }
    }
}

/// A whole file of at most `limit` bytes; `None` where it is larger.
///
/// # Errors
/// It cannot be read.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut opened = Opened::open(path)?;
    if opened.len > limit {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    opened.read(0..opened.len, &mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a file that is not there, with its folder; whole or not at all, and durable when this returns. `false` where the
/// same bytes are there already.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where other bytes are there, and what the file system says.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh = !folder.exists();
    std::fs::create_dir_all(folder)?;
    let partial = path.with_extension("partial");
    if path.exists() {
        let same = std::fs::read(path)? == bytes;
        return if same { Ok(false) } else { Err(io::ErrorKind::AlreadyExists.into()) };
    }
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    // A link, unlike a rename, fails where the name is taken in the meantime; not every file system has links.
    let placed = written.and_then(|()| match std::fs::hard_link(&partial, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::rename(&partial, path),
        linked => linked.and_then(|()| std::fs::remove_file(&partial)),
    });
    if let Err(error) = placed {
        // What is half there must not stay; that it was not whole is the error worth telling.
        std::fs::remove_file(&partial).unwrap_or_default();
        return Err(error);
    }
    // The name is in the folder, and a new folder's in the one around it.
    File::open(folder)?.sync_all()?;
    if let Some(around) = folder.parent().filter(|around| fresh && !around.as_os_str().is_empty()) {
        File::open(around)?.sync_all()?;
    }
    Ok(true)
}

/// The first of `inputs` that lies in the output folder, or in which that lies: originals and copies would be mixed.
#[must_use]
pub fn mixed<'p>(inputs: &'p [PathBuf], out: &Path) -> Option<&'p Path> {
    let out = real(out);
    let within = |input: &Path| out.starts_with(input) || input.starts_with(&out);
    inputs.iter().map(PathBuf::as_path).find(|input| within(&real(input)))
}

/// The real path of something that may not be there yet.
pub(crate) fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(real) = there.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                there = parent;
            }
            _ => return absolute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symlink_loop_ends_and_files_come_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("x.dcm")).unwrap();
        std::fs::write(dir.path().join("x.dcm/a"), b"1").unwrap();
        std::fs::write(dir.path().join("b"), b"2").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("x.dcm/loop")).unwrap();
        let found = walk(&[dir.path().to_owned(), dir.path().join("b")], 1000);
        assert_eq!(found.files, [dir.path().join("b"), dir.path().join("x.dcm/a")]);
        assert!(walk(&[dir.path().to_owned()], 1).too_many);
        assert_eq!(walk(&[dir.path().join("missing")], 9).unreadable.len(), 1);
    }

    #[test]
    fn parts_are_read_and_a_file_that_shrinks_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, (0..100).collect::<Vec<u8>>()).unwrap();
        let mut opened = Opened::open(&path).unwrap();
        let mut buffer = vec![7];
        opened.read(90..94, &mut buffer).unwrap();
        opened.read(3..5, &mut buffer).unwrap();
        assert_eq!((buffer.as_slice(), opened.len), ([7, 90, 91, 92, 93, 3, 4].as_slice(), 100));
        assert!(opened.read(98..101, &mut buffer).is_err());
    }
}
