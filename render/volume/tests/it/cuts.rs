//! Boxes, balls and lassos cut where they lie, in every way of drawing.

use meshing_space::{Point, Vector};
use meshing_volume::Told as _;
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{
    Camera, Carve, CarveMask, CarveTool, Carved, Carving, ClipPlane, ClipPlanes, CutError, CutShape, Keep,
    MeshBuffers, MeshItem, Mode, PathError, PathTracer, Scene, Shading, SliceItem, SlicePlane, VolumeItem,
    VolumeTexture, Window,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];
const MEAN: f64 = 0.05;
const MOST: u8 = 3;

fn axes() -> [Vector<meshing_space::Lps>; 3] {
    let turn = meshing_space::Transform::<meshing_space::Lps, meshing_space::Lps>::rotation(
        Vector::new(0.2, -0.4, 1.0),
        0.5,
    );
    let turn = turn.unwrap();
    [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)].map(|a| turn * a)
}

/// A lasso around the bright ball as seen from another side, with a notch.
fn lasso(keep: Keep) -> CutShape {
    let mut camera = askew();
    camera.orbit(0.9, -0.3);
    let view = camera.matrices(72.0 / 56.0);
    let line = [[-0.1, -0.5], [0.6, -0.4], [0.5, 0.5], [0.3, 0.0], [-0.2, 0.45]];
    CutShape::lasso(&view, &line, None, keep).unwrap()
}

fn shapes(keep: Keep) -> [(&'static str, CutShape); 3] {
    let at = centre() + Vector::new(6.0, -3.0, 4.0);
    [
        ("box", CutShape::oriented_box(at, axes(), [7.0, 9.0, 6.0], keep).unwrap()),
        ("ball", CutShape::ball(at, 8.0, keep).unwrap()),
        ("lasso", lasso(keep)),
    ]
}

#[test]
fn shapes_cut_as_in_the_twin_and_the_other_side_breaks_the_bound() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    for mode in [Mode::Dvr, Mode::Mip] {
        let look = look(mode);
        let item = || VolumeItem::new(texture.clone(), look.clone());
        let draw = |camera: &Camera, clip| {
            drawn(SIZE, camera, &Scene { volumes: vec![item()], clip, ..Scene::default() })
        };
        for (keep, camera) in [(Keep::Inside, askew()), (Keep::Outside, askew().orthographic())] {
            for (name, shape) in shapes(keep) {
                let clip = |shape| ClipPlanes::none().with(shape).unwrap();
                let twin = TwinScene {
                    volumes: vec![(&*volume, &look)],
                    clip: clip(shape.clone()),
                    ..TwinScene::default()
                };
                let twin = twin::picture(SIZE, &camera, &twin);
                let (mean, most) = difference(&draw(&camera, clip(shape.clone())), &twin);
                eprintln!("{name} {mode:?} {keep:?}: mean {mean:.4}, most {most}");
                assert!(mean <= MEAN, "{name} {mode:?} {keep:?} is off by {mean:.4}, {most} at most");
                // a sample of a projection at the very surface is taken or not by rounding
                assert!(most <= MOST || mode == Mode::Mip, "{name} {keep:?} is off by {most} at most");
                let (mean, _) = difference(&draw(&camera, clip(shape.inverted())), &twin);
                assert!(mean > 20.0 * MEAN, "{name} {mode:?}: the other side went unseen: {mean:.3}");
            }
        }
    }
}

