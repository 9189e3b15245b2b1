//! `theatron render`.

use std::path::PathBuf;
use std::sync::Arc;

use app_engine::pictures::{Kind, Plane, Studio, save, usual_preset};
use app_engine::{Fault, Stopwatch, mesh, volumes};
use clap::ValueEnum;
use meshing_space::Point;
use render_volume::ViewFrom;
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::Stage;

/// Draw a picture of a case.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron render CASE --mode dvr --preset bone --camera anterior --out bone.png"
)]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// What to draw.
    #[arg(long, value_enum, default_value = "dvr")]
    mode: Mode,
    /// From which side (dvr, mip, surface), or which plane (mpr).
    #[arg(long, value_enum, default_value = "anterior")]
    camera: Camera,
    /// Colours and window: bone, skin, lung, vessel, brain, mr; default: by modality.
    #[arg(long)]
    preset: Option<String>,
    /// Point in the slice (mpr), LPS mm: X,Y,Z; default: the middle.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    at: Option<[f64; 3]>,
    /// Edge of the picture in pixels.
    #[arg(long, default_value_t = 768)]
    pixels: u32,
    /// The PNG file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also say how long drawing took.
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    bank: BankArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Shaded volume.
    Dvr,
    /// Maximum intensity.
    Mip,
    /// A slice with exact values.
    Mpr,
    /// The surface made last with `theatron mesh`.
    Surface,
}

#[derive(Clone, Copy, ValueEnum)]
enum Camera {
    Anterior,
    Posterior,
    Left,
    Right,
    Superior,
    Inferior,
    Axial,
    Coronal,
    Sagittal,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    let journal = bank.load(&case_id(&arguments.case)?, &actor()?)?;
    let case = journal.case();
    let entry = volumes::choose(case, None)?;
    let stage = Stage::new(("render", "渲染"));
    let volume = Arc::new(volumes::load(&bank, entry, &stage)?);
    let preset = arguments.preset.as_deref().unwrap_or_else(|| usual_preset(&entry.modality));
    let mut studio = Studio::new(&volume, preset)?;
    if let Some(surface) = case.surfaces.last().filter(|_| matches!(arguments.mode, Mode::Surface)) {
        studio.add_surface(&mesh::load(&bank, surface)?)?;
    }
    let watch = Stopwatch::new();
    let size = [arguments.pixels; 2];
    let side = side(arguments.camera);
    let picture = match arguments.mode {
        Mode::Dvr => studio.view(Kind::Dvr, side, size)?,
        Mode::Mip => studio.view(Kind::Mip, side, size)?,
        Mode::Surface => studio.view(Kind::Surface, side, size)?,
        Mode::Mpr => {
            let at = arguments.at.map_or_else(|| studio.middle(), Point::from_array);
            studio.slice(plane(arguments.camera), at)?
        }
    };
    let millis = watch.millis();
    save(&picture, &arguments.out)?;
    stage.done(&arguments.out.display().to_string());
    let stats = if arguments.stats {
        format!("drawn in {millis:.0} ms by {}\n", studio.device())
    } else {
        String::new()
    };
    let json = json!({"file": arguments.out, "width": picture.width(), "height": picture.height(), "draw_ms": millis, "device": studio.device()});
    Answer::new(&json, format!("{}\n{stats}", arguments.out.display()))
}

fn side(camera: Camera) -> ViewFrom {
    match camera {
        Camera::Anterior | Camera::Coronal => ViewFrom::Anterior,
        Camera::Posterior => ViewFrom::Posterior,
        Camera::Left | Camera::Sagittal => ViewFrom::Left,
        Camera::Right => ViewFrom::Right,
        Camera::Superior => ViewFrom::Superior,
        Camera::Inferior | Camera::Axial => ViewFrom::Inferior,
    }
}

fn plane(camera: Camera) -> Plane {
    match camera {
        Camera::Axial | Camera::Superior | Camera::Inferior => Plane::Axial,
        Camera::Coronal | Camera::Anterior | Camera::Posterior => Plane::Coronal,
        Camera::Sagittal | Camera::Left | Camera::Right => Plane::Sagittal,
    }
}

fn point(text: &str) -> Result<[f64; 3], String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    <[f64; 3]>::try_from(numbers)
        .map_err(|_numbers| "three numbers in mm, for example 12.5,-30,100".to_owned())
}
