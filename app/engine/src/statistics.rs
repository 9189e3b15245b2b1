//! What a segment measures, and how well it agrees with another.

use casebank_case::{Actor, Case, CaseId, SegmentEntry, Stale};
use casebank_store::Bank;
use meshing_segment::{Agreement, PERCENTILES, SegmentError, Spread, agreement, weighted_volume_mm3};
use meshing_space::Point;
use meshing_volume::{LabelMap, Part, Progress, Told as _, Volume};
use serde::Serialize;

use crate::{Fault, FaultKind, segment, volumes};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct StatisticsOrder<'a> {
    /// The case.
    pub case: CaseId,
    /// Names of segments; none means all.
    pub segments: &'a [String],
    /// A segment that each of them is compared with.
    pub against: Option<&'a str>,
    /// How far apart two surfaces may lie and still count as one, mm.
    pub tolerance_mm: f64,
}

/// What came of it; its JSON is the `statistics` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct StatisticsReport {
    /// The case.
    pub case: CaseId,
    /// Each segment.
    pub segments: Vec<SegmentStatistics>,
}

/// The figures of one segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentStatistics {
    /// Its name.
    pub segment: String,
    /// Voxels.
    pub voxels: usize,
    /// Its volume, in up to three ways.
    pub volume_mm3: Volumes,
    /// The middle of its voxels, LPS mm.
    pub centre_lps_mm: [f64; 3],
    /// Unit of the values.
    pub unit: String,
    /// Its values; `None` where none is a number.
    pub values: Option<Values>,
    /// How well it agrees with the other segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreed>,
}

/// A volume, mm³.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Volumes {
    /// Whole voxels.
    pub counted: f64,
    /// Voxels at the border counted by how full their value says they are; for segments with a level.
    pub weighted: Option<f64>,
    /// Enclosed by the surface of the case, if there is one and it is not stale.
    pub surface: Option<f64>,
}

/// How values spread, in the volume's unit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Values {
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n − 1.
    pub deviation: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// The 5th, 25th, 50th, 75th and 95th percentile.
    pub percentiles: [f64; PERCENTILES.len()],
}

/// How well two segments agree.
#[derive(Clone, Debug, Serialize)]
pub struct Agreed {
    /// The other segment, which counts as the truth.
    pub against: String,
    /// Overlap: 1 if equal, 0 if apart.
    pub dice: f64,
    /// Volume more than the other's, over the other's.
    pub volume_difference: Option<f64>,
    /// 95th percentile of the distance of the surfaces, mm.
    pub hd95_mm: Option<f64>,
    /// Largest distance of the surfaces, mm.
    pub hd_mm: Option<f64>,
    /// Mean distance of the surfaces, mm.
    pub mean_mm: Option<f64>,
    /// Share of both surfaces within the tolerance of the other.
    pub nsd: Option<f64>,
    /// That tolerance, mm.
    pub tolerance_mm: f64,
}

