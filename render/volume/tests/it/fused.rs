//! Several volumes are mixed where they are.

use std::sync::Arc;

use image::RgbaImage;
use meshing_space::Vector;
use meshing_volume::{Grid, LabelMap, Volume};
use render_gpu::THREE_VOLUMES;
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{
    Carve, CarveTool, Carved, Carving, ClipPlane, ClipPlanes, CutShape, GradientPoint, Keep, Look,
    MeshBuffers, MeshItem, Mode, NOTHING_MM, Renderer, Scene, SegmentItem, SegmentLook, Segments, Shading,
    TransferFunction, TransferPoint, VolumeItem, VolumeMask, VolumeTexture, VolumesBy, picture_with_depths,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];
const BACKGROUND: [f64; 4] = [0.02, 0.03, 0.05, 1.0];

/// A warm spot on a grid of its own, coarser and turned otherwise, as a PET beside a CT, in floats.
fn warm() -> Arc<Volume> {
    let grid =
        Grid::axis_aligned([24, 20, 22], centre() + Vector::new(-23.0, -19.0, -21.0), [2.0; 3]).unwrap();
    float_volume_of(grid, |p| 8.0 * (1.0 - p.distance(centre() + Vector::new(2.0, 0.0, 2.0)) / 14.0).max(0.0))
}

fn warm_look() -> Look {
    let point = |value, colour, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
    let mut look = look(Mode::Dvr);
    look.transfer = TransferFunction::new(vec![
        point(0.5, [0.9, 0.8, 0.1], 0.0),
        point(4.0, [0.9, 0.5, 0.1], 0.08),
        point(8.0, [1.0, 0.2, 0.1], 0.3),
    ])
    .unwrap();
    look.shading = Shading { gradient_per_mm: [0.1, 1.0], ..look.shading };
    look
}

fn see_through() -> Look {
    let mut look = look(Mode::Dvr);
    look.transfer = look.transfer.with_opacity(0.25);
    look
}

fn item(volume: &Arc<Volume>, look: Look) -> VolumeItem {
    VolumeItem::new(VolumeTexture::upload(gpu(), volume).unwrap(), look)
}

fn of(volumes: Vec<VolumeItem>) -> Scene {
    Scene { volumes, background: BACKGROUND, ..Scene::default() }
}

fn shown(scene: &Scene) -> RgbaImage {
    drawn(SIZE, &askew(), scene)
}

