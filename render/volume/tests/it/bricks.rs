//! Volumes in bricks look like whole ones, stay within their bytes, and say what they do not show.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_volume::{Grid, Told as _, Volume, Voxels, Words};
use render_volume::twin::{self, TwinScene};
use render_volume::{
    BrickSource, Camera, Caps, Carve, CarveTool, Carved, Carving, ClipPlanes, CutShape, Keep, Look, Mode,
    MprError, PathTracer, Region, Renderer, Scene, Slab, SlabMode, SliceItem, SlicePlane, Supply,
    UploadError, VolumeItem, VolumeTexture, VolumesBy, Window, mpr_values, picture, reform,
};

use crate::common::*;
use crate::twins::plain_gpu;

const SIZE: [u32; 2] = [72, 56];
/// A brick of 32³ 16-bit voxels with one more around it.
const SLOT_BYTES: u64 = 34 * 34 * 34 * 2;

/// A budget of which the atlas takes so many slots, with a little for its page table; the rest is for slices.
fn budget(slots: u64) -> u64 {
    (slots * SLOT_BYTES + 4096) * 4 / 3
}

/// An oblique, left-handed grid with odd sizes of several bricks along each axis.
fn grid() -> Grid {
    let small = oblique_grid();
    let (size, spacing) = ([101, 75, 67], [0.45, 0.62, 0.75]);
    let d = small.direction();
    let half = |a: usize| d[a] * (spacing[a] * (size[a] as f64 - 1.0) / 2.0);
    Grid::new(size, centre() - half(0) - half(1) - half(2), d, spacing).unwrap()
}

/// Noise without any likeness between neighbours, over a ball.
fn noise(p: Point<Lps>) -> f64 {
    let d = p - centre();
    let hash = ((d.x() * 12.9898 + d.y() * 78.233 + d.z() * 37.719).sin() * 43758.5453).fract().abs();
    if d.length() < 17.0 { -200.0 + 1300.0 * hash } else { -1000.0 }
}

/// Whatever source the volume is read from, always in bricks.
#[derive(Debug)]
struct InMemory {
    volume: Arc<Volume>,
    levels: Vec<([usize; 3], Vec<i16>)>,
    refuses: AtomicBool,
}

impl InMemory {
    fn new(volume: &Arc<Volume>) -> Arc<Self> {
        let Voxels::I16(v) = volume.voxels() else { unreachable!() };
        let mut levels = vec![(volume.grid().size(), v.clone())];
        while levels.last().unwrap().0 != [1; 3] {
            let (n, fine) = levels.last().unwrap();
            let half = n.map(|n| n.div_ceil(2));
            let mut coarse = Vec::new();
            for at in 0..half.iter().product::<usize>() {
                let low = [at % half[0] * 2, at / half[0] % half[1] * 2, at / half[0] / half[1] * 2];
                let (mut sum, mut count) = (0.0, 0.0);
                for k in low[2]..(low[2] + 2).min(n[2]) {
                    for j in low[1]..(low[1] + 2).min(n[1]) {
                        for i in low[0]..(low[0] + 2).min(n[0]) {
                            sum += f64::from(fine[(k * n[1] + j) * n[0] + i]);
                            count += 1.0;
                        }
                    }
                }
                coarse.push((sum / count).round() as i16);
            }
            levels.push((half, coarse));
        }
        Arc::new(Self { volume: volume.clone(), levels, refuses: AtomicBool::new(false) })
    }
}

impl BrickSource for InMemory {
    fn grid(&self) -> &Grid {
        self.volume.grid()
    }

    fn floats(&self) -> bool {
        false
    }

    fn read(&self, region: Region) -> Supply {
        let (n, voxels) = &self.levels[usize::from(region.level)];
        if region.level == 0 && self.refuses.load(Ordering::Relaxed) && region.first[0] > 40 {
            return Supply::Failed(Words::new("the line is dead", "线路中断"));
        }
        let [i, j, k] = region.first;
        let [w, h, d] = region.size;
        let rows = (k..k + d).flat_map(|k| (j..j + h).map(move |j| (k * n[1] + j) * n[0] + i));
        Supply::Here(Voxels::I16(rows.flat_map(|at| voxels[at..at + w].iter().copied()).collect()))
    }
}

