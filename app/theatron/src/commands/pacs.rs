//! `theatron pacs`: a PACS from the shell.

use std::fmt::Write as _;
use std::path::PathBuf;

use app_engine::{Fault, FaultKind, pacs};
use casebank_case::{PersonName, Phi};
use clap::Subcommand;
use net_dimse::{Match, Outgoing, Peer, Query, Settings, Wanted, echo, find};
use serde_json::json;

use super::bank::{BankArguments, actor};
use crate::answer::Answer;
use crate::terminal::Stage;

/// Talk to a PACS: echo, find, pull, send.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  theatron pacs echo ORTHANC@127.0.0.1:4242\n  theatron pacs find ORTHANC@127.0.0.1:4242 --patient 'Wang*' --modality CT\n  \
                        theatron pacs pull ORTHANC@127.0.0.1:4242 --study 1.2.3 --bank bank\n  theatron pacs send ORTHANC@127.0.0.1:4242 surface.dcm"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Does it answer to that name? (C-ECHO)
    Echo {
        /// AE@HOST:PORT
        peer: Peer,
    },
    /// Which studies does it have? (C-FIND)
    Find {
        /// AE@HOST:PORT
        peer: Peer,
        /// Patient's name; * and ? are wildcards.
        #[arg(long)]
        patient: Option<String>,
        /// Patient's id.
        #[arg(long)]
        patient_id: Option<String>,
        /// Modality, for example CT.
        #[arg(long)]
        modality: Option<String>,
        /// Study date YYYYMMDD, or a range A-B.
        #[arg(long)]
        date: Option<String>,
    },
    /// Fetch a study into the bank (C-GET).
    Pull {
        /// AE@HOST:PORT
        peer: Peer,
        /// Study Instance UID.
        #[arg(long)]
        study: String,
        /// Only this series.
        #[arg(long)]
        series: Option<String>,
        #[command(flatten)]
        bank: BankArguments,
    },
    /// Send DICOM files (C-STORE).
    Send {
        /// AE@HOST:PORT
        peer: Peer,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    match &arguments.what {
        What::Echo { peer } => {
            let report = echo(peer, &Settings::default())?;
            let millis = report.elapsed.as_secs_f64() * 1000.0;
            let json =
                json!({"peer": peer.address(), "ae": peer.ae_called.as_str(), "round_trip_ms": millis});
            Answer::new(&json, format!("{} at {} answers ({millis:.0} ms)\n", peer.ae_called, peer.address()))
        }
        What::Find { peer, patient, patient_id, modality, date } => {
            let query = Query {
                patient_name: patient.clone().map(Phi::new),
                patient_id: patient_id.clone().map(Phi::new),
                modality: modality.clone(),
                study_date: date.clone(),
                ..Query::default()
            };
            studies(peer, &query)
        }
        What::Pull { peer, study, series, bank } => {
            let wanted = Wanted { study_uid: study.clone(), series_uid: series.clone() };
            let stage = Stage::new(("pull", "获取"));
            let (got, imported) = pacs::pull(&bank.open()?, &actor()?, peer, &wanted, &stage)?;
            stage.done(&format!("{} objects", got.completed));
            let mut json = serde_json::to_value(&imported.report).unwrap_or_default();
            json["pulled"] =
                json!({"completed": got.completed, "failed": got.failed, "warnings": got.warnings});
            let cases: Vec<String> =
                imported.report.cases.iter().map(|case| format!("case {}\n", case.case)).collect();
            Answer::new(&json, cases.concat())
        }
        What::Send { peer, files } => {
            let stage = Stage::new(("send", "发送"));
            let objects: Vec<Outgoing> = files.iter().cloned().map(Outgoing::from).collect();
            let sent = pacs::send(peer, &objects, &stage)?;
            stage.done(&format!("{} of {} objects", sent.stored, files.len()));
            let failed: Vec<_> = sent
                .failed
                .iter()
                .map(|f| json!({"file": files.get(f.index), "reason": f.reason.to_string()}))
                .collect();
            let mut answer = Answer::new(&json!({"stored": sent.stored, "failed": failed}), String::new())?;
            if let Some(first) = sent.failed.first() {
                answer.fault = Some(Fault::new(
                    FaultKind::Peer,
                    format!(
                        "{} of {} objects were not stored; the first: {}.",
                        sent.failed.len(),
                        files.len(),
                        first.reason
                    ),
                    "The others are in the PACS.",
                    "Mend that and send the rest again.",
                ));
            }
            Ok(answer)
        }
    }
}

fn studies(peer: &Peer, query: &Query) -> Result<Answer, Fault> {
    let stage = Stage::new(("find", "查询"));
    let found = find(peer, query, &Settings::default(), &stage)?;
    let mut text = String::new();
    for study in &found.matches {
        writeln!(
            text,
            "{}  {}  {}  {}  {}",
            study.study_uid,
            study.study_date.as_deref().unwrap_or("        "),
            study.modalities.join("\\"),
            PersonName::parse(study.patient_name.expose()).shown(),
            study.study_description.as_deref().unwrap_or_default()
        )
        .unwrap_or_default();
    }
    if found.matches.is_empty() {
        text.push_str("no study matches\n");
    }
    let describe = |m: &Match| {
        json!({"study": m.study_uid, "date": m.study_date, "modalities": m.modalities, "patient_name": m.patient_name.expose(),
               "patient_id": m.patient_id.expose(), "description": m.study_description})
    };
    Answer::new(&json!({"studies": found.matches.iter().map(describe).collect::<Vec<_>>()}), text)
}
