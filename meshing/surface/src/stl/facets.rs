//! Facets as bytes.
#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "what is not inlined is compiled for any machine, and loops over lanes become vectors"
)]

use meshing_space::{Lps, Point};

use crate::wide::fast;

/// Bytes of a triangle: normal, three corners, attribute count.
pub(super) const FACET: usize = 50;

/// Facets that are worked on at once, one a lane.
const LANES: usize = 8;

/// Facets of a task.
pub(super) const TASK: usize = 1 << 12;

/// Writes the facets of `triangles` into `bytes`, which is as long as they need.
pub(super) fn write(positions: &[Point<Lps>], triangles: &[[u32; 3]], bytes: &mut [u8]) {
    fast(
        #[inline(always)]
        move || {
            let bytes = bytes;
            let facets = bytes.as_chunks_mut::<FACET>().0;
            for (triangles, facets) in triangles.chunks(LANES).zip(facets.chunks_mut(LANES)) {
                eight(positions, triangles, facets);
            }
        },
    );
}

#[inline(always)]
fn eight(positions: &[Point<Lps>], triangles: &[[u32; 3]], facets: &mut [[u8; FACET]]) {
    let mut at = [[[0.0_f32; 3]; 3]; LANES];
    for (at, triangle) in at.iter_mut().zip(triangles) {
        for n in 0..3 {
            // Rounded here, six times a vertex: a rounded copy of all costs more. One zero only.
            at[n] = positions[triangle[n] as usize].to_array().map(|x| x as f32 + 0.0);
        }
    }
    let normals = normals(&at);
    for (lane, facet) in facets.iter_mut().enumerate() {
        let [a, b, c] = at[lane];
        let numbers = [
            normals[0][lane],
            normals[1][lane],
            normals[2][lane],
            a[0],
            a[1],
            a[2],
            b[0],
            b[1],
            b[2],
            c[0],
            c[1],
            c[2],
        ];
        let (places, _) = facet.as_chunks_mut::<4>();
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
    }
}

/// The unit normals of facets, in the 32-bit arithmetic that checking programs use to compare them; zero without area.
#[inline(always)]
fn normals(at: &[[[f32; 3]; 3]; LANES]) -> [[f32; LANES]; 3] {
    let (mut u, mut v) = ([[0.0_f32; LANES]; 3], [[0.0_f32; LANES]; 3]);
    for axis in 0..3 {
        for lane in 0..LANES {
            u[axis][lane] = at[lane][1][axis] - at[lane][0][axis];
            v[axis][lane] = at[lane][2][axis] - at[lane][0][axis];
        }
    }
    let mut cross = [[0.0_f32; LANES]; 3];
    for axis in 0..3 {
        let (m, n) = ((axis + 1) % 3, (axis + 2) % 3);
        for lane in 0..LANES {
            // The first product is rounded to 32 bits, the second is not.
            let first = u[m][lane] * v[n][lane];
            cross[axis][lane] = (f64::from(first) - f64::from(u[n][lane]) * f64::from(v[m][lane])) as f32;
        }
    }
    let mut scale = [0.0_f64; LANES];
    for lane in 0..LANES {
        let [x, y, z] = [0, 1, 2].map(|axis: usize| f64::from(cross[axis][lane]));
        scale[lane] = (x * x + y * y + z * z).sqrt();
    }
    let mut normals = [[0.0_f32; LANES]; 3];
    for axis in 0..3 {
        for lane in 0..LANES {
            let unit = (f64::from(cross[axis][lane]) / scale[lane]) as f32;
            normals[axis][lane] = if scale[lane] < 1e-12 { 0.0 } else { unit };
        }
    }
    normals
}
