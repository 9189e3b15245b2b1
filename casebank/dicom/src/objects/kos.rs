//! Key images: Key Object Selection documents (PS3.3 A.35.4, PS3.16 TID 2010), written and read.

use casebank_case::Phi;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::made::base;
use super::sr::{self, ImageRef, Item, Relation, Value, put_tree};
use super::{Code, Evidence, Made, ObjectError};
use crate::dataset::{put_text, to_file};
use crate::write::{SeriesInfo, WriteError};

/// Why images were picked (PS3.16 CID 7010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Title {
    /// Of Interest
    #[default]
    OfInterest,
    /// For Referring Provider
    ForReferringProvider,
    /// For Surgery
    ForSurgery,
    /// For Teaching
    ForTeaching,
    /// For Conference
    ForConference,
    /// For Research
    ForResearch,
    /// Rejected for Quality Reasons: the images are not to be used.
    RejectedForQuality,
    /// Rejected for Patient Safety Reasons: the images are not to be used.
    RejectedForSafety,
    /// Incorrect Modality Worklist Entry: the images are of another patient or order.
    RejectedForWorklist,
    /// Data Retention Policy Expired
    Expired,
}

const TITLES: [(Title, &str, &str); 10] = [
    (Title::OfInterest, "113000", "Of Interest"),
    (Title::RejectedForQuality, "113001", "Rejected for Quality Reasons"),
    (Title::ForReferringProvider, "113002", "For Referring Provider"),
    (Title::ForSurgery, "113003", "For Surgery"),
    (Title::ForTeaching, "113004", "For Teaching"),
    (Title::ForConference, "113005", "For Conference"),
    (Title::ForResearch, "113009", "For Research"),
    (Title::RejectedForSafety, "113037", "Rejected for Patient Safety Reasons"),
    (Title::RejectedForWorklist, "113038", "Incorrect Modality Worklist Entry"),
    (Title::Expired, "113039", "Data Retention Policy Expired"),
];

impl Title {
    /// Whether it takes images out of use instead of pointing at them (IHE IOCM).
    #[must_use]
    pub const fn rejects(self) -> bool {
        matches!(
            self,
            Self::RejectedForQuality | Self::RejectedForSafety | Self::RejectedForWorklist | Self::Expired
        )
    }
}

/// A selection of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Why they were picked.
    pub title: Title,
    /// Document Title Modifier (113011, DCM): which quality was bad, or what it is the best of.
    pub modifiers: Vec<Code>,
    /// Key Object Description; may be empty.
    pub description: Phi<String>,
    /// The images or frames, in order.
    pub images: Vec<ImageRef>,
    /// Study and series of each of them.
    pub evidence: Vec<Evidence>,
}

fn observer_type() -> Code {
    Code::dcm("121005", "Observer Type")
}
fn person_name() -> Code {
    Code::dcm("121008", "Person Observer Name")
}
fn modifier() -> Code {
    Code::dcm("113011", "Document Title Modifier")
}
fn description() -> Code {
    Code::dcm("113012", "Key Object Description")
}

/// Writes a Key Object Selection document.
///
/// # Errors
/// [`WriteError::Content`] where no image is selected, or one that is not in the evidence.
pub fn write(selection: &Selection, info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    if selection.images.is_empty() {
        return Err(WriteError::Content("no image is selected"));
    }
    let known = TITLES.iter().find(|(title, ..)| *title == selection.title);
    let (_, code, meaning) = known.ok_or(WriteError::Content("the title has no code"))?;
    let item = |relation, name, value| Item::new(relation, Some(name), value);
    let mut root = item(
        Relation::Contains,
        Code::dcm(code, meaning),
        Value::Container { template: Some("2010".to_owned()) },
    );
    for code in &selection.modifiers {
        root.children.push(item(Relation::ConceptMod, modifier(), Value::Code(code.clone())));
    }
    root = root.with([
        item(Relation::ObsContext, observer_type(), Value::Code(Code::dcm("121006", "Person"))),
        item(Relation::ObsContext, person_name(), Value::PersonName(made.person.clone())),
    ]);
    if !selection.description.expose().is_empty() {
        let text = Value::Text(selection.description.clone());
        root.children.push(item(Relation::Contains, description(), text));
    }
    let images = selection.images.iter().cloned().map(Value::Image);
    root = root.with(images.map(|image| Item::new(Relation::Contains, None, image)));

    let mut object = base(info, made, uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, "KO", "key objects")?;
    put_tree(&mut object, &root, &selection.evidence)?;
    if object.get(tags::SERIES_DESCRIPTION).is_none() {
        put_text(&mut object, tags::SERIES_DESCRIPTION, VR::LO, meaning);
    }
    to_file(object)
}

/// A selection as read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadSelection {
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
    /// Person Observer Name; empty where nobody is named.
    pub person: Phi<String>,
    /// What was selected.
    pub selection: Selection,
}

/// Reads a Key Object Selection document.
///
/// # Errors
/// [`ObjectError`]: also where the title is not known, since some titles say that images must not be used.
pub fn read(bytes: &[u8]) -> Result<ReadSelection, ObjectError> {
    let document = sr::read(bytes)?;
    if document.class_uid != uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE {
        return Err(ObjectError::Class { expected: ("a selection of key images", "关键图像选择") });
    }
    let root = document.root;
    let name = root.name.as_ref().filter(|name| name.scheme == "DCM");
    let title = TITLES.iter().find(|(_, code, _)| name.is_some_and(|name| name.value == *code));
    let (title, ..) = *title
        .ok_or(ObjectError::Refused("the selection of images has no known title", "图像选择的标题未知"))?;
    let code = |item: &Item| if let Value::Code(code) = &item.value { Some(code.clone()) } else { None };
    let modifiers: Vec<Code> = root.named(&modifier()).filter_map(code).collect();
    let images = root.children.iter().filter_map(|item| match &item.value {
        Value::Image(image) => Some(image.clone()),
        Value::Composite(instance) => Some(ImageRef::whole(instance.clone())),
        _ => None,
    });
    Ok(ReadSelection {
        instance_uid: document.instance_uid,
        person: root.text_of(&person_name()).cloned().unwrap_or_default(),
        selection: Selection {
            title,
            modifiers,
            description: root.text_of(&description()).cloned().unwrap_or_default(),
            images: images.collect(),
            evidence: document.evidence,
        },
    })
}
