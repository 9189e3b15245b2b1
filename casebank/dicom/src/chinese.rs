//! The errors of the readers in Chinese, each beside the English of its `Display`.

use casebank_case::{Language, Told};

use crate::codecs::WorkerError;
use crate::files;
use crate::multiframe::MultiframeError;
use crate::objects::encapsulated_stl::StlError;
use crate::pixels::PixelError;
use crate::prescan::PrescanError;
use crate::read::ImportError;
use crate::stored::ScanFileError;
use crate::text::TextProblem;

impl Told for PrescanError {
    fn chinese(&self) -> String {
        match self {
            Self::Empty => "文件是空的".to_owned(),
            Self::NotDicom => "不是 DICOM：没有 DICM 标记，也没有像数据集的开头".to_owned(),
            Self::TooLarge { limit } => format!("对象超过 {limit} 字节的上限"),
            Self::Length { tag, at, declared, remaining } => {
                format!(
                    "文件不完整：第 {at} 字节处的元素 {tag} 声明 {declared} 字节，但只剩 {remaining} 字节"
                )
            }
            Self::Truncated { at } => {
                format!("文件不完整：数据在第 {at} 字节处结束，此处应有元素或分隔符")
            }
            Self::Depth { limit } => format!("序列嵌套超过 {limit} 层"),
            Self::Elements { limit } => format!("元素超过 {limit} 个"),
            Self::Damaged { at, what: (_, what) } => format!("第 {at} 字节处已损坏（{what}）"),
            Self::Deflate => "压缩的数据集已损坏或不完整".to_owned(),
            Self::Bomb { limit } => format!("压缩的数据集解压后超过 {limit} 字节"),
        }
    }
}

impl Told for PixelError {
    fn chinese(&self) -> String {
        match self {
            Self::Missing => "没有像素数据".to_owned(),
            Self::Syntax(name) => {
                // The standard's own name is the same in both languages.
                let name = name.in_language(Language::Chinese);
                format!("传输语法是 {name}，本程序没有相应的解码器；请发送方提供未压缩或 JPEG 2000 的图像")
            }
            Self::UnknownSyntax(uid) => format!("不认识传输语法“{uid}”"),
            Self::Bits { allocated, stored, high } => {
                format!("存储 {stored} 位、最高位 {high}，与分配的 {allocated} 位不符")
            }
            Self::Size { rows, columns } => format!("{rows} 行 {columns} 列不是图像"),
            Self::Length { rows, columns, needed, there } => {
                format!("{rows} 行 {columns} 列需要 {needed} 字节的像素数据，但只有 {there} 字节")
            }
            Self::Contradiction(what) => format!("压缩图像声明{}，与数据集矛盾", what.zh),
            // What the decoders say of it is English, and of use to whoever writes them.
            Self::Codec(_) => "压缩图像已损坏".to_owned(),
            Self::Worker(error) => error.chinese(),
            Self::Photometric { photometric, samples, bits } => {
                format!("不显示 {samples} 个 {bits} 位样本的“{photometric}”像素")
            }
            Self::BigEndianBytes => "不读取大端字中的 8 位样本".to_owned(),
            Self::Deflated { frames } => {
                format!("不读取整体压缩（deflate）的数据集中的 {frames} 帧；请发送方提供未压缩的图像")
            }
            Self::TooManyFrames { frames, limit } => format!("{frames} 帧超过一个对象 {limit} 帧的上限"),
            Self::Frames { frames, fragments } => {
                format!("声明 {frames} 帧，但从 {fragments} 个片段中无法判断每帧从何处开始")
            }
        }
    }
}

impl Told for WorkerError {
    fn chinese(&self) -> String {
        match self {
            Self::Start(_) => "无法启动解码进程，因此没有解码；请重新安装本程序，或释放内存".to_owned(),
            Self::Died => "解码时解码进程异常结束：压缩图像已损坏，或是恶意构造的".to_owned(),
            Self::Overdue { seconds } => {
                format!("解码 {seconds} 秒后仍未完成，已中止：压缩图像已损坏，或是恶意构造的")
            }
            Self::Answer => "解码进程的回答不符合数据集".to_owned(),
        }
    }
}

impl Told for MultiframeError {
    fn chinese(&self) -> String {
        match self {
            Self::Damaged => "功能组已损坏，其各帧无法定位".to_owned(),
            Self::Count { frames, described } => {
                format!("声明 {frames} 帧，但只描述了 {described} 帧，无法定位")
            }
            Self::NoPlace => "没有说明各帧的位置".to_owned(),
        }
    }
}

impl Told for ScanFileError {
    fn chinese(&self) -> String {
        match self {
            Self::Io(error) => files::reason(error).zh,
            Self::Refused(error) => error.chinese(),
        }
    }
}

impl Told for TextProblem {
    fn chinese(&self) -> String {
        match self {
            Self::Unknown { name } => format!("不认识字符集 {name}：姓名可能显示错误"),
            Self::Misspelled { name, read_as } => {
                format!("字符集 {name} 不是标准名称；已按 {read_as} 读取，姓名可能显示错误")
            }
            Self::Undeclared { declared, read_as } => {
                format!("文字不属于声明的字符集（{}）；已按 {read_as} 读取，姓名可能显示错误", set(declared))
            }
            Self::Undecodable { declared } => {
                format!("文字中有声明的字符集（{}）所没有的字节，显示为 \u{FFFD}", set(declared))
            }
        }
    }
}

fn set(declared: &str) -> &str {
    if declared == "none" { "未声明" } else { declared }
}

impl Told for ImportError {
    fn chinese(&self) -> String {
        let first = |reasons: &[crate::Rejected]| {
            reasons.first().map_or_else(String::new, |r| format!("第一个文件的拒绝原因：{}。", r.reason.zh))
        };
        match self {
            Self::NoFiles { reasons } => format!(
                "给出的路径下没有文件。没有导入任何内容。请检查路径，以及光盘或网络文件夹是否已连接。{}",
                first(reasons)
            ),
            Self::NoDicom { files, reasons } => format!(
                "{files} 个文件中没有 DICOM。没有导入任何内容。请选择存放图像本身的文件夹（常名为 DICOM 或 IMAGES），\
                 或从影像归档重新以 DICOM 格式导出检查。{}",
                first(reasons)
            ),
            Self::Cancelled(_) => "已取消。".to_owned(),
        }
    }
}

impl Told for StlError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Class => "此对象不是封装的 STL 表面".to_owned(),
            Self::Document => "封装的文档缺失，或比声明的短".to_owned(),
        }
    }
}
