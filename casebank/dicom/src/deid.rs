//! De-identification by PS3.15 Annex E: the Basic Application Level Confidentiality Profile and its options.
//!
//! [`Deidentifier::apply`] takes the bytes of one object and gives the bytes of the de-identified one. What an attribute
//! meets stands in `tables/annex_e.txt`, one line an attribute, and `tables/beyond.txt`; what the table leaves open is decided
//! towards protection: private attributes, attributes that the dictionary does not know, unlisted names, dates and UIDs of
//! instances go or are replaced. New UIDs, pseudonyms and moved dates come from one secret, so that objects of one patient stay
//! together over runs and references still meet.
//!
//! [`deidentify`] does it for folders. Pixels and their transfer syntax stay as they were, unless
//! [`DeidOption::CleanPixelData`] finds text in them, or [`DeidOption::CleanRecognizableVisualFeatures`] a face (in folders
//! only: a face is found in a series, not in a slice). [`FolderReport`] says what was done and what may remain.

mod actions;
mod burned_in;
mod chinese;
mod dates;
mod engine;
mod faces;
mod facts;
mod folder;
mod options;
mod overlays;
pub(crate) mod pixels;
mod private;
mod secret;
mod structured;
mod table;
mod text;
pub(crate) mod tree;

use std::borrow::Cow;
use std::io::Write as _;

use casebank_case::Words;
use dicom_core::{Tag, VR};
use meshing_segment::FaceChange;

pub use faces::{FaceOutcome, FaceSeries};
pub use facts::{BurnedIn, Face, ObjectFacts, PixelRisk, PixelText};
pub use folder::{
    Blanked, DeidError, FolderReport, KeptAttribute, RejectedObject, SkippedObject, WrittenObject,
    check_places, deidentify,
};
pub use meshing_segment::{FaceManner, FaceReport, FaceVerdict};
pub use options::{DeidOption, DeidOptions, OptionError};
pub use pixels::{FrameEdit, FrameSamples};
pub use secret::{Secret, SecretError};

use crate::header::Header;
use crate::prescan::{Encoding, Limits, PrescanError, scan_partly};
use crate::uid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME};
use tree::{DataSet, Element, Value, value_of};

const BASIC_CODE: (&str, &str) = ("113100", "Basic Application Confidentiality Profile");
const METHOD: &str = "PS3.15 Basic Application Level Confidentiality Profile";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const JPIP: [&str; 4] = [
    "1.2.840.10008.1.2.4.94",
    "1.2.840.10008.1.2.4.95",
    "1.2.840.10008.1.2.4.204",
    "1.2.840.10008.1.2.4.205",
];
pub(crate) const MEDIA_DIRECTORY: &str = "1.2.840.10008.1.3.10";

/// Why an object is not de-identified. Nothing of it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The guard refuses the bytes, or a part of them cannot be looked into.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// A DICOMDIR lists files by the names and patients they had.
    #[error("a DICOMDIR is not de-identified: it lists the original files; make a new one")]
    Directory,
    /// No SOP Class or SOP Instance UID, or one that is no UID.
    #[error(
        "the object has no valid SOP Class, SOP Instance and Transfer Syntax UID, so it cannot be named anew"
    )]
    Identity,
    /// JPIP: the address of the pixels would go, and the object would be left without.
    #[error("the pixels of the object lie on a server (JPIP); fetch them into the object first")]
    PixelsElsewhere,
    /// Annex E does not say what private objects hold (PS3.15 section E.1.1 note 6).
    #[error("an object of a private SOP class is not de-identified: only its vendor knows what it holds")]
    PrivateClass,
    /// A face that cannot be removed, under the option to remove it.
    #[error("it may show a face that cannot be removed: {why}")]
    FaceStays {
        /// Why.
        why: Words,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
    /// Pixels that have to be looked at and cannot be.
    #[error("its pixels cannot be cleaned because they cannot be decoded: {what}")]
    Pixels {
        /// Why.
        what: Words,
    },
    /// Pixels that have to be searched for text and cannot be.
    #[error("its pixels cannot be searched for text: {0}")]
    NoTextSearch(#[from] meshing_segment::NetworkError),
}

/// A de-identified object.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deidentified {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its new SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Its new Series Instance UID (0020,000E); empty where there is none.
    pub series_uid: String,
    /// The new id of its patient.
    pub patient: String,
    /// What remains in it.
    pub facts: ObjectFacts,
}

