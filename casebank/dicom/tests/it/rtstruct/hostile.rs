//! Structure sets that are damaged or lie.

use casebank_dicom::objects::rtstruct::{RtReadError, read};

use super::{LIMIT, drawn, onto, square};
use crate::support::Dice;
use crate::support::grid;

#[test]
fn three_thousand_mutations_never_panic() {
    let home = grid([12, 12, 4], 0.3);
    let contours: Vec<_> = (0..4)
        .flat_map(|k| {
            [
                ("CLOSED_PLANAR", square(0.5, 8.5, f64::from(k))),
                ("CLOSEDPLANAR_XOR", square(2.0, 6.0, f64::from(k))),
            ]
        })
        .collect();
    let file = drawn(&home, &contours);
    let mut dice = Dice(0x5EED_0004);
    let (mut read_well, mut refused) = (0, 0);
    for _ in 0..3000 {
        match read(&dice.mutate(&file), &onto(&home), LIMIT) {
            Ok(out) => {
                assert!(out.maps.len() <= 1 && out.segments.len() <= 1, "one structure at most");
                read_well += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        read_well > 100 && refused > 100,
        "{read_well} read, {refused} refused: the mutations reach both"
    );
}

#[test]
fn numbers_that_are_none_refuse_the_whole() {
    let home = grid([12, 12, 4], 0.3);
    let good =
        drawn(&home, &[("CLOSED_PLANAR", square(0.5, 8.5, 1.0)), ("CLOSED_PLANAR", square(0.5, 8.5, 2.0))]);
    let data = [0x06, 0x30, 0x50, 0];
    let second = good.windows(4).enumerate().filter(|(_, w)| *w == data).map(|(at, _)| at).nth(1).unwrap();
    let mut bytes = good.clone();
    bytes[second + 9] = b'x';
    let error = read(&bytes, &onto(&home), LIMIT).unwrap_err();
    assert!(matches!(error, RtReadError::Contour { structure: 1, contour: 2 }), "{error}");
    assert!(matches!(read(&good, &onto(&home), 100), Err(RtReadError::TooLarge { limit: 100 })));
    let far = drawn(&home, &[("CLOSED_PLANAR", vec![[-1e5, -1e5, 1.0], [1e5, -1e5, 1.0], [1e5, 1e5, 1.0]])]);
    let out = read(&far, &onto(&home), LIMIT).unwrap();
    assert!(out.segments[0].voxels <= 144, "clipped to the slice");
}
