//! Carving takes away what it should, in every way of drawing, and comes back to the last byte.

use std::sync::Arc;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap, Told as _, Volume};
use render_volume::twin::{self, TwinScene};
use render_volume::{
    Carve, CarveError, CarveMask, CarveTool, Carved, Carving, CutShape, Keep, Look, Mode, Scene, SegmentItem,
    SegmentLook, Segments, VolumeItem, VolumeTexture,
};

use crate::common::*;

const SIZE: [u32; 2] = [72, 56];
const MEAN: f64 = 0.05;
const MOST: u8 = 3;

fn at(x: f64, y: f64, z: f64) -> Point<Lps> {
    centre() + Vector::new(x, y, z)
}

fn indices([ni, nj, nk]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..nk).flat_map(move |k| (0..nj).flat_map(move |j| (0..ni).map(move |i| [i, j, k])))
}

fn place(grid: &Grid, ijk: [usize; 3]) -> Point<Lps> {
    grid.lps_from_ijk() * Point::from_array(ijk.map(|c| c as f64))
}

struct Studio {
    volume: Arc<Volume>,
    texture: VolumeTexture,
    look: Look,
    labels: Option<(Arc<LabelMap>, Vec<SegmentLook>)>,
}

impl Studio {
    fn new(mode: Mode) -> Self {
        let volume = volume_of(oblique_grid(), two_balls);
        let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
        Self { volume, texture, look: look(mode), labels: None }
    }

    fn scene(&self, mask: &CarveMask) -> Scene {
        let segments = self.labels.as_ref().map(|(map, looks)| SegmentItem {
            segments: Segments::new(gpu(), &self.texture, map).unwrap(),
            looks: looks.clone(),
        });
        let carve = Some(Carved::new(&self.texture, mask).unwrap());
        let item = VolumeItem { segments, carve, ..VolumeItem::new(self.texture.clone(), self.look.clone()) };
        Scene { volumes: vec![item], ..Scene::default() }
    }

    /// Mean and largest difference of the picture from the twin's.
    fn off(&self, mask: &CarveMask, of: &CarveMask) -> (f64, u8) {
        let segments = self.labels.as_ref().map(|(map, looks)| (&**map, looks.as_slice()));
        let twin = TwinScene {
            volumes: vec![(&*self.volume, &self.look)],
            segments: vec![segments],
            carves: vec![Some(of)],
            ..TwinScene::default()
        };
        let drawn = drawn(SIZE, &askew(), &self.scene(mask));
        difference(&drawn, &twin::picture(SIZE, &askew(), &twin))
    }

    fn near(&self, name: &str, mask: &CarveMask) {
        let (mean, most) = self.off(mask, mask);
        eprintln!("{name}: mean {mean:.4}, most {most}");
        // a sample of a projection at the very border is taken or not by rounding
        assert!(mean <= MEAN && (most <= MOST || self.look.mode == Mode::Mip), "{name}: {mean:.4}, {most}");
    }
}

#[test]
fn every_tool_carves_as_in_the_twin_step_by_step_and_back() {
    let mut studio = Studio::new(Mode::Dvr);
    let mut carving = Carving::new(studio.volume.grid());
    studio.near("nothing", carving.mask());
    let path = [at(3.0, -12.0, 5.0), at(8.0, -6.0, 6.0), at(8.0, 4.0, 0.0)];
    carving.apply(Carve::Away, &CarveTool::Stroke { path: &path, radius_mm: 4.0 }).unwrap();
    studio.near("stroke", carving.mask());
    let ball = CutShape::ball(at(-8.0, 2.0, -4.0), 7.0, Keep::Outside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&ball)).unwrap();
    studio.near("ball", carving.mask());
    carving.apply(Carve::Back, &CarveTool::Stroke { path: &path[..1], radius_mm: 9.0 }).unwrap();
    studio.near("brought back", carving.mask());
    carving.undo().unwrap();
    carving.undo().unwrap();
    studio.near("undone", carving.mask());
    let inside = CutShape::ball(centre(), 13.0, Keep::Inside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&inside)).unwrap();
    studio.near("all but a ball", carving.mask());
    // together with labels, in a projection too
    let mut map = LabelMap::empty(studio.volume.grid());
    for [i, j, k] in indices(map.grid().size()) {
        map.set(i, j, k, u8::from(i > 20));
    }
    studio.labels = Some((Arc::new(map), vec![SegmentLook::PLAIN, SegmentLook::solid([0.3, 0.4, 0.9], 0.2)]));
    studio.near("with labels", carving.mask());
    (studio.labels, studio.look) = (None, look(Mode::Mip));
    studio.near("projected", carving.mask());
    // the mask of another place breaks the bound
    let mut values = carving.mask().values();
    values.rotate_right(3);
    let shifted = CarveMask::from_values(studio.volume.grid(), &values).unwrap();
    for mode in [Mode::Dvr, Mode::Mip] {
        studio.look = look(mode);
        let (mean, most) = studio.off(&shifted, carving.mask());
        assert!(mean > 5.0 * MEAN && most > 10 * MOST, "three voxels went unseen: {mean:.4} {most}");
    }
}

