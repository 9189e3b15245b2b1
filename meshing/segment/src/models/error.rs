//! What can go wrong with a model.

use meshing_volume::{Cancelled, Told};

use crate::NetworkError;

/// Why a card cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Not TOML, or keys that no card has, or that are missing.
    #[error("the card of the model cannot be read: {0}")]
    Text(String),
    /// A value out of its bounds.
    #[error("the card of the model: {key} {why}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl CardError {
    pub(super) fn invalid(key: &'static str, why: String) -> Self {
        Self::Invalid { key, why }
    }
}

impl Told for CardError {
    fn chinese(&self) -> String {
        match self {
            Self::Text(why) => format!("无法读取模型卡片：{why}"),
            Self::Invalid { key, why } => format!("模型卡片的 {key} 有误：{why}"),
        }
    }
}

/// Why a model gave no labels.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The card is wrong.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The file is not the one that the card names.
    #[error(
        "the file of model {model} is not the one its card names: SHA-256 is {found}, the card says {expected}; fetch the file again or take the card that belongs to it"
    )]
    Hash {
        /// The model.
        model: String,
        /// What the card says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The network cannot be read or run.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network's answer has another shape than the card says.
    #[error("the network of model {model} answers with {found:?} numbers where its card says {expected:?}")]
    Shape {
        /// The model.
        model: String,
        /// What the card says.
        expected: Vec<usize>,
        /// What the network gave.
        found: Vec<usize>,
    },
    /// The network's answer is not finite.
    #[error("the network of model {0} answers with what is not a number")]
    NotFinite(String),
    /// The image is of another modality.
    #[error("model {model} is made for {wants}, the image is {is}")]
    Modality {
        /// The model.
        model: String,
        /// What it is made for.
        wants: String,
        /// What the image is.
        is: String,
    },
    /// Another number of images than the model takes, or on different grids.
    #[error("model {model} takes {wants} images on the same grid, {given} were given")]
    Channels {
        /// The model.
        model: String,
        /// How many it takes.
        wants: usize,
        /// How many were given on the same grid.
        given: usize,
    },
    /// Nothing of the image is left to look at.
    #[error("nothing of the image is left to look at: {0}")]
    Empty(&'static str),
    /// More memory than may be taken.
    #[error(
        "at the spacing of model {model} the image takes {needs_mib} MiB, {limit_mib} may be taken; crop the image first"
    )]
    TooLarge {
        /// The model.
        model: String,
        /// Memory needed.
        needs_mib: u64,
        /// Memory allowed.
        limit_mib: u64,
    },
}

impl Told for ModelError {
    fn chinese(&self) -> String {
        match self {
            Self::Cancelled(error) => error.chinese(),
            Self::Card(error) => error.chinese(),
            Self::Hash { model, expected, found } => format!(
                "模型 {model} 的文件与卡片所述不符：SHA-256 为 {found}，卡片为 {expected}；请重新获取该文件，或使用与之对应的卡片"
            ),
            Self::Network(error) => error.chinese(),
            Self::Shape { model, expected, found } => {
                format!("模型 {model} 的网络输出 {found:?} 个数，而卡片为 {expected:?}")
            }
            Self::NotFinite(model) => format!("模型 {model} 的网络输出不是有限的数"),
            Self::Modality { model, wants, is } => format!("模型 {model} 适用于 {wants}，而图像为 {is}"),
            Self::Channels { model, wants, given } => {
                format!("模型 {model} 需要 {wants} 幅同一网格上的图像，给出 {given} 幅")
            }
            Self::Empty(_) => "图像中没有可供分析的内容".to_owned(),
            Self::TooLarge { model, needs_mib, limit_mib } => format!(
                "在模型 {model} 的间距下图像需要 {needs_mib} MiB 内存，限额为 {limit_mib}；请先裁剪图像"
            ),
        }
    }
}
