//! A report as a tree, in a Comprehensive 3D SR object.

use casebank_case::Phi;
use dicom_dictionary_std::uids;

use super::{Device, Group, LibraryGroup, Measurement, Region, Report, SegmentSource, codes};
use crate::dataset::to_file;
use crate::objects::made::base;
use crate::objects::sr::{ImageRef, Item, Relation, Spatial, Value, put_root};
use crate::objects::{Code, Made};
use crate::uid::is_uid;
use crate::write::{SeriesInfo, WriteError};

/// Writes a Comprehensive 3D SR object (PS3.3 A.35.13).
///
/// # Errors
/// [`WriteError::Content`] where something is missing or contradicts itself: a group without name or UID, a unit that its
/// quantity cannot have, a length that is not the distance of its points, an image outside the evidence, an outline that is
/// not flat and closed.
pub fn write(report: &Report, info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    let mut object = base(info, made, uids::COMPREHENSIVE3_DSR_STORAGE, "SR", "measurement report")?;
    put_root(&mut object, &tree(report, made)?, &report.evidence)?;
    to_file(object)
}

fn container(relation: Relation, name: Code, template: Option<&str>) -> Item {
    Item::new(relation, Some(name), Value::Container { template: template.map(str::to_owned) })
}

fn coded(relation: Relation, name: Code, value: Code) -> Item {
    Item::new(relation, Some(name), Value::Code(value))
}

fn said(relation: Relation, name: Code, text: &str) -> Item {
    Item::new(relation, Some(name), Value::Text(Phi::new(text.to_owned())))
}

fn tree(report: &Report, made: &Made) -> Result<Item, WriteError> {
    if report.procedures.is_empty() {
        return Err(WriteError::Content("the reported procedure is needed"));
    }
    let mut root = container(Relation::Contains, codes::report(), Some("1500")).with([
        coded(Relation::ConceptMod, codes::language(), codes::english()),
        coded(Relation::ObsContext, codes::observer_type(), codes::person()),
        Item::new(Relation::ObsContext, Some(codes::person_name()), Value::PersonName(made.person.clone())),
    ]);
    root.children.extend(report.device.iter().flat_map(observing));
    for procedure in &report.procedures {
        root.children.push(coded(Relation::ConceptMod, codes::procedure(), procedure.clone()));
    }
    let library = report.library.iter().map(library_group);
    root.children.push(container(Relation::Contains, codes::library(), None).with(library));
    let groups: Result<Vec<Item>, WriteError> = report.groups.iter().map(group).collect();
    root.children.push(container(Relation::Contains, codes::measurements(), None).with(groups?));
    Ok(root)
}

fn observing(device: &Device) -> Vec<Item> {
    let mut items = vec![
        coded(Relation::ObsContext, codes::observer_type(), codes::device()),
        Item::new(Relation::ObsContext, Some(codes::device_uid()), Value::Uid(device.uid.clone())),
    ];
    let [manufacturer, model, serial] = &device.make;
    for (name, text) in [
        (codes::device_name(), &device.name),
        (codes::device_manufacturer(), manufacturer),
        (codes::device_model(), model),
        (codes::device_serial(), serial),
    ] {
        if !text.is_empty() {
            items.push(said(Relation::ObsContext, name, text));
        }
    }
    items
}

fn library_group(group: &LibraryGroup) -> Item {
    let mut item = container(Relation::Contains, codes::library_group(), None);
    if let Some(modality) = &group.modality {
        item.children.push(coded(Relation::AcqContext, codes::modality(), modality.clone()));
    }
    if !group.study_date.expose().is_empty() {
        let value = Value::When(group.study_date.clone());
        item.children.push(Item::new(Relation::AcqContext, Some(codes::study_date()), value));
    }
    if !group.frame_of_reference.is_empty() {
        let value = Value::Uid(group.frame_of_reference.clone());
        item.children.push(Item::new(Relation::AcqContext, Some(codes::frame_of_reference()), value));
    }
    let images = group.images.iter().cloned().map(ImageRef::whole);
    item.with(images.map(|image| Item::new(Relation::Contains, None, Value::Image(image))))
}

