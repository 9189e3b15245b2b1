//! Why a research file was not read or written.

use crate::{Cancelled, GridError, Told, VolumeError, Words};

/// Why a file was not read or written: what happened, what it means, what to do next. Never holds text of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes are no such file.
    #[error("The file is not {format}: {reason}. Nothing was read. Check its ending, or export it again.")]
    NotThis {
        /// Name of the format.
        format: &'static str,
        /// Why.
        reason: Words,
    },
    /// The header contradicts itself or declares nonsense.
    #[error(
        "The header field {field} {reason}. Where the voxels lie or how many there are cannot be trusted, so nothing was \
         read. Export the file again from the program that made it."
    )]
    Header {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: Words,
    },
    /// A legal file of a kind that is not read here.
    #[error("The file holds {what}. Only grey values and labels on one regular grid are read. {next_step}")]
    Unsupported {
        /// What it holds.
        what: Words,
        /// What to do.
        next_step: Words,
    },
    /// Fewer values than the header declares.
    #[error(
        "The header declares {declared} bytes of values, but at most {there} are there. The scan would be incomplete, so \
         nothing was read. Copy the file again."
    )]
    Truncated {
        /// Declared, bytes.
        declared: u64,
        /// There, bytes.
        there: u64,
    },
    /// More than may be held.
    #[error(
        "The file declares {size:?} voxels along i, j, k and frames, which is more than the limit of {limit} bytes in \
         memory. Nothing was read. Crop it, or split its frames into files."
    )]
    TooLarge {
        /// Along i, j, k, and frames.
        size: [usize; 4],
        /// Limit, bytes.
        limit: u64,
    },
    /// This machine has not enough memory.
    #[error(
        "There is not enough memory for {0} bytes. Nothing was read. Close other programs, or crop the file."
    )]
    Memory(u64),
    /// The packing is damaged.
    #[error("The values are damaged: {0}. Nothing was read. Copy the file again.")]
    Damaged(Words),
    /// A value that is no label.
    #[error(
        "The value {value} is not a label from 0 to 255. The labels would be wrong, so nothing was read. Renumber the \
         structures, or read the file as grey values."
    )]
    Label {
        /// The value.
        value: f64,
    },
    /// The data lie in another file that was not given.
    #[error(
        "The header keeps its values in another file, which was not given. Nothing was read. Keep both together."
    )]
    Detached,
    /// The geometry makes no grid.
    #[error("The geometry in the header is impossible: {0}. Nothing was read. Export the file again.")]
    Grid(#[from] GridError),
    /// Numbers of values and voxels differ; our bug.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The system failed to read or write.
    #[error(
        "The bytes could not be read or written: {0}. The file is not complete. Check the disk and its space."
    )]
    Io(#[from] std::io::Error),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl FormatError {
    /// A header field that is wrong.
    pub(super) fn header(field: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Header { field, reason: Words::new(en, zh) }
    }
}

impl Told for FormatError {
    fn chinese(&self) -> String {
        match self {
            Self::NotThis { format, reason } => {
                format!("文件不是 {format}：{}。没有读取任何内容。请检查扩展名，或重新导出。", reason.zh)
            }
            Self::Header { field, reason } => format!(
                "文件头字段 {field} {}。体素的位置或数量不可信，因此没有读取任何内容。请用生成它的程序重新导出。",
                reason.zh
            ),
            Self::Unsupported { what, next_step } => {
                format!("文件中是{}。只读取单个规则网格上的灰度值和标签。{}", what.zh, next_step.zh)
            }
            Self::Truncated { declared, there } => format!(
                "文件头声明 {declared} 字节的数值，但最多只有 {there} 字节。扫描会不完整，因此没有读取任何内容。请重新复制文件。"
            ),
            Self::TooLarge { size, limit } => format!(
                "文件声明沿 i、j、k 和帧有 {size:?} 个体素，超过内存中 {limit} 字节的上限。没有读取任何内容。请裁剪，或把各帧拆成单独的文件。"
            ),
            Self::Memory(bytes) => {
                format!("内存不足 {bytes} 字节。没有读取任何内容。请关闭其他程序，或裁剪文件。")
            }
            Self::Damaged(what) => format!("数值已损坏：{}。没有读取任何内容。请重新复制文件。", what.zh),
            Self::Label { value } => format!(
                "数值 {value} 不是 0 到 255 的标签。标签会出错，因此没有读取任何内容。请重新编号，或按灰度值读取文件。"
            ),
            Self::Detached => {
                "文件头的数值在另一个文件中，但没有提供。没有读取任何内容。请把两个文件放在一起。".to_owned()
            }
            Self::Grid(error) => {
                format!("文件头中的几何不可能：{}。没有读取任何内容。请重新导出文件。", error.chinese())
            }
            Self::Volume(error) => error.chinese(),
            Self::Io(error) => {
                format!("无法读取或写入（{}）。文件不完整。请检查磁盘及其空间。", error.chinese())
            }
            Self::Cancelled(cancelled) => cancelled.chinese(),
        }
    }
}
