//! The network over an image, patch by patch; its answers come out plane by plane as soon as no further patch adds to them, so
//! that only as many planes as a patch is deep are held.

use std::collections::VecDeque;

use meshing_volume::Progress;
use rayon::prelude::*;

use super::ModelError;
use super::card::{Card, Layout, Pad};
use super::engine::{Network, Tensor};
use super::tiles::{starts, weights};

/// An image on the model's grid: channels, depth, rows, columns, the last fastest.
pub(super) struct Image<'a> {
    pub channels: &'a [Vec<f32>],
    pub shape: [usize; 3],
}

/// One plane across depth: for each channel of the output, rows and columns.
pub(super) type Plane = Vec<f32>;

/// Where patches lie in an image.
pub(super) struct Layer {
    /// First voxels along each axis of the padded image.
    pub starts: [Vec<usize>; 3],
    /// Voxels padded before the image.
    before: [usize; 3],
}

impl Layer {
    pub(super) fn new(card: &Card, shape: [usize; 3]) -> Self {
        let tiles = &card.tiles;
        let starts = core::array::from_fn(|axis| {
            let patch = tiles.patch[axis];
            starts(shape[axis].max(patch), patch, tiles.step, tiles.starts)
        });
        let before = core::array::from_fn(|axis| tiles.patch[axis].saturating_sub(shape[axis]) / 2);
        Self { starts, before }
    }

    /// Number of patches.
    pub(super) fn count(&self) -> usize {
        self.starts.iter().map(Vec::len).product()
    }
}

/// The sums so far of one plane.
struct Sums {
    values: Plane,
    weights: Vec<f32>,
}

/// Runs the network and gives each plane's weighted mean, in order, to `emit`.
///
/// # Errors
/// Cancelled, the network failed or answers in another shape than the card says, or what `emit` says.
pub(super) fn predict(
    card: &Card,
    network: &dyn Network,
    image: &Image<'_>,
    progress: &dyn Progress,
    emit: &mut dyn FnMut(Plane) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let [depth, rows, columns] = image.shape;
    let (patch, outputs) = (card.tiles.patch, card.outputs());
    let layer = Layer::new(card, image.shape);
    let weights = weights(patch, card.tiles.weight);
    let (mut done, total) = (0, layer.count());
    let mut sums: VecDeque<Sums> = VecDeque::new();
    // The plane of the image that the first of the sums belongs to.
    let mut first = 0;
    for (n, &d) in layer.starts[0].iter().enumerate() {
        // Planes of the padded image to planes of the image.
        let (from, to) = (d.saturating_sub(layer.before[0]), (d + patch[0] - layer.before[0]).min(depth));
        while first + sums.len() < to {
            let values = vec![0.0; outputs * rows * columns];
            sums.push_back(Sums { values, weights: vec![0.0; rows * columns] });
        }
        for &h in &layer.starts[1] {
            for &w in &layer.starts[2] {
                progress.step(done, total)?;
                let answer = answer(card, network, image, &layer, [d, h, w])?;
                let part = Part { answer: &answer, weights: &weights, patch, start: [d, h, w] };
                sums.par_iter_mut()
                    .enumerate()
                    .filter(|(n, _)| (from..to).contains(&(first + n)))
                    .for_each(|(n, sums)| part.add(sums, first + n, &layer, image.shape));
                done += 1;
            }
        }
        let next = layer.starts[0].get(n + 1).map_or(depth, |&d| d.saturating_sub(layer.before[0]));
        while first < next {
            let Some(Sums { mut values, weights }) = sums.pop_front() else { break };
            for channel in values.chunks_exact_mut(rows * columns) {
                channel.iter_mut().zip(&weights).for_each(|(value, weight)| *value /= weight);
            }
            if values.iter().any(|value| !value.is_finite()) {
                return Err(ModelError::NotFinite(card.id.clone()));
            }
            emit(values)?;
            first += 1;
        }
    }
    Ok(progress.step(total, total)?)
}

/// The answer to one patch and how much it counts.
struct Part<'a> {
    answer: &'a [f32],
    weights: &'a [f32],
    patch: [usize; 3],
    start: [usize; 3],
}

