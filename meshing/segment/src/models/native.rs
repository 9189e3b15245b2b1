//! From the model's answers to labels on the image's own grid: plane by plane, so that the answers are never held at the
//! image's resolution.

use std::collections::VecDeque;

use meshing_volume::LabelMap;
use rayon::prelude::*;

use super::card::{Activation, Card, Output};
use super::crop::Region;
use super::frame::Frame;
use super::predict::Plane;
use super::resample::{Axis, Orders};

/// How numbers become a label.
#[derive(Clone, Debug)]
enum Choice {
    /// The label of the channel with the greatest number, the first of equals.
    Greatest(Vec<u8>),
    /// The label of the last channel, in the order of the card, above a bound.
    Above(f32, Vec<(usize, u8)>),
    /// The number is the label.
    Itself,
}

impl Choice {
    fn new(card: &Card) -> Self {
        let labels = || card.labels.iter().enumerate().map(|(n, label)| (card.channel(n), label.value));
        if card.activation == Activation::Sigmoid {
            let bound = if card.resample.output == Output::Prob { 0.5 } else { 0.0 };
            return Self::Above(bound, labels().collect());
        }
        let mut values = vec![0; card.outputs()];
        labels().for_each(|(channel, value)| values[channel] = value);
        Self::Greatest(values)
    }

    /// Chooses a line of labels from lines of numbers, one for each channel.
    fn line(
        &self,
        labels: &mut [u8],
        best: &mut [f32],
        channels: usize,
        mut fill: impl FnMut(usize, &mut [f32]),
    ) {
        let mut numbers = vec![0.0; labels.len()];
        match self {
            Self::Itself => {
                fill(0, &mut numbers);
                labels.iter_mut().zip(&numbers).for_each(|(label, &number)| *label = number as u8);
            }
            Self::Greatest(values) => {
                best.fill(f32::NEG_INFINITY);
                for (channel, &value) in values.iter().enumerate().take(channels) {
                    fill(channel, &mut numbers);
                    for ((label, best), &number) in labels.iter_mut().zip(best.iter_mut()).zip(&numbers) {
                        let more = number > *best;
                        *best = if more { number } else { *best };
                        *label = if more { value } else { *label };
                    }
                }
            }
            Self::Above(bound, values) => {
                labels.fill(0);
                for &(channel, value) in values {
                    fill(channel, &mut numbers);
                    for (label, &number) in labels.iter_mut().zip(&numbers) {
                        *label = if number > *bound { value } else { *label };
                    }
                }
            }
        }
    }
}

/// Takes the model's planes in order and writes labels.
pub(super) struct Writer<'a> {
    choice: Choice,
    /// How the numbers of a plane are changed before they are brought back.
    change: Option<(Activation, Choice)>,
    frame: &'a Frame,
    region: &'a Region,
    map: LabelMap,
    /// From the image's grid back to the model's, along each axis.
    axes: [Axis; 3],
    order: u8,
    /// For each row and column of the image those of the model around it.
    down: Vec<(usize, usize, f32)>,
    across: Vec<(usize, usize, f32)>,
    /// The planes of the model that are still needed, and which the first of them is.
    planes: VecDeque<Plane>,
    first: usize,
    /// The next plane of the image.
    next: usize,
}

impl<'a> Writer<'a> {
    /// Labels on the grid of `map`, all background before, in a region of a frame. `axes` lead from the image to the model.
    pub(super) fn new(
        card: &Card,
        frame: &'a Frame,
        region: &'a Region,
        map: LabelMap,
        axes: [Axis; 3],
        orders: Orders,
    ) -> Self {
        let axes = axes.map(Axis::back);
        let along = if card.resample.output == Output::Label { [0; 3] } else { orders.along };
        let between = |axis: usize| (0..axes[axis].to).map(|n| axes[axis].between(n, along[axis])).collect();
        let (choice, change) = match card.resample.output {
            Output::Logits => (Choice::new(card), None),
            Output::Prob => (Choice::new(card), Some((card.activation, Choice::Itself))),
            Output::Label => (Choice::Itself, Some((Activation::None, Choice::new(card)))),
        };
        Self {
            choice,
            change,
            frame,
            region,
            map,
            axes,
            order: along[0],
            down: between(1),
            across: between(2),
            planes: VecDeque::new(),
            first: 0,
            next: 0,
        }
    }

