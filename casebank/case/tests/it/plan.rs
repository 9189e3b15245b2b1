//! Plan, solids and checks: what is stale after which change, what may leave, and what does not fit.

use casebank_case::{
    Algorithms, Command, CommandError, Journal, PlanEntry, PlanShape, RefusalCode, Severity, Stale,
    StaleReason,
};
use meshing_space::{Point, Vector};

use crate::samples::{
    AT, acceptance, actor, case_id, checks, every_shape, guide, screw, segment, signature, surface, volume,
    volume_id,
};

/// A case with a scan, bone, its surface and every kind of plan object.
fn planned() -> Journal {
    let source = volume(1, Severity::Info);
    let bone = segment("bone", &source, 226.0);
    let mut commands = vec![
        Command::ImportVolume(Box::new(source)),
        Command::PutSegment(Box::new(bone.clone())),
        Command::PutSurface(Box::new(surface(&bone))),
    ];
    commands.extend(every_shape().into_iter().map(|object| Command::PutPlan(Box::new(object))));
    let mut journal = Journal::new(case_id());
    for command in commands {
        journal.apply(command, &actor(), AT).unwrap();
    }
    journal
}

/// The same with a guide and its checks.
fn made(wall_mm: f64) -> Journal {
    let mut journal = planned();
    let guide = guide(journal.case());
    let checks = checks(&guide, wall_mm);
    journal.apply(Command::PutSolid(Box::new(guide)), &actor(), AT).unwrap();
    journal.apply(Command::PutChecks(Box::new(checks)), &actor(), AT).unwrap();
    journal
}

fn put(journal: &mut Journal, object: PlanEntry) {
    journal.apply(Command::PutPlan(Box::new(object)), &actor(), AT).unwrap();
}

#[test]
fn a_moved_screw_makes_the_guide_and_its_checks_stale_and_keeps_them_inside() {
    let mut journal = made(2.5);
    assert_eq!(journal.case().stale(), []);
    journal.case().may_export_solid("guide").unwrap();

    // Another label is no other plan, and another plan object is not the guide's.
    put(&mut journal, PlanEntry { label: "L4 sinister".into(), ..screw("screw", 40.0) });
    put(&mut journal, screw("landmark", 10.0));
    assert_eq!(journal.case().stale(), []);

    put(&mut journal, screw("screw", 40.001));
    let name = || "guide".to_owned();
    let stale = [
        Stale::Solid { reason: StaleReason::SourceChanged, name: name() },
        Stale::Checks { reason: StaleReason::SourceStale, solid: name() },
    ];
    assert_eq!(journal.case().stale(), stale);
    assert_eq!(journal.case().may_export_solid("guide").unwrap_err().code, RefusalCode::Stale);
    journal.undo(&actor(), AT).unwrap();
    journal.case().may_export_solid("guide").unwrap();

    journal.apply(Command::RemovePlan { name: "screw".to_owned() }, &actor(), AT).unwrap();
    assert_eq!(journal.case().stale()[0], Stale::Solid { reason: StaleReason::SourceGone, name: name() });
    assert_eq!(journal.case().may_export_solid("guide").unwrap_err().code, RefusalCode::Stale);
}

#[test]
fn a_new_segment_makes_everything_after_it_stale_in_the_order_to_make_it_again() {
    let mut journal = made(2.5);
    let other = segment("bone", &volume(1, Severity::Info), 300.0);
    journal.apply(Command::PutSegment(Box::new(other.clone())), &actor(), AT).unwrap();
    let kinds = |journal: &Journal| -> Vec<&'static str> {
        let word = |stale: &Stale| match stale {
            Stale::Segment { .. } => "segment",
            Stale::Surface { .. } => "surface",
            Stale::Solid { .. } => "solid",
            Stale::Checks { .. } => "checks",
            _ => "other",
        };
        journal.case().stale().iter().map(word).collect()
    };
    assert_eq!(kinds(&journal), ["surface", "solid", "checks"]);
    journal.apply(Command::PutSurface(Box::new(surface(&other))), &actor(), AT).unwrap();
    assert_eq!(kinds(&journal), ["solid", "checks"]);
    let guide = guide(journal.case());
    journal.apply(Command::PutSolid(Box::new(guide.clone())), &actor(), AT).unwrap();
    assert_eq!(kinds(&journal), ["checks"]);
    journal.apply(Command::PutChecks(Box::new(checks(&guide, 2.5))), &actor(), AT).unwrap();
    assert_eq!(kinds(&journal), [""; 0]);
}