/// De-identifies objects under one set of options and one secret.
#[derive(Clone, Debug)]
pub struct Deidentifier {
    options: DeidOptions,
    secret: Secret,
    limits: Limits,
}

impl Deidentifier {
    /// With the basic profile and these options.
    #[must_use]
    pub fn new(options: DeidOptions, secret: Secret) -> Self {
        Self { options, secret, limits: Limits::default() }
    }

    /// The options.
    #[must_use]
    pub const fn options(&self) -> DeidOptions {
        self.options
    }

    /// De-identifies the bytes of one file.
    ///
    /// # Errors
    /// [`ObjectError`]: nothing of the object may be handed on.
    pub fn apply(&self, bytes: &[u8]) -> Result<Deidentified, ObjectError> {
        self.apply_inner(bytes, None, false)
    }

    /// As [`Self::apply`], and hands each frame to `edit`, which may change its samples. Where it changes none, the pixel
    /// data stay byte for byte; else they are native afterwards.
    ///
    /// # Errors
    /// [`ObjectError`]; [`ObjectError::Pixels`] where there are pixels that cannot be decoded.
    pub fn apply_editing(&self, bytes: &[u8], edit: &mut FrameEdit<'_>) -> Result<Deidentified, ObjectError> {
        self.apply_inner(bytes, Some(edit), false)
    }

    /// As [`Self::apply`], with the face taken from the slice, and says so in it (0028,0302).
    pub(crate) fn apply_faceless(
        &self,
        bytes: &[u8],
        change: Option<&FaceChange>,
    ) -> Result<Deidentified, ObjectError> {
        let Some(change) = change else { return self.apply_inner(bytes, None, true) };
        let (scan, outcome) = scan_partly(bytes, &self.limits)?;
        outcome?;
        let header = Header::of(&scan);
        let mut edit = |_, frame: &mut FrameSamples<'_>| faces::change_slice(&header, change, frame);
        self.apply_inner(bytes, Some(&mut edit), true)
    }

    fn apply_inner(
        &self,
        bytes: &[u8],
        edit: Option<&mut FrameEdit<'_>>,
        faceless: bool,
    ) -> Result<Deidentified, ObjectError> {
        let (scan, outcome) = scan_partly(bytes, &self.limits)?;
        outcome?;
        if scan.media_class == MEDIA_DIRECTORY {
            return Err(ObjectError::Directory);
        }
        if JPIP.contains(&scan.transfer_syntax.as_str()) {
            return Err(ObjectError::PixelsElsewhere);
        }
        let set = tree::parse(&scan.data, scan.dataset, scan.encoding, &self.limits)?;
        let mut engine = engine::Engine::new(self.options, &self.secret, &set);
        let mut set = engine.data_set(set, engine::Place::default());
        document_length(&mut set, scan.encoding);
        let mut transfer_syntax = scan.transfer_syntax.as_str();
        let edit = edit.filter(|_| scan.pixels.is_some());
        let new = if self.options.has(DeidOption::CleanPixelData) {
            let risk = &mut engine.facts.pixels;
            let (new, text) = burned_in::clean(&scan, &engine.facts.sop_class_uid, risk.burned_in, edit)?;
            risk.text = text;
            new
        } else if let Some(edit) = edit {
            pixels::edit(&scan, edit)?
        } else {
            None
        };
        transfer_syntax = new.and_then(|new| new.put_into(&mut set)).unwrap_or(transfer_syntax);
        self.mark(&mut set, engine.facts.pixels.text, faceless || engine.facts.pixels.face == Face::No);
        if faceless {
            pixels::put(&mut set, Element::text(Tag(0x0028, 0x0302), VR::CS, "NO"));
        }
        let uid =
            |tag| Some(String::from_utf8_lossy(value_of(&set, tag)).into_owned()).filter(|uid| is_uid(uid));
        let class = uid(Tag(0x0008, 0x0016)).ok_or(ObjectError::Identity)?;
        if !actions::is_standard_uid(class.as_bytes()) {
            return Err(ObjectError::PrivateClass);
        }
        let sop_instance_uid = uid(Tag(0x0008, 0x0018)).ok_or(ObjectError::Identity)?;
        let series_uid = uid(Tag(0x0020, 0x000E)).unwrap_or_default();
        if !is_uid(transfer_syntax) {
            return Err(ObjectError::Identity);
        }
        let patient = String::from_utf8_lossy(value_of(&set, Tag(0x0010, 0x0020))).into_owned();
        let mut out = meta(&class, &sop_instance_uid, transfer_syntax)?;
        if transfer_syntax == DEFLATED {
            let mut flat = Vec::new();
            tree::write(&mut flat, &set, scan.encoding)?;
            let mut deflate = flate2::write::DeflateEncoder::new(out, flate2::Compression::default());
            deflate.write_all(&flat).map_err(|_impossible| PrescanError::Deflate)?;
            out = deflate.finish().map_err(|_impossible| PrescanError::Deflate)?;
        } else {
            out.reserve(scan.data.len());
            tree::write(&mut out, &set, scan.encoding)?;
        }
        Ok(Deidentified { bytes: out, sop_instance_uid, series_uid, patient, facts: engine.facts })
    }

