//! Slices as they are shown: windows, palettes, fusion, segments and lines against their twins.

use std::collections::BTreeMap;
use std::sync::Arc;

use image::RgbaImage;
use meshing_space::{Lps, Point, Transform, Vector};
use meshing_surface::{Mesh, isosurface};
use meshing_volume::{Grid, LabelMap, Volume};
use render_volume::{
    CurvedPlane, LabelTexture, LineOverlay, Overlay, Palette, SegmentOverlay, SegmentStyle, Slab, SlabMode,
    SliceLayer, SlicePlane, SliceView, Target, Viewport, Voi, VolumeTexture, twin,
};

use crate::common::*;

/// A grid of another spacing and orientation over part of [`oblique_grid`], as a PET's is.
fn pet_grid() -> Grid {
    Grid::axis_aligned([16, 18, 12], centre() - Vector::new(15.0, 17.0, 16.0), [2.1, 2.1, 3.3]).unwrap()
}

fn hot_spot(p: Point<Lps>) -> f64 {
    12.0 * (-(p.distance(centre() + Vector::new(7.0, -2.0, 5.0)) / 9.0).powi(2)).exp()
}

/// Both balls of [`two_balls`] as labels 1 and 200, and a slab of label 3 across one corner.
fn label_map() -> LabelMap {
    let grid = oblique_grid();
    let mut map = LabelMap::empty(&grid);
    for k in 0..grid.size()[2] {
        for j in 0..grid.size()[1] {
            for i in 0..grid.size()[0] {
                let at = grid.lps_from_ijk() * Point::from_array([i, j, k].map(|c| c as f64));
                let near = |at2: [f64; 3], r: f64| at.distance(centre() + Vector::from_array(at2)) < r;
                let label = match () {
                    () if near([7.0, -2.0, 5.0], 9.0) => 1,
                    () if near([-8.0, 4.0, -6.0], 8.0) => 200,
                    () if i + j < 24 => 3,
                    () => 0,
                };
                map.set(i, j, k, label);
            }
        }
    }
    map
}

fn ball_mesh() -> Mesh {
    isosurface(&volume_of(oblique_grid(), |p| 1000.0 - 80.0 * p.distance(centre())), 200.0)
}

/// A view with everything in it; `mapped` and `shift` are what the negatives spoil.
struct Case {
    ct: Arc<Volume>,
    pet: Arc<Volume>,
    map: LabelMap,
    mesh: Mesh,
}

impl Case {
    fn new() -> Self {
        Self {
            ct: volume_of(oblique_grid(), two_balls),
            pet: float_volume_of(pet_grid(), hot_spot),
            map: label_map(),
            mesh: ball_mesh(),
        }
    }

    fn plane(&self) -> SlicePlane {
        let (right, down) = (Vector::new(0.8, 0.6, 0.0), Vector::new(0.36, -0.48, -0.8));
        SlicePlane::through(self.ct.grid(), centre(), right, down).within(72)
    }

    fn view(&self) -> SliceView {
        let upload = |v: &Arc<Volume>| VolumeTexture::upload(gpu(), v).unwrap();
        let plane = self.plane();
        let mut view = SliceView::new(plane, SliceLayer::new(upload(&self.ct), Voi::linear(0.0, 2400.0)));
        view.background = [10, 20, 40];
        view.slab = Slab::new(3.0, SlabMode::Mean);
        view.layers.push(SliceLayer {
            palette: Palette::HotIron,
            opacity: 0.6,
            shown_from: Some(1.0),
            own_from_lps: Transform::translation(Vector::new(0.7, -0.4, 1.1)),
            ..SliceLayer::new(upload(&self.pet), Voi::linear_exact(5.0, 10.0))
        });
        let texture = LabelTexture::upload(gpu(), &self.map).unwrap();
        let styles = BTreeMap::from([
            (1, SegmentStyle::new([0, 200, 80])),
            (200, SegmentStyle { fill: 0.0, ..SegmentStyle::new([250, 220, 0]) }),
            (3, SegmentStyle { visible: false, ..SegmentStyle::new([255, 0, 255]) }),
        ]);
        view.overlays.push(Overlay::Segments(SegmentOverlay::new(texture, styles)));
        let mut lines = LineOverlay::contour(&self.mesh, &plane.into(), [255, 60, 60], 1.6).unwrap();
        lines.points(&[centre() + Vector::new(-3.0, 9.0, 0.0)], &plane.into(), 30.0);
        lines.opacity = 0.9;
        view.overlays.push(Overlay::Lines(lines));
        view
    }

    fn twin(&self, view: &SliceView) -> RgbaImage {
        twin::slice_view(view, &[&self.ct, &self.pet], &[&self.map])
    }
}

/// Pixels with a channel more than two steps of 255 off.
fn far(a: &RgbaImage, b: &RgbaImage) -> usize {
    a.pixels().zip(b.pixels()).filter(|(a, b)| (0..4).any(|c| a[c].abs_diff(b[c]) > 2)).count()
}

