//! What can go wrong when a method runs.

use meshing_volume::{Cancelled, Phrase, Told, Words};

use crate::edit::EditError;

/// Why a method gave no mask.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A parameter that the method does not have.
    #[error("method {method} has no parameter {id}")]
    UnknownParam {
        /// The method.
        method: &'static str,
        /// The parameter asked for.
        id: String,
    },
    /// A parameter out of its range.
    #[error("parameter {id} = {value} is outside {min} to {max}")]
    OutOfRange {
        /// The parameter.
        id: &'static str,
        /// The value given.
        value: f64,
        /// The smallest allowed.
        min: f64,
        /// The largest allowed.
        max: f64,
    },
    /// Parameters that contradict each other.
    #[error("{0}")]
    Contradiction(Words),
    /// The method does not work on this kind of image.
    #[error("method {method} needs {needs}")]
    Modality {
        /// The method.
        method: &'static str,
        /// What it needs.
        needs: Words,
    },
    /// Seeds, strokes or a mask are missing.
    #[error("method {method} needs more than the volume: {needs}")]
    Missing {
        /// The method.
        method: &'static str,
        /// What to give.
        needs: Phrase,
    },
    /// Seeds, strokes or a mask were given to a method that would not look at them.
    #[error("method {method} takes no {what}")]
    NotTaken {
        /// The method.
        method: &'static str,
        /// What was given.
        what: &'static str,
    },
    /// A seed lies outside the volume.
    #[error("the seed at {at:?} mm lies outside the volume")]
    SeedOutside {
        /// Where, LPS mm.
        at: [f64; 3],
    },
    /// Labels that belong to another volume.
    #[error("the {what} are not on the grid of the volume")]
    OtherGrid {
        /// Which of them.
        what: &'static str,
    },
    /// More voxels than can be numbered in 32 bits.
    #[error("a volume of {voxels} voxels is too large for this method: crop or coarsen it")]
    TooLarge {
        /// Voxels.
        voxels: usize,
    },
    /// More memory than may be taken.
    #[error(
        "{labels} labels in this volume take {needs_mib} MiB, {limit_mib} may be taken: crop it, or give fewer labels"
    )]
    TooManyLabels {
        /// Different labels.
        labels: usize,
        /// Memory needed.
        needs_mib: u64,
        /// Memory allowed.
        limit_mib: u64,
    },
    /// Nothing was found.
    #[error("method {method} found nothing: {why}")]
    Nothing {
        /// The method.
        method: &'static str,
        /// The likely reason.
        why: Words,
    },
}

impl SegmentError {
    pub(crate) fn contradiction(en: &str, zh: &str) -> Self {
        Self::Contradiction(Words::new(en, zh))
    }

    pub(crate) fn nothing(method: &'static str, en: &str, zh: &str) -> Self {
        Self::Nothing { method, why: Words::new(en, zh) }
    }

    /// For methods whose levels are Hounsfield units.
    pub(crate) fn not_ct(method: &'static str) -> Self {
        Self::Modality {
            method, needs: Words::new("a CT in Hounsfield units", "以亨氏单位（HU）表示的 CT")
        }
    }
}

impl From<EditError> for SegmentError {
    fn from(error: EditError) -> Self {
        Self::Contradiction(error.words())
    }
}

impl Told for SegmentError {
    fn chinese(&self) -> String {
        let given = |what: &str| match what {
            "seeds" => "种子点",
            "markers" => "标记",
            "labels" => "标签图",
            "so many masks" => "这么多分割",
            _ => "分割",
        };
        match self {
            Self::Cancelled(error) => error.chinese(),
            Self::UnknownParam { method, id } => format!("方法 {method} 没有参数 {id}"),
            Self::OutOfRange { id, value, min, max } => {
                format!("参数 {id} = {value} 超出范围 {min} 至 {max}")
            }
            Self::Contradiction(why) => why.zh.clone(),
            Self::Modality { method, needs } => format!("方法 {method} 需要{}", needs.zh),
            Self::Missing { method, needs } => format!("方法 {method} 除图像外还需要：{}", needs.zh),
            Self::NotTaken { method, what } => format!("方法 {method} 不接受{}", given(what)),
            Self::SeedOutside { at } => format!("{at:?} mm 处的种子点位于图像之外"),
            Self::OtherGrid { what } => format!("{}不在该图像的网格上", given(what)),
            Self::TooLarge { voxels } => {
                format!("图像有 {voxels} 个体素，对该方法来说太大：请裁剪或降低分辨率")
            }
            Self::TooManyLabels { labels, needs_mib, limit_mib } => format!(
                "该图像的 {labels} 个标签需要 {needs_mib} MiB 内存，限额为 {limit_mib}：请裁剪图像或减少标签"
            ),
            Self::Nothing { method, why } => format!("方法 {method} 未找到任何内容：{}", why.zh),
        }
    }
}
