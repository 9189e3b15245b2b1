//! Screenshots, the end after so many frames, and the report of what was drawn.

use std::path::PathBuf;
use std::time::Instant;

use app_ui::{Fidelity, LinkState};
use bevy::app::AppExit;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use serde::Serialize;

use crate::draw::DrawReport;
use crate::host::Host;

/// Longest wait for what was asked for, seconds: then the picture is taken of whatever is there.
const PATIENCE_S: f64 = 180.0;

/// What the command line asked of this run.
#[derive(Clone, Debug, Default, Resource)]
pub(crate) struct RunPlan {
    /// Where the picture goes.
    pub(crate) screenshot: Option<PathBuf>,
    /// Frames before it.
    pub(crate) after_frames: u32,
    /// Frames before the end.
    pub(crate) exit_after_frames: Option<u32>,
    /// Where the report goes.
    pub(crate) frames_report: Option<PathBuf>,
    /// A case was named, so frames count from when it is on the screen.
    pub(crate) case_asked: bool,
    /// Headset frames count, not those of the window.
    pub(crate) xr: bool,
}

/// How the run goes.
#[derive(Debug, Resource)]
pub(crate) struct Run {
    start: Instant,
    frames: u64,
    settled_at: Option<u64>,
    first_frame: Option<Instant>,
    taken: Option<Instant>,
    /// The headset's side, when there is one.
    pub(crate) xr: Option<XrReport>,
    over: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            frames: 0,
            settled_at: None,
            first_frame: None,
            taken: None,
            xr: None,
            over: false,
        }
    }
}

impl Run {
    /// The run has done what was asked of it.
    pub(crate) fn over(&self) -> bool {
        self.over
    }
}

/// The headset's part of the report.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct XrReport {
    /// The session's state at the end.
    pub(crate) state: String,
    /// Every state it went through, in order.
    pub(crate) states: Vec<String>,
    /// Frames the runtime asked to be rendered.
    pub(crate) frames: u64,
    /// Those frames per second.
    pub(crate) fps: f64,
    /// Pictures of anatomy drawn into the eyes.
    pub(crate) eyes_with_anatomy: u64,
    /// The runtime's name.
    pub(crate) runtime: String,
}

#[derive(Serialize)]
struct Report<'a> {
    mode: &'a str,
    frames: u64,
    seconds: f64,
    fps: f64,
    adapter: Option<&'a str>,
    software: bool,
    pictures: u64,
    link: &'a str,
    fidelity: &'a str,
    notices: Vec<&'a str>,
    xr: Option<&'a XrReport>,
}

/// Counts frames, takes the picture, ends the run.
pub(crate) struct RunPlugin(pub(crate) RunPlan);

impl Plugin for RunPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.0.clone()).init_resource::<Run>().add_systems(Last, count);
    }
}

fn count(
    plan: Res<'_, RunPlan>,
    mut run: ResMut<'_, Run>,
    host: Res<'_, Host>,
    report: Res<'_, DrawReport>,
    mut commands: Commands<'_, '_>,
    mut exit: MessageWriter<'_, AppExit>,
) {
    run.frames += 1;
    run.first_frame.get_or_insert_with(Instant::now);
    let late = run.start.elapsed().as_secs_f64() > PATIENCE_S;
    if run.settled_at.is_none() && (late || host.is_settled(&report, plan.case_asked)) {
        run.settled_at = Some(run.frames);
    }
    let Some(settled_at) = run.settled_at else { return };
    let since = run.frames - settled_at;
    if let (Some(path), None) = (&plan.screenshot, run.taken)
        && since >= u64::from(plan.after_frames)
    {
        // an old picture must not pass for the new one
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::error!(%error, "the old picture cannot be removed");
        }
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path.clone()));
        run.taken = Some(Instant::now());
    }
    let Some(wanted) = plan.exit_after_frames else { return };
    let shown = if plan.xr && run.xr.is_some() { run.xr.as_ref().map_or(0, |xr| xr.frames) } else { since };
    let pictured = plan.screenshot.as_ref().is_none_or(|path| {
        path.exists() || run.taken.is_some_and(|taken| taken.elapsed().as_secs_f64() > 20.0)
    });
    if (shown >= u64::from(wanted) && pictured || late) && !run.over {
        run.over = true;
        write_report(&plan, &run, &host, &report);
        if run.xr.is_none() || late {
            exit.write(if late { AppExit::error() } else { AppExit::Success });
        }
    }
}

/// Writes the report, if one was asked for.
pub(crate) fn write_report(plan: &RunPlan, run: &Run, host: &Host, report: &DrawReport) {
    let Some(path) = &plan.frames_report else { return };
    let drawn = report.with(|drawn| drawn.clone());
    let seconds = run.first_frame.map_or(0.0, |first| first.elapsed().as_secs_f64());
    let link = match host.ui.link {
        LinkState::Local => "local",
        LinkState::Connecting { .. } => "connecting",
        LinkState::Connected { .. } => "connected",
        LinkState::Lost(_) => "lost",
        LinkState::Reconnecting(_) => "reconnecting",
    };
    let fidelity = match host.ui.fidelity {
        Fidelity::Nothing => "nothing",
        Fidelity::Exact => "exact",
        Fidelity::Lossy { .. } => "lossy",
        Fidelity::Loading { .. } => "loading",
    };
    let (adapter, software) =
        drawn.adapter.as_ref().map_or((None, false), |(name, software)| (Some(name.as_str()), *software));
    let xr = run.xr.clone().map(|xr| XrReport { eyes_with_anatomy: drawn.eyes, ..xr });
    let answer = Report {
        mode: if xr.is_some() { "xr" } else { "window" },
        frames: run.frames,
        seconds,
        fps: if seconds > 0.0 { run.frames as f64 / seconds } else { 0.0 },
        adapter,
        software,
        pictures: drawn.pictures,
        link,
        fidelity,
        notices: host.ui.notices.iter().map(|notice| notice.what.as_str()).collect(),
        xr: xr.as_ref(),
    };
    let written = serde_json::to_vec_pretty(&answer)
        .map_err(std::io::Error::other)
        .and_then(|bytes| std::fs::write(path, bytes));
    if let Err(error) = written {
        tracing::error!(%error, "the frames report cannot be written");
    }
}
