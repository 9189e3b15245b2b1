//! Label maps into Segmentation objects.

mod groups;

use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_volume::{Grid, LabelMap};

use self::groups::{Groups, references};
use super::bits::Packer;
use crate::dataset::{put, put_text, sequence, to_file};
use crate::objects::facts::{SegmentFacts, shortened};
use crate::objects::lattice::Lattice;
use crate::objects::source::{SourceSeries, drawing_slices};
use crate::uid::uid_from_seed;
use crate::write::{SeriesInfo, WriteError, common_elements, frame_of_reference};

/// One segment to be written: the voxels of `mask` that carry `label`.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Name, code, colour. The number must be its place among the segments, from 1.
    pub facts: SegmentFacts,
    /// The labels; all segments of one object lie on the same grid.
    pub mask: &'a LabelMap,
    /// The label in `mask`.
    pub label: u8,
}

/// How the segments are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SegKind {
    /// One bit a voxel and segment (Segmentation Storage): what archives take.
    #[default]
    Binary,
    /// One byte a voxel for all segments (Label Map Segmentation Storage): only where the receiver is known to take it.
    LabelMap,
}

/// What a segmentation says beside its voxels.
#[derive(Clone, Debug, Default)]
pub struct SegInfo {
    /// Patient, study and series; the series is one of its own, not that of the images.
    pub series: SeriesInfo,
    /// Frame of Reference UID (0020,0052) of the images.
    pub frame_of_reference: String,
    /// What it was drawn on, if that is known.
    pub source: Option<SourceSeries>,
    /// How to store it.
    pub kind: SegKind,
    /// Content Label (0070,0080); `SEGMENTATION` where it is empty.
    pub label: String,
    /// When it was made, `YYYYMMDD`; the date of the study where it is empty.
    pub date: String,
    /// When it was made, `HHMMSS`; the time of the series where it is empty.
    pub time: String,
    /// Program version for the equipment module.
    pub software_version: String,
}

/// Why a segmentation was not written. Each message says what happened and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegWriteError {
    /// Nothing to write.
    #[error("there are no segments to write; choose at least one")]
    NoSegments,
    /// A segment without a single voxel would look like one that was searched for and not found.
    #[error("segment {0} has no voxels; leave it out, or segment again")]
    EmptySegment(u16),
    /// The number of a segment is not its place.
    #[error("the segments are not numbered 1, 2, 3 and so on; number them in order")]
    Numbers,
    /// Segments lie on different grids.
    #[error("the segments lie on different voxel grids; write them as objects of their own")]
    Grids,
    /// Two segments claim a voxel of a label map.
    #[error("segments {0} and {1} overlap, which a label map cannot hold; write a binary segmentation")]
    Overlap(u16, u16),
    /// Neither the source's slices nor those of the masks can hold the segments.
    #[error("rows and columns of the grid are not perpendicular or more than 65,535; resample the segment")]
    Plane,
    /// Content Date must have a value (PS3.3 C.7.6.16).
    #[error("neither the segmentation nor its study has a date; state when it was made")]
    Date,
    /// More than 4 GiB.
    #[error("the segments need more than 4 GiB; write fewer of them into one object")]
    TooLarge,
    /// The data set cannot be encoded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// One frame: the segments' bits, or labels, of one slice.
struct Frame {
    /// `None` in a label map.
    segment: Option<u16>,
    slice: usize,
}

