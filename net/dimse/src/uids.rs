//! The UIDs that the services use (PS3.4, PS3.6 annex A).

/// DICOM application context (PS3.7 annex A).
pub(crate) const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Implementation class of Theatron: 2.25 and a random UUID as a number (PS3.5 annex B.2).
pub(crate) const IMPLEMENTATION: &str = "2.25.12150985158848765909496383195609925193";
/// Implementation version name, at most 16 characters.
pub(crate) const IMPLEMENTATION_NAME: &str = "THEATRON_0_1";

pub(crate) const VERIFICATION: &str = "1.2.840.10008.1.1";
/// Study root query/retrieve (PS3.4 annex C.6.2).
pub(crate) const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
pub(crate) const STUDY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
pub(crate) const STUDY_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

pub(crate) const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

/// What every node speaks, the richer one first.
pub(crate) const PLAIN: [&str; 2] = [EXPLICIT_LE, IMPLICIT_LE];

/// Compressed transfer syntaxes that the readers of casebank decode, each proposed in a context of its own so that the
/// peer need not unpack what it keeps packed.
pub(crate) const COMPRESSED: [&str; 9] = [
    "1.2.840.10008.1.2.4.70",  // JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.90",  // JPEG 2000 lossless
    "1.2.840.10008.1.2.4.80",  // JPEG-LS lossless
    "1.2.840.10008.1.2.5",     // RLE
    "1.2.840.10008.1.2.4.91",  // JPEG 2000
    "1.2.840.10008.1.2.4.50",  // JPEG baseline, 8 bit
    "1.2.840.10008.1.2.4.51",  // JPEG extended, 12 bit
    "1.2.840.10008.1.2.4.201", // HTJ2K lossless
    "1.2.840.10008.1.2.1.99",  // deflated
];

/// Classes that arrive compressed in practice.
pub(crate) const VOLUMES: [&str; 9] = [
    "1.2.840.10008.5.1.4.1.1.2",      // CT
    "1.2.840.10008.5.1.4.1.1.2.1",    // Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4",      // MR
    "1.2.840.10008.5.1.4.1.1.4.1",    // Enhanced MR
    "1.2.840.10008.5.1.4.1.1.128",    // PET
    "1.2.840.10008.5.1.4.1.1.7",      // Secondary Capture
    "1.2.840.10008.5.1.4.1.1.12.1",   // XA
    "1.2.840.10008.5.1.4.1.1.13.1.1", // 3D XA
    "1.2.840.10008.5.1.4.1.1.1",      // CR
];

/// Classes that come plain.
pub(crate) const OTHERS: [&str; 34] = [
    "1.2.840.10008.5.1.4.1.1.1.1",    // DX for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  // DX for processing
    "1.2.840.10008.5.1.4.1.1.1.2",    // mammography for presentation
    "1.2.840.10008.5.1.4.1.1.2.2",    // Legacy Converted Enhanced CT
    "1.2.840.10008.5.1.4.1.1.3.1",    // US multi-frame
    "1.2.840.10008.5.1.4.1.1.4.3",    // Enhanced MR Color
    "1.2.840.10008.5.1.4.1.1.4.4",    // Legacy Converted Enhanced MR
    "1.2.840.10008.5.1.4.1.1.6.1",    // US
    "1.2.840.10008.5.1.4.1.1.6.2",    // Enhanced US Volume
    "1.2.840.10008.5.1.4.1.1.7.2",    // Multi-frame Grayscale Byte SC
    "1.2.840.10008.5.1.4.1.1.7.3",    // Multi-frame Grayscale Word SC
    "1.2.840.10008.5.1.4.1.1.7.4",    // Multi-frame True Color SC
    "1.2.840.10008.5.1.4.1.1.11.1",   // Grayscale Softcopy Presentation State
    "1.2.840.10008.5.1.4.1.1.12.1.1", // Enhanced XA
    "1.2.840.10008.5.1.4.1.1.12.2",   // RF
    "1.2.840.10008.5.1.4.1.1.20",     // NM
    "1.2.840.10008.5.1.4.1.1.30",     // Parametric Map
    "1.2.840.10008.5.1.4.1.1.66",     // Raw Data
    "1.2.840.10008.5.1.4.1.1.66.1",   // Spatial Registration
    "1.2.840.10008.5.1.4.1.1.66.2",   // Spatial Fiducials
    "1.2.840.10008.5.1.4.1.1.66.4",   // Segmentation
    "1.2.840.10008.5.1.4.1.1.66.5",   // Surface Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",   // Label Map Segmentation
    "1.2.840.10008.5.1.4.1.1.88.22",  // Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  // Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  // Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.88.59",  // Key Object Selection
    "1.2.840.10008.5.1.4.1.1.104.1",  // Encapsulated PDF
    "1.2.840.10008.5.1.4.1.1.104.3",  // Encapsulated STL
    "1.2.840.10008.5.1.4.1.1.104.4",  // Encapsulated OBJ
    "1.2.840.10008.5.1.4.1.1.130",    // Enhanced PET
    "1.2.840.10008.5.1.4.1.1.481.2",  // RT Dose
    "1.2.840.10008.5.1.4.1.1.481.3",  // RT Structure Set
    "1.2.840.10008.5.1.4.1.1.481.5",  // RT Plan
];

/// Whether `text` is a UID (PS3.5 §9.1).
pub(crate) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proposal_of_a_retrieval_fits_an_association() {
        let contexts = 2 + VOLUMES.len() * (1 + COMPRESSED.len()) + OTHERS.len();
        assert!(contexts <= crate::pdu::CONTEXTS, "{contexts}");
        let all: Vec<_> =
            VOLUMES.iter().chain(&OTHERS).chain(&COMPRESSED).chain(&PLAIN).chain(&[IMPLEMENTATION]).collect();
        assert!(all.iter().all(|uid| is_uid(uid)));
        let mut classes: Vec<_> = VOLUMES.iter().chain(&OTHERS).collect();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), VOLUMES.len() + OTHERS.len());
        assert!(IMPLEMENTATION_NAME.len() <= 16);
    }
}
