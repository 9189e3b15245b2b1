//! Journals that older programs wrote stay readable and keep their hashes. `UPDATE=1` writes the file of the newest
//! version anew; the files of released versions never change.

use std::path::PathBuf;

use casebank_case::{
    Command, Journal, PatientInfo, Phi, Severity, StudyInfo, VERSION, ViewState, seal, unseal,
};

use crate::plan::every_plan_command;
use crate::samples::{AT, acceptance, actor, case_id, measurement, segment, surface, volume, volume_id};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Every command once, an undo and a redo.
fn every_command() -> Journal {
    let one = volume(1, Severity::Severe);
    let bone = segment("bone", &one, 226.5);
    let commands = vec![
        Command::Rename { title: Phi::from("Left knee, 左膝") },
        Command::SetPatient {
            patient: Phi::new(PatientInfo {
                name: "Muster^Anna".to_owned(),
                id: "T-0001".to_owned(),
                birth_date: "19700101".to_owned(),
                sex: "F".to_owned(),
            }),
        },
        Command::PutStudy {
            study: StudyInfo {
                uid: one.study_uid.clone(),
                date: Phi::from("20261120"),
                description: Phi::from("Knee"),
                accession: Phi::from("A-17"),
            },
        },
        Command::ImportVolume(Box::new(one.clone())),
        Command::ImportVolume(Box::new(volume(2, Severity::Info))),
        Command::AcceptFinding(acceptance(1)),
        Command::SetView {
            volume: volume_id(1),
            view: ViewState { window_centre: 40.0, window_width: 400.0, preset: "bone".to_owned() },
        },
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
        Command::AddMeasurement(measurement(7, 1)),
        Command::AddMeasurement(measurement(8, 2)),
        Command::RemoveMeasurement { id: measurement(8, 2).id },
        Command::PutSegment(Box::new(segment("skin", &volume(2, Severity::Info), -300.0))),
        Command::RemoveSegment { name: "skin".to_owned() },
        Command::RemoveVolume { volume: volume_id(2) },
        Command::RemoveSurface { segment: "bone".to_owned() },
        Command::RevokeAcceptance { volume: volume_id(1), code: acceptance(1).code },
    ];
    let mut journal = Journal::new(case_id());
    for command in commands {
        journal.apply(command, &actor(), AT).unwrap();
    }
    journal.undo(&actor(), AT).unwrap();
    journal.undo(&actor(), AT).unwrap();
    journal.redo(&actor(), AT).unwrap();
    journal
}

#[test]
fn what_is_written_today_is_the_golden_file() {
    for (name, journal) in [("every-command", every_command()), ("plan", every_plan_command())] {
        let path = golden(&format!("v{VERSION}-{name}.jsonl"));
        let text = journal.to_jsonl();
        if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "the written form changed: raise VERSION instead"
        );
    }
}

#[test]
fn version_1_loads_and_hashes_the_same() {
    let text = std::fs::read_to_string(golden("v1-every-command.jsonl")).unwrap();
    let journal = Journal::from_jsonl(&text).unwrap();
    assert_eq!(journal.head_hash().to_string(), V1_HEAD);
    assert_eq!(journal.case(), every_command().case());
    assert_eq!(journal.to_jsonl(), text);
    journal.verify().unwrap();
}

const V1_HEAD: &str = "0bb786620b539a29a171360928c1c50cafefba9f2bc6ea708f09fd945314a8fb";

#[test]
fn what_a_newer_program_added_is_kept_and_what_an_older_left_out_is_filled() {
    // A version 1 volume with only the contract's fields, and a field that this program does not know.
    let header = every_command().header().to_owned();
    let prev = Journal::from_jsonl(&header).unwrap().head_hash();
    let mut volume = serde_json::to_value(volume(1, Severity::Info)).unwrap();
    for field in ["series_uid", "study_uid", "frame_of_reference", "description", "objects"] {
        volume.as_object_mut().unwrap().remove(field).unwrap();
    }
    volume["contrast_phase"] = "portal".into();
    let entry = serde_json::json!({
        "seq": 1, "at": "2026-11-22T11:00:00+01:00", "actor": "dr.huber", "kind": "do", "prev": prev,
        "command": {"import_volume": volume}, "signature": {"by": "somebody"},
    });
    let text = format!("{header}\n{}\n", seal(entry).unwrap().line);
    let journal = Journal::from_jsonl(&text).unwrap();
    assert_eq!(journal.case().volumes[0].series_uid, "");
    assert!(journal.case().volumes[0].objects.is_empty());
    assert_eq!(journal.to_jsonl(), text, "unknown fields are kept");
    assert!(unseal(journal.entries()[0].line()).unwrap().line.contains("portal"));
    journal.verify().unwrap();
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let text = "{\"case\":\"11111111-2222-4333-8444-555555555555\",\"theatron_journal\":2}\n";
    let fault = Journal::from_jsonl(text).unwrap_err().to_string();
    assert!(fault.contains("version 2") && fault.contains("Update Theatron"), "{fault}");
    for wrong in ["", "\n", "{}", "[]", "{\"theatron_journal\":1}", "hello", "{\"theatron_journal\":-1}"] {
        assert_eq!(Journal::from_jsonl(wrong).unwrap_err().line, 1, "{wrong:?}");
    }
}
