//! Makes a drill guide on a bone and checks it:
//! `cargo run -p meshing_solid --example guide_on -- bone.stl guide.stl [-r RADIUS] [-l LABEL] ENTRY TARGET DIAMETER ...`
//! with places as `x,y,z`, LPS mm.
#![expect(clippy::print_stdout, reason = "a command for people")]

use std::error::Error;
use std::time::Instant;

use meshing_segment::Params;
use meshing_solid::checks::{Fit, Limits, check};
use meshing_solid::{Drill, Plan, Region, make, recipe};
use meshing_space::{Lps, Point, Vector};
use meshing_surface::{self_intersections, stl};
use meshing_volume::Silent;

fn place(text: &str) -> Result<Point<Lps>, Box<dyn Error>> {
    let numbers = text.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [x, y, z] = numbers[..] else { return Err(format!("{text} is no place x,y,z").into()) };
    Ok(Point::new(x, y, z))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut words, mut radius, mut label) = (Vec::new(), 16.0, "496991 0760".to_owned());
    let mut all = std::env::args().skip(1);
    while let Some(word) = all.next() {
        match word.as_str() {
            "-r" => radius = all.next().ok_or("-r needs a radius")?.parse()?,
            "-l" => label = all.next().ok_or("-l needs a label")?,
            _ => words.push(word),
        }
    }
    let [bone, out, points @ ..] = &words[..] else { return Err("bone.stl guide.stl points".into()) };
    let bone = stl::read(&std::fs::read(bone)?)?;
    let mut drills = Vec::new();
    for [entry, target, diameter] in points.as_chunks::<3>().0 {
        drills.push(Drill { entry: place(entry)?, target: place(target)?, diameter_mm: diameter.parse()? });
    }
    let along = drills
        .iter()
        .filter_map(|d| (d.target - d.entry).normalized())
        .fold(Vector::new(0.0, 0.0, 0.0), |a, b| a + b);
    let plan = Plan {
        region: Region::Painted { points: drills.iter().map(|d| d.entry).collect(), radius_mm: radius },
        insertion: along.normalized().ok_or("the drills have no direction")?,
        drills,
        cuts: Vec::new(),
        plane: None,
        label,
    };
    let start = Instant::now();
    let made = make(recipe("drill_guide").ok_or("no recipe")?, &bone, &plan, &Params::new(), &Silent)?;
    let took = start.elapsed();
    std::fs::write(out, stl::write(&made.mesh, "guide"))?;
    let of = |id| made.params.value(id).unwrap_or(f64::NAN);
    let fit = Fit {
        bone: &bone,
        insertion: plan.insertion,
        clearance_mm: of("clearance"),
        drills: &plan.drills,
        tool_clearance_mm: of("tool_clearance"),
        contact_mm2: 100.0,
    };
    let start = Instant::now();
    let limits = Limits { label: made.label, ..Limits::default() };
    let checks = check(&made.mesh, &limits, Some(&fit), &Silent)?;
    let checked = start.elapsed();
    for check in checks {
        println!("{} {}: {}", if check.pass { "ok  " } else { "FAIL" }, check.code, check.message.en);
    }
    let crossing = self_intersections(&made.mesh);
    let written = stl::read(&stl::write(&made.mesh, "guide"))?;
    println!(
        "{} triangles, {} pairs cross ({} as written); crumbs {:.1} mm³; made in {:.2} s, checked in {:.2} s",
        made.mesh.triangles.len(),
        crossing.len(),
        self_intersections(&written).len(),
        made.crumbs_mm3,
        took.as_secs_f64(),
        checked.as_secs_f64()
    );
    for (a, b) in crossing.into_iter().take(5) {
        println!("{:?}\n{:?}", made.mesh.corners(a as usize), made.mesh.corners(b as usize));
    }
    Ok(())
}
