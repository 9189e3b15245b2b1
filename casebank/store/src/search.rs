//! How a case is found: words against folded text, and letters against the readings of Chinese characters.
//!
//! `wang`, `WangXiaoDong`, `wxd`, `王`, `小东` and `小東` all find 王小東. More is found rather than less: a character has
//! all its readings, because nobody knows which one a family uses.

mod fold;
mod pinyin;

use casebank_case::{PatientInfo, PersonName};

pub(crate) use fold::fold;
use pinyin::Typed;

/// Longest text of one case that is searched, bytes; descriptions of thousands of series may not slow a search down.
const SEARCHED_BYTES: usize = 64 << 10;

/// What the index keeps of a case to search in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Haystack {
    /// Folded texts, one a line.
    pub(crate) folded: String,
    /// Readings of what can be typed in Latin letters, one run a line.
    pub(crate) readings: String,
}

impl Haystack {
    /// From a patient and other texts of a case.
    pub(crate) fn new<'a>(patient: &PatientInfo, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut this = Self::default();
        this.add(&patient.id);
        this.add(&patient.name);
        let name = PersonName::parse(&patient.name);
        for group in [&name.alphabetic, &name.ideographic, &name.phonetic] {
            let parts = [&group.family, &group.given, &group.middle].map(String::as_str);
            // As one word, as it is spoken and typed: 王^小東 is 王小東.
            this.add(&parts.concat().split_whitespace().collect::<String>());
            this.line(|this| pinyin::readings_of_latin(&parts, &mut this.readings));
        }
        for text in texts {
            this.add(text);
        }
        this
    }

    fn add(&mut self, text: &str) {
        let folded = fold(text);
        let folded = folded.split_whitespace().collect::<Vec<_>>().join(" ");
        if folded.is_empty()
            || self.folded.len() + folded.len() > SEARCHED_BYTES
            || self.folded.split('\n').any(|line| line == folded)
        {
            return;
        }
        if !self.folded.is_empty() {
            self.folded.push('\n');
        }
        self.folded.push_str(&folded);
        self.line(|this| pinyin::readings_of_han(text, &mut this.readings));
    }

    /// Keeps what `write` adds to the readings if it is new.
    fn line(&mut self, write: impl FnOnce(&mut Self)) {
        let before = self.readings.len();
        write(self);
        let added: Vec<String> = self.readings.split_off(before).lines().map(str::to_owned).collect();
        for line in added {
            if !line.is_empty() && !self.readings.lines().any(|old| old == line) {
                self.readings.push_str(&line);
                self.readings.push('\n');
            }
        }
    }
}

/// Words to look for.
#[derive(Debug)]
pub(crate) struct Needle {
    words: Vec<(String, Option<Typed>)>,
}

impl Needle {
    /// From what a person typed.
    pub(crate) fn new(text: &str) -> Self {
        let folded = fold(text);
        let words = folded.split_whitespace().map(|word| (word.to_owned(), Typed::new(word)));
        Self { words: words.collect() }
    }

    /// Whether every word is found.
    pub(crate) fn is_in(&self, folded: &str, readings: &str) -> bool {
        self.words.iter().all(|(word, typed)| {
            folded.contains(word.as_str())
                || typed.as_ref().is_some_and(|typed| readings.lines().any(|run| typed.reads(run)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, typed: &str) -> bool {
        let patient = PatientInfo { name: name.to_owned(), ..PatientInfo::default() };
        let haystack = Haystack::new(&patient, ["Thorax nativ"]);
        Needle::new(typed).is_in(&haystack.folded, &haystack.readings)
    }

    #[test]
    fn one_name_is_found_however_it_is_typed() {
        for name in ["Wang^XiaoDong=王^小東", "王^小東", "=王^小东", "王小東", "王 小東"] {
            for typed in [
                "wang",
                "Wang",
                "WANG",
                "ｗａｎｇ",
                "WangXiaoDong",
                "wangxiaodong",
                "wang xiao dong",
                "wxd",
                "WXD",
                "wáng xiǎo dōng",
                "wángxiǎodōng",
                "wang2xiao3dong1",
                "wang2 xiao3 dong1",
                "wangxd",
                "xiaodong",
                "wangx",
                "wxdong",
                "王",
                "小东",
                "小東",
                "王小东",
                "王小東",
                "王 小东",
                "小东 王",
                "dong wang",
            ] {
                assert!(finds(name, typed), "{typed} must find {name}");
            }
            for typed in ["li", "xdw", "wangdong", "wangxiaoming", "李", "东小", "wxdz", "wangxiaodongg", "q"]
            {
                assert!(!finds(name, typed), "{typed} must not find {name}");
            }
        }
        for typed in ["wxd", "wang", "xiaodong", "WangXiaoDong", "wang xiaodong", "wangxd"] {
            assert!(finds("Wang^XiaoDong", typed), "{typed} must find the Latin name");
            assert!(finds("Wang^Xiao Dong", typed), "{typed} must find the Latin name");
        }
    }

    #[test]
    fn surnames_are_found_by_the_reading_of_a_surname() {
        for (name, typed) in [
            ("单^雄信", "shanxiongxin"),
            ("曾^国藩", "zengguofan"),
            ("解^晓东", "xiexiaodong"),
            ("仇^英", "qiuying"),
            ("查^良镛", "zhaliangyong"),
            ("任^正非", "renzhengfei"),
            ("朴^树", "piaoshu"),
            ("朴^树", "pushu"),
            ("盖^聂", "genie"),
            ("区^大伟", "oudawei"),
            ("缪^昌", "miaochang"),
            ("翟^志刚", "zhaizhigang"),
            ("乐^毅", "yueyi"),
            ("尉迟^恭", "yuchigong"),
            ("万俟^卨", "moqi"),
            ("长孙^无忌", "zhangsunwuji"),
            ("澹台^明", "tantaiming"),
            ("單^雄信", "shan"),
            ("吕^布", "lvbu"),
            ("吕^布", "lubu"),
            ("吕^布", "lübu"),
            ("呂^布", "lyubu"),
            ("欧阳^修", "oyx"),
            ("张^伟", "zhangw"),
            ("张^伟", "zw"),
            ("张^伟", "zhw"),
        ] {
            assert!(finds(name, typed), "{typed} must find {name}");
        }
    }

    #[test]
    fn marks_width_case_and_kana_make_no_difference() {
        for (name, typed) in [
            ("MÜLLER^Łucja", "muller lucja"),
            ("Mu\u{308}ller^Jürgen", "MÜLLER jurgen"),
            ("Weiß^Åsa", "weiss asa"),
            ("Đặng^Thị Hà", "dang thi ha"),
            ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "ヤマダ"),
            ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "たろう"),
            ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "やまだたろう"),
            ("齋藤^一", "斎藤"),
            ("渡邊^澤", "沢"),
            ("홍^길동", "홍길동"),
            ("Διονύσιος", "διονυσιοσ"),
            ("ЁЛКИН^Пётр", "елкин петр"),
        ] {
            assert!(finds(name, typed), "{typed} must find {name}");
        }
        assert!(!finds("ヤマダ", "ヤマタ"), "a voiced kana is another letter");
    }
}
