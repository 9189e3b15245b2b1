//! Items of work that `compare.py` runs beside other programs, one file each; a new one is a file and a line in [`WORK`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use image::RgbaImage;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use meshing_volume::{Grid, LabelMap, Volume, VolumeMeta, Voxels};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

mod airway;
mod bone;
mod bone_chain;
mod boolean;
mod brush;
mod components;
mod distance;
mod fill_holes;
mod gaussian;
mod isosurface;
mod isosurface_labels;
mod median;
mod mesh_check;
mod mesh_holes;
mod offset;
mod random_walker;
mod region_grow;
mod render;
mod repair;
mod simplify;
mod smooth;
mod stl_read;
mod stl_write;
mod vesselness;
mod watershed;

pub use render::covered;

/// All items.
pub const WORK: &[Work] = &[
    airway::WORK,
    bone::WORK,
    bone_chain::WORK,
    boolean::WORK,
    brush::WORK,
    components::WORK,
    distance::WORK,
    fill_holes::WORK,
    gaussian::WORK,
    isosurface::WORK,
    isosurface_labels::WORK,
    median::WORK,
    mesh_check::WORK,
    mesh_holes::WORK,
    offset::WORK,
    random_walker::WORK,
    region_grow::WORK,
    render::WORK,
    render::REFERENCE,
    repair::WORK,
    simplify::WORK,
    smooth::WORK,
    stl_read::WORK,
    stl_write::WORK,
    vesselness::WORK,
    watershed::WORK,
];

/// One item.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it does, one line.
    pub doc: &'static str,
    /// Reads the inputs and gives back what is timed.
    pub prepare: fn(&Inputs) -> anyhow::Result<Run>,
}

/// What is timed: called once per repeat.
pub type Run = Box<dyn FnMut() -> anyhow::Result<Made>>;

/// What a run made, so that a peer or the truth can be compared with it.
#[derive(Debug)]
pub enum Made {
    /// Surfaces: STEM.positions and STEM.triangles.
    Mesh(Mesh),
    /// One byte a voxel: STEM.labels.
    Labels(Vec<u8>),
    /// A label map, as it is: STEM.labels.
    Mask(Box<LabelMap>),
    /// One number a voxel: STEM.field.
    Field(Vec<f32>),
    /// One 16-bit integer a voxel: STEM.i16.
    Voxels(Vec<i16>),
    /// A picture: STEM.png; and figures.
    Picture(RgbaImage, BTreeMap<&'static str, f64>),
    /// Figures only.
    Figures(BTreeMap<&'static str, f64>),
}

/// Files and numbers to work on.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Raw 16-bit voxels.
    pub volume: Option<PathBuf>,
    /// Voxels along i, j, k.
    pub size: Option<[usize; 3]>,
    /// Millimetres between voxel centres.
    pub spacing_mm: [f64; 3],
    /// Raw labels.
    pub labels: Option<PathBuf>,
    /// Raw 32-bit floats.
    pub field: Option<PathBuf>,
    /// Stems of meshes.
    pub meshes: Vec<PathBuf>,
    /// Any other file.
    pub file: Option<PathBuf>,
    /// Numbers by name.
    pub params: BTreeMap<String, f64>,
}

impl Inputs {
    /// A number, or its default.
    pub fn param(&self, id: &str, default: f64) -> f64 {
        self.params.get(id).copied().unwrap_or(default)
    }

    /// The grid: axis-aligned from the origin.
    ///
    /// # Errors
    /// No size, or one that makes no grid.
    pub fn grid(&self) -> anyhow::Result<Grid> {
        let size = self.size.context("--size is needed")?;
        Ok(Grid::axis_aligned(size, Point::origin(), self.spacing_mm)?)
    }

    /// The volume, as CT.
    ///
    /// # Errors
    /// A file that cannot be read or is not as long as the size says.
    pub fn volume(&self) -> anyhow::Result<Volume> {
        let voxels = numbers(self.volume.as_deref().context("--volume is needed")?, i16::from_le_bytes)?;
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), ..VolumeMeta::default() };
        Ok(Volume::new(self.grid()?, Voxels::I16(voxels), meta)?)
    }

    /// The labels.
    ///
    /// # Errors
    /// As [`Inputs::volume`].
    pub fn labels(&self) -> anyhow::Result<LabelMap> {
        let labels = std::fs::read(self.labels.as_deref().context("--labels is needed")?)?;
        Ok(LabelMap::new(self.grid()?, labels)?)
    }

    /// The field.
    ///
    /// # Errors
    /// As [`Inputs::volume`].
    pub fn field(&self) -> anyhow::Result<Vec<f32>> {
        numbers(self.field.as_deref().context("--field is needed")?, f32::from_le_bytes)
    }

    /// Mesh `n`.
    ///
    /// # Errors
    /// Files that cannot be read or do not hold whole triples.
    pub fn mesh(&self, n: usize) -> anyhow::Result<Mesh> {
        let stem = self.meshes.get(n).with_context(|| format!("--mesh number {n} is needed"))?;
        let positions = numbers(&stem.with_extension("positions"), f32::from_le_bytes)?;
        let triangles = numbers(&stem.with_extension("triangles"), u32::from_le_bytes)?;
        ensure!(positions.len() % 3 == 0 && triangles.len() % 3 == 0, "{} holds no triples", stem.display());
        let point = |p: &[f32; 3]| Point::<Lps>::from_array(p.map(f64::from));
        Ok(Mesh {
            positions: positions.as_chunks().0.iter().map(point).collect(),
            triangles: triangles.as_chunks().0.to_vec(),
        })
    }
}

