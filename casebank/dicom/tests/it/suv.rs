//! PET volumes with their uptake factor, or with the reason why there is none.

use std::path::Path;

use casebank_case::{FindingCode, Severity, SuvReference};
use casebank_dicom::write_series;
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use tools_peers::data::archive;

use crate::support::{codes, grid, info, read, volume};

type Change = fn(usize, &mut InMemDicomObject);

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn without(object: &mut InMemDicomObject, tag: Tag) {
    assert!(object.remove_element(tag), "it was there");
}

/// A PET series in Bq/mL with `change` made to each slice.
fn pet(dir: &Path, change: Change) {
    for (k, path) in
        write_series(&volume(grid([4, 3, 3], 0.3)), &info("pet"), dir).unwrap().iter().enumerate()
    {
        let file = dicom_object::from_reader(std::fs::File::open(path).unwrap()).unwrap();
        let mut meta = file.meta().clone();
        if k == 1 {
            // Without value representations the sequence of undefined length has to be told by its tag.
            uids::IMPLICIT_VR_LITTLE_ENDIAN.clone_into(&mut meta.transfer_syntax);
        }
        let mut object = file.into_inner();
        let mut tracer = InMemDicomObject::new_empty();
        put(&mut tracer, tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, "233000");
        put(&mut tracer, tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, "350000000");
        put(&mut tracer, tags::RADIONUCLIDE_HALF_LIFE, VR::DS, "6586.2");
        let sequence = DataSetSequence::new(vec![tracer], Length::UNDEFINED);
        object.put(DataElement::new(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, VR::SQ, sequence));
        for (tag, vr, value) in [
            (tags::SOP_CLASS_UID, VR::UI, uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE),
            (tags::MODALITY, VR::CS, "PT"),
            (tags::UNITS, VR::CS, "BQML"),
            (tags::CORRECTED_IMAGE, VR::CS, "DECY\\ATTN\\SCAT"),
            (tags::DECAY_CORRECTION, VR::CS, "START"),
            (tags::PATIENT_WEIGHT, VR::DS, "72.5"),
            (tags::SERIES_DATE, VR::DA, "20240301"),
            (tags::SERIES_TIME, VR::TM, "003000.5"),
            (tags::ACQUISITION_DATE, VR::DA, "20240301"),
            (tags::ACQUISITION_TIME, VR::TM, "003000.5"),
        ] {
            put(&mut object, tag, vr, value);
        }
        change(k, &mut object);
        object.with_exact_meta(meta).write_to_file(path).unwrap();
    }
}

#[test]
fn the_factor_stands_beside_voxels_that_stay() {
    let dir = tempfile::tempdir().unwrap();
    pet(dir.path(), |_, _| {});
    let import = read(dir.path());
    let entry = &import.volumes[0].entry;
    let suv = entry.suv.expect("all conditions hold");
    let expected = 72.5 * 1000.0 / (350e6 * (-(3600.5_f64) / 6586.2 * std::f64::consts::LN_2).exp());
    assert!((suv.factor / expected - 1.0).abs() < 1e-12, "{suv:?} is not {expected}");
    assert_eq!(
        (suv.reference, suv.decay_s, entry.unit.as_str()),
        (SuvReference::SeriesTime, 3600.5, "Bq/mL")
    );
    assert_eq!(entry.range, [-1024.0, 3071.0_f64.min(entry.range[1])], "voxels are those stored");
    assert!(!codes(&import.volumes[0]).contains(&FindingCode::NoSuv));
}

#[test]
fn private_times_and_factors_are_read_from_their_own_block() {
    let dir = tempfile::tempdir().unwrap();
    pet(dir.path(), |_, object| {
        put(object, tags::SERIES_TIME, VR::TM, "120000");
        put(object, Tag(0x0009, 0x0011), VR::LO, "GEMS_PETD_01");
        put(object, Tag(0x0009, 0x110D), VR::LO, "20240301002000.00");
    });
    let suv = read(dir.path()).volumes[0].entry.suv.unwrap();
    assert_eq!((suv.reference, suv.decay_s), (SuvReference::GeScanTime, 3000.0));
    let dir = tempfile::tempdir().unwrap();
    pet(dir.path(), |_, object| {
        put(object, tags::UNITS, VR::CS, "CNTS");
        put(object, Tag(0x7053, 0x0010), VR::LO, "Philips PET Private Group");
        put(object, Tag(0x7053, 0x1000), VR::DS, "0.000551");
    });
    let suv = read(dir.path()).volumes[0].entry.suv.unwrap();
    assert_eq!((suv.reference, suv.factor), (SuvReference::Stated, 0.000551));
}

#[test]
fn a_condition_that_fails_gives_the_reason_and_no_factor() {
    let cases: [(Change, &str); 4] = [
        (|_, object| put(object, tags::CORRECTED_IMAGE, VR::CS, "DECY"), "attenuation"),
        (|_, object| without(object, tags::PATIENT_WEIGHT), "weight"),
        (|k, object| put(object, tags::PATIENT_WEIGHT, VR::DS, if k == 1 { "80" } else { "72.5" }), "differ"),
        (|_, object| without(object, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE), "exactly one"),
    ];
    for (change, said) in cases {
        let dir = tempfile::tempdir().unwrap();
        pet(dir.path(), change);
        let import = read(dir.path());
        let entry = &import.volumes[0].entry;
        let finding = entry.findings.iter().find(|f| f.code == FindingCode::NoSuv).expect(said);
        assert!(entry.suv.is_none() && finding.message.contains(said), "{finding:?}");
        assert_eq!(finding.severity, Severity::Warning);
    }
}

#[test]
fn real_pet_is_stated_in_suv_by_its_scanner() {
    let Some(dir) = archive("sts_ct_mr_pet_rtstruct") else { return };
    let import = read(&dir.join("STS_028/dicom/PET/image"));
    let entry = &import.volumes[0].entry;
    let suv = entry.suv.expect("GML by body weight");
    assert_eq!((suv.factor, suv.reference, entry.unit.as_str()), (1.0, SuvReference::Stated, "g/mL"));
}
