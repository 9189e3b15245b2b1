//! Files: read back, judged by admesh, and broken on purpose.

use std::io::Read as _;
use std::process::Command;

use meshing_surface::{Mesh, glb, isosurface, measure, simplify, stl, threemf, verify_written};

use crate::volume_of;

/// A body full of thin and ambiguous places, on whole values so that many voxels equal the level.
fn gyroid() -> Mesh {
    let volume = volume_of([60, 50, 40], [0.8, 0.8, 1.25], |p| {
        let [x, y, z] = p.map(|x| x * 0.35);
        (100.0 * (x.sin() * y.cos() + y.sin() * z.cos() + z.sin() * x.cos())).round()
    });
    isosurface(&volume, 60.0)
}

/// The figures that admesh prints and that must be 0; `None` without admesh.
fn admesh(bytes: &[u8]) -> Option<Vec<(String, u64)>> {
    let path = std::env::temp_dir().join(format!("surface-{}-{}.stl", std::process::id(), bytes.len()));
    std::fs::write(&path, bytes).expect("temporary file");
    let output = Command::new("admesh").arg(&path).output();
    std::fs::remove_file(&path).expect("temporary file");
    let text = String::from_utf8(output.ok()?.stdout).expect("text");
    let names = [
        "Degenerate facets",
        "Edges fixed",
        "Facets removed",
        "Facets added",
        "Facets reversed",
        "Backwards edges",
        "Normals fixed",
        "Total disconnected facets",
    ];
    let figure = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).expect(name);
        let number = line.split(':').nth(1).and_then(|rest| rest.split_whitespace().next()).expect(name);
        (name.to_owned(), number.parse().expect(name))
    };
    Some(names.iter().map(|name| figure(name)).collect())
}

#[test]
fn written_files_hold_the_mesh() {
    let mesh = gyroid();
    for mesh in [simplify(&mesh, 0.2).mesh, mesh] {
        for bytes in [stl::write(&mesh, "gyroid"), threemf::write(&mesh, "gyroid")] {
            let read = verify_written(&bytes, &mesh).expect("own file");
            assert_eq!((read.triangles, read.parts), (mesh.triangles.len(), measure(&mesh).parts));
        }
    }
}

#[test]
fn admesh_finds_nothing_to_repair() {
    let mesh = gyroid();
    let simple = simplify(&mesh, 0.2);
    assert!(simple.mesh.triangles.len() < mesh.triangles.len() / 2 && simple.hausdorff_mm <= 0.2);
    let mut open = mesh.clone();
    open.triangles.pop();
    let Some(found) = admesh(&stl::write(&open, "")) else {
        eprintln!("SKIPPED: admesh is not installed (apt install admesh)");
        return;
    };
    assert!(found.iter().any(|(_, n)| *n > 0), "admesh must see a missing facet: {found:?}");
    for mesh in [mesh, simple.mesh] {
        let found = admesh(&stl::write(&mesh, "gyroid")).expect("admesh ran a moment ago");
        assert!(found.iter().all(|(_, n)| *n == 0), "{found:?}");
    }
}

#[test]
fn a_thousand_broken_files_end_in_an_answer() {
    let small = simplify(
        &isosurface(&volume_of([9, 9, 9], [1.0; 3], |p| 3.0 - p[0].hypot(p[1]).hypot(p[2])), 0.0),
        0.3,
    )
    .mesh;
    let text = b"solid a\n facet normal 0 0 1\n  outer loop\n   vertex 0 0 0\n   vertex 1 0 0\n   vertex 0 1 0\n  endloop\n endfacet\nendsolid a\n";
    let files = [stl::write(&small, "x"), threemf::write(&small, "x"), text.to_vec()];
    let mut state = 5_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for n in 0..3000 {
        let mut bytes = files[n % 3].clone();
        for _ in 0..=random(6) {
            let (at, byte) = (random(bytes.len()), random(256) as u8);
            match random(4) {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, byte),
            }
        }
        let read =
            [stl::read(&bytes).map_err(|e| e.to_string()), threemf::read(&bytes).map_err(|e| e.to_string())];
        for mesh in read {
            match mesh {
                // Whatever was let through is at least whole: every index and every number.
                Ok(mesh) => assert_eq!(mesh.check().invalid_triangles, 0),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 3000, "{refused}");
}

#[test]
fn parts_of_a_3mf_are_objects_with_their_colours_and_are_read_together() {
    let ball = |radius: f64| {
        let volume =
            volume_of([20, 20, 20], [1.0; 3], |p| radius - p.map(|x| x * x).iter().sum::<f64>().sqrt());
        isosurface(&volume, 0.0)
    };
    let (one, two) = (ball(6.0), ball(8.0));
    let part = |name, colour, mesh| glb::Part { name, colour, mesh };
    let bytes = threemf::write_parts(
        &[part("bone <1>", [222, 204, 168], &one), part("tumour \u{1}", [200, 40, 10], &two)],
        "both",
        &[("Case", "c")],
    );
    let read = threemf::read(&bytes).expect("read");
    assert_eq!(read.triangles.len(), one.triangles.len() + two.triangles.len());
    assert!((measure(&read).volume_mm3 - measure(&one).volume_mm3 - measure(&two).volume_mm3).abs() < 1e-2);
    let mut text = String::new();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a package");
    archive.by_name("3D/3dmodel.model").expect("a model").read_to_string(&mut text).expect("text");
    for part in [
        r##"<base name="bone &lt;1&gt;" displaycolor="#DECCA8"/>"##,
        r##"<base name="tumour " displaycolor="#C8280A"/>"##,
        r#"<object id="2" type="model" name="bone &lt;1&gt;" pid="1" pindex="0">"#,
        r#"<object id="3" type="model" name="tumour " pid="1" pindex="1">"#,
        r#"<item objectid="2"/><item objectid="3"/>"#,
    ] {
        assert!(text.contains(part), "{part} in {}", &text[..900]);
    }
}
