//! What looks at the bytes of one DICOM object without a file: the guard, the dump, the validation, the texts, the
//! readers of each kind of object.
#![no_main]

use casebank_dicom::objects;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = casebank_dicom::dump(data, &casebank_dicom::DumpLimits::default());
    let _ = casebank_dicom::validate(data);
    let _ = casebank_dicom::text::texts(data);
    let _ = objects::kos::read(data);
    let _ = objects::gsps::read(data);
    let _ = objects::sr::read(data);
    let _ = objects::tid1500::read(data);
    let _ = objects::registration::read(data);
    let _ = objects::fiducials::read(data);
    let _ = objects::encapsulated_stl::read(data);
    let _ = objects::encapsulated_obj::read(data);
    let _ = objects::surface_segmentation::read(data);
});
