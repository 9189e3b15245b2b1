//! De-identification of real objects: pixels, references, a validator, folders, hostile bytes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use casebank_dicom::deid::{DeidError, DeidOption, deidentify};
use casebank_dicom::prescan;
use dicom_core::header::Header as _;
use dicom_core::{Tag, VR};
use dicom_object::InMemDicomObject;
use meshing_volume::{CancelFlag, Silent};
use tools_peers::data::archive;

use crate::deid::{deidentifier, option_sets, phantoms};
use crate::support::Dice;
use crate::support::{dciodvfy, read, written};

/// At most `most` files of each folder of an archive.
fn some_files(folder: &Path, most: usize) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.into_iter().partition(|path| path.is_dir());
    let step = (files.len() / most).max(1);
    let files = files.into_iter().step_by(step).take(most);
    files.chain(folders.iter().flat_map(|folder| some_files(folder, most))).collect()
}

/// One or two objects of each folder of the archives.
fn samples() -> Vec<PathBuf> {
    let names = [
        "ct_chest_lidc0314",
        "ct_head_tilt_varspacing_ge",
        "ct_headphantom_multiseries",
        "mr_head_t1",
        "sts_ct_mr_pet_rtstruct",
        "synth_phantom_a",
        "codecs_one_ct_slice",
        "dicom_oddities",
    ];
    names
        .iter()
        .filter_map(|name| Some((name, archive(name)?)))
        .flat_map(|(name, dir)| some_files(&dir, if name.contains("codecs") { 40 } else { 2 }))
        .collect()
}

/// Values of the attributes that name people, places and objects, at any depth.
fn identities(object: &InMemDicomObject) -> BTreeSet<String> {
    let (mut found, mut makers) = (BTreeSet::new(), BTreeSet::new());
    collect(object, &mut found, &mut makers);
    // A maker of test objects is its own institution, and Manufacturer (0008,0070) stays.
    &found - &makers
}

fn collect(object: &InMemDicomObject, found: &mut BTreeSet<String>, makers: &mut BTreeSet<String>) {
    for element in object {
        let tag = element.tag();
        if let Some(items) = element.items() {
            for item in items {
                collect(item, found, makers);
            }
            continue;
        }
        let person = element.vr() == VR::PN;
        let named = matches!(
            tag,
            Tag(0x0010, 0x0020 | 0x0030 | 0x1000)
                | Tag(0x0008, 0x0050 | 0x0080 | 0x0081 | 0x1010 | 0x0018 | 0x1155)
                | Tag(0x0020, 0x000D | 0x000E | 0x0052 | 0x0010)
        );
        if tag == Tag(0x0008, 0x0070) {
            makers.insert(element.to_str().unwrap_or_default().trim().to_owned());
        }
        if person || named {
            let text = element.to_str().unwrap_or_default();
            let values = text.split('\\').map(|value| value.trim_matches([' ', '\0']).to_owned());
            // A short or general word may stand anywhere, and our own dummy was there before in some.
            found.extend(
                values.filter(|v| v.len() >= 7 && !v.starts_with("1.2.840.10008.") && v != "REMOVED"),
            );
        }
    }
}

