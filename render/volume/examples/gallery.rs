//! Draws each mode once, from generated phantoms alone, as small pictures:
//! `cargo run -p render_volume --example gallery -- docs/gallery [NAME…]`.

#![expect(clippy::print_stdout, reason = "a program for the terminal: it says what it wrote")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, RgbaImage};
use meshing_phantom::{Contrast, Phantom};
use meshing_space::{Aabb, Lps, Point, Transform, Vector, World};
use meshing_surface::{Mesh, isosurface};
use meshing_volume::{Grid, Language, Volume, VolumeMeta, Voxels};
use render_gpu::Gpu;
use render_volume::{
    Camera, ClipPlane, ClipPlanes, CurvedPlane, EyeFov, FigureMap, Hidden, Label, LabelTexture, LineOverlay,
    MarkLine, MarkPainter, MarkedView, Marks, MeshBuffers, MeshItem, Outline, Overlay, Palette, PathTracer,
    Renderer, Scene, SegmentItem, SegmentLook, SegmentOverlay, SegmentStyle, Segments, Shading, Slab,
    SlabMode, SliceItem, SliceLayer, SlicePlane, SliceView, StrokeBuffers, StrokeItem, TransferFunction,
    TransferPoint, ViewFrom, ViewMatrices, Voi, VolumeItem, VolumeTexture, Width, Window, picture,
    picture_from, presets, spline,
};

type Drawn = Result<RgbaImage, Box<dyn Error>>;
type Draw = fn(&mut Studio) -> Drawn;

/// A new mode is one line here and a function below.
const PICTURES: &[(&str, Draw)] = &[
    ("bone", bone),
    ("skin", skin),
    ("vessel", vessel),
    ("path_skin", path_skin),
    ("path_bone", path_bone),
    ("edges", edges),
    ("iso", iso),
    ("light_off", light_off),
    ("light_on", light_on),
    ("mip", mip),
    ("minip", minip),
    ("mean", mean),
    ("slice", slice),
    ("slab_maximum", slab_maximum),
    ("slab_minimum", slab_minimum),
    ("slab_mean", slab_mean),
    ("curved", curved),
    ("fusion", fusion),
    ("segments_slice", segments_slice),
    ("segments_tinted", segments_tinted),
    ("segments_solid", segments_solid),
    ("segments_hidden", segments_hidden),
    ("segments_transfer", segments_transfer),
    ("cut", cut),
    ("translucent", translucent),
    ("silhouettes", silhouettes),
    ("distance", distance),
    ("labels_en", labels_en),
    ("labels_zh", labels_zh),
    ("marks", marks),
    ("stereo", stereo),
];

const SIZE: [u32; 2] = [352, 352];
const EM: f32 = 13.0;
/// The torso's liver, its tumour and a margin around that, as centres and semi-axes in LPS mm.
const LIVER: ([f64; 3], [f64; 3]) = ([-48.0, -8.0, -50.0], [74.0, 62.0, 50.0]);
const TUMOUR: ([f64; 3], [f64; 3]) = ([-78.0, -22.0, -62.0], [14.0; 3]);
const MARGIN: ([f64; 3], [f64; 3]) = (TUMOUR.0, [24.0; 3]);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name the folder for the pictures")?);
    let wanted: Vec<String> = arguments.collect();
    if let Some(unknown) = wanted.iter().find(|w| PICTURES.iter().all(|(name, _)| name != w)) {
        let names: Vec<_> = PICTURES.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no picture {unknown:?}; there are {}", names.join(", ")).into());
    }
    std::fs::create_dir_all(&folder)?;
    let mut studio = Studio::new()?;
    for (name, draw) in PICTURES {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            let picture = draw(&mut studio)?;
            let bytes = small_png(picture)?;
            println!("{name}: {} bytes", bytes.len());
            std::fs::write(folder.join(format!("{name}.png")), bytes)?;
        }
    }
    Ok(())
}

/// As a PNG of 6 bits a channel: smaller than of 8, and enough to look at.
fn small_png(picture: RgbaImage) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut picture = DynamicImage::ImageRgba8(picture).into_rgb8();
    for channel in picture.iter_mut() {
        *channel = ((u16::from(*channel) + 2) / 4 * 4).min(255) as u8;
    }
    let mut bytes = Vec::new();
    picture.write_with_encoder(PngEncoder::new_with_quality(
        &mut bytes,
        CompressionType::Best,
        FilterType::Adaptive,
    ))?;
    Ok(bytes)
}

