//! Surfaces as DICOM Surface Segmentation (PS3.3 A.57): triangles with the codes and colours of their segments.

use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::Code;
use super::facts::{SegmentFacts, cielab, shortened};
use super::seg::items;
use super::source::{SourceSeries, reference};
use crate::dataset::{put, put_text, sequence, text, to_file};
use crate::header::parse;
use crate::prescan::{PrescanError, prescan};
use crate::uid::uid_from_seed;
use crate::write::{SeriesInfo, WriteError, common_elements, frame_of_reference};

/// Triangle Point Index List, retired: the same with 16-bit numbers.
const SHORT_TRIANGLES: Tag = Tag(0x0066, 0x0023);

/// A triangle mesh in LPS mm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    /// Corners.
    pub points: Vec<[f32; 3]>,
    /// Three places in `points` each, anticlockwise seen from outside.
    pub triangles: Vec<[u32; 3]>,
}

/// One segment's surface.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentSurface {
    /// Name, code, colour. The number must be its place among the segments, from 1.
    pub facts: SegmentFacts,
    /// The mesh.
    pub mesh: Triangles,
    /// Whether the mesh encloses a volume (Finite Volume, 0066,000E): `None` where that is not known.
    pub closed: Option<bool>,
}

/// What surfaces say beside their triangles.
#[derive(Clone, Debug, Default)]
pub struct SurfaceInfo {
    /// Patient, study and series; the series is one of its own, not that of the images.
    pub series: SeriesInfo,
    /// Frame of Reference UID (0020,0052) of the images.
    pub frame_of_reference: String,
    /// What the segments were drawn on, if that is known.
    pub source: Option<SourceSeries>,
    /// When they were made, `YYYYMMDD`; the date of the study where it is empty.
    pub date: String,
    /// When they were made, `HHMMSS`.
    pub time: String,
    /// Program version for the equipment module.
    pub software_version: String,
}

/// Why surfaces were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceWriteError {
    /// Nothing to write.
    #[error("there are no surfaces to write; choose at least one")]
    NoSurfaces,
    /// The number of a segment is not its place.
    #[error("the segments are not numbered 1, 2, 3 and so on; number them in order")]
    Numbers,
    /// A mesh without triangles, or whose triangles name points it does not have.
    #[error("the mesh of segment {0} is empty or damaged; make the surface again")]
    Mesh(u16),
    /// Content Date must have a value.
    #[error("neither the surfaces nor their study have a date; state when they were made")]
    Date,
    /// The data set cannot be encoded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Why an object's surfaces cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceReadError {
    /// The bytes are refused by the guard.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// Another kind of object.
    #[error("the object is not a surface segmentation")]
    Class,
    /// A surface without triangles, or in a form that is not read (strips, fans, lines); it would be missing.
    #[error(
        "surface {0} is missing, damaged, or made of something else than triangles, so the object is not used"
    )]
    Surface(u32),
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SurfaceSegmentation {
    /// The surfaces; a segment of several has one entry for each.
    pub surfaces: Vec<SegmentSurface>,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: String,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
}

