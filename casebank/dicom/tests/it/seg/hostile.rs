//! Segmentations that are damaged or lie: each ends in a reason or in label maps, never in a panic.

use casebank_dicom::objects::seg::{SegKind, SegOptions, SegReadError, read, write};

use super::{labelled, onto, seg_info, segments, source};
use crate::support::Dice;
use crate::support::{grid, patch};

fn files() -> Vec<Vec<u8>> {
    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    [SegKind::Binary, SegKind::LabelMap]
        .map(|kind| write(&segments(&mask), &seg_info(kind, Some(source(&home)))).unwrap())
        .to_vec()
}

#[test]
fn three_thousand_mutations_never_panic() {
    let home = grid([7, 5, 6], 0.3);
    let mut dice = Dice(0x5EED_0003);
    let (mut read_well, mut refused) = (0, 0);
    for file in files() {
        for _ in 0..1500 {
            let bytes = dice.mutate(&file);
            let small = SegOptions { bytes: 1 << 22, ..SegOptions::default() };
            match (read(&bytes, &small), read(&bytes, &onto(&home))) {
                (Ok(_), _) | (_, Ok(_)) => read_well += 1,
                _ => refused += 1,
            }
        }
    }
    assert!(read_well > 100 && refused > 100, "{read_well} read, {refused} refused");
}

#[test]
fn a_frame_without_a_place_is_named() {
    let [binary, labels] = files().try_into().unwrap();
    // The third position becomes no number.
    let tag = [0x20_u8, 0, 0x32, 0];
    let third = binary.windows(4).enumerate().filter(|(_, w)| *w == tag).map(|(at, _)| at).nth(3).unwrap();
    let mut bytes = binary.clone();
    bytes[third + 8] = b'x';
    let error = read(&bytes, &SegOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("frame 3 has no position"), "{error}");

    // The third frame claims the place of the second.
    let second = binary.windows(4).enumerate().filter(|(_, w)| *w == tag).map(|(at, _)| at).nth(2).unwrap();
    let length = usize::from(binary[second + 6]);
    if binary[third + 6] == binary[second + 6] {
        let mut bytes = binary.clone();
        let place = binary[second + 8..second + 8 + length].to_vec();
        bytes[third + 8..third + 8 + length].copy_from_slice(&place);
        let error = read(&bytes, &SegOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with("frame 3 lies where frame 2"), "{error}");
    }

    let mut bytes = labels.clone();
    let last = bytes.len() - 1;
    bytes[last - 2] = 200;
    let error = read(&bytes, &SegOptions::default()).unwrap_err().to_string();
    assert!(error.contains("holds segment 200, which is not described"), "{error}");
}

#[test]
fn claims_beyond_the_bytes_are_refused_before_memory_is_taken() {
    let [binary, _] = files().try_into().unwrap();
    let mut bytes = binary.clone();
    patch(&mut bytes, [0x0028, 0x0010], |v| v.copy_from_slice(&u16::MAX.to_le_bytes()));
    patch(&mut bytes, [0x0028, 0x0011], |v| v.copy_from_slice(&u16::MAX.to_le_bytes()));
    assert!(matches!(read(&bytes, &SegOptions::default()), Err(SegReadError::Pixels(_))));
    let mut bytes = binary.clone();
    patch(&mut bytes, [0x0028, 0x0008], |v| v.copy_from_slice(b"99"));
    assert!(matches!(read(&bytes, &SegOptions::default()), Err(SegReadError::Frame { frame: 13, .. })));
    assert!(matches!(read(b"nothing", &SegOptions::default()), Err(SegReadError::Prescan(_))));
}
