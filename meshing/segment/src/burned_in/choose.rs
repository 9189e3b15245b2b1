//! Which lines are text: those that are surely so, and what stands beside them in the same colour.

use super::lines::Line;
use super::{TextBox, meeting, trees};

/// Least share of the common area of two boxes that are about the same.
const SAME_BOX: f32 = 0.55;

/// Counts for each line the levels at which about the same one is found.
pub(super) fn vote(lines: &mut [Line]) {
    lines.sort_by_key(|line| line.bounds[0]);
    let mut votes = vec![1.0_f32; lines.len()];
    let boxes: Vec<[usize; 4]> = lines.iter().map(|line| line.bounds).collect();
    meeting(
        &boxes,
        |n| boxes[n][2],
        |i, j| {
            if lines[i].dark == lines[j].dark && overlap(boxes[i], boxes[j]) > SAME_BOX {
                votes[i] += 1.0;
                votes[j] += 1.0;
            }
        },
    );
    lines.iter_mut().zip(votes).for_each(|(line, votes)| line.cues.votes = votes);
}

/// Common area by joint area.
fn overlap(a: [usize; 4], b: [usize; 4]) -> f32 {
    let side = |low: usize, high: usize| a[high].min(b[high]).saturating_sub(a[low].max(b[low]));
    let area = |b: [usize; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let both = side(0, 2) * side(1, 3);
    both as f32 / (area(a) + area(b) - both).max(1) as f32
}

/// The boxes of what is text: lines whose chance is above `sure`, and those above `likely` that have their colour and size
/// and stand near; in the same line a quarter of that is enough.
pub(super) fn choose(lines: &[Line], sure: f32, likely: f32, [columns, rows]: [usize; 2]) -> Vec<TextBox> {
    let chances: Vec<f32> = lines.iter().map(|line| trees::chance(&line.cues.numbers())).collect();
    let mut chosen: Vec<bool> = chances.iter().map(|&chance| chance > sure).collect();
    let mut new: Vec<usize> = (0..lines.len()).filter(|&n| chosen[n]).collect();
    // Of noise hardly a line may still be chosen, so that a look at all that may is cheap.
    let mut open: Vec<usize> =
        (0..lines.len()).filter(|&n| !chosen[n] && chances[n] > likely / 4.0).collect();
    while let Some(seed) = new.pop() {
        open.retain(|&n| {
            let enough = if is_level(&lines[seed], &lines[n]) { likely / 4.0 } else { likely };
            let joins = chances[n] > enough && is_beside(&lines[seed], &lines[n]);
            if joins {
                chosen[n] = true;
                new.push(n);
            }
            !joins
        });
    }
    let taken = lines.iter().zip(&chosen).filter(|(_, chosen)| **chosen);
    taken.map(|(line, _)| grown(line, [columns, rows])).collect()
}

/// Whether two lines stand at one height, as the words of one line do.
fn is_level(a: &Line, b: &Line) -> bool {
    let both = a.bounds[3].min(b.bounds[3]) as f32 - a.bounds[1].max(b.bounds[1]) as f32;
    both > 0.7 * a.cues.height.max(b.cues.height)
}

/// Whether a line goes on in another one, or is the next of a block.
fn is_beside(a: &Line, b: &Line) -> bool {
    let (tall, low) = (a.cues.height.max(b.cues.height), a.cues.height.min(b.cues.height));
    let apart = |low: usize, high: usize| {
        a.bounds[low].max(b.bounds[low]) as f32 - a.bounds[high].min(b.bounds[high]) as f32
    };
    a.dark == b.dark
        && (a.value - b.value).abs() < 0.05 * a.contrast.min(b.contrast)
        && tall < 1.8 * low
        && apart(0, 2) < 1.5 * tall
        && apart(1, 3) < 0.7 * tall
}

/// The box with room for letters that were not found at its ends.
fn grown(line: &Line, [columns, rows]: [usize; 2]) -> TextBox {
    let [left, top, right, bottom] = line.bounds;
    let across = (0.8 * line.cues.height) as usize + 2;
    let up = (0.25 * line.cues.height) as usize + 2;
    TextBox {
        columns: left.saturating_sub(across)..(right + across).min(columns),
        rows: top.saturating_sub(up)..(bottom + up).min(rows),
    }
}
