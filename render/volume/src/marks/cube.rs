//! A cube whose faces say which side of the patient they are.

use meshing_space::{Lps, Vector};

use super::sheet::{Rect, Sheet, ink};

/// A face: its letter, its outward normal, and up on it.
const FACES: [(char, [f64; 3], [f64; 3]); 6] = [
    ('L', [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ('R', [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ('P', [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
    ('A', [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]),
    ('S', [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]),
    ('I', [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]),
];

/// A face that is turned to the onlooker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Face {
    pub(super) letter: char,
    /// Cosine to the line of sight.
    pub(super) towards: f64,
    /// Middle, and right and up along the face, in halves of the cube's edge on the screen, y down.
    pub(super) middle: [f64; 2],
    pub(super) right: [f64; 2],
    pub(super) up: [f64; 2],
}

/// The faces that are seen by a view with unit vectors to the right, up and towards the onlooker, without
/// foreshortening. Where the view is mirrored the letters still read from left to right.
pub(super) fn faces([right, up, towards]: [Vector<Lps>; 3]) -> Vec<Face> {
    let screen = |v: Vector<Lps>| [v.dot(right), -v.dot(up)];
    let seen = FACES.iter().filter_map(|&(letter, normal, top)| {
        let (normal, top) = (Vector::<Lps>::from_array(normal), Vector::from_array(top));
        let facing = normal.dot(towards);
        let mut along = screen(top.cross(normal));
        let upwards = screen(top);
        if along[0] * -upwards[1] + along[1] * upwards[0] < 0.0 {
            along = along.map(|c| -c);
        }
        (facing > 0.03).then(|| Face {
            letter,
            towards: facing,
            middle: screen(normal),
            right: along,
            up: upwards,
        })
    });
    seen.collect()
}

/// Draws the cube below `below` at the right; what it takes.
pub(super) fn draw(sheet: &mut Sheet<'_>, picture: Rect, below: f64, axes: [Vector<Lps>; 3]) -> Rect {
    let half = sheet.em * 1.3;
    // the corner of a cube is that far from its middle
    let reach = half * 3.0_f64.sqrt();
    let [.., right, _] = picture.0;
    let middle = [right - reach, below.max(picture.0[1]) + reach];
    for face in faces(axes) {
        let centre = [0, 1].map(|c| middle[c] + face.middle[c] * half);
        let side = |d: [f64; 2], n: f64| d.map(|c| c * n);
        let bright = (60.0 + 90.0 * face.towards) as u8;
        for (share, colour) in
            [(1.0, ink([10, 12, 16], 0.9)), (0.94, ink([bright, bright, bright.saturating_add(12)], 0.95))]
        {
            let corner = [0, 1].map(|c| centre[c] + (face.up[c] - face.right[c]) * half * share);
            let (along, down) = (side(face.right, 2.0 * half * share), side(face.up, -2.0 * half * share));
            sheet.parallelogram(corner, along, down, colour);
        }
        let white = ink([255, 255, 255], 1.0);
        sheet.letter_on(face.letter, centre, face.right, side(face.up, -1.0), 1.9 * half, white);
    }
    Rect([middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach])
}
