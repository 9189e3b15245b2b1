//! One ZIP archive into a folder. Nothing that the archive says about itself is trusted: sizes are counted while they are
//! written, and names are taken apart before they become paths.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use casebank_case::{Told as _, Words};
use meshing_volume::Progress;
use zip::ZipArchive;
use zip::result::ZipError;

use super::no_room;
use crate::import::RejectedFile;
use crate::{Fault, FaultKind, research};

/// What an archive may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct ZipLimits {
    /// Entries, folders among them.
    pub(super) entries: usize,
    /// Bytes of one entry.
    pub(super) entry_bytes: u64,
    /// Bytes of all entries together.
    pub(super) total_bytes: u64,
    /// How many times larger the content may be than the archive, beyond `ratio_free_bytes`.
    pub(super) ratio: u64,
    /// Up to this size an archive may be as compressible as it likes.
    pub(super) ratio_free_bytes: u64,
}

impl Default for ZipLimits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            entry_bytes: 4 << 30,
            total_bytes: 64 << 30,
            ratio: 100,
            ratio_free_bytes: 1 << 30,
        }
    }
}

/// Deepest folder within an archive.
const DEPTH: usize = 24;
/// Longest name of a file or folder that every file system takes.
const NAME_BYTES: usize = 255;
/// Bytes copied between two looks at whether the person still wants it.
const CHUNK: usize = 1 << 18;
/// Comment (64 KiB) and the records before it, in which the number of entries stands.
const TAIL: u64 = (1 << 16) + 256;

/// Whether bytes start like an archive (APPNOTE.TXT 4.3.6) and not like DICOM with a preamble of the same look.
pub(super) fn starts_like_zip(start: &[u8]) -> bool {
    let archive = start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06");
    archive && start.get(128..132) != Some(b"DICM")
}

/// What came out of an archive.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    /// What was left out, with the reason.
    pub(super) left_out: Vec<RejectedFile>,
    /// The files that are named like research files.
    pub(super) research: Vec<PathBuf>,
}

/// Unpacks `archive` into the empty folder `into`.
pub(super) fn unpack(
    archive: &Path,
    into: &Path,
    limits: &ZipLimits,
    progress: &dyn Progress,
) -> Result<Unpacked, Fault> {
    let mut file = File::open(archive).map_err(|error| crate::faults::unreadable(archive, &error))?;
    let bytes = file.metadata().map_err(|error| crate::faults::unreadable(archive, &error))?.len();
    let refuse = |words: Words| refused(archive, &words);
    // Before the list of entries is read into memory.
    let declared = declared_entries(&mut file, bytes).map_err(|error| refuse(unreadable(&error)))?;
    if declared > limits.entries as u64 {
        return Err(refuse(too_many(limits.entries)));
    }
    let damaged = |error: &ZipError| refuse(damage(error));
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    if zip.len() > limits.entries {
        return Err(refuse(too_many(limits.entries)));
    }
    if zip.has_duplicate_names() {
        return Err(refuse(Words::new("two entries have one name", "有两个条目同名")));
    }
    if zip.has_overlapping_entries().map_err(|error| damaged(&error))? {
        return Err(refuse(Words::new("its entries overlap, as in an attack", "条目互相重叠，如同攻击")));
    }
    // All names and marks are looked at before the first byte is written.
    let mut wanted = Vec::new();
    let mut unpacked = Unpacked::default();
    for number in 0..zip.len() {
        let entry = zip.by_index_data(number).map_err(|error| damaged(&error))?;
        let name = entry.name().map_err(|error| damaged(&error))?;
        let Some(inner) = inner_path(&name) else {
            return Err(refuse(Words::new(
                "it names a file outside itself, or one that no folder can hold",
                "其中的文件名指向压缩包之外，或无法存放",
            )));
        };
        if entry.encrypted() {
            return Err(refuse(Words::new("it is encrypted", "它已加密")));
        }
        if entry.is_symlink() {
            let words = Words::new("it is a link, which is not followed", "它是链接，不予跟随");
            unpacked.left_out.push(rejected(archive, &inner, words));
        } else if !entry.is_dir() && !inner.as_os_str().is_empty() {
            wanted.push((number, inner));
        }
    }
    one_name_one_file(&wanted).map_err(refuse)?;
    let mut budget = Budget { archive: bytes, written: 0, limits };
    for (done, (number, inner)) in wanted.iter().enumerate() {
        progress.step(done, wanted.len())?;
        let entry = match zip.by_index(*number) {
            Ok(entry) => entry,
            Err(ZipError::UnsupportedArchive(_)) => {
                let words = Words::new(
                    "it is packed by a method that is not read here; unpack the archive yourself",
                    "它的压缩方法本程序不能读取；请自行解压",
                );
                unpacked.left_out.push(rejected(archive, inner, words));
                continue;
            }
            Err(error) => return Err(damaged(&error)),
        };
        let to = into.join(inner);
        match copy(entry, &to, &mut budget, progress)? {
            Copied::Whole if research::is_named_so(&to) => unpacked.research.push(to),
            Copied::Whole => {}
            Copied::Left(words) => unpacked.left_out.push(rejected(archive, inner, words)),
            Copied::TooLarge(words) => return Err(refuse(words)),
            Copied::NotWritten(error) => return Err(no_room(archive, &error)),
        }
    }
    progress.report(1.0);
    Ok(unpacked)
}

