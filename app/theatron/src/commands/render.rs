//! `theatron render`.

use std::path::PathBuf;
use std::sync::Arc;

use app_engine::pictures::{Cut, Kind, Plane, SliceWish, Studio, save, usual_preset};
use app_engine::segment::load_mask;
use app_engine::{Fault, FaultKind, Stopwatch, mesh, volumes};
use casebank_case::{Case, VolumeEntry};
use casebank_store::Bank;
use clap::ValueEnum;
use meshing_space::{Point, Vector};
use meshing_volume::Volume;
use render_volume::{MarchStatistics, Palette, Slab, SlabMode, ViewFrom, Window};
use serde_json::json;

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language};

/// Draw a picture of a case.
#[derive(clap::Args)]
#[command(
    after_help = "Example: theatron render CASE --mode dvr --preset bone --camera anterior --out bone.png\n         theatron render CASE --mode mpr --camera coronal --slab 20 --projection maximum --segments --out slab.png"
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
    /// Colours and window, for example bone, skin, lung, vessel; default: by modality.
    #[arg(long)]
    preset: Option<String>,
    /// Point in the slice (mpr), LPS mm: X,Y,Z; default: the middle.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    at: Option<[f64; 3]>,
    /// Direction across the slice (mpr), LPS: X,Y,Z; default: by the camera.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    normal: Option<[f64; 3]>,
    /// Thickness of the slice (mpr), mm.
    #[arg(long, value_name = "MM", default_value_t = 0.0, value_parser = thickness)]
    slab: f64,
    /// What a thick slice shows of its thickness (mpr).
    #[arg(long, value_enum, default_value = "mean")]
    projection: Projection,
    /// Window of slices and projections, in the volume's unit: CENTER,WIDTH; default: the preset's.
    #[arg(long, value_name = "CENTER,WIDTH", value_parser = window, allow_hyphen_values = true)]
    window: Option<[f64; 2]>,
    /// Colours of a slice (mpr), for example hot_iron, pet, viridis; default: grey.
    #[arg(long, value_parser = palette)]
    palette: Option<Palette>,
    /// Show the case's segments: outlined on slices, tinted in the volume (dvr).
    #[arg(long)]
    segments: bool,
    /// Hide a segment (dvr, mpr); may be given several times.
    #[arg(long, value_name = "NAME")]
    hide: Vec<String>,
    /// Show these segments alone, cutting away what belongs to none of them (dvr); may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Distance between samples along rays, in parts of the smallest voxel spacing; default: the preset's.
    #[arg(long, value_name = "VOXELS", value_parser = step)]
    step: Option<f32>,
    /// Samples a pixel (path).
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    samples: u32,
    /// Show the samples as they are, with their noise (path).
    #[arg(long)]
    no_denoise: bool,
    /// Edge of the picture in pixels.
    #[arg(long, default_value_t = 768, value_parser = clap::value_parser!(u32).range(16..=16_384))]
    pixels: u32,
    /// The PNG file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also say how long each stage took, what the rays did, and how much memory the volume needs.
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    bank: BankArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Shaded volume.
    Dvr,
    /// Maximum intensity.
    Mip,
    /// A slice with exact values.
    Mpr,
    /// The surface made last with `theatron mesh`.
    Surface,
    /// Path-traced volume: scattered light, soft shadows.
    Path,
}

#[derive(Clone, Copy, ValueEnum)]
enum Projection {
    /// The largest value.
    Maximum,
    /// The smallest value.
    Minimum,
    /// The mean.
    Mean,
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
    let watch = Stopwatch::new();
    let volume = Arc::new(volumes::load(&bank, entry, &stage)?);
    let load_ms = watch.millis();
    let preset = arguments.preset.as_deref().unwrap_or_else(|| usual_preset(&entry.modality));
    let watch = Stopwatch::new();
    let mut studio = Studio::new(&volume, preset)?;
    studio.language = language();
    if let Some(surface) =
        case.surfaces.last().filter(|_| matches!(arguments.mode, Mode::Surface | Mode::Mpr))
    {
        studio.add_surface(&mesh::load(&bank, surface)?)?;
    }
    arguments.prepare(&mut studio, &bank, case, entry, &volume)?;
    let prepare_ms = watch.millis();
    let watch = Stopwatch::new();
    let size = [arguments.pixels; 2];
    let side = side(arguments.camera);
    let kind = match arguments.mode {
        Mode::Dvr => Some(Kind::Dvr),
        Mode::Mip => Some(Kind::Mip),
        Mode::Surface => Some(Kind::Surface),
        Mode::Mpr | Mode::Path => None,
    };
    let picture = match kind {
        Some(kind) => studio.view(kind, side, size)?,
        None if arguments.mode == Mode::Path => {
            studio.traced(side, size, arguments.samples, !arguments.no_denoise, &stage)?
        }
        None => studio.slice_with(&arguments.slice(&studio))?,
    };
    let draw_ms = watch.millis();
    save(&picture, &arguments.out)?;
    stage.done(&arguments.out.display().to_string());
    let mut json = json!({"file": arguments.out, "width": picture.width(), "height": picture.height(), "draw_ms": draw_ms, "device": studio.device()});
    let mut words = vec![arguments.out.display().to_string()];
    if arguments.stats {
        json["stages_ms"] = json!({"read": load_ms, "prepare": prepare_ms, "draw": draw_ms});
        words.push(format!(
            "read {load_ms:.0} ms, prepared {prepare_ms:.0} ms, drawn in {draw_ms:.0} ms by {}",
            studio.device()
        ));
        let marched = kind.filter(|kind| *kind != Kind::Surface);
        if let Some(march) = marched.and_then(|kind| studio.statistics(kind, side, size)) {
            json["march"] = json!(march);
            words.push(march_words(&march));
        }
    }
    let words = words.join("\n") + "\n";
    Answer::new(&json, words)
}

