//! Lines and points have their width on the screen, lie at their depth, and show what they are told of hidden parts.

use image::RgbaImage;
use meshing_space::{Lps, Point, Vector};
use render_volume::twin::{self, MeshTwin, StrokeTwin, TwinScene};
use render_volume::{
    Camera, Hidden, MeshBuffers, MeshItem, Mode, Scene, Shading, StrokeBuffers, StrokeItem, VolumeItem,
    VolumeTexture, Width,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const WHITE: [f32; 4] = [1.0; 4];

fn item(twin: &StrokeTwin) -> StrokeItem {
    let buffers = if twin.chains.iter().all(|c| c.len() == 1) {
        StrokeBuffers::points(gpu(), &twin.chains.concat())
    } else {
        StrokeBuffers::lines(gpu(), &twin.chains)
    };
    StrokeItem { hidden: twin.hidden, ..StrokeItem::new(buffers.unwrap(), twin.colour, twin.width) }
}

fn strokes(chains: Vec<Vec<Point<Lps>>>, colour: [f32; 4], width: Width) -> StrokeTwin {
    StrokeTwin { chains, colour, width, hidden: Hidden::Out }
}

/// Linear light of a picture's red.
fn light(picture: &RgbaImage, x: u32, y: u32) -> f64 {
    let c = f64::from(picture.get_pixel(x, y)[0]) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// Width in pixels of a white line across the middle of a picture, from what it covers of a column.
fn width_seen(camera: &Camera, width: Width, slope: f64) -> f64 {
    let far = Vector::new(60.0, 0.0, 60.0 * slope);
    let line = strokes(vec![vec![centre() - far, centre() + far]], WHITE, width);
    let picture = drawn([64, 64], camera, &Scene { strokes: vec![item(&line)], ..Scene::default() });
    let column: f64 = (0..64).map(|y| light(&picture, 32, y)).sum();
    column / (1.0 + slope * slope).sqrt()
}

#[test]
fn a_line_in_pixels_keeps_its_width_and_one_in_millimetres_grows_with_the_zoom() {
    let mut camera = Camera::anterior(&oblique_grid().bounds());
    for projected in [camera, camera.orthographic()] {
        camera = projected;
        let view = camera.matrices(1.0);
        let mut per_mm = view.pixels_per_mm(64.0) / view.clip(centre()).w;
        for _ in 0..3 {
            for slope in [0.0, 0.35] {
                for px in [0.6, 2.0, 6.0] {
                    let seen = width_seen(&camera, Width::Px(px), slope);
                    assert!((seen - f64::from(px)).abs() < 0.12, "{seen} for {px} px at slope {slope}");
                }
                let (seen, exact) = (width_seen(&camera, Width::Mm(3.0), slope), 3.0 * per_mm);
                assert!((seen - exact).abs() < 0.15, "{seen} for 3 mm, which are {exact} px");
            }
            camera.zoom(1.7);
            per_mm *= 1.7;
        }
    }
}

/// A winding line through both balls, and some points.
fn marks() -> Vec<StrokeTwin> {
    let winding = |n: u32| {
        let t = f64::from(n) / 60.0;
        let turn = 9.0 * t;
        centre() + Vector::new(30.0 * t - 15.0, 9.0 * turn.sin(), 9.0 * turn.cos())
    };
    let around = (0..13).map(|n| {
        let turn = f64::from(n % 12) / 12.0 * std::f64::consts::TAU;
        centre() + Vector::new(17.0 * turn.cos(), 0.0, 15.0 * turn.sin())
    });
    let point = |x: f64, y: f64, z: f64| vec![centre() + Vector::new(x, y, z)];
    vec![
        strokes(
            vec![(0..=60).map(winding).collect(), around.collect()],
            [0.9, 0.9, 0.1, 1.0],
            Width::Px(3.0),
        ),
        strokes(vec![point(7.0, -12.0, 5.0), point(-8.0, 4.0, -6.0)], [0.1, 0.5, 1.0, 0.8], Width::Mm(3.5)),
    ]
}

#[test]
fn lines_and_points_in_a_volume_with_a_translucent_surface_are_near_their_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    let look = look(Mode::Dvr);
    let (positions, triangles) = lumpy_ball(12.0);
    let mesh = MeshTwin::new(&positions, &triangles, [0.3, 0.8, 0.5], Shading::default()).unwrap();
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let size = [72, 56];
    for camera in [askew(), askew().orthographic()] {
        let scene = Scene {
            volumes: vec![VolumeItem::new(VolumeTexture::upload(gpu(), &volume).unwrap(), look.clone())],
            meshes: vec![MeshItem::new(buffers.clone(), [0.3, 0.8, 0.5, 0.4])],
            strokes: marks().iter().map(item).collect(),
            ..Scene::default()
        };
        let twin = |strokes| {
            let (volumes, meshes) = (vec![(&*volume, &look)], vec![mesh.clone().with_opacity(0.4)]);
            twin::picture(size, &camera, &TwinScene { volumes, meshes, strokes, ..TwinScene::default() })
        };
        let gpu = drawn(size, &camera, &scene);
        let (mean, most) = difference(&gpu, &twin(marks()));
        eprintln!("lines: mean {mean:.4}, most {most}");
        assert!(mean < 0.1 && most <= 8, "lines are off by {mean:.4} on average and {most} at most");
        let mut wider = marks();
        wider[0].width = Width::Px(4.0);
        let (mean, most) = difference(&gpu, &twin(wider));
        assert!(mean > 0.8 && most > 60, "a pixel more of width went unseen: {mean:.4} {most}");
        let mut nearer = marks();
        let by = (camera.eye - centre()).normalized().unwrap() * 6.0;
        nearer[1].chains.iter_mut().flatten().for_each(|p| *p += by);
        let (mean, most) = difference(&gpu, &twin(nearer));
        assert!(most > 25, "points 6 mm nearer went unseen: {mean:.4} {most}");
    }
}

#[test]
fn lines_that_cross_in_one_plane_seen_face_on_are_both_there() {
    let at = |x: f64, z: f64| centre() + Vector::new(x, 0.0, z);
    let lines = (-2..=2).map(f64::from).flat_map(|n| {
        [vec![at(-30.0, 9.0 * n), at(30.0, 9.0 * n + 4.0)], vec![at(9.0 * n, -30.0), at(9.0 * n + 4.0, 30.0)]]
    });
    let grid = strokes(lines.collect(), [1.0, 1.0, 1.0, 0.6], Width::Px(2.6));
    let camera = Camera::anterior(&oblique_grid().bounds()).orthographic();
    let drawn = drawn([64, 64], &camera, &Scene { strokes: vec![item(&grid)], ..Scene::default() });
    let twin =
        |grid| twin::picture([64, 64], &camera, &TwinScene { strokes: vec![grid], ..TwinScene::default() });
    let (mean, most) = difference(&drawn, &twin(grid.clone()));
    assert!(mean < 0.2 && most <= 4, "crossing lines are off by {mean:.4} and {most}");
    let fewer = StrokeTwin { chains: grid.chains[1..].to_vec(), ..grid };
    let (mean, most) = difference(&drawn, &twin(fewer));
    assert!(mean > 1.0 && most > 60, "a missing line went unseen: {mean:.4} {most}");
}

/// A line behind a wall that covers the left half of the picture, seen from the front.
fn behind_a_wall(hidden: Hidden) -> (RgbaImage, RgbaImage) {
    let corner = |x: f64, z: f64| centre() + Vector::new(x, -5.0, z);
    let wall = [corner(-90.0, -90.0), corner(0.0, -90.0), corner(0.0, 90.0), corner(-90.0, 90.0)];
    let triangles = [[0, 1, 2], [0, 2, 3]];
    let far = Vector::new(60.0, 0.0, 0.0);
    let mut line = strokes(vec![vec![centre() - far, centre() + far]], [1.0, 0.1, 0.1, 1.0], Width::Px(4.0));
    line.hidden = hidden;
    let buffers = MeshBuffers::from_triangles(gpu(), &wall, &triangles).unwrap();
    let scene = Scene {
        meshes: vec![MeshItem::new(buffers, [0.1, 0.1, 0.8, 1.0])],
        strokes: vec![item(&line)],
        ..Scene::default()
    };
    let camera = Camera::anterior(&oblique_grid().bounds());
    let mesh = MeshTwin::new(&wall, &triangles, [0.1, 0.1, 0.8], Shading::default()).unwrap();
    let twin = TwinScene { meshes: vec![mesh], strokes: vec![line], ..TwinScene::default() };
    (drawn([64, 40], &camera, &scene), twin::picture([64, 40], &camera, &twin))
}

#[test]
fn hidden_parts_are_left_out_faint_or_dashed_as_told() {
    let red = |hidden| {
        let (drawn, twin) = behind_a_wall(hidden);
        let off = |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
            a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 3)
        };
        let off = drawn.pixels().zip(twin.pixels()).filter(off).count();
        // the wall's edge, and a dash's end, may fall on either side of a pixel
        assert!(off <= 50, "{hidden:?}: {off} pixels differ from the twin");
        let row = |from: u32, to: u32| (from..to).map(|x| drawn.get_pixel(x, 20)[0]).collect::<Vec<_>>();
        (row(4, 30), row(34, 60))
    };
    let (behind, before) = red(Hidden::Out);
    assert!(behind.iter().all(|&r| r < 110) && before.iter().all(|&r| r > 240), "{behind:?} {before:?}");
    let (faint, before) = red(Hidden::Faint(0.4));
    assert!(faint.iter().all(|&r| (150..200).contains(&r)) && before.iter().all(|&r| r > 240), "{faint:?}");
    let (dashed, before) = red(Hidden::Dashed { opacity: 0.4, px: 5.0 });
    let on = dashed.iter().filter(|&&r| r > 130).count();
    assert!((10..=18).contains(&on) && before.iter().all(|&r| r > 240), "{dashed:?}");
}

