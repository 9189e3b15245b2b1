//! Data sets to content items, bounded in depth and count.

use casebank_case::Phi;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use meshing_space::Point;

use super::{CLASSES, Code, Document, Item, Num, Relation, Shape, Spatial, Value};
use crate::dataset::text;
use crate::objects::made::{ObjectError, evidence_of, first, image_of, items, open};

/// Deepest tree that is read.
const DEPTH: usize = 32;
/// Most items of one report.
const ITEMS: usize = 100_000;
/// Most coordinates of one report.
const NUMBERS: usize = 3_000_000;

/// Reads a structured report or key object selection.
///
/// # Errors
/// [`ObjectError`]
pub fn read(bytes: &[u8]) -> Result<Document, ObjectError> {
    let object = open(bytes, &CLASSES, ("a structured report", "结构化报告"))?;
    let mut evidence = evidence_of(&object, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE);
    evidence.extend(evidence_of(&object, tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE));
    let mut budget = Budget { items: ITEMS, numbers: NUMBERS };
    let root = item(&object, Relation::Contains, 0, &mut budget)?;
    if !matches!(root.value, Value::Container { .. }) {
        return Err(ObjectError::Missing("the root container of the report", "报告的根容器"));
    }
    Ok(Document {
        class_uid: text(&object, tags::SOP_CLASS_UID),
        instance_uid: text(&object, tags::SOP_INSTANCE_UID),
        study_uid: text(&object, tags::STUDY_INSTANCE_UID),
        series_uid: text(&object, tags::SERIES_INSTANCE_UID),
        complete: text(&object, tags::COMPLETION_FLAG) == "COMPLETE",
        verified: text(&object, tags::VERIFICATION_FLAG) == "VERIFIED",
        made: Phi::new((text(&object, tags::CONTENT_DATE), text(&object, tags::CONTENT_TIME))),
        evidence,
        root,
    })
}

/// What may still be read.
struct Budget {
    items: usize,
    numbers: usize,
}

impl Budget {
    fn take_item(&mut self) -> Result<(), ObjectError> {
        self.items = self
            .items
            .checked_sub(1)
            .ok_or(ObjectError::TooMuch { what: ("items", "条目"), limit: ITEMS })?;
        Ok(())
    }

    fn take_numbers(&mut self, count: usize) -> Result<(), ObjectError> {
        let left = self.numbers.checked_sub(count);
        self.numbers =
            left.ok_or(ObjectError::TooMuch { what: ("coordinates", "坐标"), limit: NUMBERS })?;
        Ok(())
    }
}

fn item(
    set: &InMemDicomObject,
    relation: Relation,
    depth: usize,
    budget: &mut Budget,
) -> Result<Item, ObjectError> {
    if depth > DEPTH {
        return Err(ObjectError::TooMuch { what: ("levels", "层级"), limit: DEPTH });
    }
    budget.take_item()?;
    let mut children = Vec::new();
    for child in items(set, tags::CONTENT_SEQUENCE) {
        let written = text(child, tags::RELATIONSHIP_TYPE);
        let relation = Relation::ALL.into_iter().find(|(_, name)| *name == written);
        let (relation, _) = relation.ok_or(ObjectError::Refused(
            "an item relates to another in no known way",
            "条目之间的关系未知",
        ))?;
        children.push(item(child, relation, depth + 1, budget)?);
    }
    let name = Code::of(set, tags::CONCEPT_NAME_CODE_SEQUENCE);
    Ok(Item { relation, name, value: value(set, budget)?, children })
}

