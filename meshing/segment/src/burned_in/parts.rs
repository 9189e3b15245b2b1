//! Connected parts of what is brighter than a level, with what tells strokes of letters from anatomy.

/// Least and greatest height of a part, pixels.
const HEIGHTS: [usize; 2] = [4, 96];
/// Widest part: a line of joined letters.
const WIDEST: usize = 400;
/// Share of the contrast within which grey values count as the same.
const SAME: f32 = 0.12;

/// An image in whose letters are bright.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    pub(super) values: &'a [u16],
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Plane<'_> {
    pub(super) fn at(&self, column: usize, row: usize) -> u16 {
        self.values[row * self.columns + column]
    }
}

/// A stretch of one row: columns `start..end`.
#[derive(Clone, Copy)]
struct Run {
    row: u32,
    start: u32,
    end: u32,
}

/// A connected part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Left, top, right, bottom; the last two are outside.
    pub(super) bounds: [usize; 4],
    pub(super) area: f32,
    /// Edges between a pixel of the part and one outside.
    pub(super) edges: f32,
    /// The grey value of its strokes.
    pub(super) value: f32,
    /// How much brighter they are than what lies around.
    pub(super) contrast: f32,
    /// Share of pixels of about that value.
    pub(super) plateau: f32,
    /// Mean step over one edge, and over two pixels, as a share of the contrast.
    pub(super) step: [f32; 2],
    /// Share of the pixels with the commonest value.
    pub(super) mode: f32,
}

impl Part {
    pub(super) fn height(&self) -> usize {
        self.bounds[3] - self.bounds[1]
    }

    /// Width of its strokes.
    pub(super) fn stroke(&self) -> f32 {
        2.0 * self.area / self.edges
    }
}

/// The parts brighter than `level` that may be letters or pieces of them.
pub(super) fn parts(plane: Plane<'_>, level: u16) -> Vec<Part> {
    let runs = runs(plane, level);
    let mut root: Vec<u32> = (0..runs.len() as u32).collect();
    join(&runs, &mut root);
    let mut order: Vec<(u32, u32)> = (0..runs.len()).map(|n| (find(&mut root, n as u32), n as u32)).collect();
    order.sort_unstable();
    let mut out = Vec::new();
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let runs = || group.iter().map(|&(_, n)| runs[n as usize]);
        let left = runs().map(|run| run.start).min().unwrap_or(0) as usize;
        let right = runs().map(|run| run.end).max().unwrap_or(0) as usize;
        let top = runs().map(|run| run.row).min().unwrap_or(0) as usize;
        let bottom = runs().map(|run| run.row).max().unwrap_or(0) as usize + 1;
        let (height, width) = (bottom - top, right - left);
        let fits = height <= HEIGHTS[1] && width <= WIDEST && (height >= HEIGHTS[0] || width >= HEIGHTS[0]);
        if fits && let Some(part) = measure(plane, level, &runs(), [left, top, right, bottom]) {
            out.push(part);
        }
    }
    out
}

fn runs(plane: Plane<'_>, level: u16) -> Vec<Run> {
    let mut runs = Vec::new();
    for (row, values) in plane.values.chunks(plane.columns).enumerate() {
        let mut column = 0;
        while let Some(skip) = values[column..].iter().position(|&v| v > level) {
            let start = column + skip;
            let end = values[start..].iter().position(|&v| v <= level).map_or(values.len(), |n| start + n);
            runs.push(Run { row: row as u32, start: start as u32, end: end as u32 });
            column = end;
        }
    }
    runs
}

fn find(root: &mut [u32], mut n: u32) -> u32 {
    while root[n as usize] != n {
        root[n as usize] = root[root[n as usize] as usize];
        n = root[n as usize];
    }
    n
}

/// Joins runs of neighbouring rows that touch, corners included.
fn join(runs: &[Run], root: &mut [u32]) {
    let mut above = 0;
    for n in 0..runs.len() {
        let run = runs[n];
        while above < n
            && (runs[above].row + 1 < run.row
                || runs[above].row + 1 == run.row && runs[above].end < run.start)
        {
            above += 1;
        }
        let mut other = above;
        while other < n && runs[other].row + 1 == run.row && runs[other].start <= run.end {
            let (a, b) = (find(root, n as u32), find(root, other as u32));
            let (low, high) = (a.min(b), a.max(b));
            root[high as usize] = low;
            other += 1;
        }
    }
}

fn measure(
    plane: Plane<'_>,
    level: u16,
    runs: &(impl Iterator<Item = Run> + Clone),
    bounds: [usize; 4],
) -> Option<Part> {
    let pixels =
        || runs.clone().flat_map(|run| (run.start..run.end).map(move |c| (c as usize, run.row as usize)));
    let mut values: Vec<u16> = pixels().map(|(column, row)| plane.at(column, row)).collect();
    if values.len() < 5 {
        return None;
    }
    values.sort_unstable();
    let value = f32::from(values[values.len() * 17 / 20]);
    let (mut edges, mut one, mut two) = (0_u32, 0.0, 0.0);
    let mut around: Vec<u16> = Vec::new();
    for (column, row) in pixels() {
        let here = f32::from(plane.at(column, row));
        for (dx, dy) in [(-1_isize, 0_isize), (1, 0), (0, -1), (0, 1)] {
            let next = |n: isize| -> Option<u16> {
                let (x, y) = (column as isize + dx * n, row as isize + dy * n);
                let inside = x >= 0 && y >= 0 && (x as usize) < plane.columns && (y as usize) < plane.rows;
                inside.then(|| plane.at(x as usize, y as usize))
            };
            let Some(first) = next(1).filter(|&v| v <= level) else { continue };
            let second = next(2).unwrap_or(first);
            edges += 1;
            one += here - f32::from(first);
            two += here - f32::from(second.min(first));
            around.push(next(3).unwrap_or(second).min(second));
        }
    }
    if around.is_empty() {
        return None;
    }
    let at = around.len() * 2 / 5;
    let background = f32::from(*around.select_nth_unstable(at).1);
    let contrast = value - background;
    if contrast < 3.0 {
        return None;
    }
    let near = values.iter().filter(|&&v| (f32::from(v) - value).abs() <= SAME * contrast).count();
    let mode = values.chunk_by(|a, b| a == b).map(<[u16]>::len).max().unwrap_or(0);
    let (area, count) = (values.len() as f32, edges as f32);
    Some(Part {
        bounds,
        area,
        edges: count,
        value,
        contrast,
        plateau: near as f32 / area,
        step: [one, two].map(|sum| sum / count / contrast),
        mode: mode as f32 / area,
    })
}
