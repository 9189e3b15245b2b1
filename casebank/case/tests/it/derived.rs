//! Segments that were made from other segments.

use casebank_case::{
    Algorithms, Case, Command, CommandError, Journal, SegmentEntry, Severity, Stale, StaleReason,
};

use crate::samples::{AT, actor, case_id, segment, volume, volume_id};

/// A segment of these sources, keyed as they are now.
fn of(case: &Case, name: &str, from: &[&str]) -> SegmentEntry {
    let source = volume(1, Severity::Info);
    let made = SegmentEntry {
        from: from.iter().map(|name| (*name).to_owned()).collect(),
        method: "margin".to_owned(),
        ..segment(name, &source, 1.0)
    };
    let sources = case.sources(&made).unwrap_or_default();
    made.clone().keyed(&source, &sources)
}

fn put(journal: &mut Journal, name: &str, from: &[&str]) {
    let made = of(journal.case(), name, from);
    journal.apply(Command::PutSegment(Box::new(made)), &actor(), AT).unwrap();
}

fn derived() -> Journal {
    let source = volume(1, Severity::Info);
    let mut journal = Journal::new(case_id());
    journal.apply(Command::ImportVolume(Box::new(source.clone())), &actor(), AT).unwrap();
    journal.apply(Command::PutSegment(Box::new(segment("tumour", &source, 40.0))), &actor(), AT).unwrap();
    put(&mut journal, "margin", &["tumour"]);
    put(&mut journal, "shell", &["margin", "tumour"]);
    journal
}

fn stale(case: &Case) -> Vec<(String, StaleReason)> {
    let named = |stale: Stale| match stale {
        Stale::Segment { reason, name } => Some((name, reason)),
        _ => None,
    };
    case.stale().into_iter().filter_map(named).collect()
}

#[test]
fn a_change_goes_down_the_chain_and_sources_come_first() {
    let mut journal = derived();
    assert_eq!(stale(journal.case()), []);
    let source = volume(1, Severity::Info);
    let changed = Command::PutSegment(Box::new(segment("tumour", &source, 55.0)));
    journal.apply(changed, &actor(), AT).unwrap();
    let (changed, waits) = (StaleReason::SourceChanged, StaleReason::SourceStale);
    assert_eq!(stale(journal.case()), [("margin".to_owned(), changed), ("shell".to_owned(), changed)]);
    put(&mut journal, "margin", &["tumour"]);
    assert_eq!(stale(journal.case()), [("shell".to_owned(), changed)]);
    put(&mut journal, "shell", &["margin"]);
    assert_eq!(stale(journal.case()), []);
    // A newer algorithm of the first makes the others wait for it.
    let threshold = Algorithms { methods: [("margin".to_owned(), 1)].into(), ..Algorithms::default() };
    let reasons: Vec<Stale> = journal.case().stale_under(&threshold);
    assert_eq!(
        reasons[0],
        Stale::Segment { reason: StaleReason::AlgorithmChanged, name: "tumour".to_owned() }
    );
    assert_eq!(reasons[1], Stale::Segment { reason: waits, name: "margin".to_owned() });
    assert_eq!(reasons[2], Stale::Segment { reason: waits, name: "shell".to_owned() });
    // Removed and made again it lies at the end of the list; it still comes first.
    journal.apply(Command::RemoveSegment { name: "tumour".to_owned() }, &actor(), AT).unwrap();
    assert_eq!(stale(journal.case())[0], ("margin".to_owned(), StaleReason::SourceGone));
    journal.apply(Command::PutSegment(Box::new(segment("tumour", &source, 60.0))), &actor(), AT).unwrap();
    let order: Vec<Stale> = journal.case().stale_under(&threshold);
    assert!(matches!(&order[0], Stale::Segment { name, .. } if name == "tumour"), "{order:?}");
}

#[test]
fn a_segment_is_not_made_from_itself_nor_from_another_scan() {
    let mut journal = derived();
    for (name, from) in [("tumour", "tumour"), ("tumour", "shell"), ("margin", "shell")] {
        let refused = Command::PutSegment(Box::new(of(journal.case(), name, &[from]))).check(journal.case());
        assert!(matches!(refused, Err(CommandError::Invalid { field: "from", .. })), "{refused:?}");
    }
    let missing = Command::PutSegment(Box::new(of(journal.case(), "x", &["none"]))).check(journal.case());
    assert!(matches!(missing, Err(CommandError::Missing { .. })));
    journal.apply(Command::ImportVolume(Box::new(volume(2, Severity::Info))), &actor(), AT).unwrap();
    let elsewhere = SegmentEntry { volume: volume_id(2), ..of(journal.case(), "x", &["tumour"]) };
    let refused = Command::PutSegment(Box::new(elsewhere)).check(journal.case());
    assert!(matches!(refused, Err(CommandError::Invalid { field: "from", .. })), "{refused:?}");
}

#[test]
fn a_ladder_of_many_steps_is_looked_through_once() {
    let mut journal = derived();
    put(&mut journal, "0", &["tumour", "margin"]);
    for step in 1..200 {
        let (name, before) = (step.to_string(), (step - 1).to_string());
        let twice = format!("{before}b");
        put(&mut journal, &format!("{name}b"), &[&before]);
        let from = if step > 1 { vec![before.as_str(), &twice] } else { vec![before.as_str()] };
        put(&mut journal, &name, &from);
    }
    assert_eq!(stale(journal.case()), []);
}
