//! `theatron demo`: the main job end to end.

mod report;
mod results;
mod stream;
mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app_engine::import::{Imported, ImportedVolume, import};
use app_engine::{Fault, FaultKind, Stopwatch, mesh, pacs, pictures, segment, teaching, volumes};
use casebank_case::{Actor, VolumeEntry};
use casebank_store::Bank;
use meshing_segment::{Inputs, Params};
use meshing_volume::Volume;
use net_dimse::{Peer, Wanted};

use self::report::Report;
use super::bank::actor;
use crate::answer::Answer;
use crate::terminal::Stage;

/// The main job end to end: import → edge over QUIC → segment → mesh → print file → view.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron demo                                 on a generated teaching case\n  \
                        theatron demo CT_FOLDER --headless --out out  pictures, STL, 3MF and report.json\n  \
                        theatron demo --from-pacs ORTHANC@127.0.0.1:4242 --study 1.2.3"
)]
pub(crate) struct Arguments {
    /// A folder or ZIP archive of DICOM, or a DICOMDIR; without it a teaching case is generated.
    path: Option<PathBuf>,
    /// Fetch the study from this PACS instead, and send the surface back.
    #[arg(long, value_name = "AE@HOST:PORT", requires = "study", conflicts_with = "path")]
    from_pacs: Option<Peer>,
    /// Study Instance UID to fetch.
    #[arg(long, value_name = "UID", requires = "from_pacs")]
    study: Option<String>,
    /// Pictures and files instead of a window.
    #[arg(long)]
    headless: bool,
    /// Where everything is written, the demo's own bank among it.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// The emulated network between edge and client (see assets/netsim).
    #[arg(long, default_value = "embb-good")]
    profile: String,
    /// Error that simplification may make, in mm; default: a quarter of the smallest voxel edge.
    #[arg(long, value_name = "MM")]
    max_error_mm: Option<f64>,
}

/// What the stages of one run share.
struct Run<'a> {
    arguments: &'a Arguments,
    out: &'a Path,
    bank: Arc<Bank>,
    actor: Actor,
    report: Report,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let out = arguments.out.as_path();
    std::fs::create_dir_all(out).map_err(|error| folder_fault(out, &error))?;
    let bank = Arc::new(Bank::open(out.join("bank"))?);
    let mut run = Run { arguments, out, bank, actor: actor()?, report: Report::default() };
    eprintln!("theatron demo: not for clinical use. Everything is written to {}", out.display());

    let (imported, entry) = run.import()?;
    let device_and_window = run.main_job(imported, &entry);
    // The report is written even when the print was refused: it says what happened so far.
    let written = run.report.write(out);
    let served = device_and_window?;
    written?;

    let mut answer = Answer::new(&run.report, run.report.words(out))?;
    answer.fault.clone_from(&run.report.fault);
    if answer.fault.is_none() && window::wanted(arguments.headless) {
        window::open(&served, &run.report.case, out)?;
    }
    Ok(answer)
}

