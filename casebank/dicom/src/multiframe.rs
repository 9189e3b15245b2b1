//! Headers of the frames of a multi-frame object, each as if the frame were a slice of its own.
//!
//! Enhanced images say in functional groups what all frames share and in what each differs (PS3.3 C.7.6.16); a
//! reconstructed NM volume gives the first frame's place and a step (C.8.4.8, C.8.4.15); a dose grid gives offsets
//! (C.8.8.3).

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use crate::dataset::{floats, text};
use crate::geometry::axes;
use crate::header::{Header, PHASES, encode, parse};
use crate::prescan::walk::dictionary_vr;
use crate::prescan::{Prescan, TopElement};

/// Why the frames of an object cannot be placed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MultiframeError {
    #[error("its functional groups are damaged, so its frames cannot be placed")]
    Damaged,
    #[error("it declares {frames} frames, but describes {described}, so they cannot be placed")]
    Count { frames: u32, described: usize },
    #[error("it does not say where its frames lie")]
    NoPlace,
}

/// Whether this module knows how objects of this class place their frames.
pub(crate) fn places_frames(class: &str, header: &Header) -> bool {
    has_functional_groups(class)
        || class == uids::RT_DOSE_STORAGE
        || (class == uids::NUCLEAR_MEDICINE_IMAGE_STORAGE
            && header.image_type.iter().any(|value| value == "RECON TOMO"))
}

fn has_functional_groups(class: &str) -> bool {
    [
        uids::ENHANCED_CT_IMAGE_STORAGE,
        uids::ENHANCED_MR_IMAGE_STORAGE,
        uids::ENHANCED_PET_IMAGE_STORAGE,
        uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
        uids::LEGACY_CONVERTED_ENHANCED_MR_IMAGE_STORAGE,
        uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE,
        uids::X_RAY3_D_ANGIOGRAPHIC_IMAGE_STORAGE,
        uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE,
        uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
        uids::ENHANCED_US_VOLUME_STORAGE,
    ]
    .contains(&class)
}

/// One header a frame, in the order of the frames.
///
/// # Errors
/// [`MultiframeError`] where the object does not place all its frames.
pub(crate) fn headers(scan: &Prescan<'_>, header: &Header) -> Result<Vec<Header>, MultiframeError> {
    let frames = if has_functional_groups(&header.sop_class) {
        from_functional_groups(scan, header)?
    } else if header.sop_class == uids::RT_DOSE_STORAGE {
        from_offsets(scan, header)?
    } else {
        from_detector(scan, header)?
    };
    if frames.len() != header.format.frames as usize {
        return Err(MultiframeError::Count { frames: header.format.frames, described: frames.len() });
    }
    Ok(frames)
}

/// Parses the named top-level elements, sequences among them.
pub(crate) fn elements(scan: &Prescan<'_>, wanted: &[Tag]) -> Result<InMemDicomObject, MultiframeError> {
    if scan.ambiguous.is_some() {
        return Err(MultiframeError::Damaged);
    }
    let is_sequence =
        |element: &TopElement| element.vr.or_else(|| dictionary_vr(element.tag)) == Some(*b"SQ");
    let whole = |element: &TopElement| Some(scan.data.get(element.whole.clone())?.to_vec());
    let bytes: Vec<Vec<u8>> = scan
        .top
        .iter()
        .filter(|element| wanted.contains(&element.tag))
        // A sequence stays as it is: its end may be a delimiter, which a written length would not cover.
        .filter_map(|element| {
            if is_sequence(element) {
                whole(element)
            } else {
                encode(scan, element).or_else(|| whole(element))
            }
        })
        .collect();
    parse(scan, &bytes.concat()).ok_or(MultiframeError::Damaged)
}

pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|element| element.items()).unwrap_or_default()
}

fn frame_of(header: &Header, index: usize) -> Header {
    Header { frame: u32::try_from(index + 1).ok(), ..header.clone() }
}

fn from_functional_groups(scan: &Prescan<'_>, header: &Header) -> Result<Vec<Header>, MultiframeError> {
    const SHARED: Tag = tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE;
    const EACH: Tag = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
    const FRAME: Tag = tags::VOLUME_FRAME_OF_REFERENCE_UID;
    let object = elements(scan, &[tags::DIMENSION_INDEX_SEQUENCE, FRAME, SHARED, EACH])?;
    let volume_frame = text(&object, FRAME);
    let nothing = InMemDicomObject::new_empty();
    let shared = items(&object, SHARED).first().unwrap_or(&nothing);
    let each = items(&object, EACH);
    let other_dimensions = other_dimensions(&object);
    let frame = |(index, each): (usize, &InMemDicomObject)| {
        let groups = Groups { each, shared };
        let mut frame = frame_of(header, index);
        frame.position = groups.floats(tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT);
        frame.orientation = groups.floats(tags::PLANE_ORIENTATION_SEQUENCE, tags::IMAGE_ORIENTATION_PATIENT);
        if frame.position.is_none() && frame.orientation.is_none() {
            groups.in_volume(&mut frame, &volume_frame);
        }
        frame.pixel_spacing = groups.floats(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING);
        frame.slice_thickness = groups
            .floats(tags::PIXEL_MEASURES_SEQUENCE, tags::SLICE_THICKNESS)
            .map(|[mm]: [f64; 1]| mm)
            .filter(|&mm| mm > 0.0);
        groups.rescale(&mut frame);
        groups.phases(&mut frame, &other_dimensions);
        frame
    };
    Ok(each.iter().enumerate().map(frame).collect())
}

