//! Networks for segmentation, each described by a card.
//!
//! A card ([`Card`], TOML) says what a network was made for and how an image is brought to it: orientation, spacing,
//! intensities, patches, and what becomes of its answers. A new model is a new card and no code. The order of the steps is
//! that of nnU-Net v2 (Isensee et al. 2021: crop, intensities at the image's spacing, resampling, patches with Gaussian
//! weights, mean of logits, resampling of logits, greatest) or of MONAI's bundles (spacing, window, patches, probabilities
//! brought back); the card says which.
//!
//! [`Model::load`] checks the card and the hash of the network's file; [`Model::segment`] runs it. The engine is a
//! [`Network`]: [`Rten`] is always there, others may be given to [`Model::with_network`].
//!
//! Memory is bounded before anything is allocated; the network's answers are held only for as many planes of the model's grid
//! as a patch is deep, and labels are chosen plane by plane on the image's grid.

mod card;
mod checks;
mod conv3d;
mod crop;
mod engine;
mod error;
mod frame;
mod intensity;
mod native;
mod post;
mod predict;
mod resample;
mod tiles;

pub use card::{
    Activation, Align, Card, Channel, Code, Crop, Expected, First, Input, Intensity, Label, Layout, Native,
    Output, Pad, Post, Resample, Spacing, Starts, Tiles, Weight,
};
pub use engine::{Network, Rten, Tensor};
pub use error::{CardError, ModelError};

use std::ops::Range;

use meshing_volume::{LabelMap, Part, Progress, Volume, Words};
use ring::digest;

use crop::Region;
use frame::Frame;
use predict::{Image, Layer};
use resample::{Axis, Orders};

/// Memory that one run may take for the image and its answers; the network's own comes on top.
const MOST_BYTES: u64 = 8 << 30;

/// A network and its card.
#[derive(Debug)]
pub struct Model {
    card: Card,
    network: Box<dyn Network>,
}

/// What a model did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The model's id and version.
    pub model: String,
    /// SHA-256 of its file, as the card says and as it was checked.
    pub sha256: String,
    /// What ran it.
    pub engine: String,
    /// The part of the image that was looked at, along i, j, k.
    pub region: [Range<usize>; 3],
    /// Voxels of the model's grid along depth, rows, columns of the network's input.
    pub model_size: [usize; 3],
    /// Distance between them in mm: where faces are aligned, not quite that of the card.
    pub model_spacing_mm: [f64; 3],
    /// Patches that the network saw.
    pub patches: usize,
    /// What was found, in the order of the card.
    pub found: Vec<Found>,
    /// Whether the labels are those that the card expects of this image; `None` for any other image.
    pub as_expected: Option<bool>,
    /// What a person should know.
    pub notes: Vec<Words>,
}

/// How much of a structure was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its label.
    pub value: u8,
    /// Its name.
    pub name: String,
    /// Voxels.
    pub voxels: usize,
    /// Their volume in mm³, counted in whole voxels.
    pub volume_mm3: f64,
}

/// The grids of one run.
struct Way {
    frame: Frame,
    region: Region,
    axes: [Axis; 3],
    there: Orders,
    back: Orders,
}

impl Model {
    /// Reads a card and the ONNX file that it names; rten runs it.
    ///
    /// # Errors
    /// [`ModelError::Card`], [`ModelError::Hash`] or [`ModelError::Network`].
    pub fn load(card_text: &str, onnx: &[u8]) -> Result<Self, ModelError> {
        let card = Card::read(card_text)?;
        Self::check_file(&card, onnx)?;
        let network = Rten::read(onnx, card.input.name.as_deref(), card.input.output.as_deref())?;
        Ok(Self { card, network: Box::new(network) })
    }

    /// A card and a network in another engine. Whoever reads the network's file passes it through [`Model::check_file`] first.
    pub fn with_network(card: Card, network: Box<dyn Network>) -> Self {
        Self { card, network }
    }

    /// Whether a file is the one that a card names.
    ///
    /// # Errors
    /// [`ModelError::Hash`] where it is not.
    pub fn check_file(card: &Card, onnx: &[u8]) -> Result<(), ModelError> {
        let found = sha256(onnx);
        if found.eq_ignore_ascii_case(&card.sha256) {
            return Ok(());
        }
        Err(ModelError::Hash { model: card.id.clone(), expected: card.sha256.clone(), found })
    }

