//! A DICOM file, read as an import does: sorted, decoded, laid out; pictures too.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use meshing_volume::Silent;
use tempfile::NamedTempFile;

fuzz_target!(|data: &[u8]| {
    let Ok(mut file) = NamedTempFile::with_suffix_in(".dcm", "/dev/shm") else { return };
    if file.write_all(data).is_err() {
        return;
    }
    if let Ok(import) = casebank_dicom::read_paths(&[file.path().to_owned()], &Silent) {
        for picture in &import.pictures {
            let _ = picture.frame(0);
        }
    }
});