#[test]
fn a_newer_recipe_or_newer_checks_make_stale() {
    let journal = made(2.5);
    let mut now = Algorithms {
        methods: [("threshold".to_owned(), 1)].into(),
        surface: Some(1),
        recipes: [("drill_guide".to_owned(), 1)].into(),
        checks: Some(1),
    };
    assert_eq!(journal.case().stale_under(&now), []);
    now.checks = Some(2);
    assert_eq!(journal.case().stale_under(&now).len(), 1);
    now.recipes.clear();
    assert_eq!(journal.case().stale_under(&now).len(), 2);
}

#[test]
fn a_failed_check_keeps_a_solid_inside_until_a_person_signs_and_new_checks_come_unsigned() {
    let mut journal = planned();
    let solid = guide(journal.case());
    assert_eq!(journal.case().may_export_solid("guide").unwrap_err().code, RefusalCode::NoSuchSolid);
    journal.apply(Command::PutSolid(Box::new(solid.clone())), &actor(), AT).unwrap();
    assert_eq!(journal.case().may_export_solid("guide").unwrap_err().code, RefusalCode::NotChecked);
    let sign = || Command::SignChecks { solid: "guide".to_owned(), signature: signature() };
    assert!(journal.apply(sign(), &actor(), AT).is_err(), "nothing to sign yet");

    journal.apply(Command::PutChecks(Box::new(checks(&solid, 1.2))), &actor(), AT).unwrap();
    let refusal = journal.case().may_export_solid("guide").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CheckFailed);
    assert!(refusal.message.contains("wall_thickness") && refusal.message_zh.contains("1.2 mm"));
    journal.apply(sign(), &actor(), AT).unwrap();
    journal.case().may_export_solid("guide").unwrap();
    journal.undo(&actor(), AT).unwrap();
    assert!(journal.case().may_export_solid("guide").is_err());
    journal.redo(&actor(), AT).unwrap();
    assert_eq!(journal.case().checks_of("guide").unwrap().signature, Some(signature()));

    let mut signed = checks(&solid, 1.1);
    signed.signature = Some(signature());
    assert!(journal.apply(Command::PutChecks(Box::new(signed)), &actor(), AT).is_err());
    journal.apply(Command::PutChecks(Box::new(checks(&solid, 1.1))), &actor(), AT).unwrap();
    assert_eq!(journal.case().may_export_solid("guide").unwrap_err().code, RefusalCode::CheckFailed);
    journal.apply(Command::RemoveSolid { name: "guide".to_owned() }, &actor(), AT).unwrap();
    assert!(journal.case().checks.is_empty());
    journal.verify().unwrap();
}

#[test]
fn nothing_is_planned_on_a_scan_with_a_severe_finding_before_it_is_accepted() {
    let mut journal = Journal::new(case_id());
    journal.apply(Command::ImportVolume(Box::new(volume(1, Severity::Severe))), &actor(), AT).unwrap();
    let plan = || Command::PutPlan(Box::new(screw("screw", 40.0)));
    assert!(
        matches!(journal.apply(plan(), &actor(), AT), Err(error) if error.to_string().contains("missing"))
    );
    journal.apply(Command::AcceptFinding(acceptance(1)), &actor(), AT).unwrap();
    journal.apply(plan(), &actor(), AT).unwrap();
    let remove = Command::RemoveVolume { volume: volume_id(1) };
    assert!(matches!(remove.check(journal.case()), Err(CommandError::InUse { by: "a plan object", .. })));
}

