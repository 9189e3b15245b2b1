//! Parts that stand beside each other like the letters of a line.

use super::meeting;
use super::parts::{Part, Plane};

/// A group of parts, and what makes it a line of text or not.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Left, top, right, bottom; the last two are outside.
    pub(super) bounds: [usize; 4],
    /// The letters are darker than what lies around.
    pub(super) dark: bool,
    pub(super) value: f32,
    pub(super) contrast: f32,
    pub(super) cues: Cues,
}

/// What speaks for or against text, all free of units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cues {
    /// Parts, and those of about the height of the line.
    pub(super) parts: f32,
    pub(super) main: f32,
    pub(super) height: f32,
    /// Width by height.
    pub(super) aspect: f32,
    pub(super) plateau: f32,
    pub(super) step: [f32; 2],
    pub(super) mode: f32,
    /// Spread of the value between parts, as a share of the contrast.
    pub(super) spread: f32,
    /// Width of strokes by height, and how much it differs between parts.
    pub(super) stroke: f32,
    pub(super) stroke_spread: f32,
    /// Share of the box that is stroke.
    pub(super) density: f32,
    /// Length of strokes by height.
    pub(super) ink: f32,
    /// Spread of tops and bottoms of the main parts, by height.
    pub(super) ragged: f32,
    /// Share of what is above the level in the box that belongs to the line.
    pub(super) own: f32,
    /// Share of the frame around the box that is above the level.
    pub(super) around: f32,
    /// Levels at which about the same line is found.
    pub(super) votes: f32,
}

/// How many cues there are.
pub(super) const CUES: usize = 17;

impl Cues {
    /// In the order that the trees know.
    pub(super) const fn numbers(&self) -> [f32; CUES] {
        let [one, two] = self.step;
        [
            self.parts,
            self.main,
            self.height,
            self.aspect,
            self.plateau,
            one,
            two,
            self.mode,
            self.spread,
            self.stroke,
            self.stroke_spread,
            self.density,
            self.ink,
            self.ragged,
            self.own,
            self.around,
            self.votes,
        ]
    }
}

/// Links parts that may belong to one line.
pub(super) fn lines(plane: Plane<'_>, level: u16, mut parts: Vec<Part>) -> Vec<Line> {
    parts.retain(|part| part.plateau > 0.2 && part.step[0] > 0.15);
    parts.sort_by_key(|part| part.bounds[0]);
    let mut root: Vec<u32> = (0..parts.len() as u32).collect();
    let find = |root: &mut Vec<u32>, mut n: u32| {
        while root[n as usize] != n {
            root[n as usize] = root[root[n as usize] as usize];
            n = root[n as usize];
        }
        n
    };
    let boxes: Vec<[usize; 4]> = parts.iter().map(|part| part.bounds).collect();
    let reach = |n: usize| parts[n].bounds[2] + 5 * parts[n].height() / 2 + 4;
    meeting(&boxes, reach, |i, j| {
        if belong(&parts[i], &parts[j]) {
            let (x, y) = (find(&mut root, i as u32), find(&mut root, j as u32));
            root[x.max(y) as usize] = x.min(y);
        }
    });
    let mut order: Vec<(u32, usize)> = (0..parts.len()).map(|n| (find(&mut root, n as u32), n)).collect();
    order.sort_unstable();
    let groups = order.chunk_by(|a, b| a.0 == b.0);
    let lines = groups.filter_map(|group| line(&group.iter().map(|&(_, n)| &parts[n]).collect::<Vec<_>>()));
    lines.map(|line| surroundings(plane, level, line)).collect()
}

/// Adds what lies in and around the box.
fn surroundings(plane: Plane<'_>, level: u16, mut line: Line) -> Line {
    let [left, top, right, bottom] = line.bounds;
    let margin = (line.cues.height / 2.0) as usize + 1;
    let outer = [
        left.saturating_sub(margin),
        top.saturating_sub(margin),
        (right + margin).min(plane.columns),
        (bottom + margin).min(plane.rows),
    ];
    let above = |[left, top, right, bottom]: [usize; 4]| {
        (top..bottom)
            .map(|row| (left..right).filter(|&column| plane.at(column, row) > level).count())
            .sum::<usize>()
    };
    let area = |[left, top, right, bottom]: [usize; 4]| ((right - left) * (bottom - top)) as f32;
    let (inside, whole) = (above(line.bounds) as f32, above(outer) as f32);
    line.cues.own = (line.cues.density * area(line.bounds) / inside.max(1.0)).min(1.0);
    line.cues.around = (whole - inside) / (area(outer) - area(line.bounds)).max(1.0);
    line
}