/// A phantom and its scan.
struct Scan {
    phantom: Phantom,
    volume: Arc<Volume>,
    texture: VolumeTexture,
}

impl Scan {
    fn new(gpu: &Gpu, phantom: Phantom) -> Result<Self, Box<dyn Error>> {
        let volume = Arc::new(blurred(&phantom.volume(&phantom.default_grid())));
        let texture = VolumeTexture::upload(gpu, &volume)?;
        Ok(Self { phantom, volume, texture })
    }

    fn bounds(&self) -> Aabb<Lps> {
        self.volume.grid().bounds()
    }

    /// The scan in a shipped look.
    fn looking(&self, preset: &str) -> Result<VolumeItem, Box<dyn Error>> {
        let preset = presets::named(preset).ok_or("no such preset")?;
        Ok(VolumeItem::new(self.texture.clone(), preset.look_for(&self.volume)))
    }

    /// The scan in a shipped look, its parts in looks of their own; `others` is for those not named.
    fn in_parts(
        &self,
        gpu: &Gpu,
        preset: &str,
        others: SegmentLook,
        parts: &[(&str, SegmentLook)],
    ) -> Result<VolumeItem, Box<dyn Error>> {
        let labels = Arc::new(self.phantom.labels(self.volume.grid()));
        let mut looks = vec![others; 256];
        for (part, look) in parts {
            let label = self.phantom.truth().label(part).ok_or("no such part")?;
            looks[usize::from(label)] = look.clone();
        }
        let mut item = self.looking(preset)?;
        item.segments = Some(SegmentItem { segments: Segments::new(gpu, &self.texture, &labels)?, looks });
        Ok(item)
    }

    /// A slice of the picture's size, so that its marks are as sharp as its voxels allow.
    fn slice(&self, plane: SlicePlane, voi: Voi) -> SliceView {
        SliceView::new(plane.finer(4).within(SIZE[0]), SliceLayer::new(self.texture.clone(), voi))
    }
}

/// A little blurred, as a scanner blurs: weights 1, 2, 1 along each axis.
fn blurred(volume: &Volume) -> Volume {
    let grid = *volume.grid();
    let size = grid.size();
    let mut values: Vec<f32> = (0..grid.len()).map(|n| volume.value_at(n)).collect();
    let mut stride = 1;
    for along in size {
        let last = along - 1;
        let near = |n: usize, place: usize| {
            let (before, after) =
                (if place > 0 { n - stride } else { n }, if place < last { n + stride } else { n });
            (values[before] + 2.0 * values[n] + values[after]) / 4.0
        };
        let next = (0..values.len()).map(|n| near(n, n / stride % along)).collect();
        values = next;
        stride *= along;
    }
    let voxels = Voxels::I16(values.into_iter().map(|v| v.round() as i16).collect());
    Volume::new(grid, voxels, volume.meta().clone()).expect("as many voxels as the grid has")
}

/// What all pictures share.
struct Studio {
    gpu: Gpu,
    renderer: Renderer,
    painter: MarkPainter,
    /// A head with a face.
    head: Scan,
    torso: Scan,
    angiogram: Scan,
}

impl Studio {
    fn new() -> Result<Self, Box<dyn Error>> {
        let gpu = Gpu::headless()?;
        let font = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
        Ok(Self {
            renderer: Renderer::for_pictures(&gpu),
            painter: MarkPainter::for_pictures(&gpu, std::fs::read(font)?)?,
            head: Scan::new(&gpu, Phantom::portrait(Contrast::Ct))?,
            torso: Scan::new(&gpu, Phantom::torso())?,
            angiogram: Scan::new(&gpu, Phantom::angiogram())?,
            gpu,
        })
    }

    fn view(&mut self, camera: &Camera, scene: &Scene, marks: &Marks) -> Drawn {
        let mut picture = picture(&self.gpu, &mut self.renderer, SIZE, camera, scene)?;
        self.stamp(&mut picture, &MarkedView::camera(camera, SIZE), marks)?;
        Ok(picture)
    }

