//! What may be said of the picture that is shown. No input, output or clock: times are arguments, in milliseconds of any clock that
//! does not run backwards.

use std::collections::{BTreeMap, BTreeSet};

use image::RgbaImage;
use rayon::prelude::*;

use crate::batch::Batch;
use crate::lossless::TileCoder;
use crate::tile::{hash, rows};
use crate::{Hash, Identity, Manifest, RateMeter, SceneHash, TileError, TileGrid, TileRect};

/// What a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fidelity {
    /// In a window every pixel is the one that was drawn; in a headset every voxel in view is there and verified.
    Exact,
    /// Not that, with a [`Reason`].
    Lossy,
}

impl Fidelity {
    /// A word that does not change, for locale files, captures and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Lossy => "lossy",
        }
    }
}

/// What the viewer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// Where it looks from.
    Camera,
    /// Colours, opacities or light.
    TransferFunction,
    /// Grey window.
    GreyWindow,
    /// Planes, shapes, or what was carved away.
    Cut,
    /// Segments shown or edited.
    Segment,
    /// Meshes, plans or marks.
    Overlay,
    /// The way of drawing: projection, slices, path tracing.
    Mode,
    /// Pixels of the window.
    WindowSize,
    /// The volume itself, or the moment of a moving one.
    Volume,
}

/// Why a picture is not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No picture has come yet.
    NothingYet,
    /// Something changed in this frame or since; no picture of it has come.
    Changed(Change),
    /// Compressed as video.
    Video,
    /// Drawn here from a coarser volume than there is.
    CoarseVolume,
    /// Drawn with fewer pixels or longer steps while it moves.
    CoarseDrawing,
    /// Exact tiles are still on their way.
    TilesMissing,
    /// A tile that came was not the one that was drawn; it is asked for again.
    TileRefused,
    /// A brick that came was not the one that was asked for.
    BrickRefused,
    /// The link is down: what is shown may no longer be what the case holds.
    Disconnected,
}

impl Reason {
    /// A word that does not change, for locale files, captures and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NothingYet => "nothing_yet",
            Self::Changed(Change::Camera) => "camera",
            Self::Changed(Change::TransferFunction) => "transfer_function",
            Self::Changed(Change::GreyWindow) => "grey_window",
            Self::Changed(Change::Cut) => "cut",
            Self::Changed(Change::Segment) => "segment",
            Self::Changed(Change::Overlay) => "overlay",
            Self::Changed(Change::Mode) => "mode",
            Self::Changed(Change::WindowSize) => "window_size",
            Self::Changed(Change::Volume) => "volume",
            Self::Video => "video",
            Self::CoarseVolume => "coarse_volume",
            Self::CoarseDrawing => "coarse_drawing",
            Self::TilesMissing => "tiles_missing",
            Self::TileRefused => "tile_refused",
            Self::BrickRefused => "brick_refused",
            Self::Disconnected => "disconnected",
        }
    }
}

/// Where on the ladder a picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// L0: drawn here from the bricks that are here.
    Local,
    /// L1: video.
    Video,
    /// L2: better video, since nothing moves.
    Better,
    /// L3: exact.
    Exact,
}

impl Rung {
    /// A word that does not change.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Local => "l0_local",
            Self::Video => "l1_video",
            Self::Better => "l2_better",
            Self::Exact => "l3_exact",
        }
    }
}

/// What is written beside a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Badge {
    /// What it is.
    pub fidelity: Fidelity,
    /// Why, where it is lossy.
    pub reason: Option<Reason>,
    /// Where on the ladder it stands.
    pub rung: Rung,
    /// Tiles or bricks verified.
    pub verified: usize,
    /// Tiles or bricks that there are.
    pub of: usize,
    /// Received in the last second, bits per second.
    pub bits_per_s: f64,
}

/// What became of a batch of tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Verified now.
    pub verified: usize,
    /// Not the pixels that were drawn: to be asked for again.
    pub refused: Vec<usize>,
    /// Of another picture than the one shown.
    pub stale: usize,
}

/// Which brick of the volume.
pub type BrickId = u64;

/// When the lamp may be lit, in one place. Tests put worse ones in its stead and must see false lamps.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Whether a list of hashes is for what the viewer sees now.
    is_current: fn(SceneHash, &Identity) -> bool,
    /// Whether a list may take the place of another.
    is_newer: fn(&Identity, &Identity) -> bool,
    /// Whether tiles belong to a list.
    belongs: fn(&Identity, &Identity) -> bool,
    /// Whether what came is what was promised.
    is_same: fn(&Hash, &Hash) -> bool,
    /// Whether so many of so many are enough.
    is_whole: fn(usize, usize) -> bool,
    /// Whether what was drawn coarsely may be called exact.
    is_fine: fn(bool) -> bool,
}

