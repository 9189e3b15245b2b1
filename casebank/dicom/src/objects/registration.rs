//! Rigid registrations (Spatial Registration, PS3.3 A.39.1), written and read.
//!
//! **Direction.** The object's own Frame of Reference UID names the space that points are brought *to*. The matrix beside
//! the UID of another frame takes a point of that frame there: `fixed = matrix · moving`, both in LPS mm (PS3.3
//! C.20.2.1.1), row-major, the translation in the last column. In code the same stands as
//! `fixed_from_moving: Transform<Lps, Lps>`. Only rotations with translations are written or read: a scaled or sheared
//! matrix would change what is measured, a mirrored one exchanges left and right.

use casebank_case::Phi;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_space::{Lps, Point, Transform, Vector};

use super::made::{
    base, common_of, content_label, first, items, open, put_common, put_images, referenced, short,
};
use super::{Code, Evidence, Made, ObjectError, SourceImage};
use crate::dataset::{decimals, put_text, sequence, text, to_file};
use crate::uid::is_uid;
use crate::write::{SeriesInfo, WriteError};

/// Most frames of one object, and most images of it.
const FRAMES: usize = 1000;

/// How the registration was found (PS3.16 CID 7100).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// From landmarks.
    Fiducials,
    /// From the images' content.
    #[default]
    Content,
    /// By eye.
    Visual,
    /// From how the scanners stand to each other.
    Equipment,
    /// The same frame, named twice.
    Identity,
}

const METHODS: [(Method, &str, &str); 5] = [
    (Method::Identity, "125021", "Frame of Reference Identity"),
    (Method::Fiducials, "125022", "Fiducial Alignment"),
    (Method::Equipment, "125023", "Acquisition Equipment Alignment"),
    (Method::Content, "125024", "Image Content-based Alignment"),
    (Method::Visual, "125025", "Visual Alignment"),
];

/// A rigid registration of one frame of reference onto another.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Frame of Reference UID of the fixed images.
    pub fixed_frame: String,
    /// Frame of Reference UID of the moving images.
    pub moving_frame: String,
    /// Takes points of the moving frame to the fixed one.
    pub fixed_from_moving: Transform<Lps, Lps>,
    /// How it was found.
    pub method: Method,
    /// What a person should know, for example the residual error; may be empty.
    pub comment: Phi<String>,
    /// Fixed images.
    pub fixed: Vec<Evidence>,
    /// Moving images.
    pub moving: Vec<Evidence>,
}

/// Largest entry of `RᵀR − 1` of a matrix that is written: 0.5 µm at half a metre.
const WRITTEN: f64 = 1e-6;
/// The same of one that is read. Others write six digits.
const READ: f64 = 1e-4;

/// Why a matrix is no rotation with a translation; `None` where it is.
fn flaw(matrix: Transform<Lps, Lps>, rigid: f64) -> Option<(&'static str, &'static str)> {
    let unit = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let axes = unit.map(|axis| matrix * axis);
    let off = |a: usize, b: usize| {
        let wanted = if a == b { 1.0 } else { 0.0 };
        axes.get(a).zip(axes.get(b)).map_or(f64::INFINITY, |(a, b)| (a.dot(*b) - wanted).abs())
    };
    let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
    if !matrix.is_finite() {
        Some(("the matrix is not finite", "矩阵不是有限的数"))
    } else if matrix.determinant() < 0.0 {
        Some(("the matrix is mirrored: it would exchange left and right", "矩阵含镜像：会左右颠倒"))
    } else if pairs.iter().any(|&(a, b)| off(a, b) > rigid) {
        Some(("the matrix is not rigid: it would change what is measured", "矩阵不是刚性的：会改变测量结果"))
    } else {
        None
    }
}