/// A ball and what was carved beside it, in the modes that came after the others.
#[test]
fn surfaces_minima_and_means_are_cut_and_carved_as_in_the_twin() {
    let volume = volume_of(oblique_grid(), two_balls);
    // for the minimum, bright where that is dark
    let other = volume_of(oblique_grid(), |p| 30.0 - two_balls(p) * 1.03);
    let mut carving = Carving::new(volume.grid());
    let ball = CutShape::ball(centre() - Vector::new(9.0, -1.0, 7.0), 5.0, Keep::Outside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&ball)).unwrap();
    let mask = carving.mask().clone();
    for mode in [Mode::Iso, Mode::MinIp, Mode::Mean] {
        let least = mode == Mode::MinIp;
        let (volume, window) =
            if least { (&other, Window::new(317.0, 1843.0)) } else { (&volume, Window::new(0.0, 3000.0)) };
        let texture = VolumeTexture::upload(gpu(), volume).unwrap();
        let look = render_volume::Look { window, ..look(mode) };
        for (name, shape) in shapes(Keep::Outside).into_iter().skip(1) {
            let clip = |shape| ClipPlanes::none().with(shape).unwrap();
            let draw = |clip, carve: Option<&CarveMask>| {
                let carve = carve.map(|mask| Carved::new(&texture, mask).unwrap());
                let item = VolumeItem { carve, ..VolumeItem::new(texture.clone(), look.clone()) };
                drawn(SIZE, &askew(), &Scene { volumes: vec![item], clip, ..Scene::default() })
            };
            let twin = TwinScene {
                volumes: vec![(&**volume, &look)],
                clip: clip(shape.clone()),
                carves: vec![Some(&mask)],
                ..TwinScene::default()
            };
            let twin = twin::picture(SIZE, &askew(), &twin);
            let (mean, most) = difference(&draw(clip(shape.clone()), Some(&mask)), &twin);
            eprintln!("{name} {mode:?}: mean {mean:.4}, most {most}");
            // a crossing, or a sample of a minimum, at the very border is taken or not by rounding
            assert!(mean <= MEAN, "{name} {mode:?} is off by {mean:.4}, {most} at most");
            assert!(most <= MOST || mode != Mode::Mean, "{name} {mode:?} is off by {most} at most");
            for wrong in [draw(clip(shape.inverted()), Some(&mask)), draw(ClipPlanes::none(), Some(&mask))] {
                let (mean, _) = difference(&wrong, &twin);
                assert!(mean > 2.0 * MEAN, "{name} {mode:?}: a cut went unseen: {mean:.3}");
            }
            let (mean, _) = difference(&draw(clip(shape), None), &twin);
            // the lasso takes the place itself
            assert!(mean > MEAN || name == "lasso", "{name} {mode:?}: carving went unseen: {mean:.3}");
        }
    }
}

#[test]
fn shapes_and_planes_together_cut_meshes_slices_and_volumes() {
    let volume = volume_of(oblique_grid(), two_balls);
    let (positions, triangles) = lumpy_ball(9.0);
    let (look, colour, window) = (look(Mode::Dvr), [0.2, 0.7, 0.4], Window::new(0.0, 2000.0));
    let plane = SlicePlane::coronal(volume.grid(), centre() + Vector::new(0.0, 6.0, 0.0));
    let cut = ClipPlane { point: centre() + Vector::new(0.0, -4.0, 0.0), normal: Vector::new(0.2, 1.0, 0.1) };
    let [(_, cube), (_, ball), _] = shapes(Keep::Outside);
    let clip = ClipPlanes::new(&[cut]).unwrap().with(cube).unwrap().with(ball).unwrap();
    let clip = clip.with(lasso(Keep::Inside)).unwrap();
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
    let scene = |clip: &ClipPlanes| Scene {
        volumes: vec![VolumeItem::new(texture.clone(), look.clone())],
        meshes: vec![MeshItem::new(buffers.clone(), [colour[0], colour[1], colour[2], 1.0])],
        slices: vec![SliceItem { texture: texture.clone(), plane, window }],
        clip: clip.clone(),
        ..Scene::default()
    };
    let mesh = MeshTwin::new(&positions, &triangles, colour, Shading::default()).unwrap();
    let twin = TwinScene {
        volumes: vec![(&*volume, &look)],
        meshes: vec![mesh],
        slices: vec![(&*volume, plane, window)],
        clip: clip.clone(),
        ..TwinScene::default()
    };
    let (a, b) = (drawn(SIZE, &askew(), &scene(&clip)), twin::picture(SIZE, &askew(), &twin));
    // a pixel on an outline belongs to the surface or not by rounding: those few may differ wholly
    let off = a.pixels().zip(b.pixels());
    let off = off.filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > MOST)).count();
    let mean = difference(&a, &b).0;
    eprintln!("all together: mean {mean:.4}, {off} pixels over {MOST}");
    assert!(off <= 16 && mean <= 0.2, "mean {mean:.4}, {off} pixels over {MOST}");
    let whole = drawn(SIZE, &askew(), &scene(&ClipPlanes::none()));
    assert!(difference(&a, &whole).0 > 2.0, "hardly anything was cut");
}

/// A body of one opacity everywhere.
fn solid() -> render_volume::Look {
    let mut look = look(Mode::Dvr);
    let point =
        |value, opacity_per_mm| render_volume::TransferPoint { value, colour: [1.0; 3], opacity_per_mm };
    look.transfer = render_volume::TransferFunction::new(vec![point(0.0, 0.2), point(2000.0, 0.2)]).unwrap();
    look
}

