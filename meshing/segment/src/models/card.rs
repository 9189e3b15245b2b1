//! The card of a model: what it was made for and how an image has to be brought to it, in TOML.
//!
//! Axes of the model's image are called x, y, z; `orientation` says where each grows to in the patient, `axis_order` which of
//! them lie along depth, rows and columns of the network's input. Spacing is given in the order x, y, z; patches and mirrored
//! axes in the order of the network's input.

use serde::Deserialize;

use super::{CardError, checks};

/// The card of a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Stable name, snake case.
    pub id: String,
    /// Version of the model.
    pub version: String,
    /// Name for people.
    pub title: String,
    /// Licence of the weights.
    pub licence: String,
    /// Who made the weights, from what.
    pub provenance: String,
    /// What it may be used for, and what not.
    pub intended_use: String,
    /// DICOM modality of the images it was made for; `any` for a test model.
    pub modality: String,
    /// Part of the body it was made for.
    pub body_part: String,
    /// The ONNX file, beside the card: a plain name.
    pub file: String,
    /// SHA-256 of that file, in hexadecimal digits.
    pub sha256: String,
    /// What the network takes.
    pub input: Input,
    /// The images it takes, in the order of the network's channels.
    pub channels: Vec<Channel>,
    /// How the image comes onto the model's grid, and its answer back.
    #[serde(default)]
    pub resample: Resample,
    /// What of the image is looked at.
    #[serde(default)]
    pub crop: Crop,
    /// How the image is cut into patches.
    pub tiles: Tiles,
    /// What the network's numbers become: nothing for logits of which the greatest counts.
    #[serde(default)]
    pub activation: Activation,
    /// What it finds.
    pub labels: Vec<Label>,
    /// What is done to the labels afterwards.
    #[serde(default)]
    pub post: Post,
    /// A test that the chain is right on this machine.
    pub expected: Option<Expected>,
}

/// What the network takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the network's input; the only one if none is given.
    pub name: Option<String>,
    /// Name of the network's output; the first if none is given.
    pub output: Option<String>,
    /// Dimensions of the input.
    #[serde(default)]
    pub layout: Layout,
    /// The sides towards which the axes x, y, z grow, such as `RAS`.
    pub orientation: String,
    /// Which axes lie along depth, rows and columns, such as `zyx`.
    pub axis_order: String,
    /// Distance between voxels along x, y, z.
    pub spacing_mm: Spacing,
}

/// Dimensions of the network's input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Layout {
    /// One, channels, depth, rows, columns.
    #[default]
    #[serde(rename = "NCDHW")]
    Volume,
    /// One, channels, rows, columns: slices along the first axis of `axis_order`, each by itself.
    #[serde(rename = "NCHW")]
    Slice,
}

/// Distance between voxels.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "three numbers in mm, or \"native\"")]
pub enum Spacing {
    /// Along x, y, z in mm.
    Mm([f64; 3]),
    /// That of the image.
    Native(Native),
}

/// The word for the image's own spacing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Native {
    /// The image's own.
    #[serde(rename = "native")]
    Native,
}

/// One of the images that a model takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// What it is, such as `CT`.
    pub name: String,
    /// What is done to its values.
    pub intensity: Intensity,
}

/// What is done to values.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Intensity {
    /// Limits, then distance from a mean in deviations, all from the training (nnU-Net's CTNormalization).
    ClipZscore {
        /// Least value kept.
        low: f64,
        /// Greatest value kept.
        high: f64,
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// Distance from the image's own mean in its own deviations.
    Zscore {},
    /// The same over what is not zero, holes filled; the rest stays as it is.
    ZscoreNonzero {},
    /// A window onto 0 to 1, cut off there (MONAI's ScaleIntensityRange).
    Window01 {
        /// Value that becomes 0.
        low: f64,
        /// Value that becomes 1.
        high: f64,
    },
    /// Nothing.
    None {},
}

/// How the image comes onto the model's grid, and its answer back.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resample {
    /// Whether intensities are set before or after resampling.
    pub first: First,
    /// What of both grids coincides.
    pub align: Align,
    /// Order of the splines for the image: 0, 1 or 3.
    pub image_order: u8,
    /// Where faces are aligned and the widest spacing exceeds the finest by more than this factor, the axis of the widest goes
    /// by itself.
    pub aniso_threshold: f64,
    /// The order along that axis: 0 or 1.
    pub order_z: u8,
    /// What is brought back to the image's grid.
    pub output: Output,
    /// The order for that: 0 or 1.
    pub output_order: u8,
}

impl Default for Resample {
    fn default() -> Self {
        Self {
            first: First::Intensity,
            align: Align::Faces,
            image_order: 3,
            aniso_threshold: 3.0,
            order_z: 0,
            output: Output::Logits,
            output_order: 1,
        }
    }
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// Intensities on the image's own grid (nnU-Net).
    Intensity,
    /// Resampling (MONAI).
    Resample,
}

/// What of the image's and the model's grid coincides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// The outer faces; the spacing gives way to the whole number of voxels (nnU-Net).
    Faces,
    /// The centres of the first voxels; the spacing is exact (MONAI's Spacing).
    Centres,
}

