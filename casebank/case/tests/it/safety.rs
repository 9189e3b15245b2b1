//! Findings refuse, acceptance allows, stale things stay inside.

use std::collections::BTreeMap;

use casebank_case::{
    Algorithms, Case, Command, CommandError, FindingCode, Journal, JournalError, ObjectHash, Phi,
    RefusalCode, Severity, Stale, StaleReason,
};

use crate::samples::{AT, acceptance, actor, case_id, measurement, segment, surface, volume, volume_id};

fn with(commands: Vec<Command>) -> Journal {
    let mut journal = Journal::new(case_id());
    for command in commands {
        journal.apply(command, &actor(), AT).unwrap();
    }
    journal
}

fn import(n: u8, severity: Severity) -> Command {
    Command::ImportVolume(Box::new(volume(n, severity)))
}

#[test]
fn volume_json_has_the_fields_of_the_contract() {
    let json = serde_json::to_value(volume(1, Severity::Severe)).unwrap();
    for field in [
        "volume",
        "modality",
        "size",
        "spacing_mm",
        "origin_lps_mm",
        "direction",
        "range",
        "unit",
        "findings",
    ] {
        assert!(json.get(field).is_some(), "{field}");
    }
    assert_eq!(json["volume"], "01010101-0101-0101-0101-010101010101");
    assert_eq!(json["size"], serde_json::json!([512, 512, 221]));
    assert_eq!(json["direction"].as_array().unwrap().len(), 9);
    assert_eq!(json["findings"][0]["code"], "missing_slice");
    assert_eq!(json["findings"][0]["severity"], "severe");
}

#[test]
fn severe_findings_refuse_until_accepted() {
    let mut journal = with(vec![import(1, Severity::Severe), import(2, Severity::Warning)]);
    let refusals = journal.case().refusals(volume_id(1));
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].code, RefusalCode::Finding(FindingCode::MissingSlice));
    assert!(!refusals[0].message_zh.is_empty() && refusals[0].next_step_zh.contains("missing_slice"));
    assert!(refusals[0].message.contains("slices 12 and 13"), "names the slices");
    assert!(journal.case().refusals(volume_id(2)).is_empty());
    for may in [Case::may_measure, Case::may_print, Case::may_navigate] {
        assert_eq!(may(journal.case(), volume_id(1)).unwrap_err(), refusals[0]);
        may(journal.case(), volume_id(2)).unwrap();
        assert_eq!(may(journal.case(), volume_id(3)).unwrap_err().code, RefusalCode::NoSuchVolume);
    }
    let measure = Command::AddMeasurement(measurement(1, 1));
    let refused = journal.apply(measure.clone(), &actor(), AT).unwrap_err();
    assert!(matches!(refused, JournalError::Command(CommandError::Refused(_))), "{refused}");
    assert_eq!(journal.head(), 2, "a refused command leaves no entry");

    journal.apply(Command::AcceptFinding(acceptance(1)), &actor(), AT).unwrap();
    journal.case().may_print(volume_id(1)).unwrap();
    journal.apply(measure, &actor(), AT).unwrap();
    assert_eq!(journal.case().measurements[0].value_mm(), Some(5.0));

    let revoke = Command::RevokeAcceptance { volume: volume_id(1), code: FindingCode::MissingSlice };
    journal.apply(revoke, &actor(), AT).unwrap();
    assert!(journal.case().may_print(volume_id(1)).is_err());
}

#[test]
fn accepting_needs_a_person_a_reason_and_a_finding() {
    let mut journal = with(vec![import(1, Severity::Severe)]);
    let mut wrong = vec![acceptance(1); 4];
    wrong[0].by = " ".to_owned();
    wrong[1].reason = "\n".to_owned();
    wrong[2].code = FindingCode::GantryTilt;
    wrong[3].volume = volume_id(9);
    for acceptance in wrong {
        journal.apply(Command::AcceptFinding(acceptance), &actor(), AT).unwrap_err();
        assert!(journal.case().may_print(volume_id(1)).is_err());
    }
}

