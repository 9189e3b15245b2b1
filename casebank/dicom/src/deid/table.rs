//! Table E.1-1 and its companions as data: read once from the text files beside this one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dicom_core::{Tag, VR};

use super::options::{DeidOption, DeidOptions, bit};

/// What the basic profile asks (PS3.15 section E.1.1, action codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basic {
    /// D: replace by a dummy.
    Dummy,
    /// Z: empty, or a dummy.
    Empty,
    /// X: remove.
    Remove,
    /// U: replace the UID.
    Uid,
    /// Z/D: Z, or D where the attribute is of type 1.
    EmptyOrDummy,
    /// X/Z: X, or Z where it is of type 2.
    RemoveOrEmpty,
    /// X/D: X, or D where it is of type 1.
    RemoveOrDummy,
    /// X/Z/D: X, Z or D by type 3, 2, 1.
    RemoveEmptyOrDummy,
    /// X/Z/U*: X, or only the UIDs inside are replaced where it is of type 2 or 1.
    RemoveOrUids,
}

/// What is to be done with an attribute under the options of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// An option keeps it; sequences are walked into.
    Keep(DeidOption),
    /// An option cleans it.
    Clean(DeidOption),
    /// No option speaks of it.
    Basic(Basic),
}

/// One line of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) basic: Basic,
    keep: u16,
    clean: u16,
    pub(super) name: &'static str,
}

impl Rule {
    /// Cleaning wins over keeping where two options of a run disagree: an option asks for what it removes, too.
    pub(super) fn decide(&self, options: DeidOptions) -> Decision {
        if let Some(option) = options.first_in(self.clean) {
            Decision::Clean(option)
        } else if let Some(option) = options.first_in(self.keep) {
            Decision::Keep(option)
        } else {
            Decision::Basic(self.basic)
        }
    }

    fn parse(action: &str, options: &str, name: &'static str) -> Option<Self> {
        let basic = match action {
            "D" => Basic::Dummy,
            "Z" => Basic::Empty,
            "X" => Basic::Remove,
            "U" => Basic::Uid,
            "Z/D" => Basic::EmptyOrDummy,
            "X/Z" => Basic::RemoveOrEmpty,
            "X/D" => Basic::RemoveOrDummy,
            "X/Z/D" => Basic::RemoveEmptyOrDummy,
            "X/Z/U*" => Basic::RemoveOrUids,
            _ => return None,
        };
        let (mut keep, mut clean) = (0, 0);
        for word in options.split(' ').filter(|&word| word != "-") {
            let (column, action) = word.split_once('=')?;
            let option = DeidOption::ALL.into_iter().find(|option| option.column() == column)?;
            match action {
                "K" => keep |= bit(option),
                "C" => clean |= bit(option),
                _ => return None,
            }
        }
        Some(Self { basic, keep, clean, name })
    }
}

/// The lines of an embedded table without its comments, split at tabs.
fn lines<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
        let mut columns = line.splitn(N, '\t');
        std::array::from_fn(|_| columns.next().unwrap_or_default())
    })
}

/// A tag from eight hexadecimal digits.
fn tag(digits: &str) -> Option<Tag> {
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 8)?;
    Some(Tag((number >> 16) as u16, (number & 0xFFFF) as u16))
}

/// Table E.1-1.
pub(super) struct AnnexE {
    exact: BTreeMap<Tag, Rule>,
    curves: Rule,
    overlay_data: Rule,
    overlay_comments: Rule,
    private: Rule,
}

impl AnnexE {
    /// The line that speaks of an attribute.
    pub(super) fn rule(&self, tag: Tag) -> Option<&Rule> {
        match tag {
            Tag(group, _) if group % 2 == 1 => Some(&self.private),
            Tag(0x5000..=0x50FF, _) => Some(&self.curves),
            Tag(0x6000..=0x60FF, 0x3000) => Some(&self.overlay_data),
            Tag(0x6000..=0x60FF, 0x4000) => Some(&self.overlay_comments),
            _ => self.exact.get(&tag),
        }
    }
}

