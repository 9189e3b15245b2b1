//! Surfaces and print files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use casebank_case::{
    Actor, Case, CaseId, Command, ObjectHash, SegmentEntry, SurfaceEntry, SurfaceSource, VolumeId,
};
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_space::{Lps, Point};
use meshing_surface::{
    Measures, Mesh, VerifyError, glb, isosurface_in_shell, measure, obj, ply, simplify_with, stl,
    surface_of_mask, threemf, verify_written,
};
use meshing_volume::{LabelMap, Part, Progress, Told as _, Volume};
use serde::Serialize;

use crate::{Fault, FaultKind, faults, mesh_files, now, segment, volumes};

/// Version of the way from a mask to a surface; a new one makes stored surfaces stale.
pub const ALGORITHM: u32 = 4;

/// The colour of parts that have none of their own.
const BONE: [u8; 3] = [222, 204, 168];

/// A surface, and how true it is.
#[derive(Debug)]
pub struct Surface {
    /// The mesh, LPS mm.
    pub mesh: Mesh,
    /// Taken from the grey values at the segment's level, or from its mask.
    pub source: SurfaceSource,
    /// What simplification was allowed to change.
    pub max_error_mm: f64,
    /// What it did change: two-sided Hausdorff distance, measured.
    pub hausdorff_mm: f64,
    /// Figures of the mesh.
    pub measures: Measures,
}

/// What was written; its JSON is the `mesh` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct MeshReport {
    /// The file.
    pub file: PathBuf,
    /// `grey` or `mask`.
    pub source: SurfaceSource,
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Area.
    pub area_mm2: f64,
    /// Enclosed volume.
    pub volume_mm3: f64,
    /// Whether it is closed.
    pub closed: bool,
    /// Connected parts.
    pub parts: usize,
    /// Corners of the bounding box.
    pub bbox_lps_mm: [Point<Lps>; 2],
    /// Measured error of simplification.
    pub hausdorff_mm: f64,
}

/// The error a surface may have when nobody asked for another: a quarter of the smallest voxel edge.
pub fn usual_max_error_mm(volume: &Volume) -> f64 {
    volume.grid().spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / 4.0
}

/// The surface of a mask: on the grey values where the segment has a level, on the smoothed mask otherwise; then simplified
/// within `max_error_mm` (0 keeps every triangle).
///
/// # Errors
/// A mask whose surface is empty or not closed, which is never handed out as a print.
pub fn surface(
    volume: &Volume,
    mask: &LabelMap,
    level: Option<f64>,
    max_error_mm: f64,
    progress: &dyn Progress,
) -> Result<Surface, Fault> {
    progress.step(0, 3)?;
    let (raw, source) = match level {
        Some(level) => (isosurface_in_shell(volume, mask, 1, level), SurfaceSource::Grey),
        None => (surface_of_mask(mask, 1), SurfaceSource::Mask),
    };
    progress.step(1, 3)?;
    let simplified = simplify_with(&raw, max_error_mm, &Part::new(progress, 1.0 / 3.0, 2.0 / 3.0))?;
    progress.step(2, 3)?;
    let measures = measure(&simplified.mesh);
    progress.step(3, 3)?;
    printable(&measures)?;
    Ok(Surface {
        mesh: simplified.mesh,
        source,
        max_error_mm,
        hausdorff_mm: simplified.hausdorff_mm,
        measures,
    })
}

/// Refuses a surface that no printer could make, or could fill wrongly.
pub(crate) fn printable(measures: &Measures) -> Result<(), Fault> {
    if measures.triangles == 0 || !measures.closed || !measures.manifold {
        return Err(not_closed(measures.triangles));
    }
    let [low, high] = measures.bbox_lps_mm.map(Point::to_array);
    let longest = (0..3).map(|n| high[n] - low[n]).fold(0.0, f64::max);
    if longest >= *mesh_files::SIZES_MM.start() {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Refused,
        (
            format!("The surface is {longest:.2} mm long: a speck of a voxel or two."),
            format!("表面长度为 {longest:.2} mm：仅一两个体素。"),
        ),
        (
            "It is not written, because nothing of that size is printed; a file of it looks like one in another unit.",
            "没有写出：这种尺寸无法打印，文件看起来也像是其他单位。",
        ),
        ("Segment again with other parameters or seeds.", "请用其他参数或种子点重新分割。"),
    ))
}

