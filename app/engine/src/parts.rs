//! A model of several segments: one print file with an object and a colour for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casebank_case::{Actor, Case, CaseId, SegmentEntry, Stale, Words};
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_surface::{Measures, Mesh, glb, measure, obj, surfaces_of_labels, threemf, verify_parts};
use meshing_volume::{LabelMap, Part, Progress};
use serde::Serialize;

use crate::segment_export::COLOURS;
use crate::{Fault, FaultKind, mesh, segment, volumes};

/// Most segments of a model: labels are numbered in a byte.
const MOST: usize = 255;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct PartsOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Names of the segments.
    pub segments: &'a [String],
    /// What simplification may change, mm; `None` takes a quarter of the smallest voxel edge. Shared walls are not simplified.
    pub max_error_mm: Option<f64>,
    /// Segments that touch share one wall without a gap; all surfaces then come from the masks, in one pass.
    pub shared_walls: bool,
    /// File to write: .3mf, .glb or .obj.
    pub file: &'a Path,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct PartsReport {
    /// The file.
    pub file: PathBuf,
    /// Whether segments that touch share their wall.
    pub shared_walls: bool,
    /// Each segment.
    pub segments: Vec<PartReport>,
}

/// A segment within the file.
#[derive(Clone, Debug, Serialize)]
pub struct PartReport {
    /// Its name.
    pub segment: String,
    /// Its colour, red, green, blue.
    pub colour: [u8; 3],
    /// Triangles.
    pub triangles: usize,
    /// Enclosed volume.
    pub volume_mm3: f64,
    /// Connected parts.
    pub parts: usize,
    /// Measured error of simplification.
    pub hausdorff_mm: f64,
}

/// Makes the surfaces of several segments and writes them into one file; gives them, too.
///
/// # Errors
/// As [`mesh::mesh`]; a form that holds one mesh only; segments that overlap, or lie on several volumes, where
/// walls are to be shared.
pub fn parts(
    bank: &Bank,
    actor: &Actor,
    order: &PartsOrder<'_>,
    progress: &dyn Progress,
) -> Result<(PartsReport, Vec<Mesh>), Fault> {
    let ending = mesh::ending(order.file);
    if !["3mf", "glb", "obj"].contains(&ending.as_str()) {
        let others = ".3mf (carries its unit), .glb or .obj for several segments";
        return Err(mesh::no_ending(&ending, others, "多个分割请用 .3mf（带单位）、.glb 或 .obj。"));
    }
    let journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    if let Some(name) =
        order.segments.iter().enumerate().find_map(|(n, a)| order.segments[..n].iter().find(|b| *b == a))
    {
        return Err(twice(name));
    }
    let find = |name: &String| case.segment(name).ok_or_else(|| segment::no_such(case, name));
    let entries = order.segments.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    for entry in &entries {
        mesh::ask_to_print(bank, actor, case, entry.volume)?;
    }
    let made = Part::new(progress, 0.0, 0.9);
    let surfaces = if order.shared_walls {
        together(bank, case, &entries, &made)?
    } else {
        one_by_one(bank, actor, order, &entries, &made)?
    };
    bank.audit(actor, AuditAction::Export, Some(order.case), Outcome::Granted, Some("print file"))?;
    let report = write(order, &ending, &entries, &surfaces)?;
    Ok((report, surfaces.into_iter().map(|(mesh, _)| mesh).collect()))
}

/// The surface of each segment by itself, kept in the case as `mesh` keeps it.
fn one_by_one(
    bank: &Bank,
    actor: &Actor,
    order: &PartsOrder<'_>,
    entries: &[&SegmentEntry],
    progress: &dyn Progress,
) -> Result<Vec<(Mesh, f64)>, Fault> {
    let mut made = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let share = |n: usize| n as f32 / entries.len() as f32;
        let progress = Part::new(progress, share(n), share(n + 1));
        let journal = bank.load(&order.case, actor)?;
        let volume = volumes::load(bank, volumes::choose(journal.case(), Some(entry.volume))?, &progress)?;
        let mask = segment::load_mask(bank, entry, &volume)?;
        let max_error_mm = order.max_error_mm.unwrap_or_else(|| mesh::usual_max_error_mm(&volume));
        let surface = mesh::surface(&volume, &mask, entry.level, max_error_mm, &progress)?;
        mesh::keep(bank, actor, order.case, entry, &surface)?;
        bank.load(&order.case, actor)?.case().may_export(&entry.name)?;
        made.push((surface.mesh, surface.hausdorff_mm));
    }
    Ok(made)
}

