//! Segmentation objects into label maps.

mod pixels;
mod place;

use casebank_case::{Finding, FindingCode, Severity, Words};
use dicom_dictionary_std::tags;
use meshing_volume::{Grid, LabelMap};

use self::pixels::Frames;
use self::place::Placed;
use super::frames::{Header, Pixels, items};
use crate::dataset::text;
use crate::objects::facts::SegmentFacts;
use crate::objects::maps::{Full, Maps};
use crate::prescan::{Limits, PrescanError, prescan_with};

/// Elements of one segmentation: about forty a frame.
const ELEMENTS: u64 = 4_000_000;

/// The volume that the label maps are to lie on.
#[derive(Clone, Copy, Debug)]
pub struct Onto<'a> {
    /// Its grid.
    pub grid: &'a Grid,
    /// Its Frame of Reference UID (0020,0052).
    pub frame_of_reference: &'a str,
}

/// How to read a segmentation.
#[derive(Clone, Copy, Debug)]
pub struct SegOptions<'a> {
    /// The grid of the label maps; `None` takes the segmentation's own.
    pub onto: Option<Onto<'a>>,
    /// From which share of the greatest value on a voxel of a fractional segment is inside (0.5).
    pub threshold: f64,
    /// Most bytes of all label maps together (4 GiB).
    pub bytes: usize,
}

impl Default for SegOptions<'_> {
    fn default() -> Self {
        Self { onto: None, threshold: 0.5, bytes: 4 << 30 }
    }
}

/// Why a segmentation cannot be used. Frames are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegReadError {
    /// The bytes are refused by the guard.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// Another kind of object.
    #[error("the object is not a segmentation")]
    Class,
    /// A type of segmentation that is not known.
    #[error(
        "the segmentation is neither binary, fractional nor a label map; ask the sender for a binary one"
    )]
    Type,
    /// An attribute that is needed is missing or makes no sense.
    /// Which, in English and Chinese.
    #[error("the segmentation does not state a usable {0}; ask the sender to export it again")]
    Missing(&'static str, &'static str),
    /// A frame cannot be placed; leaving it out would leave out a slice of the segment.
    #[error(
        "frame {frame} {what}; the segmentation is not used, because a slice would be missing or misplaced"
    )]
    Frame {
        /// Which, from 1.
        frame: usize,
        /// What is wrong with it.
        what: Words,
    },
    /// Pixel data that cannot be read.
    #[error("the pixel data cannot be used: {0}")]
    Pixels(Words),
    /// The segments lie in another frame of reference than the volume.
    #[error(
        "the segmentation lies in another frame of reference than the volume; without a registration its place is \
         not known, so it is not used"
    )]
    FrameOfReference,
    /// The label maps would be larger than allowed.
    #[error("the segments would need more than {limit} bytes of memory")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// One segment of a [`Segmentation`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadSegment {
    /// Name, code, colour.
    pub facts: SegmentFacts,
    /// Which of the label maps it is in.
    pub map: usize,
    /// Its label there.
    pub label: u8,
    /// How many voxels carry it.
    pub voxels: usize,
}

/// What was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Segmentation {
    /// The segments in the order of the object.
    pub segments: Vec<ReadSegment>,
    /// As few label maps as the segments' overlaps allow; all on one grid.
    pub maps: Vec<LabelMap>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: String,
    /// Study Instance UID (0020,000D).
    pub study_uid: String,
    /// Series Instance UIDs of the images that it refers to.
    pub source_series_uids: Vec<String>,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
}

impl Segmentation {
    /// One segment alone, label 1 inside.
    #[must_use]
    pub fn mask(&self, segment: &ReadSegment) -> Option<LabelMap> {
        let map = self.maps.get(segment.map)?;
        let labels = map.labels().iter().map(|&label| u8::from(label == segment.label)).collect();
        LabelMap::new(*map.grid(), labels).ok()
    }
}

/// Reads a binary, fractional or label map segmentation.
///
/// # Errors
/// [`SegReadError`]: frames that cannot be placed refuse the whole object, because a slice would be missing.
pub fn read(bytes: &[u8], options: &SegOptions<'_>) -> Result<Segmentation, SegReadError> {
    let limits = Limits { elements: ELEMENTS, ..Limits::default() };
    let scan = prescan_with(bytes, &limits)?;
    let mut header = Header::of(&scan)?;
    let frames = Frames::of(&scan, &header, options.threshold)?;
    let mut findings = Vec::new();
    if let Some(onto) = options.onto {
        let (ours, theirs) = (onto.frame_of_reference, header.frame_of_reference.as_str());
        if ours.is_empty() || theirs.is_empty() {
            findings.push(Finding::new(
                FindingCode::MixedFrameOfReference,
                Severity::Warning,
                Words::new(
                    "the volume or the segmentation states no frame of reference; they are taken to share one",
                    "体数据或分割没有说明参考坐标系；视为共用一个",
                ),
            ));
        } else if ours != theirs {
            return Err(SegReadError::FrameOfReference);
        }
    }
    if matches!(header.pixels, Pixels::Labels { .. }) {
        header.segments.retain(|s| !is_background(s));
    }
    let exact = options.onto.map(|onto| Placed::on(onto.grid, &header, options.bytes)).transpose()?.flatten();
    let (mut maps, mut segments) = (Vec::new(), Vec::new());
    if let Some(placed) = exact {
        let lost = fill(&placed, &frames, &header, options.bytes, &mut maps, &mut segments)?;
        outside(lost, &mut findings);
    } else {
        let placed = Placed::own(&header, options.bytes, &mut findings)?;
        fill(&placed, &frames, &header, options.bytes, &mut maps, &mut segments)?;
        if let Some(onto) = options.onto {
            outside(place::resample(&mut maps, onto.grid, options.bytes)?, &mut findings);
            findings.push(Finding::new(
                FindingCode::SegmentResampled,
                Severity::Warning,
                Words::new(
                    "the segmentation lies on another voxel grid than the volume; each voxel took the nearest label",
                    "分割与体数据的体素网格不同；每个体素取最近的标签",
                ),
            ));
        }
    }
    count(&maps, &mut segments);
    let object = &header.object;
    let series = items(object, tags::REFERENCED_SERIES_SEQUENCE);
    Ok(Segmentation {
        segments,
        maps,
        findings,
        study_uid: text(object, tags::STUDY_INSTANCE_UID),
        source_series_uids: series.iter().map(|item| text(item, tags::SERIES_INSTANCE_UID)).collect(),
        sop_instance_uid: text(object, tags::SOP_INSTANCE_UID),
        frame_of_reference: header.frame_of_reference,
    })
}