    /// The card.
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Labels of the structures that the model finds, on the volume's grid.
    ///
    /// # Errors
    /// [`ModelError`]: another modality than the card says, a model of several images, too large, nothing to look at, the
    /// network failed, or cancelled.
    pub fn segment(
        &self,
        volume: &Volume,
        progress: &dyn Progress,
    ) -> Result<(LabelMap, Report), ModelError> {
        self.segment_channels(&[volume], progress)
    }

    /// The same for a model that takes several images on the same grid, in the order of the card's channels.
    ///
    /// # Errors
    /// As [`Model::segment`], and where the number of images or their grids differ.
    pub fn segment_channels(
        &self,
        volumes: &[&Volume],
        progress: &dyn Progress,
    ) -> Result<(LabelMap, Report), ModelError> {
        let card = &self.card;
        let mut notes = self.check_images(volumes)?;
        progress.step(0, 1)?;
        let way = self.way(volumes)?;
        self.check_memory(&way, volumes)?;
        let channels = self.channels(volumes, &way, &mut notes, &Part::new(progress, 0.0, 0.1))?;
        let image = Image { channels: &channels, shape: way.axes.map(|axis| axis.to) };
        let empty = LabelMap::empty(volumes[0].grid());
        let mut writer = native::Writer::new(card, &way.frame, &way.region, empty, way.axes, way.back);
        let tiles = Part::new(progress, 0.1, 0.95);
        predict::predict(card, self.network.as_ref(), &image, &tiles, &mut |plane| {
            writer.take(plane);
            Ok(())
        })?;
        drop(channels);
        let mut map = writer.finish();
        post::apply(card, &mut map);
        let report = self.report(volumes[0], &way, &map, notes);
        progress.step(1, 1)?;
        Ok((map, report))
    }

    /// Modality, number and grids of the images.
    fn check_images(&self, volumes: &[&Volume]) -> Result<Vec<Words>, ModelError> {
        let card = &self.card;
        let given = volumes.iter().filter(|volume| volume.grid() == volumes[0].grid()).count();
        if given != card.channels.len() || given != volumes.len() {
            let (model, wants) = (card.id.clone(), card.channels.len());
            return Err(ModelError::Channels { model, wants, given });
        }
        let mut notes = Vec::new();
        for volume in volumes {
            let is = &volume.meta().modality;
            if is.is_empty() && card.modality != "any" {
                notes.push(Words::new(
                    format!("the image does not say its modality; the model is made for {}", card.modality),
                    format!("图像未注明成像方式；该模型适用于 {}", card.modality),
                ));
            } else if card.modality != "any" && *is != card.modality {
                let (model, wants, is) = (card.id.clone(), card.modality.clone(), is.clone());
                return Err(ModelError::Modality { model, wants, is });
            }
        }
        Ok(notes)
    }

    fn way(&self, volumes: &[&Volume]) -> Result<Way, ModelError> {
        let (card, grid) = (&self.card, volumes[0].grid());
        let letters = || CardError::invalid("input", "has letters that name no axes".to_owned());
        let frame = Frame::new(grid, &card.input).ok_or_else(letters)?;
        let wanted_mm = match card.input.spacing_mm {
            Spacing::Mm(mm) => Frame::from_xyz(&card.input, mm).ok_or_else(letters)?,
            Spacing::Native(_) => frame.spacing_mm,
        };
        let region = crop::region(&card.crop, volumes, &frame)?;
        let Resample { align, image_order, order_z, output_order, .. } = card.resample;
        // MONAI knows no axis that goes by itself.
        let aniso_threshold =
            if align == Align::Faces { card.resample.aniso_threshold } else { f64::INFINITY };
        let axes =
            core::array::from_fn(|n| Axis::new(align, region[n].len(), frame.spacing_mm[n], wanted_mm[n]));
        let there = Orders::new(frame.spacing_mm, wanted_mm, aniso_threshold, image_order, order_z);
        let back = Orders::new(wanted_mm, frame.spacing_mm, aniso_threshold, output_order, order_z);
        Ok(Way { frame, region, axes, there, back })
    }