/// Measures segments of a case.
///
/// # Errors
/// A case or segment that is not there, segments on different grids, or cancelled.
pub fn statistics(
    bank: &Bank,
    actor: &Actor,
    order: &StatisticsOrder<'_>,
    progress: &dyn Progress,
) -> Result<StatisticsReport, Fault> {
    let journal = bank.load(&order.case, actor)?;
    let case = journal.case();
    let entry = |name: &str| case.segment(name).ok_or_else(|| segment::no_such(case, name));
    let against = order.against.map(entry).transpose()?;
    let entries = if order.segments.is_empty() {
        let others = |one: &&SegmentEntry| against.is_none_or(|other| one.name != other.name);
        case.segments.iter().filter(others).collect()
    } else {
        order.segments.iter().map(|name| entry(name)).collect::<Result<Vec<_>, _>>()?
    };
    let mut scan: Option<(_, Volume)> = None;
    let mut segments = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let part = |step: usize| step as f32 / entries.len() as f32;
        let progress = Part::new(progress, part(n), part(n + 1));
        progress.step(0, 4)?;
        // Segments of one scan lie together, so each scan is read once.
        let volume = match scan.take_if(|(id, _)| *id == entry.volume) {
            Some((_, volume)) => volume,
            None => volumes::load(bank, volumes::choose(case, Some(entry.volume))?, &progress)?,
        };
        let mask = segment::load_mask(bank, entry, &volume)?;
        progress.step(1, 4)?;
        let mut found = measured(case, entry, &volume, &mask)?;
        progress.step(2, 4)?;
        if let Some(other) = against {
            segment::on_one_volume(&[entry, other])?;
            let truth = segment::load_mask(bank, other, &volume)?;
            let agreement =
                agreement(&mask, &truth, 1, order.tolerance_mm).map_err(|error| failed(&error))?;
            found.agreement = Some(agreed(&other.name, &agreement, order.tolerance_mm));
        }
        progress.step(4, 4)?;
        segments.push(found);
        scan = Some((entry.volume, volume));
    }
    Ok(StatisticsReport { case: order.case, segments })
}

fn measured(
    case: &Case,
    entry: &SegmentEntry,
    volume: &Volume,
    mask: &LabelMap,
) -> Result<SegmentStatistics, Fault> {
    let mut found = meshing_segment::statistics(volume, mask, None).map_err(|error| failed(&error))?;
    let (voxels, counted, spread) =
        found.remove(&1).map_or((0, 0.0, None), |s| (s.voxels, s.volume_mm3, s.spread));
    let weighted = entry.level.map(|level| weighted_volume_mm3(volume, mask, 1, level)).transpose();
    let outdated = |stale: &Stale| matches!(stale, Stale::Surface { segment, .. } if *segment == entry.name);
    let surface =
        case.surface(&entry.name).filter(|surface| surface.closed && !case.stale().iter().any(outdated));
    Ok(SegmentStatistics {
        segment: entry.name.clone(),
        voxels,
        volume_mm3: Volumes {
            counted,
            weighted: weighted.map_err(|error| failed(&error))?.flatten(),
            surface: surface.map(|surface| surface.volume_mm3),
        },
        centre_lps_mm: centre(mask),
        unit: volume.meta().unit.clone(),
        values: spread.map(values),
        agreement: None,
    })
}

/// The mean place of the voxels.
fn centre(mask: &LabelMap) -> [f64; 3] {
    let (grid, [si, sj, _]) = (mask.grid(), mask.grid().size());
    let inside = mask.labels().iter().enumerate().filter(|(_, label)| **label == 1);
    let (count, sum) = inside.fold((0.0, [0.0; 3]), |(count, sum), (n, _)| {
        let at = [n % si, n / si % sj, n / (si * sj)];
        (count + 1.0, core::array::from_fn(|axis| sum[axis] + at[axis] as f64))
    });
    (grid.lps_from_ijk() * Point::from_array(sum.map(|x| x / f64::max(count, 1.0)))).to_array()
}

const fn values(spread: Spread) -> Values {
    let Spread { mean, deviation, min, max, percentiles } = spread;
    Values { mean, deviation, min, max, percentiles }
}

fn agreed(against: &str, found: &Agreement, tolerance_mm: f64) -> Agreed {
    let surface = found.surface;
    Agreed {
        against: against.to_owned(),
        dice: found.dice,
        volume_difference: found.volume_difference,
        hd95_mm: surface.map(|s| s.hd95_mm),
        hd_mm: surface.map(|s| s.hd_mm),
        mean_mm: surface.map(|s| s.mean_mm),
        nsd: surface.map(|s| s.nsd),
        tolerance_mm,
    }
}

fn failed(error: &SegmentError) -> Fault {
    Fault::new(
        FaultKind::Refused,
        error.words(),
        ("Nothing was measured.", "没有进行测量。"),
        ("Compare segments of one scan.", "请比较同一扫描上的分割。"),
    )
}