    fn slice(&mut self, view: &SliceView, plane: SlicePlane, marks: &Marks) -> Drawn {
        let mut picture = view.picture(&self.gpu)?;
        self.stamp(&mut picture, &MarkedView::Slice(plane.finer(4).within(SIZE[0])), marks)?;
        Ok(picture)
    }

    fn stamp(
        &mut self,
        picture: &mut RgbaImage,
        view: &MarkedView,
        marks: &Marks,
    ) -> Result<(), Box<dyn Error>> {
        match self.painter.stamp(picture, view, marks)? {
            0 => Ok(()),
            n => Err(format!("{n} labels found no room").into()),
        }
    }

    fn mesh(&self, mesh: &Mesh, colour: [f32; 4]) -> Result<MeshItem, Box<dyn Error>> {
        Ok(MeshItem::new(MeshBuffers::upload(&self.gpu, mesh)?, colour))
    }
}

/// Marks with a title and nothing else but letters and scale.
fn titled(title: &'static str) -> Marks {
    Marks { upper_left: vec![MarkLine::plain(title)], text_px: EM, ..Marks::default() }
}

fn scene(volumes: Vec<VolumeItem>) -> Scene {
    Scene { volumes, background: Scene::background_srgb([16, 19, 26]), ..Scene::default() }
}

/// From one side, turned by radians to the picture's right and up, and nearer by `zoom`.
fn camera(side: ViewFrom, bounds: &Aabb<Lps>, [dx, dy]: [f64; 2], zoom: f64) -> Camera {
    let mut camera = Camera::looking_from(side, bounds);
    camera.orbit(dx, dy);
    camera.zoom(zoom);
    camera
}

/// A scan that is a formula, on a grid of cubes.
fn formula(bounds: Aabb<Lps>, spacing: f64, meta: VolumeMeta, value: impl Fn(Point<Lps>) -> f64) -> Volume {
    let size = bounds.size().to_array().map(|mm| (mm / spacing).ceil().max(1.0) as usize);
    let grid = Grid::axis_aligned(size, bounds.min, [spacing; 3]).expect("a box of cubes");
    let mut voxels = Vec::with_capacity(grid.len());
    for k in 0..size[2] {
        for j in 0..size[1] {
            for i in 0..size[0] {
                let at = grid.lps_from_ijk() * Point::from_array([i, j, k].map(|n| n as f64));
                voxels.push(value(at) as f32);
            }
        }
    }
    Volume::new(grid, Voxels::F32(voxels), meta).expect("as many voxels as the grid has")
}

/// The surface of an ellipsoid.
fn egg((centre, radii): ([f64; 3], [f64; 3])) -> Mesh {
    let centre = Point::from_array(centre);
    let reach = Vector::from_array(radii.map(|r| r + 6.0));
    let bounds = Aabb { min: centre - reach, max: centre + reach };
    let volume = formula(bounds, 2.0, VolumeMeta::default(), |p| {
        let parts = (p - centre).to_array();
        1.0 - (0..3).map(|a| (parts[a] / radii[a]).powi(2)).sum::<f64>().sqrt()
    });
    isosurface(&volume, 0.0)
}

fn bone(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.head.looking("bone")?]);
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.55, 0.15], 1.3);
    s.view(&camera, &scene, &titled("Bone"))
}

fn skin(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.head.looking("skin")?]);
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.55, 0.15], 1.15);
    s.view(&camera, &scene, &titled("Skin"))
}

fn vessel(s: &mut Studio) -> Drawn {
    let scene = without_couch(s.angiogram.looking("vessel")?)?;
    let camera = camera(ViewFrom::Anterior, &s.angiogram.bounds(), [0.4, 0.25], 1.3);
    s.view(&camera, &scene, &titled("Vessels"))
}

fn path_skin(s: &mut Studio) -> Drawn {
    traced(s, "skin", "Skin, path-traced, 64 samples", 1.15)
}

fn path_bone(s: &mut Studio) -> Drawn {
    traced(s, "bone", "Bone, path-traced, 64 samples", 1.3)
}

