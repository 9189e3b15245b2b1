//! One test a panel.

use crate::{sample, severe, window};
use app_ui::{
    Fidelity, Language, LinkState, LookTune, Lost, Notice, Theme, Tool, UiAction, UiState, WindowLevel,
};
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable as _;

const SIZE: [f32; 2] = [1280.0, 1400.0];

#[test]
fn banner_is_always_there_in_both_languages() {
    for language in Language::ALL {
        let harness = window(UiState { language, ..UiState::default() }, SIZE);
        harness.get_by_label("NOT FOR CLINICAL USE / 非临床使用");
    }
}

#[test]
fn case_list_opens_a_case_and_filters() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("Head, tilted  ⚠").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::OpenCase("two".into())));
    harness.state_mut().state.case_filter = "tilted".into();
    harness.run();
    assert!(harness.query_by_label("CT 512 x 512 x 60").is_none(), "the chest is filtered out");
    harness.get_by_label("CT 512 x 512 x 28");
    harness.state_mut().state.case_filter = "nothing like it".into();
    harness.run();
    harness.get_by_label("No case matches the search");
}

#[test]
fn import_asks_only_with_a_path() {
    let mut harness = window(sample(Language::Chinese), SIZE);
    harness.get_by_label("导入文件").click();
    harness.run();
    assert!(!harness.state().asked.iter().any(|action| matches!(action, UiAction::Import(_))));
    harness.state_mut().state.import_path = " scans/chest ".into();
    harness.run();
    harness.get_by_label("导入文件").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::Import("scans/chest".into())));
}

#[test]
fn pacs_queries_and_pulls() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("Archive (PACS)").click();
    harness.run();
    harness.get_by_label("Search").click();
    harness.get_by_label("Fetch study").click();
    harness.run();
    let form = harness.state().state.pacs.clone();
    assert!(harness.state().asked.contains(&UiAction::PacsFind(form.clone())));
    assert!(harness.state().asked.contains(&UiAction::PacsPull { form, study_uid: "1.2.3".into() }));
    harness.state_mut().state.pacs.port = "none".into();
    harness.run();
    harness.state_mut().asked.clear();
    harness.get_by_label("Test").click();
    harness.run();
    assert!(
        harness.state().asked.is_empty(),
        "a form that cannot be sent is not sent: {:?}",
        harness.state().asked
    );
}

#[test]
fn findings_refuse_until_accepted_with_name_and_reason() {
    let mut harness = window(severe(Language::English), SIZE);
    harness.get_by_label("Severe: Tilted gantry");
    harness.get_by_label("Measuring is refused: Tilted gantry. See Findings.");
    harness.get_by_label("Measure a distance").click();
    harness.get_by_label("Distance").click();
    harness.get_by_label("Print file").click();
    harness.get_by_label("Accept this finding").click();
    harness.run();
    let asked = &harness.state().asked;
    assert!(
        asked.iter().all(|action| matches!(action, UiAction::Resize { .. })),
        "refused, but asked {asked:?}"
    );
    harness.state_mut().state.accept_by = "Dr Example".into();
    harness.state_mut().state.accept_reason = "teaching only".into();
    harness.run();
    harness.get_by_label("Accept this finding").click();
    harness.run();
    let expected = UiAction::AcceptFinding {
        volume: "volume".into(),
        code: "gantry_tilt".into(),
        by: "Dr Example".into(),
        reason: "teaching only".into(),
    };
    assert!(harness.state().asked.contains(&expected));
    let case = harness.state_mut().state.case.as_mut().unwrap();
    case.findings[1].accepted_by = Some("Dr Example".into());
    harness.run();
    harness.get_by_label("Accepted by Dr Example");
    harness.get_by_label("Print file").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::Print("bone".into())));
}

#[test]
fn findings_are_read_in_the_language_of_the_window() {
    let mut harness = window(severe(Language::Chinese), SIZE);
    harness.get_by_label("严重: 机架倾斜");
    assert!(harness.get_all_by_label("切片 12 和 13").count() > 0);
    assert_eq!(harness.query_all_by_label("slices 12 and 13").count(), 0);
    harness.state_mut().state.language = Language::English;
    harness.run();
    assert!(harness.get_all_by_label("slices 12 and 13").count() > 0);
}

#[test]
fn presets_stand_by_modality_and_can_be_made_denser_and_moved() {
    let mut harness = window(sample(Language::Chinese), SIZE);
    harness.get_by_label("CT");
    harness.get_by_label("骨骼");
    assert!(harness.query_by_label("磁共振").is_none(), "what is made for another modality is folded");
    harness.get_by_label("MR").click();
    harness.run();
    let tune = LookTune { opacity: 2.0, shift: 150.0 };
    harness.state_mut().state.tune = tune;
    harness.run();
    harness.get_by_label("恢复预设").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::TuneLook(LookTune::default())));
    harness.get_by_role_and_label(egui::accesskit::Role::Slider, "不透明度").focus();
    harness.key_press(egui::Key::ArrowRight);
    harness.run();
    let denser = |action: &UiAction| matches!(action, UiAction::TuneLook(now) if now.opacity > tune.opacity);
    assert!(harness.state().asked.iter().any(denser), "{:?}", harness.state().asked);
}

