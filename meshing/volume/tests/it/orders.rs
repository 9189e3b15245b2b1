//! Every order and direction of axes, every type, both byte orders, packed and not.

use meshing_volume::formats::Format;

use crate::made::{Nifti, Placed, SIZE, TYPES, gzip, joined, meta_lines, nrrd, nrrd_lines, packed, values};
use crate::one;

/// The file must come back at its place with its values, as exact integers.
fn check(format: Format, bytes: &[u8], place: &Placed, tolerance_mm: f64, what: &str) {
    let frame = one(format, bytes);
    place.is_that_of(frame.content.grid(), tolerance_mm);
    assert_eq!(frame.content.grid().size(), SIZE);
    let wanted: Vec<i16> = values().iter().map(|v| *v as i16).collect();
    assert_eq!(frame.content.voxels(), &meshing_volume::Voxels::I16(wanted), "{what}");
    assert_eq!(frame.remarks, [], "{what}");
}

#[test]
fn nifti_in_48_orders_all_types_and_byte_orders() {
    for place in Placed::all() {
        for (name, datatype, _, _) in TYPES {
            for (big, v2) in [(false, false), (true, false), (false, true), (true, true)] {
                let data = packed(&values(), name, big);
                let mut file = Nifti::new(SIZE, data).sformed(&place);
                file.bits = file.data.len() as i16 / 24 * 8;
                (file.datatype, file.big, file.v2) = (datatype, big, v2);
                let (bytes, what) = (file.bytes(), format!("{place:?} {name} big {big} v2 {v2}"));
                check(Format::Nifti, &bytes, &place, 1e-5, &what);
                if name == "i16" {
                    check(Format::Nifti, &gzip(&bytes), &place, 1e-5, &what);
                }
            }
        }
    }
}

#[test]
fn nrrd_in_48_orders_all_types_and_byte_orders() {
    for place in Placed::all() {
        for (name, _, kind, _) in TYPES {
            for big in [false, true] {
                let lines = nrrd_lines(&place).replace("type: short", &format!("type: {kind}"));
                let lines = if big { lines.replace("little", "big") } else { lines };
                let (data, what) = (packed(&values(), name, big), format!("{place:?} {name} {big}"));
                check(Format::Nrrd, &nrrd(&lines, &data), &place, 1e-9, &what);
                let lines = lines.replace("encoding: raw", "encoding: gzip");
                check(Format::Nrrd, &nrrd(&lines, &gzip(&data)), &place, 1e-9, &what);
                let lines = lines.replace("encoding: gzip", "encoding: ascii");
                let text: Vec<String> = values().iter().map(f64::to_string).collect();
                check(Format::Nrrd, &nrrd(&lines, text.join("\n").as_bytes()), &place, 1e-9, &what);
            }
        }
    }
}

#[test]
fn metaimage_in_48_orders_all_types_and_byte_orders() {
    for place in Placed::all() {
        for (name, _, _, kind) in TYPES {
            for big in [false, true] {
                let mut lines = meta_lines(&place).replace("MET_SHORT", kind);
                if big {
                    lines = lines.replace("MSB = False", "MSB = True");
                }
                let (data, what) = (packed(&values(), name, big), format!("{place:?} {name} {big}"));
                check(Format::MetaImage, &joined(&lines, &data), &place, 1e-9, &what);
                let lines = lines.replace("CompressedData = False", "CompressedData = True");
                let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                std::io::Write::write_all(&mut zlib, &data).unwrap();
                let data = zlib.finish().unwrap();
                check(Format::MetaImage, &joined(&lines, &data), &place, 1e-9, &what);
            }
        }
    }
}