/// Places in Dimension Index Values (0020,9157) that say something else than where along the stack a frame lies.
fn other_dimensions(object: &InMemDicomObject) -> Vec<usize> {
    let along = [
        tags::IN_STACK_POSITION_NUMBER,
        tags::IMAGE_POSITION_PATIENT,
        tags::IMAGE_POSITION_VOLUME,
        tags::SLICE_LOCATION,
    ];
    let pointer = |item: &InMemDicomObject| {
        item.get(tags::DIMENSION_INDEX_POINTER).and_then(|element| element.value().to_tag().ok())
    };
    let dimensions = items(object, tags::DIMENSION_INDEX_SEQUENCE).iter().enumerate();
    dimensions
        .filter(|(_, item)| !pointer(item).is_some_and(|tag| along.contains(&tag)))
        .map(|(place, _)| place)
        .collect()
}

/// The functional groups of one frame: its own before those that all frames share.
struct Groups<'a> {
    each: &'a InMemDicomObject,
    shared: &'a InMemDicomObject,
}

impl<'a> Groups<'a> {
    fn of(&self, group: Tag) -> Option<&'a InMemDicomObject> {
        items(self.each, group).first().or_else(|| items(self.shared, group).first())
    }

    fn text(&self, group: Tag, tag: Tag) -> String {
        self.of(group).map(|item| text(item, tag)).unwrap_or_default()
    }

    fn floats<const N: usize>(&self, group: Tag, tag: Tag) -> Option<[f64; N]> {
        floats(self.of(group)?, tag)
    }

    /// The place in the Volume Frame of Reference (C.8.24.2): millimetres, but of the transducer, not of the patient.
    fn in_volume(&self, frame: &mut Header, volume_frame: &str) {
        frame.position = self.floats(tags::PLANE_POSITION_VOLUME_SEQUENCE, tags::IMAGE_POSITION_VOLUME);
        frame.orientation =
            self.floats(tags::PLANE_ORIENTATION_VOLUME_SEQUENCE, tags::IMAGE_ORIENTATION_VOLUME);
        frame.beside_patient = true;
        volume_frame.clone_into(&mut frame.frame_of_reference);
    }

    /// Pixel Value Transformation (C.7.6.16.2.9); without it stored values stand for themselves.
    fn rescale(&self, frame: &mut Header) {
        const GROUP: Tag = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
        let Some(item) = self.of(GROUP) else { return };
        let (slope, intercept) = (floats(item, tags::RESCALE_SLOPE), floats(item, tags::RESCALE_INTERCEPT));
        if let (Some([slope]), Some([intercept])) = (slope, intercept) {
            (frame.slope, frame.intercept) = (slope, intercept);
            frame.rescale_broken = slope == 0.0;
        } else {
            frame.rescale_broken = true;
        }
        frame.rescale_type = text(item, tags::RESCALE_TYPE);
    }

    /// What tells frames at one place apart.
    fn phases(&self, frame: &mut Header, other_dimensions: &[usize]) {
        let content = self.of(tags::FRAME_CONTENT_SEQUENCE);
        let of_content = |tag| content.map(|item| text(item, tag)).unwrap_or_default();
        let kinds = [
            tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
            tags::MR_IMAGE_FRAME_TYPE_SEQUENCE,
            tags::PET_FRAME_TYPE_SEQUENCE,
            tags::X_RAY3_D_FRAME_TYPE_SEQUENCE,
        ];
        let kind =
            kinds.iter().map(|&group| self.text(group, tags::FRAME_TYPE)).find(|kind| !kind.is_empty());
        if let Some(kind) = &kind {
            frame.image_type = kind.split('\\').map(|value| value.trim().to_owned()).collect();
        }
        let gradient = self.of(tags::MR_DIFFUSION_SEQUENCE).and_then(|diffusion| {
            let gradient = items(diffusion, tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE).first()?;
            Some(text(gradient, tags::DIFFUSION_GRADIENT_ORIENTATION))
        });
        let indices = of_content(tags::DIMENSION_INDEX_VALUES);
        let indices: Vec<&str> = indices.split('\\').collect();
        let others: Vec<&str> = other_dimensions.iter().filter_map(|&at| indices.get(at).copied()).collect();
        let values: [String; PHASES.len()] = [
            of_content(tags::TEMPORAL_POSITION_INDEX),
            of_content(tags::FRAME_ACQUISITION_NUMBER),
            self.text(tags::MR_ECHO_SEQUENCE, tags::EFFECTIVE_ECHO_TIME),
            self.text(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE, tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME),
            self.text(tags::MR_DIFFUSION_SEQUENCE, tags::DIFFUSION_B_VALUE),
            gradient.unwrap_or_default(),
            kind.unwrap_or_default(),
            others.join("/"),
        ];
        frame.phase = values;
    }
}

