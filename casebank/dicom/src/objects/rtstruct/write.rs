//! Label maps into structure sets.

use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_space::Point;
use meshing_volume::Grid;

use super::trace::outlines;
use crate::dataset::{put, put_text, sequence, text, to_implicit_file};
use crate::objects::facts::shortened;
use crate::objects::lattice::Lattice;
use crate::objects::seg::Segment;
use crate::objects::source::{SourceSeries, drawing_slices, reference};
use crate::uid::uid_from_seed;
use crate::write::{SeriesInfo, WriteError, common_elements, frame_of_reference};

/// Detached Study Management, retired; RT Referenced Study Sequence still names studies by it (C.8.8.5).
const STUDY_CLASS: &str = "1.2.840.10008.3.1.2.3.1";

/// What a structure set says beside its contours.
#[derive(Clone, Debug, Default)]
pub struct RtInfo {
    /// Patient, study and series; the series is one of its own, not that of the images.
    pub series: SeriesInfo,
    /// Frame of Reference UID (0020,0052) of the images.
    pub frame_of_reference: String,
    /// What it was drawn on, if that is known.
    pub source: Option<SourceSeries>,
    /// Structure Set Label (3006,0002); `Segments` where it is empty.
    pub label: String,
    /// When it was made, `YYYYMMDD`.
    pub date: String,
    /// When it was made, `HHMMSS`.
    pub time: String,
    /// Program version for the equipment module.
    pub software_version: String,
}

/// Why a structure set was not written. Each message says what happened and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RtWriteError {
    /// Nothing to write.
    #[error("there are no segments to write; choose at least one")]
    NoSegments,
    /// A segment without a single voxel.
    #[error("segment {0} has no voxels; leave it out, or segment again")]
    EmptySegment(u16),
    /// Segments lie on different grids.
    #[error("the segments lie on different voxel grids; write them as objects of their own")]
    Grids,
    /// Neither the source's slices nor those of the masks can hold contours.
    #[error("rows and columns of the grid are not perpendicular or more than 65,535; resample the segment")]
    Plane,
    /// The data set cannot be encoded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes segments as closed planar contours along the edges of their voxels: filling them by voxel centres gives the