    /// Says in the object that and how it was de-identified (PS3.15 section E.1.1 step 6, E.2, E.3.6).
    /// An object that may show a face is not said to be cleaned of it unless it is, and one that was not looked at for text
    /// is not said to be free of it.
    fn mark(&self, set: &mut DataSet<'_>, text: PixelText, faceless: bool) {
        let told = |option: &DeidOption| match option {
            DeidOption::CleanPixelData => text.is_clean(),
            DeidOption::CleanRecognizableVisualFeatures => faceless,
            _ => true,
        };
        let codes = std::iter::once(BASIC_CODE).chain(self.options.iter().filter(told).map(DeidOption::code));
        if matches!(text, PixelText::NothingFound | PixelText::Blanked { .. }) {
            burned_in::mark(set);
        }
        let items = codes.map(|(value, meaning)| {
            vec![
                Element::text(Tag(0x0008, 0x0100), VR::SH, value),
                Element::text(Tag(0x0008, 0x0102), VR::SH, "DCM"),
                Element::text(Tag(0x0008, 0x0104), VR::LO, meaning),
            ]
        });
        let dates = if self.options.has(DeidOption::RetainFullDates) {
            "UNMODIFIED"
        } else if self.options.has(DeidOption::RetainModifiedDates) {
            "MODIFIED"
        } else {
            "REMOVED"
        };
        let marks = [
            Element::text(Tag(0x0012, 0x0062), VR::CS, "YES"),
            Element::text(Tag(0x0012, 0x0063), VR::LO, METHOD),
            Element::items(Tag(0x0012, 0x0064), items.collect()),
            Element::text(Tag(0x0028, 0x0303), VR::CS, dates),
        ];
        for mark in marks {
            let at = set.iter().position(|element| element.tag > mark.tag).unwrap_or(set.len());
            set.insert(at, mark);
        }
    }
}

/// Whether a text is a UID (PS3.5 section 9.1), so that a file may be named by it.
pub(crate) fn is_uid(text: &str) -> bool {
    text.len() <= 64
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Encapsulated Document Length (0042,0015) follows a document that was replaced.
fn document_length(set: &mut DataSet<'_>, encoding: Encoding) {
    let Some(length) = set.iter().find(|e| e.tag == Tag(0x0042, 0x0011)).map(|e| e.bytes().len()) else {
        return;
    };
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(stated) = set.iter_mut().find(|e| e.tag == Tag(0x0042, 0x0015)) {
        let bytes = if encoding.big_endian { length.to_be_bytes() } else { length.to_le_bytes() };
        stated.value = Value::Bytes(Cow::Owned(bytes.to_vec()));
    }
}

/// Preamble and file meta information of our own; nothing of the original stays (PS3.15 section E.1.1 step 7).
pub(crate) fn meta(class: &str, instance: &str, transfer_syntax: &str) -> Result<Vec<u8>, PrescanError> {
    let explicit = Encoding { explicit: true, big_endian: false };
    let version = Element { tag: Tag(2, 1), vr: VR::OB, value: Value::Bytes(Cow::Borrowed(&[0, 1])) };
    let group = [
        version,
        Element::text(Tag(2, 2), VR::UI, class),
        Element::text(Tag(2, 3), VR::UI, instance),
        Element::text(Tag(2, 0x10), VR::UI, transfer_syntax),
        Element::text(Tag(2, 0x12), VR::UI, IMPLEMENTATION_CLASS),
        Element::text(Tag(2, 0x13), VR::SH, IMPLEMENTATION_NAME),
    ];
    let mut body = Vec::new();
    tree::write(&mut body, &group, explicit)?;
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    let head = Element { tag: Tag(2, 0), vr: VR::UL, value: Value::Bytes(Cow::Owned(length)) };
    tree::write(&mut out, &[head], explicit)?;
    out.extend(body);
    Ok(out)
}
