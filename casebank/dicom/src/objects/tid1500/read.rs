//! A tree as a report.

use casebank_case::Phi;

use super::{Device, Group, LibraryGroup, Measurement, Region, Report, SegmentSource, Site, codes};
use crate::objects::sr::{self, Document, ImageRef, Item, Relation, Shape, Value};
use crate::objects::{Code, ObjectError, Side, SourceImage};

/// A measurement report as read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadReport {
    /// The object around it; its tree is the one that was read.
    pub document: Document,
    /// Person Observer Name; empty where nobody is named.
    pub person: Phi<String>,
    /// What is reported.
    pub report: Report,
    /// Concepts that are in the object but not in [`ReadReport::report`], as `value scheme`, each once.
    pub left_out: Vec<String>,
}

/// Reads a measurement report out of any structured report class.
///
/// # Errors
/// [`ObjectError`]: also where a side, a unit or a region would be misread.
pub fn read(bytes: &[u8]) -> Result<ReadReport, ObjectError> {
    let mut document = sr::read(bytes)?;
    bring_up_to_date(&mut document.root);
    if !document.root.is(&codes::report()) {
        return Err(ObjectError::Class { expected: ("a measurement report", "测量报告") });
    }
    let mut left_out = LeftOut(Vec::new());
    let root = &document.root;
    let mut report = Report { evidence: document.evidence.clone(), ..Report::default() };
    let procedures = root.named(&codes::procedure()).filter_map(|item| coded(item).cloned()).collect();
    report.procedures = procedures;
    report.device = root.uid_of(&codes::device_uid()).map(|uid| device(root, uid));
    for child in &root.children {
        let Value::Container { .. } = child.value else { continue };
        if child.is(&codes::library()) {
            library(child, &mut report.library, &mut left_out);
        } else if child.is(&codes::measurements()) {
            for item in &child.children {
                if item.is(&codes::group()) {
                    report.groups.push(group(item, &mut left_out)?);
                } else {
                    left_out.note(item);
                }
            }
        } else {
            left_out.note(child);
        }
    }
    let person = root.text_of(&codes::person_name()).cloned().unwrap_or_default();
    Ok(ReadReport { person, report, left_out: left_out.0, document })
}

/// Replaces retired codes by present ones, in names and coded values.
fn bring_up_to_date(item: &mut Item) {
    item.name = item.name.take().map(codes::current);
    if let Value::Code(code) = &mut item.value {
        *code = codes::current(std::mem::take(code));
    }
    item.children.iter_mut().for_each(bring_up_to_date);
}

/// Names of items that are not understood: concepts only, never their values.
struct LeftOut(Vec<String>);

impl LeftOut {
    fn note(&mut self, item: &Item) {
        let name = item.name.as_ref().map_or_else(
            || "an item without a name".to_owned(),
            |code| {
                let text = format!("{} {}", code.value, code.scheme);
                text.chars().filter(|c| !c.is_control()).take(64).collect()
            },
        );
        if !self.0.contains(&name) && self.0.len() < 100 {
            self.0.push(name);
        }
    }
}

const fn coded(item: &Item) -> Option<&Code> {
    if let Value::Code(code) = &item.value { Some(code) } else { None }
}

const fn image(item: &Item) -> Option<&ImageRef> {
    if let Value::Image(image) = &item.value { Some(image) } else { None }
}

fn device(root: &Item, uid: &str) -> Device {
    let said = |name: Code| root.text_of(&name).map(|text| text.expose().clone()).unwrap_or_default();
    Device {
        uid: uid.to_owned(),
        name: said(codes::device_name()),
        make: [codes::device_manufacturer(), codes::device_model(), codes::device_serial()].map(said),
    }
}

fn library(container: &Item, groups: &mut Vec<LibraryGroup>, left_out: &mut LeftOut) {
    for item in &container.children {
        if !item.is(&codes::library_group()) {
            left_out.note(item);
            continue;
        }
        let mut group = LibraryGroup::default();
        for child in &item.children {
            match &child.value {
                Value::Image(image) => group.images.push(image.instance.clone()),
                Value::Code(code) if child.is(&codes::modality()) => group.modality = Some(code.clone()),
                Value::When(date) if child.is(&codes::study_date()) => group.study_date = date.clone(),
                Value::Uid(uid) if child.is(&codes::frame_of_reference()) => {
                    group.frame_of_reference.clone_from(uid);
                }
                _ => left_out.note(child),
            }
        }
        groups.push(group);
    }
}

fn group(item: &Item, left_out: &mut LeftOut) -> Result<Group, ObjectError> {
    let mut group = Group {
        tracking_id: item.text_of(&codes::tracking_id()).map(|t| t.expose().clone()).unwrap_or_default(),
        tracking_uid: item.uid_of(&codes::tracking_uid()).unwrap_or_default().to_owned(),
        region: region(item)?,
        ..Group::default()
    };
    for child in &item.children {
        match &child.value {
            Value::Code(code) if child.is(&codes::category()) => group.category = Some(code.clone()),
            Value::Code(code) if child.is(&codes::finding()) => group.finding = Some(code.clone()),
            Value::Code(code) if child.is(&codes::method()) => group.method = Some(code.clone()),
            Value::Code(code) if child.is(&codes::site()) => {
                group.sites.push(Site { anatomy: code.clone(), side: side(child, left_out)? });
            }
            Value::Code(code) if child.relation == Relation::Contains => {
                if let Some(name) = &child.name {
                    group.evaluations.push((name.clone(), code.clone()));
                }
            }
            Value::Num(_) => group.measurements.push(number(child, left_out)?),
            _ if is_context(child) => {}
            _ => left_out.note(child),
        }
    }
    Ok(group)
}

