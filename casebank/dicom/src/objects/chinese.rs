//! Why objects are not read or written, in Chinese.

use casebank_case::Told;

use super::rtstruct::{RtReadError, RtWriteError};
use super::seg::{SegReadError, SegWriteError};
use super::{ObjectError, SegmentsError};
use crate::WriteError;
use crate::files::reason;

impl Told for ObjectError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Parse => "无法解析数据集；请发送方重新提供对象".to_owned(),
            Self::Class { expected: (_, expected) } => format!("此对象不是{expected}"),
            Self::Missing(_, what) => format!("缺少{what}，因此对象不能使用；请发送方提供完整的对象"),
            Self::Refused(_, why) => format!("{why}，因此拒绝此对象"),
            Self::TooMuch { what: (_, what), limit } => {
                format!("对象中的{what}超过 {limit} 个，因此被拒绝")
            }
        }
    }
}

impl Told for SegmentsError {
    fn chinese(&self) -> String {
        match self {
            Self::Io(error) => reason(error).zh,
            Self::TooLarge => "文件大于 4 GiB".to_owned(),
            Self::Segmentation(error) => error.chinese(),
            Self::StructureSet(error) => error.chinese(),
            Self::NoVolume => "没有它可以依附的体数据".to_owned(),
        }
    }
}

impl Told for SegReadError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Class => "此对象不是分割".to_owned(),
            Self::Type => "分割既不是二值、分数型，也不是标签图；请发送方提供二值分割".to_owned(),
            Self::Missing(_, what) => format!("分割没有给出可用的{what}；请发送方重新导出"),
            Self::Frame { frame, what } => {
                format!("第 {frame} 帧{}；分割没有采用，因为会缺少或错放切片", what.zh)
            }
            Self::Pixels(what) => format!("像素数据不能使用：{}", what.zh),
            Self::FrameOfReference => {
                "分割与体数据的参考坐标系不同；没有配准就不知道它的位置，因此没有采用".to_owned()
            }
            Self::TooLarge { limit } => format!("分割需要的内存超过 {limit} 字节"),
        }
    }
}

impl Told for RtReadError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Class => "此对象不是放疗结构集".to_owned(),
            Self::Empty => "结构集中没有带轮廓的结构".to_owned(),
            Self::Contour { structure, contour } => {
                format!("结构 {structure} 的第 {contour} 个轮廓已损坏，因此结构集没有采用")
            }
            Self::FrameOfReference => {
                "结构集与体数据的参考坐标系不同；没有配准就不知道它的位置，因此没有采用".to_owned()
            }
            Self::TooLarge { limit } => format!("结构需要的内存超过 {limit} 字节"),
        }
    }
}

impl Told for SegWriteError {
    fn chinese(&self) -> String {
        match self {
            Self::NoSegments => NO_SEGMENTS.to_owned(),
            Self::EmptySegment(number) => empty_segment(*number),
            Self::Numbers => "分割没有按 1、2、3 依次编号；请按顺序编号".to_owned(),
            Self::Grids => GRIDS.to_owned(),
            Self::Overlap(a, b) => format!("分割 {a} 与 {b} 重叠，标签图无法容纳；请写成二值分割"),
            Self::Plane => PLANE.to_owned(),
            Self::Date => "分割及其检查都没有日期；请说明制作时间".to_owned(),
            Self::TooLarge => "分割需要超过 4 GiB；请在一个对象中少写几个".to_owned(),
            Self::Write(error) => error.chinese(),
        }
    }
}

impl Told for RtWriteError {
    fn chinese(&self) -> String {
        match self {
            Self::NoSegments => NO_SEGMENTS.to_owned(),
            Self::EmptySegment(number) => empty_segment(*number),
            Self::Grids => GRIDS.to_owned(),
            Self::Plane => PLANE.to_owned(),
            Self::Write(error) => error.chinese(),
        }
    }
}

const NO_SEGMENTS: &str = "没有要写出的分割；请至少选择一个";
const GRIDS: &str = "各分割的体素网格不同；请分别写成对象";
const PLANE: &str = "网格的行与列不垂直，或超过 65,535；请重新采样分割";

fn empty_segment(number: u16) -> String {
    format!("分割 {number} 没有体素；请略去，或重新分割")
}

impl Told for WriteError {
    fn chinese(&self) -> String {
        match self {
            Self::Modality(modality) => {
                format!("设备类型为“{modality}”的体数据不能写成系列；只有 CT 和 MR 可以")
            }
            Self::NotIntegers => "体数据的数值无法用 16 位整数精确表示，写成系列会改变它们".to_owned(),
            Self::Grid(_, why) => format!("网格不能写成切片：{why}"),
            // No command writes such an object from what a person says: the details are for programmers.
            Self::Content(_) => "对象没有写出：内容不完整或自相矛盾".to_owned(),
            Self::Encode(_) => "无法编码数据集".to_owned(),
            Self::Io { path, source } => format!("无法写入 {}（{}）", path.display(), source.chinese()),
        }
    }
}