#[test]
fn a_view_with_everything_in_it_equals_its_twin() {
    let case = Case::new();
    for spot in [0.0, 4.0] {
        let mut view = case.view();
        view.slab = Slab::new(spot, SlabMode::Maximum);
        let (drawn, exact) = (view.picture(gpu()).unwrap(), case.twin(&view));
        let (mean, _) = difference(&drawn, &exact);
        let off = far(&drawn, &exact);
        eprintln!("slice view: mean {mean:.4}, {off} of {} pixels off", 72 * 72);
        // a pixel whose centre lies on the face between two voxels may take either label
        assert!(mean < 0.05 && off <= 5, "mean {mean}, {off} pixels");
    }
}

#[test]
fn a_flipped_label_map_a_shifted_contour_and_a_wrong_slab_fail_the_same_bound() {
    let case = Case::new();
    let exact = case.twin(&case.view());
    let check = |name: &str, view: &SliceView| {
        let off = far(&view.picture(gpu()).unwrap(), &exact);
        assert!(off > 5, "{name}: only {off} pixels tell");
    };
    let mut flipped = case.map.clone();
    flipped.labels_mut().reverse();
    let mut view = case.view();
    let Overlay::Segments(segments) = &mut view.overlays[0] else { unreachable!() };
    segments.texture = LabelTexture::upload(gpu(), &flipped).unwrap();
    check("flipped labels", &view);
    let mut view = case.view();
    let Overlay::Lines(lines) = &mut view.overlays[1] else { unreachable!() };
    lines.pieces.iter_mut().flatten().for_each(|end| end[0] += 1.0);
    check("contour one pixel off", &view);
    let mut view = case.view();
    view.slab.thickness_mm += view.slab.sampling(case.ct.grid()).unwrap().step_mm;
    check("slab one step thicker", &view);
    let mut view = case.view();
    view.layers[1].own_from_lps = Transform::translation(Vector::zero());
    check("unregistered PET", &view);
    let mut view = case.view();
    view.layers[0].voi = Voi::linear_exact(0.0, 2300.0);
    check("another window", &view);
}

#[test]
fn colours_and_visibility_of_segments_change_without_their_voxels() {
    let case = Case::new();
    let mut view = case.view();
    view.overlays.truncate(1);
    let plain = {
        let mut view = view.clone();
        view.overlays.clear();
        view.picture(gpu()).unwrap()
    };
    let Overlay::Segments(segments) = &mut view.overlays[0] else { unreachable!() };
    for style in segments.styles.values_mut() {
        style.visible = false;
    }
    assert_eq!(view.picture(gpu()).unwrap(), plain, "hidden segments leave no trace");
    let Overlay::Segments(segments) = &mut view.overlays[0] else { unreachable!() };
    for style in segments.styles.values_mut() {
        *style = SegmentStyle { fill: 1.0, ..SegmentStyle::new([1, 2, 250]) };
    }
    let blue = view.picture(gpu()).unwrap();
    assert!(blue.pixels().filter(|p| p.0 == [1, 2, 250, 255]).count() > 300);
    // voxels too may change in place: a brush on some slices
    let Overlay::Segments(segments) = &view.overlays[0] else { unreachable!() };
    segments.texture.update(gpu(), &LabelMap::empty(case.map.grid()), 0, usize::MAX).unwrap();
    assert_eq!(view.picture(gpu()).unwrap(), plain);
    let other = LabelMap::empty(&pet_grid());
    assert!(segments.texture.update(gpu(), &other, 0, 1).is_err());
}

#[test]
fn a_contour_lies_where_the_sphere_is_cut_and_is_as_wide_at_any_scale() {
    let case = Case::new();
    for pixels in [48, 96, 160] {
        let plane = case.plane().within(4096);
        let factor = f64::from(plane.size[0].max(plane.size[1])) / f64::from(pixels);
        let plane = SlicePlane {
            pixel_mm: plane.pixel_mm * factor,
            size: plane.size.map(|n| (f64::from(n) / factor) as u32),
            ..plane
        };
        let mut view = SliceView::new(plane, case.view().layers.remove(0));
        view.layers.clear();
        let lines = LineOverlay::contour(&case.mesh, &plane.into(), [255; 3], 2.0).unwrap();
        view.overlays.push(Overlay::Lines(lines));
        let picture = view.picture(gpu()).unwrap();
        let [column, row, _] = plane.pixel(centre());
        let (mut ink, mut moment) = (0.0, 0.0);
        for (x, y, p) in picture.enumerate_pixels() {
            let share = f64::from(p[0]) / 255.0;
            ink += share;
            moment += share * (f64::from(x) - column).hypot(f64::from(y) - row);
        }
        let radius_px = 10.0 / plane.pixel_mm;
        assert!((moment / ink - radius_px).abs() < 0.15, "radius {} px for {radius_px}", moment / ink);
        let width = ink / (std::f64::consts::TAU * radius_px);
        assert!((width - 2.0).abs() < 0.1, "{width} px wide at {pixels} pixels");
    }
}