fn march_words(march: &MarchStatistics) -> String {
    format!(
        "{} of {} pixels have a ray; samples a ray {:.1}, shaded {:.1}, leaps {:.1}; skipped {:.1} % of the way; {:.1} % \
         of the cells show something; {:.1} MiB",
        march.rays,
        march.pixels,
        march.samples_a_ray,
        march.shaded_a_ray,
        march.leaps_a_ray,
        march.skipped_share * 100.0,
        march.visible_share * 100.0,
        march.bytes as f64 / f64::from(1 << 20),
    )
}

impl Arguments {
    /// Segments, window and steps as they were asked for.
    fn prepare(
        &self,
        studio: &mut Studio,
        bank: &Bank,
        case: &Case,
        entry: &VolumeEntry,
        volume: &Volume,
    ) -> Result<(), Fault> {
        if let Some([center, width]) = self.window {
            studio.set_window(Window { center, width });
        }
        if let Some(step) = self.step {
            studio.set_step(step);
        }
        let of_volume = || case.segments.iter().filter(|segment| segment.volume == entry.id);
        let named = self.hide.iter().chain(&self.only);
        if let Some(unknown) = named.clone().find(|name| of_volume().all(|segment| segment.name != **name)) {
            let there: Vec<&str> = of_volume().map(|segment| segment.name.as_str()).collect();
            return Err(Fault::new(
                FaultKind::Usage,
                format!("The volume has no segment {unknown:?}."),
                "Nothing was drawn.",
                format!(
                    "It has: {}.",
                    if there.is_empty() { "none yet".to_owned() } else { there.join(", ") }
                ),
            ));
        }
        if !self.segments && named.count() == 0 {
            return Ok(());
        }
        let masks: Result<Vec<_>, Fault> = of_volume()
            .map(|segment| Ok((segment.name.clone(), load_mask(bank, segment, volume)?)))
            .collect();
        studio.add_segments(&masks?, self.segments)?;
        studio.cut_by_segments(&self.hide, &self.only);
        Ok(())
    }

    fn slice(&self, studio: &Studio) -> SliceWish {
        let mode = match self.projection {
            Projection::Maximum => SlabMode::Maximum,
            Projection::Minimum => SlabMode::Minimum,
            Projection::Mean => SlabMode::Mean,
        };
        SliceWish {
            cut: self
                .normal
                .map_or_else(|| Cut::Plane(plane(self.camera)), |n| Cut::Across(Vector::from_array(n))),
            point: self.at.map_or_else(|| studio.middle(), Point::from_array),
            slab: Slab::new(self.slab, mode),
            palette: self.palette.unwrap_or_default(),
        }
    }
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
        .ok()
        .filter(|numbers| numbers.iter().all(|n| n.is_finite()))
        .ok_or_else(|| "three numbers in mm, for example 12.5,-30,100".to_owned())
}

fn window(text: &str) -> Result<[f64; 2], String> {
    let numbers: Vec<f64> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    <[f64; 2]>::try_from(numbers)
        .ok()
        .filter(|[center, width]| center.is_finite() && width.is_finite() && *width >= 1.0)
        .ok_or_else(|| "a center and a width of 1 or more, for example 40,400".to_owned())
}

fn thickness(text: &str) -> Result<f64, String> {
    let mm = text.trim().parse().ok().filter(|mm: &f64| (0.0..=1000.0).contains(mm));
    mm.ok_or_else(|| "a thickness of 0 to 1000 mm".to_owned())
}

fn step(text: &str) -> Result<f32, String> {
    let voxels = text.trim().parse().ok().filter(|voxels: &f32| (0.1..=4.0).contains(voxels));
    voxels.ok_or_else(|| "0.1 to 4 voxels".to_owned())
}

fn palette(text: &str) -> Result<Palette, String> {
    let id = |p: &Palette| serde_json::to_value(p).ok().and_then(|v| v.as_str().map(str::to_owned));
    let known = Palette::ALL.iter().find(|p| id(p).as_deref() == Some(text));
    known.copied().ok_or_else(|| {
        let ids: Vec<String> = Palette::ALL.iter().filter_map(id).collect();
        format!("one of {}", ids.join(", "))
    })
}
