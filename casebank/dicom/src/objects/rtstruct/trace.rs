//! The outlines of a mask in one slice, along the edges of its pixels.

/// Closed outlines of the pixels that are not 0, by column and row of half numbers: filling them gives the same pixels.
/// Holes are part of the outline around them, joined by a channel of no width (PS3.3 C.8.8.6.3).
pub(super) fn outlines(pixels: &[u8], columns: usize) -> Vec<Vec<[f64; 2]>> {
    let mut loops = cracks(pixels, columns);
    // Left ones first: a hole is joined to what lies left of it, which by then is whole.
    loops.sort_by_key(|points| leftmost(points));
    let mut outer: Vec<Vec<[isize; 2]>> = Vec::new();
    for points in loops {
        if area(&points) > 0 {
            outer.push(points);
        } else {
            join(&mut outer, &points);
        }
    }
    outer.iter().map(|points| points.iter().map(|p| p.map(|v| v as f64 - 0.5)).collect()).collect()
}

/// Walks round all borders with the inside on the right (rows count down): outer borders have positive area, holes
/// negative. Points are pixel corners; corner (i, j) is the upper left one of pixel (i, j).
fn cracks(pixels: &[u8], columns: usize) -> Vec<Vec<[isize; 2]>> {
    let (wide, rows) = (columns.cast_signed(), (pixels.len() / columns).cast_signed());
    let inside = |i: isize, j: isize| {
        i >= 0 && j >= 0 && i < wide && j < rows && pixels[(j * wide + i).cast_unsigned()] != 0
    };
    // Of each pixel's upper border, whether it was walked, left to right.
    let mut walked = vec![false; pixels.len()];
    let mut loops = Vec::new();
    for start in 0..pixels.len() {
        let (i, j) = (start.cast_signed() % wide, start.cast_signed() / wide);
        if walked[start] || !inside(i, j) || inside(i, j - 1) {
            continue;
        }
        let (mut at, mut step) = ([i, j], [1, 0]);
        let mut points = Vec::new();
        loop {
            if step == [1, 0] {
                walked[(at[1] * wide + at[0]).cast_unsigned()] = true;
            }
            let next = [at[0] + step[0], at[1] + step[1]];
            // The two pixels ahead, right and left of the way. Pixels that touch at a corner only are kept apart.
            let ahead = |side: isize| {
                let [dx, dy] = step;
                let (cx, cy) = (next[0] * 2 + dx - side * dy, next[1] * 2 + dy + side * dx);
                inside((cx - 1) / 2, (cy - 1) / 2)
            };
            let turned = match (ahead(1), ahead(-1)) {
                (false, _) => [-step[1], step[0]],
                (true, false) => step,
                (true, true) => [step[1], -step[0]],
            };
            if turned != step {
                points.push(next);
            }
            (at, step) = (next, turned);
            if at == [i, j] && step == [1, 0] {
                break;
            }
        }
        loops.push(points);
    }
    loops
}

/// Twice the signed area.
fn area(points: &[[isize; 2]]) -> isize {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// Column and row of the leftmost, uppermost point.
fn leftmost(points: &[[isize; 2]]) -> [isize; 2] {
    points.iter().copied().min().unwrap_or_default()
}

/// Joins a hole to the nearest border left of its leftmost point.
fn join(outer: &mut [Vec<[isize; 2]>], hole: &[[isize; 2]]) {
    let [x, y] = leftmost(hole);
    let mut best: Option<(isize, usize, usize)> = None;
    for (n, points) in outer.iter().enumerate() {
        for (at, (a, b)) in points.iter().zip(points.iter().cycle().skip(1)).enumerate() {
            let upright = a[0] == b[0] && a[0] < x && a[1].min(b[1]) <= y && y <= a[1].max(b[1]);
            if upright && best.is_none_or(|(column, ..)| a[0] > column) {
                best = Some((a[0], n, at));
            }
        }
    }
    // A hole lies inside a border, so there is one.
    let Some((column, n, at)) = best else { return };
    let first = hole.iter().position(|p| *p == [x, y]).unwrap_or(0);
    let round = hole[first..].iter().chain(&hole[..=first]).copied();
    let channel = std::iter::once([column, y]).chain(round).chain([[column, y]]);
    let after = outer[n].split_off(at + 1);
    outer[n].extend(channel.chain(after));
}

#[cfg(test)]
mod tests {
    use super::super::fill::polygon;
    use super::*;

    fn refilled(pixels: &[u8], columns: usize) -> Vec<u8> {
        let mut out = vec![0; pixels.len()];
        for outline in outlines(pixels, columns) {
            assert!(polygon(&outline, [columns, pixels.len() / columns], |i, j| out[j * columns + i] ^= 1));
        }
        out
    }

    #[test]
    fn filling_the_outlines_gives_the_pixels() {
        let ring: Vec<u8> = "........ .######. .#....#. .#.##.#. .#.##.#. .#....#. .######. ........"
            .bytes()
            .filter(|&b| b != b' ')
            .map(|b| u8::from(b == b'#'))
            .collect();
        assert_eq!(refilled(&ring, 8), ring);
        assert_eq!(outlines(&ring, 8).len(), 2, "the ring with its hole, and the island in it");
        let mut seed = 0x5EED_u32;
        for size in [1_usize, 2, 3, 7, 16, 33] {
            for share in [40, 128, 220] {
                let pixels: Vec<u8> = (0..size * (size + 2))
                    .map(|_| {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        u8::from(seed >> 24 < share)
                    })
                    .collect();
                assert_eq!(refilled(&pixels, size), pixels, "{size}, {share}");
            }
        }
    }

    #[test]
    fn a_single_pixel_is_its_square() {
        let outline = outlines(&[0, 0, 0, 0, 1, 0, 0, 0, 0], 3);
        assert_eq!(outline, [vec![[1.5, 0.5], [1.5, 1.5], [0.5, 1.5], [0.5, 0.5]]]);
    }
}