fn traced(s: &mut Studio, preset: &str, title: &'static str, zoom: f64) -> Drawn {
    let scene = scene(vec![s.head.looking(preset)?]);
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.55, 0.15], zoom);
    let mut tracer = PathTracer::new(&s.gpu);
    let view = camera.matrices(1.0);
    while tracer.samples() < 64 {
        tracer.advance(&mut s.renderer, SIZE, &view, &scene, 16)?;
        s.gpu.wait();
    }
    let mut picture = tracer.picture(&mut s.renderer)?;
    s.stamp(&mut picture, &MarkedView::camera(&camera, SIZE), &titled(title))?;
    Ok(picture)
}

fn mip(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.torso.looking("ct_mip")?]);
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [0.5, 0.1], 1.3).orthographic();
    s.view(&camera, &scene, &titled("Maximum intensity"))
}

fn edges(s: &mut Studio) -> Drawn {
    let mut scene = scene(vec![s.head.looking("edges")?]);
    let at = Point::new(0.0, 0.0, 0.0);
    let front = ClipPlane { point: at, normal: Vector::new(0.25, 1.0, 0.0) };
    scene.clip = ClipPlanes::new(&[front]).ok_or("one plane")?;
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.3, 0.15], 1.15);
    s.view(&camera, &scene, &titled("Opacity by gradient"))
}

fn light_off(s: &mut Studio) -> Drawn {
    light(s, 0.0, 0.0, "Lamp alone")
}

fn light_on(s: &mut Studio) -> Drawn {
    light(s, 0.8, 0.6, "Occlusion and shadow")
}

fn light(s: &mut Studio, occlusion: f32, shadow: f32, title: &'static str) -> Drawn {
    let mut item = s.torso.looking("bone")?;
    item.look.shading = Shading { occlusion, shadow, ..item.look.shading };
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [0.55, 0.15], 1.4);
    s.view(&camera, &scene(vec![item]), &titled(title))
}

/// A slab of the chest, so that no air of the room is among what is smallest.
fn minip(s: &mut Studio) -> Drawn {
    let mut scene = scene(vec![s.torso.looking("airways_min")?]);
    let plane =
        |y: f64, side: f64| ClipPlane { point: Point::new(0.0, y, 0.0), normal: Vector::new(0.0, side, 0.0) };
    scene.clip = ClipPlanes::new(&[plane(-16.0, 1.0), plane(24.0, -1.0)]).ok_or("two planes")?;
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [0.0, 0.0], 1.3).orthographic();
    s.view(&camera, &scene, &titled("Minimum, 40 mm"))
}

fn mean(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.torso.looking("ct_mean")?]);
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [0.0, 0.0], 1.3).orthographic();
    s.view(&camera, &scene, &titled("Mean intensity"))
}

fn iso(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.head.looking("skin_and_bone")?]);
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.55, 0.15], 1.15);
    s.view(&camera, &scene, &titled("Surfaces of two values"))
}

fn axial(s: &Studio) -> SlicePlane {
    SlicePlane::axial(s.torso.volume.grid(), Point::from_array(TUMOUR.0))
}

fn slice(s: &mut Studio) -> Drawn {
    let plane = axial(s);
    let view = s.torso.slice(plane, Voi::linear(40.0, 400.0));
    let marks = Marks {
        upper_left: vec![MarkLine::plain("Axial, thin"), MarkLine::plain("C 40  W 400")],
        lower_left: vec![MarkLine::caution("NOT FOR CLINICAL USE")],
        labels: vec![Label::new(Point::from_array(TUMOUR.0), "tumour", [255, 200, 0])],
        text_px: EM,
        ..Marks::default()
    };
    s.slice(&view, plane, &marks)
}

fn slab(s: &mut Studio, slab: Slab, voi: Voi, title: &'static str) -> Drawn {
    let plane = SlicePlane::coronal(s.torso.volume.grid(), Point::new(0.0, 4.0, 0.0));
    let mut view = s.torso.slice(plane, voi);
    view.slab = slab;
    s.slice(&view, plane, &titled(title))
}

fn slab_maximum(s: &mut Studio) -> Drawn {
    slab(s, Slab::new(40.0, SlabMode::Maximum), Voi::linear(100.0, 700.0), "40 mm, maximum")
}

fn slab_minimum(s: &mut Studio) -> Drawn {
    slab(s, Slab::new(20.0, SlabMode::Minimum), Voi::linear(-400.0, 1400.0), "20 mm, minimum")
}