fn value(set: &InMemDicomObject, budget: &mut Budget) -> Result<Value, ObjectError> {
    let said = |tag: Tag| Phi::new(text(set, tag));
    let reference = || {
        first(set, tags::REFERENCED_SOP_SEQUENCE)
            .ok_or(ObjectError::Missing("a referenced instance", "引用的实例"))
    };
    Ok(match text(set, tags::VALUE_TYPE).as_str() {
        "CONTAINER" => {
            let template = first(set, tags::CONTENT_TEMPLATE_SEQUENCE);
            let template =
                template.map(|item| text(item, tags::TEMPLATE_IDENTIFIER)).filter(|t| !t.is_empty());
            Value::Container { template }
        }
        "CODE" => Value::Code(
            Code::of(set, tags::CONCEPT_CODE_SEQUENCE)
                .ok_or(ObjectError::Missing("the value of a coded item", "编码项的值"))?,
        ),
        "TEXT" => Value::Text(said(tags::TEXT_VALUE)),
        "PNAME" => Value::PersonName(said(tags::PERSON_NAME)),
        "DATE" => Value::When(said(tags::DATE)),
        "TIME" => Value::When(said(tags::TIME)),
        "DATETIME" => Value::When(said(tags::DATE_TIME)),
        "UIDREF" => Value::Uid(text(set, tags::UID)),
        "NUM" => Value::Num(number(set)?),
        "IMAGE" => {
            let image = image_of(reference()?)?;
            budget.take_numbers(image.frames.len() + image.segments.len())?;
            Value::Image(image)
        }
        "COMPOSITE" => Value::Composite(image_of(reference()?)?.instance),
        "SCOORD" => {
            let (kind, numbers) = graphic(set, 2, budget)?;
            let points = numbers.chunks_exact(2).filter_map(|p| p.try_into().ok()).collect();
            Value::Flat { kind, points }
        }
        "SCOORD3D" => {
            let (kind, numbers) = graphic(set, 3, budget)?;
            let points = numbers.chunks_exact(3).filter_map(|p| <[f32; 3]>::try_from(p).ok());
            let points = points.map(|p| Point::from_array(p.map(f64::from))).collect();
            let frame_of_reference = text(set, tags::REFERENCED_FRAME_OF_REFERENCE_UID);
            if frame_of_reference.is_empty() {
                return Err(ObjectError::Missing(
                    "the frame of reference of points in space",
                    "空间点的参考坐标系",
                ));
            }
            Value::Spatial(Spatial { kind, points, frame_of_reference })
        }
        "" if set.get(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER).is_some() => {
            Value::Other("reference".to_owned())
        }
        "" => return Err(ObjectError::Missing("the value type of an item", "条目的值类型")),
        other => Value::Other(other.chars().filter(char::is_ascii_alphanumeric).take(16).collect()),
    })
}

/// Shape and numbers of coordinates with `dimensions` numbers a point.
fn graphic(
    set: &InMemDicomObject,
    dimensions: usize,
    budget: &mut Budget,
) -> Result<(Shape, Vec<f32>), ObjectError> {
    let written = text(set, tags::GRAPHIC_TYPE);
    let kind = Shape::ALL.into_iter().find(|(_, name)| *name == written);
    let (kind, _) =
        kind.ok_or(ObjectError::Refused("coordinates are of no known shape", "坐标的形状未知"))?;
    let numbers = set.get(tags::GRAPHIC_DATA).and_then(|element| element.to_multi_float32().ok());
    let numbers = numbers.ok_or(ObjectError::Missing("the coordinates of an item", "条目的坐标"))?;
    budget.take_numbers(numbers.len())?;
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(ObjectError::Refused("a coordinate is not finite", "坐标不是有限的数"));
    }
    let points = numbers.len() / dimensions;
    // Some writers leave the last point of an outline out.
    let open_outline = kind == Shape::Polygon && points == 3;
    if numbers.len() % dimensions != 0 || !(kind.holds(points) || open_outline) {
        return Err(ObjectError::Refused("coordinates do not fit their shape", "坐标与其形状不符"));
    }
    Ok((kind, numbers))
}

/// The number: the double where there is one, else the decimal string.
fn number(set: &InMemDicomObject) -> Result<Num, ObjectError> {
    let qualifier = Code::of(set, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE);
    let Some(measured) = first(set, tags::MEASURED_VALUE_SEQUENCE) else {
        return Ok(Num { value: None, qualifier });
    };
    let double = measured.get(tags::FLOATING_POINT_VALUE).and_then(|element| element.to_float64().ok());
    let decimal = text(measured, tags::NUMERIC_VALUE).trim().parse().ok();
    let value = double.or(decimal).filter(|value: &f64| value.is_finite());
    let value = value.ok_or(ObjectError::Refused("a measured number is none", "测量值不是数字"))?;
    if let (Some(double), Some(decimal)) = (double, decimal)
        && (double - decimal).abs() > 1e-4 * double.abs().max(1.0)
    {
        return Err(ObjectError::Refused(
            "a measured number is written twice, with two values",
            "测量值写了两次，且数值不同",
        ));
    }
    let unit = Code::of(measured, tags::MEASUREMENT_UNITS_CODE_SEQUENCE);
    let unit = unit.ok_or(ObjectError::Missing("the unit of a measured number", "测量值的单位"))?;
    Ok(Num { value: Some((value, unit)), qualifier })
}