impl Run<'_> {
    /// Reads the scan, wherever it comes from, into the demo's bank.
    fn import(&mut self) -> Result<(ImportedVolume, VolumeEntry), Fault> {
        let watch = Stopwatch::new();
        let imported = match (&self.arguments.from_pacs, &self.arguments.study, &self.arguments.path) {
            (Some(peer), Some(study), _) => {
                let stage = Stage::new(("pull", "获取"));
                let wanted = Wanted { study_uid: study.clone(), series_uid: None };
                let (got, imported) = pacs::pull(&self.bank, &self.actor, peer, &wanted, &stage)?;
                stage.done(&format!("{} objects from {}", got.completed, peer.address()));
                imported
            }
            (_, _, Some(folder)) => self.read(std::slice::from_ref(folder))?,
            (_, _, None) => {
                let folder = self.out.join("teaching-case");
                let stage = Stage::new(("generate", "生成"));
                let slices = teaching::write(&folder)?;
                stage.done(&format!("{} slices of a teaching torso", slices.len()));
                self.read(&slices)?
            }
        };
        self.report.stage("import", watch.seconds());
        self.choose(imported)
    }

    fn read(&self, paths: &[PathBuf]) -> Result<Imported, Fault> {
        let stage = Stage::new(("import", "导入"));
        let imported = import(&self.bank, &self.actor, paths, &stage)?;
        stage.done(&format!("{} volumes", imported.volumes.len()));
        Ok(imported)
    }

    /// The volume the demo works on: CT before MR, the largest of them.
    fn choose(&mut self, imported: Imported) -> Result<(ImportedVolume, VolumeEntry), Fault> {
        let Imported { report, volumes } = imported;
        let entries: Vec<VolumeEntry> = report.cases.iter().flat_map(|case| case.volumes.clone()).collect();
        let best = volumes::best(&entries).cloned();
        let chosen = best.and_then(|entry| Some((volumes.into_iter().find(|v| v.id == entry.id)?, entry)));
        // Which objects a volume is made of is the bank's business, and a list of hundreds here.
        self.report.volumes = entries;
        self.report.volumes.iter_mut().for_each(|entry| entry.objects.clear());
        self.report.findings = report.findings;
        let (volume, entry) =
            chosen.ok_or_else(|| Fault::told(FaultKind::Internal, "The import lost its volume."))?;
        self.report.case = volume.case.to_string();
        Stage::new(("volume", "体数据"))
            .done(super::import::volume_words(&entry, crate::terminal::language()).trim());
        Ok((volume, entry))
    }

    /// Stream, segment, mesh, print, draw.
    fn main_job(&mut self, imported: ImportedVolume, entry: &VolumeEntry) -> Result<stream::Served, Fault> {
        let watch = Stopwatch::new();
        let (served, volume) = stream::run(
            &self.bank,
            &self.actor,
            imported.case,
            entry.id,
            &imported.volume,
            self.out,
            &self.arguments.profile,
            &mut self.report,
        )?;
        let volume = Arc::new(volume);
        self.report.stage("stream", watch.seconds());
        let (source, case) = (imported.source, imported.case);
        drop(imported.volume);

        let method = segment::method(segment::usual_method(&entry.modality))?;
        let (stage, watch) = (Stage::new(("segment", "分割")), Stopwatch::new());
        let outcome = segment::run(method, &Inputs::new(&volume, &Params::new()), &stage)?;
        let made = segment::Made { method, outcome: &outcome, seeds: &[], from: &[] };
        segment::keep(&self.bank, &self.actor, case, entry.id, method.id, &made)?;
        stage.done(&format!(
            "{}: {} voxels, {:.1} mL",
            method.id,
            outcome.voxels,
            outcome.volume_mm3 / 1000.0
        ));
        self.report.segment(case, method.id, &outcome, watch.seconds());

        let surface = self.surface(&volume, &outcome, entry, case, method.id, &source)?;

        let (stage, watch) = (Stage::new(("draw", "绘制")), Stopwatch::new());
        let mut studio = pictures::Studio::new(&volume, pictures::usual_preset(&entry.modality))?;
        self.report.device = studio.device();
        studio.frame(&outcome.mask);
        if let Some(surface) = &surface {
            studio.add_surface(&surface.mesh)?;
        }
        self.report.pictures = pictures::usual_set(&mut studio, self.out, &stage)?;
        stage.done(&format!("{} pictures by {}", self.report.pictures.len(), self.report.device));
        self.report.stage("draw", watch.seconds());
        Ok(served)
    }

    /// Makes, keeps and writes the surface; a scan that would print wrongly is refused here, and only here.
    fn surface(
        &mut self,
        volume: &Volume,
        outcome: &meshing_segment::Outcome,
        entry: &VolumeEntry,
        case: casebank_case::CaseId,
        name: &str,
        source: &app_engine::import::Provenance,
    ) -> Result<Option<mesh::Surface>, Fault> {
        let journal = self.bank.load(&case, &self.actor)?;
        if let Err(fault) = mesh::ask_to_print(&self.bank, &self.actor, journal.case(), entry.id) {
            if fault.kind != FaultKind::Refused {
                return Err(fault);
            }
            Stage::new(("print", "打印")).done(&format!("refused: {fault}"));
            self.report.refuse(fault);
            return Ok(None);
        }
        let segment = journal.case().segment(name).ok_or_else(|| {
            Fault::told(FaultKind::Internal, ("The segment was removed meanwhile.", "分割在此期间被移除。"))
        })?;
        let (stage, watch) = (Stage::new(("mesh", "表面")), Stopwatch::new());
        let max_error_mm = self.arguments.max_error_mm.unwrap_or_else(|| mesh::usual_max_error_mm(volume));
        let surface = mesh::surface(volume, &outcome.mask, outcome.level, max_error_mm, &stage)?;
        mesh::keep(&self.bank, &self.actor, case, segment, &surface)?;
        for ending in ["stl", "3mf"] {
            let written = mesh::export(
                &self.bank,
                &self.actor,
                case,
                &surface,
                &self.out.join(format!("{name}.{ending}")),
                name,
            )?;
            stage.done(super::mesh::words(&written).trim());
            self.report.meshes.push(written);
        }
        self.report.stage("mesh", watch.seconds());
        if let Some(peer) = &self.arguments.from_pacs {
            let watch = Stopwatch::new();
            self.report.pacs = Some(results::send_back(peer, &self.report.meshes, name, entry, source)?);
            self.report.stage("send back", watch.seconds());
        }
        Ok(Some(surface))
    }
}

/// A folder that cannot be made.
fn folder_fault(folder: &Path, error: &std::io::Error) -> Fault {
    Fault::new(
        FaultKind::Internal,
        format!("The folder {} cannot be made: {error}.", folder.display()),
        "Nothing was done.",
        "Choose another with --out.",
    )
}