#[test]
fn undoing_restores_every_byte_and_the_picture() {
    let studio = Studio::new(Mode::Dvr);
    let mut carving = Carving::new(studio.volume.grid());
    let seen = |carving: &Carving| drawn(SIZE, &askew(), &studio.scene(carving.mask())).into_raw();
    let mut states = vec![(carving.mask().values(), seen(&carving))];
    let stroke = |x: f64| [at(x, -9.0, 4.0), at(x + 3.0, 3.0, 4.0)];
    for x in [-9.0, 2.0, 6.0] {
        let tool = stroke(x);
        carving.apply(Carve::Away, &CarveTool::Stroke { path: &tool, radius_mm: 3.0 }).unwrap();
        // what the brush adds while it is down belongs to its step
        let more = [tool[1], at(x, 5.0, -5.0)];
        carving.join(Carve::Away, &CarveTool::Stroke { path: &more, radius_mm: 3.0 }).unwrap();
        states.push((carving.mask().values(), seen(&carving)));
    }
    assert_eq!(carving.steps(), [3, 0]);
    for (values, picture) in states.iter().rev().skip(1) {
        assert!(carving.undo().unwrap().bricks > 0);
        assert!(&carving.mask().values() == values && &seen(&carving) == picture, "a byte is another");
    }
    assert!(carving.undo().is_none() && carving.mask().is_empty() && carving.steps() == [0, 3]);
    for (values, picture) in states.iter().skip(1) {
        carving.redo().unwrap();
        assert!(&carving.mask().values() == values && &seen(&carving) == picture, "a byte is another");
    }
    assert!(carving.redo().is_none());
    // a new step ends what could be redone, one without effect is none
    carving.undo().unwrap();
    let far = [at(900.0, 0.0, 0.0)];
    let nothing = carving.apply(Carve::Away, &CarveTool::Stroke { path: &far, radius_mm: 3.0 }).unwrap();
    assert_eq!((nothing.bricks, carving.steps()), (0, [2, 1]));
    carving.apply(Carve::Away, &CarveTool::Stroke { path: &stroke(0.0), radius_mm: 2.0 }).unwrap();
    assert_eq!(carving.steps(), [3, 0]);
}

#[test]
fn what_can_be_undone_is_bounded_and_what_is_forgotten_is_said() {
    let grid = Grid::axis_aligned([64; 3], Point::origin(), [1.0; 3]).unwrap();
    let mut carving = Carving::new(&grid).with_limit(40_000);
    let mut forgotten = 0;
    for n in 0..12 {
        // over the brick's corner, so that eight bricks change; then again over bricks of which a part is gone
        let path = [Point::new(16.0, 16.0, 16.0)];
        let tool = CarveTool::Stroke { path: &path, radius_mm: 2.0 + f64::from(n) * 0.7 };
        let changed = carving.apply(Carve::Away, &tool).unwrap();
        assert_eq!(changed.bricks, 8);
        forgotten += changed.forgotten;
        assert!(carving.bytes() <= 40_000, "{} bytes", carving.bytes());
    }
    assert!(forgotten >= 10 && carving.steps()[0] == 12 - forgotten, "{forgotten} forgotten");
    let before = carving.mask().values();
    while carving.undo().is_some() {}
    while carving.redo().is_some() {}
    assert!(carving.mask().values() == before && carving.bytes() <= 40_000);
}