fn in_bricks(volume: &Arc<Volume>, slots: u64) -> VolumeTexture {
    VolumeTexture::from_source(gpu(), InMemory::new(volume), budget(slots)).unwrap()
}

fn scene(texture: &VolumeTexture, look: &Look) -> Scene {
    Scene { volumes: vec![VolumeItem::new(texture.clone(), look.clone())], ..Scene::default() }
}

fn shaders(camera: &Camera, scene: &Scene) -> image::RgbaImage {
    drawn_by(VolumesBy::Shaders, SIZE, camera, scene)
}

fn close((mean, most): (f64, u8)) -> bool {
    mean <= 0.05 && most <= 3
}

#[test]
fn bricks_look_like_the_whole_volume_and_like_its_twin() {
    for (name, value) in [("balls", two_balls as fn(Point<Lps>) -> f64), ("noise", noise)] {
        let volume = volume_of(grid(), value);
        let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
        let bricks = in_bricks(&volume, 1000);
        for mode in [Mode::Dvr, Mode::Mip] {
            let look = look(mode);
            let camera = askew();
            let a = shaders(&camera, &scene(&bricks, &look));
            let b = shaders(&camera, &scene(&whole, &look));
            let detail = bricks.detail().unwrap();
            assert!(detail.is_full() && detail.visible > 8 && detail.coarsest == 1, "{detail}");
            assert_eq!(
                (detail.to_string().as_str(), detail.chinese().as_str()),
                ("full resolution", "全分辨率")
            );
            assert!(close(difference(&a, &b)), "{name} {mode:?}: {:?}", difference(&a, &b));
            let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
            let twin = twin::picture(SIZE, &camera, &twin);
            assert!(close(difference(&a, &twin)), "{name} {mode:?} twin: {:?}", difference(&a, &twin));
        }
    }
}

/// What came to pictures after bricks did: other modes, cuts, carving, caps, several volumes in one march.
#[test]
fn surfaces_means_cuts_and_mixtures_of_bricks_are_those_of_the_whole_volume() {
    let volume = volume_of(grid(), two_balls);
    let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
    let bricks = in_bricks(&volume, 1000);
    let mut carving = Carving::new(volume.grid());
    let ball = CutShape::ball(centre() - Vector::new(9.0, -1.0, 7.0), 5.0, Keep::Outside).unwrap();
    carving.apply(Carve::Away, &CarveTool::Shape(&ball)).unwrap();
    let cut = CutShape::ball(centre() + Vector::new(6.0, -3.0, 4.0), 7.0, Keep::Outside).unwrap();
    let clip = ClipPlanes::none().with(cut).unwrap();
    let draw = |texture: &VolumeTexture, mode, count: usize| {
        let carve = Carved::new(texture, carving.mask()).unwrap();
        let look = Look { window: Window::new(0.0, 3000.0), ..look(mode) };
        let caps = (mode == Mode::Iso).then(|| Caps::new(Window::new(0.0, 2000.0)));
        let mut item = VolumeItem { caps, ..VolumeItem::new(texture.clone(), look) };
        item.carve = (count == 1).then_some(carve);
        let volumes = vec![item; count];
        shaders(&askew(), &Scene { volumes, clip: clip.clone(), ..Scene::default() })
    };
    for (mode, count) in [(Mode::Iso, 1), (Mode::MinIp, 1), (Mode::Mean, 1), (Mode::Dvr, 1), (Mode::Dvr, 2)] {
        let off = difference(&draw(&bricks, mode, count), &draw(&whole, mode, count));
        assert!(close(off), "{mode:?}, {count}: {off:?}");
    }
}

/// Something that goes wrong between the source and the picture.
#[derive(Debug)]
struct Faulty {
    good: Arc<InMemory>,
    wrong: fn(&InMemory, Region) -> Voxels,
}

