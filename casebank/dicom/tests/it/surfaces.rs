//! Surface segmentations: validated, and the same triangles when taken out.

use casebank_dicom::objects::SegmentFacts;
use casebank_dicom::objects::surface_segmentation::{
    SegmentSurface, SurfaceInfo, SurfaceReadError, SurfaceWriteError, Triangles, read, write,
};

use crate::seg::source;
use crate::support::Dice;
use crate::support::{dciodvfy, grid, info};

fn tetrahedron(at: f32) -> Triangles {
    Triangles {
        points: vec![[at, 0.1, 0.2], [at + 1.0, 0.1, 0.2], [at, 1.1, 0.2], [at, 0.1, 1.2]],
        triangles: vec![[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]],
    }
}

fn surfaces() -> Vec<SegmentSurface> {
    let facts =
        |number, label, colour| SegmentFacts { colour: Some(colour), ..SegmentFacts::named(number, label) };
    vec![
        SegmentSurface {
            facts: SegmentFacts {
                algorithm_name: "threshold".to_owned(),
                ..facts(1, "bone", [241, 214, 145])
            },
            mesh: tetrahedron(-100.5),
            closed: Some(true),
        },
        SegmentSurface {
            facts: SegmentFacts { algorithm_name: "grow".to_owned(), ..facts(2, "肝 liver", [200, 30, 40]) },
            mesh: tetrahedron(70000.25),
            closed: None,
        },
    ]
}

fn surface_info() -> SurfaceInfo {
    SurfaceInfo {
        series: info("surface segmentation"),
        frame_of_reference: "1.2.3.4".to_owned(),
        source: Some(source(&grid([4, 4, 3], 0.3))),
        software_version: "0.1.0".to_owned(),
        ..SurfaceInfo::default()
    }
}

#[test]
fn what_goes_in_comes_out() {
    let file = write(&surfaces(), &surface_info()).unwrap();
    assert_eq!(file, write(&surfaces(), &surface_info()).unwrap(), "same seed, same bytes");
    let out = read(&file).unwrap();
    assert_eq!((out.surfaces, out.frame_of_reference.as_str()), (surfaces(), "1.2.3.4"));
}

#[test]
fn the_validator_finds_no_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("surfaces.dcm");
    for info in [surface_info(), SurfaceInfo { source: None, ..surface_info() }] {
        std::fs::write(&path, write(&surfaces(), &info).unwrap()).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn damage_is_refused_and_never_panics() {
    let mut wrong = surfaces();
    wrong[1].mesh.triangles[0][1] = 4;
    assert!(matches!(write(&wrong, &surface_info()), Err(SurfaceWriteError::Mesh(2))));
    let file = write(&surfaces(), &surface_info()).unwrap();
    let list = [0x66_u8, 0, 0x41, 0, b'O', b'L'];
    let at = file.windows(6).position(|w| w == list).unwrap();
    let mut bytes = file.clone();
    bytes[at + 12] = 99;
    assert!(matches!(read(&bytes), Err(SurfaceReadError::Surface(1))));
    let mut dice = Dice(0x5EED_0005);
    let (mut well, mut refused) = (0, 0);
    for _ in 0..2000 {
        match read(&dice.mutate(&file)) {
            Ok(out) => {
                let sound = |s: &SegmentSurface| {
                    s.mesh.triangles.iter().flatten().all(|&n| (n as usize) < s.mesh.points.len())
                };
                assert!(out.surfaces.iter().all(sound));
                well += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(well > 100 && refused > 100, "{well} read, {refused} refused: the mutations reach both");
}
