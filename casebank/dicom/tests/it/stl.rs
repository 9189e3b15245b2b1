//! Surfaces in DICOM: validated, byte-identical when taken out, also those written by others.

use casebank_dicom::objects::SourceImage;
use casebank_dicom::objects::encapsulated_stl::{StlError, StlInfo, read, write};
use meshing_space::{Lps, Point};
use tools_peers::data::archive;

use crate::support::{dciodvfy, info};

/// A binary STL of one triangle, an even number of bytes; `odd` adds one.
fn stl(odd: bool) -> Vec<u8> {
    let mut bytes = vec![b' '; 80];
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([0; 50]);
    if odd {
        bytes.push(7);
    }
    bytes
}

fn stl_info() -> StlInfo {
    StlInfo {
        series: info("stl"),
        frame_of_reference: "1.2.3.4".to_owned(),
        title: "bone".to_owned(),
        source_series_uid: "1.2.3.5".to_owned(),
        source_images: vec![SourceImage {
            class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            instance_uid: "1.2.3.6".to_owned(),
        }],
        software_version: "0.1.0".to_owned(),
    }
}

#[test]
fn what_goes_in_comes_out() {
    for odd in [false, true] {
        let file = write(&stl(odd), &stl_info()).unwrap();
        assert_eq!(file, write(&stl(odd), &stl_info()).unwrap(), "same seed, same bytes");
        let out = read(&file).unwrap();
        assert_eq!(out.stl, stl(odd));
        assert_eq!((out.title.as_str(), out.unit.as_str()), ("bone", "mm"));
        assert_eq!(out.frame_of_reference, "1.2.3.4");
    }
}

#[test]
fn the_validator_finds_no_errors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("surface.dcm");
    for info in [stl_info(), StlInfo { source_images: Vec::new(), ..stl_info() }] {
        std::fs::write(&path, write(&stl(false), &info).unwrap()).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn a_surface_of_another_writer_is_taken_out() {
    let Some(dir) = archive("synth_phantom_a") else { return };
    let inner = dir.join("synth_phantom_a");
    let dir = if inner.is_dir() { inner } else { dir };
    let out = read(&std::fs::read(dir.join("encapsulated_stl.dcm")).unwrap()).unwrap();
    assert_eq!(out.stl, std::fs::read(dir.join("box.stl")).unwrap());
    assert_eq!(out.unit, "mm");
    let vertices = out.stl[84..].chunks_exact(50).flat_map(|t| (0..3).map(|v| &t[12 + 12 * v..24 + 12 * v]));
    let far = vertices
        .map(|v| {
            let xyz = std::array::from_fn(|a| {
                f64::from(f32::from_le_bytes(v[4 * a..4 * a + 4].try_into().unwrap()))
            });
            Point::<Lps>::from_array(xyz).distance(Point::new(28.9009, -27.1192, 840.7679))
        })
        .fold(0.0, f64::max);
    assert!(
        (far - (18.0_f64.powi(2) + 10.0_f64.powi(2) + 5.0_f64.powi(2)).sqrt()).abs() < 0.01,
        "half diagonal {far}"
    );
    let pdf = std::fs::read(dir.join("encapsulated_pdf.dcm")).unwrap();
    assert!(matches!(read(&pdf), Err(StlError::Class)));
}

#[test]
fn an_obj_goes_in_and_comes_out() {
    use casebank_dicom::objects::encapsulated_obj::{ObjError, read as read_obj, write as write_obj};
    for text in ["v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3"] {
        let file = write_obj(text.as_bytes(), &stl_info()).unwrap();
        let out = read_obj(&file).unwrap();
        assert_eq!((out.obj.as_slice(), out.unit.as_str()), (text.as_bytes(), "mm"));
        assert!(matches!(read(&file), Err(StlError::Class)), "it is no STL");
        let twin = write(text.as_bytes(), &stl_info()).unwrap();
        assert!(matches!(read_obj(&twin), Err(ObjError::Class)), "nor the other way round");
    }
    let coloured = b"mtllib bone.mtl\nv 0 0 0\n";
    assert!(matches!(write_obj(coloured, &stl_info()), Err(ObjError::Materials)));
}

#[test]
fn a_cut_or_changed_object_is_refused() {
    let file = write(&stl(false), &stl_info()).unwrap();
    for cut in [0, 100, 140, file.len() / 2, file.len() - 2] {
        assert!(read(&file[..cut]).is_err(), "{cut}");
    }
}