#[test]
fn two_scans_of_different_grids_are_mixed_as_in_the_twin_and_otherwise_than_laid_over_one_another() {
    let (ct, pet) = (volume_of(oblique_grid(), two_balls), warm());
    let (look, hot) = (see_through(), warm_look());
    let (positions, triangles) = lumpy_ball(7.0);
    let mesh = |opacity: f32| {
        let buffers = MeshBuffers::from_triangles(gpu(), &positions, &triangles).unwrap();
        MeshItem::new(buffers, [0.2, 0.7, 0.4, opacity])
    };
    let cut = ClipPlane { point: centre() + Vector::new(3.0, -6.0, 0.0), normal: Vector::new(0.2, 1.0, 0.1) };
    for (name, opacity, clip) in [
        ("two scans", None, ClipPlanes::none()),
        ("with a veil", Some(0.5), ClipPlanes::none()),
        ("with a mesh, cut", Some(1.0), ClipPlanes::new(&[cut]).unwrap()),
    ] {
        let meshes: Vec<_> = opacity.map(mesh).into_iter().collect();
        let mut scene = of(vec![item(&ct, look.clone()), item(&pet, hot.clone())]);
        (scene.meshes, scene.clip) = (meshes, clip.clone());
        let surface = |opacity: f32| {
            let shading = Shading::default();
            MeshTwin::new(&positions, &triangles, [0.2, 0.7, 0.4], shading).unwrap().with_opacity(opacity)
        };
        let twin = TwinScene {
            volumes: vec![(&*ct, &look), (&*pet, &hot)],
            meshes: opacity.map(surface).into_iter().collect(),
            clip,
            background: BACKGROUND,
            ..TwinScene::default()
        };
        let (a, b) = (shown(&scene), twin::picture(SIZE, &askew(), &twin));
        let off =
            a.pixels().zip(b.pixels()).filter(|(a, b)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 3));
        let (mean, off) = (difference(&a, &b).0, off.count());
        eprintln!("{name}: mean {mean:.4}, {off} pixels over 3");
        // pixels on a mesh's outline may belong to it or not
        assert!(mean <= 0.1 && off <= if opacity.is_some() { 12 } else { 0 }, "{name}: {mean:.4}, {off}");
        scene.volumes.reverse();
        let (mean, most) = difference(&a, &shown(&scene));
        assert!(mean < 0.01 && most <= 1, "the order matters: {mean:.4}, {most}");
    }
    // laid over one another, as two drawings into one target do
    let laid = |first: &VolumeItem, second: &VolumeItem| {
        let below = shown(&of(vec![first.clone()]));
        let above = shown(&Scene { background: [0.0; 4], ..of(vec![second.clone()]) });
        RgbaImage::from_fn(SIZE[0], SIZE[1], |x, y| {
            let (a, b) = (above.get_pixel(x, y), below.get_pixel(x, y));
            let through = 1.0 - f64::from(a[3]) / 255.0;
            image::Rgba(std::array::from_fn(|c| (f64::from(a[c]) + through * f64::from(b[c])) as u8))
        })
    };
    let (ct, pet) = (item(&ct, look), item(&pet, hot));
    let truth = shown(&of(vec![ct.clone(), pet.clone()]));
    for wrong in [laid(&ct, &pet), laid(&pet, &ct)] {
        let (mean, most) = difference(&truth, &wrong);
        assert!(mean > 1.0 && most > 30, "laid over one another would go unseen: {mean:.3}, {most}");
    }
}

/// What one volume alone can have: cuts, carving, caps, light that does not reach everywhere, opacity by gradient.
#[test]
fn mixed_volumes_are_cut_carved_and_dimmed_as_in_the_twin() {
    let (ct, pet) = (volume_of(oblique_grid(), two_balls), warm());
    let mut look = see_through();
    (look.shading.occlusion, look.shading.shadow) = (0.7, 0.6);
    look.gradient_opacity =
        vec![GradientPoint { per_mm: 10.0, share: 0.4 }, GradientPoint { per_mm: 200.0, share: 1.0 }];
    let hot = warm_look();
    let mut carving = Carving::new(ct.grid());
    let ball = CutShape::ball(centre() - Vector::new(8.0, -4.0, 6.0), 6.0, Keep::Outside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&ball)).unwrap();
    let mask = carving.mask();
    let cut = CutShape::ball(centre() + Vector::new(6.0, -6.0, 5.0), 8.0, Keep::Outside).unwrap();
    let clip = ClipPlanes::none().with(cut).unwrap();
    let mut scene = of(vec![item(&ct, look.clone()), item(&pet, hot.clone())]);
    scene.clip = clip.clone();
    scene.volumes[0].carve = Some(Carved::new(&scene.volumes[0].texture, mask).unwrap());
    assert!(Renderer::for_pictures(gpu()).mixes(&scene));
    let twin = TwinScene {
        volumes: vec![(&*ct, &look), (&*pet, &hot)],
        carves: vec![Some(mask)],
        clip,
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let twin = twin::picture(SIZE, &askew(), &twin);
    let (mean, most) = difference(&shown(&scene), &twin);
    assert!(mean <= 0.1 && most <= 3, "off by {mean:.4}, {most} at most");
    for wrong in [
        Scene { clip: ClipPlanes::none(), ..scene.clone() },
        of(vec![VolumeItem { carve: None, ..scene.volumes[0].clone() }, scene.volumes[1].clone()]),
    ] {
        let (mean, most) = difference(&shown(&wrong), &twin);
        assert!(mean > 0.2 && most > 10, "a cut went unseen: {mean:.4}, {most}");
    }
}

