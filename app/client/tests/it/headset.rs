//! A real OpenXR runtime without a headset.

use std::process::Command;

use tools_peers::monado::{self, Monado};

use crate::{bank_with_a_head, client, report, run};

#[test]
fn the_headset_session_runs_and_shows_anatomy_in_both_eyes() {
    let Some(root) = monado::root() else { return };
    tools_peers::in_private_network!();
    let folder = tempfile::tempdir().unwrap();
    let case = bank_with_a_head(folder.path());
    let runtime = Monado::start(&root);
    let file = folder.path().join("report.json");
    let mut command: Command = runtime.command(&client());
    command.args(["--xr", "--exit-after-frames", "20", "--case", &case, "--bank"]);
    command.arg(folder.path().join("bank")).arg("--frames-report").arg(&file);
    let (code, said) = run(command);
    assert_eq!(code, Some(0), "{said}\n{}", runtime.log());
    let report = report(&file);
    let xr = &report["xr"];
    let states: Vec<_> = xr["states"].as_array().unwrap().iter().filter_map(|state| state.as_str()).collect();
    assert!(states.contains(&"running"), "{report}");
    assert!(xr["frames"].as_u64().unwrap() >= 15, "{report}");
    assert!(xr["runtime"].as_str().unwrap().starts_with("Monado"), "{report}");
    assert!(xr["eyes_with_anatomy"].as_u64().unwrap() >= 2, "{report}");
}

#[test]
fn without_runtime_and_display_the_error_is_clear() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(client());
    command.args(["--xr", "--bank"]).arg(folder.path().join("bank"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    command.env("XR_RUNTIME_JSON", folder.path().join("none.json"));
    let (code, said) = run(command);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("OpenXR"), "{said}");
}
