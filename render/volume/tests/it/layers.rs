//! Translucent surfaces lie at their depth, among each other and inside a volume.

use std::sync::Arc;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::Volume;
use render_volume::twin::{self, MeshTwin, TwinScene};
use render_volume::{
    Camera, FigureMap, LAYERS, MeshBuffers, MeshItem, Mode, Renderer, Scene, Shading, VolumeItem,
    VolumeTexture, picture,
};

use crate::common::*;
use crate::twins::lumpy_ball;

const SIZE: [u32; 2] = [72, 56];
const BACKGROUND: [f64; 4] = [0.02, 0.03, 0.05, 1.0];
/// In steps of 255, the mean over the picture and the most of a pixel that is on no outline: layers hold 8 bits.
const MEAN: f64 = 0.1;
const MOST: u8 = 4;

#[derive(Clone)]
struct Surface {
    positions: Vec<Point<Lps>>,
    triangles: Vec<[u32; 3]>,
    colour: [f32; 4],
}

impl Surface {
    fn ball(radius_mm: f64, at: [f64; 3], colour: [f32; 4]) -> Self {
        let (positions, triangles) = lumpy_ball(radius_mm);
        let by = Vector::from_array(at);
        Self { positions: positions.into_iter().map(|p| p + by).collect(), triangles, colour }
    }

    /// A square across the view from the front, that many mm behind the middle.
    fn sheet(behind_mm: f64, colour: [f32; 4]) -> Self {
        let corner = |x: f64, z: f64| centre() + Vector::new(x, behind_mm, z);
        let positions =
            vec![corner(-40.0, -40.0), corner(40.0, -40.0), corner(40.0, 40.0), corner(-40.0, 40.0)];
        Self { positions, triangles: vec![[0, 1, 2], [0, 2, 3]], colour }
    }

    fn item(&self) -> MeshItem {
        let buffers = MeshBuffers::from_triangles(gpu(), &self.positions, &self.triangles).unwrap();
        MeshItem::new(buffers, self.colour)
    }

    fn twin(&self) -> MeshTwin<'_> {
        let [r, g, b, opacity] = self.colour;
        let shading = Shading::default();
        MeshTwin::new(&self.positions, &self.triangles, [r, g, b], shading).unwrap().with_opacity(opacity)
    }
}

#[test]
fn figures_are_drawn_in_the_bands_of_their_legend_and_another_range_breaks_the_bound() {
    let (positions, triangles) = lumpy_ball(16.0);
    let figures: Vec<_> = positions
        .iter()
        .map(|p| Some((p.distance(centre()) - 16.0) * 2.0).filter(|_| p.z() - centre().z() < 12.0))
        .collect();
    let map = FigureMap::fitted("distance, mm", 3.7, 0.01);
    let wide = FigureMap { range: 2.0 * map.range, ..map.clone() };
    for opacity in [1.0, 0.6] {
        let mut item = MeshItem::new(
            MeshBuffers::with_figures(gpu(), &positions, &triangles, &figures).unwrap(),
            [1.0, 1.0, 1.0, opacity],
        );
        item.map = Some(map.clone());
        let drawn =
            drawn(SIZE, &askew(), &Scene { meshes: vec![item], background: BACKGROUND, ..Scene::default() });
        let twin = |map| {
            let mesh = MeshTwin::new(&positions, &triangles, [1.0; 3], Shading::default()).unwrap();
            let meshes = vec![mesh.with_opacity(opacity).with_map(map, &figures)];
            twin::picture(
                SIZE,
                &askew(),
                &TwinScene { meshes, background: BACKGROUND, ..TwinScene::default() },
            )
        };
        let (mean, off) = apart(&drawn, &twin(&map));
        eprintln!("figures at {opacity}: mean {mean:.4}, {off} pixels over {MOST}");
        // a pixel where two bands meet takes one or the other by rounding
        assert!(mean <= 2.0 * MEAN && off <= 12, "mean {mean:.4}, {off} pixels");
        let (mean, off) = apart(&drawn, &twin(&wide));
        assert!(mean > 10.0 * MEAN && off > 200, "twice the range went unseen: {mean:.4}, {off}");
    }
    let refused = MeshBuffers::with_figures(gpu(), &positions, &triangles, &figures[1..]).unwrap_err();
    assert!(refused.to_string().contains("one for each"), "{refused}");
}

