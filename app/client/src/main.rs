//! The window and the headset client: Bevy, egui, OpenXR.
//!
//! This is the only crate that knows Bevy. It joins four parts: the panels of `app_ui` (`host`), the session with bank,
//! edge and archive (`session`), the pictures that `render_volume` draws on Bevy's device (`draw`), and the headset
//! (`xr`). Exit codes are those of the command line contract: 2 usage, 5 when nothing can be shown.

#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "the systems of Bevy take each resource they use as a parameter, by value"
)]

mod cli;
mod draw;
mod host;
mod report;
mod session;
mod views;
mod xr;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use app_ui::{Theme, UiState};
use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::settings::{RenderCreation, WgpuSettings, WgpuSettingsPriority};
use bevy::window::{ExitCondition, PresentMode, WindowPlugin, WindowResolution};
use bevy::winit::{UpdateMode, WinitPlugin, WinitSettings};
use bevy_egui::EguiPlugin;
use clap::Parser as _;
use cli::Cli;
use host::{Host, HostPlugin};
use report::{RunPlan, RunPlugin};
use session::{Session, SessionOptions};

/// Large buffers in huge pages: a third of the time of a surface went into pages of 4 KiB (ADR 0008).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit code for what this machine cannot do.
const INTERNAL: u8 = 5;

fn main() -> ExitCode {
    if let Some(code) = app_engine::codecs::codec_worker() {
        return code;
    }
    let cli = Cli::parse();
    if !cli.xr && !has_display() {
        return refuse("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.");
    }
    let built = std::panic::catch_unwind(AssertUnwindSafe(|| build(&cli)));
    let Ok(mut app) = built else {
        return refuse("The window or the graphics device could not be opened; the lines above say why.");
    };
    match app.run() {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(code) => ExitCode::from(code.get()),
    }
}

/// A machine with somewhere to put a window.
fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[expect(clippy::print_stderr, reason = "the one place where this program speaks to the shell")]
fn refuse(what: &str) -> ExitCode {
    eprintln!(
        "theatron-client: {what} Nothing is shown. Next step: run this on a desktop, give it a virtual one (xvfb-run -a \
         theatron-client …), or let the pictures be written to files: theatron demo --headless --out FOLDER"
    );
    ExitCode::from(INTERNAL)
}

fn build(cli: &Cli) -> App {
    let language = cli.language();
    let session = Session::start(SessionOptions {
        edge: cli.edge.clone(),
        pki: cli.pki.clone(),
        bank: cli.bank.clone(),
        case: cli.case.clone(),
        language,
    });
    let theme = if cli.light { Theme::Light } else { Theme::Dark };
    let host = Host::new(session, UiState { language, theme, ..UiState::default() });
    let windowed = has_display();
    let mut app = App::new();
    let plugins = plugins(cli, windowed);
    app.add_plugins(plugins);
    if windowed {
        app.add_plugins(EguiPlugin::default());
        app.insert_resource(WinitSettings {
            focused_mode: UpdateMode::reactive(Duration::from_millis(if cli.xr { 1 } else { 33 })),
            unfocused_mode: UpdateMode::reactive(Duration::from_millis(if cli.xr { 1 } else { 100 })),
        });
        app.add_systems(Startup, window_camera);
    } else {
        app.add_plugins(ScheduleRunnerPlugin::run_loop(Duration::ZERO));
        app.init_resource::<bevy_egui::EguiUserTextures>();
    }
    app.insert_resource(host);
    app.add_plugins((
        draw::DrawPlugin,
        HostPlugin { windowed },
        RunPlugin(RunPlan {
            screenshot: cli.screenshot.clone(),
            after_frames: cli.after_frames,
            exit_after_frames: cli.exit_after_frames,
            frames_report: cli.frames_report.clone(),
            case_asked: cli.case.is_some(),
            xr: cli.xr,
        }),
    ));
    if cli.xr {
        app.add_plugins(xr::XrClientPlugin { windowed });
    }
    app
}

fn plugins(cli: &Cli, windowed: bool) -> bevy::app::PluginGroupBuilder {
    let window = windowed.then(|| Window {
        title: "Theatron · NOT FOR CLINICAL USE / 非临床使用".to_owned(),
        name: Some("theatron".to_owned()),
        resolution: WindowResolution::new(cli.size.0, cli.size.1),
        present_mode: if cli.xr { PresentMode::AutoNoVsync } else { PresentMode::AutoVsync },
        ..Window::default()
    });
    let window = WindowPlugin {
        primary_window: window,
        exit_condition: if windowed { ExitCondition::OnPrimaryClosed } else { ExitCondition::DontExit },
        ..WindowPlugin::default()
    };
    let log =
        LogPlugin { filter: "warn,theatron_client=info,app_engine=info".to_owned(), ..LogPlugin::default() };
    let base = DefaultPlugins.build().set(log);
    let plugins = if cli.xr {
        bevy_mod_openxr::add_xr_plugins(base.disable::<PipelinedRenderingPlugin>())
    } else {
        base.set(RenderPlugin {
            render_creation: RenderCreation::from(graphics()),
            synchronous_pipeline_compilation: true,
            ..RenderPlugin::default()
        })
    };
    let plugins = plugins.set(window);
    if windowed { plugins } else { plugins.disable::<WinitPlugin>() }
}

/// The device that Bevy opens: with `Functionality` it switches on every feature and limit of the adapter, so all that
/// `render_gpu::requirements()` asks for where it is to be had. The adapter is the one `THEATRON_ADAPTER` names.
fn graphics() -> WgpuSettings {
    let wanted = std::env::var(render_gpu::ADAPTER_VARIABLE).ok().filter(|name| !name.trim().is_empty());
    let software = wanted.as_deref() == Some("software");
    WgpuSettings {
        backends: Some(wgpu::Backends::PRIMARY),
        priority: WgpuSettingsPriority::Functionality,
        force_fallback_adapter: software,
        adapter_name: wanted.filter(|_| !software),
        ..WgpuSettings::default()
    }
}

/// The camera that carries the panels: they cover the whole window.
fn window_camera(mut commands: Commands<'_, '_>) {
    commands.spawn((Camera2d, Msaa::Off, bevy_egui::PrimaryEguiContext));
}
