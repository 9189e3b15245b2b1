//! Between the panels, the session and the pictures: fills [`UiState`], carries out what the panels ask for, and says
//! what is to be drawn.

use std::sync::Arc;

use app_ui::{Fidelity, LinkState, Notice, RenderMode, UiAction, UiState, ViewId, fill};
use bevy::image::Image;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, EguiTextureHandle, EguiUserTextures};
use meshing_volume::Volume;
use render_volume::{Look, Window as GreyWindow, presets};

use crate::draw::{DrawReport, PICTURE_FORMAT, Wanted, WantedMesh, WantedPicture};
use crate::session::{Event, Session};
use crate::views::Views;

/// Everything the window holds.
#[derive(Resource)]
pub(crate) struct Host {
    /// What the panels read.
    pub(crate) ui: UiState,
    /// What the views look at.
    pub(crate) views: Views,
    session: Session,
    volume: Option<(u64, Arc<Volume>)>,
    volume_id: String,
    /// What has arrived of the volume.
    pub(crate) arrived: Arrived,
    meshes: (u64, Vec<WantedMesh>),
    look: Option<(String, Look)>,
    images: [Option<(Handle<Image>, [u32; 2])>; 4],
    revision: u64,
    styled: Option<app_ui::Theme>,
    problem: Option<String>,
}

/// How much of the volume is here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Arrived {
    /// Nothing is being loaded.
    #[default]
    Nothing,
    /// A level is on the screen (none yet when absent), and finer ones arrive.
    Part(Option<u8>, f32),
    /// The hash over all voxels was verified on this machine.
    Verified,
}

/// Hosts the panels in the window.
pub(crate) struct HostPlugin {
    /// There is a window to show panels in.
    pub(crate) windowed: bool,
}

impl Plugin for HostPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, receive).add_systems(PostUpdate, want);
        if self.windowed {
            app.add_systems(EguiPrimaryContextPass, show);
        }
    }
}

