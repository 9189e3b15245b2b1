//! Where a volume is cut open, the slice is shown there.

use std::sync::Arc;

use meshing_space::{Point, Vector};
use meshing_volume::LabelMap;
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{
    Camera, Caps, Carve, CarveTool, Carved, Carving, ClipPlane, ClipPlanes, CutShape, Keep, MeshBuffers,
    MeshItem, Mode, Scene, SegmentItem, SegmentLook, Segments, Shading, VolumeItem, VolumeTexture, Window,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];

/// Pixels that differ by more than rounding, and the mean of the others.
fn off(a: &image::RgbaImage, b: &image::RgbaImage) -> (usize, f64) {
    let pairs = a.pixels().zip(b.pixels());
    let each: Vec<_> =
        pairs.map(|(a, b)| a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b)).max().unwrap()).collect();
    let wild = each.iter().filter(|&&d| d > 3).count();
    let rest: Vec<_> = each.iter().filter(|&&d| d <= 3).map(|&d| f64::from(d)).collect();
    (wild, rest.iter().sum::<f64>() / rest.len() as f64)
}

fn plane(mm: f64) -> ClipPlane {
    ClipPlane { point: centre() + Vector::new(7.0, -2.0 + mm, 5.0), normal: Vector::new(0.2, 1.0, 0.1) }
}