/// Writes surfaces as one object; coordinates as 32-bit floats, which is what the class holds.
///
/// # Errors
/// [`SurfaceWriteError`]
pub fn write(surfaces: &[SegmentSurface], info: &SurfaceInfo) -> Result<Vec<u8>, SurfaceWriteError> {
    if surfaces.is_empty() {
        return Err(SurfaceWriteError::NoSurfaces);
    }
    if surfaces.iter().zip(1..).any(|(s, n)| s.facts.number != n) {
        return Err(SurfaceWriteError::Numbers);
    }
    for surface in surfaces {
        let mesh = &surface.mesh;
        let inside = |n: &u32| (*n as usize) < mesh.points.len();
        let sound = mesh.points.iter().flatten().all(|v| v.is_finite())
            && !mesh.triangles.is_empty()
            && mesh.triangles.iter().flatten().all(inside);
        if !sound {
            return Err(SurfaceWriteError::Mesh(surface.facts.number));
        }
    }
    let mut object = head(info)?;
    let number = u32::try_from(surfaces.len()).unwrap_or(u32::MAX);
    put(&mut object, tags::NUMBER_OF_SURFACES, VR::UL, PrimitiveValue::from(number));
    let segments = surfaces.iter().map(|s| segment_item(s, info)).collect();
    sequence(&mut object, tags::SEGMENT_SEQUENCE, segments);
    sequence(&mut object, tags::SURFACE_SEQUENCE, surfaces.iter().map(surface_item).collect());
    if let Some(source) = info.source.as_ref().filter(|s| !s.slices.is_empty() && !s.series_uid.is_empty()) {
        let mut series = InMemDicomObject::new_empty();
        put_text(&mut series, tags::SERIES_INSTANCE_UID, VR::UI, &source.series_uid);
        let images = source.slices.iter().map(|slice| reference(&slice.image)).collect();
        sequence(&mut series, tags::REFERENCED_INSTANCE_SEQUENCE, images);
        sequence(&mut object, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    }
    Ok(to_file(object)?)
}

/// Patient to equipment and the content's label (A.57.3).
fn head(info: &SurfaceInfo) -> Result<InMemDicomObject, SurfaceWriteError> {
    let or = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
    let date = or(&info.date, info.series.study.date.expose());
    let time = or(&or(&info.time, &info.series.time), "000000");
    if date.is_empty() {
        return Err(SurfaceWriteError::Date);
    }
    let mut object = common_elements(&info.series, "SEG");
    frame_of_reference(&mut object, &info.series, &info.frame_of_reference);
    let texts: [(Tag, VR, &str); 12] = [
        (tags::SOP_CLASS_UID, VR::UI, uids::SURFACE_SEGMENTATION_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid_from_seed(&info.series.seed, "surface segmentation")),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::CONTENT_DATE, VR::DA, &date),
        (tags::CONTENT_TIME, VR::TM, &time),
        (tags::CONTENT_LABEL, VR::CS, "SURFACES"),
        (tags::CONTENT_DESCRIPTION, VR::LO, "Research and teaching only, not for clinical use"),
        (tags::CONTENT_CREATOR_NAME, VR::PN, "Theatron^"),
        (tags::MANUFACTURER, VR::LO, &or(&info.series.manufacturer, "Theatron")),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Theatron"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        (tags::SOFTWARE_VERSIONS, VR::LO, &or(&info.software_version, "1")),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    Ok(object)
}

/// What made a mesh (table 10-19).
fn algorithm(facts: &SegmentFacts) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    let family = Code {
        value: "123109".to_owned(),
        scheme: "DCM".to_owned(),
        meaning: "Manual Processing".to_owned(),
    };
    let automatic =
        Code { value: "123105".to_owned(), scheme: "DCM".to_owned(), meaning: "Edge Detection".to_owned() };
    let family = if facts.algorithm == super::AlgorithmType::Manual { family } else { automatic };
    sequence(&mut item, tags::ALGORITHM_FAMILY_CODE_SEQUENCE, vec![family.item()]);
    let name = if facts.algorithm_name.is_empty() { "isosurface" } else { facts.algorithm_name.as_str() };
    put_text(&mut item, tags::ALGORITHM_NAME, VR::LO, &shortened(name));
    put_text(&mut item, tags::ALGORITHM_VERSION, VR::LO, "1");
    item
}

fn segment_item(surface: &SegmentSurface, info: &SurfaceInfo) -> InMemDicomObject {
    let facts = &surface.facts;
    let mut item = InMemDicomObject::new_empty();
    facts.describe(&mut item);
    // Colours and algorithms belong to the surfaces here.
    item.remove_element(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE);
    item.remove_element(tags::SEGMENT_ALGORITHM_NAME);
    put(&mut item, tags::SURFACE_COUNT, VR::UL, PrimitiveValue::from(1_u32));
    let mut referenced = InMemDicomObject::new_empty();
    put(
        &mut referenced,
        tags::REFERENCED_SURFACE_NUMBER,
        VR::UL,
        PrimitiveValue::from(u32::from(facts.number)),
    );
    let made = vec![algorithm(facts)];
    sequence(&mut referenced, tags::SEGMENT_SURFACE_GENERATION_ALGORITHM_IDENTIFICATION_SEQUENCE, made);
    let images = info.source.iter().flat_map(|s| &s.slices).map(|slice| reference(&slice.image)).collect();
    sequence(&mut referenced, tags::SEGMENT_SURFACE_SOURCE_INSTANCE_SEQUENCE, images);
    sequence(&mut item, tags::REFERENCED_SURFACE_SEQUENCE, vec![referenced]);
    item
}

