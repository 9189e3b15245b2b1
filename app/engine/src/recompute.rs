//! Making again what is stale: segments, surfaces, solids, checks, in that order.

use casebank_case::{Actor, Algorithms, Case, CaseId, Stale, StaleReason};
use casebank_store::Bank;
use meshing_segment::METHODS;
use meshing_volume::{Part, Progress};
use serde::{Serialize, Serializer};

use crate::{Fault, FaultKind, Stopwatch, check, guide, mesh, models, segment, segments_in};

/// What was made again, and what could not be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recomputed {
    /// What was made again, in order.
    pub made: Vec<Stale>,
    /// What stays stale, because its source is gone or its algorithm is no longer there.
    pub left: Vec<Stale>,
    /// What stays stale because it could no longer be made, and why.
    pub refused: Vec<Refused>,
    /// How long it took.
    pub seconds: f64,
}

/// Something that could no longer be made.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// What.
    #[serde(flatten)]
    pub stale: Stale,
    /// Why, in words for a person.
    #[serde(serialize_with = "in_english")]
    pub fault: Fault,
}

fn in_english<S: Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fault)
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

/// Makes everything again that is stale and whose sources are there, each step journalled and durable. What is refused stays
/// stale and is told; the others go on.
///
/// # Errors
/// A bank that fails, or cancelled; the steps before are kept.
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
        let given_up = |one: &Stale| done.left.contains(one) || done.refused.iter().any(|r| r.stale == *one);
        let open: Vec<&Stale> = stale.iter().filter(|one| !given_up(one)).collect();
        let Some(&next) = open.first() else { break };
        let total = done.made.len() + open.len();
        progress.step(done.made.len(), total)?;
        let part = |step: usize| step as f32 / total as f32;
        let progress = Part::new(progress, part(done.made.len()), part(done.made.len() + 1));
        // What was made again a moment ago and is stale still would be made for ever.
        // Sources come first, so a thing that is stale with its source stands here only if that could not be made.
        if done.made.contains(next) || reason(next) == Some(StaleReason::SourceStale) {
            done.left.push(next.clone());
            continue;
        }
        match make(bank, actor, journal.case(), next, &progress) {
            Ok(true) => done.made.push(next.clone()),
            Ok(false) => done.left.push(next.clone()),
            // Cancelling comes as a fault, too.
            Err(fault) if progress.cancelled() || fault.kind == FaultKind::Internal => return Err(fault),
            Err(fault) => done.refused.push(Refused { stale: next.clone(), fault }),
        }
    }
    done.seconds = watch.seconds();
    Ok(done)
}

fn reason(stale: &Stale) -> Option<StaleReason> {
    match stale {
        Stale::Segment { reason, .. }
        | Stale::Surface { reason, .. }
        | Stale::Solid { reason, .. }
        | Stale::Checks { reason, .. } => Some(*reason),
        _ => None,
    }
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