#[test]
fn a_line_from_behind_the_eye_is_cut_at_the_near_plane_and_bad_ones_are_refused() {
    let camera = Camera::anterior(&oblique_grid().bounds());
    let back = (camera.eye - camera.target) * 1.5 + Vector::new(20.0, 0.0, 0.0);
    for ends in [vec![centre(), centre() + back], vec![centre() + back, centre()]] {
        let line = strokes(vec![ends], WHITE, Width::Px(3.0));
        let picture = drawn([64, 64], &camera, &Scene { strokes: vec![item(&line)], ..Scene::default() });
        assert!(light(&picture, 32, 32) > 0.5, "the far end is in the middle");
        // the middle of the picture is at the camera's target, and the line leaves it towards the right
        let lit = |x: u32| (0..64).map(|y| light(&picture, x, y)).sum::<f64>();
        assert!(lit(50) > 2.0 && lit(14) < 0.1, "right {} left {}", lit(50), lit(14));
    }
    let nowhere = StrokeBuffers::points(gpu(), &[Point::new(0.0, f64::NAN, 0.0)]).unwrap_err();
    let nothing = StrokeBuffers::lines(gpu(), &[vec![centre()]]).unwrap_err();
    assert!(nowhere.to_string().contains("finite") && nothing.to_string().contains("neither"));
}
