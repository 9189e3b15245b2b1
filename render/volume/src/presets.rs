//! Looks with clinical names: those that ship with the program (`assets/transfer`) and a person's own.

mod file;
mod folder;

use std::sync::OnceLock;

use meshing_volume::{Told, Volume};

use crate::{Look, Window};
pub use folder::{Folder, in_folder};

/// A look with its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Stable id, for example `bone`: 1 to 64 of `a`-`z`, `0`-`9`, `_` and `-`; the name of its file.
    pub id: String,
    /// English name.
    pub name_en: String,
    /// Chinese name.
    pub name_zh: String,
    /// The modality it is for, for example `CT`.
    pub modality: String,
    /// The look itself.
    pub look: Look,
    /// The values are shares of the volume's own range, as those of MR and of PET without SUV must be; see
    /// [`Preset::look_for`].
    pub relative: bool,
}

/// Why a preset cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// Too many bytes.
    #[error("the file has {bytes} bytes, and a preset has at most {limit}; is it another file?")]
    TooLarge {
        /// Bytes of the file.
        bytes: u64,
        /// How many it may have.
        limit: u64,
    },
    /// Not the text of a preset.
    #[error("the file is not a preset: {reason}")]
    Syntax {
        /// What the reader of TOML says, without the file's own text.
        reason: String,
    },
    /// A number that makes no sense.
    #[error("{what} of the preset is missing, not finite or out of its range; correct it in the file")]
    Value {
        /// Which.
        what: &'static str,
    },
    /// An id with other letters.
    #[error("the preset's id must be 1 to 64 of a-z, 0-9, _ and -; rename it")]
    Id,
    /// An id of a shipped preset.
    #[error("{id} is the id of a preset that ships with the program; choose another one")]
    Taken {
        /// The id.
        id: String,
    },
    /// The file could not be read or written.
    #[error("the preset's file could not be read or written: {0}")]
    File(#[from] std::io::Error),
}

impl Told for PresetError {
    fn chinese(&self) -> String {
        match self {
            Self::TooLarge { bytes, limit } => {
                format!("文件有 {bytes} 字节，预设最多 {limit} 字节；是否选错了文件？")
            }
            Self::Syntax { .. } => "文件不是预设：TOML 格式有误或字段不符".to_owned(),
            Self::Value { what } => format!("预设的 {what} 缺失、不是有限值或超出范围；请在文件中更正"),
            Self::Id => "预设的标识必须为 1 到 64 个 a-z、0-9、_ 或 - 字符；请重命名".to_owned(),
            Self::Taken { id } => format!("{id} 是程序自带预设的标识；请换一个"),
            Self::File(error) => format!("无法读写预设文件：{}", error.chinese()),
        }
    }
}

macro_rules! shipped {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../assets/transfer/", $id, ".toml")))),*]
    };
}

/// Files by id, in the order in which they are offered.
const FILES: &[(&str, &str)] = shipped![
    "bone",
    "bone_soft",
    "bone_contrast",
    "vessel",
    "cardiac",
    "coronary",
    "pulmonary_artery",
    "chest_contrast",
    "abdomen_contrast",
    "liver_vessel",
    "lung",
    "airways",
    "airways_min",
    "skin",
    "skin_surface",
    "skin_and_bone",
    "soft_tissue",
    "edges",
    "muscle",
    "fat",
    "brain",
    "metal",
    "xray",
    "ct_mip",
    "ct_mean",
    "mr",
    "mr_brain",
    "mr_vessel",
    "mr_angio",
    "pet",
    "pet_mip",
];

/// All presets that ship with the program.
pub fn list() -> &'static [Preset] {
    static LIST: OnceLock<Vec<Preset>> = OnceLock::new();
    LIST.get_or_init(|| {
        let read = |(id, text): &(&str, &str)| Preset::read(id, text.as_bytes());
        FILES.iter().map(read).collect::<Result<_, _>>().expect("a unit test reads every preset")
    })
}

/// The shipped preset of an id; `None` if there is none.
pub fn named(id: &str) -> Option<&'static Preset> {
    list().iter().find(|p| p.id == id)
}

/// The shipped presets for a modality, such as `CT`, in the order in which they are offered.
pub fn for_modality(modality: &str) -> impl Iterator<Item = &'static Preset> {
    list().iter().filter(move |p| p.modality == modality)
}

impl Preset {
    /// The look for a volume: as it is for units with a meaning (HU); where `relative`, stretched over the volume's own
    /// range, from its 1st to its 99.5th percentile.
    pub fn look_for(&self, volume: &Volume) -> Look {
        if !self.relative {
            return self.look.clone();
        }
        let (low, high) = percentiles(volume);
        let scale = high - low;
        let mut look = self.look.clone();
        look.transfer = self.look.transfer.stretched(scale, low).unwrap_or(look.transfer);
        for point in &mut look.gradient_opacity {
            point.per_mm *= scale;
        }
        for surface in &mut look.surfaces {
            surface.value = surface.value * scale + low;
        }
        let (c, w) = (look.window.center, look.window.width);
        look.window = Window::new(f64::from(low) + c * f64::from(scale), (w * f64::from(scale)).max(1.0));
        look.shading.gradient_per_mm = look.shading.gradient_per_mm.map(|g| g * scale);
        look
    }
}

/// 1st and 99.5th percentile of up to a million voxels evenly taken.
fn percentiles(volume: &Volume) -> (f32, f32) {
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
            assert_eq!(preset.relative, preset.modality != "CT", "{}", preset.id);
        }
        assert!(named("bone").is_some() && named("nothing").is_none());
        for (n, preset) in list().iter().enumerate() {
            let alike =
                |p: &Preset| p.id == preset.id || p.name_en == preset.name_en || p.name_zh == preset.name_zh;
            assert!(!list()[..n].iter().any(alike), "{} is there twice", preset.id);
        }
        for modality in ["CT", "MR", "PT"] {
            assert!(for_modality(modality).count() > 0);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_shipped() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/transfer");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(named(&id).is_some(), "{id} is not listed");
        }
    }
}
