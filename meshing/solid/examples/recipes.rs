//! Makes what each recipe and each cut makes of bodies of known shape, and writes it as STL and 3MF for other programs:
//! `cargo run -p meshing_solid --example recipes -- FOLDER`.
#![expect(clippy::print_stdout, reason = "a command for people")]

#[path = "../tests/it/bodies.rs"]
mod bodies;
#[expect(dead_code, reason = "only its bodies are used here")]
#[path = "../tests/it/fuzz.rs"]
mod fuzz;

use std::error::Error;
use std::path::Path;

use meshing_solid::checks::{Limits, check};
use meshing_solid::pieces;
use meshing_surface::{measure, self_intersections, stl, threemf};
use meshing_volume::Silent;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder to write to")?;
    for (name, made) in bodies::all(1.0)? {
        let mesh = made.mesh;
        let written = stl::write(&mesh, &name);
        let read = stl::read(&written)?;
        std::fs::write(Path::new(&folder).join(format!("{name}.stl")), written)?;
        std::fs::write(Path::new(&folder).join(format!("{name}.3mf")), threemf::write(&mesh, &name))?;
        let limits = Limits { label: made.label, ..Limits::default() };
        let checks = check(&mesh, &limits, None, &Silent)?;
        let wall =
            checks.iter().find(|check| check.code == "wall").map_or("", |check| check.message.en.as_str());
        println!(
            "{name:18} {:10.3} mm³ {:7} triangles {} parts {} crossing {} crossing as written closed {}: {}",
            measure(&mesh).volume_mm3,
            mesh.triangles.len(),
            pieces(&mesh).len(),
            self_intersections(&mesh).len(),
            self_intersections(&read).len(),
            mesh.check().is_clean(),
            wall
        );
    }
    Ok(())
}