fn numbers<T, const N: usize>(file: &Path, from: fn([u8; N]) -> T) -> anyhow::Result<Vec<T>> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    Ok(bytes.as_chunks::<N>().0.iter().map(|&chunk| from(chunk)).collect())
}

/// Times of an item, seconds; medians over the repeats.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    /// The item.
    pub item: &'static str,
    /// By the clock on the wall.
    pub wall_s: f64,
    /// The least of them.
    pub wall_min: f64,
    /// User and system time of all threads.
    pub cpu_s: f64,
    /// The least of them.
    pub cpu_min: f64,
    /// Repeats.
    pub n: usize,
    /// Figures of the last result.
    pub check: BTreeMap<&'static str, f64>,
}

/// Runs an item and writes its last result.
///
/// # Errors
/// Inputs that are missing, or what the item itself refuses.
pub fn measure(work: &Work, inputs: &Inputs, reps: usize, out: Option<&Path>) -> anyhow::Result<Times> {
    let mut run = (work.prepare)(inputs)?;
    let (mut wall, mut cpu, mut last) = (Vec::new(), Vec::new(), None);
    for _ in 0..reps.max(1) {
        drop(last.take());
        let (began, before) = (Instant::now(), processor_s());
        let made = run()?;
        cpu.push(processor_s() - before);
        wall.push(began.elapsed().as_secs_f64());
        last = Some(made);
    }
    let made = last.context("at least one repeat")?;
    if let Some(stem) = out {
        save(&made, stem)?;
    }
    for times in [&mut wall, &mut cpu] {
        times.sort_by(f64::total_cmp);
    }
    Ok(Times {
        item: work.id,
        wall_s: wall[wall.len() / 2],
        wall_min: wall[0],
        cpu_s: cpu[cpu.len() / 2],
        cpu_min: cpu[0],
        n: wall.len(),
        check: figures(made),
    })
}

/// User and system time of this process so far.
fn processor_s() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

fn figures(made: Made) -> BTreeMap<&'static str, f64> {
    match made {
        Made::Mesh(mesh) => {
            let problems = mesh.check();
            BTreeMap::from([
                ("tris", mesh.triangles.len() as f64),
                ("verts", mesh.positions.len() as f64),
                ("open_edges", problems.open_edges as f64),
                ("nonmanifold_edges", (problems.non_manifold_edges + problems.inconsistent_edges) as f64),
                ("nonmanifold_vertices", problems.non_manifold_vertices as f64),
                ("volume", meshing_surface::measure(&mesh).volume_mm3),
            ])
        }
        Made::Labels(labels) => {
            BTreeMap::from([("voxels", labels.iter().filter(|&&label| label != 0).count() as f64)])
        }
        Made::Mask(mask) => figures(Made::Labels(mask.labels().to_vec())),
        Made::Field(field) => {
            let sum: f64 = field.iter().map(|&value| f64::from(value)).sum();
            let max = field.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            BTreeMap::from([("mean", sum / field.len().max(1) as f64), ("max", f64::from(max))])
        }
        Made::Voxels(voxels) => {
            let sum: f64 = voxels.iter().map(|&value| f64::from(value)).sum();
            BTreeMap::from([("mean", sum / voxels.len().max(1) as f64)])
        }
        Made::Picture(_, figures) | Made::Figures(figures) => figures,
    }
}

fn save(made: &Made, stem: &Path) -> anyhow::Result<()> {
    let write = |ending: &str, bytes: Vec<u8>| std::fs::write(stem.with_extension(ending), bytes);
    match made {
        Made::Mesh(mesh) => {
            let positions = mesh.positions.iter().flat_map(|p| p.to_array()).map(|x| x as f32);
            write("positions", positions.flat_map(f32::to_le_bytes).collect())?;
            let corners = mesh.triangles.as_flattened().iter().copied();
            write("triangles", corners.flat_map(u32::to_le_bytes).collect())?;
        }
        Made::Labels(labels) => write("labels", labels.clone())?,
        Made::Mask(mask) => write("labels", mask.labels().to_vec())?,
        Made::Field(field) => write("field", field.iter().copied().flat_map(f32::to_le_bytes).collect())?,
        Made::Voxels(voxels) => write("i16", voxels.iter().copied().flat_map(i16::to_le_bytes).collect())?,
        Made::Picture(picture, _) => picture.save(format!("{}.png", stem.display()))?,
        Made::Figures(_) => {}
    }
    Ok(())
}