fn belong(a: &Part, b: &Part) -> bool {
    let (ha, hb) = (a.height() as f32, b.height() as f32);
    let (tall, low) = (ha.max(hb), ha.min(hb));
    let overlap = a.bounds[3].min(b.bounds[3]) as f32 - a.bounds[1].max(b.bounds[1]) as f32;
    let gap = b.bounds[0] as f32 - a.bounds[2] as f32;
    let near = if low >= 0.4 * tall { 1.0 * tall + 2.0 } else { 0.4 * tall + 1.0 };
    let contrast = a.contrast.min(b.contrast);
    // A stroke of a character may lie above another one of it.
    overlap >= 0.5 * low
        && gap <= near
        && (a.value - b.value).abs() <= 0.12 * contrast + 1.0
        && a.contrast.max(b.contrast) <= 2.5 * contrast
        && low * 8.0 >= tall
        && a.stroke().max(b.stroke()) <= 2.5 * a.stroke().min(b.stroke()) + 1.0
}

fn line(parts: &[&Part]) -> Option<Line> {
    let sum = |of: &dyn Fn(&Part) -> f32| parts.iter().map(|part| of(part)).sum::<f32>();
    let bounds = parts.iter().fold([usize::MAX, usize::MAX, 0, 0], |b, part| {
        let p = part.bounds;
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[2]), b[3].max(p[3])]
    });
    let box_height = (bounds[3] - bounds[1]) as f32;
    let mut heights: Vec<f32> = parts.iter().map(|part| part.height() as f32).collect();
    heights.sort_by(f32::total_cmp);
    // The taller half gives the height of the line: dots and short strokes do not count.
    let height = heights[heights.len() * 3 / 4];
    let width = (bounds[2] - bounds[0]) as f32;
    let (area, edges) = (sum(&|p| p.area), sum(&|p| p.edges));
    let (ink, aspect) = (edges / 2.0 / height, width / box_height);
    let few = parts.len() < 2 && aspect < 2.0;
    if height < 4.0 || box_height > 3.0 * height || ink < 2.5 || aspect < 0.9 || few {
        return None;
    }
    let mut bounds = bounds;
    let main: Vec<&&Part> = parts.iter().filter(|part| part.height() as f32 > 0.6 * height).collect();
    let contrast = sum(&|p| p.contrast * p.area) / area;
    let value = sum(&|p| p.value * p.area) / area;
    let deviation = |values: &dyn Fn(&Part) -> f32, of: &[&&Part]| {
        let mean = of.iter().map(|part| values(part)).sum::<f32>() / of.len() as f32;
        (of.iter().map(|part| (values(part) - mean).powi(2)).sum::<f32>() / of.len() as f32).sqrt()
    };
    let all: Vec<&&Part> = parts.iter().collect();
    let stroke = |p: &Part| p.stroke();
    let mean_stroke = 2.0 * area / edges;
    // Specks above and below a line must not make it taller.
    let quartile = |side: usize, share: usize| {
        let mut all: Vec<usize> = main.iter().map(|part| part.bounds[side]).collect();
        all.sort_unstable();
        all[(all.len() - 1) * share / 4]
    };
    let slack = (0.3 * height) as usize + 1;
    bounds[1] = bounds[1].max(quartile(1, 1).saturating_sub(slack));
    bounds[3] = bounds[3].min(quartile(3, 3) + slack);
    let ragged = deviation(&|p| p.bounds[1] as f32, &main).min(deviation(&|p| p.bounds[3] as f32, &main));
    let cues = Cues {
        parts: parts.len() as f32,
        main: main.len() as f32,
        height,
        aspect,
        plateau: sum(&|p| p.plateau * p.area) / area,
        step: [0, 1].map(|n| sum(&|p| p.step[n] * p.edges) / edges),
        mode: sum(&|p| p.mode * p.area) / area,
        spread: deviation(&|p| p.value, &all) / contrast,
        stroke: mean_stroke / height,
        stroke_spread: deviation(&stroke, &main) / mean_stroke,
        density: area / (width * (bounds[3] - bounds[1]) as f32),
        ink,
        ragged: ragged / height,
        own: 1.0,
        around: 0.0,
        votes: 0.0,
    };
    Some(Line { bounds, dark: false, value, contrast, cues })
}
