//! Structure sets into label maps.

use casebank_case::{Finding, FindingCode, Severity, Words};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_space::Point;

use super::slices::{Contour, Oddities, fill};
use crate::dataset::text;
use crate::header::parse;
use crate::objects::facts::{AlgorithmType, SegmentFacts};
use crate::objects::maps::{Full, Maps};
use crate::objects::seg::{Onto, ReadSegment, Segmentation, items};
use crate::prescan::{Limits, PrescanError, prescan_with};

/// Elements of one structure set: about eight a contour.
const ELEMENTS: u64 = 4_000_000;
/// Contours named in one message.
const NAMED: usize = 6;

/// Why a structure set cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RtReadError {
    /// The bytes are refused by the guard.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// Another kind of object.
    #[error("the object is not a radiotherapy structure set")]
    Class,
    /// No structure has a contour.
    #[error("the structure set holds no structure with contours")]
    Empty,
    /// A contour's coordinates are no triples of numbers; the outline would be wrong.
    #[error("contour {contour} of structure {structure} is damaged, so the structure set is not used")]
    Contour {
        /// ROI Number (3006,0022).
        structure: i64,
        /// Its place, from 1.
        contour: usize,
    },
    /// The structures lie in another frame of reference than the volume.
    #[error(
        "the structure set lies in another frame of reference than the volume; without a registration its place is \
         not known, so it is not used"
    )]
    FrameOfReference,
    /// The label maps would be larger than allowed.
    #[error("the structures would need more than {limit} bytes of memory")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// Reads the structures of a structure set onto the voxels of a volume; at most `limit` bytes of label maps. What
/// cannot be used is a finding that names structure and contour by number; a contour that is left out is severe.
///
/// # Errors
/// [`RtReadError`]
pub fn read(bytes: &[u8], onto: &Onto<'_>, limit: usize) -> Result<Segmentation, RtReadError> {
    let scan = prescan_with(bytes, &Limits { elements: ELEMENTS, ..Limits::default() })?;
    let object = parse(&scan, scan.data.get(scan.dataset..).unwrap_or_default()).ok_or(RtReadError::Class)?;
    if text(&object, tags::SOP_CLASS_UID) != uids::RT_STRUCTURE_SET_STORAGE {
        return Err(RtReadError::Class);
    }
    let structures = structures(&object)?;
    if structures.iter().all(|s| s.contours.is_empty()) {
        return Err(RtReadError::Empty);
    }
    let mut findings = Vec::new();
    check_frame(&object, &structures, onto, &mut findings)?;
    if onto.grid.len() > limit {
        return Err(RtReadError::TooLarge { limit });
    }
    let mut maps = Maps::new(onto.grid, limit);
    let mut segments = Vec::new();
    for structure in structures {
        let mut odd = structure.odd;
        let slices = fill(&structure.contours, onto.grid, &mut odd);
        report(structure.number, &odd, &mut findings);
        let (map, label) = maps
            .add(|take| slices.iter().for_each(|slice| slice.each(take)))
            .map_err(|Full| RtReadError::TooLarge { limit })?;
        let mut voxels = 0;
        for slice in &slices {
            slice.each(&mut |_| voxels += 1);
        }
        segments.push(ReadSegment { facts: structure.facts, map, label, voxels });
    }
    Ok(Segmentation {
        segments,
        maps: maps.into_maps(),
        findings,
        frame_of_reference: onto.frame_of_reference.to_owned(),
        study_uid: text(&object, tags::STUDY_INSTANCE_UID),
        source_series_uids: source_series(&object),
        sop_instance_uid: text(&object, tags::SOP_INSTANCE_UID),
    })
}

struct Structure {
    number: i64,
    facts: SegmentFacts,
    frame_of_reference: String,
    contours: Vec<Contour>,
    odd: Oddities,
}

