//! What `theatron render` takes.

use std::path::PathBuf;

use clap::ValueEnum;
use render_volume::Palette;

use super::super::bank::BankArguments;
use super::parse::{
    Along, FuseOption, SurfaceOption, apart, background, cut, degrees, distance_file, factor, fuse, iso,
    palette, point, shift, size, step, surface, thickness, width, window,
};

/// Draw a picture of a case.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The case.
    #[arg(required_unless_present = "list_presets")]
    pub(super) case: Option<String>,
    /// What to draw.
    #[arg(long, value_enum, default_value = "dvr")]
    pub(super) mode: Mode,
    /// Which volume: its id or the beginning of it, or the modality that only one has; default: the most useful one.
    #[arg(long, value_name = "VOLUME")]
    pub(super) volume: Option<String>,
    /// The PNG file; with --turntable the folder of the frames.
    #[arg(long, value_name = "FILE", required_unless_present = "list_presets")]
    pub(super) out: Option<PathBuf>,
    /// Edge of the picture in pixels; of a slice its longer edge. Default: 768, a slice by its voxels.
    #[arg(long, value_parser = clap::value_parser!(u32).range(16..=16_384))]
    pub(super) pixels: Option<u32>,
    /// Pixels across and down; slices keep their shape and take --pixels.
    #[arg(long, value_name = "WxH", value_parser = size, conflicts_with = "pixels")]
    pub(super) size: Option<[u32; 2]>,
    /// Colour behind everything: #RRGGBB, black, grey or white.
    #[arg(long, value_name = "COLOUR", value_parser = background)]
    pub(super) background: Option<[u8; 3]>,
    /// Also say how long each stage took, what the rays did, how much memory that needs, who drew and how well.
    #[arg(long)]
    pub(super) stats: bool,
    #[command(flatten)]
    pub(super) look: LookOptions,
    #[command(flatten)]
    pub(super) camera: CameraOptions,
    #[command(flatten)]
    pub(super) slice: SliceOptions,
    #[command(flatten)]
    pub(super) shown: ShownOptions,
    #[command(flatten)]
    pub(super) more: MoreOptions,
    #[command(flatten)]
    pub(super) bank: BankArguments,
}

/// One for each thing that can be shown.
const EXAMPLES: &str = "Examples:
  theatron render CASE --preset bone --camera anterior --out bone.png --stats
  theatron render CASE --mode mip --preset vessel --size 1024x768 --out mip.png
  theatron render CASE --mode iso --iso -300:#e0b090:0.3 --iso 250 --out skin-and-bone.png
  theatron render CASE --mode minip --cut \"0,-80,0;0,1,0\" --cut \"0,60,0;0,-1,0\" --out airways.png
  theatron render CASE --mode path --samples 64 --background white --out still.png
  theatron render CASE --mode surface --surface bone --surface guide:#40a0ff:0.6 --outline --out fit.png
  theatron render CASE --mode mpr --camera coronal --slab 20 --projection maximum --segments --out slab.png
  theatron render CASE --mode curved --along \"10,-20,90; 12,-25,60; 8,-22,30\" --width 50 --out aorta.png
  theatron render CASE --mode curved --along jaw.json --stretch 0,0,1 --width 30 --slab 5 --out jaw.png
  theatron render CASE --mode mpr --fuse PT:hot_iron:0.6 --out fused.png
  theatron render CASE --fuse PT --out fused-volume.png
  theatron render CASE --preset bone --surface tumour:#ff4040:0.5 --cut \"0,0,90;0,1,0\" --out cut.png
  theatron render CASE --mode surface --surface bone --distance-to planned --out far.png
  theatron render CASE --preset presets.xml --preset-name CT-Bone --out slicer.png
  theatron render --list-presets
  theatron render CASE --stereo --ipd 63 --out pair.png
  theatron render CASE --camera-at 300,-500,120 --look-at 0,0,90 --up 0,0,1 --fov 30 --out free.png
  theatron render CASE --depths far.nrrd --tiles tiles.json --out near.png
  theatron render CASE --turntable 36 --out frames";