/// All surfaces in one pass over a map of labels.
fn together(
    bank: &Bank,
    case: &Case,
    entries: &[&SegmentEntry],
    progress: &dyn Progress,
) -> Result<Vec<(Mesh, f64)>, Fault> {
    let (Some(first), true) = (entries.first(), entries.len() <= MOST) else {
        return Err(apart(("One to 255 segments can share walls.", "可共享壁面的分割为 1 至 255 个。")));
    };
    segment::on_one_volume(entries)?;
    if let Some(stale) = case.stale().iter().find_map(|stale| outdated(stale, entries)) {
        return Err(apart((
            format!("The segment {stale:?} is out of date (`theatron recompute`)."),
            format!("分割 {stale:?} 已过期（`theatron recompute`）。"),
        )));
    }
    let volume = volumes::load(bank, volumes::choose(case, Some(first.volume))?, progress)?;
    let mut map = LabelMap::empty(volume.grid());
    for (label, entry) in (1..=u8::MAX).zip(entries) {
        let mask = segment::load_mask(bank, entry, &volume)?;
        let mut twice = 0_usize;
        for (mine, inside) in
            map.labels_mut().iter_mut().zip(mask.labels()).filter(|(_, inside)| **inside == 1)
        {
            twice += usize::from(*mine != 0);
            *mine = label * inside;
        }
        if twice > 0 {
            let name = &entry.name;
            return Err(apart((
                format!(
                    "The segment {name:?} overlaps those before it in {twice} voxels (`--method subtract` parts them)."
                ),
                format!("分割 {name:?} 与其前的分割有 {twice} 个体素重叠（可用 `--method subtract` 分开）。"),
            )));
        }
    }
    progress.step(1, 2)?;
    // A label without voxels has no surface; the others must keep their names.
    let mut surfaces: BTreeMap<u8, Mesh> = surfaces_of_labels(&map).surfaces().into_iter().collect();
    progress.step(2, 2)?;
    Ok((1..=u8::MAX)
        .zip(entries)
        .map(|(label, _)| (surfaces.remove(&label).unwrap_or_default(), 0.0))
        .collect())
}

fn outdated(stale: &Stale, entries: &[&SegmentEntry]) -> Option<String> {
    let Stale::Segment { name, .. } = stale else { return None };
    entries.iter().any(|entry| entry.name == *name).then(|| name.clone())
}

fn twice(name: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("The segment {name:?} is named twice."), format!("分割 {name:?} 指定了两次。")),
        ("A printer would fill the same place twice.", "打印机会把同一位置填充两次。"),
        ("Name each segment once.", "每个分割只指定一次。"),
    )
}

fn apart(why: impl Into<Words>) -> Fault {
    Fault::new(
        FaultKind::Refused,
        ("These segments cannot share walls.", "这些分割不能共享壁面。"),
        why,
        ("Mend that, or leave --shared-walls out.", "请先解决，或去掉 --shared-walls。"),
    )
}

fn write(
    order: &PartsOrder<'_>,
    ending: &str,
    entries: &[&SegmentEntry],
    surfaces: &[(Mesh, f64)],
) -> Result<PartsReport, Fault> {
    let mut segments = Vec::new();
    for (n, (entry, (mesh, hausdorff_mm))) in entries.iter().zip(surfaces).enumerate() {
        let measures = measure(mesh);
        mesh::printable(&measures)?;
        let Measures { triangles, volume_mm3, parts, .. } = measures;
        let (segment, colour) = (entry.name.clone(), COLOURS[n % COLOURS.len()]);
        segments.push(PartReport {
            segment,
            colour,
            triangles,
            volume_mm3,
            parts,
            hausdorff_mm: *hausdorff_mm,
        });
    }
    let parts: Vec<glb::Part<'_>> = segments
        .iter()
        .zip(surfaces)
        .map(|(report, (mesh, _))| glb::Part { name: &report.segment, colour: report.colour, mesh })
        .collect();
    let bytes = match ending {
        "3mf" => threemf::write_parts(&parts, "segments", &[("Case", &order.case.to_string())]),
        "obj" => obj::write(&parts.iter().map(|part| (part.name, part.mesh)).collect::<Vec<_>>()),
        _ => glb::write(&parts),
    };
    let written: Vec<&Mesh> = parts.iter().map(|part| part.mesh).collect();
    verify_parts(&bytes, &written).map_err(|error| mesh::unwritable(&error))?;
    mesh::write_whole(order.file, &bytes)?;
    Ok(PartsReport { file: order.file.to_path_buf(), shared_walls: order.shared_walls, segments })
}