fn slab_mean(s: &mut Studio) -> Drawn {
    slab(s, Slab::new(20.0, SlabMode::Mean), Voi::linear(40.0, 400.0), "20 mm, mean")
}

/// The torso's aorta from the heart down, rolled out straight.
fn curved(s: &mut Studio) -> Drawn {
    let course = [
        [22.0, -10.0, 48.0],
        [8.0, -18.0, 76.0],
        [14.0, 0.0, 94.0],
        [20.0, 18.0, 82.0],
        [18.0, 19.0, 30.0],
        [12.0, 19.0, -126.0],
    ];
    let course = spline(&course.map(Point::from_array), 1.0)?;
    let surface = CurvedPlane::straightened(&course, 0.0, 200.0, 0.8)?.into();
    let mut line = LineOverlay::new([0, 220, 220], 1.2);
    line.path(&course, false, &surface, 1.0);
    line.opacity = 0.6;
    let layer = SliceLayer::new(s.torso.texture.clone(), Voi::linear(100.0, 500.0));
    let mut view = SliceView::new(surface, layer);
    view.overlays.push(Overlay::Lines(line));
    Ok(view.picture(&s.gpu)?)
}

fn fusion(s: &mut Studio) -> Drawn {
    let spot = |p: Point<Lps>, (centre, radii): ([f64; 3], [f64; 3]), height: f64| {
        let parts = (p - Point::from_array(centre)).to_array();
        height * (-(0..3).map(|a| (parts[a] / radii[a]).powi(2)).sum::<f64>()).exp()
    };
    let meta = VolumeMeta { modality: "PT".into(), unit: "SUV".into(), ..VolumeMeta::default() };
    let pet = formula(s.torso.bounds(), 4.0, meta, |p| {
        0.6 + spot(p, TUMOUR, 11.0) + spot(p, (LIVER.0, [50.0, 42.0, 34.0]), 2.4)
    });
    let texture = VolumeTexture::upload(&s.gpu, &Arc::new(pet))?;
    let plane = axial(s);
    let mut view = s.torso.slice(plane, Voi::linear(40.0, 400.0));
    view.layers.push(SliceLayer {
        palette: Palette::HotIron,
        opacity: 0.6,
        shown_from: Some(1.5),
        ..SliceLayer::new(texture, Voi::linear_exact(5.0, 10.0))
    });
    view.overlays.push(Overlay::Lines(LineOverlay::contour(
        &egg(MARGIN),
        &view.surface,
        [0, 230, 230],
        1.5,
    )?));
    let mut marks = titled("CT and PET, a margin");
    marks.lower_left = vec![MarkLine::plain("PET 0 to 10 SUV")];
    s.slice(&view, plane, &marks)
}

/// Parts of the torso with sRGB colours.
const ORGANS: [(&str, [u8; 3]); 7] = [
    ("liver", [200, 110, 80]),
    ("tumour", [250, 220, 0]),
    ("stomach", [110, 190, 90]),
    ("spleen", [170, 90, 200]),
    ("kidneys", [80, 150, 240]),
    ("aorta", [230, 50, 50]),
    ("hepatic_vessels", [60, 120, 255]),
];

fn segments_slice(s: &mut Studio) -> Drawn {
    let plane = axial(s);
    let labels = s.torso.phantom.labels(s.torso.volume.grid());
    let styles: BTreeMap<u8, SegmentStyle> = ORGANS
        .iter()
        .filter_map(|(part, colour)| {
            let style = SegmentStyle { fill: 0.25, ..SegmentStyle::new(*colour) };
            Some((s.torso.phantom.truth().label(part)?, style))
        })
        .collect();
    let mut view = s.torso.slice(plane, Voi::linear(40.0, 400.0));
    let texture = LabelTexture::upload(&s.gpu, &labels)?;
    view.overlays.push(Overlay::Segments(SegmentOverlay::new(texture, styles)));
    s.slice(&view, plane, &titled("Segments"))
}

/// The angiogram without the couch behind the patient.
fn without_couch(item: VolumeItem) -> Result<Scene, Box<dyn Error>> {
    let couch = ClipPlane { point: Point::new(0.0, 70.0, 0.0), normal: Vector::new(0.0, -1.0, 0.0) };
    let clip = ClipPlanes::new(&[couch]).ok_or("one plane")?;
    Ok(Scene { clip, ..scene(vec![item]) })
}