/// Table E.1-1, and a few attributes beyond it.
pub(super) static ANNEX_E: LazyLock<AnnexE> = LazyLock::new(|| {
    let mut exact = BTreeMap::new();
    let mut special = BTreeMap::new();
    for [digits, action, options, name] in lines(include_str!("tables/annex_e.txt")) {
        let rule = Rule::parse(action, options, name).expect("a line of annex_e.txt");
        match tag(digits) {
            Some(tag) => drop(exact.insert(tag, rule)),
            None => drop(special.insert(digits, rule)),
        }
    }
    for [digits, action, options, name] in lines(include_str!("tables/beyond.txt")) {
        let rule = Rule::parse(action, options, name).expect("a line of beyond.txt");
        exact.entry(tag(digits).expect("a tag of beyond.txt")).or_insert(rule);
    }
    let mut take = |name| special.remove(name).expect("a line of annex_e.txt");
    AnnexE {
        exact,
        curves: take("50xxxxxx"),
        overlay_data: take("60xx3000"),
        overlay_comments: take("60xx4000"),
        private: take("private"),
    }
});

/// Table E.3.4-1, by coding scheme, code and value type with tabs between.
pub(super) static STRUCTURED: LazyLock<BTreeMap<String, Rule>> = LazyLock::new(|| {
    lines(include_str!("tables/structured.txt"))
        .map(|[scheme, code, kind, action, options, name]| {
            let rule = Rule::parse(action, options, name).expect("a line of structured.txt");
            (format!("{scheme}\t{code}\t{kind}"), rule)
        })
        .collect()
});

/// Words that stay in cleaned text, in lower case.
pub(super) static VOCABULARY: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    lines::<1>(include_str!("tables/vocabulary.txt")).flat_map(|[line]| line.split(' ')).collect()
});

/// The VR of a private attribute of the standard's list of safe ones: creator, group, low byte of the element.
pub(super) fn safe_private(creator: &str, group: u16, low: u8) -> Option<VR> {
    static SAFE: LazyLock<BTreeMap<(&'static str, u16, u8), VR>> = LazyLock::new(|| {
        let mut safe = BTreeMap::new();
        for [group, low, vr, _, creator] in lines(include_str!("tables/safe_private.txt")) {
            let group = u16::from_str_radix(group, 16).expect("a group of safe_private.txt");
            let (first, last) = low.split_once('-').unwrap_or((low, low));
            let byte = |digits| u8::from_str_radix(digits, 16).expect("a byte of safe_private.txt");
            let vr = vr.parse().expect("a VR of safe_private.txt");
            safe.extend((byte(first)..=byte(last)).map(|low| ((creator, group, low), vr)));
        }
        safe
    });
    SAFE.get(&(creator, group, low)).copied()
}

/// How strictly PS3.3 asks for an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    One,
    Two,
    Three,
}

/// The types that compound actions ask for.
#[derive(Default)]
struct Types {
    classes: BTreeSet<&'static str>,
    /// By tag and type: whether the list is turned round, and the classes.
    top: Vec<(Tag, Type, bool, BTreeSet<&'static str>)>,
    inside: BTreeMap<(Tag, Tag), Type>,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let mut types = Types::default();
    for [what, first, second, third] in lines(include_str!("tables/types.txt")) {
        if what == "classes" {
            types.classes = first.split(' ').collect();
            continue;
        }
        let attribute = tag(first).expect("a tag of types.txt");
        let of_type = match second {
            "1" => Type::One,
            "2" => Type::Two,
            _ => Type::Three,
        };
        if what == "top" {
            let listed = third.trim_start_matches("! ");
            types.top.push((attribute, of_type, listed.len() != third.len(), listed.split(' ').collect()));
        } else {
            for parent in third.split(' ') {
                types.inside.insert((attribute, tag(parent).expect("a tag of types.txt")), of_type);
            }
        }
    }
    types
});