/// Surface Mesh module (C.27.1).
fn surface_item(surface: &SegmentSurface) -> InMemDicomObject {
    let facts = &surface.facts;
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::SURFACE_NUMBER, VR::UL, PrimitiveValue::from(u32::from(facts.number)));
    put_text(&mut item, tags::SURFACE_COMMENTS, VR::LT, &shortened(&facts.label));
    put_text(&mut item, tags::SURFACE_PROCESSING, VR::CS, "NO");
    put(&mut item, tags::RECOMMENDED_DISPLAY_GRAYSCALE_VALUE, VR::US, PrimitiveValue::from(0xC000_u16));
    let lab = cielab(facts.colour.unwrap_or([200, 200, 200])).to_vec();
    put(&mut item, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, VR::US, PrimitiveValue::U16(lab.into()));
    put(&mut item, tags::RECOMMENDED_PRESENTATION_OPACITY, VR::FL, PrimitiveValue::from(1.0_f32));
    put_text(&mut item, tags::RECOMMENDED_PRESENTATION_TYPE, VR::CS, "SURFACE");
    let said = |known: Option<bool>| known.map_or("UNKNOWN", |yes| if yes { "YES" } else { "NO" });
    put_text(&mut item, tags::FINITE_VOLUME, VR::CS, said(surface.closed));
    put_text(&mut item, tags::MANIFOLD, VR::CS, said(surface.closed.filter(|&closed| closed)));
    let mesh = &surface.mesh;
    let mut points = InMemDicomObject::new_empty();
    let count = u32::try_from(mesh.points.len()).unwrap_or(u32::MAX);
    put(&mut points, tags::NUMBER_OF_SURFACE_POINTS, VR::UL, PrimitiveValue::from(count));
    let coordinates: Vec<f32> = mesh.points.as_flattened().to_vec();
    put(&mut points, tags::POINT_COORDINATES_DATA, VR::OF, PrimitiveValue::F32(coordinates.into()));
    sequence(&mut item, tags::SURFACE_POINTS_SEQUENCE, vec![points]);
    sequence(&mut item, tags::SURFACE_POINTS_NORMALS_SEQUENCE, Vec::new());
    let mut primitives = InMemDicomObject::new_empty();
    // Points are counted from 1.
    let corners: Vec<u32> = mesh.triangles.as_flattened().iter().map(|&n| n + 1).collect();
    put(&mut primitives, tags::LONG_TRIANGLE_POINT_INDEX_LIST, VR::OL, PrimitiveValue::U32(corners.into()));
    for tag in [tags::LONG_EDGE_POINT_INDEX_LIST, tags::LONG_VERTEX_POINT_INDEX_LIST] {
        put(&mut primitives, tag, VR::OL, PrimitiveValue::Empty);
    }
    for tag in [
        tags::TRIANGLE_STRIP_SEQUENCE,
        tags::TRIANGLE_FAN_SEQUENCE,
        tags::LINE_SEQUENCE,
        tags::FACET_SEQUENCE,
    ] {
        sequence(&mut primitives, tag, Vec::new());
    }
    sequence(&mut item, tags::SURFACE_MESH_PRIMITIVES_SEQUENCE, vec![primitives]);
    item
}

