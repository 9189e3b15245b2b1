//! DICOM objects to volumes and back.
