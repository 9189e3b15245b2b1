//! The walk: each element of each level meets table E.1-1 and what the table leaves open.

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::{Tag, VR};

use super::actions::{REMOVED, clean_code, dummy, emptied, is_standard_uid, known_vr, moved, new_uids};
use super::dates::{PAIRS, is_zone};
use super::facts::ObjectFacts;
use super::options::{DeidOption, DeidOptions};
use super::secret::{Secret, Shift};
use super::table::{ANNEX_E, Basic, Decision, Type, attribute_type};
use super::text::known_words;
use super::tree::{DataSet, Element, Value, dictionary_vr, trimmed, value_of};
use super::{overlays, private, structured};

/// One object on its way.
pub(super) struct Engine<'r> {
    pub(super) options: DeidOptions,
    pub(super) secret: &'r Secret,
    shift: Shift,
    pseudonym: String,
    pub(super) facts: ObjectFacts,
}

/// Where in the object the walk is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The sequence in whose item it is.
    pub(super) parent: Option<Tag>,
    /// Whether codes of private schemes are replaced.
    pub(super) codes: bool,
    /// What happens to Text Value (0040,A160).
    pub(super) text: TextValue,
}

/// What happens to the text of a content item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TextValue {
    /// Only known words stay.
    #[default]
    Words,
    /// It stays.
    Keep,
    /// It is replaced.
    Replace,
}

/// What one level of the object says as a whole.
struct Level {
    place: Place,
    /// The time that belongs to a date.
    times: BTreeMap<Tag, String>,
    safe: BTreeSet<Tag>,
    overlays: BTreeSet<u16>,
}

impl<'r> Engine<'r> {
    /// Ready for the object whose top level is `set`.
    pub(super) fn new(options: DeidOptions, secret: &'r Secret, set: &DataSet<'_>) -> Self {
        let patient = patient_key(set);
        Self {
            options,
            secret,
            shift: secret.shift(&patient),
            pseudonym: secret.pseudonym(&patient),
            facts: ObjectFacts::of(set),
        }
    }