impl Part<'_> {
    /// Adds what falls on plane `d` of the image.
    fn add(&self, sums: &mut Sums, d: usize, layer: &Layer, [_, rows, columns]: [usize; 3]) {
        let [depth, height, width] = self.patch;
        let plane = d + layer.before[0] - self.start[0];
        // Rows and columns of the image that the patch covers.
        let covered = |axis: usize, length: usize| {
            let (start, before) = (self.start[axis], layer.before[axis]);
            start.saturating_sub(before)..(start + self.patch[axis] - before).min(length)
        };
        let (down, across) = (covered(1, rows), covered(2, columns));
        let skip = across.start + layer.before[2] - self.start[2];
        for h in down {
            let row = h + layer.before[1] - self.start[1];
            let weights = &self.weights[(plane * height + row) * width + skip..][..across.len()];
            let sum = &mut sums.weights[h * columns..][across.clone()];
            sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
            for (c, channel) in sums.values.chunks_exact_mut(rows * columns).enumerate() {
                let answer = &self.answer[((c * depth + plane) * height + row) * width + skip..];
                let sum = &mut channel[h * columns..][across.clone()];
                for ((sum, weight), answer) in sum.iter_mut().zip(weights).zip(answer) {
                    *sum += weight * answer;
                }
            }
        }
    }
}

/// The network's answer to the patch at a place of the padded image: the mean over all ways to mirror it.
fn answer(
    card: &Card,
    network: &dyn Network,
    image: &Image<'_>,
    layer: &Layer,
    start: [usize; 3],
) -> Result<Vec<f32>, ModelError> {
    let (patch, axes) = (card.tiles.patch, &card.tiles.mirror_axes);
    let seen = cut(card, image, layer, start);
    let mut sum: Option<Vec<f32>> = None;
    for way in 0..1_usize << axes.len() {
        let mirrored = core::array::from_fn(|axis| {
            axes.iter().position(|&a| a == axis).is_some_and(|bit| way >> bit & 1 == 1)
        });
        let values = mirror(seen.clone(), patch, mirrored);
        let answer = network.run(Tensor { shape: shape(card, card.channels.len()), values })?;
        let wanted = shape(card, card.outputs());
        if answer.shape != wanted || answer.values.len() != wanted.iter().product::<usize>() {
            let (model, expected) = (card.id.clone(), wanted);
            return Err(ModelError::Shape { model, expected, found: answer.shape });
        }
        let answer = mirror(answer.values, patch, mirrored);
        match &mut sum {
            None => sum = Some(answer),
            Some(sum) => sum.iter_mut().zip(&answer).for_each(|(sum, answer)| *sum += answer),
        }
    }
    let ways = (1_usize << axes.len()) as f32;
    let mut sum = sum.unwrap_or_default();
    if ways > 1.0 {
        for value in &mut sum {
            *value /= ways;
        }
    }
    Ok(sum)
}

fn shape(card: &Card, channels: usize) -> Vec<usize> {
    let [depth, rows, columns] = card.tiles.patch;
    match card.input.layout {
        Layout::Volume => vec![1, channels, depth, rows, columns],
        Layout::Slice => vec![1, channels, rows, columns],
    }
}

/// The voxels of a patch of the padded image.
fn cut(card: &Card, image: &Image<'_>, layer: &Layer, start: [usize; 3]) -> Vec<f32> {
    let [depth, rows, columns] = card.tiles.patch;
    let (edge, around) = match card.tiles.pad {
        Pad::Constant { value } => (false, value as f32),
        Pad::Edge {} => (true, 0.0),
    };
    // The voxel of the image for one of the patch, if there is one.
    let place = |n: usize, axis: usize| {
        let at = (start[axis] + n) as isize - layer.before[axis] as isize;
        let last = image.shape[axis] as isize - 1;
        if edge { Some(at.clamp(0, last) as usize) } else { (0..=last).contains(&at).then_some(at as usize) }
    };
    let across: Vec<Option<usize>> = (0..columns).map(|w| place(w, 2)).collect();
    let mut values = Vec::with_capacity(image.channels.len() * depth * rows * columns);
    for channel in image.channels {
        for d in 0..depth {
            for h in 0..rows {
                match (place(d, 0), place(h, 1)) {
                    (Some(d), Some(h)) => {
                        let line = &channel[(d * image.shape[1] + h) * image.shape[2]..][..image.shape[2]];
                        values.extend(across.iter().map(|w| w.map_or(around, |w| line[w])));
                    }
                    _ => values.extend(std::iter::repeat_n(around, columns)),
                }
            }
        }
    }
    values
}

