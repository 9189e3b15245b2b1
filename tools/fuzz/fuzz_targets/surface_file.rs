//! STL, 3MF, OBJ, PLY and GLB of other programs.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = meshing_surface::stl::read(data);
    let _ = meshing_surface::threemf::read(data);
    let _ = meshing_surface::obj::read(data, 1.0);
    let _ = meshing_surface::ply::read(data, 1.0);
    let _ = meshing_surface::glb::read(data);
    let _ = meshing_surface::packed::unpack(data);
});
