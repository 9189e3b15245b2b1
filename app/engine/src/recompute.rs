//! Making again what is stale: segments, surfaces, solids, checks, in that order.

use casebank_case::{Actor, Algorithms, Case, CaseId, Stale};
use casebank_store::Bank;
use meshing_segment::METHODS;
use meshing_volume::{Part, Progress};
use serde::Serialize;

use crate::{Fault, Stopwatch, check, guide, mesh, models, segment, segments_in};

/// What was made again, and what could not be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recomputed {
    /// What was made again, in order.
    pub made: Vec<Stale>,
    /// What stays stale, because its source is gone or its algorithm is no longer there.
    pub left: Vec<Stale>,
    /// How long it took.
    pub seconds: f64,
}

/// The versions of every algorithm of this program.
pub fn algorithms() -> Algorithms {
    Algorithms {
        // What people and other programs drew comes in by `dicom`; there is nothing to run again.
        methods: METHODS
            .iter()
            .map(|method| (method.id.to_owned(), method.version))
            .chain([(segments_in::METHOD.to_owned(), segments_in::ALGORITHM)])
            .chain([(models::METHOD.to_owned(), models::ALGORITHM)])
            .collect(),
        surface: Some(mesh::ALGORITHM),
        recipes: guide::recipes().map(|recipe| (recipe.id.to_owned(), recipe.version)).collect(),
        checks: Some(check::ALGORITHM),
    }
}

/// Makes everything again that is stale and whose sources are there, each step journalled and durable.
///
/// # Errors
/// What a method, a recipe or the checks refuse; the steps before are kept. Cancelled between two steps.
pub fn recompute(
    bank: &Bank,
    actor: &Actor,
    case: CaseId,
    progress: &dyn Progress,
) -> Result<Recomputed, Fault> {
    let watch = Stopwatch::new();
    let mut done = Recomputed::default();
    loop {
        let journal = bank.load(&case, actor)?;
        let stale = journal.case().stale_under(&algorithms());
        let open: Vec<&Stale> = stale.iter().filter(|one| !done.left.contains(one)).collect();
        let Some(&next) = open.first() else { break };
        let total = done.made.len() + open.len();
        progress.step(done.made.len(), total)?;
        let part = |step: usize| step as f32 / total as f32;
        let progress = Part::new(progress, part(done.made.len()), part(done.made.len() + 1));
        // What was made again a moment ago and is stale still would be made for ever.
        let again = !done.made.contains(next) && make(bank, actor, journal.case(), next, &progress)?;
        if again { done.made.push(next.clone()) } else { done.left.push(next.clone()) }
    }
    done.seconds = watch.seconds();
    Ok(done)
}

/// Makes one thing again; false if it cannot be.
fn make(
    bank: &Bank,
    actor: &Actor,
    case: &Case,
    stale: &Stale,
    progress: &dyn Progress,
) -> Result<bool, Fault> {
    match stale {
        Stale::Segment { name, .. } => segment::again(bank, actor, case, name, progress),
        Stale::Surface { segment, .. } => mesh::again(bank, actor, case, segment, progress),
        Stale::Solid { name, .. } => guide::again(bank, actor, case, name, progress),
        Stale::Checks { solid, .. } => check::again(bank, actor, case, solid, progress),
        _ => Ok(false),
    }
}