/// Refuses names that no folder can hold together: what one of them calls a file is a folder, or the same file, for
/// another.
fn one_name_one_file(wanted: &[(usize, PathBuf)]) -> Result<(), Words> {
    let files: HashSet<&Path> = wanted.iter().map(|(_, inner)| inner.as_path()).collect();
    if files.len() < wanted.len() {
        return Err(Words::new("two entries have one name", "有两个条目同名"));
    }
    let within_a_file = |inner: &Path| inner.ancestors().skip(1).any(|folder| files.contains(folder));
    if wanted.iter().any(|(_, inner)| within_a_file(inner)) {
        return Err(Words::new(
            "one name in it is both a file and a folder",
            "其中有一个名称既是文件又是文件夹",
        ));
    }
    Ok(())
}

/// What became of one entry.
enum Copied {
    Whole,
    Left(Words),
    TooLarge(Words),
    NotWritten(std::io::Error),
}

/// How much may still be written.
struct Budget<'a> {
    archive: u64,
    written: u64,
    limits: &'a ZipLimits,
}

impl Budget<'_> {
    /// Takes `more` bytes of an entry that has come to `entry` bytes with them.
    fn take(&mut self, more: u64, entry: u64) -> Option<Words> {
        self.written += more;
        let ZipLimits { entry_bytes, total_bytes, ratio, ratio_free_bytes, .. } = *self.limits;
        if entry > entry_bytes {
            return Some(Words::new(
                format!("one of its files grows beyond {entry_bytes} bytes"),
                format!("其中一个文件超过 {entry_bytes} 字节"),
            ));
        }
        if self.written > total_bytes {
            return Some(Words::new(
                format!("its content grows beyond {total_bytes} bytes"),
                format!("其内容超过 {total_bytes} 字节"),
            ));
        }
        (self.written > ratio_free_bytes && self.written / ratio > self.archive).then(|| {
            Words::new(
                format!("its content is more than {ratio} times larger than the archive, as in an attack"),
                format!("其内容超过压缩包本身的 {ratio} 倍，如同攻击"),
            )
        })
    }
}

