//! Why something is not de-identified, in Chinese.

use casebank_case::Told;

use super::options::names;
use super::{DeidError, ObjectError, OptionError, SecretError};

impl Told for ObjectError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Directory => "不对 DICOMDIR 去标识化：它列出原来的文件；请另建一个".to_owned(),
            Self::Identity => {
                "对象没有有效的 SOP Class、SOP Instance 和 Transfer Syntax UID，因此无法重新命名".to_owned()
            }
            Self::PixelsElsewhere => "对象的像素在服务器上（JPIP）；请先取到对象中".to_owned(),
            Self::PrivateClass => "不对私有 SOP 类的对象去标识化：只有厂商知道其内容".to_owned(),
            Self::FaceStays { why } => format!("它可能显示无法去除的面部：{}", why.zh),
            Self::Stopped => "已停止".to_owned(),
            Self::NoTextSearch(_) => "无法在像素中查找文字：文字查找网络不能运行".to_owned(),
            Self::Pixels { what } => format!("无法清理像素，因为不能解码：{}", what.zh),
        }
    }
}

impl Told for DeidError {
    fn chinese(&self) -> String {
        match self {
            Self::Inside { out, input } => format!(
                "输出文件夹 {} 在输入 {} 之内；原件会与去标识化的对象混在一起。没有对任何内容去标识化。请指定外面的文件夹",
                out.display(),
                input.display()
            ),
            Self::SecretInside { secret } => format!(
                "密钥文件 {} 在输出文件夹中；得到对象的人可由此追溯到患者。没有对任何内容去标识化。请把密钥放在别处",
                secret.display()
            ),
            Self::Input { what } => {
                format!("{}。没有对任何内容去标识化。请指定含有 DICOM 文件的文件夹", what.zh)
            }
            Self::Io { path, written, source } => format!(
                "无法写入 {}（{}）。此前已写出 {written} 个对象。请腾出空间后再次运行；已有的保持不变",
                path.display(),
                source.chinese()
            ),
            Self::Cancelled { written } => {
                format!("写出 {written} 个对象后停止；已写出的是完整的。再次运行即可继续；已有的保持不变")
            }
        }
    }
}

impl Told for SecretError {
    fn chinese(&self) -> String {
        match self {
            Self::Io { path, source } => format!(
                "无法读取或创建密钥文件 {}（{}）。没有对任何内容去标识化。请指定您可以写入的文件",
                path.display(),
                source.chinese()
            ),
            Self::Open { path } => format!(
                "其他用户可以读取密钥文件 {}；凭它可由新的 UID 和日期追溯到患者。没有对任何内容去标识化。请取消他们的权限（chmod 600）",
                path.display()
            ),
            Self::Size { path } => format!(
                "密钥文件 {} 的内容不是 32 到 4,096 字节，因此不是本程序的密钥。没有对任何内容去标识化。请指定不存在的文件，以便新建",
                path.display()
            ),
            Self::Random => "本机没有随机数，因此无法生成密钥。没有对任何内容去标识化".to_owned(),
        }
    }
}

impl Told for OptionError {
    fn chinese(&self) -> String {
        match self {
            Self::Unknown { name } => format!("没有选项“{name}”；没有做任何事。可用的选项是 {}", names()),
            Self::BothDates => {
                "retain-full-dates 保留日期，retain-modified-dates 移动日期；没有做任何事。请只选其一"
                    .to_owned()
            }
        }
    }
}