#[derive(clap::Args)]
#[command(next_help_heading = "Look")]
pub(super) struct LookOptions {
    /// Colours and window: an id, for example bone, skin, lung, vessel, or a file (.toml; 3D Slicer .vp, .vp.json, .mrml,
    /// .xml; ImageVis3D .1dt; ParaView .json); default: by modality.
    #[arg(long, value_name = "ID|FILE")]
    pub(super) preset: Option<String>,
    /// Which one, where the file holds several.
    #[arg(long, value_name = "NAME", requires = "preset")]
    pub(super) preset_name: Option<String>,
    /// Folder of your own presets (.toml); default: $XDG_CONFIG_HOME/theatron/presets.
    #[arg(long, value_name = "DIR")]
    pub(super) presets: Option<PathBuf>,
    /// List the presets by modality and draw nothing.
    #[arg(long)]
    pub(super) list_presets: bool,
    /// Window of slices and projections, in the volume's unit: CENTER,WIDTH; default: the preset's.
    #[arg(long, value_name = "CENTER,WIDTH", value_parser = window, allow_hyphen_values = true)]
    pub(super) window: Option<[f64; 2]>,
    /// Multiply the preset's opacities; default: 1 (dvr, iso, path).
    #[arg(long, value_name = "FACTOR", value_parser = factor, allow_hyphen_values = true)]
    pub(super) opacity: Option<f32>,
    /// Move the preset to other values, in the volume's unit; above 0 shows less of what is soft (dvr, iso, path).
    #[arg(long, value_name = "VALUE", value_parser = shift, allow_hyphen_values = true)]
    pub(super) shift: Option<f64>,
    /// Distance between samples along rays, in parts of the smallest voxel spacing; default: the preset's (all but slices and surface).
    #[arg(long, value_name = "VOXELS", value_parser = step)]
    pub(super) step: Option<f32>,
    /// A surface of one value, in the volume's unit, with a colour #RRGGBB and an opacity of 0 to 1; up to eight times (iso).
    #[arg(long = "iso", value_name = "VALUE[:COLOUR[:OPACITY]]", value_parser = iso, allow_hyphen_values = true)]
    pub(super) iso: Vec<render_volume::IsoSurface>,
    /// Samples a pixel; default: 64 (path).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) samples: Option<u32>,
    /// Show the samples as they are, with their noise (path).
    #[arg(long)]
    pub(super) no_denoise: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "From where (all but curved; of mpr --camera alone)")]
pub(super) struct CameraOptions {
    /// From which side, or which plane (mpr); default: anterior.
    #[arg(long, value_enum)]
    pub(super) camera: Option<Side>,
    /// Where the camera stands, LPS mm: X,Y,Z.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true, conflicts_with = "camera")]
    pub(super) camera_at: Option<[f64; 3]>,
    /// What it looks at, LPS mm: X,Y,Z; default: the middle.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true, requires = "camera_at")]
    pub(super) look_at: Option<[f64; 3]>,
    /// Up in the picture, LPS: X,Y,Z; default: the head.
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true, requires = "camera_at")]
    pub(super) up: Option<[f64; 3]>,
    /// Its full vertical angle, degrees; default: 30.
    #[arg(long, value_name = "DEG", value_parser = degrees, requires = "camera_at")]
    pub(super) fov: Option<f64>,
    /// The camera of an earlier picture: a file with the answer of --json, or its "camera" alone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["camera", "camera_at"])]
    pub(super) from_camera: Option<PathBuf>,
    /// Without foreshortening: one scale holds everywhere.
    #[arg(long)]
    pub(super) orthographic: bool,
    /// Side by side what the left and the right eye see, each of --pixels or --size (all but slices and path).
    #[arg(long)]
    pub(super) stereo: bool,
    /// How far the eyes are apart, mm; default: 63.
    #[arg(long, value_name = "MM", value_parser = apart, requires = "stereo")]
    pub(super) ipd: Option<f64>,
    /// So many frames all around, frame-000.png… into the folder of --out (all but slices and path).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=3600), conflicts_with = "stereo")]
    pub(super) turntable: Option<u32>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Slices (mpr, curved)")]