/// The structures in the order of the Structure Set ROI Sequence; those without contours are left out.
fn structures(object: &InMemDicomObject) -> Result<Vec<Structure>, RtReadError> {
    let int = |item: &InMemDicomObject, tag| item.get(tag).and_then(|e| e.to_int::<i64>().ok());
    let mut out = Vec::new();
    for (at, roi) in items(object, tags::STRUCTURE_SET_ROI_SEQUENCE).iter().enumerate() {
        let Some(number) = int(roi, tags::ROI_NUMBER) else { continue };
        let drawn = items(object, tags::ROI_CONTOUR_SEQUENCE);
        let Some(drawn) = drawn.iter().find(|item| int(item, tags::REFERENCED_ROI_NUMBER) == Some(number))
        else {
            continue;
        };
        let sequence = items(drawn, tags::CONTOUR_SEQUENCE);
        if sequence.is_empty() {
            continue;
        }
        let colour = drawn.get(tags::ROI_DISPLAY_COLOR).and_then(|e| e.to_multi_int::<u8>().ok());
        let facts = SegmentFacts {
            algorithm: AlgorithmType::of(&text(roi, tags::ROI_GENERATION_ALGORITHM)),
            colour: colour.and_then(|v| v.try_into().ok()),
            ..SegmentFacts::named(
                u16::try_from(number).or_else(|_| u16::try_from(at + 1)).unwrap_or(u16::MAX),
                &text(roi, tags::ROI_NAME),
            )
        };
        let frame_of_reference = text(roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID);
        let mut structure =
            Structure { number, facts, frame_of_reference, contours: Vec::new(), odd: Oddities::default() };
        for (at, item) in sequence.iter().enumerate() {
            let contour = at + 1;
            let kind = text(item, tags::CONTOUR_GEOMETRIC_TYPE);
            if !kind.starts_with("CLOSED") {
                structure.odd.few_points.push(contour);
                continue;
            }
            let points = points(item).ok_or(RtReadError::Contour { structure: number, contour })?;
            structure.contours.push(Contour { number: contour, points, xor: kind == "CLOSEDPLANAR_XOR" });
        }
        out.push(structure);
    }
    Ok(out)
}

/// Contour Data (3006,0050): triples of LPS mm. A point that repeats the first at the end is left out.
fn points(item: &InMemDicomObject) -> Option<Vec<Point<meshing_space::Lps>>> {
    let values = item.get(tags::CONTOUR_DATA)?.to_multi_float64().ok()?;
    let (triples, rest) = values.as_chunks::<3>();
    let sound = rest.is_empty() && values.iter().all(|v| v.is_finite() && v.abs() < 1e6);
    let mut points: Vec<_> = sound.then(|| triples.iter().map(|&p| Point::from_array(p)).collect())?;
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    Some(points)
}

/// Refuses structures of another frame of reference.
fn check_frame(
    object: &InMemDicomObject,
    structures: &[Structure],
    onto: &Onto<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), RtReadError> {
    let whole = text(object, tags::FRAME_OF_REFERENCE_UID);
    let frames = structures.iter().map(|s| match s.frame_of_reference.as_str() {
        "" => whole.as_str(),
        own => own,
    });
    let mut unknown = onto.frame_of_reference.is_empty();
    for frame in frames {
        if frame.is_empty() {
            unknown = true;
        } else if !onto.frame_of_reference.is_empty() && frame != onto.frame_of_reference {
            return Err(RtReadError::FrameOfReference);
        }
    }
    if unknown {
        findings.push(Finding::new(
            FindingCode::MixedFrameOfReference,
            Severity::Warning,
            Words::new(
                "the volume or the structure set states no frame of reference; they are taken to share one",
                "体数据或结构集没有说明参考坐标系；视为共用一个",
            ),
        ));
    }
    Ok(())
}