fn group(group: &Group) -> Result<Item, WriteError> {
    if group.tracking_id.trim().is_empty() || !is_uid(&group.tracking_uid) {
        return Err(WriteError::Content("a group of measurements has no name or no UID"));
    }
    let template = match &group.region {
        Region::None => "1501",
        Region::Planar(_) | Region::Pixels { .. } | Region::SegmentFrames { .. } => "1410",
        Region::Segment { .. } | Region::Surface { .. } => "1411",
    };
    let uid = Value::Uid(group.tracking_uid.clone());
    let mut item = container(Relation::Contains, codes::group(), Some(template)).with([
        said(Relation::ObsContext, codes::tracking_id(), &group.tracking_id),
        Item::new(Relation::ObsContext, Some(codes::tracking_uid()), uid),
    ]);
    for (name, value) in [(codes::category(), &group.category), (codes::finding(), &group.finding)] {
        item.children.extend(value.iter().map(|code| coded(Relation::Contains, name.clone(), code.clone())));
    }
    item.children.extend(region(&group.region)?);
    item.children
        .extend(group.method.iter().map(|m| coded(Relation::ConceptMod, codes::method(), m.clone())));
    for site in &group.sites {
        let side = site.side.map(|side| coded(Relation::ConceptMod, codes::laterality(), side.code()));
        item.children.push(coded(Relation::ConceptMod, codes::site(), site.anatomy.clone()).with(side));
    }
    for measurement in &group.measurements {
        item.children.push(number(measurement)?);
    }
    let judged = group.evaluations.iter();
    item.children.extend(judged.map(|(name, code)| coded(Relation::Contains, name.clone(), code.clone())));
    Ok(item)
}

fn region(region: &Region) -> Result<Vec<Item>, WriteError> {
    let contains = |name: Code, value: Value| Item::new(Relation::Contains, Some(name), value);
    Ok(match region {
        Region::None => Vec::new(),
        Region::Planar(spatial) => {
            vec![contains(codes::image_region(), Value::Spatial(spatial.clone()))]
        }
        Region::Pixels { kind, points, image } => {
            let value = Value::Flat { kind: *kind, points: points.clone() };
            let selected = Item::new(Relation::SelectedFrom, None, Value::Image(image.clone()));
            vec![contains(codes::image_region(), value).with([selected])]
        }
        Region::SegmentFrames { frames, source } => {
            // Each frame belongs to one segment, so a number beside it is not allowed (PS3.3 table 10-3).
            if frames.frames.is_empty() || !frames.segments.is_empty() {
                return Err(WriteError::Content("a flat region of a segment is named by its frames alone"));
            }
            let mut items = vec![contains(codes::segment_frame(), Value::Image(frames.clone()))];
            items.extend(
                source.iter().map(|image| {
                    contains(codes::source_image(), Value::Image(ImageRef::whole(image.clone())))
                }),
            );
            items
        }
        Region::Segment { segment, source } => {
            if segment.segments.len() != 1 {
                return Err(WriteError::Content("a region that is a segment needs one segment number"));
            }
            let mut items = vec![contains(codes::segment(), Value::Image(segment.clone()))];
            items.extend(made_from(source)?);
            items
        }
        Region::Surface { parts, source } => {
            let [first, rest @ ..] = parts.as_slice() else {
                return Err(WriteError::Content("a surface has no parts"));
            };
            let alike = |part: &Spatial| {
                part.kind == first.kind && part.frame_of_reference == first.frame_of_reference
            };
            if !rest.iter().all(alike) {
                return Err(WriteError::Content(
                    "the parts of a surface differ in kind or frame of reference",
                ));
            }
            let surface =
                parts.iter().map(|part| contains(codes::volume_surface(), Value::Spatial(part.clone())));
            surface.chain(made_from(source)?).collect()
        }
    })
}

fn made_from(source: &SegmentSource) -> Result<Vec<Item>, WriteError> {
    let contains = |name: Code, value: Value| Item::new(Relation::Contains, Some(name), value);
    match source {
        SegmentSource::Series(uid) => Ok(vec![contains(codes::source_series(), Value::Uid(uid.clone()))]),
        SegmentSource::Images(images) if images.is_empty() => {
            Err(WriteError::Content("a region must say what it was drawn in"))
        }
        SegmentSource::Images(images) => {
            let image = |image: &_| {
                contains(codes::source_image(), Value::Image(ImageRef::whole(Clone::clone(image))))
            };
            Ok(images.iter().map(image).collect())
        }
    }
}

fn number(measurement: &Measurement) -> Result<Item, WriteError> {
    if !measurement.unit_fits() {
        return Err(WriteError::Content("a measured quantity has a unit that it cannot have"));
    }
    if !measurement.agrees_with_points() {
        return Err(WriteError::Content("a measured number is not what its points say"));
    }
    let value = Value::Num(measurement.num.clone());
    let mut item = Item::new(Relation::Contains, Some(measurement.name.clone()), value);
    for (name, code) in
        [(codes::method(), &measurement.method), (codes::derivation(), &measurement.derivation)]
    {
        item.children.extend(code.iter().map(|code| coded(Relation::ConceptMod, name.clone(), code.clone())));
    }
    let points = measurement.points.iter().cloned().map(Value::Spatial);
    Ok(item.with(points.map(|value| Item::new(Relation::InferredFrom, Some(codes::source()), value))))
}
