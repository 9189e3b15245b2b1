//! The looks that ship with the program, from `assets/transfer`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::{Look, Mode, Shading, TransferFunction, TransferPoint, Window};

/// A look with its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Stable id, for example `bone`.
    pub id: String,
    /// English name.
    pub name_en: String,
    /// Chinese name.
    pub name_zh: String,
    /// The modality it is for, for example `CT`. The points of one for `MR` are shares of the volume's own
    /// range, see [`Preset::look_for`].
    pub modality: String,
    /// The look itself.
    pub look: Look,
    relative: bool,
}

/// Files by id.
const FILES: &[(&str, &str)] = &[
    ("bone", include_str!("../../../assets/transfer/bone.toml")),
    ("vessel", include_str!("../../../assets/transfer/vessel.toml")),
    ("lung", include_str!("../../../assets/transfer/lung.toml")),
    ("skin", include_str!("../../../assets/transfer/skin.toml")),
    ("brain", include_str!("../../../assets/transfer/brain.toml")),
    ("mr", include_str!("../../../assets/transfer/mr.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name_en: String,
    name_zh: String,
    modality: String,
    /// Values are 0..1 from the volume's 1st to its 99.5th percentile.
    #[serde(default)]
    relative: bool,
    mode: Mode,
    window: Window,
    #[serde(default)]
    shading: Shading,
    #[serde(default = "half")]
    step_voxels: f32,
    points: Vec<TransferPoint>,
}

fn half() -> f32 {
    0.5
}

/// All presets.
pub fn list() -> &'static [Preset] {
    static LIST: OnceLock<Vec<Preset>> = OnceLock::new();
    LIST.get_or_init(|| FILES.iter().map(|(id, text)| parse(id, text)).collect())
}

/// The preset of an id; `None` if there is none.
pub fn named(id: &str) -> Option<&'static Preset> {
    list().iter().find(|p| p.id == id)
}

fn parse(id: &str, text: &str) -> Preset {
    let file: File = toml::from_str(text).expect("a unit test reads every preset");
    let transfer = TransferFunction::new(file.points).expect("a unit test reads every preset");
    Preset {
        id: id.to_owned(),
        name_en: file.name_en,
        name_zh: file.name_zh,
        modality: file.modality,
        look: Look {
            mode: file.mode,
            window: file.window,
            transfer,
            shading: file.shading,
            step_voxels: file.step_voxels,
        },
        relative: file.relative,
    }
}

impl Preset {
    /// The look for a volume: as it is for units with a meaning (HU); for MR, whose values have none, stretched
    /// over the volume's own range, from its 1st to its 99.5th percentile.
    pub fn look_for(&self, volume: &meshing_volume::Volume) -> Look {
        if !self.relative {
            return self.look.clone();
        }
        let (low, high) = percentiles(volume);
        let scale = high - low;
        let mut look = self.look.clone();
        look.transfer = self.look.transfer.stretched(scale, low).unwrap_or(look.transfer);
        let (c, w) = (look.window.center, look.window.width);
        look.window = Window::new(f64::from(low) + c * f64::from(scale), (w * f64::from(scale)).max(1.0));
        look.shading.gradient_per_mm = look.shading.gradient_per_mm.map(|g| g * scale);
        look
    }
}

/// 1st and 99.5th percentile of up to a million voxels evenly taken.
fn percentiles(volume: &meshing_volume::Volume) -> (f32, f32) {
    let n = volume.voxels().len();
    let stride = n.div_ceil(1_000_000).max(1);
    let mut sample: Vec<f32> =
        (0..n).step_by(stride).map(|i| volume.value_at(i)).filter(|v| v.is_finite()).collect();
    if sample.is_empty() {
        return (0.0, 1.0);
    }
    let last = sample.len() - 1;
    let mut at =
        |share: f64| *sample.select_nth_unstable_by((last as f64 * share) as usize, f32::total_cmp).1;
    let (low, high) = (at(0.01), at(0.995));
    (low, high.max(low + 1e-3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound() {
        for preset in list() {
            assert!(!preset.name_en.is_empty() && !preset.name_zh.is_ascii(), "{}", preset.id);
            let points = preset.look.transfer.points();
            assert!(points.iter().any(|p| p.opacity_per_mm > 0.0), "{} shows nothing", preset.id);
            let channels = points.iter().flat_map(|p| p.colour.into_iter().chain([p.opacity_per_mm]));
            assert!(channels.into_iter().all(|c| (0.0..=1.0).contains(&c)), "{} leaves 0..1", preset.id);
        }
        assert_eq!(list().len(), 6);
        assert!(named("bone").is_some() && named("nothing").is_none());
    }
}