/// A skin, an opaque core, and two translucent bodies that overlap in the volume.
fn bodies() -> [Surface; 4] {
    [
        Surface::ball(21.0, [0.0, 0.0, 0.0], [0.9, 0.7, 0.6, 0.2]),
        Surface::ball(5.0, [-8.0, 4.0, -6.0], [0.2, 0.3, 0.9, 1.0]),
        Surface::ball(9.0, [4.0, -6.0, 3.0], [0.1, 0.8, 0.3, 0.5]),
        Surface::ball(8.0, [1.0, 2.0, -2.0], [0.9, 0.9, 0.1, 0.45]),
    ]
}

/// Mean difference, and the pixels that differ by more than [`MOST`].
fn apart(a: &image::RgbaImage, b: &image::RgbaImage) -> (f64, usize) {
    let off = |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
        a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > MOST)
    };
    (difference(a, b).0, a.pixels().zip(b.pixels()).filter(off).count())
}

fn scene(volume: Option<(&Arc<Volume>, Mode)>, surfaces: &[Surface]) -> Scene {
    let item = |(v, mode)| VolumeItem::new(VolumeTexture::upload(gpu(), v).unwrap(), look(mode));
    Scene {
        volumes: volume.map(item).into_iter().collect(),
        meshes: surfaces.iter().map(Surface::item).collect(),
        background: BACKGROUND,
        ..Scene::default()
    }
}

#[test]
fn translucent_surfaces_in_a_volume_are_near_the_twin_that_sorts_every_hit() {
    let volume = volume_of(oblique_grid(), two_balls);
    let surfaces = bodies();
    for camera in [askew(), askew().orthographic()] {
        for mode in [Some(Mode::Dvr), Some(Mode::Iso), Some(Mode::Mip), None] {
            let drawn = drawn(SIZE, &camera, &scene(mode.map(|m| (&volume, m)), &surfaces));
            let look = look(mode.unwrap_or(Mode::Dvr));
            let twin = |volumes| TwinScene {
                volumes,
                meshes: surfaces.iter().map(Surface::twin).collect(),
                background: BACKGROUND,
                ..TwinScene::default()
            };
            let volumes = mode.map(|_| (&*volume, &look)).into_iter().collect();
            let (mean, off) = apart(&drawn, &twin::picture(SIZE, &camera, &twin(volumes)));
            eprintln!("layers in {mode:?}: mean {mean:.4}, {off} pixels over {MOST}");
            assert!(mean <= MEAN && off <= 6, "{mode:?}: mean {mean:.4}, {off} pixels over {MOST}");
        }
    }
}