    /// One level of the object.
    pub(super) fn data_set<'a>(&mut self, mut set: DataSet<'a>, place: Place) -> DataSet<'a> {
        if place.codes {
            clean_code(&mut set);
        }
        let overlays = overlays::kept(&set, self.options.has(DeidOption::CleanGraphics));
        self.facts.pixels.overlay_bits |= overlays::bits_in_pixels(&set);
        let safe = if self.options.has(DeidOption::RetainSafePrivate) {
            private::safe(&set)
        } else {
            BTreeSet::new()
        };
        let level = Level { place, times: times(&set), safe, overlays };
        set.into_iter().filter_map(|element| self.element(element, &level)).collect()
    }

    fn element<'a>(&mut self, element: Element<'a>, level: &Level) -> Option<Element<'a>> {
        let tag = element.tag;
        match tag {
            // Group lengths are retired and would be wrong; command, file and directory elements have no place here; ours
            // are put in anew; Private Data Element Characteristics tell of what is removed; curves go as a group.
            Tag(_, 0)
            | Tag(0x0000..=0x0006 | 0x5000..=0x50FF, _)
            | Tag(0x0008, 0x0001 | 0x0300)
            | Tag(0x0012, 0x0062..=0x0064)
            | Tag(0x0028, 0x0303) => return None,
            Tag(0x6000..=0x60FF, _) if tag.0.is_multiple_of(2) => {
                return overlays::element(element, &level.overlays).inspect(|kept| {
                    if kept.tag.1 == 0x3000 {
                        self.facts.keep(tag, DeidOption::CleanGraphics, "Overlay Data");
                    }
                });
            }
            // Pixel data of icons and of what nobody knows.
            Tag(0x7FE0, _) => return level.place.parent.is_none().then_some(element),
            Tag(0x0040, 0xA160) => return Some(text_value(element, level.place.text)),
            _ if tag.0 % 2 == 1 => return self.private(element, level),
            _ => {}
        }
        let Some(rule) = ANNEX_E.rule(tag) else { return self.unlisted(element, level) };
        match rule.decide(self.options) {
            Decision::Basic(basic) => self.basic(basic, element, level.place),
            Decision::Keep(option) => {
                let empty = element.is_empty();
                let kept = self.walk_into(element, level.place)?;
                if !empty {
                    self.facts.keep(tag, option, rule.name);
                    self.facts.age_above_89 |= tag == Tag(0x0010, 0x1010) && is_above_89(kept.bytes());
                }
                Some(kept)
            }
            Decision::Clean(option) => match self.cleaned(option, &element, level) {
                Some(cleaned) => {
                    self.facts.keep(tag, option, rule.name);
                    Some(cleaned)
                }
                None => self.basic(rule.basic, element, level.place),
            },
        }
    }

    fn private<'a>(&mut self, element: Element<'a>, level: &Level) -> Option<Element<'a>> {
        let creator = (0x10..=0xFF).contains(&element.tag.1);
        if level.safe.contains(&element.tag) {
            self.facts.private_kept += u64::from(!creator);
            return Some(element);
        }
        self.facts.private_removed += u64::from(!creator);
        None
    }

    /// Walks into a sequence and keeps anything else. What should be a sequence and cannot be looked into goes.
    fn walk_into<'a>(&mut self, element: Element<'a>, place: Place) -> Option<Element<'a>> {
        let tag = element.tag;
        match element.value {
            Value::Items(items) => {
                let place = Place { parent: Some(tag), text: TextValue::Words, ..place };
                let items = items.into_iter().map(|item| self.data_set(item, place)).collect();
                Some(Element { value: Value::Items(items), ..element })
            }
            _ if dictionary_vr(tag) == Some(VR::SQ) => {
                self.facts.unknown_removed += 1;
                None
            }
            _ => Some(element),
        }
    }

    /// The action of the basic profile. A compound action is resolved by the type of the attribute; where that is not known,
    /// it is the one that keeps any object valid.
    pub(super) fn basic<'a>(
        &mut self,
        basic: Basic,
        element: Element<'a>,
        place: Place,
    ) -> Option<Element<'a>> {
        let of = || attribute_type(element.tag, &self.facts.sop_class_uid, place.parent);
        let action = match basic {
            Basic::RemoveOrEmpty | Basic::RemoveOrDummy | Basic::RemoveEmptyOrDummy | Basic::RemoveOrUids
                if of() == Some(Type::Three) =>
            {
                Basic::Remove
            }
            // References are replaced, not emptied, where they are of type 2: Referenced Series Sequence (0008,1115), which
            // stays, may only be there if they are.
            Basic::RemoveOrDummy | Basic::RemoveEmptyOrDummy if of() == Some(Type::Two) => Basic::Empty,
            Basic::RemoveOrEmpty => Basic::Empty,
            Basic::EmptyOrDummy if matches!(of(), Some(Type::Two | Type::Three)) => Basic::Empty,
            Basic::RemoveOrDummy | Basic::RemoveEmptyOrDummy | Basic::EmptyOrDummy => Basic::Dummy,
            other => other,
        };
        match (action, element.tag) {
            (Basic::Remove, _) => None,
            (_, Tag(0x0010, 0x0010 | 0x0020)) if place.parent.is_none() => {
                let vr = known_vr(&element);
                Some(Element::text(element.tag, vr, &self.pseudonym))
            }
            _ if element.is_empty() => Some(emptied(&element)),
            (Basic::Uid, _) => Some(new_uids(&element, self.secret)),
            (Basic::RemoveOrUids, _) => self.walk_into(element, Place { codes: true, ..place }),
            (Basic::Empty, _) => Some(emptied(&element)),
            _ => Some(dummy(&element, self.secret)),
        }
    }

    /// C: the element with what is known to be harmless; `None` where nothing is left.
    fn cleaned<'a>(
        &mut self,
        option: DeidOption,
        element: &Element<'a>,
        level: &Level,
    ) -> Option<Element<'a>> {
        if element.is_empty() {
            return None;
        }
        let vr = known_vr(element);
        match (option, vr) {
            (DeidOption::RetainModifiedDates, VR::DA | VR::TM | VR::DT) => self.moved(element, level),
            (DeidOption::RetainModifiedDates, VR::SH) => {
                std::str::from_utf8(trimmed(element.bytes())).is_ok_and(is_zone).then(|| element.clone())
            }
            (DeidOption::CleanStructuredContent, VR::SQ) => structured::sequence(self, element.clone()),
            (DeidOption::CleanDescriptors | DeidOption::CleanGraphics, VR::SQ) => {
                self.walk_into(element.clone(), Place { codes: true, ..level.place })
            }
            (
                DeidOption::CleanDescriptors | DeidOption::RetainPatientCharacteristics,
                VR::LO | VR::SH | VR::ST | VR::LT | VR::UT | VR::UC,
            ) => words(element, vr),
            _ => None,
        }
    }

    fn moved<'a>(&self, element: &Element<'a>, level: &Level) -> Option<Element<'a>> {
        moved(element, level.times.get(&element.tag).map(String::as_str), self.shift)
    }

    /// What table E.1-1 does not list stays, except names, dates, addresses, UIDs of instances, all that is new in the patient's group,
    /// and what the dictionary does not know (PS3.15 section E.1.1 notes 1 and 4).
    fn unlisted<'a>(&mut self, element: Element<'a>, level: &Level) -> Option<Element<'a>> {
        let tag = element.tag;
        let species = matches!(tag, Tag(0x0010, 0x2201 | 0x2202 | 0x2210));
        let Some(known) = dictionary_vr(tag).filter(|_| tag.0 != 0x0010 || species) else {
            self.facts.unknown_removed += 1;
            return None;
        };
        if let Value::Items(_) = element.value {
            return self.walk_into(element, level.place);
        }
        let is = |vr| element.vr == vr || known == vr;
        if element.is_empty() {
            return self.walk_into(element, level.place);
        }
        if is(VR::PN) {
            return Some(Element::text(tag, VR::PN, REMOVED));
        }
        // Addresses name servers; those of coding schemes are public.
        if is(VR::UR) && !matches!(tag, Tag(0x0008, 0x010E | 0x0120)) {
            return Some(dummy(&element, self.secret));
        }
        if is(VR::DA) || is(VR::TM) || is(VR::DT) {
            if self.options.has(DeidOption::RetainFullDates) {
                self.facts.keep(tag, DeidOption::RetainFullDates, "a date outside table E.1-1");
                return Some(element);
            }
            let modified = self.options.has(DeidOption::RetainModifiedDates);
            let kept = modified.then(|| self.moved(&element, level)).flatten();
            return Some(kept.unwrap_or_else(|| dummy(&element, self.secret)));
        }
        let kept = self.options.has(DeidOption::RetainUids)
            || names_a_class(tag)
            || is_standard_uid(element.bytes());
        if is(VR::UI) && !kept {
            return Some(new_uids(&element, self.secret));
        }
        self.walk_into(element, level.place)
    }
}

