//! Registrations and landmarks: validated, the direction shown on landmarks of known place, flawed matrices refused.

use casebank_dicom::WriteError;
use casebank_dicom::objects::registration::{Method, Registration, read, write};
use casebank_dicom::objects::{ObjectError, fiducials};
use meshing_space::{Lps, Point, Transform, Vector};
use tools_peers::data::archive;

use crate::reports::swap;
use crate::samples::{made, points, registration, sets, turn};
use crate::support::thousand_mutations;
use crate::support::{dciodvfy, info};

#[test]
fn a_registration_comes_back_and_validates() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reg.dcm");
    let bare = Registration { fixed: Vec::new(), moving: Vec::new(), comment: "".into(), ..registration() };
    for registration in [registration(), bare] {
        let file = write(&registration, &info("reg"), &made()).unwrap();
        let back = read(&file).unwrap();
        assert_eq!(back.registered_frame, "1.2.3.4");
        let there = back.between("1.2.3.4", "1.2.3.40").unwrap();
        let and_back = back.between("1.2.3.40", "1.2.3.4").unwrap();
        for point in points() {
            assert!((there * point).distance(turn() * point) < 1e-9, "1 m away, 16 digits");
            assert!((and_back * (there * point)).distance(point) < 1e-9);
        }
        assert!(back.between("1.2.3.4", "1.2.3.41").is_none(), "an unknown frame");
        assert_eq!(back.frames[1].method, Some(Method::Fiducials));
        assert_eq!(back.frames[1].comment, registration.comment);
        assert_eq!(back.frames[1].images.len(), registration.moving.len());
        assert_eq!(back.evidence, [registration.fixed.as_slice(), &registration.moving].concat());
        std::fs::write(&path, &file).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn what_would_move_anatomy_wrongly_is_not_written() {
    let refused = |change: fn(&mut Registration)| {
        let mut registration = registration();
        change(&mut registration);
        match write(&registration, &info("reg"), &made()) {
            Err(WriteError::Content(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    for (x, why) in [(-1.0, "left and right"), (1.001, "not rigid"), (f64::NAN, "not finite")] {
        let axes = [Vector::new(x, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let fixed_from_moving = turn() * Transform::from_axes(Point::origin(), axes);
        let error = write(&Registration { fixed_from_moving, ..registration() }, &info("reg"), &made());
        assert!(error.as_ref().is_err_and(|e| e.to_string().contains(why)), "{why}: {error:?}");
    }
    assert!(refused(|r| r.moving_frame.clear()).contains("no UID"));
    assert!(refused(|r| r.moving_frame = r.fixed_frame.clone()).contains("one frame"));
    assert!(refused(|r| r.fixed[0].series_uid.clear()).contains("evidence"));
}

#[test]
fn what_would_move_anatomy_wrongly_is_refused() {
    let file = write(&registration(), &info("reg"), &made()).unwrap();
    let refused = |from: &str, to: &str| match read(&swap(&file, from, to)) {
        Err(ObjectError::Refused(why, _) | ObjectError::Missing(why, _)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused("RIGID ", "AFFINE").contains("rigid"));
    assert!(
        refused(
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1",
            "1\\0\\0\\5\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1"
        )
        .contains("within itself")
    );
    assert!(
        refused(
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1",
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\2"
        )
        .contains("last row")
    );
    assert!(
        refused(
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1",
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\2\\0\\0\\0\\0\\1"
        )
        .contains("not rigid")
    );
    assert!(
        refused(
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1",
            "1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0x1"
        )
        .contains("sixteen")
    );
    assert!(refused("0.98683698955463", "-.98683698955463").contains("left and right"));
    thousand_mutations(&file, |bytes| read(bytes).is_ok());
}

#[test]
fn landmarks_come_back_and_validate() {
    let file = fiducials::write(&sets(), &info("fid"), &made()).unwrap();
    let back = fiducials::read(&file).unwrap();
    assert_eq!((back.sets, back.left_out), (sets(), 0));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fid.dcm");
    std::fs::write(&path, &file).unwrap();
    if let Some(errors) = dciodvfy(&path) {
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let twice = [sets()[0].clone()].map(|mut set| {
        set.fiducials[1].name = "L0".to_owned();
        set
    });
    assert!(fiducials::write(&twice, &info("fid"), &made()).is_err());
    assert!(fiducials::write(&[], &info("fid"), &made()).is_err());
    thousand_mutations(&file, |bytes| fiducials::read(bytes).is_ok());
}

/// The shared pair of a CT and an MR that was moved by a known transform, with ten landmarks on both sides.
#[test]
fn real_landmarks_meet_after_reading() {
    let Some(dir) = archive("rigid_pair_sts001") else { return };
    let inner = dir.join("rigid_pair_sts001");
    let dir = if inner.is_dir() { inner } else { dir };
    let truth: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join("ground_truth.json")).unwrap()).unwrap();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let landmarks = |side: &str| -> Vec<Point<Lps>> {
        let all = truth[side].as_array().unwrap().iter();
        all.map(|p| Point::from_array(std::array::from_fn(|axis| number(&p[axis])))).collect()
    };
    let inverse = &truth["inverse_T_moved_to_original"];
    let column = |c: usize| Vector::from_array(std::array::from_fn(|row| number(&inverse[row][c])));
    let origin = Point::from_array(column(3).to_array());
    let fixed_from_moving = Transform::from_axes(origin, [0, 1, 2].map(column));
    let file = write(&Registration { fixed_from_moving, ..registration() }, &info("reg"), &made()).unwrap();
    let there = read(&file).unwrap().between("1.2.3.4", "1.2.3.40").unwrap();
    let (fixed, moved) = (landmarks("landmarks_fixed_LPS"), landmarks("landmarks_moved_LPS"));
    assert_eq!((fixed.len(), moved.len()), (10, 10));
    let before: f64 = fixed.iter().zip(&moved).map(|(f, m)| f.distance(*m)).sum::<f64>() / 10.0;
    let worst = fixed.iter().zip(&moved).map(|(f, m)| f.distance(there * *m)).fold(0.0, f64::max);
    println!("mean distance before {before:.3} mm, worst after {worst:.6} mm");
    // The landmarks are given to 4 decimals.
    assert!(before > 10.0 && worst < 2e-4, "before {before} mm, after {worst} mm");
}