/// same voxels. Implicit VR Little Endian, because a contour of more than about two thousand points does not fit the
/// 16-bit length of explicit decimal strings. The same `info` and masks give the same bytes.
///
/// # Errors
/// [`RtWriteError`]
pub fn write(segments: &[Segment<'_>], info: &RtInfo) -> Result<Vec<u8>, RtWriteError> {
    let first = segments.first().ok_or(RtWriteError::NoSegments)?;
    if segments.iter().any(|s| s.mask.grid() != first.mask.grid()) {
        return Err(RtWriteError::Grids);
    }
    let (grid, lattice) =
        drawing_slices(first.mask.grid(), info.source.as_ref()).ok_or(RtWriteError::Plane)?;
    let mut object = head(info);
    let frame = text(&object, tags::FRAME_OF_REFERENCE_UID);
    frames(&mut object, info, &frame);
    let (mut rois, mut drawn, mut observations) = (Vec::new(), Vec::new(), Vec::new());
    for (segment, number) in segments.iter().zip(1_u32..) {
        let mut roi = InMemDicomObject::new_empty();
        put_text(&mut roi, tags::ROI_NUMBER, VR::IS, &number.to_string());
        put_text(&mut roi, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, &frame);
        put_text(&mut roi, tags::ROI_NAME, VR::LO, &shortened(&segment.facts.label));
        put_text(&mut roi, tags::ROI_GENERATION_ALGORITHM, VR::CS, segment.facts.algorithm.as_str());
        rois.push(roi);
        let contours = contours(segment, &grid, &lattice, info.source.as_ref());
        if contours.is_empty() {
            return Err(RtWriteError::EmptySegment(segment.facts.number));
        }
        let mut item = InMemDicomObject::new_empty();
        if let Some([r, g, b]) = segment.facts.colour {
            put_text(&mut item, tags::ROI_DISPLAY_COLOR, VR::IS, &format!("{r}\\{g}\\{b}"));
        }
        sequence(&mut item, tags::CONTOUR_SEQUENCE, contours);
        put_text(&mut item, tags::REFERENCED_ROI_NUMBER, VR::IS, &number.to_string());
        drawn.push(item);
        let mut observation = InMemDicomObject::new_empty();
        put_text(&mut observation, tags::OBSERVATION_NUMBER, VR::IS, &number.to_string());
        put_text(&mut observation, tags::REFERENCED_ROI_NUMBER, VR::IS, &number.to_string());
        put_text(&mut observation, tags::RTROI_INTERPRETED_TYPE, VR::CS, "");
        put_text(&mut observation, tags::ROI_INTERPRETER, VR::PN, "");
        observations.push(observation);
    }
    sequence(&mut object, tags::STRUCTURE_SET_ROI_SEQUENCE, rois);
    sequence(&mut object, tags::ROI_CONTOUR_SEQUENCE, drawn);
    sequence(&mut object, tags::RTROI_OBSERVATIONS_SEQUENCE, observations);
    Ok(to_implicit_file(object)?)
}

/// Patient to structure set (C.8.8.5).
fn head(info: &RtInfo) -> InMemDicomObject {
    let or = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
    let mut object = common_elements(&info.series, "RTSTRUCT");
    frame_of_reference(&mut object, &info.series, &info.frame_of_reference);
    for tag in [tags::CONTENT_DATE, tags::CONTENT_TIME, tags::BODY_PART_EXAMINED] {
        object.remove_element(tag);
    }
    let texts: [(Tag, VR, &str); 11] = [
        (tags::SOP_CLASS_UID, VR::UI, uids::RT_STRUCTURE_SET_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid_from_seed(&info.series.seed, "structure set")),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::OPERATORS_NAME, VR::PN, ""),
        (tags::MANUFACTURER, VR::LO, &or(&info.series.manufacturer, "Theatron")),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Theatron"),
        (tags::SOFTWARE_VERSIONS, VR::LO, &or(&info.software_version, "1")),
        (tags::STRUCTURE_SET_LABEL, VR::SH, &or(&info.label, "Segments")),
        (tags::STRUCTURE_SET_DESCRIPTION, VR::ST, "Research and teaching only, not for clinical use"),
        (tags::STRUCTURE_SET_DATE, VR::DA, &or(&info.date, info.series.study.date.expose())),
        (tags::STRUCTURE_SET_TIME, VR::TM, &or(&info.time, &info.series.time)),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    object
}

/// Referenced Frame of Reference Sequence: the series and its images.
fn frames(object: &mut InMemDicomObject, info: &RtInfo, frame: &str) {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::FRAME_OF_REFERENCE_UID, VR::UI, frame);
    if let Some(source) = info.source.as_ref().filter(|s| !s.slices.is_empty() && !s.series_uid.is_empty()) {
        let mut series = InMemDicomObject::new_empty();
        put_text(&mut series, tags::SERIES_INSTANCE_UID, VR::UI, &source.series_uid);
        let images = source.slices.iter().map(|slice| reference(&slice.image)).collect();
        sequence(&mut series, tags::CONTOUR_IMAGE_SEQUENCE, images);
        let mut study = InMemDicomObject::new_empty();
        put_text(&mut study, tags::REFERENCED_SOP_CLASS_UID, VR::UI, STUDY_CLASS);
        put_text(&mut study, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &info.series.study_uid());
        sequence(&mut study, tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series]);
        sequence(&mut item, tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    }
    sequence(object, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![item]);
}

/// One item a closed outline, slices in order.
fn contours(
    segment: &Segment<'_>,
    grid: &Grid,
    lattice: &Lattice,
    source: Option<&SourceSeries>,
) -> Vec<InMemDicomObject> {
    let [columns, rows, slices] = grid.size();
    let labels = segment.mask.labels();
    let mut pixels = vec![0_u8; columns * rows];
    let mut out = Vec::new();
    for slice in 0..slices {
        pixels.fill(0);
        for row in 0..rows {
            let Some(run) = lattice.run(row, slice, columns) else { continue };
            for column in run.from..run.to {
                pixels[row * columns + column] = u8::from(labels[run.index(column)] == segment.label);
            }
        }
        let image = source.and_then(|source| source.image_at(grid, slice));
        for outline in outlines(&pixels, columns) {
            let mut item = InMemDicomObject::new_empty();
            if let Some(image) = image {
                sequence(&mut item, tags::CONTOUR_IMAGE_SEQUENCE, vec![reference(image)]);
            }
            put_text(&mut item, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, "CLOSED_PLANAR");
            put_text(&mut item, tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, &outline.len().to_string());
            let place = |[i, j]: [f64; 2]| (grid.lps_from_ijk() * Point::new(i, j, slice as f64)).to_array();
            // A tenth of a micrometre; outlines keep half a voxel from every voxel's centre.
            let decimal = |mm: f64| format!("{mm:.4}").trim_end_matches('0').trim_end_matches('.').to_owned();
            let data = outline.iter().flat_map(|&p| place(p)).map(decimal).collect::<Vec<String>>();
            put(&mut item, tags::CONTOUR_DATA, VR::DS, PrimitiveValue::Strs(data.into()));
            out.push(item);
        }
    }
    out
}
