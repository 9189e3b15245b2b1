//! The views: what the mouse asks for, and where in the patient.

use crate::{sample, window};
use app_ui::{Language, Tool, UiAction, UiState, ViewId};
use egui::{Event, Modifiers, PointerButton, Pos2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

const AXIAL: &str = "Axial 31/60 R L A P";

fn centre(harness: &Harness<'_, crate::Stage>, label: &str) -> Pos2 {
    harness.get_by_label(label).rect().center()
}

fn press(harness: &mut Harness<'_, crate::Stage>, pos: Pos2, button: PointerButton, pressed: bool) {
    harness.event(Event::PointerMoved(pos));
    harness.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
    harness.step();
}

fn click(harness: &mut Harness<'_, crate::Stage>, pos: Pos2) {
    press(harness, pos, PointerButton::Primary, true);
    press(harness, pos, PointerButton::Primary, false);
    harness.run();
}

#[test]
fn letters_name_the_patients_sides() {
    let harness = window(sample(Language::English), [1280.0, 800.0]);
    harness.get_by_label(AXIAL);
    harness.get_by_label("Coronal 31/60 R L S I");
    harness.get_by_label("Sagittal 31/60 A P S I");
    harness.get_by_label("3D R L S I");
    let chinese = window(sample(Language::Chinese), [1280.0, 800.0]);
    chinese.get_by_label("横断面 31/60 R L A P");
}

#[test]
fn a_click_moves_the_crosshair_to_that_place_in_the_patient() {
    let mut harness = window(sample(Language::English), [1280.0, 800.0]);
    let rect = harness.get_by_label(AXIAL).rect();
    let points_per_mm = f64::from(rect.height().min(rect.width())) / 300.0;
    let offset = vec2(30.0, -60.0);
    click(&mut harness, rect.center() + offset);
    let found = harness.state().asked.iter().find_map(|action| match action {
        UiAction::SetCrosshair(point) => Some(*point),
        _ => None,
    });
    let found = found.expect("a click asks for the crosshair");
    assert!((found.x() - f64::from(offset.x) / points_per_mm).abs() < 1e-3, "{found:?}");
    assert!((found.y() - f64::from(offset.y) / points_per_mm).abs() < 1e-3, "{found:?}");
    assert!(found.z().abs() < 1e-9, "{found:?}");
}

#[test]
fn two_clicks_make_a_distance() {
    let mut state = sample(Language::English);
    state.views.tool = Tool::Distance;
    let mut harness = window(state, [1280.0, 800.0]);
    let middle = centre(&harness, AXIAL);
    click(&mut harness, middle);
    let first = harness.state().asked.iter().find_map(|action| match action {
        UiAction::BeginDistance(point) => Some(*point),
        _ => None,
    });
    harness.state_mut().state.views.pending = first;
    click(&mut harness, middle + vec2(50.0, 0.0));
    let rect = harness.get_by_label(AXIAL).rect();
    let expected = 50.0 * 300.0 / f64::from(rect.height().min(rect.width()));
    let length = harness.state().asked.iter().find_map(|action| match action {
        UiAction::AddDistance { from, to } => Some(from.distance(*to)),
        _ => None,
    });
    assert!(
        (length.expect("two clicks make a distance") - expected).abs() < 1e-3,
        "{length:?} for {expected}"
    );
}

#[test]
fn the_wheel_walks_and_the_right_button_windows() {
    let mut harness = window(sample(Language::English), [1280.0, 800.0]);
    let middle = centre(&harness, AXIAL);
    harness.event(Event::PointerMoved(middle));
    harness.step();
    harness.event(Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, -2.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    harness.step();
    assert!(harness.state().asked.contains(&UiAction::Scroll { view: ViewId::Axial, steps: 2 }));
    press(&mut harness, middle, PointerButton::Secondary, true);
    harness.event(Event::PointerMoved(middle + vec2(40.0, 0.0)));
    harness.step();
    let wider = harness.state().asked.iter().any(|action| match action {
        UiAction::SetWindow(window) => window.width > 400.0 && window.level == 40.0,
        _ => false,
    });
    assert!(wider, "{:?}", harness.state().asked);
}

#[test]
fn sizes_are_announced_once() {
    let mut harness = window(UiState::default(), [1280.0, 800.0]);
    harness.run();
    let resizes = |harness: &Harness<'_, crate::Stage>| {
        harness.state().asked.iter().filter(|action| matches!(action, UiAction::Resize { .. })).count()
    };
    let first = resizes(&harness);
    assert!(first >= 4, "each view announces its pixels");
    harness.run();
    assert_eq!(resizes(&harness), first);
    let _ = pos2(0.0, 0.0);
}