#[test]
fn plan_objects_that_make_no_sense_are_refused() {
    let journal = planned();
    let nan = Point::new(f64::NAN, 0.0, 0.0);
    let origin = Point::origin();
    let trajectory = |target, diameter_mm| match screw("x", 1.0).shape {
        PlanShape::Trajectory { tool, .. } => {
            PlanShape::Trajectory { tool, entry_lps_mm: origin, target_lps_mm: target, diameter_mm }
        }
        other => other,
    };
    for shape in [
        PlanShape::Point { at_lps_mm: nan },
        PlanShape::Plane { at_lps_mm: origin, normal_lps: Vector::new(0.0, 0.0, 2.0) },
        PlanShape::Plane { at_lps_mm: origin, normal_lps: Vector::new(0.0, 0.0, 0.0) },
        PlanShape::Curve { points_lps_mm: vec![origin], closed: false },
        PlanShape::Curve { points_lps_mm: vec![origin; 2], closed: true },
        PlanShape::Curve { points_lps_mm: vec![origin; 10_001], closed: true },
        PlanShape::Region { points_lps_mm: vec![origin], radius_mm: 0.0 },
        PlanShape::Region { points_lps_mm: vec![], radius_mm: 1.0 },
        trajectory(origin, 3.5),
        trajectory(nan, 3.5),
        trajectory(Point::new(0.0, 0.0, 9.0), -3.5),
    ] {
        let object = PlanEntry { shape, ..screw("x", 1.0) };
        let error = Command::PutPlan(Box::new(object)).check(journal.case());
        assert!(matches!(error, Err(CommandError::Invalid { .. })), "{error:?}");
    }
    let mut guide = guide(journal.case());
    guide.segments = vec!["skin".to_owned()];
    assert!(guide.key(journal.case()).is_none());
    assert!(Command::PutSolid(Box::new(guide)).check(journal.case()).is_err());
}

#[test]
fn a_plan_on_a_scan_in_another_space_makes_no_solid_of_this_one() {
    let mut journal = planned();
    let mut other = volume(2, Severity::Info);
    journal.apply(Command::ImportVolume(Box::new(other.clone())), &actor(), AT).unwrap();
    let solid = guide(journal.case());
    // The samples share a frame of reference; a plan on the second scan is one on the first.
    put(&mut journal, PlanEntry { volume: volume_id(2), ..screw("screw", 40.0) });
    Command::PutSolid(Box::new(solid.clone())).check(journal.case()).unwrap();
    assert!(journal.case().share_space(volume_id(1), volume_id(2)));
    for uid in ["1.2.3", ""] {
        let mut journal = planned();
        other.frame_of_reference = uid.to_owned();
        journal.apply(Command::ImportVolume(Box::new(other.clone())), &actor(), AT).unwrap();
        put(&mut journal, PlanEntry { volume: volume_id(2), ..screw("screw", 40.0) });
        let refused = Command::PutSolid(Box::new(solid.clone())).check(journal.case());
        assert!(matches!(refused, Err(CommandError::Invalid { field: "plan", .. })), "{refused:?}");
        assert!(!journal.case().share_space(volume_id(1), volume_id(2)));
        assert!(journal.case().share_space(volume_id(2), volume_id(2)));
    }
}

#[test]
fn lengths_follow_from_the_points() {
    let lengths: Vec<Option<f64>> = every_shape().iter().map(|object| object.shape.length_mm()).collect();
    assert_eq!(lengths, [None, None, Some(12.0), None, Some(40.0)]);
}

/// The journal of the golden file: every command about plans once.
pub(crate) fn every_plan_command() -> Journal {
    let mut journal = made(1.2);
    for command in [
        Command::SignChecks { solid: "guide".to_owned(), signature: signature() },
        Command::RemovePlan { name: "rim".to_owned() },
        Command::RemoveSolid { name: "guide".to_owned() },
    ] {
        journal.apply(command, &actor(), AT).unwrap();
    }
    journal.undo(&actor(), AT).unwrap();
    journal
}