fn pixels(bytes: &[u8]) -> Vec<u8> {
    let scan = prescan(bytes).unwrap();
    match scan.pixels() {
        None => Vec::new(),
        Some(casebank_dicom::PixelBytes::Native(range)) => scan.data()[range.clone()].to_vec(),
        Some(casebank_dicom::PixelBytes::Fragments { offset_table, fragments }) => {
            let all = std::iter::once(offset_table).chain(fragments);
            all.flat_map(|range| scan.data()[range.clone()].to_vec()).collect()
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn real_objects_lose_their_identities_and_keep_their_pixels_and_syntax() {
    let (mut done, mut refused, mut checked) = (0, 0, 0);
    for path in samples() {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(scan) = prescan(&bytes) else { continue };
        let Ok(original) = dicom_object::from_reader(bytes.as_slice()) else { continue };
        for options in [vec![], vec![DeidOption::RetainModifiedDates, DeidOption::CleanDescriptors]] {
            let Ok(out) = deidentifier(options).apply(&bytes) else {
                refused += 1;
                continue;
            };
            let again = prescan(&out.bytes).unwrap();
            assert_eq!(again.transfer_syntax(), scan.transfer_syntax(), "{}", path.display());
            assert_eq!(again.encoding(), scan.encoding());
            assert!(pixels(&out.bytes) == pixels(&bytes), "{}: pixels changed", path.display());
            let names = identities(&original);
            let body = again.data();
            let end = again.pixels().map_or(body.len(), |_| body.len() - pixels(&bytes).len());
            for name in &names {
                let there = body[..end].windows(name.len()).any(|window| window == name.as_bytes());
                assert!(!there, "{}: an identity of {} letters is still there", path.display(), name.len());
                checked += 1;
            }
            done += 1;
        }
    }
    if done > 0 {
        assert!(done > 100 && checked > 500, "{done} objects, {refused} refused, {checked} values");
    }
}

/// A message of the validator without the values it quotes, which are new after de-identification.
fn without_values(error: &str) -> String {
    error.split(" = <").next().unwrap_or_default().to_owned()
}

#[test]
fn the_validator_finds_nothing_new() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.dcm");
    let mut compared = 0;
    for original in samples() {
        let bytes = std::fs::read(&original).unwrap();
        // The validator knows no compressed data sets, and complains of damage in its own way.
        if prescan(&bytes).map_or(true, |scan| scan.transfer_syntax().ends_with(".99")) {
            continue;
        }
        for options in [vec![], vec![DeidOption::RetainFullDates, DeidOption::CleanStructuredContent]] {
            let Ok(out) = deidentifier(options.iter().copied()).apply(&bytes) else { continue };
            let Some(before) = dciodvfy(&original) else { return };
            std::fs::write(&path, &out.bytes).unwrap();
            let after = dciodvfy(&path).unwrap();
            let before: BTreeSet<String> = before.iter().map(|error| without_values(error)).collect();
            let new: Vec<&String> = after.iter().filter(|e| !before.contains(&without_values(e))).collect();
            assert!(new.is_empty(), "{} under {options:?}: {new:#?}", original.display());
            compared += 1;
        }
    }
    let (_dir, files) = written([8, 8, 3]);
    for options in option_sets() {
        let bytes = std::fs::read(&files[0]).unwrap();
        std::fs::write(&path, &deidentifier(options.iter().copied()).apply(&bytes).unwrap().bytes).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert_eq!(errors, [] as [&str; 0], "{options:?}");
            compared += 1;
        }
    }
    assert!(compared >= option_sets().len(), "{compared} objects");
}

#[test]
fn a_folder_becomes_a_folder_and_reads_as_the_same_volume() {
    let (input, _files) = written([8, 8, 5]);
    let dir = tempfile::tempdir().unwrap();
    let (out, secret) = (dir.path().join("out"), dir.path().join("secret"));
    let inputs = [input.path().to_owned()];
    let ours = deidentifier([DeidOption::RetainUids]);
    let report = deidentify(&inputs, &out, &secret, &ours, &Silent).unwrap();
    assert_eq!((report.written.len(), report.patients, report.faces), (5, 1, 5));
    assert!(report.kept.iter().all(|kept| kept.option == "retain-uids"), "{:?}", report.kept);
    let (before, after) = (read(input.path()), read(&out));
    assert_eq!(before.volumes[0].volume.voxels(), after.volumes[0].volume.voxels());
    assert_eq!(before.volumes[0].entry.spacing_mm, after.volumes[0].entry.spacing_mm);
    assert_eq!(before.volumes[0].entry.origin_lps_mm, after.volumes[0].entry.origin_lps_mm);
    assert_eq!(after.volumes[0].patient.expose().name, after.volumes[0].patient.expose().id);

    let again = deidentify(&inputs, &out, &secret, &ours, &Silent).unwrap();
    assert_eq!((again.written.len(), again.skipped.len()), (0, 5), "nothing is written twice");
    let first = out.join(&report.written[0].file);
    std::fs::write(&first, "something else").unwrap();
    let again = deidentify(&inputs, &out, &secret, &ours, &Silent).unwrap();
    assert_eq!(again.rejected.len(), 1, "nothing is overwritten");
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "something else");

    for inside in
        [input.path().join("out"), input.path().to_owned(), input.path().parent().unwrap().to_owned()]
    {
        let refused = deidentify(&inputs, &inside, &secret, &ours, &Silent);
        assert!(
            matches!(refused, Err(DeidError::Inside { .. } | DeidError::SecretInside { .. })),
            "{refused:?}"
        );
    }
    let stop = CancelFlag::default();
    stop.cancel();
    let stopped = deidentify(&inputs, &dir.path().join("other"), &secret, &ours, &stop);
    assert!(matches!(stopped, Err(DeidError::Cancelled { written: 0 })), "{stopped:?}");
}

#[test]
fn two_thousand_mutations_never_panic_and_what_is_written_passes_the_guard() {
    let (_dir, files) = written([4, 4, 1]);
    let mut seeds = vec![std::fs::read(&files[0]).unwrap()];
    seeds.push(deidentifier([]).apply(&seeds[0]).unwrap().bytes);
    seeds.extend(phantoms());
    let ours = deidentifier([
        DeidOption::RetainModifiedDates,
        DeidOption::CleanDescriptors,
        DeidOption::CleanStructuredContent,
        DeidOption::CleanGraphics,
        DeidOption::RetainSafePrivate,
    ]);
    let mut dice = Dice(0x5EED_0003);
    let (mut done, mut refused) = (0, 0);
    for round in 0..2000 {
        match ours.apply(&dice.mutate(&seeds[round % 4])) {
            Ok(out) => {
                prescan(&out.bytes).unwrap();
                done += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(done > 100 && refused > 100, "{done} done, {refused} refused: the mutations reach both");
}
