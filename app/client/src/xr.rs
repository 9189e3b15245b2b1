//! The headset: anatomy for each eye, the state of the session, and the way back to the window without a runtime.

use std::time::Instant;

use bevy::camera::{Camera3d, Camera3dDepthTextureUsage};
use bevy::core_pipeline::core_3d::{main_opaque_pass_3d, main_transparent_pass_3d};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::core_pipeline::{Core3d, Core3dSystems};
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::TextureUsages;
use bevy::render::renderer::{RenderContext, ViewQuery};
use bevy::render::view::{Msaa, ViewDepthTexture, ViewTarget};
use bevy_mod_openxr::resources::{OxrFrameState, OxrInstance, OxrViews};
use bevy_mod_xr::camera::XrCamera;
use bevy_mod_xr::session::{XrRequestExitMessage, XrState};
use meshing_space::{Aabb, Lps, Point, Transform as SpaceTransform, World as XrWorld};
use render_volume::{EyeFov, Renderer, Scene, Target, ViewMatrices, VolumeItem};

use crate::draw::{DrawReport, Drawing, Wanted};
use crate::host::Host;
use crate::report::{Run, RunPlan, XrReport, write_report};

/// Where the middle of the scan stands: chest height, an arm's length ahead, metres.
const PLACE_M: [f64; 3] = [0.0, 1.3, -0.9];
/// Nearest thing drawn; the same as that of the headset's cameras, so that depths agree, metres.
const NEAR_M: f64 = 0.1;
/// Updates after asking the runtime to end before the program ends.
const CLOSING_UPDATES: u32 = 30;
/// Updates without a runtime before the window takes over.
const GIVE_UP_UPDATES: u32 = 3;

/// Shows the case in the headset.
pub(crate) struct XrClientPlugin {
    /// There is a window to fall back to.
    pub(crate) windowed: bool,
}

/// What the headset's systems remember.
#[derive(Resource)]
struct Headset {
    windowed: bool,
    first: Option<Instant>,
    updates: u32,
    closing: u32,
    told: bool,
}

/// The renderer for the eyes, made for their colour format.
#[derive(Default, Resource)]
struct EyeRenderer(Option<Renderer>);

impl Plugin for XrClientPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Headset {
            windowed: self.windowed,
            first: None,
            updates: 0,
            closing: 0,
            told: false,
        });
        app.insert_resource(ClearColor(Color::BLACK));
        app.add_observer(prepare_eye);
        app.add_systems(Update, (watch, close).chain());
        app.add_systems(Startup, room);
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.init_resource::<EyeRenderer>().add_systems(
                Core3d,
                eye.in_set(Core3dSystems::MainPass)
                    .after(main_opaque_pass_3d)
                    .before(main_transparent_pass_3d),
            );
        }
    }
}

/// A floor, so that the feet stand on something.
fn room(
    mut commands: Commands<'_, '_>,
    mut meshes: ResMut<'_, Assets<Mesh>>,
    mut materials: ResMut<'_, Assets<StandardMaterial>>,
) {
    commands.spawn((
        Mesh3d(meshes.add(Circle::new(3.0))),
        MeshMaterial3d(materials.add(StandardMaterial {
            base_color: Color::srgb(0.16, 0.18, 0.20),
            unlit: true,
            ..StandardMaterial::default()
        })),
        Transform::from_rotation(Quat::from_rotation_x(-std::f32::consts::FRAC_PI_2)),
    ));
}

/// Eyes are drawn without multisampling, and volumes read the depth of the room.
fn prepare_eye(added: On<'_, '_, Add, XrCamera>, mut commands: Commands<'_, '_>) {
    let depth = TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING;
    commands.entity(added.entity).insert((
        Msaa::Off,
        Tonemapping::None,
        Camera3d { depth_texture_usages: Camera3dDepthTextureUsage::from(depth), ..Camera3d::default() },
    ));
}

/// Follows the session's state, counts frames, and gives up when there is no runtime.
fn watch(
    mut headset: ResMut<'_, Headset>,
    state: Option<Res<'_, XrState>>,
    frame: Option<Res<'_, OxrFrameState>>,
    instance: Option<Res<'_, OxrInstance>>,
    plan: Res<'_, RunPlan>,
    mut run: ResMut<'_, Run>,
    mut host: ResMut<'_, Host>,
    report: Res<'_, DrawReport>,
    mut exit: MessageWriter<'_, AppExit>,
) {
    headset.updates += 1;
    let state = state.map_or(XrState::Unavailable, |state| *state);
    if state == XrState::Unavailable {
        if headset.updates >= GIVE_UP_UPDATES && !headset.told {
            headset.told = true;
            host.no_headset();
            if !headset.windowed {
                let xr = XrReport { state: name(state), states: vec![name(state)], ..XrReport::default() };
                run.xr = Some(xr);
                write_report(&plan, &run, &host, &report);
                tracing::error!(
                    "no OpenXR runtime answers and there is no display; start the headset's runtime, or a desktop"
                );
                exit.write(AppExit::from_code(crate::INTERNAL));
            }
        }
        return;
    }
    let now = name(state);
    let xr = run.xr.get_or_insert_with(XrReport::default);
    if xr.states.last() != Some(&now) {
        xr.states.push(now.clone());
    }
    xr.state = now;
    if xr.runtime.is_empty()
        && let Some(properties) = instance.and_then(|instance| instance.properties().ok())
    {
        xr.runtime = format!("{} {}", properties.runtime_name, properties.runtime_version);
    }
    if state == XrState::Running && frame.is_some_and(|frame| frame.should_render) {
        let first = *headset.first.get_or_insert_with(Instant::now);
        xr.frames += 1;
        let seconds = first.elapsed().as_secs_f64();
        xr.fps = if seconds > 0.0 { (xr.frames - 1) as f64 / seconds } else { 0.0 };
    }
}