impl BrickSource for Faulty {
    fn grid(&self) -> &Grid {
        self.good.grid()
    }

    fn floats(&self) -> bool {
        false
    }

    fn read(&self, region: Region) -> Supply {
        // the ranges of values are read in layers, and are right
        if region.size[0] > 34 {
            self.good.read(region)
        } else {
            Supply::Here((self.wrong)(&self.good, region))
        }
    }
}

fn voxels(source: &InMemory, region: Region) -> Vec<i16> {
    match source.read(region) {
        Supply::Here(Voxels::I16(v)) => v,
        other => panic!("{other:?}"),
    }
}

/// As if a brick had nothing around it: what lies beyond its own voxels repeats them.
fn without_apron(source: &InMemory, region: Region) -> Voxels {
    let mut out = voxels(source, region);
    let [w, h, _] = region.size;
    let own = |a: usize| {
        let first = usize::from(region.first[a] > 0);
        (first, region.size[a] - 1 - usize::from(region.size[a] > 33 || (first == 0 && region.size[a] == 33)))
    };
    let [x, y, z] = [own(0), own(1), own(2)];
    for n in 0..out.len() {
        let at = [n % w, n / w % h, n / w / h];
        let near = [at[0].clamp(x.0, x.1), at[1].clamp(y.0, y.1), at[2].clamp(z.0, z.1)];
        out[n] = out[(near[2] * h + near[1]) * w + near[0]];
    }
    Voxels::I16(out)
}

/// As if the page table named a slot that holds another brick.
fn of_another_place(source: &InMemory, region: Region) -> Voxels {
    let mut other = region;
    if region.level == 0 && region.first[1] == 0 {
        other.first[1] = 30;
    }
    Voxels::I16(voxels(source, other))
}

#[test]
fn a_missing_apron_or_a_wrong_page_breaks_the_bound() {
    let volume = volume_of(grid(), noise);
    let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
    let look = look(Mode::Dvr);
    let right = shaders(&askew(), &scene(&whole, &look));
    for wrong in [without_apron, of_another_place] {
        let source = Arc::new(Faulty { good: InMemory::new(&volume), wrong });
        let bricks = VolumeTexture::from_source(gpu(), source, budget(1000)).unwrap();
        let off = difference(&shaders(&askew(), &scene(&bricks, &look)), &right);
        assert!(bricks.detail().unwrap().is_full() && !close(off) && off.0 > 0.1, "unseen: {off:?}");
    }
}

/// A ramp along all three axes of the room.
fn ramp(p: Point<Lps>) -> f64 {
    let d = p - centre();
    300.0 + 40.0 * d.x() + 25.0 * d.y() - 30.0 * d.z()
}

#[test]
fn levels_side_by_side_leave_no_mark_in_a_ramp() {
    let volume = volume_of(grid(), ramp);
    let look = look(Mode::Dvr);
    // away from the faces of the volume, where a coarse voxel reaches further out than a fine one
    let reach = Vector::new(9.0, 9.0, 9.0);
    let clip = ClipPlanes::inside(&Aabb { min: centre() - reach, max: centre() + reach });
    let mut near = askew();
    near.zoom(2.0);
    let mixed = (9..20).find_map(|slots| {
        let bricks = in_bricks(&volume, slots);
        let drawn = shaders(&near, &Scene { clip: clip.clone(), ..scene(&bricks, &look) });
        let detail = bricks.detail().unwrap();
        (detail.coarsest > 1 && detail.full > 0).then_some((drawn, detail))
    });
    let (drawn, detail) = mixed.unwrap();
    eprintln!("ramp: {detail}");
    let twin = TwinScene { volumes: vec![(&*volume, &look)], clip, ..TwinScene::default() };
    let off = difference(&drawn, &twin::picture(SIZE, &near, &twin));
    assert!(off.0 <= 0.3 && off.1 <= 6, "{off:?}");
}

