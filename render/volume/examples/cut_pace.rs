//! How long cutting and carving take on a volume of N³ voxels (512 unless told), the processor drawing:
//! `cargo run -p render_volume --example cut_pace -- [N]`.

#![expect(clippy::print_stdout, reason = "a program for the terminal: it says what it measured")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap, Volume, VolumeMeta, Voxels};
use render_gpu::Gpu;
use render_volume::{
    Camera, Caps, Carve, CarveTool, Carved, Carving, ClipPlane, ClipPlanes, CutError, CutShape, Keep,
    Renderer, Scene, ViewFrom, VolumeItem, VolumeTexture, VolumesBy, Window, picture, presets,
};

const MIDDLE: Point<Lps> = Point::new(128.0, 128.0, 128.0);
const STROKES: usize = 120;

fn main() -> Result<(), Box<dyn Error>> {
    let edge: usize = std::env::args().nth(1).map_or(Ok(512), |n| n.parse())?;
    let spacing_mm = 256.0 / edge as f64;
    let grid = Grid::axis_aligned([edge; 3], Point::origin(), [spacing_mm; 3])?;
    let ball = |n: usize| {
        let at = [n % edge, n / edge % edge, n / (edge * edge)].map(|c| c as f64 * spacing_mm - 128.0);
        if at.iter().map(|c| c * c).sum::<f64>() < 120.0 * 120.0 { 700 } else { -1000 }
    };
    let voxels = Voxels::I16((0..grid.len()).map(ball).collect());
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
    let volume = Arc::new(Volume::new(grid, voxels, meta)?);
    let gpu = Gpu::headless()?;
    println!(
        "{}, {edge}³ voxels of {spacing_mm} mm, brush of 10 mm across, 5 mm on at each event",
        gpu.facts.name
    );
    let texture = VolumeTexture::upload(&gpu, &volume)?;
    let look = presets::named("bone").ok_or("no such preset")?.look_for(&volume);
    let camera = Camera::looking_from(ViewFrom::Anterior, &grid.bounds());
    let mut renderer = Renderer::for_pictures(&gpu);
    let item = VolumeItem::new(texture.clone(), look.clone());
    pictures(&gpu, &mut renderer, &camera, &item)?;
    shapes(&grid, &camera)?;
    for by in [VolumesBy::Processor, VolumesBy::Shaders] {
        renderer.draw_volumes_by(by);
        let mut carving = Carving::new(&grid);
        let mut draw = |carving: &Carving| -> Result<f64, Box<dyn Error>> {
            let carve = Some(Carved::new(&texture, carving.mask())?);
            let item = VolumeItem { carve, ..VolumeItem::new(texture.clone(), look.clone()) };
            let begun = Instant::now();
            picture(
                &gpu,
                &mut renderer,
                [8, 8],
                &camera,
                &Scene { volumes: vec![item], ..Scene::default() },
            )?;
            Ok(begun.elapsed().as_secs_f64() * 1e3)
        };
        let first = draw(&carving)?;
        let (mut carved, mut still, mut after, mut bricks) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for n in 0..STROKES {
            let angle = |t: f64| (t * 0.05).sin_cos();
            let at = |t| Point::new(128.0, 128.0, 128.0) + Vector::new(angle(t).1, -1.0, angle(t).0) * 80.0;
            let path = [at(n as f64), at(n as f64 + 1.25)];
            // beside each other, so that what else the machine does weighs on both
            still.push(draw(&carving)?);
            let begun = Instant::now();
            bricks += carving.join(Carve::Away, &CarveTool::Stroke { path: &path, radius_mm: 5.0 })?.bricks;
            carved.push(begun.elapsed().as_secs_f64() * 1e3);
            after.push(draw(&carving)?);
        }
        let more: Vec<_> = after.iter().zip(&still).map(|(a, b)| a - b).collect();
        println!(
            "{by:?}: first picture {first:.1} ms; a picture of 8 by 8 pixels without a change {}; stroke {}; what the \
             picture after it takes more {}; {} bricks a stroke",
            told(still),
            told(carved),
            told(more),
            bricks / STROKES,
        );
    }
    Ok(())
}

