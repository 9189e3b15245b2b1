//! Sources as people hand them over: a ZIP archive is unpacked within bounds before it is read.

mod unpack;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use casebank_case::Told as _;
use meshing_volume::{Part, Progress};
use tempfile::TempDir;

use crate::import::RejectedFile;
use crate::{Fault, FaultKind};

use self::unpack::{ZipLimits, unpack};

/// Share of the progress that unpacking takes.
const SHARE: f32 = 0.25;

/// The paths of one call with their archives unpacked. What was unpacked is deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Files and folders to read: those that were given, a folder in place of each archive.
    pub(crate) paths: Vec<PathBuf>,
    /// What lies in the archives and was not unpacked, with the reason.
    pub(crate) left_out: Vec<RejectedFile>,
    /// Files in the archives that are named like research files; they lie within `paths`.
    pub(crate) research: Vec<PathBuf>,
    unpacked: Vec<Unpacked>,
}

#[derive(Debug)]
struct Unpacked {
    archive: PathBuf,
    folder: TempDir,
}

impl Sources {
    /// Unpacks the ZIP archives among `paths`, told by their content, into private temporary folders. `progress` hears of
    /// the first quarter where there are any.
    ///
    /// # Errors
    /// An archive that is damaged, encrypted, larger than it may be or that names files outside itself; a full disk.
    pub(crate) fn open(paths: &[PathBuf], progress: &dyn Progress) -> Result<Self, Fault> {
        let mut sources =
            Self { paths: Vec::new(), left_out: Vec::new(), research: Vec::new(), unpacked: Vec::new() };
        let archives = paths.iter().filter(|path| is_zip(path)).count();
        for path in paths {
            if !is_zip(path) {
                sources.paths.push(path.clone());
                continue;
            }
            let folder = TempDir::with_prefix("theatron-").map_err(|error| no_room(path, &error))?;
            let share = SHARE / archives as f32;
            let start = share * sources.unpacked.len() as f32;
            let part = Part::new(progress, start, start + share);
            let unpacked = unpack(path, folder.path(), &ZipLimits::default(), &part)?;
            sources.left_out.extend(unpacked.left_out);
            sources.research.extend(unpacked.research);
            sources.paths.push(folder.path().to_owned());
            sources.unpacked.push(Unpacked { archive: path.clone(), folder });
        }
        Ok(sources)
    }

    /// The progress of what follows on unpacking.
    pub(crate) fn rest<'a>(&self, progress: &'a dyn Progress) -> Part<'a> {
        let start = if self.unpacked.is_empty() { 0.0 } else { SHARE };
        Part::new(progress, start, 1.0)
    }

    /// How people know a path: what was unpacked is shown below its archive, as `scan.zip/IMAGES/IM1`.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        let inside = self.unpacked.iter().find_map(|unpacked| {
            let inner = path.strip_prefix(unpacked.folder.path()).ok()?;
            Some(unpacked.archive.join(inner))
        });
        inside.unwrap_or_else(|| path.to_owned())
    }
}

/// Whether a plain file starts like a ZIP archive and is no DICOM object with such a preamble.
fn is_zip(path: &Path) -> bool {
    let start = || -> std::io::Result<Vec<u8>> {
        if !std::fs::metadata(path)?.is_file() {
            return Ok(Vec::new());
        }
        let mut start = Vec::new();
        File::open(path)?.take(132).read_to_end(&mut start)?;
        Ok(start)
    };
    // What cannot be opened is told by the reader of DICOM.
    start().is_ok_and(|start| unpack::starts_like_zip(&start))
}

fn no_room(archive: &Path, error: &std::io::Error) -> Fault {
    let temporary = std::env::temp_dir();
    let (archive, temporary) = (archive.display(), temporary.display());
    Fault::new(
        FaultKind::Internal,
        (
            format!("{archive} could not be unpacked to {temporary}: {error}."),
            format!("无法把 {archive} 解压到 {temporary}：{}。", error.chinese()),
        ),
        ("Nothing was read; what was unpacked is deleted again.", "没有读取任何内容，已解压的部分会被删除。"),
        (
            "Free some space there, or name a larger folder in the environment variable TMPDIR.",
            "请释放空间，或用环境变量 TMPDIR 指定更大的文件夹。",
        ),
    )
}