/// A surface that a printer could fill wrongly.
fn not_closed(triangles: usize) -> Fault {
    Fault::new(
        FaultKind::Refused,
        (
            format!("The surface is not a closed solid ({triangles} triangles)."),
            format!("表面不是封闭的实体（{triangles} 个三角形）。"),
        ),
        ("It is not written, because a printer could fill it wrongly.", "打印机可能填充错误，因此没有写出。"),
        ("Segment again with other parameters, or report the case.", "请用其他参数重新分割，或报告此情况。"),
    )
}

/// Writes a surface in the form that the file's ending names (stl, 3mf, obj, ply, glb), after reading the bytes back and comparing.
///
/// # Errors
/// An ending that is not known, bytes that do not hold the mesh, or a file that cannot be written.
pub fn write(surface: &Surface, file: &Path, name: &str) -> Result<MeshReport, Fault> {
    write_mesh(&surface.mesh, file, name, &[])?;
    Ok(report(surface, file))
}

/// Writes a mesh in the form that the file's ending names, after reading the bytes back and comparing. 3MF also carries what is
/// said `about` it.
///
/// # Errors
/// As [`write()`].
pub fn write_mesh(mesh: &Mesh, file: &Path, name: &str, about: &[(&str, &str)]) -> Result<(), Fault> {
    let ending = ending(file);
    let bytes = match ending.as_str() {
        "stl" => stl::write(mesh, name),
        "3mf" => threemf::write_about(mesh, name, about),
        "obj" => obj::write(&[(name, mesh)]),
        "ply" => ply::write(mesh),
        "glb" => glb::write(&[glb::Part { name, colour: BONE, mesh }]),
        _ => {
            let others = ".3mf (carries its unit), .stl, .obj, .ply or .glb";
            return Err(no_ending(&ending, others, "请用 .3mf（带单位）、.stl、.obj、.ply 或 .glb。"));
        }
    };
    verify_written(&bytes, mesh).map_err(|error| unwritable(&error))?;
    write_whole(file, &bytes)
}

/// The ending of a file's name, in small letters.
pub(crate) fn ending(file: &Path) -> String {
    file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase()
}

pub(crate) fn no_ending(ending: &str, others: &str, others_zh: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("This print file cannot end in {ending:?}."), format!("此打印文件不能以 {ending:?} 结尾。")),
        ("Nothing was written.", "没有写出任何内容。"),
        (format!("Use {others}."), others_zh),
    )
}

fn report(surface: &Surface, file: &Path) -> MeshReport {
    let m = &surface.measures;
    MeshReport {
        file: file.to_path_buf(),
        source: surface.source,
        vertices: m.vertices,
        triangles: m.triangles,
        area_mm2: m.area_mm2,
        volume_mm3: m.volume_mm3,
        closed: m.closed,
        parts: m.parts,
        bbox_lps_mm: m.bbox_lps_mm,
        hausdorff_mm: surface.hausdorff_mm,
    }
}

pub(crate) fn unwritable(error: &VerifyError) -> Fault {
    let zh = error.chinese();
    Fault::new(
        FaultKind::Internal,
        (
            format!("The file read back is not the surface that was written: {error}."),
            format!("读回的文件与写出的表面不一致：{zh}。"),
        ),
        ("It was not kept.", "没有保留该文件。"),
        ("Report this with the parameters used.", "请连同所用参数报告此问题。"),
    )
}

/// Writes a file whole or not at all: a temporary file beside it, synced, then renamed.
///
/// # Errors
/// A full disk, or a folder that cannot be written.
pub fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(file).map_err(|error| error.error)?;
        std::fs::File::open(folder)?.sync_all()
    };
    attempt().map_err(|error| faults::unwritable(file, &error))
}

/// What surface of a case is wanted.
#[derive(Clone, Debug)]
pub struct MeshOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Name of the segment.
    pub segment: &'a str,
    /// Error allowed; `None` takes a quarter of the smallest voxel edge.
    pub max_error_mm: Option<f64>,
    /// File to write, .stl or .3mf.
    pub file: &'a Path,
}

