//! `theatron doctor`: what this machine lacks, and how to get it.

use std::fmt::Write as _;
use std::path::Path;

use app_engine::Fault;
use serde::Serialize;

use crate::answer::Answer;

/// What this machine lacks, and how to get it.
#[derive(clap::Args)]
#[command(after_help = "Example: theatron doctor --json")]
pub(crate) struct Arguments {}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    ok: bool,
    found: String,
    /// What to do when it is not ok; empty otherwise.
    next_step: String,
}

impl Check {
    fn new(what: &'static str, found: Option<String>, missing: &str, next_step: &str) -> Self {
        let ok = found.is_some();
        let next_step = if ok { String::new() } else { next_step.to_owned() };
        Self { what, ok, found: found.unwrap_or_else(|| missing.to_owned()), next_step }
    }
}

pub(crate) fn run(_: &Arguments) -> Result<Answer, Fault> {
    let checks = [graphics(), drawing(), display(), window(), headset(), memory(), peers()];
    let mut text = String::new();
    for check in &checks {
        let mark = if check.ok { "ok" } else { "--" };
        writeln!(text, "{mark}  {:<9} {}", check.what, check.found).unwrap_or_default();
        if !check.next_step.is_empty() {
            writeln!(text, "              {}", check.next_step).unwrap_or_default();
        }
    }
    Answer::new(&serde_json::json!({ "checks": checks }), text)
}

fn graphics() -> Check {
    let adapters: Vec<String> = render_gpu::adapters().iter().map(render_gpu::AdapterFacts::report).collect();
    let found = (!adapters.is_empty()).then(|| adapters.join("\n"));
    Check::new(
        "graphics",
        found,
        "no Vulkan device",
        "Install a driver: for a GPU its maker's, for drawing in software `apt install mesa-vulkan-drivers libvulkan1`.",
    )
}

/// What the device that would draw can do for pictures.
fn drawing() -> Check {
    let Ok(gpu) = render_gpu::Gpu::headless() else {
        return Check::new("drawing", None, "no device", "See graphics.");
    };
    let wanted = render_gpu::requirements().optional_features;
    let lacking: Vec<String> =
        wanted.iter_names().filter(|(_, f)| !gpu.has(*f)).map(|(name, _)| name.to_lowercase()).collect();
    let edge = gpu.device.limits().max_texture_dimension_2d;
    let by = if gpu.facts.software { "the processor" } else { "the device's shaders" };
    let words = format!(
        "{}: volumes by {by}; pictures to {edge} pixels an edge, each eye of a pair too",
        gpu.facts.name
    );
    let missing = format!("{words}; lacks {}", lacking.join(", "));
    Check::new(
        "drawing",
        lacking.is_empty().then_some(words),
        &missing,
        "Everything is drawn all the same, with more memory for volumes; a newer driver may help.",
    )
}

fn display() -> Check {
    let set = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .find_map(|key| Some(format!("{key}={}", std::env::var(key).ok()?)));
    Check::new(
        "display",
        set,
        "none",
        "The demo and render work without one (--headless); a window needs a desktop session.",
    )
}

fn window() -> Check {
    let program = super::view::client_program().ok().map(|program| program.display().to_string());
    Check::new(
        "window",
        program,
        "theatron-client is not beside this program",
        "Build it: cargo build -p app_client",
    )
}

fn headset() -> Check {
    let home = std::env::var("HOME").unwrap_or_default();
    let places = [
        format!("{home}/.config/openxr/1/active_runtime.json"),
        "/etc/xdg/openxr/1/active_runtime.json".into(),
        "/usr/share/openxr/1/openxr_monado.json".into(),
    ];
    let named = std::env::var("XR_RUNTIME_JSON").ok();
    let found = named.into_iter().chain(places).find(|place| Path::new(place).is_file());
    Check::new(
        "headset",
        found,
        "no OpenXR runtime",
        "Install one (Monado, SteamVR, your headset's), or set XR_RUNTIME_JSON. Only --xr needs it.",
    )
}

fn memory() -> Check {
    const ENOUGH_GIB: f64 = 4.0;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    let gib = kib / f64::from(1 << 20);
    let words = format!("{gib:.1} GiB free");
    Check::new(
        "memory",
        (gib >= ENOUGH_GIB).then(|| words.clone()),
        &words,
        "A large CT needs about 4 GiB: close other programs.",
    )
}

fn peers() -> Check {
    let on_path = |name: &&str| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
    };
    let wanted = ["Orthanc", "storescp", "admesh", "dciodvfy", "Xvfb"];
    let lacking: Vec<&str> = wanted.iter().filter(|name| !on_path(name)).copied().collect();
    let found = lacking.is_empty().then(|| wanted.join(", "));
    let missing = format!("not here: {}", lacking.join(", "));
    Check::new("peers", found, &missing, "Only the tests need them; tools/test installs them.")
}