/// A reconstructed NM volume: frames follow each other along the normal by Spacing Between Slices, in the order of the
/// Slice Vector (0054,0080).
fn from_detector(scan: &Prescan<'_>, header: &Header) -> Result<Vec<Header>, MultiframeError> {
    const WANTED: [Tag; 3] =
        [tags::SPACING_BETWEEN_SLICES, tags::DETECTOR_INFORMATION_SEQUENCE, tags::SLICE_VECTOR];
    let object = elements(scan, &WANTED)?;
    let detector =
        items(&object, tags::DETECTOR_INFORMATION_SEQUENCE).first().ok_or(MultiframeError::NoPlace)?;
    let place = floats(detector, tags::IMAGE_POSITION_PATIENT).or(header.position);
    let orientation = floats(detector, tags::IMAGE_ORIENTATION_PATIENT).or(header.orientation);
    let step =
        floats(&object, tags::SPACING_BETWEEN_SLICES).map(|[mm]: [f64; 1]| mm).or(header.slice_thickness);
    let (Some(place), Some(orientation), Some(step)) =
        (place, orientation, step.filter(|mm| mm.abs() > 1e-6))
    else {
        return Err(MultiframeError::NoPlace);
    };
    let vector = object.get(tags::SLICE_VECTOR).and_then(|element| element.to_multi_int::<u32>().ok());
    let frames = header.format.frames as usize;
    let numbers: Vec<u32> = vector.unwrap_or_else(|| (1..=header.format.frames).collect());
    if numbers.len() != frames {
        return Err(MultiframeError::Count { frames: header.format.frames, described: numbers.len() });
    }
    let along = numbers.into_iter().map(|number| step * (f64::from(number) - 1.0));
    along_normal(header, place, orientation, along)
}

/// A dose grid: Grid Frame Offset Vector (3004,000C), in mm along the normal from the first frame, or positions along
/// the patient's axis where it does not start with zero.
fn from_offsets(scan: &Prescan<'_>, header: &Header) -> Result<Vec<Header>, MultiframeError> {
    let object =
        elements(scan, &[tags::GRID_FRAME_OFFSET_VECTOR, tags::DOSE_GRID_SCALING, tags::DOSE_UNITS])?;
    let (Some(place), Some(orientation)) = (header.position, header.orientation) else {
        return Err(MultiframeError::NoPlace);
    };
    let offsets = object.get(tags::GRID_FRAME_OFFSET_VECTOR);
    let offsets =
        offsets.and_then(|element| element.to_multi_float64().ok()).ok_or(MultiframeError::NoPlace)?;
    let first = offsets.first().copied().unwrap_or_default();
    if offsets.iter().any(|mm| !mm.is_finite()) || (first != 0.0 && (first - place[2]).abs() > 0.01) {
        return Err(MultiframeError::NoPlace);
    }
    let mut frames = along_normal(header, place, orientation, offsets.iter().map(|mm| mm - first))?;
    let scaling = floats(&object, tags::DOSE_GRID_SCALING).map(|[scaling]: [f64; 1]| scaling);
    for frame in &mut frames {
        (frame.slope, frame.intercept) = (scaling.unwrap_or(0.0), 0.0);
        frame.rescale_broken = scaling.is_none_or(|scaling| scaling <= 0.0);
        frame.rescale_type = match text(&object, tags::DOSE_UNITS).as_str() {
            "GY" => "Gy".to_owned(),
            other => other.to_lowercase(),
        };
    }
    Ok(frames)
}

fn along_normal(
    header: &Header,
    place: [f64; 3],
    orientation: [f64; 6],
    along_mm: impl Iterator<Item = f64>,
) -> Result<Vec<Header>, MultiframeError> {
    let normal = axes(&orientation).ok_or(MultiframeError::NoPlace)?[2].to_array();
    let frame = |(index, mm): (usize, f64)| {
        let mut frame = frame_of(header, index);
        frame.position = Some(std::array::from_fn(|axis| place[axis] + normal[axis] * mm));
        frame.orientation = Some(orientation);
        frame
    };
    Ok(along_mm.enumerate().map(frame).collect())
}