impl Host {
    /// A host over a session.
    pub(crate) fn new(session: Session, ui: UiState) -> Self {
        let mut host = Self {
            ui,
            views: Views::default(),
            session,
            volume: None,
            volume_id: String::new(),
            arrived: Arrived::Nothing,
            meshes: (0, Vec::new()),
            look: None,
            images: [const { None }; 4],
            revision: 0,
            styled: None,
            problem: None,
        };
        host.ui.presets = presets::list()
            .iter()
            .map(|preset| app_ui::PresetRow { id: preset.id.clone(), modality: preset.modality.clone() })
            .collect();
        host.ui.methods = meshing_segment::METHODS
            .iter()
            // A button can give no seeds and no other segments.
            .filter(|m| m.id != "threshold" && m.needs.seeds.unwrap_or(0) == 0 && m.needs.masks[0] == 0)
            .map(|method| (method.id.to_owned(), method.title.into()))
            .collect();
        host.ui.preset = host.views.preset.clone();
        host
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Cases(rows) => self.ui.cases = rows,
            Event::Case(case) => {
                self.ui.case = case.map(|mut case| {
                    case.middle = self.views.middle();
                    *case
                });
            }
            Event::Volume { id, volume, level, exact } => self.volume(id, volume, level, exact),
            Event::Loading { level, fraction } => self.arrived = Arrived::Part(level, fraction),
            Event::Closed => {
                self.volume = None;
                self.arrived = Arrived::Nothing;
                self.volume_id.clear();
            }
            Event::Link(link) => self.link(link),
            Event::Meshes(meshes) => {
                self.revision += 1;
                self.meshes = (self.revision, meshes);
            }
            Event::Job(row) => match self.ui.jobs.iter_mut().find(|job| job.id == row.id) {
                Some(job) => *job = row,
                None => self.ui.jobs.push(row),
            },
            Event::JobEnded(id) => self.ui.jobs.retain(|job| job.id != id),
            Event::Pacs(progress, rows) => {
                self.ui.pacs_progress = progress;
                if let Some(rows) = rows {
                    self.ui.pacs_rows = rows;
                }
            }
            Event::Say { key, values, failure } => self.say(key, &values, failure),
        }
    }

    fn volume(&mut self, id: String, volume: Arc<Volume>, level: u8, exact: bool) {
        let same = id == self.volume_id;
        self.views.look_at(volume.grid(), same);
        if !same {
            self.choose_look(&volume);
        }
        self.look = None;
        self.volume_id = id;
        self.revision += 1;
        self.ui.views.unit.clone_from(&volume.meta().unit);
        self.volume = Some((self.revision, volume));
        if exact {
            self.arrived = Arrived::Verified;
        } else if let Arrived::Part(shown, _) = &mut self.arrived {
            *shown = Some(level);
        } else {
            self.arrived = Arrived::Part(Some(level), 0.0);
        }
        if let Some(case) = &mut self.ui.case {
            case.middle = self.views.middle();
        }
    }

    /// A preset and a grey window that suit the modality.
    fn choose_look(&mut self, volume: &Volume) {
        let preset = if volume.meta().modality == "MR" { "mr" } else { "bone" };
        preset.clone_into(&mut self.views.preset);
        self.views.tune = app_ui::LookTune::default();
        if let Some(found) = presets::named(preset) {
            let window = found.look_for(volume).window;
            self.views.window = if preset == "mr" {
                app_ui::WindowLevel { level: window.center, width: window.width }
            } else {
                app_ui::WindowLevel::default()
            };
        }
    }

    fn link(&mut self, link: LinkState) {
        let lost = |link: &LinkState| matches!(link, LinkState::Lost(_) | LinkState::Reconnecting(_));
        match (&self.ui.link, &link) {
            (before, LinkState::Lost(now) | LinkState::Reconnecting(now)) if !lost(before) => {
                let edge = now.edge.clone();
                self.say("notice.link_lost", &[("edge", edge)], true);
            }
            (before, LinkState::Connected { edge, .. }) if lost(before) => {
                let edge = edge.clone();
                let what = fill(self.ui.t("notice.link_lost"), &[("edge", &edge)]);
                self.ui.notices.retain(|notice| notice.what != what);
                self.say("notice.link_back", &[("edge", edge)], false);
            }
            _ => {}
        }
        self.ui.link = link;
    }

    /// Adds the notice of a key: the text itself, and its `_then` and `_next`.
    fn say(&mut self, key: &'static str, values: &[(&'static str, String)], failure: bool) {
        let language = self.ui.language;
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let part = |ending: &str| fill(language.find(&format!("{key}{ending}")).unwrap_or_default(), &values);
        let notice = Notice { what: part(""), consequence: part("_then"), next_step: part("_next"), failure };
        if !self.ui.notices.contains(&notice) {
            self.ui.notices.push(notice);
        }
    }

    fn carry_out(&mut self, action: UiAction) {
        match action {
            UiAction::SetLanguage(language) => self.ui.language = language,
            UiAction::SetTheme(theme) => self.ui.theme = theme,
            UiAction::SetPreset(preset) => {
                self.views.preset.clone_from(&preset);
                self.views.tune = app_ui::LookTune::default();
                self.ui.preset = preset;
                self.look = None;
            }
            UiAction::TuneLook(tune) => {
                self.views.tune = tune;
                self.look = None;
            }
            UiAction::SetWindow(window) => {
                self.views.window = window;
                self.look = None;
            }
            UiAction::SetRenderMode(mode) => {
                self.views.mode = mode;
                self.look = None;
            }
            UiAction::SetTool(tool) => {
                self.ui.views.tool = tool;
                self.ui.views.pending = None;
            }
            UiAction::SetCrosshair(point) => self.views.set_crosshair(point),
            UiAction::Scroll { view, steps } => self.views.scroll(view, steps),
            UiAction::Zoom { view, factor } => self.views.zoom(view, factor),
            UiAction::Pan { view, by_mm } => self.views.pan(view, by_mm),
            UiAction::Orbit { yaw_deg, pitch_deg } => self.views.orbit(yaw_deg, pitch_deg),
            UiAction::SetDirection(direction) => self.views.look_from(direction),
            UiAction::Resize { view, size_px } => {
                let index = ViewId::ALL.iter().position(|other| *other == view).unwrap_or(0);
                self.views.size_px[index] = size_px.map(|pixels| pixels.min(4096));
            }
            UiAction::Maximise(view) => self.ui.views.maximised = view,
            UiAction::BeginDistance(point) => self.ui.views.pending = Some(point),
            UiAction::CancelDistance => self.ui.views.pending = None,
            UiAction::DismissNotice(index) if index < self.ui.notices.len() => {
                self.ui.notices.remove(index);
            }
            other => {
                if matches!(other, UiAction::AddDistance { .. }) {
                    self.ui.views.pending = None;
                }
                self.session.ask(other);
            }
        }
    }

    /// What the lamps say.
    fn lamps(&mut self, report: &DrawReport) {
        let (reduced, adapter, problem) =
            report.with(|drawn| (drawn.reduced, drawn.adapter.clone(), drawn.problem.take()));
        self.ui.software_adapter = adapter.and_then(|(name, software)| software.then_some(name));
        self.ui.fidelity = match &self.arrived {
            Arrived::Nothing => Fidelity::Nothing,
            Arrived::Part(level, fraction) => Fidelity::Loading { level: *level, fraction: *fraction },
            Arrived::Verified if reduced => Fidelity::Lossy { reason: self.ui.t("lossy.coarse").to_owned() },
            Arrived::Verified => match self.source_doubt() {
                Some(key) => Fidelity::Lossy { reason: self.ui.t(key).to_owned() },
                None => Fidelity::Exact,
            },
        };
        if let Some(problem) = problem
            && self.problem.as_ref() != Some(&problem)
        {
            tracing::error!(problem, "a picture could not be drawn");
            self.say("notice.draw_failed", &[("reason", problem.clone())], true);
            self.problem = Some(problem);
        }
    }

    /// Why the voxels, verified as they are, are not those that the scanner measured; key of the reason.
    fn source_doubt(&self) -> Option<&'static str> {
        let case = self.ui.case.as_ref()?;
        let has = |codes: &[&str]| {
            case.findings
                .iter()
                .any(|row| row.volume == case.active_volume && codes.contains(&row.code.as_str()))
        };
        if has(&["variable_spacing", "missing_slice"]) {
            Some("lossy.interpolated")
        } else if has(&["lossy_source"]) {
            Some("lossy.source")
        } else {
            None
        }
    }

    /// The look of the volume, made again only when something about it changed.
    fn look(&mut self) -> Option<Look> {
        let (_, volume) = self.volume.as_ref()?;
        let tune = self.views.tune;
        let key = format!("{} {tune:?} {:?} {:?}", self.views.preset, self.views.mode, self.views.window);
        if self.look.as_ref().is_none_or(|(known, _)| *known != key) {
            let preset = presets::named(&self.views.preset)?.look_for(volume);
            let mut look = app_engine::pictures::tuned(&preset, tune.opacity, tune.shift);
            if self.views.mode == RenderMode::Mip {
                look = look.as_mip();
                look.window = GreyWindow::new(self.views.window.level, self.views.window.width);
            }
            self.look = Some((key, look));
        }
        self.look.as_ref().map(|(_, look)| look.clone())
    }

    /// Pictures of the views for the panels.
    fn fill_views(&mut self, ids: [Option<egui::TextureId>; 4]) {
        let here = self.volume.is_some();
        for (index, view) in ViewId::SLICES.into_iter().enumerate() {
            let slot = &mut self.ui.views.mpr[index];
            slot.texture = ids[index].filter(|_| here);
            slot.frame = if here { self.views.frame(view) } else { None };
            slot.slice = if here { self.views.slice(view) } else { None };
        }
        let three_d = &mut self.ui.views.three_d;
        three_d.texture = ids[3].filter(|_| here);
        three_d.mode = self.views.mode;
        let matrices = self.views.camera.filter(|_| here).map(|camera| camera.matrices(1.0));
        three_d.right = matrices.map(|matrices| matrices.right());
        three_d.down = matrices.map(|matrices| matrices.up() * -1.0);
        self.ui.views.crosshair = here.then_some(self.views.crosshair);
        self.ui.views.window = self.views.window;
        self.ui.preset.clone_from(&self.views.preset);
        self.ui.tune = self.views.tune;
    }

    /// What was asked for on the command line is on the screen, or cannot be.
    pub(crate) fn is_settled(&self, report: &DrawReport, case_asked: bool) -> bool {
        if !case_asked {
            return true;
        }
        self.arrived == Arrived::Verified
            && report
                .with(|drawn| drawn.settled && drawn.volume == self.volume.as_ref().map_or(0, |(r, _)| *r))
    }

    /// Says that no headset answers.
    pub(crate) fn no_headset(&mut self) {
        self.say("notice.xr_missing", &[], true);
    }
}