fn name(state: XrState) -> String {
    match state {
        XrState::Unavailable => "unavailable",
        XrState::Available => "available",
        XrState::Idle => "idle",
        XrState::Ready => "ready",
        XrState::Running => "running",
        XrState::Stopping => "stopping",
        XrState::Exiting { .. } => "exiting",
    }
    .to_owned()
}

/// Ends the session with the runtime before the program ends.
fn close(
    mut headset: ResMut<'_, Headset>,
    run: Res<'_, Run>,
    mut request: MessageWriter<'_, XrRequestExitMessage>,
    mut exit: MessageWriter<'_, AppExit>,
) {
    if !run.over() || run.xr.is_none() {
        return;
    }
    if headset.closing == 0 {
        request.write_default();
    }
    headset.closing += 1;
    if headset.closing > CLOSING_UPDATES {
        exit.write(AppExit::Success);
    }
}

/// Where the patient stands: upright, facing the person, life-size, the scan's middle at [`PLACE_M`].
#[expect(
    clippy::disallowed_methods,
    reason = "where the patient stands in the room is decided here, not measured"
)]
fn world_from_lps(bounds: &Aabb<Lps>) -> SpaceTransform<XrWorld, Lps> {
    // left to the right, head up, front towards the person; millimetres to metres
    let turn = glam::DMat3::from_cols(
        glam::DVec3::new(0.001, 0.0, 0.0),
        glam::DVec3::new(0.0, 0.0, -0.001),
        glam::DVec3::new(0.0, 0.001, 0.0),
    );
    let centre = turn * bounds.center().as_dvec3();
    let place = glam::DVec3::from_array(PLACE_M) - centre;
    SpaceTransform::claim(glam::DAffine3::from_mat3_translation(turn, place))
}

/// Draws the anatomy into one eye, between the opaque and the transparent things of the room.
fn eye(
    view: ViewQuery<'_, '_, (&ViewTarget, &ViewDepthTexture, &XrCamera)>,
    eyes: Option<Res<'_, OxrViews>>,
    wanted: Option<Res<'_, Wanted>>,
    report: Option<Res<'_, DrawReport>>,
    drawing: Res<'_, Drawing>,
    mut renderer: ResMut<'_, EyeRenderer>,
    mut context: RenderContext<'_, '_>,
) {
    let (target, depth, camera) = view.into_inner();
    let (Some(eyes), Some(wanted), Some(report)) = (eyes, wanted, report) else { return };
    let (Some(gpu), Some((_, volume)), Some(look)) = (&drawing.gpu, &drawing.volume, &wanted.look) else {
        return;
    };
    let Some(eye) = eyes.get(camera.0 as usize) else { return };
    let (at, q, fov) = (eye.pose.position, eye.pose.orientation, eye.fov);
    let matrices = ViewMatrices::from_xr_eye(
        Point::new(f64::from(at.x), f64::from(at.y), f64::from(at.z)),
        glam::DQuat::from_xyzw(f64::from(q.x), f64::from(q.y), f64::from(q.z), f64::from(q.w)).normalize(),
        EyeFov {
            left: f64::from(fov.angle_left),
            right: f64::from(fov.angle_right),
            up: f64::from(fov.angle_up),
            down: f64::from(fov.angle_down),
        },
        NEAR_M,
        world_from_lps(&volume.bounds()),
    );
    let Some(matrices) = matrices else { return };
    let scene = Scene {
        volumes: vec![VolumeItem::new(volume.clone(), (**look).clone())],
        meshes: drawing.meshes.1.clone(),
        ..Scene::default()
    };
    let format = target.main_texture_format();
    if renderer.0.as_ref().is_none_or(|renderer| renderer.colour_format() != format) {
        renderer.0 = Some(Renderer::new(gpu, format));
    }
    let Some(renderer) = renderer.0.as_mut() else { return };
    let texture = target.main_texture();
    let target = Target {
        colour: target.main_texture_view(),
        depth: depth.view(),
        size: [texture.width(), texture.height()],
        viewport: None,
        clear: None,
    };
    renderer.draw(context.command_encoder(), &target, &matrices, &scene);
    report.with(|drawn| drawn.eyes += 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_stands_upright_facing_us_life_size() {
        let bounds = Aabb { min: Point::new(-100.0, -150.0, 0.0), max: Point::new(300.0, 50.0, 400.0) };
        let place = world_from_lps(&bounds);
        let at = |x, y, z| (place * Point::<Lps>::new(x, y, z)).to_array();
        let middle = at(100.0, -50.0, 200.0);
        assert!(middle.iter().zip(PLACE_M).all(|(a, b)| (a - b).abs() < 1e-12), "{middle:?}");
        let head = at(100.0, -50.0, 1200.0);
        assert!((head[1] - middle[1] - 1.0).abs() < 1e-12, "the head is up, 1 m for 1000 mm");
        let left = at(1100.0, -50.0, 200.0);
        assert!((left[0] - middle[0] - 1.0).abs() < 1e-12, "the patient's left is at our right");
        let front = at(100.0, -1050.0, 200.0);
        assert!((front[2] - middle[2] - 1.0).abs() < 1e-12, "the front looks at us");
    }
}