/// Series of images that the structures were drawn on.
fn source_series(object: &InMemDicomObject) -> Vec<String> {
    items(object, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)
        .iter()
        .flat_map(|frame| items(frame, tags::RT_REFERENCED_STUDY_SEQUENCE))
        .flat_map(|study| items(study, tags::RT_REFERENCED_SERIES_SEQUENCE))
        .map(|series| text(series, tags::SERIES_INSTANCE_UID))
        .collect()
}

/// Numbers of contours, at most [`NAMED`].
fn list(contours: &[usize]) -> Words {
    let shown = |between| contours.iter().take(NAMED).map(usize::to_string).collect::<Vec<_>>().join(between);
    let (en, zh) = (shown(", "), shown("、"));
    match contours.len().checked_sub(NAMED) {
        None | Some(0) => Words::new(en, zh),
        Some(more) => Words::new(format!("{en} and {more} more"), format!("{zh} 等另有 {more} 个")),
    }
}

fn report(structure: i64, odd: &Oddities, findings: &mut Vec<Finding>) {
    use FindingCode::{ContourSpacing, OddContour, SegmentOutside};
    let mut add = |code, severity, en: String, zh: String| {
        let words = Words::new(format!("structure {structure}: {en}"), format!("结构 {structure}：{zh}"));
        findings.push(Finding::new(code, severity, words));
    };
    for (contours, severity, en, zh) in [
        (
            &odd.few_points,
            Severity::Warning,
            "points or open lines, which enclose nothing, are left out",
            "是点或未闭合的线，不围成区域，没有采用",
        ),
        (
            &odd.off_plane,
            Severity::Severe,
            "not in one plane of the volume's slices, left out",
            "不在体数据的一个层面内，没有采用",
        ),
        (
            &odd.same_slice,
            Severity::Warning,
            "a second plane of contours on one slice of the volume, left out",
            "是体数据同一切片上的第二个轮廓平面，没有采用",
        ),
        (
            &odd.too_complex,
            Severity::Severe,
            "more crossings with the rows than can be held, left out",
            "与像素行的交点过多，没有采用",
        ),
        (
            &odd.partly_overlapping,
            Severity::Warning,
            "overlaps another contour in part; the areas are joined",
            "与另一个轮廓部分重叠；面积已合并",
        ),
    ] {
        if !contours.is_empty() {
            let Words { en: numbers, zh: numbers_zh } = list(contours);
            add(OddContour, severity, format!("contours {numbers}: {en}"), format!("轮廓 {numbers_zh} {zh}"));
        }
    }
    if !odd.outside.is_empty() {
        let Words { en, zh } = list(&odd.outside);
        add(
            SegmentOutside,
            Severity::Warning,
            format!("contours {en} lie outside the volume and are cut off"),
            format!("轮廓 {zh} 超出体数据，已裁去"),
        );
    }
    if odd.lie_between() {
        let between = odd.between;
        add(
            ContourSpacing,
            Severity::Warning,
            format!(
                "contours lie up to {between:.2} slices beside the middle of a slice and are laid on the nearest"
            ),
            format!("轮廓偏离切片中心最多 {between:.2} 层，已放到最近的切片上"),
        );
    }
    if odd.skipped_slices > 0 {
        let apart = odd.skipped_slices + 1;
        add(
            ContourSpacing,
            Severity::Severe,
            format!(
                "contours are {apart} slices apart; the slices between them are empty, so the volume is too small"
            ),
            format!("轮廓相隔 {apart} 层；其间的切片为空，因此体积偏小"),
        );
    }
    if odd.breaks > 0 {
        let breaks = odd.breaks;
        add(
            ContourSpacing,
            Severity::Info,
            format!("slices without a contour interrupt the structure {breaks} times"),
            format!("没有轮廓的切片使结构中断 {breaks} 次"),
        );
    }
    if odd.holes > 0 {
        let holes = odd.holes;
        add(
            OddContour,
            Severity::Info,
            format!("{holes} contours lie inside others and are taken as holes"),
            format!("{holes} 个轮廓在其他轮廓之内，视为空洞"),
        );
    }
}