impl Rule {
    const STRICT: Self = Self {
        is_current: |now, identity| identity.scene == now,
        is_newer: |old, new| new.frame >= old.frame,
        belongs: |wanted, came| wanted == came,
        is_same: |promised, found| promised == found,
        is_whole: |verified, of| of > 0 && verified == of,
        is_fine: |is_full| is_full,
    };
}

/// The viewer's side: keeps the exact pixels, knows what was promised, and says what the picture is. One a view.
///
/// Each client frame: tell it what [changed](Self::change) before drawing, give it what came, then draw what
/// [`badge`](Self::badge) says: the badge of a change is that of the same frame.
#[derive(Debug)]
pub struct FidelityMachine {
    rule: Rule,
    proof: Proof,
    scene: Option<SceneHash>,
    size: [u32; 2],
    change: Change,
    /// What came for the present scene, if anything did.
    seen: Option<Rung>,
    is_full: bool,
    is_connected: bool,
    canvas: Canvas,
    promised: Option<Manifest>,
    verified: Vec<bool>,
    /// Tiles or bricks that came wrong and have not come right since.
    refused: BTreeSet<u64>,
    bricks: Bricks,
    rate: RateMeter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Tiles,
    Bricks,
}

/// Pixels that came without loss and the hash of each tile, re-computed here.
#[derive(Debug, Default)]
struct Canvas {
    picture: RgbaImage,
    held: Vec<Option<Hash>>,
}

#[derive(Debug, Default)]
struct Bricks {
    /// Re-computed here, of all bricks that came.
    held: BTreeMap<BrickId, Hash>,
    /// Of the present view, and what they must be; `None` until it is known.
    in_view: Option<BTreeMap<BrickId, Hash>>,
}

/// Bricks that are remembered at most: 64³ voxels each, a volume of 4096³ has as many.
const MAX_BRICKS: usize = 1 << 18;

impl FidelityMachine {
    /// For a window or a slate: exact means every pixel.
    pub fn window() -> Self {
        Self::new(Proof::Tiles, Rule::STRICT)
    }

    /// For a headset, whose compositor warps each frame: exact means every voxel of the view.
    pub fn headset() -> Self {
        Self::new(Proof::Bricks, Rule::STRICT)
    }

    fn new(proof: Proof, rule: Rule) -> Self {
        Self {
            rule,
            proof,
            scene: None,
            size: [0; 2],
            change: Change::Volume,
            seen: None,
            is_full: true,
            is_connected: true,
            canvas: Canvas::default(),
            promised: None,
            verified: Vec::new(),
            refused: BTreeSet::new(),
            bricks: Bricks::default(),
            rate: RateMeter::new(1000.0),
        }
    }

    /// The viewer changed something: what is drawn from now on, of how many pixels, and what changed. Call it in the client
    /// frame in which it happens.
    pub fn change(&mut self, scene: SceneHash, size: [u32; 2], what: Change) {
        if self.scene == Some(scene) && self.size == size {
            return;
        }
        self.scene = Some(scene);
        self.size = size;
        self.change = what;
        self.seen = None;
        self.promised = None;
        self.verified.clear();
        self.refused.clear();
        self.bricks.in_view = None;
    }

    /// What is drawn now.
    pub const fn scene(&self) -> Option<SceneHash> {
        self.scene
    }

    /// A picture that is not exact is shown: drawn here or decoded from video, for which scene. `rung` says which; one of
    /// another scene than the present (an older one, reprojected) says nothing.
    pub fn shown(&mut self, scene: SceneHash, rung: Rung) {
        if self.scene == Some(scene) {
            self.seen = self.seen.max(Some(rung.min(Rung::Better)));
        }
    }

    /// Whether what is drawn here is of full quality ([`Reason::CoarseDrawing`] where not).
    pub const fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// Whether the edge answers. Until it does, nothing is exact.
    pub const fn set_connected(&mut self, is_connected: bool) {
        self.is_connected = is_connected;
    }

    /// Bytes came, of whatever kind.
    pub fn received(&mut self, bytes: usize, now_ms: f64) {
        self.rate.add(bytes, now_ms);
    }

