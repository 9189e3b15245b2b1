//! Key images: validated, read back equal, refused where the title is not known.

use casebank_dicom::WriteError;
use casebank_dicom::objects::kos::{Selection, Title, read, write};
use casebank_dicom::objects::{Code, ObjectError};

use crate::reports::{dcmtk, swap};
use crate::samples::{made, selection};
use crate::support::thousand_mutations;
use crate::support::{dciodvfy, info};

#[test]
fn a_selection_comes_back_and_validates() {
    let rejected = Selection {
        title: Title::RejectedForQuality,
        modifiers: vec![Code::dcm("111212", "Motion blur")],
        ..selection()
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.dcm");
    for selection in [selection(), rejected] {
        let file = write(&selection, &info("key"), &made()).unwrap();
        let back = read(&file).unwrap();
        assert_eq!(back.selection, selection);
        assert_eq!(back.selection.title.rejects(), selection.title == Title::RejectedForQuality);
        assert_eq!(back.person.expose(), "Li^Si");
        std::fs::write(&path, &file).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let Some(out) = dcmtk("dsrdump", &[], &path) else { continue };
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(text.contains("Key Object Selection Document") && text.contains("入路讨论"), "{text}");
        assert_eq!(text.matches("IMAGE:").count(), 2, "{text}");
    }
}

#[test]
fn what_would_be_misread_is_refused() {
    for (wrong, why) in [
        (Selection { images: Vec::new(), ..selection() }, "no image"),
        (Selection { evidence: Vec::new(), ..selection() }, "not in the evidence"),
    ] {
        let error = write(&wrong, &info("key"), &made());
        assert!(matches!(error, Err(WriteError::Content(said)) if said.contains(why)), "{error:?}");
    }
    let file = write(&selection(), &info("key"), &made()).unwrap();
    // An unknown title might say that the images must not be used.
    assert!(matches!(read(&swap(&file, "113004", "113999")), Err(ObjectError::Refused(..))));
    thousand_mutations(&file, |bytes| read(bytes).is_ok());
}
