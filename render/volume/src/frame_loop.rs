//! What a window or an edge server calls once a frame.

use render_gpu::Gpu;

use crate::{Accumulated, Accumulator, Adaptive, Renderer, Scene, Target, ViewMatrices};

/// Draws frame after frame within a budget: coarser while the view or the scene changes, in full when it rests, then
/// better and better until it is as good as it gets. What was done is said of each frame. One for each view.
///
/// ```no_run
/// # fn show(gpu: &render_gpu::Gpu, renderer: &mut render_volume::Renderer, target: &render_volume::Target<'_>,
/// #     view: &render_volume::ViewMatrices, scene: &render_volume::Scene) {
/// let mut frames = render_volume::FrameLoop::new(gpu, renderer, 16.0);
/// let start = std::time::Instant::now();
/// let mut took_ms = 0.0;
/// loop {
///     let begin = start.elapsed().as_secs_f64() * 1000.0;
///     let mut encoder = gpu.device.create_command_encoder(&Default::default());
///     let done = frames.draw(&mut encoder, renderer, target, view, scene, (took_ms, begin));
///     gpu.queue.submit([encoder.finish()]);
///     gpu.wait();
///     took_ms = start.elapsed().as_secs_f64() * 1000.0 - begin;
///     if done.is_done() {
///         break; // nothing to draw until something changes
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct FrameLoop {
    adaptive: Adaptive,
    accumulator: Accumulator,
}

impl FrameLoop {
    /// With the milliseconds that a frame may take while something moves ([`Adaptive`]).
    pub fn new(gpu: &Gpu, renderer: &Renderer, budget_ms: f64) -> Self {
        Self { adaptive: Adaptive::new(budget_ms), accumulator: Accumulator::new(gpu, renderer) }
    }

    /// Records the next frame into a target, as [`Accumulator::draw`] does. `took_ms` is how long the frame before took,
    /// no number for the first, and `now_ms` the time by any clock that does not run backwards.
    ///
    /// Once the answer [is done](Accumulated::is_done), no frame need be drawn until something changes.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        renderer: &mut Renderer,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
        (took_ms, now_ms): (f64, f64),
    ) -> Accumulated {
        let moved = !self.accumulator.is_unchanged(renderer, target, view, scene);
        let quality = self.adaptive.frame(took_ms, moved, now_ms);
        let mut done = self.accumulator.draw(encoder, renderer, target, view, scene, quality);
        if !quality.is_full() {
            // a coarse picture is never as good as it gets
            done.of = done.of.max(done.done + 1);
        }
        done
    }

    /// Begins anew, where what was recorded was not submitted.
    pub fn reset(&mut self) {
        self.accumulator.reset();
    }
}
