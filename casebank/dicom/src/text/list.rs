//! All text of an object, for whoever compares what is read with what another program reads.

use casebank_case::Phi;
use dicom_core::header::Header as _;
use dicom_core::{Tag, VR};
use dicom_object::InMemDicomObject;

use super::TextProblem;
use super::parse::{is_text, parse_telling};
use crate::prescan::{PrescanError, prescan};

/// One text element.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextElement {
    /// The tag, behind those of the sequences it lies in and the item numbers from 0: `(0040,0275)[0](0040,0007)`.
    pub path: String,
    /// Value representation: PN, SH, LO, UC, ST, LT or UT.
    pub vr: VR,
    /// The decoded value; several values are separated by a backslash.
    pub text: Phi<String>,
}

/// Every text element of a file at any depth, in order, with the first problem of text.
///
/// # Errors
/// [`PrescanError`]: the guard refuses the bytes, or no parser can read them.
pub fn texts(bytes: &[u8]) -> Result<(Vec<TextElement>, Option<TextProblem>), PrescanError> {
    let scan = prescan(bytes)?;
    let flat = scan.data().get(scan.dataset..).unwrap_or_default();
    let unreadable = PrescanError::Damaged {
        at: scan.dataset,
        what: ("the data set cannot be parsed", "无法解析数据集"),
    };
    let (object, problem) = parse_telling(&scan, flat).ok_or(unreadable)?;
    let mut out = Vec::new();
    list(&object, "", &mut out);
    Ok((out, problem))
}

fn list(object: &InMemDicomObject, parent: &str, out: &mut Vec<TextElement>) {
    for element in object {
        let Tag(group, number) = element.tag();
        let path = format!("{parent}({group:04x},{number:04x})");
        if let Some(items) = element.items() {
            for (n, item) in items.iter().enumerate() {
                list(item, &format!("{path}[{n}]"), out);
            }
        } else if is_text(element.vr()) {
            let text = element.to_str().map(std::borrow::Cow::into_owned).unwrap_or_default();
            out.push(TextElement { path, vr: element.vr(), text: Phi::new(text) });
        }
    }
}
