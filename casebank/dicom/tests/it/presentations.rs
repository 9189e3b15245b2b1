//! Presentation states: validated by two programs, read back equal, drawn by DCMTK where they say.

use casebank_case::{PatientInfo, Phi};
use casebank_dicom::objects::gsps::{Mark, Place, Presentation, read, write};
use casebank_dicom::objects::sr::ImageRef;
use casebank_dicom::objects::{Made, ObjectError, Side};
use casebank_dicom::{SeriesInfo, WriteError};

use crate::reports::{dcmtk, swap};
use crate::samples::{ct, made, presentation};
use crate::support::thousand_mutations;
use crate::support::{dciodvfy, info};

#[test]
fn a_presentation_comes_back_and_validates() {
    let turned = Presentation { inverted: true, rotation: 90, mirrored: true, ..presentation() };
    let plain = Presentation {
        rescale: None,
        windows: Vec::new(),
        notes: Vec::new(),
        layers: Vec::new(),
        ..presentation()
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.dcm");
    for state in [presentation(), turned, plain] {
        for (part, side) in [("HEAD", None), ("KNEE", Some(Side::Left))] {
            let series = SeriesInfo { body_part: part.to_owned(), ..info("gsps") };
            let file = write(&state, &series, &Made { side, ..made() }).unwrap();
            let back = read(&file).unwrap();
            assert_eq!(back.presentation, state);
            assert_eq!(back.left_out, [""; 0]);
            std::fs::write(&path, &file).unwrap();
            if let Some(errors) = dciodvfy(&path) {
                assert!(errors.is_empty(), "{errors:#?}");
            }
            // Its check of text takes nothing but ASCII, whatever the character set says (DCMTK 3.6.7).
            let mut ascii = state.clone();
            ascii.description = "window".into();
            for mark in ascii.notes.iter_mut().flat_map(|note| &mut note.marks) {
                if let Mark::Label { text, .. } = mark {
                    *text = "tumour\nhere".into();
                }
            }
            let name = PatientInfo { name: "Zhang^San".to_owned(), ..PatientInfo::default() };
            let series = SeriesInfo { patient: Phi::new(name), ..series };
            std::fs::write(&path, write(&ascii, &series, &Made { side, ..made() }).unwrap()).unwrap();
            let Some(out) = dcmtk("dcmpschk", &[], &path) else { continue };
            let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
            assert!(text.contains("Test passed"), "{text}");
        }
    }
}

#[test]
fn a_place_is_half_a_pixel_from_its_index() {
    let place = Place::of_index([3.0, 4.0]);
    assert_eq!((place.column, place.row), (3.5, 4.5));
    assert_eq!(place.index(), [3.0, 4.0]);
}

#[test]
fn what_would_be_misread_is_refused() {
    let refused = |change: fn(&mut Presentation)| {
        let mut state = presentation();
        change(&mut state);
        match write(&state, &info("gsps"), &made()) {
            Err(WriteError::Content(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(|s| s.layers.truncate(1)).contains("layer"));
    assert!(refused(|s| s.label = "lower case".to_owned()).contains("label"));
    assert!(refused(|s| s.images[0].study_uid = "1.2".to_owned()).contains("own study"));
    assert!(refused(|s| s.images[0].instances.truncate(0)).contains("images"));
    assert!(refused(|s| s.notes[0].images[0] = ImageRef::whole(ct(9))).contains("not for"));
    assert!(refused(|s| s.windows[0].width = 0.5).contains("narrower"));
    assert!(refused(|s| s.rotation = 45).contains("quarter"));
    assert!(refused(|s| s.rescale = None).contains("needs the rescale"));
    assert!(refused(|s| s.areas[0].bottom_right = [0, 12]).contains("ends before"));
    assert!(refused(|s| s.areas.clear()).contains("area"));
    let file = write(&presentation(), &info("gsps"), &made()).unwrap();
    assert!(matches!(read(&swap(&file, "CIRCLE", "CIRCLF")), Err(ObjectError::Refused(..))));
    let on_screen = read(&swap(&file, "PIXEL ", "MATRIX")).unwrap();
    assert_eq!(on_screen.left_out.len(), 2, "{:?}", on_screen.left_out);
    thousand_mutations(&file, |bytes| read(bytes).is_ok());
}