#[test]
fn surfaces_laid_over_the_volume_or_in_the_wrong_order_break_the_bound() {
    let volume = volume_of(oblique_grid(), two_balls);
    let air = volume_of(oblique_grid(), |_| -1000.0);
    let surfaces = bodies();
    let look = look(Mode::Dvr);
    let drawn = drawn(SIZE, &askew(), &scene(Some((&volume, Mode::Dvr)), &surfaces));
    // the last volume takes the layers: with air as the last, they lie over the first
    let laid_over = TwinScene {
        volumes: vec![(&*volume, &look), (&*air, &look)],
        meshes: surfaces.iter().map(Surface::twin).collect(),
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let (mean, off) = apart(&drawn, &twin::picture(SIZE, &askew(), &laid_over));
    assert!(mean > 5.0 * MEAN && off > 100, "laid over the volume went unseen: {mean} {off}");
    let mut swapped = surfaces.each_ref().map(Surface::twin);
    swapped[2] =
        MeshTwin::new(&surfaces[2].positions, &surfaces[2].triangles, [0.9, 0.9, 0.1], Shading::default())
            .unwrap()
            .with_opacity(0.45);
    swapped[3] =
        MeshTwin::new(&surfaces[3].positions, &surfaces[3].triangles, [0.1, 0.8, 0.3], Shading::default())
            .unwrap()
            .with_opacity(0.5);
    let swapped = TwinScene {
        volumes: vec![(&*volume, &look)],
        meshes: swapped.into(),
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let (mean, off) = apart(&drawn, &twin::picture(SIZE, &askew(), &swapped));
    assert!(mean > 5.0 * MEAN && off > 100, "the wrong colour in front went unseen: {mean} {off}");
}

/// A pixel beside the middle, where two triangles meet, of sheets seen from the front, and whether layers were merged.
fn sheets(sheets: &[Surface]) -> ([u8; 4], Option<bool>) {
    let mut renderer = Renderer::for_pictures(gpu());
    let camera = Camera::anterior(&oblique_grid().bounds());
    let drawn = picture(gpu(), &mut renderer, [9, 9], &camera, &scene(None, sheets)).unwrap();
    (drawn.get_pixel(5, 4).0, renderer.layers_merged())
}

#[test]
fn the_order_of_the_list_does_not_matter_and_two_sheets_in_one_place_both_count() {
    let red = || Surface::sheet(-5.0, [0.9, 0.1, 0.1, 0.5]);
    let green = || Surface::sheet(5.0, [0.1, 0.9, 0.1, 0.5]);
    let (front, merged) = sheets(&[red(), green()]);
    assert_eq!((front, merged), sheets(&[green(), red()]));
    assert!(front[0] > front[1] && merged == Some(false), "{front:?}");
    let beside = || Surface::sheet(-5.0, [0.1, 0.9, 0.1, 0.5]);
    let (one, _) = sheets(&[red()]);
    let (both, _) = sheets(&[red(), beside()]);
    assert!(both[1] > one[1] + 30, "the second of two sheets in one place is lost: {one:?} {both:?}");
}

#[test]
fn layers_beyond_those_kept_apart_are_merged_behind_them_and_said() {
    let faint = |n: u32| Surface::sheet(f64::from(n), [0.1, 0.3, 0.9, 0.15]);
    let many: Vec<_> = (0..LAYERS).map(faint).collect();
    let (_, merged) = sheets(&many);
    assert_eq!(merged, Some(false), "all of them are kept apart");
    // all that are left have one colour, so that their order does not show: the picture is still the twin's
    let mut more: Vec<_> = (0..LAYERS + 4).map(faint).collect();
    more.reverse();
    let (pixel, merged) = sheets(&more);
    let twin = TwinScene {
        meshes: more.iter().map(Surface::twin).collect(),
        background: BACKGROUND,
        ..TwinScene::default()
    };
    let camera = Camera::anterior(&oblique_grid().bounds());
    let exact = twin::picture([9, 9], &camera, &twin).get_pixel(5, 4).0;
    let off = pixel.iter().zip(exact).map(|(a, b)| a.abs_diff(b)).max().unwrap();
    assert!(merged == Some(true) && off <= MOST, "{pixel:?} for {exact:?}, merged {merged:?}");
}

#[test]
fn fewer_layers_kept_apart_draw_the_nearest_as_they_are() {
    let red = Surface::sheet(-5.0, [0.9, 0.1, 0.1, 0.5]);
    let green = Surface::sheet(5.0, [0.1, 0.9, 0.1, 0.5]);
    let (right, _) = sheets(&[red.clone(), green.clone()]);
    let listed = scene(None, &[green, red]);
    let mut renderer = Renderer::for_pictures(gpu());
    let camera = Camera::anterior(&oblique_grid().bounds());
    for (kept, merges) in [(0, true), (1, true), (2, false), (99, false)] {
        renderer.keep_layers(kept);
        let drawn = picture(gpu(), &mut renderer, [9, 9], &camera, &listed).unwrap();
        let off = (0..4).map(|c| drawn.get_pixel(5, 4)[c].abs_diff(right[c])).max().unwrap();
        assert!(off <= 1, "one behind the nearest is where it was: {off} with {kept}");
        assert_eq!(renderer.layers_merged(), Some(merges), "{kept}");
    }
}