/// Writes segments as one object (Explicit VR Little Endian). Slices where a segment is not are left out. The same
/// `info` and masks give the same bytes.
///
/// # Errors
/// [`SegWriteError`]
pub fn write(segments: &[Segment<'_>], info: &SegInfo) -> Result<Vec<u8>, SegWriteError> {
    let first = segments.first().ok_or(SegWriteError::NoSegments)?;
    if segments.iter().zip(1..).any(|(s, n)| s.facts.number != n) {
        return Err(SegWriteError::Numbers);
    }
    if segments.iter().any(|s| s.mask.grid() != first.mask.grid()) {
        return Err(SegWriteError::Grids);
    }
    let layout = drawing_slices(first.mask.grid(), info.source.as_ref());
    let (grid, lattice) = layout.ok_or(SegWriteError::Plane)?;
    let (frames, pixels, overlap) = match info.kind {
        SegKind::Binary => binary(segments, &grid, &lattice)?,
        SegKind::LabelMap => label_map(segments, &grid, &lattice)?,
    };
    let mut object = head(info, segments)?;
    image_elements(&mut object, info.kind, &grid, frames.len())?;
    put_text(&mut object, tags::SEGMENTS_OVERLAP, VR::CS, if overlap { "YES" } else { "NO" });
    let groups = Groups { info, grid: &grid, frames: &frames };
    groups.dimensions(&mut object);
    groups.shared(&mut object);
    groups.per_frame(&mut object);
    references(&mut object, info.source.as_ref());
    put(&mut object, tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(pixels));
    Ok(to_file(object)?)
}

/// Frames and packed bits, segment by segment, slices along the normal; whether any voxel is in two segments.
fn binary(
    segments: &[Segment<'_>],
    grid: &Grid,
    lattice: &Lattice,
) -> Result<(Vec<Frame>, Vec<u8>, bool), SegWriteError> {
    let [columns, rows, slices] = grid.size();
    let (mut frames, mut packer) = (Vec::new(), Packer::default());
    let mut frame = vec![0; columns * rows];
    for segment in segments {
        let before = frames.len();
        for slice in 0..slices {
            frame.fill(0);
            if paint(segment, lattice, slice, [columns, rows], |at| frame[at] = 1) {
                frames.push(Frame { segment: Some(segment.facts.number), slice });
                packer.push(&frame);
            }
        }
        if frames.len() == before {
            return Err(SegWriteError::EmptySegment(segment.facts.number));
        }
    }
    Ok((frames, packer.finish(), overlap(segments)))
}

/// Calls `set` for each pixel of one slice that is in the segment; whether there were any.
fn paint(
    segment: &Segment<'_>,
    lattice: &Lattice,
    slice: usize,
    [columns, rows]: [usize; 2],
    mut set: impl FnMut(usize),
) -> bool {
    let labels = segment.mask.labels();
    let mut any = false;
    for row in 0..rows {
        let Some(run) = lattice.run(row, slice, columns) else { continue };
        for column in run.from..run.to {
            if labels[run.index(column)] == segment.label {
                set(row * columns + column);
                any = true;
            }
        }
    }
    any
}

/// Whether any voxel is in two segments.
fn overlap(segments: &[Segment<'_>]) -> bool {
    segments.iter().enumerate().any(|(n, a)| {
        segments[..n].iter().any(|b| {
            if std::ptr::eq(a.mask, b.mask) {
                return a.label == b.label;
            }
            a.mask.labels().iter().zip(b.mask.labels()).any(|(&x, &y)| x == a.label && y == b.label)
        })
    })
}

/// Frames and bytes of a label map.
fn label_map(
    segments: &[Segment<'_>],
    grid: &Grid,
    lattice: &Lattice,
) -> Result<(Vec<Frame>, Vec<u8>, bool), SegWriteError> {
    let [columns, rows, slices] = grid.size();
    let (mut frames, mut pixels) = (Vec::new(), Vec::new());
    let mut frame = vec![0_u8; columns * rows];
    let mut seen = vec![false; segments.len()];
    for slice in 0..slices {
        frame.fill(0);
        let mut clash = None;
        for (segment, seen) in segments.iter().zip(&mut seen) {
            let number = u8::try_from(segment.facts.number).map_err(|_more| SegWriteError::TooLarge)?;
            *seen |= paint(segment, lattice, slice, [columns, rows], |at| {
                if frame[at] != 0 {
                    clash = Some((u16::from(frame[at]), segment.facts.number));
                }
                frame[at] = number;
            });
        }
        if let Some((a, b)) = clash {
            return Err(SegWriteError::Overlap(a, b));
        }
        if frame.iter().any(|&label| label != 0) {
            frames.push(Frame { segment: None, slice });
            pixels.extend_from_slice(&frame);
        }
    }
    if let Some(empty) = seen.iter().position(|&seen| !seen) {
        return Err(SegWriteError::EmptySegment(segments[empty].facts.number));
    }
    if pixels.len() % 2 == 1 {
        pixels.push(0);
    }
    Ok((frames, pixels, false))
}

/// Patient to equipment, and the segments (PS3.3 A.51.3 and C.8.20).
fn head(info: &SegInfo, segments: &[Segment<'_>]) -> Result<InMemDicomObject, SegWriteError> {
    let or = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
    let date = or(&info.date, info.series.study.date.expose());
    let time = or(&or(&info.time, &info.series.time), "000000");
    if date.is_empty() {
        return Err(SegWriteError::Date);
    }
    let mut object = common_elements(&info.series, "SEG");
    frame_of_reference(&mut object, &info.series, &info.frame_of_reference);
    let class = match info.kind {
        SegKind::Binary => uids::SEGMENTATION_STORAGE,
        SegKind::LabelMap => uids::LABEL_MAP_SEGMENTATION_STORAGE,
    };
    let kind = if info.kind == SegKind::Binary { "BINARY" } else { "LABELMAP" };
    // VR CS: capitals, digits, space and underscore, at most 16.
    let label: String = or(&info.label, "SEGMENTATION")
        .to_uppercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(16)
        .collect();
    let texts: [(Tag, VR, &str); 14] = [
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid_from_seed(&info.series.seed, "segmentation")),
        (tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY"),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::CONTENT_DATE, VR::DA, &date),
        (tags::CONTENT_TIME, VR::TM, &time),
        (tags::CONTENT_LABEL, VR::CS, &label),
        (tags::CONTENT_DESCRIPTION, VR::LO, "Research and teaching only, not for clinical use"),
        (tags::CONTENT_CREATOR_NAME, VR::PN, "Theatron^"),
        (tags::MANUFACTURER, VR::LO, &or(&info.series.manufacturer, "Theatron")),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Theatron"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        (tags::SOFTWARE_VERSIONS, VR::LO, &or(&info.software_version, "1")),
        (tags::SEGMENTATION_TYPE, VR::CS, kind),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    let describe = |segment: &Segment<'_>| {
        let mut item = InMemDicomObject::new_empty();
        segment.facts.describe(&mut item);
        put_text(&mut item, tags::TRACKING_ID, VR::UT, &shortened(&segment.facts.label));
        let what = format!("segment {}", segment.facts.number);
        put_text(&mut item, tags::TRACKING_UID, VR::UI, &uid_from_seed(&info.series.seed, &what));
        item
    };
    sequence(&mut object, tags::SEGMENT_SEQUENCE, segments.iter().map(describe).collect());
    Ok(object)
}

/// Image Pixel and Segmentation Image modules (C.7.6.3, C.8.20.2).
fn image_elements(
    object: &mut InMemDicomObject,
    kind: SegKind,
    grid: &Grid,
    frames: usize,
) -> Result<(), SegWriteError> {
    let [columns, rows, _] = grid.size();
    let bits = if kind == SegKind::Binary { 1 } else { 8 };
    let bytes = (columns * rows).checked_mul(frames).map(|n| n * usize::from(bits) / 8);
    bytes.filter(|&n| n < u32::MAX as usize - 16).ok_or(SegWriteError::TooLarge)?;
    for (tag, value) in [
        (tags::ROWS, u16::try_from(rows).unwrap_or(0)),
        (tags::COLUMNS, u16::try_from(columns).unwrap_or(0)),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, bits),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        put(object, tag, VR::US, PrimitiveValue::from(value));
    }
    put_text(object, tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    put_text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    put_text(object, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    Ok(())
}