    /// A list of hashes came ([`Manifest::to_bytes`]). Gives the tiles that are still needed; none where the list is for
    /// another scene or older than the one that is known.
    ///
    /// # Errors
    /// [`TileError`].
    pub fn manifest(&mut self, bytes: &[u8]) -> Result<Vec<usize>, TileError> {
        let manifest = Manifest::from_bytes(bytes)?;
        let is_current = self.scene.is_some_and(|scene| (self.rule.is_current)(scene, &manifest.identity));
        let is_newer =
            self.promised.as_ref().is_none_or(|p| (self.rule.is_newer)(&p.identity, &manifest.identity));
        if !is_current || !is_newer {
            return Ok(Vec::new());
        }
        // memory is bounded by the window, whatever the bytes say
        if manifest.grid.size() != self.size {
            return Err(TileError::Malformed("another size than the window's"));
        }
        self.canvas.fit(manifest.grid);
        let same = |(held, promised): (&Option<Hash>, &Hash)| {
            held.as_ref().is_some_and(|held| (self.rule.is_same)(promised, held))
        };
        self.verified = self.canvas.held.iter().zip(&manifest.hashes).map(same).collect();
        self.refused.clear();
        self.promised = Some(manifest);
        Ok(self.missing())
    }

    /// Tiles of the present picture that are not verified.
    pub fn missing(&self) -> Vec<usize> {
        self.verified.iter().enumerate().filter(|(_, v)| !**v).map(|(n, _)| n).collect()
    }

    /// Exact tiles came. Each is decoded, hashed, and taken only if that is the hash promised.
    ///
    /// # Errors
    /// [`TileError`] where the bytes are no tiles; nothing was taken.
    pub fn tiles(&mut self, bytes: &[u8]) -> Result<Taken, TileError> {
        let batch = Batch::parse(bytes)?;
        let mut taken = Taken::default();
        let Some(promised) = &self.promised else {
            taken.stale = batch.tiles.len();
            return Ok(taken);
        };
        if !(self.rule.belongs)(&promised.identity, &batch.identity) {
            taken.stale = batch.tiles.len();
            return Ok(taken);
        }
        let grid = promised.grid;
        let decode = |coder: &mut Result<TileCoder, TileError>, (index, code): &(usize, &[u8])| {
            let rect = grid.rect(*index)?;
            let mut rgba = vec![0; rect.width as usize * rect.height as usize * 4];
            coder.as_mut().ok()?.decode(code, rect.width as usize, &mut rgba).ok()?;
            let found = hash(rect, core::iter::once(&rgba[..]));
            Some((rect, rgba, found))
        };
        let decoded: Vec<_> = batch.tiles.par_iter().map_init(TileCoder::new, decode).collect();
        for ((index, _), decoded) in batch.tiles.iter().zip(decoded) {
            match decoded {
                Some((rect, rgba, found)) if (self.rule.is_same)(&promised.hashes[*index], &found) => {
                    self.canvas.write(*index, rect, &rgba, found);
                    self.verified[*index] = true;
                    self.refused.remove(&(*index as u64));
                    taken.verified += 1;
                }
                _ => {
                    // a tile that is there and right is not undone by a wrong one
                    if self.verified.get(*index).is_some_and(|v| !v) {
                        self.refused.insert(*index as u64);
                    }
                    taken.refused.push(*index);
                }
            }
        }
        Ok(taken)
    }

    /// The bricks of the present view and what each must be, all of them, at full resolution. Call it after a
    /// [change](Self::change), in the same frame if it is known then.
    pub fn in_view(&mut self, scene: SceneHash, bricks: impl IntoIterator<Item = (BrickId, Hash)>) {
        if self.scene == Some(scene) {
            self.bricks.in_view = Some(bricks.into_iter().take(MAX_BRICKS).collect());
            self.refused.clear();
        }
    }

    /// A brick of full resolution lies here now: its voxels' bytes, hashed here. Give it what the renderer draws from.
    pub fn brick(&mut self, id: BrickId, bytes: &[u8]) {
        let found: Hash = blake3::hash(bytes).into();
        let promised = self.bricks.in_view.as_ref().and_then(|bricks| bricks.get(&id));
        match promised {
            Some(promised) if !(self.rule.is_same)(promised, &found) => self.refused.insert(id),
            _ => self.refused.remove(&id),
        };
        if self.bricks.held.len() < MAX_BRICKS || self.bricks.held.contains_key(&id) {
            self.bricks.held.insert(id, found);
        }
    }

    /// A brick was given up.
    pub fn brick_gone(&mut self, id: BrickId) {
        self.bricks.held.remove(&id);
    }

    /// Verified and needed.
    fn progress(&self) -> (usize, usize) {
        match self.proof {
            Proof::Tiles => (self.verified.iter().filter(|v| **v).count(), self.verified.len()),
            Proof::Bricks => {
                let Some(in_view) = &self.bricks.in_view else { return (0, 0) };
                let holds = |(id, promised): &(&BrickId, &Hash)| {
                    self.bricks.held.get(id).is_some_and(|held| (self.rule.is_same)(promised, held))
                };
                (in_view.iter().filter(holds).count(), in_view.len())
            }
        }
    }

