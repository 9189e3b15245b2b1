//! Finding the files under the given paths.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use casebank_case::Words;

/// Deepest folder below a given path.
const DEPTH: usize = 32;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<PathBuf>,
    /// Paths that could not be looked into, with the reason.
    pub(crate) unreadable: Vec<(PathBuf, Words)>,
    /// Whether there were more files than allowed.
    pub(crate) too_many: bool,
}

/// All regular files under `paths`, each once, sorted by path within each given path. Links to folders are followed at
/// most once per real folder, so that a loop ends.
pub(crate) fn walk(paths: &[PathBuf], limit: usize) -> Found {
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

fn visit(path: &Path, depth: usize, seen: &mut HashSet<PathBuf>) -> std::io::Result<Visit> {
    let real = path.canonicalize()?;
    if !seen.insert(real.clone()) {
        return Ok(Visit::Nothing);
    }
    let kind = real.metadata()?;
    if kind.is_dir() {
        if depth > DEPTH {
            return Err(std::io::Error::other(format!("folders are nested deeper than {DEPTH} levels")));
        }
        let children: std::io::Result<Vec<PathBuf>> =
            real.read_dir()?.map(|entry| entry.map(|e| path.join(e.file_name()))).collect();
        return Ok(Visit::Folder(children?));
    }
    Ok(if kind.is_file() { Visit::File } else { Visit::Nothing })
}

/// A system error in words, without its number.
pub(crate) fn reason(error: &std::io::Error) -> Words {
    match error.kind() {
        std::io::ErrorKind::NotFound => Words::new("there is no such file or folder", "没有这个文件或文件夹"),
        std::io::ErrorKind::PermissionDenied => Words::new("no permission to read it", "没有读取权限"),
        _ => Words::new(format!("it cannot be read: {error}"), format!("无法读取（{error}）")),
    }
}

/// Reads at most `limit` bytes; `None` where the file is larger.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX)).map_err(std::io::Error::other)?;
    // The file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
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
    fn a_file_beyond_the_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, [0; 100]).unwrap();
        assert_eq!(read_bounded(&path, 99).unwrap(), None);
        assert_eq!(read_bounded(&path, 100).unwrap().map(|b| b.len()), Some(100));
    }
}