/// Reads the surfaces of a Surface Segmentation object: triangles in 16-bit or 32-bit lists.
///
/// # Errors
/// [`SurfaceReadError`]
pub fn read(bytes: &[u8]) -> Result<SurfaceSegmentation, SurfaceReadError> {
    let scan = prescan(bytes)?;
    let object =
        parse(&scan, scan.data.get(scan.dataset..).unwrap_or_default()).ok_or(SurfaceReadError::Class)?;
    if text(&object, tags::SOP_CLASS_UID) != uids::SURFACE_SEGMENTATION_STORAGE || scan.encoding.big_endian {
        return Err(SurfaceReadError::Class);
    }
    let number = |item: &InMemDicomObject, tag| item.get(tag).and_then(|e| e.to_int::<u32>().ok());
    let all = items(&object, tags::SURFACE_SEQUENCE);
    let mut surfaces = Vec::new();
    for segment in items(&object, tags::SEGMENT_SEQUENCE) {
        let facts = SegmentFacts::of(segment).ok_or(SurfaceReadError::Surface(0))?;
        for referenced in items(segment, tags::REFERENCED_SURFACE_SEQUENCE) {
            let wanted = number(referenced, tags::REFERENCED_SURFACE_NUMBER).unwrap_or(0);
            let item = all.iter().find(|item| number(item, tags::SURFACE_NUMBER) == Some(wanted));
            let surface = item.and_then(|item| {
                let shown = SegmentFacts::of_colour(item);
                let closed = match text(item, tags::FINITE_VOLUME).as_str() {
                    "YES" => Some(true),
                    "NO" => Some(false),
                    _ => None,
                };
                let made =
                    items(referenced, tags::SEGMENT_SURFACE_GENERATION_ALGORITHM_IDENTIFICATION_SEQUENCE);
                let facts = SegmentFacts {
                    colour: shown.or(facts.colour),
                    algorithm_name: made
                        .first()
                        .map(|item| text(item, tags::ALGORITHM_NAME))
                        .unwrap_or_default(),
                    ..facts.clone()
                };
                Some(SegmentSurface { facts, mesh: mesh(item)?, closed })
            });
            surfaces.push(surface.ok_or(SurfaceReadError::Surface(wanted))?);
        }
    }
    if surfaces.is_empty() {
        return Err(SurfaceReadError::Surface(1));
    }
    Ok(SurfaceSegmentation {
        surfaces,
        frame_of_reference: text(&object, tags::FRAME_OF_REFERENCE_UID),
        sop_instance_uid: text(&object, tags::SOP_INSTANCE_UID),
    })
}

/// Points and triangles of one surface; `None` where they are missing, damaged or not triangles.
fn mesh(item: &InMemDicomObject) -> Option<Triangles> {
    let points = items(item, tags::SURFACE_POINTS_SEQUENCE).first()?;
    let coordinates = points.get(tags::POINT_COORDINATES_DATA)?.to_multi_float32().ok()?;
    let (points, rest) = coordinates.as_chunks::<3>();
    if !rest.is_empty() || !coordinates.iter().all(|v| v.is_finite()) {
        return None;
    }
    let primitives = items(item, tags::SURFACE_MESH_PRIMITIVES_SEQUENCE).first()?;
    let other = [
        tags::TRIANGLE_STRIP_SEQUENCE,
        tags::TRIANGLE_FAN_SEQUENCE,
        tags::LINE_SEQUENCE,
        tags::FACET_SEQUENCE,
    ];
    if other.iter().any(|&tag| !items(primitives, tag).is_empty()) {
        return None;
    }
    let list = |tag| primitives.get(tag).and_then(|e| e.to_multi_int::<u32>().ok()).filter(|v| !v.is_empty());
    let corners = list(tags::LONG_TRIANGLE_POINT_INDEX_LIST).or_else(|| list(SHORT_TRIANGLES))?;
    let (triangles, rest) = corners.as_chunks::<3>();
    let counted = |n: &u32| *n >= 1 && (*n as usize) <= points.len();
    let sound = rest.is_empty() && corners.iter().all(counted);
    sound.then(|| Triangles {
        points: points.to_vec(),
        triangles: triangles.iter().map(|t| t.map(|n| n - 1)).collect(),
    })
}