/// Several times the size of [`grid`], and as oblique.
fn large_grid() -> Grid {
    let g = grid();
    let (size, spacing) = ([202, 150, 134], g.spacing_mm().map(|mm| mm / 2.0));
    let d = g.direction();
    let half = |a: usize| d[a] * (spacing[a] * (size[a] as f64 - 1.0) / 2.0);
    Grid::new(size, centre() - half(0) - half(1) - half(2), d, spacing).unwrap()
}

#[test]
fn a_volume_four_times_its_atlas_stays_within_its_bytes_evicts_and_comes_back() {
    let volume = volume_of(large_grid(), two_balls);
    let whole = volume.voxels().len() as u64 * 2;
    let allowed = budget(24);
    assert!(24 * SLOT_BYTES * 4 < whole + whole / 20, "{whole}");
    let bricks = VolumeTexture::in_bricks(gpu(), &volume, allowed).unwrap();
    let look = look(Mode::Dvr);
    // a small part of either ball, cut out of the rest
    let near = |at: [f64; 3]| {
        let (at, reach) = (centre() + Vector::from_array(at), Vector::new(3.0, 3.0, 3.0));
        ClipPlanes::inside(&Aabb { min: at - reach, max: at + reach })
    };
    let all = ClipPlanes::none();
    let (one, other) = (near([7.0, -2.0, 5.0]), near([-8.0, 4.0, -6.0]));
    let draw = |clip: &ClipPlanes| {
        let drawn = shaders(&askew(), &Scene { clip: clip.clone(), ..scene(&bricks, &look) });
        assert!(bricks.bytes() <= allowed, "{} of {allowed} bytes", bricks.bytes());
        (drawn, bricks.detail().unwrap(), bricks.bricks_brought())
    };
    // all of it: coarse, and it says so
    let (far, said, _) = draw(&all);
    assert!(!said.is_full() && said.coarsest >= 2 && said.visible > 24 && said.is_settled(), "{said}");
    assert!(
        said.to_string().contains("coarsest shown 1/") && said.chinese().contains("最粗处为 1/"),
        "{said}"
    );
    let twin = |clip: &ClipPlanes| {
        let clip = clip.clone();
        let twin = TwinScene { volumes: vec![(&*volume, &look)], clip, ..TwinScene::default() };
        twin::picture(SIZE, &askew(), &twin)
    };
    let off = difference(&far, &twin(&all));
    eprintln!("far: {said}; {off:?}");
    assert!(off.0 < 1.5, "coarse is not wrong: {off:?}");
    // from near all that is seen has room
    for clip in [&one, &other] {
        let (drawn, said, _) = draw(clip);
        eprintln!("near: {said:?}");
        assert!(said.is_full() && said.visible > 3, "{said}");
        let off = difference(&drawn, &twin(clip));
        assert!(close(off), "{off:?}");
    }
    let (first, _, _) = draw(&one);
    let (far_again, _, before) = draw(&all);
    let (again, _, brought) = draw(&one);
    assert!(brought > before && first == again, "what was evicted comes back the same");
    assert!(far == far_again, "a picture depends on its view, not on those before it");
}

#[test]
fn a_picture_grows_finer_while_it_stands_still_and_says_so() {
    let volume = volume_of(grid(), two_balls);
    let bricks = in_bricks(&volume, 1000);
    let mut renderer = Renderer::new(gpu(), wgpu::TextureFormat::Rgba8UnormSrgb);
    renderer.draw_volumes_by(VolumesBy::Shaders);
    renderer.bring_bricks(5);
    let scene = scene(&bricks, &look(Mode::Dvr));
    let texture = |format| {
        let texture = gpu().device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: 400, height: 400, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    };
    let (colour, depth) =
        (texture(wgpu::TextureFormat::Rgba8UnormSrgb), texture(wgpu::TextureFormat::Depth32Float));
    let target = render_volume::Target {
        colour: &colour,
        depth: &depth,
        size: [400, 400],
        viewport: None,
        clear: Some([0.0; 4]),
    };
    let (mut brought, mut turns) = (bricks.bricks_brought(), 0);
    loop {
        let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        renderer.draw(&mut encoder, &target, &askew().matrices(1.0), &scene);
        let said = bricks.detail().unwrap();
        let now = bricks.bricks_brought();
        assert!(now <= brought + 5, "at most five for each picture");
        brought = now;
        turns += 1;
        if said.is_settled() {
            assert!(said.coarsest <= 2 && turns > 2, "{said} after {turns}");
            break;
        }
        assert!(turns < 100 && said.to_string().contains("on their way"), "{said}");
    }
}

