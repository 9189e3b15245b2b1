//! Plan objects of a case.

use casebank_case::{Actor, CaseId, Command, PlanEntry, PlanShape, VolumeEntry};
use casebank_store::Bank;
use meshing_space::{Aabb, Lps, Point};
use meshing_volume::Grid;

use crate::{Fault, FaultKind, now, volumes};

/// How far outside the scan a plan object may lie: a drill or a cut may begin in the air beside the patient. mm.
const BESIDE_MM: f64 = 100.0;
/// Lengths of trajectories that tools have. mm.
const LENGTHS_MM: std::ops::RangeInclusive<f64> = 1.0..=500.0;
/// Diameters of screws, drills and wires. mm.
const DIAMETERS_MM: std::ops::RangeInclusive<f64> = 0.3..=50.0;

/// Adds a plan object, or replaces the one of the same name; durable when it returns. What was made from it is stale then.
///
/// # Errors
/// A place far from the scan or a size that no tool has (metres taken for millimetres, another patient's plan), a scan with
/// severe findings nobody accepted, or a bank that cannot keep it.
pub fn put(bank: &Bank, actor: &Actor, case: CaseId, object: PlanEntry) -> Result<(), Fault> {
    let mut journal = bank.load(&case, actor)?;
    let volume = volumes::choose(journal.case(), Some(object.volume))?;
    plausible(&object.shape, &around(volume)?)?;
    journal.apply(Command::PutPlan(Box::new(object)), actor, now())?;
    bank.commit(&case, &journal, actor)?;
    Ok(())
}

/// Removes a plan object; durable when it returns.
///
/// # Errors
/// There is none of that name, or a bank that cannot keep the change.
pub fn remove(bank: &Bank, actor: &Actor, case: CaseId, name: &str) -> Result<(), Fault> {
    let mut journal = bank.load(&case, actor)?;
    journal.apply(Command::RemovePlan { name: name.to_owned() }, actor, now())?;
    bank.commit(&case, &journal, actor)?;
    Ok(())
}

/// The scan and the air beside it.
fn around(volume: &VolumeEntry) -> Result<Aabb<Lps>, Fault> {
    let d = volume.direction;
    let axis = |n: usize| meshing_space::Vector::new(d[n], d[n + 3], d[n + 6]);
    let origin = Point::from_array(volume.origin_lps_mm);
    let grid = Grid::new(volume.size, origin, [axis(0), axis(1), axis(2)], volume.spacing_mm);
    let grid = grid.map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))?;
    Ok(grid.bounds().expanded(BESIDE_MM))
}

fn plausible(shape: &PlanShape, around: &Aabb<Lps>) -> Result<(), Fault> {
    let points: &[Point<Lps>] = match shape {
        PlanShape::Point { at_lps_mm } | PlanShape::Plane { at_lps_mm, .. } => &[*at_lps_mm],
        PlanShape::Curve { points_lps_mm, .. } | PlanShape::Region { points_lps_mm, .. } => points_lps_mm,
        PlanShape::Trajectory { entry_lps_mm, target_lps_mm, .. } => &[*entry_lps_mm, *target_lps_mm],
        _ => &[],
    };
    if let Some(far) = points.iter().find(|point| !around.contains(**point)) {
        let [x, y, z] = far.to_array();
        return Err(unlikely((
            format!("The point {x}, {y}, {z} lies more than {BESIDE_MM} mm outside the scan."),
            format!("点 {x}, {y}, {z} 在扫描范围之外超过 {BESIDE_MM} mm。"),
        )));
    }
    let PlanShape::Trajectory { diameter_mm, .. } = shape else { return Ok(()) };
    let length = shape.length_mm().unwrap_or_default();
    if !LENGTHS_MM.contains(&length) {
        return Err(unlikely((
            format!("The trajectory is {length:.3} mm long; tools are 1 to 500 mm."),
            format!("轨迹长 {length:.3} mm；器械长度为 1 到 500 mm。"),
        )));
    }
    if !DIAMETERS_MM.contains(diameter_mm) {
        return Err(unlikely((
            format!("The diameter is {diameter_mm} mm; screws, drills and wires have 0.3 to 50 mm."),
            format!("直径为 {diameter_mm} mm；螺钉、钻头和钢针为 0.3 到 50 mm。"),
        )));
    }
    Ok(())
}

fn unlikely(what: (String, String)) -> Fault {
    Fault::new(
        FaultKind::Refused,
        what,
        (
            "It is not planned, because that looks like another unit, another side or another patient.",
            "这像是用了另一种单位、另一侧或另一位患者的数据，因此没有加入规划。",
        ),
        (
            "Give DICOM LPS coordinates of this scan in millimetres.",
            "请给出此扫描的 DICOM LPS 坐标，以毫米计。",
        ),
    )
}