#[test]
fn a_ball_takes_the_volume_of_a_ball_and_soft_borders() {
    // uneven voxels, oblique and left-handed
    let grid = oblique_grid();
    let mut carving = Carving::new(&grid);
    let ball = CutShape::ball(at(1.3, -0.7, 2.1), 12.0, Keep::Outside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&ball)).unwrap();
    let exact = 4.0 / 3.0 * std::f64::consts::PI * 12.0_f64.powi(3);
    let mm3 = carving.mask().taken_mm3();
    assert!((mm3 / exact - 1.0).abs() < 0.005, "{mm3} for {exact}");
    // between voxels the border lies where the ball's does
    let mut most: f64 = 0.0;
    for n in 0..200 {
        let (theta, phi) = (f64::from(n) * 0.7, f64::from(n) * 2.399);
        let unit = Vector::new(theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos());
        let taken = |mm: f64| carving.mask().taken_at(at(1.3, -0.7, 2.1) + unit * mm);
        let border = (0..400).map(|s| 10.0 + f64::from(s) * 0.01).find(|&mm| taken(mm) < 0.5).unwrap();
        most = most.max((border - 12.0).abs());
    }
    eprintln!("border of a carved ball: {most:.3} mm");
    assert!(most < 0.5, "the border is off by {most:.3} mm");
    // the reverse takes the rest
    let mut rest = Carving::new(&grid);
    rest.apply(Carve::Away, &CarveTool::Shape(&ball.inverted())).unwrap();
    let both = carving.mask().values().into_iter().zip(rest.mask().values());
    assert!(both.into_iter().all(|(a, b)| (i32::from(a) + i32::from(b) - 255).abs() <= 1));
}

#[test]
fn a_lasso_carves_what_it_cuts() {
    let studio = Studio::new(Mode::Dvr);
    let view = askew().matrices(72.0 / 56.0);
    let line = [[-0.3, -0.4], [0.5, -0.3], [0.4, 0.4], [0.0, 0.1]];
    let lasso = CutShape::lasso(&view, &line, None, Keep::Outside).unwrap();
    let mut carving = Carving::new(studio.volume.grid());
    carving.apply(Carve::Away, &CarveTool::Shape(&lasso)).unwrap();
    let grid = studio.volume.grid();
    for ijk in indices(grid.size()) {
        let height = lasso.height(place(grid, ijk));
        let taken = carving.mask().get(ijk[0], ijk[1], ijk[2]);
        let expected = if height > 0.6 { 0 } else { 255 };
        assert!(taken == expected || height.abs() <= 0.6, "{taken} at a height of {height:.2} mm");
    }
    studio.near("lasso", carving.mask());
}

#[test]
fn a_segment_goes_with_its_rim_and_spares_its_neighbour() {
    let grid = oblique_grid();
    let mut map = LabelMap::empty(&grid);
    for ijk in indices(grid.size()) {
        let p = place(&grid, ijk);
        // the bright ball as a threshold takes it, without its rim of mixed voxels
        let label =
            if two_balls(p) > 500.0 { 1 } else { u8::from(p.distance(at(-2.0, -2.0, 5.0)) < 4.0) * 2 };
        map.set(ijk[0], ijk[1], ijk[2], label);
    }
    let margin_mm = 3.2;
    let tool = |margin_mm, spare| CarveTool::Segment { labels: &map, label: 1, margin_mm, spare };
    let mut carving = Carving::new(&grid);
    carving.apply(Carve::Away, &tool(margin_mm, &[2])).unwrap();
    // brute force, in mm
    let members: Vec<_> = indices(grid.size()).filter(|&[i, j, k]| map.get(i, j, k) == 1).collect();
    let members: Vec<_> = members.into_iter().map(|ijk| place(&grid, ijk)).collect();
    let mut rim = 0;
    for [i, j, k] in indices(grid.size()) {
        let p = place(&grid, [i, j, k]);
        let mm = members.iter().map(|m| m.distance(p)).fold(f64::INFINITY, f64::min);
        let share = ((margin_mm - mm) / 0.9 + 1.0).clamp(0.0, 1.0);
        let expected = if map.get(i, j, k) == 2 { 0.0 } else { share * 255.0 };
        let taken = f64::from(carving.mask().get(i, j, k));
        assert!((taken - expected).abs() <= 1.0, "{taken} for {expected} at {mm:.2} mm");
        rim += u32::from(taken > 0.0 && map.get(i, j, k) == 0);
    }
    assert!(rim > 1000, "the margin took {rim} voxels");
    // without the margin a rim is seen, with it none of the bright ball
    let studio = Studio::new(Mode::Dvr);
    let light = |margin_mm| {
        let mut carving = Carving::new(&grid);
        let rest = CutShape::ball(at(7.0, -2.0, 5.0), 12.5, Keep::Inside).unwrap();
        carving.apply(Carve::Away, &CarveTool::Shape(&rest)).unwrap();
        carving.apply(Carve::Away, &tool(margin_mm, &[])).unwrap();
        let picture = drawn(SIZE, &askew(), &studio.scene(carving.mask()));
        picture.pixels().map(|p| u64::from(p[0])).sum::<u64>()
    };
    let (bare, wide) = (light(0.0), light(3.2));
    eprintln!("rim: {bare} without a margin, {wide} with it");
    assert!(wide * 20 < bare, "{wide} of {bare} is left of the rim");
}