#[test]
fn a_volume_in_two_or_three_parts_is_that_volume() {
    let volume = volume_of(oblique_grid(), two_balls);
    let whole = item(&volume, see_through());
    let truth = shown(&of(vec![whole.clone()]));
    // halves in space: each hides the other's voxels
    let size = volume.grid().size();
    let halves = (0..volume.grid().len()).map(|n| if n % size[0] < size[0] / 2 { 1 } else { 2 });
    let labels = Arc::new(LabelMap::new(*volume.grid(), halves.collect()).unwrap());
    let segments = Segments::new(gpu(), &whole.texture, &labels).unwrap();
    let half = |hidden: usize| {
        let mut looks = vec![SegmentLook::PLAIN; 3];
        looks[hidden] = SegmentLook::HIDDEN;
        VolumeItem { segments: Some(SegmentItem { segments: segments.clone(), looks }), ..whole.clone() }
    };
    // and in thickness: each stops a part of the light
    let thin = |parts: i32| {
        let points = whole.look.transfer.points().iter().map(|p| TransferPoint {
            opacity_per_mm: 1.0 - (1.0 - p.opacity_per_mm).powf(1.0 / parts as f32),
            ..*p
        });
        let mut item = whole.clone();
        item.look.transfer = TransferFunction::new(points.collect()).unwrap();
        item
    };
    let renderer = Renderer::for_pictures(gpu());
    for (name, parts) in [
        ("halves", vec![half(2), half(1)]),
        ("twice half as thick", vec![thin(2), thin(2)]),
        ("thrice a third as thick", vec![thin(3), thin(3), thin(3)]),
    ] {
        let scene = of(parts.clone());
        if !renderer.mixes(&scene) {
            assert!(parts.len() == 3 && gpu().facts.has_fault(THREE_VOLUMES), "{name} are not mixed");
            continue;
        }
        let (mean, most) = difference(&truth, &shown(&scene));
        eprintln!("{name}: mean {mean:.4}, most {most}");
        assert!(mean < 0.05 && most <= 2, "{name}: off by {mean:.4} and {most}");
        let (mean, most) = difference(&truth, &shown(&of(vec![parts[0].clone()])));
        assert!(mean > 0.5 && most > 10, "{name}: a part alone would pass for the whole: {mean:.3}, {most}");
    }
}

#[test]
fn projections_and_more_than_three_volumes_are_laid_over_one_another() {
    let volume = volume_of(oblique_grid(), two_balls);
    let renderer = Renderer::for_pictures(gpu());
    let shaded = item(&volume, see_through());
    let brightest = VolumeItem { look: look(Mode::Mip), ..shaded.clone() };
    let mixes = |volumes: &[&VolumeItem]| renderer.mixes(&of(volumes.iter().map(|&v| v.clone()).collect()));
    assert!(mixes(&[&shaded, &shaded]));
    assert_eq!(mixes(&[&shaded; 3]), !gpu().facts.has_fault(THREE_VOLUMES));
    assert!(!mixes(&[&shaded]) && !mixes(&[&shaded, &brightest]) && !mixes(&[&shaded; 4]));
}

