//! Series of a head are written without the face, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casebank_dicom::deid::{DeidOption, FaceOutcome, FolderReport, deidentify};
use casebank_dicom::{SeriesInfo, read_paths, write_series};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, from_reader};
use meshing_phantom::{Contrast, Phantom, Sampling};
use meshing_space::Transform;
use meshing_volume::{Silent, Volume};

use crate::deid::deidentifier;
use crate::support::info;

const FACES: DeidOption = DeidOption::CleanRecognizableVisualFeatures;

/// A CT of the head with a face, 2 mm and slices of 3 mm.
fn head() -> (Phantom, Volume) {
    let scene = Phantom::portrait(Contrast::Ct);
    let grid = scene.grid([2.0, 2.0, 3.0], Transform::identity());
    let sampling = Sampling { per_axis: 2, noise_hu: 10.0, seed: 1 };
    let volume = scene.volume_with(&grid, &sampling, &Silent).unwrap();
    (scene, volume)
}

fn written(volume: &Volume, body_part: &str, dir: &Path) -> Vec<PathBuf> {
    let info = SeriesInfo { body_part: body_part.to_owned(), ..info("faces") };
    write_series(volume, &info, dir).unwrap()
}

fn run(input: &Path, out: &Path, options: &[DeidOption]) -> FolderReport {
    let secret = out.with_extension("secret");
    deidentify(&[input.to_owned()], out, &secret, &deidentifier(options.iter().copied()), &Silent).unwrap()
}

fn pixels(object: &DefaultDicomObject) -> Vec<u8> {
    object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()
}

#[test]
fn a_head_loses_its_face_and_no_stored_value_of_its_brain() {
    let dir = tempfile::tempdir().unwrap();
    let (scene, volume) = head();
    let (input, out) = (dir.path().join("in"), dir.path().join("out"));
    written(&volume, "HEAD", &input);
    let report = run(&input, &out, &[FACES]);
    assert_eq!(report.rejected, []);
    let series = &report.face_series[0];
    assert_eq!(
        (series.outcome, series.objects),
        (FaceOutcome::Removed, volume.grid().size()[2]),
        "{series:?}"
    );
    assert!(series.volumes[0].least_moved_mm.unwrap() >= 8.0, "{series:?}");
    assert_eq!((report.faces, report.faces_unsaid), (0, 0));

    // By what both have: the place.
    let place = |object: &DefaultDicomObject| {
        object.element(tags::IMAGE_POSITION_PATIENT).unwrap().to_str().unwrap().into_owned()
    };
    let originals: BTreeMap<String, Vec<u8>> = std::fs::read_dir(&input)
        .unwrap()
        .map(|entry| from_reader(std::fs::read(entry.unwrap().path()).unwrap().as_slice()).unwrap())
        .map(|object| (place(&object), pixels(&object)))
        .collect();
    let (mut same, mut other) = (0, 0);
    for written in &report.written {
        let object = from_reader(std::fs::read(out.join(&written.file)).unwrap().as_slice()).unwrap();
        assert_eq!(object.element(Tag(0x0028, 0x0302)).unwrap().to_str().unwrap().trim(), "NO");
        let codes = object.element(Tag(0x0012, 0x0064)).unwrap();
        let codes: Vec<String> = codes
            .items()
            .unwrap()
            .iter()
            .map(|item| item.element(tags::CODE_VALUE).unwrap().to_str().unwrap().into_owned())
            .collect();
        assert_eq!(codes, ["113100", "113102"]);
        if originals[&place(&object)] == pixels(&object) { same += 1 } else { other += 1 }
    }
    assert!(same > 10 && other > 20, "{same} slices as they were, {other} changed");

    let import = read_paths(std::slice::from_ref(&out), &Silent).unwrap();
    let new = &import.volumes[0].volume;
    assert_eq!(new.grid(), volume.grid());
    let labels = scene.labels(volume.grid());
    let brain = ["brain", "ventricles"].map(|name| scene.truth().label(name).unwrap());
    let harmed = (0..volume.grid().len())
        .filter(|&n| brain.contains(&labels.labels()[n]) && new.value_at(n) != volume.value_at(n))
        .count();
    assert_eq!(harmed, 0);
    // Behind its tip the nose is gone, or before it there is tissue where air was.
    let at = |mm| scene.truth().landmark("nose_tip").unwrap() + meshing_space::Vector::new(0.0, mm, 0.0);
    let of = |volume: &Volume, mm| volume.sample_lps(at(mm)).unwrap();
    let emptied = of(&volume, 5.0) > -300.0 && of(new, 5.0) < -800.0;
    let filled = of(&volume, -6.0) < -800.0 && of(new, -6.0) > -300.0;
    assert!(emptied || filled, "{} {}", of(new, 5.0), of(new, -6.0));
}

#[test]
fn what_cannot_lose_its_face_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let (_, volume) = head();
    // A head of which the brain is not in view.
    let input = dir.path().join("in");
    for file in written(&volume, "HEAD", &input).iter().skip(30) {
        std::fs::remove_file(file).unwrap();
    }
    let report = run(&input, &dir.path().join("out"), &[FACES]);
    assert_eq!(report.written, []);
    assert_eq!(report.face_series[0].outcome, FaceOutcome::Refused);
    assert!(report.rejected[0].reason.en.contains("no brain"), "{}", report.rejected[0].reason);
    // Without the option the sheet warns and everything is written.
    let report = run(&input, &dir.path().join("plain"), &[]);
    assert_eq!((report.written.len(), report.faces), (30, 30));
    assert_eq!(report.face_series, []);
}

#[test]
fn a_torso_that_does_not_say_so_is_written_as_it_is_and_without_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    let torso = Phantom::torso();
    let volume = torso.volume(&torso.grid([4.0, 4.0, 6.0], Transform::identity()));
    let input = dir.path().join("in");
    written(&volume, "", &input);
    let out = dir.path().join("out");
    let report = run(&input, &out, &[FACES]);
    assert_eq!(report.face_series[0].outcome, FaceOutcome::NoHead);
    assert_eq!(report.faces_unsaid, volume.grid().size()[2] as u64);
    let object = from_reader(std::fs::read(out.join(&report.written[0].file)).unwrap().as_slice()).unwrap();
    assert!(object.element(Tag(0x0028, 0x0302)).is_err());
    assert_eq!(object.element(Tag(0x0012, 0x0064)).unwrap().items().unwrap().len(), 1);
}