/// The values of each channel, back to front along some axes.
fn mirror(values: Vec<f32>, [depth, rows, columns]: [usize; 3], along: [bool; 3]) -> Vec<f32> {
    if along == [false; 3] {
        return values;
    }
    let turn = |n: usize, length: usize, axis: usize| if along[axis] { length - 1 - n } else { n };
    let mut mirrored = Vec::with_capacity(values.len());
    for channel in values.chunks_exact(depth * rows * columns) {
        for d in 0..depth {
            for h in 0..rows {
                let first = (turn(d, depth, 0) * rows + turn(h, rows, 1)) * columns;
                let line = &channel[first..first + columns];
                if along[2] {
                    mirrored.extend(line.iter().rev());
                } else {
                    mirrored.extend(line);
                }
            }
        }
    }
    mirrored
}

#[cfg(test)]
mod tests {
    use meshing_volume::Silent;

    use super::*;
    use crate::NetworkError;

    /// Answers with the image itself, and with ten times it and one more.
    #[derive(Debug)]
    struct Copies;

    impl Network for Copies {
        fn run(&self, input: Tensor) -> Result<Tensor, NetworkError> {
            let more = input.values.iter().map(|v| v * 10.0 + 1.0);
            let values = input.values.iter().copied().chain(more).collect();
            let mut shape = input.shape;
            shape[1] = 2;
            Ok(Tensor { shape, values })
        }
        fn engine(&self) -> String {
            "test".to_owned()
        }
    }

    /// Answers with how far each voxel lies from the first along an axis: wrong unless mirrored answers are turned back.
    #[derive(Debug)]
    struct Ramp;

    impl Network for Ramp {
        fn run(&self, input: Tensor) -> Result<Tensor, NetworkError> {
            let [d, h, w] = [input.shape[2], input.shape[3], input.shape[4]];
            let ramp = (0..d * h * w).map(|n| (n % w) as f32);
            let values = ramp.clone().chain(ramp).collect();
            Ok(Tensor { shape: vec![1, 2, d, h, w], values })
        }
        fn engine(&self) -> String {
            "test".to_owned()
        }
    }

    fn planes(tiles: &str, shape: [usize; 3], network: &dyn Network) -> Vec<Plane> {
        let text = include_str!("../../../../assets/models/fixture.toml");
        let (head, _) = text.split_once("[tiles]").expect("tiles");
        let label = "[[labels]]\nvalue = 1\nname = \"all\"";
        let flat = if tiles.starts_with("patch = [1,") { "NCHW" } else { "NCDHW" };
        let head = head.replace("NCDHW", flat);
        let card = Card::read(&format!("{head}[tiles]\n{tiles}\n{label}\n")).expect("card");
        let channels = [(0..shape.iter().product()).map(|n| (n * 31 % 101) as f32).collect()];
        let mut planes = Vec::new();
        let image = Image { channels: &channels, shape };
        predict(&card, network, &image, &Silent, &mut |plane| {
            planes.push(plane);
            Ok(())
        })
        .expect("answers");
        planes
    }

    #[test]
    fn what_a_network_copies_comes_back_wherever_patches_lie() {
        for (tiles, shape) in [
            ("patch = [4, 6, 8]", [11, 13, 17]),
            ("patch = [4, 6, 8]\nstarts = \"stride\"\nweight = { kind = \"constant\" }", [11, 13, 17]),
            ("patch = [8, 6, 8]", [3, 13, 5]),
            ("patch = [7, 16, 9]\npad = { mode = \"edge\" }", [4, 9, 8]),
            ("patch = [4, 6, 8]\nmirror_axes = [0, 2]\nstep = 1.0", [5, 6, 9]),
            ("patch = [1, 6, 8]", [3, 8, 9]),
        ] {
            let planes = planes(tiles, shape, &Copies);
            assert_eq!(planes.len(), shape[0], "{tiles}");
            let voxels = shape[1] * shape[2];
            for (d, plane) in planes.iter().enumerate() {
                assert_eq!(plane.len(), 2 * voxels);
                for n in 0..voxels {
                    let image = ((d * voxels + n) * 31 % 101) as f32;
                    assert!((plane[n] - image).abs() < 1e-3, "{tiles}: {} {image}", plane[n]);
                    assert!((plane[voxels + n] - image * 10.0 - 1.0).abs() < 1e-2, "{tiles}");
                }
            }
        }
    }

    #[test]
    fn mirrored_answers_are_turned_back() {
        let plain = planes("patch = [2, 2, 9]", [2, 2, 9], &Ramp);
        let mirrored = planes("patch = [2, 2, 9]\nmirror_axes = [2]", [2, 2, 9], &Ramp);
        for n in 0..9 {
            assert!((plain[0][n] - n as f32).abs() < 1e-5);
            assert!((mirrored[0][n] - 4.0).abs() < 1e-5, "the mean of n and 8 − n");
        }
    }
}