    /// Refuses what takes too much memory, before any of it is taken.
    fn check_memory(&self, way: &Way, volumes: &[&Volume]) -> Result<(), ModelError> {
        let product = |shape: [usize; 3]| shape.iter().fold(1_u64, |all, &n| all.saturating_mul(n as u64));
        let to = way.axes.map(|axis| axis.to);
        let plane = product([1, to[1], to[2]]);
        let patch = self.card.tiles.patch;
        let (inputs, outputs) = (volumes.len() as u64, self.card.outputs() as u64);
        let held = plane.saturating_mul(outputs + 1).saturating_mul(patch[0] as u64 + 3);
        // A patch as it is cut and as the network takes it; its answer (mirrored, and the sum of all); its weights.
        let answers = if self.card.tiles.mirror_axes.is_empty() { 1 } else { 3 };
        let patches = product(patch).saturating_mul(2 * inputs + answers * outputs + 1);
        // Images on their way onto the model's grid or, all of them ready, patches and answers; the labels.
        let ready = product(to).saturating_mul(inputs);
        let numbers =
            ready.saturating_add(resample::most_held(way.axes, way.there).max(held.saturating_add(patches)));
        let bytes = numbers.saturating_mul(4).saturating_add(product(way.frame.shape));
        if bytes > MOST_BYTES {
            let (needs_mib, limit_mib) = (bytes >> 20, MOST_BYTES >> 20);
            return Err(ModelError::TooLarge { model: self.card.id.clone(), needs_mib, limit_mib });
        }
        Ok(())
    }

    /// The images on the model's grid as the network wants them.
    fn channels(
        &self,
        volumes: &[&Volume],
        way: &Way,
        notes: &mut Vec<Words>,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let shape = [way.axes.map(|axis| axis.from), way.axes.map(|axis| axis.to)];
        let mut channels = Vec::with_capacity(volumes.len());
        for (n, (volume, channel)) in volumes.iter().zip(&self.card.channels).enumerate() {
            progress.step(n, volumes.len())?;
            let (mut values, bad) = crop::cut(volume, &way.frame, &way.region);
            if bad > 0 {
                notes.push(Words::new(
                    format!("{bad} voxels were no numbers and counted as 0"),
                    format!("{bad} 个体素不是数值，按 0 处理"),
                ));
            }
            let first = self.card.resample.first;
            if first == First::Intensity {
                intensity::normalise(&mut values, shape[0], &channel.intensity);
            }
            let mut values = resample::resample(values, way.axes, way.there);
            if first == First::Resample {
                intensity::normalise(&mut values, shape[1], &channel.intensity);
            }
            channels.push(values);
        }
        Ok(channels)
    }

    fn report(&self, volume: &Volume, way: &Way, map: &LabelMap, notes: Vec<Words>) -> Report {
        let card = &self.card;
        let mut region = [0..0, 0..0, 0..0];
        for (n, &(axis, back)) in way.frame.axes.iter().enumerate() {
            let (Range { start, end }, length) = (way.region[n].clone(), way.frame.shape[n]);
            region[axis] = if back { length - end..length - start } else { start..end };
        }
        let mut counts = [0_usize; 256];
        map.labels().iter().for_each(|&label| counts[usize::from(label)] += 1);
        let found = card.labels.iter().map(|label| {
            let voxels = counts[usize::from(label.value)];
            let volume_mm3 = voxels as f64 * map.grid().voxel_mm3();
            Found { value: label.value, name: label.name.clone(), voxels, volume_mm3 }
        });
        let same = |text: &str, bytes: &[u8]| sha256(bytes).eq_ignore_ascii_case(text);
        let expected = card.expected.as_ref().filter(|expected| {
            expected.input_size == volume.grid().size() && same(&expected.input_sha256, &volume.voxel_bytes())
        });
        Report {
            model: format!("{} {}", card.id, card.version),
            sha256: card.sha256.clone(),
            engine: self.network.engine(),
            region,
            model_size: way.axes.map(|axis| axis.to),
            model_spacing_mm: core::array::from_fn(|n| way.axes[n].step_mm(way.frame.spacing_mm[n])),
            patches: Layer::new(card, way.axes.map(|axis| axis.to)).count(),
            found: found.collect(),
            as_expected: expected.map(|expected| same(&expected.labels_sha256, map.labels())),
            notes,
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