#[test]
fn presets_change_look_and_window() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("Lung").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::SetPreset("lung".into())));
    harness.get_by_label("Bone window").click();
    harness.run();
    assert!(
        harness.state().asked.contains(&UiAction::SetWindow(WindowLevel { level: 500.0, width: 2000.0 }))
    );
}

#[test]
fn measurements_show_mm_and_side() {
    let mut harness = window(sample(Language::Chinese), SIZE);
    harness.get_by_label("1  50.0 mm  扫描中线左侧");
    harness.get_by_label("测量距离").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::SetTool(Tool::Distance)));
    harness.get_by_label("✖").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::RemoveMeasurement("m1".into())));
}

#[test]
fn segments_run_methods() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("812.5 ml");
    harness.get_by_label("Find bone").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::Segment("bone".into())));
    harness.state_mut().state.case.as_mut().unwrap().segments[0].stale = true;
    harness.run();
    harness.get_by_label("out of date");
    harness.get_by_label("Print file").click();
    harness.run();
    assert!(
        !harness.state().asked.iter().any(|action| matches!(action, UiAction::Print(_))),
        "stale is not printed"
    );
}

#[test]
fn history_lists_and_undoes() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("History").click();
    harness.run();
    harness.get_by_label("Volume imported");
    harness.get_by_label("Undo").click();
    harness.get_by_label("Redo").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::Undo));
    assert!(!harness.state().asked.contains(&UiAction::Redo), "there is nothing to redo");
}

#[test]
fn jobs_can_be_stopped() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("Stop").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::CancelJob(7)));
}

#[test]
fn notices_say_what_follows_and_what_to_do() {
    let mut state = sample(Language::English);
    state.notices.push(Notice {
        what: "The link is lost.".into(),
        consequence: "What is here stays.".into(),
        next_step: "Wait.".into(),
        failure: true,
    });
    let mut harness = window(state, SIZE);
    for text in ["The link is lost.", "What is here stays.", "→ Wait."] {
        harness.get_by_label(text);
    }
    harness.get_by_label("Close").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::DismissNotice(0)));
}

#[test]
fn status_tells_link_fidelity_and_software() {
    let mut state = sample(Language::English);
    state.software_adapter = Some("llvmpipe".into());
    let mut harness = window(state, SIZE);
    harness.get_by_label("Edge edge.ward:4433, 12.3 ms");
    harness.get_by_label("EXACT: voxels verified");
    harness.get_by_label("Drawing in software: slow");
    harness.state_mut().state.link =
        LinkState::Reconnecting(Lost { edge: "edge.ward:4433".into(), seconds: 3.2 });
    harness.state_mut().state.fidelity = Fidelity::Loading { level: Some(2), fraction: 0.999 };
    harness.run();
    harness.get_by_label("Link lost to edge.ward:4433 for 3 s, reconnecting");
    harness.get_by_label("NOT EXACT: 1/4 resolution, loading 99 %");
}

#[test]
fn toolbar_switches_language_and_theme() {
    let mut harness = window(sample(Language::English), SIZE);
    harness.get_by_label("中文").click();
    harness.get_by_label("Light").click();
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::SetLanguage(Language::Chinese)));
    assert!(harness.state().asked.contains(&UiAction::SetTheme(Theme::Light)));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.run();
    assert!(harness.state().asked.contains(&UiAction::Undo));
}

/// The one thing a number cannot say: Chinese text is drawn as Chinese, not as boxes.
#[test]
fn status_line_looks_right_in_chinese() {
    let state = UiState { language: Language::Chinese, fidelity: Fidelity::Exact, ..UiState::default() };
    let mut harness = egui_kittest::Harness::builder().with_size([256.0, 64.0]).build_ui_state(
        |ui, (state, ready): &mut (UiState, bool)| {
            if !*ready {
                app_ui::install_fonts(ui.ctx());
                app_ui::apply_style(ui.ctx(), Theme::Dark);
                *ready = true;
            }
            let mut actions = Vec::new();
            let mut cx = app_ui::panels::PanelCx { state, actions: &mut actions };
            app_ui::panels::status::ui(&mut cx, ui);
        },
        (state, false),
    );
    harness.run();
    harness
        .snapshot_options("status_chinese", &SnapshotOptions::new().failed_pixel_count_threshold(40_usize));
}