pub(super) struct SliceOptions {
    /// Point in the slice, LPS mm: X,Y,Z; default: the middle (mpr).
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    pub(super) at: Option<[f64; 3]>,
    /// Direction across the slice, LPS: X,Y,Z; default: by the camera (mpr).
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true, conflicts_with = "camera")]
    pub(super) normal: Option<[f64; 3]>,
    /// The curve: points, LPS mm, from the picture's top; a JSON file of points; or the name of a planned curve (curved).
    #[arg(long, value_name = "X,Y,Z; X,Y,Z…|FILE|NAME", value_parser = Along::parse, allow_hyphen_values = true)]
    pub(super) along: Option<Along>,
    /// How wide the slice is, mm; default: 60. With --stretch: how far it reaches beyond the curve, 30 (curved).
    #[arg(long, value_name = "MM", value_parser = width)]
    pub(super) width: Option<f64>,
    /// Turn the straightened slice around the curve, degrees (curved).
    #[arg(long, value_name = "DEG", value_parser = degrees, allow_hyphen_values = true, conflicts_with = "stretch")]
    pub(super) turn: Option<f64>,
    /// Stretch the slice along lines of this direction, LPS, instead of straightening it (curved).
    #[arg(long, value_name = "X,Y,Z", value_parser = point, allow_hyphen_values = true)]
    pub(super) stretch: Option<[f64; 3]>,
    /// Thickness of the slice, mm; default: 0.
    #[arg(long, value_name = "MM", value_parser = thickness)]
    pub(super) slab: Option<f64>,
    /// What a thick slice shows of its thickness; default: mean.
    #[arg(long, value_enum)]
    pub(super) projection: Option<Projection>,
    /// Colours of a slice, for example hot_iron, pet, viridis; default: grey.
    #[arg(long, value_parser = palette)]
    pub(super) palette: Option<Palette>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "What is shown beside")]
pub(super) struct ShownOptions {
    /// Lay another volume of the case over it, by its id or modality, in a palette, with an opacity of 0 to 1 (dvr, mpr, curved).
    #[arg(long, value_name = "VOLUME[:PALETTE[:OPACITY]]", value_parser = fuse)]
    pub(super) fuse: Option<FuseOption>,
    /// Window of the volume laid over, in its unit: CENTER,WIDTH; default: by its modality.
    #[arg(long, value_name = "CENTER,WIDTH", value_parser = window, allow_hyphen_values = true, requires = "fuse")]
    pub(super) fuse_window: Option<[f64; 2]>,
    /// Show the case's segments: outlined on slices, tinted in the volume (dvr, mpr, curved).
    #[arg(long)]
    pub(super) segments: bool,
    /// Hide a segment; may be given several times (dvr, mpr, curved).
    #[arg(long, value_name = "NAME")]
    pub(super) hide: Vec<String>,
    /// Show these segments alone, cutting away what belongs to none of them; may be given several times (dvr).
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// A surface or solid of the case within the volume, or its contour on slices, with a colour #RRGGBB and an opacity of
    /// 0 to 1, at first 0.5; may be given several times.
    #[arg(long = "surface", value_name = "NAME[:COLOUR[:OPACITY]]", value_parser = surface)]
    pub(super) surfaces: Vec<SurfaceOption>,
    /// Draw a line around each --surface, which shows it behind bone too (all but slices and path).
    #[arg(long, requires = "surfaces")]
    pub(super) outline: bool,
    /// Colour the only --surface by its distance to another surface or solid of the case (all but slices).
    #[arg(long, value_name = "NAME", requires = "surfaces")]
    pub(super) distance_to: Option<String>,
    /// Cut by a plane: a point and the direction to what is kept, LPS mm; up to six times (all but slices).
    #[arg(long = "cut", value_name = "X,Y,Z;NX,NY,NZ", value_parser = cut, allow_hyphen_values = true)]
    pub(super) cuts: Vec<[[f64; 3]; 2]>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Files beside the picture")]
pub(super) struct MoreOptions {
    /// Write how far away each pixel lies: .nrrd (32-bit mm, with the camera's matrices) or .png (16 bits) (all but slices and path).
    #[arg(long, value_name = "FILE", value_parser = distance_file, conflicts_with_all = ["stereo", "turntable"])]
    pub(super) depths: Option<PathBuf>,
    /// Write the hashes of the picture's tiles, by which a viewer proves that it shows this very picture: JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "turntable")]
    pub(super) tiles: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Shaded volume.
    Dvr,
    /// Maximum intensity.
    Mip,
    /// Minimum intensity: cut the air around the body away first.
    Minip,
    /// Mean intensity.
    Mean,
    /// Surfaces of one value each: those of --iso, or the preset's.
    Iso,
    /// A slice with exact values.
    Mpr,
    /// A slice along a curve, rolled out, with exact values.
    Curved,
    /// Surfaces alone: those of --surface, or the one made last with `theatron mesh`.
    Surface,
    /// Path-traced volume: scattered light, soft shadows.
    Path,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Projection {
    /// The largest value.
    Maximum,
    /// The smallest value.
    Minimum,
    /// The mean.
    Mean,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Side {
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
