//! Brings the bricks of volumes that are not on the device as a whole.

use super::cutting::has_caps;
use super::{Part, Renderer, Viewport};
use crate::atlas::{Atlas, Pace, Want};
use crate::{Mode, Scene, ViewMatrices, VolumeItem};

/// How many bricks a picture brings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bringing {
    /// For each volume.
    a_picture: usize,
    /// What is drawn was brought before.
    settled: bool,
}

impl Default for Bringing {
    fn default() -> Self {
        // 5 MB of 16-bit voxels
        Self { a_picture: 64, settled: false }
    }
}

/// Rounds after which a capture is taken as it is.
const ROUNDS: usize = 16;

impl Renderer {
    /// How many bricks (32³ voxels each) of a volume in bricks may be brought for each picture that is drawn; 64 at
    /// first. Fewer keep a frame short, more make it fine sooner. Pictures in memory bring all that they can use.
    pub const fn bring_bricks(&mut self, a_picture: usize) {
        self.bricks.a_picture = a_picture;
    }

    /// A step towards what a view needs, before it is drawn: as fine as its pixels show.
    pub(super) fn bring(&mut self, part: Part, view: &ViewMatrices, scene: &Scene) {
        if self.bricks.settled || !in_bricks(scene) {
            return;
        }
        let pace = Pace::Live(self.bricks.a_picture);
        self.each_want(part, view, scene, |renderer, atlas, mut want| {
            want.enough_px = 1.0;
            atlas.bring(&renderer.gpu, &want, pace);
        });
    }

    /// Draws what a view needs at the best that there is room for, once that is here.
    pub(crate) fn settled<R>(
        &mut self,
        size: [u32; 2],
        view: &ViewMatrices,
        scene: &Scene,
        draw: impl FnOnce(&mut Self) -> R,
    ) -> R {
        if in_bricks(scene) {
            let whole = Viewport { x: 0, y: 0, width: size[0], height: size[1] };
            let part = Part { fresh: true, ..whole.into() };
            for _ in 0..ROUNDS {
                let mut more = false;
                let views = (scene.volumes.len() + scene.slices.len()) as u64;
                self.each_want(part, view, scene, |renderer, atlas, want| {
                    more |= atlas.bring(&renderer.gpu, &want, Pace::Settle(views));
                });
                if !more {
                    break;
                }
            }
        }
        self.bricks.settled = true;
        let drawn = draw(self);
        self.bricks.settled = false;
        drawn
    }

    /// All of a volume that its look shows, wherever it lies, for light that comes from anywhere.
    pub(crate) fn settle_all(&mut self, item: &VolumeItem) {
        if let Some(atlas) = item.texture.atlas() {
            let want = Want::everywhere(self.tables.seen(&self.gpu, item));
            let mut rounds = 0..ROUNDS;
            while rounds.next().is_some() && atlas.bring(&self.gpu, &want, Pace::Settle(1)) {}
        }
    }

    /// Does something for each volume in bricks that the shaders draw, the volumes after the slices, so that what
    /// is said last is said of them.
    fn each_want(
        &mut self,
        part: Part,
        view: &ViewMatrices,
        scene: &Scene,
        mut what: impl FnMut(&Self, &Atlas, Want),
    ) {
        for item in &scene.slices {
            if let Some(atlas) = item.texture.atlas() {
                let grid = item.texture.grid();
                let want = Want::of(atlas.all(item.texture.cells()), grid, view, part.height, &scene.clip);
                what(self, atlas, want.cut_by(grid, &item.plane));
            }
        }
        if self.processor_draws(part, scene) {
            let in_slice = |id| scene.slices.iter().any(|s| s.texture.id() == id);
            for item in scene.volumes.iter().filter(|v| !in_slice(v.texture.id())) {
                if let Some(atlas) = item.texture.atlas() {
                    atlas.leaves_nothing_out();
                }
            }
            return;
        }
        for item in &scene.volumes {
            if let Some(atlas) = item.texture.atlas() {
                let cells = item.texture.cells();
                let seen = match item.look.mode {
                    // a cap shows what the look does not
                    _ if has_caps(item) => atlas.all(cells),
                    Mode::Dvr | Mode::Iso => self.tables.seen(&self.gpu, item),
                    Mode::Mip => atlas.above(cells, item.look.window.black() as f32),
                    Mode::MinIp | Mode::Mean => atlas.all(cells),
                };
                what(self, atlas, Want::of(seen, item.texture.grid(), view, part.height, &scene.clip));
            }
        }
    }
}

fn in_bricks(scene: &Scene) -> bool {
    let volumes = scene.volumes.iter().map(|v| &v.texture);
    volumes.chain(scene.slices.iter().map(|s| &s.texture)).any(|t| t.atlas().is_some())
}
