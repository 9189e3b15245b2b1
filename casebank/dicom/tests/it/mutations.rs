//! Mutated objects by the hundred thousand: none ends the process, and memory stays small.
//!
//! `THEATRON_MUTATIONS` sets another count, for example 1000000.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use casebank_dicom::{ReadPicture, read_paths};
use meshing_volume::Silent;
use tools_peers::data::archive;

use crate::support::{Dice, says_the_same, written};
use crate::{frames, pictures};

const USUAL_COUNT: usize = 100_000;
/// Peak memory of the process that reads them all, MiB.
const MEMORY_MIB: u64 = 256;
/// Longest time of a processor for one object. Programs decode in a child with a deadline (`codecs`); this one does not.
const SLOWEST: Duration = Duration::from_mins(1);

/// Objects to start from: what is written here, and small real ones in every transfer syntax where they are at hand.
fn seeds() -> Vec<Vec<u8>> {
    let (_dir, files) = written([8, 8, 2]);
    let mut seeds = vec![std::fs::read(&files[0]).unwrap()];
    seeds.extend(frames::samples());
    seeds.extend(pictures::samples());
    if let Some(dir) = archive("dicom_oddities") {
        let mut open = vec![dir];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.metadata().unwrap().len() < 20_000 {
                    seeds.push(std::fs::read(path).unwrap());
                }
            }
        }
    }
    seeds.sort();
    seeds
}

/// Reads one file and everything in it; true if something could be read.
fn reads(path: &Path) -> bool {
    let Ok(import) = read_paths(&[path.to_owned()], &Silent) else { return false };
    import.rejected.iter().for_each(|rejected| says_the_same(&rejected.reason.en, &rejected.reason.zh));
    let first = |picture: &ReadPicture| picture.frame(0).is_ok();
    import.pictures.iter().filter(|picture| first(picture)).count() + import.volumes.len() > 0
}

/// What all threads of this process have used of the processors, in hundredths of a second (proc(5), stat).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let hundredths: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(hundredths * 10)
}

/// Not a test of its own: [`a_hundred_thousand_mutations_end_in_a_volume_or_a_reason`] starts the test binary again with
/// this one.
#[test]
fn child_reads_mutations() {
    let Ok(count) = std::env::var("CASEBANK_DICOM_MUTATIONS") else { return };
    let count: usize = count.parse().unwrap();
    let (seeds, dir) = (seeds(), tempfile::tempdir().unwrap());
    let path = dir.path().join("mutated.dcm");
    let mut dice = Dice(0x5EED_0003);
    let (mut read, mut slowest) = (0_usize, Duration::ZERO);
    for n in 0..count {
        std::fs::write(&path, dice.mutate(&seeds[n % seeds.len()])).unwrap();
        let start = processor_time();
        read += usize::from(reads(&path));
        slowest = slowest.max(processor_time().saturating_sub(start));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    let kib: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    println!("MUTATIONS {} {read} {} {}", seeds.len(), kib / 1024, slowest.as_millis());
}

#[test]
fn a_hundred_thousand_mutations_end_in_a_volume_or_a_reason() {
    let count =
        std::env::var("THEATRON_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_COUNT);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["mutations::child_reads_mutations", "--exact", "--nocapture"])
        .env("CASEBANK_DICOM_MUTATIONS", count.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "the process ended: {}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.split_once("MUTATIONS ")).expect("the child answers").1;
    let figures: Vec<u64> = line.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    let [seeds, read, peak_mib, slowest_ms] = figures.as_slice() else { panic!("four figures: {line}") };
    println!(
        "{count} mutations of {seeds} objects: {read} read, peak {peak_mib} MiB, slowest {slowest_ms} ms"
    );
    assert!(*read > count as u64 / 50, "the mutations reach what lies behind the guard: {read} read");
    assert!(*peak_mib < MEMORY_MIB, "{peak_mib} MiB");
    assert!(u128::from(*slowest_ms) < SLOWEST.as_millis(), "{slowest_ms} ms");
}