fn segments_tinted(s: &mut Studio) -> Drawn {
    let looks = [
        ("aorta", SegmentLook::coloured([0.9, 0.15, 0.15])),
        ("branches", SegmentLook::coloured([1.0, 0.6, 0.1])),
    ];
    let item = s.angiogram.in_parts(&s.gpu, "vessel", SegmentLook::PLAIN, &looks)?;
    let camera = camera(ViewFrom::Anterior, &s.angiogram.bounds(), [0.4, 0.25], 1.3);
    s.view(&camera, &without_couch(item)?, &titled("Segments tinted"))
}

/// Brain, ventricles and eyes as bodies of their own in a skull made glassy.
fn segments_solid(s: &mut Studio) -> Drawn {
    let looks = [
        ("brain", SegmentLook::solid([0.93, 0.66, 0.60], 0.015)),
        ("ventricles", SegmentLook::solid([0.25, 0.5, 1.0], 0.5)),
        ("eyes", SegmentLook::solid([0.95, 0.95, 1.0], 0.5)),
    ];
    let mut item = s.head.in_parts(&s.gpu, "bone", SegmentLook::PLAIN, &looks)?;
    item.look.transfer = item.look.transfer.with_opacity(0.06);
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.55, 0.15], 1.3);
    s.view(&camera, &scene(vec![item]), &titled("Segments solid"))
}

/// All but the arteries taken away.
fn segments_hidden(s: &mut Studio) -> Drawn {
    let looks = ["aorta", "branches"].map(|part| (part, SegmentLook::PLAIN));
    let item = s.angiogram.in_parts(&s.gpu, "vessel", SegmentLook::HIDDEN, &looks)?;
    let camera = camera(ViewFrom::Anterior, &s.angiogram.bounds(), [0.4, 0.25], 1.3);
    s.view(&camera, &scene(vec![item]), &titled("All but arteries hidden"))
}

/// Bone as the preset shows it, soft parts each by a function of its own.
fn segments_transfer(s: &mut Studio) -> Drawn {
    let own = |colour: [u8; 3], from: f32, opacity: f32| {
        let colour = colour.map(|c| f32::from(c) / 255.0);
        let point = |value, opacity_per_mm| TransferPoint { value, colour, opacity_per_mm };
        let points = vec![point(from - 60.0, 0.0), point(from, opacity), point(from + 600.0, opacity)];
        TransferFunction::new(points).map(SegmentLook::with_transfer).ok_or("a function")
    };
    let looks = [
        ("liver", own([200, 110, 80], 60.0, 0.02)?),
        ("hepatic_vessels", own([60, 120, 255], 130.0, 0.5)?),
        ("tumour", own([250, 220, 0], 20.0, 0.4)?),
        ("kidneys", own([80, 150, 240], 100.0, 0.1)?),
        ("aorta", own([230, 50, 50], 150.0, 0.5)?),
    ];
    let item = s.torso.in_parts(&s.gpu, "bone", SegmentLook::PLAIN, &looks)?;
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [0.35, 0.15], 1.3);
    s.view(&camera, &scene(vec![item]), &titled("A function each"))
}

/// The top taken away, with the scan itself on the cut.
fn cut(s: &mut Studio) -> Drawn {
    let mut scene = scene(vec![s.head.looking("skin")?]);
    let at = Point::new(0.0, 0.0, 20.0);
    let away = Vector::new(0.0, 0.0, -1.0);
    scene.clip = ClipPlanes::new(&[ClipPlane { point: at, normal: away }]).ok_or("one plane")?;
    // a hair inside what is kept, so that the cut does not take the slice with it
    let whole = SlicePlane::axial(s.head.volume.grid(), at + away * 0.05);
    let (left_front, size) = (whole.pixel(at + Vector::new(-82.0, -100.0, 0.0)), [164.0, 200.0]);
    let plane = SlicePlane {
        origin: whole.lps(left_front[0].round(), left_front[1].round()),
        size: size.map(|mm: f64| (mm / whole.pixel_mm) as u32),
        ..whole
    };
    scene.slices.push(SliceItem { texture: s.head.texture.clone(), plane, window: Window::new(40.0, 400.0) });
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.5, 0.65], 1.15);
    s.view(&camera, &scene, &titled("Cut, with its slice"))
}

