//! Our own look at objects: nothing to say about what we write, and every missing attribute named that `dciodvfy` names.

use casebank_dicom::objects::{capture, encapsulated_stl, fiducials, gsps, kos, registration, tid1500};
use casebank_dicom::validate;

use crate::reports::swap;
use crate::samples::{captures, made, presentation, registration as sample, report, selection, sets};
use crate::support::info;
use crate::support::thousand_mutations;

/// One object of each kind.
fn objects() -> Vec<Vec<u8>> {
    let mut all = vec![
        tid1500::write(&report(), &info("report"), &made()).unwrap(),
        kos::write(&selection(), &info("key"), &made()).unwrap(),
        gsps::write(&presentation(), &info("gsps"), &made()).unwrap(),
        registration::write(&sample(), &info("reg"), &made()).unwrap(),
        fiducials::write(&sets(), &info("fid"), &made()).unwrap(),
        encapsulated_stl::write(
            &[b' '; 84],
            &encapsulated_stl::StlInfo {
                series: info("stl"),
                frame_of_reference: "1.2.3".to_owned(),
                ..encapsulated_stl::StlInfo::default()
            },
        )
        .unwrap(),
    ];
    all.extend(captures().iter().map(|c| capture::write(c, &info("capture"), &made()).unwrap()));
    all
}

#[test]
fn nothing_is_wrong_with_what_we_write() {
    for object in objects() {
        let seen = validate(&object).unwrap();
        assert!(seen.kind.is_some() && seen.problems.is_empty(), "{seen:?}");
    }
}

/// The bytes with an explicit element renamed to a private one, so that it is missing.
fn without(bytes: &[u8], tag: [u16; 2], vr: [u8; 2]) -> Vec<u8> {
    let mut head: Vec<u8> = tag.iter().flat_map(|part| part.to_le_bytes()).collect();
    head.extend(vr);
    let at = bytes.windows(6).skip(132).position(|w| w == head).unwrap() + 132;
    let mut out = bytes.to_vec();
    out[at..at + 2].copy_from_slice(&(tag[0] + 1).to_le_bytes());
    out
}

#[test]
fn what_is_missing_is_named() {
    let problems = |bytes: &[u8]| -> Vec<String> {
        let found = validate(bytes).unwrap().problems;
        assert!(found.iter().all(|problem| !problem.zh.is_empty()), "{found:?}");
        found.into_iter().map(|problem| problem.en).collect()
    };
    let objects = objects();
    let report = problems(&without(&objects[0], [0x0040, 0xA491], *b"CS"));
    assert_eq!(report, ["CompletionFlag: missing"]);
    let nested = problems(&without(&objects[3], [0x3006, 0x00C6], *b"DS")).join("; ");
    assert!(
        nested.contains("RegistrationSequence[1]/MatrixRegistrationSequence[1]/MatrixSequence[1]/FrameOfReferenceTransformationMatrix: missing")
            && nested.contains("not read here: "),
        "{nested}"
    );
    let class =
        problems(&swap(&objects[1], "1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.5.1.4.1.1.88.98"));
    assert!(class.is_empty(), "a kind that is not known has only what all have: {class:?}");
    thousand_mutations(&objects[2], |bytes| validate(bytes).is_ok_and(|seen| seen.problems.is_empty()));
}
