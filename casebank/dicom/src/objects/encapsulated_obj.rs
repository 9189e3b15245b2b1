//! OBJ surfaces inside DICOM (Encapsulated OBJ IOD, PS3.3 A.85.2). Colours come with an object of their own, which is not
//! written; a surface that names a material file loses it.

use dicom_dictionary_std::uids;

use super::encapsulated_stl::{Kind, StlError, StlInfo, read_as, write_as};
use crate::write::WriteError;

const OBJ: Kind = Kind { class: uids::ENCAPSULATED_OBJ_STORAGE, mime: "model/obj", what: "encapsulated obj" };

/// What was read from an encapsulated surface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncapsulatedObj {
    /// The bytes of the OBJ file as they were put in.
    pub obj: Vec<u8>,
    /// Document Title (0042,0010).
    pub title: String,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: String,
    /// UCUM code of the unit, `mm` where the surface comes from here.
    pub unit: String,
}

/// Why an object is no encapsulated surface.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjError {
    /// Another kind of object.
    #[error("the object is not an encapsulated OBJ surface")]
    Class,
    /// The bytes are refused, or the document is missing.
    #[error(transparent)]
    Object(StlError),
    /// A material file is named, which the object does not hold.
    #[error("the surface names a material file, which the object cannot hold; export it without materials")]
    Materials,
    /// The data set cannot be encoded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Wraps the bytes of an OBJ file (LPS mm) as an Encapsulated OBJ object.
///
/// # Errors
/// [`ObjError::Materials`] where the file names a material library, [`ObjError::Write`] where it is too large.
pub fn write(obj: &[u8], info: &StlInfo) -> Result<Vec<u8>, ObjError> {
    if obj.split(|&b| b == b'\n').any(|line| line.trim_ascii_start().starts_with(b"mtllib")) {
        return Err(ObjError::Materials);
    }
    Ok(write_as(&OBJ, obj, info)?)
}

/// Takes the OBJ bytes out of an Encapsulated OBJ object.
///
/// # Errors
/// [`ObjError`]
pub fn read(bytes: &[u8]) -> Result<EncapsulatedObj, ObjError> {
    let read = read_as(&OBJ, bytes).map_err(|error| match error {
        StlError::Class => ObjError::Class,
        other => ObjError::Object(other),
    })?;
    let (title, frame_of_reference, unit) = (read.title, read.frame_of_reference, read.unit);
    Ok(EncapsulatedObj { obj: read.stl, title, frame_of_reference, unit })
}