    /// Takes the next plane of the model and writes all planes of the image that need no later one.
    pub(super) fn take(&mut self, mut plane: Plane) {
        let voxels = self.axes[1].from * self.axes[2].from;
        match &self.change {
            Some((Activation::None, choice @ (Choice::Greatest(_) | Choice::Above(..)))) => {
                let (mut labels, mut best) = (vec![0; voxels], vec![0.0; voxels]);
                let fill = |channel: usize, numbers: &mut [f32]| {
                    numbers.copy_from_slice(&plane[channel * voxels..][..voxels]);
                };
                choice.line(&mut labels, &mut best, plane.len() / voxels, fill);
                plane = labels.into_iter().map(f32::from).collect();
            }
            Some((Activation::Softmax, _)) => softmax(&mut plane, voxels),
            Some((Activation::Sigmoid, _)) => {
                plane.par_iter_mut().for_each(|value| *value = 1.0 / (1.0 + (-*value).exp()));
            }
            _ => {}
        }
        self.planes.push_back(plane);
        while self.next < self.axes[0].to {
            let (before, after, t) = self.axes[0].between(self.next, self.order);
            while self.first < before && self.planes.pop_front().is_some() {
                self.first += 1;
            }
            if after >= self.first + self.planes.len() {
                break;
            }
            self.write(before, after, t);
            self.next += 1;
        }
    }

    /// Writes the next plane of the image, which lies `t` of the way between two of the model.
    fn write(&mut self, before: usize, after: usize, t: f32) {
        let [rows, columns] = [self.axes[1].from, self.axes[2].from];
        let width = self.across.len();
        let (a, b) = (&self.planes[before - self.first], &self.planes[after - self.first]);
        let channels = a.len() / (rows * columns);
        let mut labels = vec![0_u8; self.down.len() * width];
        labels.par_chunks_mut(width).zip(&self.down).for_each_init(
            || (vec![0.0_f32; columns], vec![0.0_f32; width]),
            |(line, best), (labels, &(up, low, s))| {
                let weights = [(1.0 - t) * (1.0 - s), (1.0 - t) * s, t * (1.0 - s), t * s];
                self.choice.line(labels, best, channels, |channel, numbers| {
                    let row = |plane: &'_ Plane, h: usize| (channel * rows + h) * columns..plane.len();
                    let four = [&a[row(a, up)], &a[row(a, low)], &b[row(b, up)], &b[row(b, low)]];
                    blend(line, four, weights);
                    for (number, &(left, right, u)) in numbers.iter_mut().zip(&self.across) {
                        *number = line[left] * (1.0 - u) + line[right] * u;
                    }
                });
            },
        );
        let d = self.region[0].start + self.next;
        let all = self.map.labels_mut();
        for (h, line) in labels.chunks_exact(width).enumerate() {
            for (w, &label) in line.iter().enumerate() {
                let at = [d, self.region[1].start + h, self.region[2].start + w];
                all[self.frame.place(at)] = label;
            }
        }
    }

    /// The labels.
    pub(super) fn finish(self) -> LabelMap {
        self.map
    }
}

/// The sum of four lines with their weights.
fn blend(line: &mut [f32], [a, b, c, d]: [&[f32]; 4], [p, q, r, s]: [f32; 4]) {
    for ((((line, a), b), c), d) in line.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *line = a * p + b * q + c * r + d * s;
    }
}

