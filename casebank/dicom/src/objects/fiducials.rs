//! Landmarks in patient space as Spatial Fiducials (PS3.3 A.40.1), written and read.

use casebank_case::Phi;
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_space::{Lps, Point};

use super::made::{base, content_label, items, open};
use super::{Made, ObjectError};
use crate::dataset::{decimals, put, put_text, sequence, text, to_file};
use crate::uid::{is_uid, uid_from_seed};
use crate::write::{SeriesInfo, WriteError};

/// Most landmarks of one object.
const FIDUCIALS: usize = 100_000;

/// Landmarks of one frame of reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FiducialSet {
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: String,
    /// The landmarks.
    pub fiducials: Vec<Fiducial>,
}

/// One landmark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fiducial {
    /// Fiducial Identifier (0070,0310): at most 16 characters, each once in a set.
    pub name: String,
    /// Fiducial Description (0070,030F).
    pub description: Phi<String>,
    /// Where it is, LPS mm.
    pub point: Point<Lps>,
    /// Radius of the sphere in which it lies with 95 % certainty, mm; `None` where nobody knows.
    pub uncertainty_mm: Option<f64>,
}

/// Writes a Spatial Fiducials object.
///
/// # Errors
/// [`WriteError::Content`] where a set has no frame of reference, or a landmark has no name, one that is there already, or
/// no place.
pub fn write(sets: &[FiducialSet], info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    if sets.is_empty() || sets.iter().any(|set| set.fiducials.is_empty()) {
        return Err(WriteError::Content("there are no landmarks"));
    }
    let mut object = base(info, made, uids::SPATIAL_FIDUCIALS_STORAGE, "FID", "spatial fiducials")?;
    content_label(&mut object, "FIDUCIALS", "Landmarks", made);
    let mut items = Vec::with_capacity(sets.len());
    for (n, set) in sets.iter().enumerate() {
        if !is_uid(&set.frame_of_reference) {
            return Err(WriteError::Content("landmarks need the UID of their frame of reference"));
        }
        let mut names: Vec<&str> = set.fiducials.iter().map(|f| f.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(WriteError::Content("two landmarks have one name"));
        }
        let fiducials: Result<Vec<_>, _> = set.fiducials.iter().map(|f| fiducial(f, &info.seed, n)).collect();
        let mut item = InMemDicomObject::new_empty();
        put_text(&mut item, tags::FRAME_OF_REFERENCE_UID, VR::UI, &set.frame_of_reference);
        sequence(&mut item, tags::FIDUCIAL_SEQUENCE, fiducials?);
        items.push(item);
    }
    sequence(&mut object, tags::FIDUCIAL_SET_SEQUENCE, items);
    to_file(object)
}

fn fiducial(landmark: &Fiducial, seed: &str, set: usize) -> Result<InMemDicomObject, WriteError> {
    let name = landmark.name.as_str();
    let fits = !name.trim().is_empty() && name.chars().count() <= 16;
    if !fits || name.chars().any(|c| c.is_control() || c == '\\') {
        return Err(WriteError::Content("a landmark has no name or one of more than 16 characters"));
    }
    if !landmark.point.is_finite() || landmark.uncertainty_mm.is_some_and(|mm| !mm.is_finite() || mm < 0.0) {
        return Err(WriteError::Content("a landmark lies nowhere, or its uncertainty is no distance"));
    }
    let mut item = InMemDicomObject::new_empty();
    let uid = uid_from_seed(seed, &format!("fiducial {set} {name}"));
    let texts: [(Tag, VR, &str); 5] = [
        (tags::FIDUCIAL_IDENTIFIER, VR::SH, name),
        (tags::FIDUCIAL_UID, VR::UI, &uid),
        (tags::SHAPE_TYPE, VR::CS, "POINT"),
        (tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, "1"),
        (tags::CONTOUR_DATA, VR::DS, &decimals(&landmark.point.to_array())),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut item, tag, vr, text);
    }
    if !landmark.description.expose().is_empty() {
        put_text(&mut item, tags::FIDUCIAL_DESCRIPTION, VR::ST, landmark.description.expose());
    }
    if let Some(radius) = landmark.uncertainty_mm {
        put(&mut item, tags::CONTOUR_UNCERTAINTY_RADIUS, VR::FD, PrimitiveValue::from(radius));
    }
    Ok(item)
}

/// Landmarks as read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadFiducials {
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
    /// Content Creator's Name (0070,0084).
    pub person: Phi<String>,
    /// The sets.
    pub sets: Vec<FiducialSet>,
    /// Landmarks that are no points in space: of another shape, or placed in pixels.
    pub left_out: usize,
}

/// Reads a Spatial Fiducials object.
///
/// # Errors
/// [`ObjectError`]
pub fn read(bytes: &[u8]) -> Result<ReadFiducials, ObjectError> {
    let object = open(bytes, &[uids::SPATIAL_FIDUCIALS_STORAGE], ("a set of landmarks", "标志点集"))?;
    let (mut sets, mut left_out, mut count) = (Vec::new(), 0, 0_usize);
    for item in items(&object, tags::FIDUCIAL_SET_SEQUENCE) {
        let all = items(item, tags::FIDUCIAL_SEQUENCE);
        count += all.len();
        if count > FIDUCIALS {
            return Err(ObjectError::TooMuch { what: ("landmarks", "标志点"), limit: FIDUCIALS });
        }
        let frame_of_reference = text(item, tags::FRAME_OF_REFERENCE_UID);
        let mut fiducials = Vec::new();
        for landmark in all {
            let spatial = !frame_of_reference.is_empty() && landmark.get(tags::CONTOUR_DATA).is_some();
            if spatial && text(landmark, tags::SHAPE_TYPE) == "POINT" {
                fiducials.push(point(landmark)?);
            } else {
                left_out += 1;
            }
        }
        sets.push(FiducialSet { frame_of_reference, fiducials });
    }
    if sets.is_empty() {
        return Err(ObjectError::Missing("the set of landmarks", "标志点集"));
    }
    Ok(ReadFiducials {
        instance_uid: text(&object, tags::SOP_INSTANCE_UID),
        person: Phi::new(text(&object, tags::CONTENT_CREATOR_NAME)),
        sets,
        left_out,
    })
}

fn point(item: &InMemDicomObject) -> Result<Fiducial, ObjectError> {
    let numbers = item.get(tags::CONTOUR_DATA).and_then(|element| element.to_multi_float64().ok());
    let xyz = numbers.and_then(|all| <[f64; 3]>::try_from(all).ok());
    let xyz = xyz.filter(|xyz| xyz.iter().all(|v| v.is_finite()));
    let xyz = xyz.ok_or(ObjectError::Refused(
        "the place of a landmark is not three numbers",
        "标志点的位置不是三个数",
    ))?;
    let radius = item.get(tags::CONTOUR_UNCERTAINTY_RADIUS).and_then(|element| element.to_float64().ok());
    let name = text(item, tags::FIDUCIAL_IDENTIFIER);
    if name.is_empty() {
        return Err(ObjectError::Missing("the name of a landmark", "标志点的名称"));
    }
    Ok(Fiducial {
        name,
        description: Phi::new(text(item, tags::FIDUCIAL_DESCRIPTION)),
        point: Point::from_array(xyz),
        uncertainty_mm: radius.filter(|mm| mm.is_finite() && *mm >= 0.0),
    })
}