/// Writes a Spatial Registration object.
///
/// # Errors
/// [`WriteError::Content`] where the matrix is not rigid or mirrored, a frame has no UID, or both are the same frame with
/// another matrix than the identity.
pub fn write(registration: &Registration, info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    let Registration { fixed_frame, moving_frame, fixed_from_moving, .. } = registration;
    if !is_uid(fixed_frame) || !is_uid(moving_frame) {
        return Err(WriteError::Content("a frame of reference of the registration has no UID"));
    }
    if let Some((why, _)) = flaw(*fixed_from_moving, WRITTEN) {
        return Err(WriteError::Content(why));
    }
    if fixed_frame == moving_frame {
        return Err(WriteError::Content(
            "both sides of the registration are one frame of reference; give the moved images a new one",
        ));
    }
    let mut object = base(info, made, uids::SPATIAL_REGISTRATION_STORAGE, "REG", "spatial registration")?;
    content_label(&mut object, "REGISTRATION", "Rigid registration", made);
    put_text(&mut object, tags::FRAME_OF_REFERENCE_UID, VR::UI, fixed_frame);
    put_text(&mut object, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    let identity = METHODS.iter().find(|(method, ..)| *method == Method::Identity);
    let method = METHODS.iter().find(|(method, ..)| *method == registration.method);
    let comment = short(registration.comment.expose(), 64);
    let parts = vec![
        part(fixed_frame, Transform::identity(), identity, "", &registration.fixed),
        part(moving_frame, *fixed_from_moving, method, &comment, &registration.moving),
    ];
    sequence(&mut object, tags::REGISTRATION_SEQUENCE, parts);
    let all = [registration.fixed.as_slice(), registration.moving.as_slice()].concat();
    put_common(&mut object, &info.study_uid(), &all)?;
    to_file(object)
}

/// One item of the Registration Sequence.
fn part(
    frame: &str,
    registered: Transform<Lps, Lps>,
    method: Option<&(Method, &str, &str)>,
    comment: &str,
    images: &[Evidence],
) -> InMemDicomObject {
    let affine = registered.affine();
    let columns = affine.matrix3.to_cols_array_2d();
    let shift = affine.translation.to_array();
    let mut numbers = Vec::with_capacity(16);
    for row in 0..3 {
        numbers.extend(columns.iter().filter_map(|column| column.get(row)).copied());
        numbers.extend(shift.get(row));
    }
    numbers.extend([0.0, 0.0, 0.0, 1.0]);
    let mut matrix = InMemDicomObject::new_empty();
    put_text(&mut matrix, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, VR::DS, &decimals(&numbers));
    put_text(&mut matrix, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, VR::CS, "RIGID");

    let mut outer = InMemDicomObject::new_empty();
    if !comment.is_empty() {
        put_text(&mut outer, tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT, VR::LO, comment);
    }
    let codes = method.map(|(_, value, meaning)| Code::dcm(value, meaning).item()).into_iter().collect();
    sequence(&mut outer, tags::REGISTRATION_TYPE_CODE_SEQUENCE, codes);
    sequence(&mut outer, tags::MATRIX_SEQUENCE, vec![matrix]);

    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::FRAME_OF_REFERENCE_UID, VR::UI, frame);
    put_images(&mut item, images);
    sequence(&mut item, tags::MATRIX_REGISTRATION_SEQUENCE, vec![outer]);
    item
}

/// A registration object as read: frames that are brought into one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRegistration {
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
    /// Content Creator's Name (0070,0084).
    pub person: Phi<String>,
    /// The frame that all others are brought to.
    pub registered_frame: String,
    /// The frames.
    pub frames: Vec<ReadFrame>,
    /// Study and series of the images, as far as the object says.
    pub evidence: Vec<Evidence>,
}

/// One frame of reference of a registration object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadFrame {
    /// Frame of Reference UID (0020,0052).
    pub frame: String,
    /// Takes its points to the registered frame.
    pub registered_from_frame: Transform<Lps, Lps>,
    /// How it was found, where that is coded.
    pub method: Option<Method>,
    /// Transformation comment (3006,00C8).
    pub comment: Phi<String>,
    /// Its images, where they are listed.
    pub images: Vec<SourceImage>,
}

impl ReadRegistration {
    /// The map that takes points of the frame `from` to the frame `to`; `None` where the object does not know one of them.
    #[must_use]
    pub fn between(&self, to: &str, from: &str) -> Option<Transform<Lps, Lps>> {
        Some(self.registered_from(to)?.inverse()? * self.registered_from(from)?)
    }

    fn registered_from(&self, frame: &str) -> Option<Transform<Lps, Lps>> {
        let found = self.frames.iter().find(|part| part.frame == frame);
        let own = (frame == self.registered_frame).then(Transform::identity);
        found.map(|part| part.registered_from_frame).or(own)
    }
}