fn translucent(s: &mut Studio) -> Drawn {
    let mut scene = scene(vec![s.torso.looking("bone")?]);
    scene.meshes = vec![
        s.mesh(&egg(LIVER), [0.78, 0.40, 0.30, 0.35])?,
        s.mesh(&egg(MARGIN), [0.35, 0.75, 1.0, 0.4])?,
        s.mesh(&egg(TUMOUR), [0.98, 0.86, 0.1, 1.0])?,
    ];
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [-0.45, 0.15], 1.3);
    s.view(&camera, &scene, &titled("Liver, margin, tumour"))
}

fn silhouettes(s: &mut Studio) -> Drawn {
    let mut scene = scene(vec![s.torso.looking("bone")?]);
    let outlined = |solid, [r, g, b]: [f32; 3]| -> Result<MeshItem, Box<dyn Error>> {
        let mut item = s.mesh(&egg(solid), [r, g, b, 1.0])?;
        item.outline = Some(Outline { colour: [r, g, b, 1.0], width_px: 2.5, hidden: 0.75 });
        Ok(item)
    };
    scene.meshes = vec![
        outlined(TUMOUR, [0.98, 0.86, 0.1])?,
        outlined(([-56.0, 52.0, -104.0], [20.0, 18.0, 28.0]), [0.3, 0.6, 0.95])?,
        outlined(([58.0, 52.0, -94.0], [20.0, 18.0, 28.0]), [0.3, 0.6, 0.95])?,
    ];
    let camera = camera(ViewFrom::Posterior, &s.torso.bounds(), [0.35, 0.1], 1.3);
    s.view(&camera, &scene, &titled("Outlines"))
}

/// How far a planned face is moved, outwards from the middle of the head.
fn distance(s: &mut Studio) -> Drawn {
    let bump = |p: Point<Lps>, at: [f64; 3], mm: f64, wide: f64| {
        mm * (-(p.distance(Point::from_array(at)) / wide).powi(2)).exp()
    };
    let moved = |p: Point<Lps>| {
        bump(p, [45.0, -85.0, -62.0], 5.0, 26.0) - bump(p, [0.0, -106.0, -112.0], 4.5, 24.0)
            + bump(p, [-45.0, -85.0, -62.0], 2.0, 26.0)
    };
    let middle = Point::new(0.0, -20.0, -40.0);
    let face = isosurface(&s.head.volume, -400.0);
    let figures: Vec<_> = face.positions.iter().map(|&p| Some(moved(p))).collect();
    let planned = face.positions.iter().map(|&p| {
        let out = (p - middle).normalized().unwrap_or(Vector::zero());
        p + out * moved(p)
    });
    let planned: Vec<_> = planned.collect();
    let buffers = MeshBuffers::with_figures(&s.gpu, &planned, &face.triangles, &figures)?;
    let mut item = MeshItem::new(buffers, [1.0; 4]);
    let map = FigureMap { what: "moved, mm".into(), range: 5.0 };
    item.map = Some(map.clone());
    let mut scene = scene(vec![]);
    scene.meshes.push(item);
    let marks = Marks { legend: Some(map), ..titled("Planned face") };
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.25, 0.05], 1.1);
    s.view(&camera, &scene, &marks)
}

const ENTRY: [f64; 3] = [52.0, -66.0, 52.0];
const TARGET: [f64; 3] = [14.0, -6.0, 4.0];

