//! What the errors of mesh files and of repair say in Chinese. What parsers say of the bytes is English, and left out.

use meshing_volume::Told;

use crate::stl::StlError;
use crate::threemf::ThreeMfError;
use crate::{MeshFileError, RepairError, VerifyError};

impl Told for MeshFileError {
    fn chinese(&self) -> String {
        match self {
            Self::Malformed { format, .. } => format!("内容不符合 {format} 格式，或已损坏"),
            Self::Unsupported { format, .. } => format!("此 {format} 文件使用了不支持的内容"),
            Self::NotFinite(vertex) => format!("顶点 {vertex} 的坐标不是有限数"),
            Self::NoSuchVertex { triangle, vertex, vertices } => {
                format!("三角形 {triangle} 引用了顶点 {vertex}，但只有 {vertices} 个顶点")
            }
            Self::Empty => "文件中没有三角形".to_owned(),
            Self::TooLarge => "顶点或三角形过多，或同一网格被重复放置过多次".to_owned(),
        }
    }
}

impl Told for StlError {
    fn chinese(&self) -> String {
        match self {
            Self::Truncated { announced, present } => {
                format!("STL 文件声明有 {announced} 个三角形，但数据只够 {present} 个")
            }
            Self::NotStl => "不是 STL 文件".to_owned(),
            Self::Text(error) => format!("无法读取文本 STL 文件：{}", error.chinese()),
            Self::NotFinite(t) => format!("STL 文件中三角形 {t} 的坐标不是有限数"),
        }
    }
}

impl Told for ThreeMfError {
    fn chinese(&self) -> String {
        match self {
            Self::Package(_) => "无法打开 3MF 包".to_owned(),
            Self::Unpack(error) => format!("无法解压 3MF 包的一部分：{}", error.chinese()),
            Self::Bounds { .. } => "3MF 包过大或压缩异常".to_owned(),
            Self::Xml(_) => "3MF 模型不是合格的 XML".to_owned(),
            Self::Model { .. } => "3MF 模型不可用".to_owned(),
        }
    }
}

impl Told for VerifyError {
    fn chinese(&self) -> String {
        match self {
            Self::Stl(error) => error.chinese(),
            Self::ThreeMf(error) => error.chinese(),
            Self::Other(error) => error.chinese(),
            Self::Count { written, read } => format!("文件中有 {read} 个三角形，应为 {written} 个"),
            Self::Moved(t) => format!("文件中三角形 {t} 的位置与网格不同"),
            Self::NotClosed(_) => "文件中的曲面不是封闭的".to_owned(),
            Self::Volume { written, read } => format!("文件所围体积为 {read} mm³，应为 {written} mm³"),
        }
    }
}

impl Told for RepairError {
    fn chinese(&self) -> String {
        match self {
            Self::Empty => "网格没有三角形".to_owned(),
            Self::TooLarge { triangles, limit } => {
                format!("网格有 {triangles} 个三角形，超过可修复的 {limit} 个")
            }
            Self::NotFinite(vertex) => format!("顶点 {vertex} 的坐标不是有限数"),
            Self::OutOfRange(t) => format!("三角形 {t} 引用了不存在的顶点"),
            Self::BadLength(mm) => format!("{mm} mm 不能作为修复用的长度"),
            Self::NoSolid => "三角形没有围成任何体积".to_owned(),
            Self::Cancelled(cancelled) => cancelled.chinese(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_said_in_both_languages_with_their_numbers() {
        let words = crate::stl::read(&[0xff; 90]).expect_err("cut").words();
        assert!(words.en.contains("4294967295") && words.zh.contains("4294967295"), "{words:?}");
        let words = crate::obj::read(b"v 0 0 0\nf 1 2 3\n", 1.0).expect_err("no vertex 2").words();
        assert!(words.zh.contains("顶点 1") && words.en.contains("vertex 1"), "{words:?}");
        assert!(crate::threemf::read(b"PK").expect_err("cut").chinese().contains("3MF"));
        assert!(RepairError::BadLength(f64::NAN).chinese().contains("NaN"));
    }
}