#[test]
fn bricks_that_cannot_be_had_leave_something_coarser_and_are_said() {
    let volume = volume_of(grid(), two_balls);
    let source = InMemory::new(&volume);
    source.refuses.store(true, Ordering::Relaxed);
    let ranged = Arc::new(Ranged(source.clone()));
    let bricks = VolumeTexture::from_source(gpu(), ranged, budget(1000)).unwrap();
    let look = look(Mode::Dvr);
    let coarse = shaders(&askew(), &scene(&bricks, &look));
    let said = bricks.detail().unwrap();
    assert!(said.failed > 0 && said.full > 0 && said.coarsest >= 2 && said.is_settled(), "{said:?}");
    assert!(said.to_string().contains("could not be read: the line is dead"), "{said}");
    assert!(said.chinese().contains("无法读取：线路中断"), "{}", said.chinese());
    let plane = SlicePlane::axial(volume.grid(), centre());
    let error = mpr_values(gpu(), &bricks, &plane).unwrap_err();
    assert!(
        matches!(error, MprError::NotHere(_)) && error.to_string().contains("the line is dead"),
        "{error}"
    );
    source.refuses.store(false, Ordering::Relaxed);
    bricks.retry_bricks();
    let fine = shaders(&askew(), &scene(&bricks, &look));
    assert!(bricks.detail().unwrap().is_full());
    let whole = shaders(&askew(), &scene(&VolumeTexture::upload(gpu(), &volume).unwrap(), &look));
    let (before, after) = (difference(&coarse, &whole), difference(&fine, &whole));
    assert!(close(after) && before.0 > 2.0 * after.0 && before.0 < 2.0, "{before:?} {after:?}");
}

/// A source that keeps an index of its values.
#[derive(Debug)]
struct Ranged(Arc<InMemory>);

impl BrickSource for Ranged {
    fn grid(&self) -> &Grid {
        self.0.grid()
    }

    fn floats(&self) -> bool {
        false
    }

    fn read(&self, region: Region) -> Supply {
        self.0.read(region)
    }

    fn ranges(&self) -> Result<render_volume::Ranges, Words> {
        InMemory::new(&self.0.volume).ranges()
    }
}

/// The same values as floats.
#[derive(Debug)]
struct Floats(Arc<InMemory>);

impl BrickSource for Floats {
    fn grid(&self) -> &Grid {
        self.0.grid()
    }

    fn floats(&self) -> bool {
        true
    }

    fn read(&self, region: Region) -> Supply {
        Supply::Here(Voxels::F32(voxels(&self.0, region).into_iter().map(f32::from).collect()))
    }
}