fn softmax(plane: &mut [f32], voxels: usize) {
    let mut greatest = plane[..voxels].to_vec();
    for channel in plane.chunks_exact(voxels) {
        greatest.iter_mut().zip(channel).for_each(|(greatest, &value)| *greatest = greatest.max(value));
    }
    let mut sum = vec![0.0_f32; voxels];
    for channel in plane.chunks_exact_mut(voxels) {
        for ((value, greatest), sum) in channel.iter_mut().zip(&greatest).zip(&mut sum) {
            *value = (*value - greatest).exp();
            *sum += *value;
        }
    }
    for channel in plane.chunks_exact_mut(voxels) {
        channel.iter_mut().zip(&sum).for_each(|(value, sum)| *value /= sum);
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::{Point, Vector};
    use meshing_volume::Grid;

    use super::*;
    use crate::models::card::Align;
    use crate::models::resample::resample;

    fn noise(count: usize) -> Vec<f32> {
        (0..count).map(|n| ((n * 7919 + 13) % 997) as f32 / 100.0 - 5.0).collect()
    }

    /// Card, region of the image, model's planes; the labels written and those of whole images resampled at once.
    fn both(replace: &[(&str, &str)], align: Align, apart: Option<usize>, order: u8) -> (Vec<u8>, Vec<u8>) {
        let mut text = include_str!("../../../../assets/models/fixture.toml").to_owned();
        for (from, to) in replace {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let card = Card::read(&text).expect("card");
        let side = [Vector::new(0.0, -1.0, 0.0), Vector::new(0.0, 0.0, 1.0), Vector::new(1.0, 0.0, 0.0)];
        let grid = Grid::new([13, 15, 12], Point::origin(), side, [1.0, 1.5, 2.0]).expect("grid");
        let frame = Frame::new(&grid, &card.input).expect("frame");
        assert_eq!(frame.shape, [15, 13, 12]);
        let region = [2..14, 1..10, 0..11];
        let wanted = [2.3, 0.7, 2.9];
        let axes: [Axis; 3] =
            core::array::from_fn(|n| Axis::new(align, region[n].len(), frame.spacing_mm[n], wanted[n]));
        let mut along = [order; 3];
        if let Some(axis) = apart {
            along[axis] = 0;
        }
        let orders = Orders { along, apart };
        let [depth, rows, columns] = axes.map(|axis| axis.to);
        let plane = rows * columns;
        let channels: Vec<Vec<f32>> =
            (0..card.outputs()).map(|c| noise(depth * plane + c).split_off(c)).collect();
        let mut writer = Writer::new(&card, &frame, &region, LabelMap::empty(&grid), axes, orders);
        for d in 0..depth {
            let parts = channels.iter().map(|channel| &channel[d * plane..][..plane]);
            writer.take(parts.collect::<Vec<_>>().concat());
        }
        let map = writer.finish();
        let sigmoid = card.activation == Activation::Sigmoid;
        let changed: Vec<Vec<f32>> = if card.resample.output == Output::Prob {
            let sums: Vec<f32> =
                (0..depth * plane).map(|n| channels.iter().map(|c| c[n].exp()).sum()).collect();
            let change =
                |n: usize, v: f32| if sigmoid { 1.0 / (1.0 + (-v).exp()) } else { v.exp() / sums[n] };
            channels.iter().map(|c| c.iter().enumerate().map(|(n, &v)| change(n, v)).collect()).collect()
        } else {
            channels
        };
        let whole: Vec<Vec<f32>> =
            changed.into_iter().map(|c| resample(c, axes.map(Axis::back), orders)).collect();
        let mut labels = vec![0; grid.len()];
        let size = region.clone().map(|range| range.len());
        for (n, &first) in whole[0].iter().enumerate() {
            let at = [n / (size[1] * size[2]), n / size[2] % size[1], n % size[2]];
            let bound = if card.resample.output == Output::Prob { 0.5 } else { 0.0 };
            let label = if sigmoid {
                // Label 1 is channel 0, label 2 channel 1 and later in the list.
                if whole[1][n] > bound { 2 } else { u8::from(first > bound) }
            } else {
                let most = (0..3).max_by(|&a, &b| whole[a][n].total_cmp(&whole[b][n])).expect("three");
                most as u8
            };
            labels[frame.place(core::array::from_fn(|axis| region[axis].start + at[axis]))] = label;
        }
        (map.labels().to_vec(), labels)
    }

    #[test]
    fn plane_by_plane_is_the_same_as_all_at_once() {
        let prob = [("output = \"logits\"\noutput_order", "output = \"prob\"\noutput_order")];
        let soft = [prob[0], ("body_part", "activation = \"softmax\"\nbody_part")];
        let sigmoid = [prob[0], ("body_part", "activation = \"sigmoid\"\nbody_part")];
        let cards: [&[(&str, &str)]; 4] = [&[], &soft, &sigmoid, &sigmoid[1..]];
        for (n, card) in cards.into_iter().enumerate() {
            for (align, apart, order) in [
                (Align::Faces, None, 1),
                (Align::Centres, None, 1),
                (Align::Faces, Some(0), 1),
                (Align::Faces, Some(2), 1),
                (Align::Faces, None, 0),
            ] {
                let (found, wanted) = both(card, align, apart, order);
                let differ = found.iter().zip(&wanted).filter(|(a, b)| a != b).count();
                assert!(differ <= 1, "card {n} {align:?} {apart:?} order {order}: {differ} differ");
                for label in 0..3 {
                    assert!(found.iter().filter(|&&l| l == label).count() > 50, "card {n} label {label}");
                }
            }
        }
    }

    #[test]
    fn labels_go_back_to_their_nearest_voxels() {
        let label = [("output = \"logits\"\noutput_order", "output = \"label\"\noutput_order")];
        for align in [Align::Faces, Align::Centres] {
            // Nearest labels are the labels of the nearest numbers.
            let (found, _) = both(&label, align, None, 1);
            let (wanted, _) = both(&[], align, None, 0);
            assert_eq!(found, wanted);
        }
    }
}