    /// What is to be written beside the picture of this client frame.
    pub fn badge(&self, now_ms: f64) -> Badge {
        let (verified, of) = self.progress();
        let is_whole = (self.rule.is_whole)(verified, of);
        let is_full = match self.proof {
            Proof::Tiles => self.promised.as_ref().is_some_and(|p| p.is_full),
            Proof::Bricks => self.is_full,
        };
        let is_exact = self.scene.is_some() && is_whole && (self.rule.is_fine)(is_full) && self.is_connected;
        let reason = if is_exact { None } else { Some(self.reason(is_whole, of)) };
        let rung = if is_exact { Rung::Exact } else { self.seen.unwrap_or(Rung::Local) };
        let fidelity = if is_exact { Fidelity::Exact } else { Fidelity::Lossy };
        Badge { fidelity, reason, rung, verified, of, bits_per_s: self.rate.bits_per_s(now_ms) }
    }

    fn reason(&self, is_whole: bool, of: usize) -> Reason {
        if !self.is_connected {
            return Reason::Disconnected;
        }
        if self.scene.is_none() {
            return Reason::NothingYet;
        }
        match (self.proof, self.seen) {
            (Proof::Tiles, _) if !self.refused.is_empty() => Reason::TileRefused,
            (Proof::Bricks, _) if !self.refused.is_empty() => Reason::BrickRefused,
            // all is there and right, but not worth the lamp
            (_, _) if is_whole => Reason::CoarseDrawing,
            (Proof::Tiles, _) if of > 0 => Reason::TilesMissing,
            (_, None) => Reason::Changed(self.change),
            (_, Some(Rung::Local)) if !self.is_full => Reason::CoarseDrawing,
            (_, Some(Rung::Local)) => Reason::CoarseVolume,
            (_, Some(_)) => Reason::Video,
        }
    }

    /// The exact picture, where it is exact: what a window shows under the lamp.
    pub fn exact(&self) -> Option<&RgbaImage> {
        let is_exact = self.proof == Proof::Tiles && self.badge(0.0).fidelity == Fidelity::Exact;
        is_exact.then_some(&self.canvas.picture)
    }

    /// Puts the tiles that are verified into a picture of video of the same scene and size, which gets better tile by tile.
    pub fn improve(&self, video: &mut RgbaImage) {
        let Some(promised) = &self.promised else { return };
        let [width, height] = promised.grid.size();
        if video.dimensions() != (width, height) {
            return;
        }
        for (index, _) in self.verified.iter().enumerate().filter(|(_, v)| **v) {
            let Some(rect) = promised.grid.rect(index) else { continue };
            let from = rows(self.canvas.picture.as_raw(), width, rect);
            for (y, row) in (rect.y..).zip(from) {
                let at = (y as usize * width as usize + rect.x as usize) * 4;
                (**video)[at..at + row.len()].copy_from_slice(row);
            }
        }
    }

    /// Hashes every pixel anew, as a capture does before it is stamped. Gives the badge; what no longer holds is not verified
    /// from here on.
    pub fn recheck(&mut self, now_ms: f64) -> Badge {
        if let Some(promised) = &self.promised {
            let [width, _] = promised.grid.size();
            let pixels = self.canvas.picture.as_raw();
            let of = |n: usize| promised.grid.rect(n).map(|rect| hash(rect, rows(pixels, width, rect)));
            let found: Vec<_> = (0..promised.hashes.len()).into_par_iter().map(of).collect();
            for (n, found) in found.iter().enumerate() {
                self.verified[n] &=
                    found.as_ref().is_some_and(|f| (self.rule.is_same)(&promised.hashes[n], f));
            }
            self.canvas.held = found;
        }
        self.badge(now_ms)
    }
}

impl Canvas {
    fn fit(&mut self, grid: TileGrid) {
        let [width, height] = grid.size();
        if self.picture.dimensions() != (width, height) || self.held.len() != grid.tiles() {
            self.picture = RgbaImage::new(width, height);
            self.held = vec![None; grid.tiles()];
        }
    }

    fn write(&mut self, index: usize, rect: TileRect, rgba: &[u8], found: Hash) {
        let width = self.picture.width() as usize;
        for (y, row) in (rect.y as usize..).zip(rgba.chunks_exact(rect.width as usize * 4)) {
            let at = (y * width + rect.x as usize) * 4;
            (*self.picture)[at..at + row.len()].copy_from_slice(row);
        }
        self.held[index] = Some(found);
    }
}

#[cfg(test)]
mod tests;