#[test]
fn bricks_of_floats_and_on_a_device_that_filters_nothing_are_drawn_the_same() {
    let volume = volume_of(grid(), two_balls);
    let source = InMemory::new(&volume);
    let look = look(Mode::Dvr);
    let twin = TwinScene { volumes: vec![(&*volume, &look)], ..TwinScene::default() };
    let twin = twin::picture(SIZE, &askew(), &twin);
    let plain = plain_gpu();
    let floats = || Arc::new(Floats(source.clone()));
    let textures = [
        VolumeTexture::from_source(gpu(), floats(), 1 << 30).unwrap(),
        VolumeTexture::from_source(&plain, floats(), 1 << 30).unwrap(),
        VolumeTexture::from_source(&plain, source.clone(), 1 << 30).unwrap(),
    ];
    let mut renderers = [gpu(), &plain].map(Renderer::for_pictures);
    let plane = SlicePlane::axial(volume.grid(), centre());
    let exact = mpr_values(gpu(), &VolumeTexture::upload(gpu(), &volume).unwrap(), &plane).unwrap();
    for (texture, on) in textures.iter().zip([0, 1, 1]) {
        let (gpu, renderer) = ([gpu(), &plain][on], &mut renderers[on]);
        renderer.draw_volumes_by(VolumesBy::Shaders);
        let drawn = picture(gpu, renderer, SIZE, &askew(), &scene(texture, &look)).unwrap();
        assert!(texture.detail().unwrap().is_full());
        assert!(close(difference(&drawn, &twin)), "{on}: {:?}", difference(&drawn, &twin));
        // means of floats are taken in steps of a 65,536th of their range
        let slice = mpr_values(gpu, texture, &plane).unwrap();
        let pairs = slice.values.iter().zip(&exact.values);
        let off = pairs.map(|(a, b)| (a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs()).fold(0.0, f32::max);
        assert!(off < 0.01, "{on}: {off}");
    }
}

#[test]
fn slices_of_bricks_are_exact_or_refused() {
    let volume = volume_of(grid(), noise);
    let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
    let bricks = in_bricks(&volume, 60);
    let mut oblique = SlicePlane::axial(volume.grid(), centre());
    oblique.right = Vector::new(0.8, 0.36, 0.48);
    oblique.down = Vector::new(-0.6, 0.48, 0.64);
    let [across, down] = oblique.size.map(|n| f64::from(n) * oblique.pixel_mm / 2.0);
    oblique.origin = centre() - oblique.right * across - oblique.down * down;
    for plane in
        [SlicePlane::axial(volume.grid(), centre()), SlicePlane::sagittal(volume.grid(), centre()), oblique]
    {
        assert_eq!(mpr_values(gpu(), &bricks, &plane).unwrap(), mpr_values(gpu(), &whole, &plane).unwrap());
        for mode in [SlabMode::Maximum, SlabMode::Mean] {
            let slab = Slab::new(5.0, mode);
            let [a, b] = [&bricks, &whole].map(|t| reform(gpu(), t, &plane.into(), &slab).unwrap());
            assert!(a == b, "{mode:?}");
        }
    }
    let tight = in_bricks(&volume, 9);
    let error = mpr_values(gpu(), &tight, &oblique).unwrap_err();
    assert!(
        matches!(error, MprError::Bricks { .. }) && error.to_string().contains("larger budget"),
        "{error}"
    );
    assert!(error.chinese().contains("字节"));
}

#[test]
fn every_16_bit_value_is_loaded_as_it_is() {
    let values: Vec<i16> = (0..=u16::MAX).map(|v| v as i16).collect();
    let grid = Grid::axis_aligned([256, 256, 1], Point::origin(), [1.0; 3]).unwrap();
    let meta = volume_of(oblique_grid(), two_balls).meta().clone();
    let volume = Arc::new(Volume::new(grid, Voxels::I16(values.clone()), meta).unwrap());
    let plane = SlicePlane::axial(volume.grid(), Point::new(127.5, 127.5, 0.0));
    for texture in [VolumeTexture::upload(gpu(), &volume).unwrap(), in_bricks(&volume, 1000)] {
        let slice = mpr_values(gpu(), &texture, &plane).unwrap();
        let mut seen: Vec<i32> = slice.values.iter().map(|v| v.unwrap() as i32).collect();
        assert!(slice.values.iter().all(|v| v.unwrap().fract() == 0.0));
        seen.sort_unstable();
        assert_eq!(seen, (-32768..=32767).collect::<Vec<i32>>());
    }
}

#[test]
fn a_slice_in_the_scene_and_a_path_traced_picture_of_bricks_are_those_of_the_whole() {
    let volume = volume_of(grid(), two_balls);
    let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
    let bricks = in_bricks(&volume, 1000);
    let plane = SlicePlane::coronal(volume.grid(), centre() + Vector::new(0.0, 6.0, 0.0));
    let slices = [&bricks, &whole].map(|texture| {
        let slice = SliceItem { texture: texture.clone(), plane, window: Window::new(0.0, 2000.0) };
        shaders(&askew(), &Scene { slices: vec![slice], ..Scene::default() })
    });
    assert!(close(difference(&slices[0], &slices[1])), "{:?}", difference(&slices[0], &slices[1]));
    let mut renderer = Renderer::for_pictures(gpu());
    let traced = [&bricks, &whole].map(|texture| {
        let mut tracer = PathTracer::new(gpu());
        let scene = scene(texture, &look(Mode::Dvr));
        let view = askew().matrices(1.0);
        for _ in 0..2 {
            tracer.advance(&mut renderer, [32, 32], &view, &scene, 4).unwrap();
        }
        assert_eq!(tracer.samples(), 8, "bricks that were there already start nothing anew");
        tracer.picture(&mut renderer).unwrap()
    });
    let off = difference(&traced[0], &traced[1]);
    assert!(off.0 < 0.5, "{off:?}");
}

#[test]
fn bricks_of_strange_sizes_are_drawn_or_refused_in_words() {
    let grid = |size| Grid::axis_aligned(size, Point::origin(), [1.0; 3]).unwrap();
    let limit = gpu().device.limits().max_texture_dimension_3d as usize;
    for size in [[1, 1, 1], [limit + 70, 2, 3], [33, 1, 65]] {
        let volume = volume_of(grid(size), |p| 200.0 + p.z());
        let bricks = in_bricks(&volume, 1000);
        let camera = Camera::anterior(&volume.grid().bounds());
        let drawn = shaders(&camera, &scene(&bricks, &look(Mode::Dvr)));
        // the long one is thinner than a pixel
        let seen = size[0] > 1000 || drawn.pixels().any(|p| p.0[0] > 0);
        assert!(bricks.detail().unwrap().is_full() && seen, "{size:?}");
    }
    let volume = volume_of(oblique_grid(), two_balls);
    let error = VolumeTexture::in_bricks(gpu(), &volume, 1000).unwrap_err();
    assert!(matches!(error, UploadError::Budget { .. }) && error.to_string().contains("coarser"), "{error}");
    let fits = VolumeTexture::in_bricks(gpu(), &volume, u64::MAX).unwrap();
    assert!(fits.detail().is_none(), "what fits is there as a whole");
    assert!(VolumeTexture::from_source(gpu(), Arc::new(Silent(*volume.grid())), 1 << 30).is_err());
    let huge = grid([1 << 12; 3]);
    assert!(VolumeTexture::from_source(gpu(), Arc::new(Silent(huge)), u64::MAX).is_err());
    let wrong = Arc::new(Faulty { good: InMemory::new(&volume), wrong: |_, _| Voxels::I16(vec![7]) });
    let bricks = VolumeTexture::from_source(gpu(), wrong, budget(100)).unwrap();
    shaders(&askew(), &scene(&bricks, &look(Mode::Dvr)));
    let said = bricks.detail().unwrap();
    assert!(said.to_string().contains("1 voxels where"), "{said}");
}

/// A source that knows nothing of its values.
#[derive(Debug)]
struct Silent(Grid);

impl BrickSource for Silent {
    fn grid(&self) -> &Grid {
        &self.0
    }

    fn floats(&self) -> bool {
        false
    }

    fn read(&self, _: Region) -> Supply {
        Supply::Coming
    }
}

#[test]
fn the_processor_draws_bricks_of_a_volume_in_memory_in_full() {
    let volume = volume_of(large_grid(), two_balls);
    let bricks = VolumeTexture::in_bricks(gpu(), &volume, budget(20)).unwrap();
    let whole = VolumeTexture::upload(gpu(), &volume).unwrap();
    let look = look(Mode::Dvr);
    let mut renderer = Renderer::for_pictures(gpu());
    renderer.draw_volumes_by(VolumesBy::Processor);
    let [a, b] =
        [&bricks, &whole].map(|t| picture(gpu(), &mut renderer, SIZE, &askew(), &scene(t, &look)).unwrap());
    assert!(a == b && bricks.detail().unwrap().is_full());
    // another device, less room
    let small = bricks.on(gpu(), budget(12)).unwrap();
    assert!(small.reduction().is_none() && small.bytes() <= budget(12));
}
