//! Transfer functions of 3D Slicer, ImageVis3D and ParaView, and presets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use render_volume::import;

fuzz_target!(|data: &[u8]| {
    let _ = import::vp(data);
    let _ = import::vp_json(data);
    let _ = import::mrml(data);
    let _ = import::one_dt(data, [-1000.0, 3000.0], 0.7);
    let _ = import::paraview(data, Some([0.0, 1.0]));
    let _ = render_volume::presets::Preset::read("own", data);
});
