//! Frames drawn on the edge: the newest pose wins, one frame is on its way at a time.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use glam::DQuat;
use meshing_space::{Lps, Point, Transform, Vector, World};
use net_link::Connection;
use net_protocol::messages::{
    Fidelity, FrameFormat, FrameHeader, FrameMode, MAX_FRAME_LEN, Pose, Projection, StartFrames,
};
use render_gpu::Gpu;
use render_volume::{
    EyeFov, Renderer, Scene, ViewMatrices, VolumeItem, VolumeTexture, Window, picture_from, presets,
};

use crate::source::VolumeSource;

/// Poses that may wait; all but the newest are skipped.
const POSES: usize = 64;
/// The drawing thread looks for its end this often.
const IDLE: Duration = Duration::from_millis(200);
/// Nothing nearer to the eye is drawn.
const NEAR_M: f64 = 0.005;
/// Pixels are packed fast rather than small: the volume's own streams carry the exact values.
const ZSTD_LEVEL: i32 = 1;

/// Drawing for one client, on a thread of its own. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Frames {
    poses: SyncSender<Pose>,
}

impl Frames {
    /// Begins to draw a volume for the poses that follow.
    pub(crate) fn start(wanted: StartFrames, source: Arc<dyn VolumeSource>, connection: Connection) -> Self {
        let (poses, seen) = sync_channel(POSES);
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new().name("theatron-frames".into()).spawn(move || {
            if let Err(cause) = draw(&wanted, source.as_ref(), &connection, &seen, &runtime) {
                tracing::warn!(%cause, "frames are not drawn");
            }
        });
        if let Err(error) = thread {
            tracing::error!(%error, "a drawing thread could not be started");
        }
        Self { poses }
    }

    /// The eye moved. A pose that does not fit the queue is older than those that follow it.
    pub(crate) fn look_from(&self, pose: Pose) {
        self.poses.try_send(pose).unwrap_or_default();
    }
}

fn draw(
    wanted: &StartFrames,
    source: &dyn VolumeSource,
    connection: &Connection,
    poses: &Receiver<Pose>,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<()> {
    let bytes = u64::from(wanted.width) * u64::from(wanted.height) * 4;
    anyhow::ensure!(
        bytes <= u64::from(MAX_FRAME_LEN),
        "the client asks for frames larger than the protocol carries"
    );
    let volume = source.volume(&wanted.volume)?;
    let gpu = Gpu::headless()?;
    let preset = presets::named(&wanted.preset).or_else(|| presets::named("bone"));
    let mut look =
        preset.map(|preset| preset.look_for(&volume)).ok_or_else(|| anyhow::anyhow!("no preset"))?;
    if wanted.mode == FrameMode::Mip {
        look = look.as_mip();
    }
    if let (Some(center), Some(width)) = (wanted.window_centre, wanted.window_width) {
        look.window = Window::new(f64::from(center), f64::from(width));
    }
    let scene = Scene {
        volumes: vec![VolumeItem::new(VolumeTexture::upload(&gpu, &volume)?, look)],
        ..Scene::default()
    };
    let mut renderer = Renderer::for_pictures(&gpu);
    let size = [u32::from(wanted.width.max(1)), u32::from(wanted.height.max(1))];
    let mut frame = 0_u64;
    while connection.lost_now().is_none() {
        let Some(pose) = newest(poses)? else { continue };
        let Some(view) = view_of(&pose) else { continue };
        let picture = picture_from(&gpu, &mut renderer, size, &view, &scene)?;
        let rgba = picture.into_raw();
        let body = zstd::bulk::compress(&rgba, ZSTD_LEVEL)?;
        let header = FrameHeader {
            frame,
            pose_id: pose.id,
            width: wanted.width.max(1),
            height: wanted.height.max(1),
            format: FrameFormat::Rgba8Zstd,
            fidelity: Fidelity::Exact,
            len: body.len() as u32,
            hash: FrameHeader::hash_of(&rgba),
        };
        // One frame at a time: a slow link lowers the rate instead of growing a queue.
        runtime.block_on(async {
            let mut sent = connection.send_frame(&header, Bytes::from(body)).await?;
            sent.delivered().await;
            Ok::<_, net_link::LinkError>(())
        })?;
        frame += 1;
    }
    Ok(())
}

/// The newest pose that waits; `None` after a while without one.
fn newest(poses: &Receiver<Pose>) -> anyhow::Result<Option<Pose>> {
    match poses.recv_timeout(IDLE) {
        Ok(first) => Ok(Some(poses.try_iter().last().unwrap_or(first))),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the client wants no more frames"),
    }
}

/// The matrices of a pose: the eye in LPS millimetres, drawn as a stage in metres with the axes of the patient.
fn view_of(pose: &Pose) -> Option<ViewMatrices> {
    let Projection::Perspective { left, right, up, down } = pose.projection else { return None };
    let axes = [Vector::new(1e-3, 0.0, 0.0), Vector::new(0.0, 1e-3, 0.0), Vector::new(0.0, 0.0, 1e-3)];
    let world_from_lps = Transform::<World, Lps>::from_axes(Point::origin(), axes);
    let [x, y, z, w] = pose.lps_from_eye.map(f64::from);
    let fov = EyeFov {
        left: -f64::from(left).atan(),
        right: f64::from(right).atan(),
        up: f64::from(up).atan(),
        down: -f64::from(down).atan(),
    };
    let eye = world_from_lps * pose.eye_in_lps;
    ViewMatrices::from_xr_eye(eye, DQuat::from_xyzw(x, y, z, w).normalize(), fov, NEAR_M, world_from_lps)
}
