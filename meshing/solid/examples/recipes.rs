//! Makes what each recipe and each cut makes of bodies of known shape, and the reference guide that other programs were
//! measured on, and writes it as STL and 3MF for other programs, with `made.json` that says what was planned:
//! `cargo run -p meshing_solid --example recipes -- FOLDER`.
#![expect(clippy::print_stdout, reason = "a command for people")]

#[path = "../tests/it/bodies.rs"]
mod bodies;
#[expect(dead_code, reason = "only its bodies are used here")]
#[path = "../tests/it/fuzz.rs"]
mod fuzz;

use std::error::Error;
use std::path::Path;

use meshing_segment::Params;
use meshing_solid::checks::{Limits, check};
use meshing_solid::{Made, pieces, require_parts};
use meshing_surface::{Mesh, measure, self_intersections, stl, threemf};
use meshing_volume::Silent;
use serde_json::{Value, json};

/// A slot that leaves the reference guide whole, and the one that cuts it in two, mm.
const SLOTS_MM: [(&str, f64); 2] = [("reference_guide", 20.0), ("reference_fatal_slot", 60.0)];
/// The clearance of the reference guide, mm.
const CLEARANCE_MM: f64 = 0.2;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder to write to")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let mut all = Vec::new();
    for (name, slot_mm) in SLOTS_MM {
        let (mesh, bone) = bodies::reference_guide(slot_mm)?;
        std::fs::write(folder.join("reference_bone.stl"), stl::write(&bone, "bone"))?;
        let made = Made { mesh, params: Params::new(), label: None, crumbs_mm3: 0.0 };
        let mut told = written(folder, name, &made, 1)?;
        told["slot_mm"] = json!(slot_mm);
        told["clearance_mm"] = json!(CLEARANCE_MM);
        told["bone"] = json!("reference_bone.stl");
        all.push(told);
    }
    std::fs::write(folder.join("bone.stl"), stl::write(&bodies::bone()?, "bone"))?;
    for (name, made) in bodies::all(1.0)? {
        let known = bodies::recipe_of(&name);
        let mut told = written(folder, &name, &made, known.map_or(1, |recipe| (recipe.parts)(&made.params)))?;
        told["recipe"] = json!(known.is_some());
        if let Some(clearance) = made.params.value("clearance") {
            told["clearance_mm"] = json!(clearance);
            told["bone"] = json!("bone.stl");
        }
        all.push(told);
    }
    std::fs::write(folder.join("made.json"), serde_json::to_vec_pretty(&all)?)?;
    Ok(())
}

/// Writes a part as STL and 3MF, and says what it is.
fn written(folder: &Path, name: &str, made: &Made, planned: usize) -> Result<Value, Box<dyn Error>> {
    let mesh: &Mesh = &made.mesh;
    let bytes = stl::write(mesh, name);
    let read = stl::read(&bytes)?;
    std::fs::write(folder.join(format!("{name}.stl")), bytes)?;
    std::fs::write(folder.join(format!("{name}.3mf")), threemf::write(mesh, name))?;
    let limits = Limits { label: made.label, parts: planned, ..Limits::default() };
    let checks = check(mesh, &limits, None, &Silent)?;
    let wall = checks.iter().find(|check| check.code == "wall").map_or("", |check| check.message.en.as_str());
    let (volume_mm3, found) = (measure(mesh).volume_mm3, pieces(mesh));
    let (parts, voids) = (found.len(), found.iter().map(|piece| piece.voids).sum::<usize>());
    let crossings = [self_intersections(mesh).len(), self_intersections(&read).len()];
    println!(
        "{name:20} {volume_mm3:10.3} mm³ {:7} triangles {parts} of {planned} parts {crossings:?} crossing closed {}: {wall}",
        mesh.triangles.len(),
        mesh.check().is_clean(),
    );
    Ok(json!({
        "name": name,
        "volume_mm3": volume_mm3,
        "triangles": mesh.triangles.len(),
        "parts": parts,
        "voids": voids,
        "planned": planned,
        "refused": require_parts(mesh, planned).err().map(|error| error.to_string()),
        "crossings": crossings,
        "closed": mesh.check().is_clean(),
        "wall": wall,
    }))
}