#[test]
fn a_view_in_a_window_holds_the_greys_of_the_picture() {
    let case = Case::new();
    let view = case.view();
    let picture = view.picture(gpu()).unwrap();
    let [w, h] = view.surface.size();
    let size = [w + 20, h + 9];
    let texture = gpu().device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8UnormSrgb,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let colour = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let target = Target {
        colour: &colour,
        depth: &colour,
        size,
        viewport: Some(Viewport { x: 13, y: 5, width: w, height: h }),
        clear: Some([0.0, 0.0, 0.0, 1.0]),
    };
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    view.draw(gpu(), &mut encoder, &target, texture.format()).unwrap();
    gpu().queue.submit([encoder.finish()]);
    let read = render_gpu::read_rgba(gpu(), &texture).unwrap();
    let whole = RgbaImage::from_raw(size[0], size[1], read.bytes).unwrap();
    let part = image::imageops::crop_imm(&whole, 13, 5, w, h).to_image();
    let (mean, most) = difference(&part, &picture);
    assert!(most <= 1, "mean {mean}, most {most}");
    assert_eq!(whole.get_pixel(12, 5).0, [0, 0, 0, 255]);
}

#[test]
fn every_palette_and_curve_is_drawn_as_its_table_says() {
    let volume = volume_of(oblique_grid(), |p| 40.0 * (p.x() - centre().x()));
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let plane = SlicePlane::axial(volume.grid(), centre()).within(40);
    let vois = [
        Voi::linear(20.0, 300.0),
        Voi::linear_exact(20.0, 300.0),
        Voi::sigmoid(20.0, 300.0),
        Voi::linear(20.0, 1.0),
    ];
    for (n, palette) in Palette::ALL.into_iter().enumerate() {
        let mut voi = vois[n % vois.len()];
        voi.low_is_bright = n % 2 == 1;
        let view = SliceView::new(plane, SliceLayer { palette, ..SliceLayer::new(texture.clone(), voi) });
        let off = far(&view.picture(gpu()).unwrap(), &twin::slice_view(&view, &[&volume], &[]));
        // where a value lies between two entries, either is right
        assert!(off <= 2, "{palette:?}: {off} pixels");
    }
}

#[test]
fn a_curved_view_shows_scan_and_segments_alike() {
    let case = Case::new();
    let at = |t: f64| centre() + Vector::new(9.0 * t.cos(), 7.0 * t.sin(), 4.0 * t - 8.0);
    let curve: Vec<_> = (0..=100).map(|n| at(f64::from(n) * 0.05)).collect();
    let mut view = case.view();
    view.surface = CurvedPlane::straightened(&curve, 0.0, 20.0, 0.7).unwrap().into();
    view.overlays.truncate(1);
    let mut lines = LineOverlay::new([0, 255, 255], 1.5);
    lines.path(&curve, false, &view.surface, 1.0);
    let middle = f64::from(view.surface.size()[0] - 1) / 2.0;
    let off = lines.pieces.iter().flatten().map(|end| (end[0] - middle).abs()).fold(0.0, f64::max);
    assert!(!lines.pieces.is_empty() && off < 0.1, "the curve is not straight: {off} px");
    view.overlays.push(Overlay::Lines(lines));
    let off = far(&view.picture(gpu()).unwrap(), &case.twin(&view));
    assert!(off <= 5, "{off} pixels");
}

#[test]
fn a_slab_that_leaves_the_volume_says_so() {
    let case = Case::new();
    let mut view = case.view();
    view.surface = SlicePlane::axial(&pet_grid(), centre()).into();
    view.layers.remove(0);
    view.layers[0].own_from_lps = Transform::translation(Vector::zero());
    assert_eq!(view.share_partly_outside(), 0.0);
    view.slab.thickness_mm = 60.0;
    assert!(view.share_partly_outside() > 0.9);
    view.slab = Slab::THIN;
    assert_eq!(view.share_partly_outside(), 0.0);
}

#[test]
fn a_mesh_is_cut_by_a_curved_slice_where_its_surface_lies() {
    let case = Case::new();
    let at = |t: f64| centre() + Vector::new(40.0 * t.cos() - 40.0, 40.0 * t.sin(), 6.0 * t);
    let curve: Vec<_> = (0..=200).map(|n| at(f64::from(n) * 0.006 - 0.6)).collect();
    let surface = CurvedPlane::straightened(&curve, 0.5, 40.0, 0.4).unwrap().into();
    let lines = LineOverlay::contour(&case.mesh, &surface, [255; 3], 1.0).unwrap();
    assert!(lines.pieces.len() > 50);
    let rows = surface.rows();
    for end in lines.pieces.iter().flatten() {
        let (row, share) = (end[1].floor() as usize, end[1].fract());
        let (a, b) = (rows[row].lps(end[0], 0.0), rows[(row + 1).min(rows.len() - 1)].lps(end[0], 0.0));
        let off = a.lerp(b, share).distance(centre()) - 10.0;
        assert!(off.abs() < 0.15, "{off} mm off the sphere");
    }
}