/// Makes the surface of a segment, journals it and writes its print file.
///
/// # Errors
/// A scan with severe findings nobody accepted (refused, naming the slices), a stale segment, or a file that cannot be written.
pub fn mesh(
    bank: &Bank,
    actor: &Actor,
    order: &MeshOrder<'_>,
    progress: &dyn Progress,
) -> Result<MeshReport, Fault> {
    let journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    let entry = case.segment(order.segment).ok_or_else(|| segment::no_such(case, order.segment))?;
    ask_to_print(bank, actor, case, entry.volume)?;
    let volume = volumes::load(bank, volumes::choose(case, Some(entry.volume))?, progress)?;
    let mask = segment::load_mask(bank, entry, &volume)?;
    let max_error_mm = order.max_error_mm.unwrap_or_else(|| usual_max_error_mm(&volume));
    let surface = surface(&volume, &mask, entry.level, max_error_mm, progress)?;
    keep(bank, actor, order.case, entry, &surface)?;
    bank.load(&order.case, actor)?.case().may_export(order.segment)?;
    export(bank, actor, order.case, &surface, order.file, order.segment)
}

/// Writes a print file of a case. That it leaves the bank is in the audit log before it does.
///
/// # Errors
/// As [`write()`], or an audit log that cannot be written: then nothing leaves.
pub fn export(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    surface: &Surface,
    file: &Path,
    name: &str,
) -> Result<MeshReport, Fault> {
    bank.audit(actor, AuditAction::Export, Some(case), Outcome::Granted, Some("print file"))?;
    write(surface, file, name)
}

/// Asks whether a volume may be printed, and writes a refusal into the audit log.
///
/// # Errors
/// The refusal, naming the slices, or an audit log that cannot be written.
pub fn ask_to_print(bank: &Bank, actor: &Actor, case: &Case, volume: VolumeId) -> Result<(), Fault> {
    let Err(refusal) = case.may_print(volume) else { return Ok(()) };
    bank.audit(actor, AuditAction::Export, Some(case.id), Outcome::Refused, Some("print file"))?;
    Err(refusal.into())
}

/// Puts the surface of a segment, as it was when the surface was made, into its case; durable when it returns. If the segment
/// has become another meanwhile, the surface is stale.
///
/// # Errors
/// A case that does not take it, or a bank that cannot keep it.
pub fn keep(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    segment: &SegmentEntry,
    surface: &Surface,
) -> Result<ObjectHash, Fault> {
    let mut journal = bank.load(&case, actor)?;
    let bytes = threemf::write(&surface.mesh, &segment.name);
    let object = bank.put_object(&bytes)?;
    let m = &surface.measures;
    let entry = SurfaceEntry {
        segment: segment.name.clone(),
        source: surface.source,
        algorithm: ALGORITHM,
        max_error_mm: surface.max_error_mm,
        hausdorff_mm: surface.hausdorff_mm,
        object,
        vertices: m.vertices as u64,
        triangles: m.triangles as u64,
        area_mm2: m.area_mm2,
        volume_mm3: m.volume_mm3,
        closed: m.closed,
        parts: m.parts as u64,
        bbox_lps_mm: m.bbox_lps_mm.map(Point::to_array),
        made_from: ObjectHash([0; 32]),
    };
    journal.apply(Command::PutSurface(Box::new(entry.keyed(segment))), actor, now())?;
    bank.commit(&case, &journal, actor)?;
    Ok(object)
}

/// Makes the surface of a segment again with the error it was allowed; false if the segment is gone. What may not be printed
/// is made all the same: export asks.
///
/// # Errors
/// As [`surface()`], or a bank that cannot keep it.
pub fn again(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    segment: &str,
    progress: &dyn Progress,
) -> Result<bool, Fault> {
    let (Some(entry), Some(old)) = (case.segment(segment), case.surface(segment)) else { return Ok(false) };
    let volume = volumes::load(bank, volumes::choose(case, Some(entry.volume))?, progress)?;
    let mask = segment::load_mask(bank, entry, &volume)?;
    let made = surface(&volume, &mask, entry.level, old.max_error_mm, progress)?;
    keep(bank, actor, case.id, entry, &made)?;
    Ok(true)
}

/// The mesh of a stored surface.
///
/// # Errors
/// An object that is missing or damaged.
pub fn load(bank: &Bank, surface: &SurfaceEntry) -> Result<Mesh, Fault> {
    threemf::read(&bank.object(&surface.object)?).map_err(|error| {
        Fault::new(
            FaultKind::Internal,
            format!("The stored surface cannot be read: {error}."),
            "It is not shown.",
            "Make it again with `theatron mesh`.",
        )
    })
}