/// What is brought back to the image's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// The network's numbers (nnU-Net).
    Logits,
    /// Probabilities (MONAI's Invertd).
    Prob,
    /// Labels, by nearest neighbour.
    Label,
}

/// What of the image is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Crop {
    /// All.
    None {},
    /// The box around what is not zero in any channel.
    Nonzero {},
    /// The box around the largest connected part above a value of the first channel.
    Body {
        /// The value.
        above: f64,
        /// Added on each side.
        margin_mm: f64,
    },
}

impl Default for Crop {
    fn default() -> Self {
        Self::None {}
    }
}

/// How the image is cut into patches, and what is made of their answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    /// Depth, rows and columns of a patch.
    pub patch: [usize; 3],
    /// Distance between patches in patches.
    #[serde(default = "half")]
    pub step: f64,
    /// Where patches begin.
    #[serde(default)]
    pub starts: Starts,
    /// How much each voxel of a patch counts.
    #[serde(default)]
    pub weight: Weight,
    /// What lies around an image smaller than a patch.
    #[serde(default)]
    pub pad: Pad,
    /// Axes (0 depth, 1 rows, 2 columns) along which patches are mirrored as well; the mean of all counts.
    #[serde(default)]
    pub mirror_axes: Vec<usize>,
}

fn half() -> f64 {
    0.5
}

/// Where patches begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// Spread evenly, no farther apart than the step (nnU-Net).
    #[default]
    Even,
    /// The step apart, the last moved back into the image (MONAI).
    Stride,
}

/// How much each voxel of a patch counts.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Weight {
    /// A Gaussian around voxel n / 2 (nnU-Net).
    Gaussian {
        /// Its deviation as a share of the patch.
        sigma: f64,
    },
    /// A Gaussian around the middle, no less than 0.001 (MONAI).
    GaussianMiddle {
        /// Its deviation as a share of the patch.
        sigma: f64,
    },
    /// All the same.
    Constant {},
}

impl Default for Weight {
    fn default() -> Self {
        Self::Gaussian { sigma: 0.125 }
    }
}

/// What lies around an image smaller than a patch.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pad {
    /// A value, as the network sees it.
    Constant {
        /// The value.
        value: f64,
    },
    /// The nearest voxel's value.
    Edge {},
}

impl Default for Pad {
    fn default() -> Self {
        Self::Constant { value: 0.0 }
    }
}

/// What the network's numbers become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// One label a voxel, the greatest counts.
    Softmax,
    /// Each channel by itself: regions may overlap, and a label listed later covers those before it.
    Sigmoid,
    /// The numbers as they are; the greatest counts.
    #[default]
    None,
}

/// A structure that the model finds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its number in the label map, 1 to 255.
    pub value: u8,
    /// Its name.
    pub name: String,
    /// Its name in Chinese.
    pub name_zh: Option<String>,
    /// Channel of the network's output; if none is given, the value, or with sigmoid the place in the list.
    pub channel: Option<usize>,
    /// Its code.
    pub code: Option<Code>,
    /// Its colour, red, green, blue.
    pub colour: Option<[u8; 3]>,
}

/// A coded term.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Coding scheme, such as `SCT` for SNOMED CT.
    pub scheme: String,
    /// Code.
    pub value: String,
    /// Meaning.
    pub meaning: String,
}

/// What is done to the labels afterwards, in this order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Post {
    /// Labels of which only the largest connected part stays.
    pub largest_component: Vec<u8>,
    /// Connected parts of any label that are smaller go.
    pub min_ml: f64,
    /// Labels whose enclosed background is filled.
    pub fill_holes: Vec<u8>,
}

/// An image and the labels that the model must find in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// SHA-256 of the image's voxels, little-endian, i fastest.
    pub input_sha256: String,
    /// Size of the image along i, j, k: other images are not hashed.
    pub input_size: [usize; 3],
    /// SHA-256 of its labels, i fastest.
    pub labels_sha256: String,
}

impl Card {
    /// Reads and checks a card.
    ///
    /// # Errors
    /// [`CardError`]: not TOML, a key that no card has or that is missing (named, with its line), or a value out of bounds.
    pub fn read(text: &str) -> Result<Self, CardError> {
        const MOST_BYTES: usize = 1 << 18;
        if text.len() > MOST_BYTES {
            return Err(CardError::invalid("card", format!("is longer than {MOST_BYTES} bytes")));
        }
        let card: Self = toml::from_str(text).map_err(|error| CardError::Text(error.to_string()))?;
        checks::card(&card)?;
        Ok(card)
    }

    /// Channels of the network's output.
    pub fn outputs(&self) -> usize {
        let least = if self.activation == Activation::Sigmoid { 1 } else { 2 };
        (0..self.labels.len()).map(|n| self.channel(n) + 1).fold(least, usize::max)
    }

    /// Channel of the network's output for the label at a place in the list.
    pub(super) fn channel(&self, place: usize) -> usize {
        let label = &self.labels[place];
        let usual = if self.activation == Activation::Sigmoid { place } else { usize::from(label.value) };
        label.channel.unwrap_or(usual)
    }
}
