//! Editing of masks by hand, as pure functions: between slices, along a level, by cuts, and smoothing.

mod cut;
mod interpolate;
mod smooth;
mod trace;

pub use cut::{Keep, cut_box, cut_plane, cut_prism};
pub use interpolate::interpolate_slices;
pub use smooth::smooth_keeping_volume;
pub use trace::level_trace;

use meshing_volume::Told;

/// Why an edit was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The label is nowhere in the map.
    #[error("no voxel has label {0}")]
    Absent(u8),
    /// A number that must be finite and, for a length, positive.
    #[error("{0} is not a usable number")]
    Number(&'static str),
    /// A polygon of fewer than three points, or one that has no area seen along its direction.
    #[error("the outline has no area: it needs three points that are not in one line")]
    Outline,
    /// A point that is not in the volume.
    #[error("the {0} lies outside the volume")]
    Outside(&'static str),
    /// A slice axis other than 0, 1, 2.
    #[error("axis {0} is not 0, 1 or 2")]
    Axis(usize),
    /// No contour passes where it was asked for.
    #[error("no contour passes there: the values around the point are equal")]
    Flat,
}

impl Told for EditError {
    fn chinese(&self) -> String {
        let named = |what: &str| match what {
            "the normal" => "法向量",
            "the point of the plane" => "平面上的点",
            "a corner of the box" => "方框的角点",
            "the direction" => "方向",
            "a point of the outline" => "轮廓上的点",
            _ => "平滑的宽度",
        };
        match self {
            Self::Absent(label) => format!("没有体素具有标签 {label}"),
            Self::Number(what) => format!("{}不是可用的数值", named(what)),
            Self::Outline => "轮廓没有面积：需要不在一条直线上的三个点".to_owned(),
            Self::Outside(_) => "该点位于图像之外".to_owned(),
            Self::Axis(axis) => format!("轴 {axis} 不是 0、1 或 2"),
            Self::Flat => "此处没有轮廓：该点周围的值相同".to_owned(),
        }
    }
}