/// Takes what the session reports.
fn receive(mut host: ResMut<'_, Host>, report: Res<'_, DrawReport>) {
    while let Some(event) = host.session.next() {
        host.take(event);
    }
    host.lamps(&report);
}

/// Runs the panels.
fn show(mut contexts: EguiContexts<'_, '_>, mut host: ResMut<'_, Host>) -> Result {
    let context = contexts.ctx_mut()?.clone();
    let host = &mut *host;
    if host.styled.is_none() {
        app_ui::install_fonts(&context);
    }
    if host.styled != Some(host.ui.theme) {
        app_ui::apply_style(&context, host.ui.theme);
        host.styled = Some(host.ui.theme);
    }
    let ids = host
        .images
        .each_ref()
        .map(|slot| slot.as_ref().and_then(|(handle, _)| contexts.image_id(handle.id())));
    host.fill_views(ids);
    let mut viewport = egui::Ui::new(
        context.clone(),
        "window".into(),
        egui::UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(context.viewport_rect()),
    );
    for action in app_ui::show(&mut viewport, &mut host.ui) {
        host.carry_out(action);
    }
    Ok(())
}

/// Says what the pictures are to show, and gives each an image of the size of its view.
fn want(
    mut host: ResMut<'_, Host>,
    mut wanted: ResMut<'_, Wanted>,
    mut images: ResMut<'_, Assets<Image>>,
    mut textures: ResMut<'_, EguiUserTextures>,
) {
    let host = &mut *host;
    wanted.volume.clone_from(&host.volume);
    if wanted.meshes.0 != host.meshes.0 {
        wanted.meshes = host.meshes.clone();
    }
    let look = host.look();
    wanted.look = look.clone().map(Arc::new);
    for (index, view) in ViewId::ALL.into_iter().enumerate() {
        let size = host.views.size_px[index];
        if size[0] == 0 || size[1] == 0 || host.volume.is_none() {
            wanted.pictures[index] = None;
            continue;
        }
        if host.images[index].as_ref().is_none_or(|(_, known)| *known != size) {
            if let Some((old, _)) = host.images[index].take() {
                textures.remove_image(old.id());
                images.remove(&old);
            }
            let handle = images.add(Image::new_target_texture(size[0], size[1], PICTURE_FORMAT, None));
            textures.add_image(EguiTextureHandle::Strong(handle.clone()));
            host.images[index] = Some((handle, size));
        }
        let window = GreyWindow::new(host.views.window.level, host.views.window.width);
        let picture = if view == ViewId::ThreeD {
            host.views
                .camera
                .zip(look.clone())
                .map(|(camera, look)| WantedPicture::Volume(camera, Box::new(look)))
        } else {
            host.views.plane(view).map(|plane| WantedPicture::Slice(plane, window))
        };
        wanted.pictures[index] =
            host.images[index].as_ref().zip(picture).map(|((handle, _), picture)| (handle.clone(), picture));
    }
}
