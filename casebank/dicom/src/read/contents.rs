//! What tables of contents (DICOMDIR) add to reading: the files they list, and what of it is not there.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use casebank_case::{Finding, FindingCode, Severity, Words};

use super::sort::Lost;
use super::{Import, ReadOptions, Rejected};
use crate::classify::DIRECTORY;
use crate::directory::{self, Listed};

/// The paths, and after each DICOMDIR among them the files that it lists and that are there.
pub(super) fn with_listed(paths: &[PathBuf], options: &ReadOptions) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for path in paths {
        out.push(path.clone());
        if directory::may_be(path, paths.len() == 1) {
            let listed = directory::read(path, &options.limits).unwrap_or_default();
            out.extend(listed.into_iter().filter(|file| file.there).map(|file| file.path));
        }
    }
    out
}

/// Names the files that the directories among the objects list and that are not there: each is rejected, and missing from
/// its series.
pub(super) fn tell_missing(options: &ReadOptions, import: &mut Import, broken: &mut Vec<Lost>) {
    let directories = import.other.iter().filter(|other| other.what.en == DIRECTORY.0);
    let mut seen = HashSet::new();
    let listed: Vec<Listed> = directories
        .filter_map(|directory| directory::read(&directory.path, &options.limits))
        .flatten()
        // Several directories of one medium list the same files.
        .filter(|file| seen.insert(file.path.clone()))
        .collect();
    // Listed and missing files of each series.
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for file in &listed {
        let count = counts.entry(&file.series_uid).or_default();
        count[0] += 1;
        count[1] += usize::from(!file.there);
    }
    let all: usize = counts.values().map(|count| count[1]).sum();
    if all == 0 {
        return;
    }
    import.findings.push(Finding::new(
        FindingCode::MissingSlice,
        Severity::Warning,
        Words::new(
            format!("{all} of the {} files that the DICOMDIR lists are not there", listed.len()),
            format!("DICOMDIR 列出 {} 个文件，其中 {all} 个不存在", listed.len()),
        ),
    ));
    for file in listed.iter().filter(|file| !file.there) {
        let [of_series, missing] = counts.get(file.series_uid.as_str()).copied().unwrap_or_default();
        let reason = Words::new(
            format!(
                "the DICOMDIR lists it, but it is not there, as {missing} of the {of_series} files of its series"
            ),
            format!("DICOMDIR 列出了它，但文件不存在（此系列 {of_series} 个文件中缺少 {missing} 个）"),
        );
        let name = file.instance_number.map_or_else(
            || Words::new("a file", "一个文件"),
            |number| Words::new(format!("instance {number}"), format!("实例 {number}")),
        );
        broken.push(Lost {
            series_uid: file.series_uid.clone(),
            name,
            reason: reason.clone(),
            truncated: false,
        });
        import.rejected.push(Rejected { path: file.path.clone(), reason });
    }
}
