//! NIfTI, NRRD and MetaImage, plain and compressed: numbers and labels.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use meshing_volume::formats::{self, Format, Limits};
use meshing_volume::{Silent, VolumeMeta};

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let format = [Format::Nifti, Format::Nrrd, Format::MetaImage][usize::from(*kind) % 3];
    let limits = Limits { volume_bytes: 1 << 24 };
    let open = || formats::open(format, Cursor::new(data), data.len() as u64, limits);
    if let Ok(opened) = open() {
        let _ = opened.volumes(&VolumeMeta::default(), &Silent);
    }
    if let Ok(opened) = open() {
        let _ = opened.labels(&Silent);
    }
});