#[test]
fn refusals_have_stable_codes_in_json() {
    for (code, text) in [
        (RefusalCode::Finding(FindingCode::GantryTilt), "\"gantry_tilt\""),
        (RefusalCode::NoSuchVolume, "\"no_such_volume\""),
        (RefusalCode::NoSuchSurface, "\"no_such_surface\""),
        (RefusalCode::Stale, "\"stale\""),
    ] {
        assert_eq!(serde_json::to_string(&code).unwrap(), text);
        assert_eq!(serde_json::from_str::<RefusalCode>(text).unwrap(), code);
        assert_eq!(format!("\"{code}\""), text);
    }
}

#[test]
fn a_surface_made_from_an_older_segment_is_stale_and_stays_inside() {
    let source = volume(1, Severity::Info);
    let bone = segment("bone", &source, 226.0);
    let mut journal = with(vec![
        import(1, Severity::Info),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ]);
    assert_eq!(journal.case().stale(), []);
    journal.case().may_export("bone").unwrap();
    assert_eq!(journal.case().may_export("skin").unwrap_err().code, RefusalCode::NoSuchSurface);

    // The same result from the same inputs is not stale, whatever its float figures say.
    let same = casebank_case::SegmentEntry { volume_mm3: 1.0, voxels: 1, ..bone.clone() };
    journal.apply(Command::PutSegment(Box::new(same)), &actor(), AT).unwrap();
    assert_eq!(journal.case().stale(), []);

    journal.apply(Command::PutSegment(Box::new(segment("bone", &source, 300.0))), &actor(), AT).unwrap();
    let stale = Stale::Surface { reason: StaleReason::SourceChanged, segment: "bone".to_owned() };
    assert_eq!(journal.case().stale(), [stale]);
    assert_eq!(journal.case().may_export("bone").unwrap_err().code, RefusalCode::Stale);
    journal.undo(&actor(), AT).unwrap();
    journal.case().may_export("bone").unwrap();
}

#[test]
fn a_segment_that_did_not_come_from_this_volume_is_stale_and_so_is_its_surface() {
    let other = volume(2, Severity::Info);
    let mut bone = segment("bone", &other, 226.0);
    bone.volume = volume_id(1);
    let journal = with(vec![
        import(1, Severity::Info),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ]);
    assert_eq!(
        journal.case().stale(),
        [
            Stale::Segment { reason: StaleReason::SourceChanged, name: "bone".to_owned() },
            Stale::Surface { reason: StaleReason::SourceStale, segment: "bone".to_owned() },
        ]
    );
    assert_eq!(journal.case().may_export("bone").unwrap_err().code, RefusalCode::Stale);
}

#[test]
fn a_newer_algorithm_makes_stale() {
    let source = volume(1, Severity::Info);
    let bone = segment("bone", &source, 226.0);
    let journal = with(vec![
        import(1, Severity::Info),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ]);
    let methods = BTreeMap::from([("threshold".to_owned(), 1)]);
    let mut now = Algorithms { methods, surface: Some(1), ..Algorithms::default() };
    assert_eq!(journal.case().stale_under(&now), []);
    now.surface = Some(2);
    let surface = |reason| Stale::Surface { reason, segment: "bone".to_owned() };
    assert_eq!(journal.case().stale_under(&now), [surface(StaleReason::AlgorithmChanged)]);
    now.methods.insert("threshold".to_owned(), 2);
    let segment = Stale::Segment { reason: StaleReason::AlgorithmChanged, name: "bone".to_owned() };
    assert_eq!(journal.case().stale_under(&now), [segment, surface(StaleReason::SourceStale)]);
}