#[test]
fn a_volume_shown_coarser_is_carved_in_the_same_place_and_moves_to_another_device() {
    let volume = volume_of(oblique_grid(), |_| 1000.0);
    let mut carving = Carving::new(volume.grid());
    let all_but = CutShape::ball(at(5.0, 3.0, -4.0), 8.0, Keep::Inside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&all_but)).unwrap();
    let scene = |budget| {
        let texture = VolumeTexture::upload_fitting(gpu(), &volume, budget).unwrap();
        let carve = Some(Carved::new(&texture, carving.mask()).unwrap());
        let item = VolumeItem { carve, ..VolumeItem::new(texture, look(Mode::Dvr)) };
        Scene { volumes: vec![item], ..Scene::default() }
    };
    let spot = |scene: &Scene| middle(&drawn([64, 64], &askew(), scene));
    let (full, coarse) = (spot(&scene(u64::MAX)), spot(&scene(8_000)));
    assert!((full[0] - coarse[0]).abs() < 1.0 && (full[1] - coarse[1]).abs() < 1.0, "{full:?} to {coarse:?}");
    let moved = scene(u64::MAX).on(gpu()).unwrap();
    assert_eq!(drawn([64, 64], &askew(), &moved), drawn([64, 64], &askew(), &scene(u64::MAX)));
    // a projection without anything else to see counts fewer samples where all is taken
    let mut renderer = render_volume::Renderer::for_pictures(gpu());
    let view = askew().matrices(1.0);
    let counted = |renderer: &mut render_volume::Renderer, scene: &Scene| {
        renderer.march_statistics([64, 64], &view, scene)[0].visible_share
    };
    let carved = counted(&mut renderer, &scene(u64::MAX));
    let whole = Scene { volumes: vec![VolumeItem { carve: None, ..moved.volumes[0].clone() }], ..moved };
    let whole = counted(&mut renderer, &whole);
    assert!(carved < 0.6 * whole, "{carved} of the cells for {whole}");
}

#[test]
fn what_cannot_be_carved_is_refused_in_words() {
    let grid = oblique_grid();
    let mut carving = Carving::new(&grid);
    let mut refused = |tool: &CarveTool<'_>| carving.apply(Carve::Away, tool).unwrap_err();
    let (point, nan) = ([centre()], [Point::new(f64::NAN, 0.0, 0.0)]);
    assert_eq!(refused(&CarveTool::Stroke { path: &[], radius_mm: 2.0 }), CarveError::Flat);
    assert_eq!(refused(&CarveTool::Stroke { path: &point, radius_mm: 0.0 }), CarveError::Flat);
    assert_eq!(refused(&CarveTool::Stroke { path: &point, radius_mm: f64::NAN }), CarveError::NotFinite);
    assert_eq!(refused(&CarveTool::Stroke { path: &nan, radius_mm: 2.0 }), CarveError::NotFinite);
    let map = LabelMap::empty(&grid);
    let segment = |margin_mm| CarveTool::Segment { labels: &map, label: 1, margin_mm, spare: &[] };
    assert_eq!(refused(&segment(-1.0)), CarveError::Margin { mm: -1.0 });
    assert!(matches!(refused(&segment(f64::NAN)), CarveError::Margin { .. }));
    let other = Grid::axis_aligned([9, 8, 7], centre(), [1.0; 3]).unwrap();
    let elsewhere = LabelMap::empty(&other);
    let tool = CarveTool::Segment { labels: &elsewhere, label: 1, margin_mm: 0.0, spare: &[] };
    let error = refused(&tool);
    assert!(matches!(error, CarveError::Grid { .. }) && error.to_string().contains("wrong anatomy"));
    assert!(error.chinese().contains("9×8×7"));
    let texture = VolumeTexture::upload(gpu(), &volume_of(grid, two_balls)).unwrap();
    assert!(matches!(Carved::new(&texture, Carving::new(&other).mask()), Err(CarveError::Grid { .. })));
    assert!(CarveMask::from_values(&other, &[0; 5]).is_err());
    assert!(carving.mask().is_empty() && carving.steps() == [0, 0], "what was refused changed something");
}
