//! The errors of the bank in Chinese. What was being done when the disk failed, and what SQLite says, is told in English only, for whoever
//! mends the program.

use casebank_case::Told;

use crate::verify::Damage;
use crate::{BANK_VERSION, BankError, JOURNAL_MAX};

impl Told for BankError {
    fn chinese(&self) -> String {
        match self {
            Self::DiskFull { .. } => {
                "磁盘已满。没有更改任何内容。请在病例库所在的磁盘上腾出空间，然后重试。".to_owned()
            }
            Self::Denied { .. } => {
                "没有读写病例库的权限。请检查其文件夹的所有者和权限，以及磁盘是否以只读方式挂载，然后重试。"
                    .to_owned()
            }
            Self::Io { source, .. } => format!("病例库的磁盘出错（{}）。请先检查磁盘。", source.chinese()),
            Self::Busy { .. } => "另一个程序仍在写入病例库。请重试，或关闭那个程序。".to_owned(),
            Self::Index { .. } => "病例库的索引出错。请重新打开病例库：索引会重新建立。".to_owned(),
            Self::SavedNotIndexed { case, cause } => format!(
                "更改已保存，但病例库的索引还没有显示：{}然后请重新打开病例库：{case}",
                cause.chinese()
            ),
            Self::TooNew { version } => {
                format!("病例库的版本是 {version}，本程序只认识版本 {BANK_VERSION}。请更新 Theatron。")
            }
            Self::VersionFile => {
                "病例库文件夹中的 `bank.json` 已损坏。请从备份恢复：{\"theatron_bank\":1}".to_owned()
            }
            Self::NoSuchCase { case } => {
                format!("病例库中没有病例 {case}。`theatron case list` 列出已有的病例。")
            }
            Self::Deleted { case } => format!("病例已删除：{case}"),
            Self::CaseExists { case } => format!("病例库中已有此病例：{case}"),
            Self::WrongCase { case, journal } => format!("日志属于病例 {journal}，不属于病例 {case}"),
            Self::StaleWriter { case, stored } => {
                format!("病例已被他人修改（病例库在第 {stored} 条记录）。请重新载入后再作修改：{case}")
            }
            Self::Journal { case, fault } => {
                format!("存储的日志已损坏：{}。请从备份恢复病例：{case}", fault.chinese())
            }
            Self::JournalTooLarge { case } => {
                format!("日志超过 {JOURNAL_MAX} 字节。请由此病例新建一个病例：{case}")
            }
            Self::ObjectMissing { hash } => format!("病例库中没有对象 {hash}。请重新导入其来源。"),
            Self::ObjectDamaged { hash } => {
                format!("存储的对象已损坏：{hash}。请重新导入其来源；存入相同的字节即可修复。")
            }
            Self::Audit { line, .. } => format!("审计日志第 {line} 行与写入时不同"),
        }
    }
}

impl Told for Damage {
    fn chinese(&self) -> String {
        match self {
            Self::ObjectDamaged { hash } => format!("对象 {hash} 已损坏"),
            Self::ObjectMissing { hash, case: None } => format!("对象 {hash} 不见了"),
            Self::ObjectMissing { hash, case: Some(case) } => {
                format!("对象 {hash} 不见了，病例 {case} 需要它")
            }
            Self::Journal { case, fault } => format!("病例 {case} 的日志已损坏：{}", fault.chinese()),
            Self::CaseFolder { case } => format!("病例 {case} 的文件夹中没有它的日志"),
            Self::EntriesLost { case } => format!("病例 {case} 中已确认的记录不见了"),
            Self::Audit { line, .. } => format!("审计日志从第 {line} 行起与写入时不同"),
        }
    }
}
