//! Undo is exact, redo is exact, and the journal brings the same document back.

use casebank_case::{
    Case, Command, FindingCode, Journal, JournalError, MeasurementId, PatientInfo, Phi, Proposal, Severity,
    StudyInfo, ViewState,
};
use proptest::prelude::*;

use crate::samples::{
    AT, acceptance, actor, case_id, measurement, screw, segment, surface, volume, volume_id,
};

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["bone", "skin", "骨"]).prop_map(str::to_owned)
}

fn command() -> impl Strategy<Value = Command> {
    let n = 1..4_u8;
    let severe = prop::sample::select(vec![Severity::Info, Severity::Severe]);
    prop_oneof![
        2 => (n.clone(), severe, prop::num::f64::ANY, prop::num::f64::POSITIVE | prop::num::f64::SUBNORMAL).prop_map(
            |(n, severity, origin, spacing)| {
                let mut entry = volume(n, severity);
                entry.origin_lps_mm[0] = origin;
                entry.spacing_mm[2] = spacing;
                Command::ImportVolume(Box::new(entry))
            }
        ),
        2 => n.clone().prop_map(|n| Command::ImportVolume(Box::new(volume(n, Severity::Severe)))),
        1 => any::<String>().prop_map(|title| Command::Rename { title: Phi::new(title) }),
        1 => any::<String>().prop_map(|name| {
            Command::SetPatient { patient: Phi::new(PatientInfo { name, ..PatientInfo::default() }) }
        }),
        1 => (n.clone(), any::<String>()).prop_map(|(n, text)| Command::PutStudy {
            study: StudyInfo { uid: format!("1.2.{n}"), description: Phi::new(text), ..StudyInfo::default() }
        }),
        1 => n.clone().prop_map(|n| Command::RemoveVolume { volume: volume_id(n) }),
        3 => n.clone().prop_map(|n| Command::AcceptFinding(acceptance(n))),
        1 => n.clone().prop_map(|n| {
            Command::RevokeAcceptance { volume: volume_id(n), code: FindingCode::MissingSlice }
        }),
        3 => (name(), n.clone(), prop::num::f64::NORMAL).prop_map(|(name, n, lower)| {
            Command::PutSegment(Box::new(segment(&name, &volume(n, Severity::Info), lower)))
        }),
        1 => name().prop_map(|name| Command::RemoveSegment { name }),
        3 => (name(), n.clone(), prop::num::f64::NORMAL).prop_map(|(name, n, area)| {
            let mut entry = surface(&segment(&name, &volume(n, Severity::Info), 1.0));
            entry.area_mm2 = area.abs();
            Command::PutSurface(Box::new(entry))
        }),
        1 => name().prop_map(|segment| Command::RemoveSurface { segment }),
        3 => (name(), prop::num::f64::NORMAL)
            .prop_map(|(name, depth)| Command::PutPlan(Box::new(screw(&name, depth)))),
        1 => name().prop_map(|name| Command::RemovePlan { name }),
        2 => (1..6_u8, n.clone()).prop_map(|(id, n)| Command::AddMeasurement(measurement(id, n))),
        1 => (1..6_u8).prop_map(|id| Command::RemoveMeasurement { id: MeasurementId::from_bytes([id; 16]) }),
        2 => (n, prop::num::f64::ANY, 1e-3..1e4).prop_map(|(n, window_centre, window_width)| Command::SetView {
            volume: volume_id(n),
            view: ViewState { window_centre, window_width, preset: String::new() },
        }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Do(Box<Command>),
    Undo,
    Redo,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => command().prop_map(|command| Step::Do(Box::new(command))),
        2 => Just(Step::Undo),
        1 => Just(Step::Redo),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn undo_all_gives_the_empty_case_and_redo_all_gives_it_back(commands in prop::collection::vec(command(), 0..60)) {
        let mut journal = Journal::new(case_id());
        let mut applied = 0;
        for command in commands {
            let before = journal.case().clone();
            if journal.apply(command, &actor(), AT).is_ok() {
                applied += 1;
            } else {
                prop_assert_eq!(&before, journal.case());
            }
        }
        let after = journal.case().clone();
        for _ in 0..applied {
            journal.undo(&actor(), AT).unwrap();
        }
        prop_assert_eq!(journal.case(), &Case::empty(case_id()));
        prop_assert!(matches!(journal.undo(&actor(), AT), Err(JournalError::NothingToUndo)));
        for _ in 0..applied {
            journal.redo(&actor(), AT).unwrap();
        }
        prop_assert_eq!(journal.case(), &after);
        prop_assert!(matches!(journal.redo(&actor(), AT), Err(JournalError::NothingToRedo)));
        prop_assert_eq!(journal.head(), 3 * applied);
        journal.verify().unwrap();
    }

    #[test]
    fn mixed_steps_follow_the_stack_of_documents(steps in prop::collection::vec(step(), 0..60)) {
        // The model: every document so far, and where in them we are.
        let mut journal = Journal::new(case_id());
        let mut documents = vec![journal.case().clone()];
        let mut now = 0;
        for step in steps {
            match step {
                Step::Do(command) => {
                    if journal.apply(*command, &actor(), AT).is_ok() {
                        documents.truncate(now + 1);
                        documents.push(journal.case().clone());
                        now += 1;
                    }
                }
                Step::Undo => {
                    prop_assert_eq!(journal.can_undo(), now > 0);
                    prop_assert_eq!(journal.undo(&actor(), AT).is_ok(), now > 0);
                    now = now.saturating_sub(1);
                }
                Step::Redo => {
                    let can = now + 1 < documents.len();
                    prop_assert_eq!(journal.can_redo(), can);
                    prop_assert_eq!(journal.redo(&actor(), AT).is_ok(), can);
                    now += usize::from(can);
                }
            }
            prop_assert_eq!(journal.case(), &documents[now]);
        }
        let text = journal.to_jsonl();
        let mut back = Journal::from_jsonl(&text).unwrap();
        prop_assert_eq!(back.case(), journal.case());
        prop_assert_eq!(back.head_hash(), journal.head_hash());
        prop_assert_eq!(back.to_jsonl(), text);
        // What was read can still be undone to the start.
        while back.can_undo() {
            back.undo(&actor(), AT).unwrap();
        }
        prop_assert_eq!(back.case(), &documents[0]);
    }

    #[test]
    fn the_document_survives_json(commands in prop::collection::vec(command(), 0..40)) {
        let mut journal = Journal::new(case_id());
        for command in commands {
            // Some are refused; the others make the document.
            drop(journal.apply(command, &actor(), AT));
        }
        let json = serde_json::to_string(journal.case()).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Case>(&json).unwrap(), journal.case());
    }
}

#[test]
fn a_stale_writer_is_refused() {
    let mut journal = Journal::new(case_id());
    let rename =
        |title: &str, base_seq| Proposal { command: Command::Rename { title: Phi::from(title) }, base_seq };
    journal.propose(rename("one", Some(0)), &actor(), AT).unwrap();
    let refused = journal.propose(rename("two", Some(0)), &actor(), AT).unwrap_err();
    assert!(matches!(refused, JournalError::StaleWriter { base: 0, head: 1 }), "{refused}");
    assert!(refused.to_string().contains("read it again"), "says what to do");
    assert_eq!(journal.case().title.expose(), "one");
    journal.propose(rename("two", Some(1)), &actor(), AT).unwrap();
    journal.propose(rename("three", None), &actor(), AT).unwrap();
    assert_eq!(journal.case().title.expose(), "three");
}