/// A path through a skull: its hidden part dashed, a ring around the entry, points at both ends.
fn labels(s: &mut Studio, language: Language) -> Drawn {
    let [entry, target] = [ENTRY, TARGET].map(Point::from_array);
    let along = (entry - target).normalized().ok_or("two points")?;
    let across = along.cross(Vector::new(0.0, 0.0, 1.0)).normalized().ok_or("not upright")?;
    let other = along.cross(across);
    let ring = (0..=72).map(|n| {
        let turn = f64::from(n) / 72.0 * std::f64::consts::TAU;
        entry + along * 12.0 + (across * turn.cos() + other * turn.sin()) * 12.0
    });
    let path = vec![entry + along * 60.0, target];
    let mut lines = StrokeItem::new(
        StrokeBuffers::lines(&s.gpu, &[path, ring.collect()])?,
        [0.1, 0.4, 1.0, 1.0],
        Width::Px(2.5),
    );
    lines.hidden = Hidden::Dashed { opacity: 0.8, px: 6.0 };
    let ends = StrokeBuffers::points(&s.gpu, &[entry, target])?;
    let mut ends = StrokeItem::new(ends, [1.0, 0.3, 0.25, 1.0], Width::Px(9.0));
    ends.hidden = Hidden::Faint(0.8);
    let mut scene = scene(vec![s.head.looking("bone")?]);
    scene.strokes = vec![lines, ends];
    let marks = Marks {
        upper_left: vec![MarkLine::plain(("Planned path", "规划路径"))],
        lower_left: vec![MarkLine::caution(("NOT FOR CLINICAL USE", "不得用于临床"))],
        labels: vec![
            Label::new(entry, ("entry point", "入点"), [70, 130, 255]),
            Label::new(target, ("target", "靶点"), [255, 110, 90]),
        ],
        language,
        text_px: EM,
        ..Marks::default()
    };
    let camera = camera(ViewFrom::Anterior, &s.head.bounds(), [0.7, 0.25], 1.25);
    s.view(&camera, &scene, &marks)
}

fn labels_en(s: &mut Studio) -> Drawn {
    labels(s, Language::English)
}

fn labels_zh(s: &mut Studio) -> Drawn {
    labels(s, Language::Chinese)
}

/// Cube, scale, letters and the stamp of an invented patient.
fn marks(s: &mut Studio) -> Drawn {
    let scene = scene(vec![s.torso.looking("bone")?]);
    let camera = camera(ViewFrom::Anterior, &s.torso.bounds(), [-0.5, 0.25], 1.15).orthographic();
    let marks = Marks {
        upper_left: vec![MarkLine::plain("Bone")],
        upper_right: vec![MarkLine::plain("ANON^PHANTOM"), MarkLine::plain("ID 000000")],
        lower_left: vec![MarkLine::caution("NOT FOR CLINICAL USE")],
        cube: true,
        text_px: EM,
        ..Marks::default()
    };
    s.view(&camera, &scene, &marks)
}

/// Life-size, 45 cm before two eyes 63 mm apart; the left eye's picture at the left.
fn stereo(s: &mut Studio) -> Drawn {
    const AWAY_M: f64 = 0.45;
    let half_m = 0.125;
    let size = [192, 192];
    let item = s.head.looking("bone")?;
    let middle = s.head.volume.grid().center();
    // the patient's left is the stage's x, the head is up
    let axes = [Vector::new(0.001, 0.0, 0.0), Vector::new(0.0, 0.0, -0.001), Vector::new(0.0, 0.001, 0.0)];
    let turned = Transform::<World, Lps>::from_axes(Point::origin(), axes);
    let at = Point::new(0.0, 0.0, -AWAY_M) - (turned * middle - Point::origin());
    let world_from_lps = Transform::<World, Lps>::from_axes(at, axes);
    let scene = scene(vec![item]);
    let mut both = RgbaImage::new(2 * size[0], size[1]);
    for (n, x) in [-0.0315, 0.0315].into_iter().enumerate() {
        let fov = EyeFov {
            left: ((-half_m - x) / AWAY_M).atan(),
            right: ((half_m - x) / AWAY_M).atan(),
            up: (half_m / AWAY_M).atan(),
            down: (-half_m / AWAY_M).atan(),
        };
        let eye = Point::new(x, 0.0, 0.0);
        let view = ViewMatrices::from_xr_eye(eye, glam::DQuat::IDENTITY, fov, 0.05, world_from_lps)
            .ok_or("a view")?;
        let mut picture = picture_from(&s.gpu, &mut s.renderer, size, &view, &scene)?;
        let title = ["left eye", "right eye"][n];
        let marks = Marks { scale: false, text_px: 11.0, ..titled(title) };
        s.stamp(&mut picture, &MarkedView::Eye(view, middle), &marks)?;
        image::imageops::replace(&mut both, &picture, (n as u32 * size[0]).into(), 0);
    }
    Ok(both)
}
