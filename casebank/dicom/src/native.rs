//! Objects in the form that every program reads: Explicit VR Little Endian with native pixels (PS3.5 annex A.2).
//!
//! Nothing but the form changes: every attribute keeps its value, who the patient is too, and the UIDs stay, since the pixels
//! are the same. Pixels that were compressed with loss stay marked so. What tells the form of compressed samples goes with it:
//! colours that a codec kept as YCbCr become RGB and say so, and lose the least and greatest pixel value. Group lengths, retired
//! long ago, and the file meta information of the sender are not carried over.

use std::borrow::Cow;

use casebank_case::{Told, Words};
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex as _, TransferSyntaxRegistry};

use crate::deid::tree::{self, DataSet, Element, Value, value_of};
use crate::deid::{JPIP, MEDIA_DIRECTORY, ObjectError, is_uid, meta, pixels};
use crate::header::Header;
use crate::prescan::walk::PIXEL_DATA;
use crate::prescan::{Encoding, Limits, PixelBytes, PrescanError, scan_partly};

const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
const OUT: Encoding = Encoding { explicit: true, big_endian: false };

/// An object in its new form.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Native {
    /// The file.
    pub bytes: Vec<u8>,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Series Instance UID (0020,000E); empty where there is none.
    pub series_uid: String,
    /// Transfer Syntax UID (0002,0010) that it came in.
    pub from: String,
}

/// Why an object is not rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NativeError {
    /// The guard refuses the bytes.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// A DICOMDIR lists files by their places.
    #[error("a DICOMDIR lists the original files; make a new one")]
    Directory,
    /// It could not be named.
    #[error("the object has no valid SOP Class and SOP Instance UID")]
    Identity,
    /// JPIP.
    #[error("the pixels of the object lie on a server (JPIP); fetch them into the object first")]
    PixelsElsewhere,
    /// They would be lost.
    #[error("its pixels cannot be decoded: {what}")]
    Pixels {
        /// Why.
        what: Words,
    },
}

impl Told for NativeError {
    fn chinese(&self) -> String {
        match self {
            Self::Prescan(error) => error.chinese(),
            Self::Directory => "DICOMDIR 列出原来的文件；请另建一个".to_owned(),
            Self::Identity => "对象没有有效的 SOP Class 和 SOP Instance UID".to_owned(),
            Self::PixelsElsewhere => "对象的像素在服务器上（JPIP）；请先取到对象中".to_owned(),
            Self::Pixels { what } => format!("无法解码像素：{}", what.zh),
        }
    }
}

/// Rewrites one object.
///
/// # Errors
/// [`NativeError`]
pub fn native(bytes: &[u8]) -> Result<Native, NativeError> {
    let limits = Limits::default();
    let (scan, outcome) = scan_partly(bytes, &limits)?;
    outcome?;
    if scan.media_class == MEDIA_DIRECTORY {
        return Err(NativeError::Directory);
    }
    if JPIP.contains(&scan.transfer_syntax.as_str()) {
        return Err(NativeError::PixelsElsewhere);
    }
    let mut set = tree::parse(&scan.data, scan.dataset, scan.encoding, &limits)?;
    let format = Header::of(&scan).format;
    if !scan.encoding.explicit {
        resolve(&mut set, format.signed);
    }
    if matches!(scan.pixels, Some(PixelBytes::Fragments { .. })) {
        let new = pixels::edit(&scan, &mut |_, _| Ok(true)).map_err(|error| match error {
            ObjectError::Pixels { what } => NativeError::Pixels { what },
            other => NativeError::Pixels { what: other.words() },
        })?;
        // The least and the greatest value, which only a change of samples would remove.
        let extremes = |element: &&Element<'_>| matches!(element.tag, Tag(0x0028, 0x0106..=0x0111));
        let extremes: Vec<Element<'_>> = set.iter().filter(extremes).cloned().collect();
        new.and_then(|new| new.put_into(&mut set));
        if format.samples == 1 {
            for element in extremes {
                pixels::put(&mut set, element);
            }
        }
    } else if scan.encoding.big_endian {
        turn(&mut set, usize::from(format.bits_allocated / 8));
    }
    // Group lengths are retired and would be wrong now.
    set.retain(|element| element.tag.1 != 0 && element.tag.0 > 2);
    let uid = |tag| Some(String::from_utf8_lossy(value_of(&set, tag)).into_owned()).filter(|uid| is_uid(uid));
    let class = uid(Tag(0x0008, 0x0016)).ok_or(NativeError::Identity)?;
    let sop_instance_uid = uid(Tag(0x0008, 0x0018)).ok_or(NativeError::Identity)?;
    let series_uid = uid(Tag(0x0020, 0x000E)).unwrap_or_default();
    let mut out = meta(&class, &sop_instance_uid, EXPLICIT_LITTLE)?;
    tree::write(&mut out, &set, OUT)?;
    Ok(Native { bytes: out, sop_instance_uid, series_uid, from: scan.transfer_syntax.clone() })
}

/// The name of a transfer syntax (PS3.6 table A-1); `None` where it is not known.
#[must_use]
pub fn transfer_syntax_name(uid: &str) -> Option<&'static str> {
    TransferSyntaxRegistry.get(uid).map(TransferSyntax::name)
}

/// Decides what the dictionary leaves to Pixel Representation (0028,0103): US or SS.
fn resolve(set: &mut DataSet<'_>, signed: bool) {
    for element in set {
        if let Value::Items(items) = &mut element.value {
            for item in items {
                resolve(item, signed);
            }
        } else if StandardDataDictionary.by_tag(element.tag).is_some_and(|entry| entry.vr() == VirtualVr::Xs)
        {
            element.vr = if signed { VR::SS } else { VR::US };
        }
    }
}

/// Turns the numbers of a big endian data set round; samples of pixels take `sample` bytes.
fn turn(set: &mut DataSet<'_>, sample: usize) {
    for element in set {
        let width = match element.vr {
            // Bytes lie in words there (PS3.5 section 8.1.1).
            VR::OW if element.tag == PIXEL_DATA => sample.max(2),
            VR::US | VR::SS | VR::OW | VR::AT => 2,
            VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
            VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
            _ => 1,
        };
        match &mut element.value {
            Value::Items(items) => items.iter_mut().for_each(|item| turn(item, sample)),
            Value::Bytes(bytes) if width > 1 => {
                let mut turned = bytes.to_vec();
                turned.chunks_exact_mut(width).for_each(<[u8]>::reverse);
                *bytes = Cow::Owned(turned);
            }
            Value::Bytes(_) | Value::Fragments(_) => {}
        }
    }
}