#[test]
fn the_way_through_a_ball_is_that_of_geometry() {
    // opacity of what is kept tells the length of the chord: no rings, no voxels
    let volume = volume_of(oblique_grid(), |_| 1000.0);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let (at, radius) = (centre() + Vector::new(2.0, 1.0, -1.5), 9.0);
    let clip = ClipPlanes::none().with(CutShape::ball(at, radius, Keep::Inside).unwrap()).unwrap();
    let mut look = solid();
    look.step_voxels = 1.0;
    let scene = Scene { volumes: vec![VolumeItem::new(texture, look)], clip, ..Scene::default() };
    let size = [64, 64];
    let camera = askew();
    let picture = drawn(size, &camera, &scene);
    let view = camera.matrices(1.0);
    let (mut most, mut sum) = (0.0_f64, 0.0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let share = |n: u32| (f64::from(n) + 0.5) / 64.0 * 2.0 - 1.0;
        let (start, direction) = view.ray(share(x), -share(y));
        let along = (at - start).dot(direction);
        let beside = (at - start).length().powi(2) - along * along;
        let chord = 2.0 * (radius * radius - beside).max(0.0).sqrt();
        let alpha = 1.0 - (-0.2_f64 * chord).exp();
        let off = (alpha - f64::from(pixel[3]) / 255.0).abs();
        most = most.max(off);
        sum += off;
    }
    // a ray that only grazes within one step is missed
    let mean = sum / 4096.0;
    eprintln!("chord: {most:.4}, mean {mean:.5}");
    assert!(most < 0.05 && mean < 0.002, "opacity off by {most:.4}, {mean:.5} on average");
}