fn copy(
    mut entry: impl Read,
    to: &Path,
    budget: &mut Budget<'_>,
    progress: &dyn Progress,
) -> Result<Copied, Fault> {
    let mut chunk = vec![0; CHUNK];
    let mut file = None;
    let mut size = 0;
    loop {
        if progress.cancelled() {
            return Err(meshing_volume::Cancelled.into());
        }
        let got = match fill(&mut entry, &mut chunk) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) => {
                // A part of an object must not be taken for the whole of it.
                if file.is_some()
                    && let Err(error) = std::fs::remove_file(to)
                {
                    return Ok(Copied::NotWritten(error));
                }
                let en = format!("it is damaged in the archive: {error}");
                let zh = format!("它在压缩包中已损坏（{}）", error.chinese());
                return Ok(Copied::Left(Words::new(en, zh)));
            }
        };
        let bytes = chunk.get(..got).unwrap_or_default();
        if size == 0 && starts_like_zip(bytes) {
            return Ok(Copied::Left(Words::new(
                "it is an archive within the archive; unpack it and give it by itself",
                "它是压缩包中的压缩包；请解压后单独提供",
            )));
        }
        size += got as u64;
        if let Some(words) = budget.take(got as u64, size) {
            return Ok(Copied::TooLarge(words));
        }
        let mut write = || -> std::io::Result<()> {
            let out = match &mut file {
                Some(out) => out,
                None => file.insert(create(to)?),
            };
            out.write_all(bytes)
        };
        if let Err(error) = write() {
            return Ok(Copied::NotWritten(error));
        }
    }
    // An entry without bytes is a file all the same, and is listed as empty.
    match file.map_or_else(|| create(to).map(|_file| ()), |_file| Ok(())) {
        Ok(()) => Ok(Copied::Whole),
        Err(error) => Ok(Copied::NotWritten(error)),
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::create_new(path)
}

/// Fills `chunk` as far as there are bytes, so that the first one holds the start of the entry.
fn fill(entry: &mut impl Read, chunk: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while let Some(rest) = chunk.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match entry.read(rest)? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// The most entries that any end record in the tail of the archive declares (APPNOTE.TXT 4.3.14, 4.3.16).
fn declared_entries(file: &mut File, bytes: u64) -> std::io::Result<u64> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL)))?;
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let at = |from: usize, bytes: usize| -> u64 {
        let number = tail.get(from..from + bytes).unwrap_or_default();
        number.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    };
    let declared = |(start, mark): (usize, &[u8])| match mark {
        b"PK\x05\x06" => at(start + 10, 2),
        b"PK\x06\x06" => at(start + 32, 8),
        _ => 0,
    };
    Ok(tail.windows(4).enumerate().map(declared).max().unwrap_or(0))
}

/// The name of an entry as a path below its folder; `None` where it leads out of it or cannot be one. Some programs write
/// backslashes.
fn inner_path(name: &str) -> Option<PathBuf> {
    let name = name.replace('\\', "/");
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive || name.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let good = parts.len() <= DEPTH && parts.iter().all(|part| *part != ".." && part.len() <= NAME_BYTES);
    good.then(|| parts.into_iter().collect())
}

fn rejected(archive: &Path, inner: &Path, words: Words) -> RejectedFile {
    RejectedFile { path: archive.join(inner), reason: words.en, reason_zh: words.zh }
}

fn too_many(limit: usize) -> Words {
    Words::new(format!("it has more than {limit} entries"), format!("条目超过 {limit} 个"))
}

fn unreadable(error: &std::io::Error) -> Words {
    Words::new(format!("it cannot be read: {error}"), format!("无法读取（{}）", error.chinese()))
}

fn damage(error: &ZipError) -> Words {
    // What else the library says is English, and of use to whoever mends archives.
    let zh = match error {
        ZipError::Io(error) => format!("它已损坏（{}）", error.chinese()),
        ZipError::UnsupportedArchive(_) => "它用了本程序不能读取的形式".to_owned(),
        _ => "它已损坏".to_owned(),
    };
    Words::new(format!("it is damaged: {error}"), zh)
}

fn refused(archive: &Path, words: &Words) -> Fault {
    let archive = archive.display();
    Fault::new(
        FaultKind::Refused,
        (
            format!("The ZIP archive {archive} is not read: {words}."),
            format!("ZIP 压缩包 {archive} 没有读取：{}。", words.zh),
        ),
        ("Nothing of it was read.", "其中没有任何内容被读取。"),
        (
            "Unpack it with a program you trust, look at what is in it, and give the folder.",
            "请用可信的程序解压，查看内容后提供文件夹。",
        ),
    )
}

#[cfg(test)]
mod tests;