/// Pictures of 1024² pixels under each kind of cut.
fn pictures(
    gpu: &Gpu,
    renderer: &mut Renderer,
    camera: &Camera,
    item: &VolumeItem,
) -> Result<(), Box<dyn Error>> {
    let plane = ClipPlane { point: MIDDLE, normal: Vector::new(0.3, 1.0, 0.2) };
    let plane = ClipPlanes::new(&[plane]).ok_or("one plane")?;
    let ball = CutShape::ball(Point::new(128.0, 60.0, 160.0), 70.0, Keep::Outside)?;
    let caps = Some(Caps { window: Window::new(40.0, 400.0), above: Some(-300.0) });
    let with = |shape| ClipPlanes::none().with(shape);
    let lasso = lasso(camera)?;
    let cases = [
        ("nothing", ClipPlanes::none(), None),
        ("a plane", plane.clone(), None),
        ("a plane, capped", plane, caps),
        ("a ball", with(ball.clone())?, None),
        ("a ball, capped", with(ball)?, caps),
        ("a lasso", with(lasso.clone())?, None),
        ("a lasso, capped", with(lasso)?, caps),
    ];
    for (name, clip, caps) in cases {
        let scene = Scene { volumes: vec![VolumeItem { caps, ..item.clone() }], clip, ..Scene::default() };
        let each = (0..6).map(|_| {
            let begun = Instant::now();
            picture(gpu, renderer, [1024, 1024], camera, &scene).map(|_| begun.elapsed().as_secs_f64() * 1e3)
        });
        println!("picture of 1024² pixels, cut by {name}: {}", told(each.collect::<Result<_, _>>()?));
    }
    Ok(())
}

/// Carving by whole shapes.
fn shapes(grid: &Grid, camera: &Camera) -> Result<(), Box<dyn Error>> {
    let ball = CutShape::ball(MIDDLE, 60.0, Keep::Outside)?;
    for (name, shape) in
        [("a ball of 60 mm", &ball), ("all but it", &ball.inverted()), ("a lasso", &lasso(camera)?)]
    {
        let mut carving = Carving::new(grid);
        let begun = Instant::now();
        let changed = carving.apply(Carve::Away, &CarveTool::Shape(shape))?;
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        println!("carving {name}: {ms:.1} ms, {} bricks", changed.bricks);
    }
    let mut labels = LabelMap::empty(grid);
    let edge = grid.size()[0];
    for (n, label) in labels.labels_mut().iter_mut().enumerate() {
        let at = [n % edge, n / edge % edge, n / (edge * edge)].map(|c| c as f64 / edge as f64 - 0.5);
        *label = u8::from(at.iter().map(|c| c * c).sum::<f64>() < 0.0625);
    }
    for margin_mm in [0.0, 2.0, 5.0] {
        let tool = CarveTool::Segment { labels: &labels, label: 1, margin_mm, spare: &[] };
        let mut carving = Carving::new(grid);
        let begun = Instant::now();
        let changed = carving.apply(Carve::Away, &tool)?;
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        println!(
            "carving a segment of 128 mm across and {margin_mm} mm more: {ms:.0} ms, {} bricks",
            changed.bricks
        );
    }
    Ok(())
}

/// A round line of 64 corners over a third of the picture, seen from beside.
fn lasso(camera: &Camera) -> Result<CutShape, CutError> {
    let mut beside = *camera;
    beside.orbit(0.8, 0.2);
    let line: Vec<_> = (0..64).map(|n| (f64::from(n) / 64.0 * std::f64::consts::TAU).sin_cos()).collect();
    let line: Vec<_> = line.iter().map(|(y, x)| [0.2 + 0.4 * x, 0.1 + 0.35 * y]).collect();
    CutShape::lasso(&beside.matrices(1.0), &line, None, Keep::Outside)
}

/// Median and 95th percentile.
fn told(mut ms: Vec<f64>) -> String {
    ms.sort_by(f64::total_cmp);
    format!("{:.2} ms (p95 {:.2})", ms[ms.len() / 2], ms[ms.len() * 95 / 100])
}