/// Text Value (0040,A160) of a content item.
fn text_value(element: Element<'_>, text: TextValue) -> Element<'_> {
    let removed = Element::text(element.tag, VR::UT, REMOVED);
    match text {
        TextValue::Keep => element,
        TextValue::Replace => removed,
        TextValue::Words => words(&element, VR::UT).unwrap_or(removed),
    }
}

/// What names the patient for pseudonym and dates: the id; without one name and birth date; without these the study.
fn patient_key(set: &DataSet<'_>) -> Vec<u8> {
    let id = value_of(set, Tag(0x0010, 0x0020));
    if !id.is_empty() {
        return [b"id\0", id].concat();
    }
    let name = value_of(set, Tag(0x0010, 0x0010));
    if !name.is_empty() {
        return [b"name\0", name, b"\0", value_of(set, Tag(0x0010, 0x0030))].concat();
    }
    [b"study\0", value_of(set, Tag(0x0020, 0x000D))].concat()
}

/// The times that belong to the dates of one level.
fn times(set: &DataSet<'_>) -> BTreeMap<Tag, String> {
    let pairs = PAIRS.iter().filter_map(|&[(group, element), (time_group, time_element)]| {
        let time = value_of(set, Tag(time_group, time_element));
        let first = time.split(|&b| b == b'\\').next().filter(|first| !first.is_empty())?;
        Some((Tag(group, element), String::from_utf8_lossy(first).into_owned()))
    });
    pairs.collect()
}

/// The known words of each value; `None` where there is none in any.
fn words<'a>(element: &Element<'a>, vr: VR) -> Option<Element<'a>> {
    let longest = match vr {
        VR::SH => 16,
        VR::LO => 64,
        _ => 1024,
    };
    let one = |value: &[u8]| {
        let mut kept = String::new();
        for word in known_words(value).split(' ').take_while(|word| !word.is_empty()) {
            if kept.len() + usize::from(!kept.is_empty()) + word.len() > longest {
                break;
            }
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(word);
        }
        kept
    };
    // Long texts have no backslashes between values (PS3.5 section 6.4).
    let values: Vec<String> = match vr {
        VR::SH | VR::LO | VR::UC => {
            element.bytes().split(|&b| b == b'\\').map(one).filter(|v| !v.is_empty()).collect()
        }
        _ => vec![one(element.bytes())],
    };
    let text = values.join("\\");
    (!text.is_empty()).then(|| Element::text(element.tag, vr, &text))
}

/// UIDs that name a kind of thing, not a thing.
fn names_a_class(tag: Tag) -> bool {
    matches!(
        tag,
        Tag(
            0x0008,
            0x0016 | 0x001A | 0x001B | 0x0062 | 0x010C | 0x0117 | 0x0118 | 0x040E | 0x1150 | 0x115A | 0x3002
        ) | Tag(0x0034, 0x0003)
            | Tag(0x0400, 0x0010 | 0x0510)
            | Tag(0x3010, 0x0052 | 0x0053)
    )
}

/// An age string above 89 years, of which there are few people (45 CFR 164.514(b)).
fn is_above_89(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(trimmed(value));
    text.strip_suffix('Y').and_then(|years| years.parse::<u16>().ok()).is_some_and(|years| years > 89)
}
