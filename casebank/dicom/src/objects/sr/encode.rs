//! Content items to data sets.

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{ImageRef, Item, Num, Relation, Shape, Spatial, Value};
use crate::dataset::{decimals, put, put_text, sequence};
use crate::objects::made::{Evidence, image_item, put_evidence, reference, short};
use crate::uid::is_uid;
use crate::write::WriteError;

/// Deepest tree that is written; no template needs more than 9 levels.
const DEPTH: usize = 16;

impl Relation {
    pub(super) const ALL: [(Self, &'static str); 7] = [
        (Self::Contains, "CONTAINS"),
        (Self::ObsContext, "HAS OBS CONTEXT"),
        (Self::AcqContext, "HAS ACQ CONTEXT"),
        (Self::ConceptMod, "HAS CONCEPT MOD"),
        (Self::Properties, "HAS PROPERTIES"),
        (Self::InferredFrom, "INFERRED FROM"),
        (Self::SelectedFrom, "SELECTED FROM"),
    ];

    fn text(&self) -> &'static str {
        Self::ALL.iter().find(|(relation, _)| relation == self).map_or("CONTAINS", |(_, text)| text)
    }
}

/// Sets the tree of a whole report: the root item, and the flags and evidence around it (PS3.3 C.17.2).
pub(crate) fn put_root(
    object: &mut InMemDicomObject,
    root: &Item,
    evidence: &[Evidence],
) -> Result<(), WriteError> {
    put_tree(object, root, evidence)?;
    put_text(object, tags::COMPLETION_FLAG, VR::CS, "COMPLETE");
    put_text(object, tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED");
    sequence(object, tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    Ok(())
}

/// Sets the root item in `object`, and its evidence. Every referenced instance must be in the evidence, so that an
/// archive can find all that a report is about (PS3.3 C.17.2.3).
pub(crate) fn put_tree(
    object: &mut InMemDicomObject,
    root: &Item,
    evidence: &[Evidence],
) -> Result<(), WriteError> {
    let known = |item: &Item| match &item.value {
        Value::Image(ImageRef { instance, .. }) | Value::Composite(instance) => {
            evidence.iter().any(|part| part.instances.contains(instance))
        }
        _ => true,
    };
    fn all(item: &Item, depth: usize, test: &impl Fn(&Item) -> bool) -> Result<bool, WriteError> {
        if depth > DEPTH {
            return Err(WriteError::Content("the tree of the report is too deep"));
        }
        item.children.iter().try_fold(test(item), |good, child| Ok(good && all(child, depth + 1, test)?))
    }
    if !all(root, 0, &known)? {
        return Err(WriteError::Content("an image is referenced that is not in the evidence"));
    }
    for element in encoded(root)? {
        if element.header().tag != tags::RELATIONSHIP_TYPE {
            object.put(element);
        }
    }
    sequence(object, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    // SR series say no body part (PS3.3 C.17.1).
    object.remove_element(tags::BODY_PART_EXAMINED);
    object.remove_element(tags::LATERALITY);
    if !evidence.is_empty() {
        put_evidence(object, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence)?;
    }
    Ok(())
}

/// One item as a data set.
fn encoded(item: &Item) -> Result<InMemDicomObject, WriteError> {
    let mut out = InMemDicomObject::new_empty();
    put_text(&mut out, tags::RELATIONSHIP_TYPE, VR::CS, item.relation.text());
    put_text(&mut out, tags::VALUE_TYPE, VR::CS, value_type(&item.value));
    if let Some(name) = &item.name {
        if !name.is_writable() {
            return Err(WriteError::Content("the name of an item is incomplete or too long"));
        }
        sequence(&mut out, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name.item()]);
    } else if !matches!(item.value, Value::Image(_) | Value::Composite(_)) {
        return Err(WriteError::Content("an item of the report has no name"));
    }
    value(&mut out, &item.value)?;
    if !item.children.is_empty() {
        let children: Result<Vec<_>, _> = item.children.iter().map(encoded).collect();
        sequence(&mut out, tags::CONTENT_SEQUENCE, children?);
    }
    Ok(out)
}

const fn value_type(value: &Value) -> &'static str {
    match value {
        Value::Container { .. } => "CONTAINER",
        Value::Code(_) => "CODE",
        Value::Text(_) => "TEXT",
        Value::PersonName(_) => "PNAME",
        Value::When(_) => "DATE",
        Value::Uid(_) => "UIDREF",
        Value::Num(_) => "NUM",
        Value::Image(_) => "IMAGE",
        Value::Composite(_) => "COMPOSITE",
        Value::Flat { .. } => "SCOORD",
        Value::Spatial(_) => "SCOORD3D",
        Value::Other(_) => "",
    }
}

fn value(out: &mut InMemDicomObject, value: &Value) -> Result<(), WriteError> {
    match value {
        Value::Container { template } => {
            put_text(out, tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE");
            if let Some(identifier) = template {
                let mut item = InMemDicomObject::new_empty();
                put_text(&mut item, tags::MAPPING_RESOURCE, VR::CS, "DCMR");
                put_text(&mut item, tags::TEMPLATE_IDENTIFIER, VR::CS, &short(identifier, 16));
                sequence(out, tags::CONTENT_TEMPLATE_SEQUENCE, vec![item]);
            }
        }
        Value::Code(code) if code.is_writable() => {
            sequence(out, tags::CONCEPT_CODE_SEQUENCE, vec![code.item()]);
        }
        Value::Code(_) => return Err(WriteError::Content("a code is incomplete or too long")),
        Value::Text(text) if text.expose().trim().is_empty() => {
            return Err(WriteError::Content("a text of the report is empty"));
        }
        Value::Text(text) => put_text(out, tags::TEXT_VALUE, VR::UT, text.expose()),
        Value::PersonName(name) => put_text(out, tags::PERSON_NAME, VR::PN, name.expose()),
        Value::When(date)
            if date.expose().len() == 8 && date.expose().bytes().all(|b| b.is_ascii_digit()) =>
        {
            put_text(out, tags::DATE, VR::DA, date.expose());
        }
        Value::When(_) => return Err(WriteError::Content("a date of the report is not YYYYMMDD")),
        Value::Uid(uid) if is_uid(uid) => put_text(out, tags::UID, VR::UI, uid),
        Value::Uid(_) => return Err(WriteError::Content("a UID of the report is not one")),
        Value::Num(num) => number(out, num)?,
        Value::Image(image) => {
            sequence(out, tags::REFERENCED_SOP_SEQUENCE, vec![image_item(image)]);
        }
        Value::Composite(instance) => {
            sequence(out, tags::REFERENCED_SOP_SEQUENCE, vec![reference(instance)]);
        }
        Value::Flat { kind, points } => {
            let spatial_only = matches!(kind, Shape::Polygon | Shape::Ellipsoid);
            if spatial_only || !kind.holds(points.len()) {
                return Err(WriteError::Content("pixel coordinates do not fit their shape"));
            }
            graphic(out, *kind, points.iter().flatten().copied().collect())?;
        }
        Value::Spatial(spatial) => {
            check(spatial)?;
            let mut numbers = Vec::with_capacity(3 * spatial.points.len());
            for point in &spatial.points {
                #[expect(clippy::cast_possible_truncation, reason = "the file format holds 32-bit floats")]
                numbers.extend(point.to_array().map(|mm| mm as f32));
            }
            graphic(out, spatial.kind, numbers)?;
            put_text(out, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, &spatial.frame_of_reference);
        }
        Value::Other(_) => {
            return Err(WriteError::Content("an item of unknown kind cannot be written again"));
        }
    }
    Ok(())
}

fn graphic(out: &mut InMemDicomObject, kind: Shape, numbers: Vec<f32>) -> Result<(), WriteError> {
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(WriteError::Content("a coordinate is not finite"));
    }
    let name = Shape::ALL.iter().find(|(shape, _)| *shape == kind).map_or("", |(_, name)| name);
    put_text(out, tags::GRAPHIC_TYPE, VR::CS, name);
    out.put(DataElement::new(tags::GRAPHIC_DATA, VR::FL, PrimitiveValue::F32(numbers.into())));
    Ok(())
}

/// Largest distance of an outline's point from its plane, mm: a tenth of the thinnest slice.
const FLAT_MM: f64 = 0.05;

/// Whether points in space are what their shape says.
fn check(spatial: &Spatial) -> Result<(), WriteError> {
    let Spatial { kind, points, frame_of_reference } = spatial;
    if !is_uid(frame_of_reference) {
        return Err(WriteError::Content("points in space need the UID of their frame of reference"));
    }
    if *kind == Shape::Circle || !kind.holds(points.len()) || points.iter().any(|p| !p.is_finite()) {
        return Err(WriteError::Content("points in space do not fit their shape"));
    }
    if *kind != Shape::Polygon {
        return Ok(());
    }
    let (Some(&start), Some(&end)) = (points.first(), points.last()) else { return Ok(()) };
    if start != end {
        return Err(WriteError::Content("an outline is not closed"));
    }
    // Newell's normal: exact for flat outlines of any form.
    let normal = points.windows(2).fold(meshing_space::Vector::zero(), |sum, pair| match pair {
        [a, b] => sum + (*a - start).cross(*b - start),
        _ => sum,
    });
    let Some(normal) = normal.normalized() else {
        return Err(WriteError::Content("an outline has no area"));
    };
    if points.iter().any(|p| (*p - start).dot(normal).abs() > FLAT_MM) {
        return Err(WriteError::Content("an outline is not flat"));
    }
    Ok(())
}

/// A number as a decimal string of 16 characters and, exactly, as a double (PS3.3 table C.18.1-1).
fn number(out: &mut InMemDicomObject, num: &Num) -> Result<(), WriteError> {
    let mut values = Vec::new();
    match &num.value {
        Some((value, unit)) if value.is_finite() && unit.is_writable() => {
            let mut item = InMemDicomObject::new_empty();
            let text = decimals(&[*value]);
            put_text(&mut item, tags::NUMERIC_VALUE, VR::DS, &text);
            if text.parse() != Ok(*value) {
                put(&mut item, tags::FLOATING_POINT_VALUE, VR::FD, PrimitiveValue::from(*value));
            }
            sequence(&mut item, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit.item()]);
            values.push(item);
        }
        Some(_) => return Err(WriteError::Content("a number is not finite or has no unit")),
        None if num.qualifier.is_none() => {
            return Err(WriteError::Content("a measurement has neither a number nor a reason why"));
        }
        None => {}
    }
    sequence(out, tags::MEASURED_VALUE_SEQUENCE, values);
    if let Some(qualifier) = &num.qualifier {
        sequence(out, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE, vec![qualifier.item()]);
    }
    Ok(())
}