#[test]
fn mixed_volumes_have_distances_and_both_eyes_at_once() {
    let (ct, pet) = (volume_of(oblique_grid(), two_balls), warm());
    let (look, hot) = (see_through(), warm_look());
    let scene = of(vec![item(&ct, look.clone()), item(&pet, hot.clone())]);
    let twin = TwinScene { volumes: vec![(&*ct, &look), (&*pet, &hot)], ..TwinScene::default() };
    let along = twin::depths(SIZE, &askew(), &twin);
    let view = askew().matrices(f64::from(SIZE[0]) / f64::from(SIZE[1]));
    let mut renderer = Renderer::for_pictures(gpu());
    let picture = picture_with_depths(gpu(), &mut renderer, SIZE, &view, &scene).unwrap();
    assert_eq!(picture.colour, shown(&scene));
    let (mut mean, mut count) = (0.0, 0.0);
    for (d, t) in picture.depths.iter().zip(&along) {
        assert!((f64::from(d.opacity) - t.opacity).abs() < 0.02);
        if d.first_mm < NOTHING_MM && t.first_mm.is_finite() {
            mean += (f64::from(d.mean_mm) - t.mean_mm).abs();
            count += 1.0;
        }
    }
    assert!(count > 300.0 && mean / count < 0.05, "off by {:.4} mm over {count} pixels", mean / count);
    // nothing of it is the first volume's alone
    let alone = TwinScene { volumes: vec![(&*ct, &look)], ..TwinScene::default() };
    let alone = twin::depths(SIZE, &askew(), &alone);
    assert!(along.iter().zip(&alone).any(|(a, b)| (a.opacity - b.opacity).abs() > 0.2));
    for by in [VolumesBy::Shaders, VolumesBy::Processor] {
        renderer.draw_volumes_by(by);
        let expected = crate::stereo::passes();
        assert_eq!(renderer.stereo_passes(true, &scene), expected, "the shaders mix, whoever draws others");
        let mut other = view;
        other.view_from_lps.translation.x -= 6.0;
        let (eyes, how) = crate::stereo::both(gpu(), &mut renderer, [&view, &other], &scene, None);
        assert_eq!(how, expected);
        for (eye, view) in eyes.iter().zip([view, other]) {
            let alone = render_volume::picture_from(gpu(), &mut renderer, crate::stereo::SIZE, &view, &scene);
            let (mean, most) = difference(eye, &alone.unwrap());
            assert!(mean < 0.01 && most <= 1, "an eye is off by {mean:.4} and {most}");
        }
        let (mean, _) = difference(&eyes[0], &eyes[1]);
        assert!(mean > 0.5, "both eyes see the same");
    }
}

#[test]
fn a_volume_within_a_segment_of_another_is_shown_there_alone() {
    let (ct, pet) = (volume_of(oblique_grid(), two_balls), warm());
    let (look, hot) = (see_through(), warm_look());
    // the part of the CT on one side of an oblique plane, as label 7 and 200
    let size = ct.grid().size();
    let label = |n: usize| {
        let [i, j, k] = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        if i + j < 40 { if k % 2 == 0 { 7 } else { 200 } } else { 3 }
    };
    let labels = Arc::new(LabelMap::new(*ct.grid(), (0..ct.grid().len()).map(label).collect()).unwrap());
    let mut first = item(&ct, look.clone());
    let segments = Segments::new(gpu(), &first.texture, &labels).unwrap();
    first.segments = Some(SegmentItem { segments, looks: Vec::new() });
    let second = item(&pet, hot.clone());
    let plain = of(vec![first.clone(), second.clone()]);
    let unmasked = shown(&plain);
    let masked = |labels: &[u8]| {
        let mask = VolumeMask { volume: 1, within: 0, labels: labels.to_vec() };
        shown(&Scene { masks: vec![mask], ..plain.clone() })
    };
    let inside = masked(&[7, 200]);
    let twin = TwinScene {
        volumes: vec![(&*ct, &look), (&*pet, &hot)],
        segments: vec![Some((&*labels, &[])), None],
        masks: vec![VolumeMask { volume: 1, within: 0, labels: vec![7, 200] }],
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let (mean, most) = difference(&inside, &twin::picture(SIZE, &askew(), &twin));
    eprintln!("masked: mean {mean:.4}, most {most}");
    assert!(mean <= 0.05 && most <= 3, "off by {mean:.4} and {most}");
    // the CT alone, sampled at the same places
    let mut clear = second.clone();
    clear.look.transfer = clear.look.transfer.with_opacity(0.0);
    let alone = shown(&of(vec![first.clone(), clear]));
    // no label is nothing, and one half neither that nor all
    assert!(difference(&masked(&[]), &alone).1 <= 1, "a mask of nothing shows something");
    assert!(difference(&inside, &unmasked).0 > 0.3 && difference(&inside, &alone).0 > 0.3);
    let swapped = masked(&[3]);
    assert!(difference(&swapped, &inside).0 > 0.3, "the other side would go unseen");
    // a volume without segments, and one that is not there, bound nothing and show nothing
    for within in [1, 9] {
        let mask = VolumeMask { volume: 1, within, labels: vec![0, 3, 7, 200] };
        let hidden = shown(&Scene { masks: vec![mask], ..plain.clone() });
        assert!(difference(&hidden, &alone).1 <= 1, "within {within}");
    }
}
