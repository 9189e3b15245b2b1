//! Which voxel centres of a slice lie inside a polygon.

/// Most crossings of one polygon with the rows of the slice: a gigabyte.
const CROSSINGS: usize = 1 << 26;

/// Calls `take` with column and row of every pixel centre (whole numbers) inside a closed polygon by the even-odd rule.
/// A centre on a left or upper edge is inside, on a right or lower edge outside; a channel that is walked both ways
/// (the key hole of PS3.3 C.8.8.6.3) encloses nothing. `false` where the polygon has too many crossings to be held.
pub(super) fn polygon(
    points: &[[f64; 2]],
    [columns, rows]: [usize; 2],
    mut take: impl FnMut(usize, usize),
) -> bool {
    let edges = || {
        points.iter().zip(points.iter().cycle().skip(1)).filter_map(|(&a, &b)| {
            // Walked upwards always, so that both ways along a channel give the same number.
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            let (first, end) = (whole(low[1], rows), whole(high[1], rows));
            (first < end).then_some((low, high, first, end))
        })
    };
    let total = edges().try_fold(0_usize, |sum, (_, _, first, end)| sum.checked_add(end - first));
    let Some(total) = total.filter(|&n| n <= CROSSINGS) else { return false };
    let mut crossings: Vec<(usize, f64)> = Vec::with_capacity(total);
    for (low, high, first, end) in edges() {
        let slope = (high[0] - low[0]) / (high[1] - low[1]);
        crossings.extend((first..end).map(|row| (row, low[0] + (row as f64 - low[1]) * slope)));
    }
    crossings.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for pair in crossings.as_chunks::<2>().0 {
        let [(row, from), (_, to)] = *pair;
        (whole(from, columns)..whole(to, columns)).for_each(|column| take(column, row));
    }
    true
}

/// The first whole number that is not below `at`, between 0 and `size`.
fn whole(at: f64, size: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the size")]
    let first = at.ceil().clamp(0.0, size as f64) as usize;
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(points: &[[f64; 2]], size: [usize; 2]) -> Vec<String> {
        let mut rows = vec![vec![0_u8; size[0]]; size[1]];
        assert!(polygon(points, size, |i, j| rows[j][i] += 1));
        rows.iter().map(|row| row.iter().map(|n| ['.', '#', '2'][usize::from(*n)]).collect()).collect()
    }

    #[test]
    fn centres_decide_and_edges_count_once() {
        let square = [[0.5, 0.5], [3.5, 0.5], [3.5, 2.5], [0.5, 2.5]];
        assert_eq!(filled(&square, [5, 4]), [".....", ".###.", ".###.", "....."]);
        // Two squares that share an edge through centres cover every pixel once.
        let (left, right) = (
            [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]],
            [[2.0, 0.0], [4.0, 0.0], [4.0, 2.0], [2.0, 2.0]],
        );
        assert_eq!(filled(&left, [5, 3]), ["##...", "##...", "....."]);
        assert_eq!(filled(&right, [5, 3]), ["..##.", "..##.", "....."]);
        let triangle = [[-5.0, -5.0], [20.0, 1.5], [-5.0, 8.0]];
        assert!(filled(&triangle, [3, 3]).iter().all(|row| row == "###"), "clipped at the edge of the slice");
    }

    #[test]
    fn a_key_hole_leaves_the_hole_and_no_channel() {
        let ring = [
            [0.3, 0.3],
            [6.7, 0.3],
            [6.7, 6.7],
            [0.3, 6.7],
            [0.3, 3.1],
            [2.5, 2.9],
            [2.5, 4.5],
            [4.5, 4.5],
            [4.5, 2.5],
            [2.5, 2.5],
            [2.5, 2.9],
            [0.3, 3.1],
        ];
        assert_eq!(
            filled(&ring, [8, 8]),
            ["........", ".######.", ".######.", ".##..##.", ".##..##.", ".######.", ".######.", "........"]
        );
    }

    #[test]
    fn area_of_a_circle_is_that_of_its_pixels() {
        let circle: Vec<[f64; 2]> = (0..720)
            .map(|n| {
                let (sin, cos) = (f64::from(n) * std::f64::consts::TAU / 720.0).sin_cos();
                [50.2 + 40.0 * cos, 49.7 + 40.0 * sin]
            })
            .collect();
        let (mut inside, mut expected) = (0_usize, 0_usize);
        assert!(polygon(&circle, [100, 100], |_, _| inside += 1));
        for (i, j) in (0..100).flat_map(|j| (0..100).map(move |i| (f64::from(i), f64::from(j)))) {
            expected += usize::from((i - 50.2).hypot(j - 49.7) < 40.0);
        }
        assert!(inside.abs_diff(expected) <= 2, "{inside} of {expected}");
    }
}