/// The type of an attribute at the top level of an object of `class`, or in an item of `parent`; `None` where it is not
/// known, so that the caller keeps the object valid for the strictest.
pub(super) fn attribute_type(attribute: Tag, class: &str, parent: Option<Tag>) -> Option<Type> {
    if let Some(parent) = parent {
        return TYPES.inside.get(&(attribute, parent)).copied();
    }
    let class =
        class.strip_prefix("1.2.840.10008.5.1.4.1.1.").filter(|class| TYPES.classes.contains(class))?;
    let of = TYPES
        .top
        .iter()
        .find(|(tag, _, turned, classes)| *tag == attribute && classes.contains(class) != *turned);
    Some(of.map_or(Type::Three, |&(_, of, _, _)| of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(ANNEX_E.exact.len(), 652 + 33, "table E.1-1 and what lies beyond it, no attribute twice");
        assert_eq!(STRUCTURED.len(), 206);
        let count = |wanted| ANNEX_E.exact.values().filter(|rule| rule.basic == wanted).count();
        assert_eq!(
            [Basic::Uid, Basic::RemoveOrUids, Basic::EmptyOrDummy, Basic::RemoveEmptyOrDummy].map(count),
            [55, 2, 6, 8]
        );
        let mask = |option| ANNEX_E.exact.values().filter(|r| (r.keep | r.clean) & bit(option) != 0).count();
        assert_eq!(mask(DeidOption::RetainFullDates), 165);
        assert_eq!(mask(DeidOption::CleanDescriptors), 125 + 24);
        assert_eq!(mask(DeidOption::RetainUids), 60);
    }

    #[test]
    fn options_override_the_profile_and_cleaning_wins() {
        let rule = ANNEX_E.rule(Tag(0x0018, 0x700C)).unwrap();
        let decide = |options: &[DeidOption]| rule.decide(DeidOptions::new(options.iter().copied()).unwrap());
        assert_eq!(decide(&[]), Decision::Basic(Basic::RemoveOrDummy));
        let device = DeidOption::RetainDeviceIdentity;
        assert_eq!(decide(&[device]), Decision::Keep(device));
        let moved = DeidOption::RetainModifiedDates;
        assert_eq!(decide(&[device, moved]), Decision::Clean(moved));
        assert!(ANNEX_E.rule(Tag(0x5004, 0x3000)).is_some() && ANNEX_E.rule(Tag(0x6002, 0x0010)).is_none());
    }

    #[test]
    fn types_follow_the_sop_class() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let enhanced = "1.2.840.10008.5.1.4.1.1.2.1";
        let series_date = Tag(0x0008, 0x0021);
        let content_date = Tag(0x0008, 0x0023);
        assert_eq!(attribute_type(series_date, ct, None), Some(Type::Three));
        assert_eq!(attribute_type(content_date, ct, None), Some(Type::Two));
        assert_eq!(attribute_type(content_date, enhanced, None), Some(Type::One));
        assert_eq!(attribute_type(content_date, "1.2.3", None), None);
        assert_eq!(attribute_type(Tag(0x0018, 0x1030), ct, None), Some(Type::Three));
        let contributing = Tag(0x0018, 0xA001);
        assert_eq!(attribute_type(Tag(0x0018, 0x1000), enhanced, Some(contributing)), Some(Type::Three));
        assert_eq!(attribute_type(series_date, ct, Some(contributing)), None);
    }

    #[test]
    fn safe_private_names_creator_group_and_element() {
        assert_eq!(safe_private("SIEMENS MR HEADER", 0x0019, 0x0C), Some(VR::IS));
        assert_eq!(safe_private("NQLeft", 0x0199, 0x16), Some(VR::FL));
        assert_eq!(safe_private("SIEMENS MR HEADER", 0x0029, 0x0C), None);
        assert_eq!(safe_private("Other", 0x0019, 0x0C), None);
    }
}