#[test]
fn a_lasso_cuts_the_pixels_that_it_encloses_in_its_own_view_by_the_even_odd_rule() {
    let volume = volume_of(oblique_grid(), |_| 1000.0);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    // a star of five points in one stroke crosses itself: its middle is enclosed twice
    let star: Vec<_> = (0..5)
        .map(|n| {
            let angle = f64::from(n * 2 % 5) * std::f64::consts::TAU / 5.0;
            [0.35 * angle.sin(), 0.45 * angle.cos()]
        })
        .collect();
    let size = [96, 64];
    for camera in [askew(), askew().orthographic()] {
        let view = camera.matrices(1.5);
        let shape = CutShape::lasso(&view, &star, None, Keep::Outside).unwrap();
        let clip = ClipPlanes::none().with(shape).unwrap();
        let scene = |clip| Scene {
            volumes: vec![VolumeItem::new(texture.clone(), solid())],
            clip,
            ..Scene::default()
        };
        let (cut, whole) =
            (drawn(size, &camera, &scene(clip)), drawn(size, &camera, &scene(ClipPlanes::none())));
        let mut taken = 0;
        for (x, y, pixel) in cut.enumerate_pixels() {
            let at = [(f64::from(x) + 0.5) / 48.0 - 1.0, 1.0 - (f64::from(y) + 0.5) / 32.0];
            let ends = star.iter().zip(star.iter().cycle().skip(1));
            let crossed = ends.filter(|(a, b)| {
                (a[1] > at[1]) != (b[1] > at[1])
                    && at[0] < a[0] + (at[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            });
            let inside = crossed.count() % 2 == 1;
            taken += u32::from(inside);
            // pixels that the line runs through are left out by their breadth
            let near = (0..400).any(|n| {
                let (a, b) = (star[n / 80], star[(n / 80 + 1) % 5]);
                let t = (n % 80) as f64 / 80.0;
                let p = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
                (p[0] - at[0]).abs() < 0.02 && (p[1] - at[1]).abs() < 0.03
            });
            if !near {
                let expected = if inside { 0 } else { whole.get_pixel(x, y)[3] };
                assert_eq!(pixel[3], expected, "at {x}, {y}");
            }
        }
        assert!(taken > 100 && cut.get_pixel(48, 32)[3] > 200, "the middle of the star is outside");
    }
}

#[test]
fn a_lasso_with_a_depth_leaves_what_lies_beyond() {
    let camera = askew();
    let view = camera.matrices(1.0);
    let all = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let middle = (centre() - view.eye()).dot(-view.towards_eye());
    let shape = CutShape::lasso(&view, &all, Some([0.0, middle]), Keep::Outside).unwrap();
    let gaze = -view.towards_eye();
    assert!((shape.height(centre() + gaze * 3.0) - 3.0).abs() < 1e-9);
    assert!((shape.height(centre() - gaze * 3.0) + 3.0).abs() < 1e-9);
    assert!(shape.height(view.eye() - gaze * 5.0) > 0.0, "nothing was drawn behind the eye");
}

#[test]
fn a_cut_beyond_the_volume_changes_nothing_or_everything() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let away = centre() + Vector::new(500.0, 0.0, 0.0);
    let scene = |clip| Scene {
        volumes: vec![VolumeItem::new(texture.clone(), look(Mode::Dvr))],
        clip,
        ..Scene::default()
    };
    let whole = drawn(SIZE, &askew(), &scene(ClipPlanes::none()));
    let nothing = drawn(SIZE, &askew(), &Scene::default());
    for (keep, expected) in [(Keep::Outside, &whole), (Keep::Inside, &nothing)] {
        for shape in [
            CutShape::ball(away, 20.0, keep).unwrap(),
            CutShape::oriented_box(away, axes(), [9.0; 3], keep).unwrap(),
        ] {
            let picture = drawn(SIZE, &askew(), &scene(ClipPlanes::none().with(shape).unwrap()));
            assert_eq!(difference(&picture, expected), (0.0, 0));
        }
    }
}

#[test]
fn unsound_shapes_are_refused_in_words() {
    let view = askew().matrices(1.0);
    let line = |corners: &[[f64; 2]]| CutShape::lasso(&view, corners, None, Keep::Outside).unwrap_err();
    let nan = f64::NAN;
    assert_eq!(line(&[]), CutError::Empty);
    assert_eq!(line(&[[0.0, 0.0], [0.5, 0.5]]), CutError::Empty);
    assert_eq!(line(&[[0.0, 0.0], [0.5, 0.5], [0.0, 0.0], [0.5, 0.5]]), CutError::Empty, "there and back");
    assert_eq!(line(&[[0.0, 0.0], [nan, 0.5], [0.5, 0.0]]), CutError::NotFinite);
    assert_eq!(line(&vec![[0.1, 0.2]; 2000]), CutError::Corners { corners: 2000 });
    let square = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]];
    let deep = |depth| CutShape::lasso(&view, &square, Some(depth), Keep::Inside).unwrap_err();
    assert_eq!((deep([5.0, 5.0]), deep([0.0, f64::INFINITY])), (CutError::Flat, CutError::NotFinite));
    let ball = |at, radius| CutShape::ball(at, radius, Keep::Inside).unwrap_err();
    assert_eq!(ball(centre(), 0.0), CutError::Flat);
    assert_eq!(ball(Point::new(nan, 0.0, 0.0), 3.0), CutError::NotFinite);
    let cube = |axes, half| CutShape::oriented_box(centre(), axes, half, Keep::Inside).unwrap_err();
    let [x, y, _] = axes();
    assert_eq!(cube([x, y, y], [1.0; 3]), CutError::Skew);
    assert_eq!(cube(axes(), [1.0, -1.0, 1.0]), CutError::Flat);
    assert_eq!(cube(axes(), [1.0, f64::INFINITY, 1.0]), CutError::NotFinite);
    let ball = CutShape::ball(centre(), 1.0, Keep::Outside).unwrap();
    let many = (0..8).fold(ClipPlanes::none(), |clip, _| clip.with(ball.clone()).unwrap());
    assert_eq!(many.with(ball.clone()).unwrap_err(), CutError::TooMany);
    let plane = ClipPlane { point: centre(), normal: Vector::new(nan, 0.0, 0.0) };
    assert!(ClipPlanes::new(&[plane]).is_none());
    for error in [CutError::Empty, CutError::Flat, CutError::NotFinite, CutError::Skew, CutError::TooMany] {
        assert!(error.to_string().len() > 20 && !error.chinese().is_empty());
    }
    // the path tracer says what it cannot do
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let scene = Scene {
        volumes: vec![VolumeItem::new(texture, look(Mode::Dvr))],
        clip: ClipPlanes::none().with(ball).unwrap(),
        ..Scene::default()
    };
    let mut renderer = render_volume::Renderer::for_pictures(gpu());
    let mut tracer = PathTracer::new(gpu());
    let refused = tracer.advance(&mut renderer, [8, 8], &view, &scene, 1);
    assert!(matches!(refused, Err(PathError::Cuts)));
}