fn outside(lost: usize, findings: &mut Vec<Finding>) {
    if lost > 0 {
        let message = Words::new(
            format!("{lost} voxels of the segmentation lie outside the volume and were cut off"),
            format!("分割有 {lost} 个体素在体数据之外，已裁去"),
        );
        findings.push(Finding::new(FindingCode::SegmentOutside, Severity::Warning, message));
    }
}

/// Number 0, unless it is described as something, and whatever is described as background (125040, DCM).
fn is_background(facts: &SegmentFacts) -> bool {
    facts.kind.value == "125040" && facts.kind.scheme == "DCM"
}

fn another(maps: &mut Vec<LabelMap>, grid: &Grid, limit: usize) -> Result<(), SegReadError> {
    let bytes = grid.len().checked_mul(maps.len() + 1);
    bytes.filter(|&n| n <= limit).ok_or(SegReadError::TooLarge { limit })?;
    maps.push(LabelMap::empty(grid));
    Ok(())
}

/// Lays all frames into label maps; returns how many pixels lie outside.
fn fill(
    placed: &Placed,
    frames: &Frames<'_>,
    header: &Header,
    limit: usize,
    maps: &mut Vec<LabelMap>,
    segments: &mut Vec<ReadSegment>,
) -> Result<usize, SegReadError> {
    if matches!(header.pixels, Pixels::Labels { .. }) {
        return fill_labels(placed, frames, header, limit, maps, segments);
    }
    let mut shared = Maps::new(&placed.grid, limit);
    let mut outside = 0;
    for facts in &header.segments {
        let own: Vec<usize> =
            (0..header.frames.len()).filter(|&n| header.frames[n].segment == Some(facts.number)).collect();
        for &n in &own {
            frames.each_set(n, |at| outside += usize::from(placed.index(n, at).is_none()));
        }
        let (map, label) = shared
            .add(|take| {
                for &n in &own {
                    frames.each_set(n, |at| placed.index(n, at).into_iter().for_each(&mut *take));
                }
            })
            .map_err(|Full| SegReadError::TooLarge { limit })?;
        segments.push(ReadSegment { facts: facts.clone(), map, label, voxels: 0 });
    }
    *maps = shared.into_maps();
    Ok(outside)
}

/// The same for frames of segment numbers.
fn fill_labels(
    placed: &Placed,
    frames: &Frames<'_>,
    header: &Header,
    limit: usize,
    maps: &mut Vec<LabelMap>,
    segments: &mut Vec<ReadSegment>,
) -> Result<usize, SegReadError> {
    let Pixels::Labels { padding, .. } = header.pixels else { return Ok(0) };
    let mut to: Vec<Option<(usize, u8)>> = vec![None; 1 << 16];
    for (n, facts) in header.segments.iter().enumerate() {
        let (map, label) = (n / 255, u8::try_from(n % 255 + 1).unwrap_or(u8::MAX));
        if map == maps.len() {
            another(maps, &placed.grid, limit)?;
        }
        to[usize::from(facts.number)] = Some((map, label));
        segments.push(ReadSegment { facts: facts.clone(), map, label, voxels: 0 });
    }
    if maps.is_empty() {
        return Err(SegReadError::Missing(
            "Segment Sequence with a segment beside the background",
            "背景以外的分割（Segment Sequence）",
        ));
    }
    let mut background = vec![false; 1 << 16];
    background[0] = true;
    if let Some(padding) = padding {
        background[usize::from(padding)] = true;
    }
    // A described background has left the list of segments.
    for facts in items(&header.object, tags::SEGMENT_SEQUENCE).iter().filter_map(SegmentFacts::of) {
        background[usize::from(facts.number)] |= is_background(&facts);
    }
    let mut outside = 0;
    for n in 0..header.frames.len() {
        let mut unknown = None;
        frames.each_label(n, |at, number| match (to[usize::from(number)], placed.index(n, at)) {
            (Some((map, label)), Some(index)) => maps[map].labels_mut()[index] = label,
            (Some(_), None) => outside += 1,
            (None, _) if background[usize::from(number)] => {}
            (None, _) => unknown = Some(number),
        });
        if let Some(number) = unknown {
            let what = Words::new(
                format!("holds segment {number}, which is not described"),
                format!("含有没有描述的分割 {number}"),
            );
            return Err(SegReadError::Frame { frame: n + 1, what });
        }
    }
    Ok(outside)
}

fn count(maps: &[LabelMap], segments: &mut [ReadSegment]) {
    for (n, map) in maps.iter().enumerate() {
        let mut counts = [0_usize; 256];
        for &label in map.labels() {
            counts[usize::from(label)] += 1;
        }
        for segment in segments.iter_mut().filter(|s| s.map == n) {
            segment.voxels = counts[usize::from(segment.label)];
        }
    }
}
