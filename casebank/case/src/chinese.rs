//! The errors of this crate in Chinese.

use crate::journal::ENTRIES_MAX;
use crate::{Actor, ActorError, CommandError, JournalError, JournalFault, LINE_MAX, Told};

impl Told for CommandError {
    fn chinese(&self) -> String {
        match self {
            Self::Refused(refusal) => {
                let message = refusal.message_zh.trim_end_matches(['.', '。']);
                format!("被拒绝：{message}。{}", refusal.next_step_zh)
            }
            Self::Missing { what, name } => format!("病例中没有这个{}：{name}", term(what)),
            Self::AlreadyThere { what, name } => format!("病例中已有这个{}：{name}", term(what)),
            Self::InUse { what, by, name } => {
                format!("这个{}仍被{}使用，请先移除后者：{name}", term(what), term(by))
            }
            Self::Invalid { field, problem } => format!("`{field}` {}", term(problem)),
        }
    }
}

impl Told for JournalError {
    fn chinese(&self) -> String {
        match self {
            Self::Command(error) => error.chinese(),
            Self::StaleWriter { base, head } => {
                format!("病例自第 {base} 条记录以来已改变：现在是第 {head} 条；请重新读取，再作修改")
            }
            Self::NothingToUndo => "没有可撤销的操作".to_owned(),
            Self::NothingToRedo => "没有可重做的操作".to_owned(),
            Self::TooLarge { bytes } => format!("命令对日志来说太大（{bytes} 字节，最多 {LINE_MAX}）"),
            Self::Full => format!("日志已有 {ENTRIES_MAX} 条记录，不能再加；请由此病例新建一个病例"),
            Self::Time => "时间不在 0 到 9999 年之间".to_owned(),
            Self::Unstorable => "命令中有无法精确存储的数值".to_owned(),
        }
    }
}

impl Told for JournalFault {
    fn chinese(&self) -> String {
        format!("日志第 {} 行已损坏", self.line)
    }
}

impl Told for ActorError {
    fn chinese(&self) -> String {
        format!("操作者名称须为 1 到 {} 字节，且不含控制字符", Actor::LENGTH_MAX)
    }
}

/// What `CommandError` names, and what may be wrong with it.
fn term(english: &str) -> &str {
    match english {
        "volume" => "体数据",
        "segment" | "a segment" => "分割",
        "surface" => "表面",
        "measurement" | "a measurement" => "测量",
        "plan object" | "a plan object" => "规划对象",
        "solid" => "实体",
        "check report" => "检查报告",
        "finding" => "问题",
        "acceptance" => "接受记录",
        "has too few points" => "的点太少",
        "has more than 10000 points" => "的点超过 10000 个",
        "does not have the length 1" => "的长度不是 1",
        "is the same as the entry" => "与入点相同",
        "comes before the checks" => "早于检查",
        "has no check" => "没有检查",
        "lies on a scan in another space than the segment" => "所在的扫描与分割不在同一空间",
        "leads back to the segment itself" => "会回到该分割本身",
        "lies on another volume than the segment" => "与分割不在同一体数据上",
        "is empty" => "为空",
        "is longer than 256 bytes" => "超过 256 字节",
        "is longer than 4096 bytes" => "超过 4096 字节",
        "has control characters" => "含有控制字符",
        "is not finite" => "不是有限的数字",
        "is not greater than 0" => "不大于 0",
        "is less than 0" => "小于 0",
        "is 0 or more than 1048576" => "为 0 或大于 1048576",
        "runs downwards" => "上限小于下限",
        "is outside the years 0 to 9999" => "不在 0 到 9999 年之间",
        "has the wrong number of points for its kind" => "的点数与其类型不符",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::term;

    /// What the checks of commands say: every word of theirs in quotes that is no field.
    #[test]
    fn every_term_of_the_checks_is_here() {
        let checks = include_str!("command/check.rs");
        let said: Vec<&str> = checks.split('"').skip(1).step_by(2).collect();
        // What has a blank to fill names things of the case.
        let phrases = said.iter().filter(|text| text.contains(' ') && !text.contains('{'));
        let things = checks.split("what: \"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut count = 0;
        for english in phrases.copied().chain(things) {
            assert_ne!(term(english), english, "no Chinese");
            count += 1;
        }
        assert!(count > 10, "the checks are looked through: {count}");
    }
}