#[test]
fn caps_are_near_their_twin_on_planes_boxes_balls_and_lassos() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let look = look(Mode::Dvr);
    let axes = [Vector::new(0.6, 0.8, 0.0), Vector::new(-0.8, 0.6, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let cube =
        |keep| CutShape::oriented_box(centre() + Vector::new(5.0, -6.0, 4.0), axes, [9.0, 8.0, 7.0], keep);
    let ball = CutShape::ball(centre() + Vector::new(4.0, -9.0, 3.0), 10.0, Keep::Outside).unwrap();
    let mut side: Camera = askew();
    side.orbit(1.1, 0.2);
    let line = [[-0.3, -0.4], [0.4, -0.3], [0.3, 0.4], [0.0, 0.1]];
    let lasso = CutShape::lasso(&side.matrices(72.0 / 56.0), &line, None, Keep::Inside).unwrap();
    let planes = |mm| ClipPlanes::new(&[plane(mm)]).unwrap();
    let none = ClipPlanes::none;
    let window = Window::new(0.0, 2400.0);
    let cases = [
        ("plane", planes(0.0), Caps::new(window)),
        ("plane above air", planes(0.0), Caps { window, above: Some(-400.0) }),
        ("box kept", none().with(cube(Keep::Inside).unwrap()).unwrap(), Caps::new(window)),
        (
            "box away",
            none().with(cube(Keep::Outside).unwrap()).unwrap(),
            Caps { window, above: Some(-400.0) },
        ),
        ("ball away", none().with(ball.clone()).unwrap(), Caps { window, above: Some(-400.0) }),
        ("lasso kept", none().with(lasso).unwrap(), Caps::new(window)),
        ("plane and ball", planes(-3.0).with(ball).unwrap(), Caps { window, above: Some(-400.0) }),
    ];
    for (name, clip, caps) in cases {
        let item = |caps| VolumeItem { caps, ..VolumeItem::new(texture.clone(), look.clone()) };
        let scene = |clip: &ClipPlanes, caps| Scene {
            volumes: vec![item(caps)],
            clip: clip.clone(),
            ..Scene::default()
        };
        let twin = TwinScene {
            volumes: vec![(&*volume, &look)],
            caps: vec![Some(caps)],
            clip: clip.clone(),
            ..TwinScene::default()
        };
        let twin = twin::picture(SIZE, &askew(), &twin);
        let picture = drawn_by(render_volume::VolumesBy::Shaders, SIZE, &askew(), &scene(&clip, Some(caps)));
        let (wild, mean) = off(&picture, &twin);
        eprintln!("{name}: {wild} pixels at an edge, mean {mean:.4}");
        // a pixel at an edge belongs to it or not by rounding
        assert!(wild <= 14 && mean < 0.3, "{name}: {wild} pixels, mean {mean:.4}");
        let by_processor =
            drawn_by(render_volume::VolumesBy::Processor, SIZE, &askew(), &scene(&clip, Some(caps)));
        assert!(off(&by_processor, &picture).0 <= 2, "{name}: the processor differs");
        let open = drawn_by(render_volume::VolumesBy::Shaders, SIZE, &askew(), &scene(&clip, None));
        let open = off(&open, &twin).0;
        assert!(open > 40, "{name}: that there are no caps went unseen: {open} pixels");
    }
    // a plane a voxel away breaks the bound
    let scene = |mm| Scene {
        volumes: vec![VolumeItem {
            caps: Some(Caps::new(window)),
            ..VolumeItem::new(texture.clone(), look.clone())
        }],
        clip: planes(mm),
        ..Scene::default()
    };
    let pictures = [0.0, 1.0].map(|mm| drawn(SIZE, &askew(), &scene(mm)));
    assert!(off(&pictures[0], &pictures[1]).0 > 100, "a voxel went unseen");
}

#[test]
fn caps_show_the_values_and_leave_what_is_carved_and_hidden_open() {
    // a slope of values, so that each grey tells where it was taken
    let volume = volume_of(oblique_grid(), |p| (p - centre()).x() * 20.0 + 1000.0);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let look = look(Mode::Dvr);
    let window = Window::new(1000.0, 1200.0);
    let clip = ClipPlanes::new(&[plane(2.0)]).unwrap();
    let mut carving = Carving::new(volume.grid());
    let path = [centre() + Vector::new(-9.0, 0.0, 6.0)];
    carving.apply(Carve::Away, &CarveTool::Stroke { path: &path, radius_mm: 7.0 }).unwrap();
    let mut map = LabelMap::empty(volume.grid());
    let [ni, nj, nk] = volume.grid().size();
    for (k, j) in (0..nk).flat_map(|k| (0..nj).map(move |j| (k, j))) {
        for i in 0..ni {
            let p = volume.grid().lps_from_ijk() * Point::new(i as f64, j as f64, k as f64);
            map.set(i, j, k, u8::from(p.distance(centre() + Vector::new(10.0, 0.0, -4.0)) < 7.0));
        }
    }
    let map = Arc::new(map);
    let looks = vec![SegmentLook::PLAIN, SegmentLook::HIDDEN];
    let segments =
        SegmentItem { segments: Segments::new(gpu(), &texture, &map).unwrap(), looks: looks.clone() };
    let (positions, triangles) = lumpy_ball(9.0);
    let colour = [0.2, 0.7, 0.4];
    let item = VolumeItem {
        segments: Some(segments),
        carve: Some(Carved::new(&texture, carving.mask()).unwrap()),
        caps: Some(Caps::new(window)),
        ..VolumeItem::new(texture, look.clone())
    };
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let scene = Scene {
        volumes: vec![item],
        meshes: vec![MeshItem::new(buffers, [colour[0], colour[1], colour[2], 1.0])],
        clip: clip.clone(),
        ..Scene::default()
    };
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        segments: vec![Some((&map, &looks))],
        carves: vec![Some(carving.mask())],
        caps: vec![Some(Caps::new(window))],
        meshes: vec![MeshTwin::new(&positions, &triangles, colour, Shading::default()).unwrap()],
        clip,
        ..TwinScene::default()
    };
    let picture = drawn_by(render_volume::VolumesBy::Shaders, SIZE, &askew(), &scene);
    let (wild, mean) = off(&picture, &twin::picture(SIZE, &askew(), &twin));
    eprintln!("caps, carved and hidden: {wild} pixels at an edge, mean {mean:.4}");
    assert!(wild <= 30 && mean < 0.3, "{wild} pixels, mean {mean:.4}");
    // the greys are those of the plane's values
    let view = askew().matrices(72.0 / 56.0);
    let (mut seen, mut most) = (0, 0.0_f64);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let share = |n: u32, all: u32| (f64::from(n) + 0.5) / f64::from(all) * 2.0 - 1.0;
        let (start, direction) = view.ray(share(x, SIZE[0]), -share(y, SIZE[1]));
        let normal = plane(2.0).normal;
        let mm = (plane(2.0).point - start).dot(normal) / direction.dot(normal);
        let place = start + direction * mm;
        // beyond the outer voxels' centres their values go on unchanged
        let ijk = (volume.grid().ijk_from_lps() * place).to_array();
        if ijk.iter().zip([ni, nj, nk]).any(|(&c, n)| c < 0.0 || c > n as f64 - 1.0) {
            continue;
        }
        let value = (place - centre()).x() * 20.0 + 1000.0;
        let grey = window.grey(value) * 255.0;
        // what shows the slope is the cap; the rest is carved, hidden or beside it
        let even = pixel[0] == pixel[1] && pixel[1] == pixel[2] && (12.0..240.0).contains(&grey);
        if even && (grey - f64::from(pixel[0])).abs() < 4.0 {
            seen += 1;
            most = most.max((grey - f64::from(pixel[0])).abs());
        }
    }
    eprintln!("{seen} pixels of the cap, off by {most:.2} at most");
    assert!(seen > 600 && most <= 1.0, "{seen} pixels, {most:.2}");
}
