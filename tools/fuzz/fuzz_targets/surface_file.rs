//! STL and 3MF of other programs.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = meshing_surface::stl::read(data);
    let _ = meshing_surface::threemf::read(data);
});