/// Reads a Spatial Registration object.
///
/// # Errors
/// [`ObjectError`]: where a matrix is missing, not rigid or mirrored, two matrices go for one frame, or a frame is moved
/// within itself.
pub fn read(bytes: &[u8]) -> Result<ReadRegistration, ObjectError> {
    let object = open(bytes, &[uids::SPATIAL_REGISTRATION_STORAGE], ("a spatial registration", "空间配准"))?;
    let registered_frame = text(&object, tags::FRAME_OF_REFERENCE_UID);
    if registered_frame.is_empty() {
        return Err(ObjectError::Missing(
            "the frame of reference that points are brought to",
            "各点变换到的参考坐标系",
        ));
    }
    let parts = items(&object, tags::REGISTRATION_SEQUENCE);
    if parts.is_empty() {
        return Err(ObjectError::Missing("the registration itself", "配准本身"));
    }
    if parts.len() > FRAMES {
        return Err(ObjectError::TooMuch { what: ("frames of reference", "参考坐标系"), limit: FRAMES });
    }
    let mut frames: Vec<ReadFrame> = Vec::new();
    for item in parts {
        let read = frame(item)?;
        if read.frame == registered_frame && !same(read.registered_from_frame, Transform::identity()) {
            return Err(ObjectError::Refused(
                "a frame of reference is moved within itself",
                "一个参考坐标系在自身内移动",
            ));
        }
        if let Some(before) = frames.iter_mut().find(|before| before.frame == read.frame) {
            if !same(before.registered_from_frame, read.registered_from_frame) {
                return Err(ObjectError::Refused(
                    "one frame of reference has two different matrices",
                    "一个参考坐标系有两个不同的矩阵",
                ));
            }
            before.images.extend(read.images);
        } else {
            frames.push(read);
        }
    }
    Ok(ReadRegistration {
        instance_uid: text(&object, tags::SOP_INSTANCE_UID),
        person: Phi::new(text(&object, tags::CONTENT_CREATOR_NAME)),
        registered_frame,
        frames,
        evidence: common_of(&object),
    })
}

/// Whether two maps agree within a thousandth of a millimetre half a metre around.
fn same(a: Transform<Lps, Lps>, b: Transform<Lps, Lps>) -> bool {
    let far = [[0.0; 3], [500.0, 0.0, 0.0], [0.0, 500.0, 0.0], [0.0, 0.0, 500.0]];
    far.map(Point::from_array).iter().all(|&p| (a * p).distance(b * p) < 1e-3)
}

fn frame(item: &InMemDicomObject) -> Result<ReadFrame, ObjectError> {
    let uid = text(item, tags::FRAME_OF_REFERENCE_UID);
    if uid.is_empty() {
        return Err(ObjectError::Missing(
            "the frame of reference of registered images",
            "配准图像的参考坐标系",
        ));
    }
    let outer = match items(item, tags::MATRIX_REGISTRATION_SEQUENCE) {
        [one] => one,
        [] => return Err(ObjectError::Missing("the matrix of a registration", "配准的矩阵")),
        _ => {
            return Err(ObjectError::Refused(
                "a frame of reference has several registrations",
                "一个参考坐标系有多个配准",
            ));
        }
    };
    let [matrix] = items(outer, tags::MATRIX_SEQUENCE) else {
        return Err(ObjectError::Refused(
            "a registration is a chain of matrices, or of none",
            "配准由多个矩阵串联而成，或没有矩阵",
        ));
    };
    if text(matrix, tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE) != "RIGID" {
        return Err(ObjectError::Refused("a registration does not call itself rigid", "配准没有声明为刚性"));
    }
    let numbers = matrix.get(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX);
    let numbers = numbers.and_then(|element| element.to_multi_float64().ok());
    let numbers = numbers.and_then(|all| <[f64; 16]>::try_from(all).ok());
    let [a, b, c, x, d, e, f, y, g, h, i, z, l0, l1, l2, l3] =
        numbers.ok_or(ObjectError::Missing("the sixteen numbers of a matrix", "矩阵的十六个数"))?;
    if [l0, l1, l2, l3] != [0.0, 0.0, 0.0, 1.0] {
        return Err(ObjectError::Refused(
            "the last row of a matrix is not 0, 0, 0, 1",
            "矩阵的最后一行不是 0, 0, 0, 1",
        ));
    }
    let axes = [Vector::new(a, d, g), Vector::new(b, e, h), Vector::new(c, f, i)];
    let registered_from_frame = Transform::from_axes(Point::new(x, y, z), axes);
    if let Some((en, zh)) = flaw(registered_from_frame, READ) {
        return Err(ObjectError::Refused(en, zh));
    }
    let code = first(outer, tags::REGISTRATION_TYPE_CODE_SEQUENCE).map(|code| text(code, tags::CODE_VALUE));
    let method =
        METHODS.iter().find(|(_, value, _)| code.as_deref() == Some(*value)).map(|(method, ..)| *method);
    Ok(ReadFrame {
        frame: uid,
        registered_from_frame,
        method,
        comment: Phi::new(text(outer, tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT)),
        images: items(item, tags::REFERENCED_IMAGE_SEQUENCE).iter().filter_map(referenced).collect(),
    })
}
