//! Parsing with our text decoder in place of the parser's, which knows only the first value of (0008,0005).

use dicom_core::header::{Header as _, SequenceItemHeader};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_core::{DataElement, DataElementHeader, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::TransferSyntaxIndex as _;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dicom_parser::DynStatefulDecoder;
use dicom_parser::stateful::decode::{Error, StatefulDecode};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{CharacterSets, TextKind, TextProblem};
use crate::prescan::Prescan;

/// Parses elements in the encoding of `scan`, at any depth, with all text decoded; with it the first problem of text. Only
/// bytes that the guard has passed come here: it bounds the depth of the recursion.
pub(crate) fn parse_telling(
    scan: &Prescan<'_>,
    flat: &[u8],
) -> Option<(InMemDicomObject, Option<TextProblem>)> {
    let uid = match (scan.encoding.explicit, scan.encoding.big_endian) {
        (false, _) => "1.2.840.10008.1.2",
        (true, false) => "1.2.840.10008.1.2.1",
        (true, true) => "1.2.840.10008.1.2.2",
    };
    let syntax = TransferSyntaxRegistry.get(uid)?;
    let decoder = DynStatefulDecoder::new_with_ts(flat, syntax, 0).ok()?;
    let object = InMemDicomObject::read_dataset(BytesOfText(decoder)).ok()?;
    let mut problem = None;
    let object = decoded(object, &CharacterSets::default(), &mut problem);
    Some((object, problem))
}

/// Which part of a value ends what an escape sequence has designated; `None` where the value is no text in the declared
/// character set.
fn kind(vr: VR) -> Option<TextKind> {
    match vr {
        VR::PN => Some(TextKind::Name),
        VR::LO | VR::SH | VR::UC => Some(TextKind::Line),
        VR::LT | VR::ST | VR::UT => Some(TextKind::Block),
        _ => None,
    }
}

/// Whether values of this representation are text in the declared character set.
pub(super) fn is_text(vr: VR) -> bool {
    kind(vr).is_some()
}

/// Decodes the text of an object and of the items in it. An item may have character sets of its own, and has those of its
/// parent otherwise (PS3.5 section 7.5.3).
fn decoded(
    object: InMemDicomObject,
    parent: &CharacterSets,
    problem: &mut Option<TextProblem>,
) -> InMemDicomObject {
    let own = object.get(tags::SPECIFIC_CHARACTER_SET).and_then(|element| element.to_bytes().ok());
    let own = own.map(|bytes| CharacterSets::new(&String::from_utf8_lossy(&bytes)));
    if let Some(odd) = own.as_ref().and_then(CharacterSets::problem) {
        problem.get_or_insert_with(|| odd.clone());
    }
    let sets = own.as_ref().unwrap_or(parent);
    let elements = object.into_iter().map(|element| {
        let (tag, vr) = (element.tag(), element.vr());
        match element.into_value() {
            Value::Sequence(sequence) => {
                let length = sequence.length();
                let items = sequence.into_items().into_iter().map(|item| decoded(item, sets, problem));
                let items: Vec<InMemDicomObject> = items.collect();
                let sequence = dicom_core::value::DataSetSequence::new(items, length);
                InMemElement::new(tag, vr, sequence)
            }
            Value::Primitive(value) => InMemElement::new(tag, vr, text_of(vr, tag, value, sets, problem)),
            pixels @ Value::PixelSequence(_) => DataElement::new(tag, vr, pixels),
        }
    });
    InMemDicomObject::from_element_iter(elements)
}

fn text_of(
    vr: VR,
    tag: dicom_core::Tag,
    value: PrimitiveValue,
    sets: &CharacterSets,
    problem: &mut Option<TextProblem>,
) -> PrimitiveValue {
    let PrimitiveValue::U8(bytes) = &value else { return value };
    let text = match kind(vr) {
        Some(kind) => {
            let read = sets.decode(bytes, kind);
            if let Some(odd) = read.problem {
                problem.get_or_insert(odd);
            }
            if kind == TextKind::Block {
                return PrimitiveValue::from(read.text);
            }
            read.text
        }
        None if tag == tags::SPECIFIC_CHARACTER_SET => String::from_utf8_lossy(bytes).into_owned(),
        None => return value,
    };
    PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect())
}

/// A decoder that leaves text as bytes, and does not act on (0008,0005).
#[derive(Debug)]
struct BytesOfText<D>(D);

fn left_as_bytes(header: &DataElementHeader) -> bool {
    kind(header.vr()).is_some() || header.tag == tags::SPECIFIC_CHARACTER_SET
}

impl<D: StatefulDecode> StatefulDecode for BytesOfText<D> {
    type Reader = D::Reader;

    fn decode_header(&mut self) -> Result<DataElementHeader, Error> {
        self.0.decode_header()
    }

    fn decode_item_header(&mut self) -> Result<SequenceItemHeader, Error> {
        self.0.decode_item_header()
    }

    fn read_value(&mut self, header: &DataElementHeader) -> Result<PrimitiveValue, Error> {
        if left_as_bytes(header) { self.0.read_value_bytes(header) } else { self.0.read_value(header) }
    }

    fn read_value_preserved(&mut self, header: &DataElementHeader) -> Result<PrimitiveValue, Error> {
        if left_as_bytes(header) {
            self.0.read_value_bytes(header)
        } else {
            self.0.read_value_preserved(header)
        }
    }

    fn read_value_bytes(&mut self, header: &DataElementHeader) -> Result<PrimitiveValue, Error> {
        self.0.read_value_bytes(header)
    }

    fn read_to_vec(&mut self, length: u32, vec: &mut Vec<u8>) -> Result<(), Error> {
        self.0.read_to_vec(length, vec)
    }

    fn read_u32_to_vec(&mut self, length: u32, vec: &mut Vec<u32>) -> Result<(), Error> {
        self.0.read_u32_to_vec(length, vec)
    }

    fn read_to<W>(&mut self, length: u32, out: W) -> Result<(), Error>
    where
        W: std::io::Write,
    {
        self.0.read_to(length, out)
    }

    fn skip_bytes(&mut self, length: u32) -> Result<(), Error> {
        self.0.skip_bytes(length)
    }

    fn seek(&mut self, position: u64) -> Result<(), Error>
    where
        Self::Reader: std::io::Seek,
    {
        self.0.seek(position)
    }

    fn position(&self) -> u64 {
        self.0.position()
    }
}
