use super::*;

/// An explicit little endian element.
fn element(tag: Tag, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(tag.0.to_le_bytes());
    out.extend(tag.1.to_le_bytes());
    out.extend(vr);
    if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN") {
        out.extend([0, 0]);
        out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    } else {
        out.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    }
    out.extend(value);
    out
}

fn file(transfer_syntax: &str, dataset: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    out.extend(element(Tag(2, 0x10), *b"UI", transfer_syntax.as_bytes()));
    out.extend(dataset);
    out
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1\0";

#[test]
fn a_plain_object_is_mapped() {
    let mut dataset = element(Tag(8, 0x60), *b"CS", b"CT");
    dataset.extend(element(Tag(0x7FE0, 0x10), *b"OW", &[1, 2, 3, 4]));
    let bytes = file(EXPLICIT, &dataset);
    let scan = prescan(&bytes).unwrap();
    assert_eq!(scan.elements(), 2);
    let Some(PixelBytes::Native(range)) = scan.pixels() else { panic!("native pixels") };
    assert_eq!(scan.data().get(range.clone()).unwrap(), [1, 2, 3, 4]);
}

/// The measured attack: 76 bytes that make dicom-object 0.10.1 hold 4.2 GB.
#[test]
fn a_declared_length_beyond_the_file_is_refused() {
    let mut dataset = vec![8, 0, 0x60, 0, b'O', b'B', 0, 0];
    dataset.extend(0xFFFF_FFF0_u32.to_le_bytes());
    let error = prescan(&file(EXPLICIT, &dataset)).unwrap_err();
    assert!(matches!(error, PrescanError::Length { declared: 0xFFFF_FFF0, remaining: 0, .. }), "{error}");
}

/// The measured attack: nested sequences of undefined length overflow the stack of dicom-object 0.10.1.
#[test]
fn deep_nesting_is_refused_without_recursion() {
    let mut dataset = Vec::new();
    for _ in 0..200_000 {
        dataset.extend([0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        dataset.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    assert_eq!(prescan(&file(EXPLICIT, &dataset)).unwrap_err(), PrescanError::Depth { limit: 64 });
}

#[test]
fn defined_lengths_cannot_hide_depth() {
    let mut inner = Vec::new();
    for _ in 0..100 {
        let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
        item.extend(u32::try_from(inner.len()).unwrap().to_le_bytes());
        item.extend(&inner);
        inner = element(Tag(8, 0x1140), *b"SQ", &item);
    }
    assert_eq!(prescan(&file(EXPLICIT, &inner)).unwrap_err(), PrescanError::Depth { limit: 64 });
}

#[test]
fn too_many_elements_are_refused() {
    let dataset = element(Tag(8, 0x60), *b"CS", b"").repeat(1_000_001);
    assert_eq!(prescan(&file(EXPLICIT, &dataset)).unwrap_err(), PrescanError::Elements { limit: 1_000_000 });
}

#[test]
fn a_deflate_bomb_stops_early() {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..160 {
        encoder.write_all(&zeros).unwrap();
    }
    let deflated = encoder.finish().unwrap();
    assert!(deflated.len() < 1 << 20, "160 MiB of zeros in {} bytes", deflated.len());
    let error = prescan(&file("1.2.840.10008.1.2.1.99", &deflated)).unwrap_err();
    let PrescanError::Bomb { limit } = error else { panic!("{error}") };
    assert!(limit <= 64 << 20, "stopped at {limit}");
}

#[test]
fn truncation_inside_an_undefined_sequence_is_named() {
    let mut dataset = vec![0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    dataset.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    dataset.extend(element(Tag(8, 0x1150), *b"UI", b"1.2.3\0"));
    let error = prescan(&file(EXPLICIT, &dataset)).unwrap_err();
    assert!(error.is_truncation(), "{error}");
}

#[test]
fn other_files_are_not_dicom() {
    for other in [&b"\x89PNG\r\n\x1a\n0000IHDR"[..], b"plain text, nothing else", b"%PDF-1.7 and so on"] {
        assert_eq!(prescan(other).unwrap_err(), PrescanError::NotDicom);
    }
    assert_eq!(prescan(b"").unwrap_err(), PrescanError::Empty);
}

#[test]
fn a_wrong_meta_group_length_is_tolerated() {
    let dataset = element(Tag(8, 0x60), *b"CS", b"CT");
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(element(Tag(2, 0), *b"UL", &9999_u32.to_le_bytes()));
    bytes.extend(element(Tag(2, 0x10), *b"UI", EXPLICIT.as_bytes()));
    bytes.extend(dataset);
    assert_eq!(prescan(&bytes).unwrap().elements(), 1);
}

/// What follows the pixel data cannot change an image, but a parser of the whole file would still walk into it.
#[test]
fn a_trap_behind_the_pixel_data_is_refused_for_whole_parsing() {
    let mut dataset = element(Tag(8, 0x60), *b"CS", b"CT");
    dataset.extend(element(Tag(0x7FE0, 0x10), *b"OW", &[1, 2, 3, 4]));
    for padding in [0, 4, 100] {
        let mut padded = dataset.clone();
        padded.resize(dataset.len() + padding, 0);
        assert!(prescan(&file(EXPLICIT, &padded)).is_ok(), "{padding} zeros behind the pixel data");
    }
    let mut declared = dataset.clone();
    declared.extend([0xFC, 0xFF, 0xFC, 0xFF, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF]);
    let mut nested = dataset.clone();
    for _ in 0..100 {
        nested.extend([0xFC, 0xFF, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        nested.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    let mut zeros_first = dataset.clone();
    zeros_first.resize(dataset.len() + 8192, 0);
    zeros_first.extend(&nested[dataset.len()..]);
    for trap in [declared, nested, zeros_first] {
        let bytes = file(EXPLICIT, &trap);
        assert!(prescan(&bytes).is_err());
    }
}

/// dicom-rs takes an unknown representation for `UN` with a long length, so it would read other elements than we do.
#[test]
fn what_parsers_read_differently_is_refused_for_whole_parsing() {
    let unknown = element(Tag(8, 0x60), *b"QQ", b"CT");
    assert!(matches!(prescan(&file(EXPLICIT, &unknown)), Err(PrescanError::Damaged { .. })));
    let mut sequence = vec![0x09, 0, 0x10, 0x10, b'U', b'N', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    sequence.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    assert!(matches!(prescan(&file(EXPLICIT, &sequence)), Err(PrescanError::Damaged { .. })));
}