/// Whether it was read as part of the region or the tracking.
fn is_context(item: &Item) -> bool {
    [
        codes::tracking_id(),
        codes::tracking_uid(),
        codes::image_region(),
        codes::volume_surface(),
        codes::segment(),
        codes::segment_frame(),
        codes::source_image(),
        codes::source_series(),
    ]
    .iter()
    .any(|code| item.is(code))
}

/// Laterality of a site. A code that is not known is refused: it would be shown as no side at all.
fn side(site: &Item, left_out: &mut LeftOut) -> Result<Option<Side>, ObjectError> {
    let mut found = None;
    for child in &site.children {
        match coded(child).filter(|_| child.is(&codes::laterality())) {
            None => left_out.note(child),
            Some(code) if code.is(&Code::sct("66459002", "Unilateral")) => left_out.note(child),
            Some(code) => {
                let side = Side::of(code).ok_or(ObjectError::Refused(
                    "the side of a finding is coded in no known way",
                    "所见的侧别编码未知",
                ))?;
                if found.replace(side).is_some_and(|before| before != side) {
                    return Err(ObjectError::Refused("a finding lies on two sides", "所见同时位于两侧"));
                }
            }
        }
    }
    Ok(found)
}

fn source(item: &Item) -> Option<SegmentSource> {
    let images: Vec<SourceImage> =
        item.named(&codes::source_image()).filter_map(image).map(|i| i.instance.clone()).collect();
    let series = item.uid_of(&codes::source_series()).map(|uid| SegmentSource::Series(uid.to_owned()));
    series.or_else(|| (!images.is_empty()).then_some(SegmentSource::Images(images)))
}

/// The region of a group. More than one of a kind, or of different kinds, is refused rather than guessed at.
fn region(item: &Item) -> Result<Region, ObjectError> {
    let several = || {
        ObjectError::Refused(
            "a group of measurements has several regions of different kinds",
            "一组测量有多个不同类型的区域",
        )
    };
    let missing = || ObjectError::Missing("what a measured region was drawn in", "测量区域所依据的图像");
    let mut region = Region::None;
    for child in &item.children {
        let next = match &child.value {
            Value::Spatial(spatial) if child.is(&codes::image_region()) => Region::Planar(spatial.clone()),
            Value::Flat { kind, points } if child.is(&codes::image_region()) => {
                let selected = child.children.iter().find_map(image);
                let image = selected
                    .ok_or(ObjectError::Missing("the image of an outline in pixels", "像素轮廓所在的图像"))?
                    .clone();
                Region::Pixels { kind: *kind, points: points.clone(), image }
            }
            Value::Image(frames) if child.is(&codes::segment_frame()) => {
                let source = item.named(&codes::source_image()).find_map(image).map(|i| i.instance.clone());
                Region::SegmentFrames { frames: frames.clone(), source }
            }
            Value::Image(segment) if child.is(&codes::segment()) => {
                Region::Segment { segment: segment.clone(), source: source(item).ok_or_else(missing)? }
            }
            Value::Spatial(part) if child.is(&codes::volume_surface()) => {
                if let Region::Surface { parts, .. } = &mut region {
                    parts.push(part.clone());
                    continue;
                }
                Region::Surface { parts: vec![part.clone()], source: source(item).ok_or_else(missing)? }
            }
            _ => continue,
        };
        if region != Region::None {
            return Err(several());
        }
        region = next;
    }
    if let Region::Surface { parts, .. } = &region
        && let [first, rest @ ..] = parts.as_slice()
        && rest.iter().any(|p| p.frame_of_reference != first.frame_of_reference)
    {
        return Err(several());
    }
    Ok(region)
}

fn number(item: &Item, left_out: &mut LeftOut) -> Result<Measurement, ObjectError> {
    let (Value::Num(num), Some(name)) = (&item.value, &item.name) else {
        return Err(ObjectError::Missing("the name of a measured number", "测量值的名称"));
    };
    let mut measurement =
        Measurement { name: name.clone(), num: num.clone(), method: None, derivation: None, points: None };
    for child in &item.children {
        match &child.value {
            Value::Code(code) if child.is(&codes::method()) => measurement.method = Some(code.clone()),
            Value::Code(code) if child.is(&codes::derivation()) => {
                measurement.derivation = Some(code.clone());
            }
            Value::Spatial(spatial) if measurement.points.is_none() && spatial.kind != Shape::Multipoint => {
                measurement.points = Some(spatial.clone());
            }
            _ => left_out.note(child),
        }
    }
    if !measurement.unit_fits() {
        return Err(ObjectError::Refused(
            "a measured quantity has a unit that it cannot have",
            "测量量的单位不可能",
        ));
    }
    Ok(measurement)
}