#[test]
fn export_asks_the_findings_of_the_volume() {
    let source = volume(1, Severity::Severe);
    let bone = segment("bone", &source, 226.0);
    let mut journal = with(vec![
        import(1, Severity::Severe),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ]);
    let refusal = journal.case().may_export("bone").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Finding(FindingCode::MissingSlice));
    journal.apply(Command::AcceptFinding(acceptance(1)), &actor(), AT).unwrap();
    journal.case().may_export("bone").unwrap();
}

#[test]
fn volumes_in_use_stay_and_removing_takes_what_hangs_on_it() {
    let source = volume(1, Severity::Severe);
    let bone = segment("bone", &source, 226.0);
    let mut journal = with(vec![
        import(1, Severity::Severe),
        Command::AcceptFinding(acceptance(1)),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ]);
    let remove = Command::RemoveVolume { volume: volume_id(1) };
    let refused = journal.apply(remove.clone(), &actor(), AT).unwrap_err();
    assert!(matches!(refused, JournalError::Command(CommandError::InUse { .. })), "{refused}");
    journal.apply(Command::RemoveSegment { name: "bone".to_owned() }, &actor(), AT).unwrap();
    assert!(journal.case().surfaces.is_empty(), "a surface goes with its segment");
    journal.apply(remove, &actor(), AT).unwrap();
    assert_eq!(*journal.case(), Case::empty(case_id()));
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let mut journal = with(vec![import(1, Severity::Info)]);
    let before = journal.to_jsonl();
    let source = volume(2, Severity::Info);
    let broken = |change: &dyn Fn(&mut casebank_case::VolumeEntry)| {
        let mut entry = source.clone();
        change(&mut entry);
        Command::ImportVolume(Box::new(entry))
    };
    let bad = [
        broken(&|v| v.spacing_mm[1] = 0.0),
        broken(&|v| v.spacing_mm[1] = f64::NAN),
        broken(&|v| v.origin_lps_mm[0] = f64::INFINITY),
        broken(&|v| v.size[2] = 0),
        broken(&|v| v.range = [1.0, 0.0]),
        broken(&|v| v.unit = "x".repeat(5000)),
        broken(&|v| v.id = volume_id(1)),
        broken(&|v| v.objects = vec![ObjectHash([0; 32]); 20_000]),
        Command::Rename { title: Phi::new("x".repeat(5000)) },
        Command::PutSegment(Box::new(segment(" ", &volume(1, Severity::Info), 1.0))),
        Command::PutSegment(Box::new(segment("bone", &source, 1.0))),
        Command::AddMeasurement({
            let mut one = measurement(1, 1);
            one.points_lps_mm.pop();
            one
        }),
    ];
    for command in bad {
        journal.apply(command, &actor(), AT).unwrap_err();
    }
    assert_eq!(journal.to_jsonl(), before, "refused commands leave nothing behind");
}

#[test]
fn errors_and_debug_show_no_patient() {
    let patient = casebank_case::PatientInfo {
        name: "Canary^Anna".to_owned(),
        id: "CANARY-77".to_owned(),
        birth_date: "19700101".to_owned(),
        sex: "F".to_owned(),
    };
    let mut journal = with(vec![
        Command::SetPatient { patient: Phi::new(patient.clone()) },
        Command::Rename { title: Phi::from("Canary tumour") },
    ]);
    let mut shown = format!("{journal:?}{:?}{:?}", journal.case(), patient);
    let too_long = Command::Rename { title: Phi::new("Canary ".repeat(1000)) };
    shown += &journal.apply(too_long, &actor(), AT).unwrap_err().to_string();
    // A line whose fields have the wrong form, with a right hash.
    let odd = serde_json::json!({"seq": "Canary", "at": "CANARY-77", "title": "Canary"});
    let text = format!("{}\n{}\n", journal.header(), casebank_case::seal(odd).unwrap().line);
    shown += &Journal::from_jsonl(&text).unwrap_err().to_string();
    assert!(!shown.to_lowercase().contains("canary") && !shown.contains("19700101"), "{shown}");
}
