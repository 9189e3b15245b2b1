//! A volume larger than its share of the device: bricks of several levels of detail side by side in one texture.
//!
//! Each brick holds 32³ voxels of its level and one more around it, so that the device filters across borders. A page
//! table says for each brick of level 0 which slot of the atlas shows it, and at which level. The coarsest level is a
//! single brick that always stays, so that nothing is ever missing, only coarse. The idea is that of Gobbetti, Marton
//! and Iglesias Guitián 2008 and of Hadwiger and others 2012, without their marks from the device: what is seen is known
//! from the cells, the view and the cuts.

mod choose;
mod detail;
mod exact;
mod pyramid;
mod slots;
mod source;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use meshing_volume::{Voxels, Words};
use render_gpu::{DeviceError, Gpu};

pub(crate) use choose::{BRICK, Seen, Want};
use choose::{Brick, Choice, Tree};
pub use detail::Detail;
pub(crate) use exact::{Cut, CutError, blocks_of};
pub(crate) use pyramid::{halved_size, halved_voxels};
use slots::Slots;
pub(crate) use source::InMemory;
pub use source::{BrickSource, Ranges, Region, Supply};

/// Edge of a slot in voxels: a brick and one more on each side.
const SLOT: usize = BRICK + 2;
/// An atlas below this many slots shows hardly more than the coarsest level.
const FEWEST: usize = 9;
/// Bricks of level 0 at most: 2^35 voxels, so that tables about them stay small.
const MOST_PAGES: u64 = 1 << 20;
/// After so many bricks the device is given what it has to copy, so that staging memory stays small.
const AT_ONCE: usize = 64;
/// Choices for this many views are remembered.
const VIEWS: usize = 4;

/// How bricks are brought.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// A few for each picture, and what was needed lately stays, since another eye may need it.
    Live(usize),
    /// All that the view can use; only what `0` views before it needed stays for certain.
    Settle(u64),
}

/// How many of the latest views a brick outlives its last use while things move.
const GRACE: u64 = 8;

/// The bricks on a device.
#[derive(Debug)]
pub(crate) struct Atlas {
    source: Arc<dyn BrickSource>,
    tree: Tree,
    slots: [usize; 3],
    kind: TexelKind,
    /// What stands in for voxels that are not here.
    least: f32,
    bricks: wgpu::Texture,
    pub(crate) view: wgpu::TextureView,
    pages: wgpu::Texture,
    pub(crate) pages_view: wgpu::TextureView,
    state: Mutex<State>,
}

/// How a voxel lies on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TexelKind {
    /// 16 bits, shifted so that the order stays, as shares of the largest.
    Unorm16,
    /// 32-bit float.
    Float32,
}

impl TexelKind {
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::Unorm16 => 2,
            Self::Float32 => 4,
        }
    }

    pub(crate) const fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Unorm16 => wgpu::TextureFormat::R16Unorm,
            Self::Float32 => wgpu::TextureFormat::R32Float,
        }
    }
}

/// What lies in a slot.
#[derive(Debug, Default)]
struct State {
    slots: Slots,
    failed: HashMap<Brick, Words>,
    choices: Vec<(Want, Arc<Choice>)>,
    all: Option<Arc<Seen>>,
    above: Option<(f32, Arc<Seen>)>,
    now: u64,
    loaded: u64,
    detail: Detail,
}

impl Atlas {
    /// An atlas of at most `budget_bytes` with its page table; `None` where that is too little to be of use.
    pub(crate) fn new(
        gpu: &Gpu,
        source: &Arc<dyn BrickSource>,
        (kind, least): (TexelKind, f32),
        budget_bytes: u64,
    ) -> Option<Self> {
        let limit = gpu.device.limits().max_texture_dimension_3d as usize;
        let tree = Tree::of(source.grid().size());
        let slots = slots_within(&tree, kind, budget_bytes, limit)?;
        let bricks = texture(gpu, "bricks", slots.map(|n| n * SLOT), kind.format());
        let pages = texture(gpu, "pages", tree.size(0), wgpu::TextureFormat::R32Uint);
        let [view, pages_view] =
            [&bricks, &pages].map(|t| t.create_view(&wgpu::TextureViewDescriptor::default()));
        let state = Mutex::new(State { slots: Slots::new(slots.iter().product()), ..State::default() });
        let made =
            Self { source: source.clone(), tree, slots, kind, least, bricks, view, pages, pages_view, state };
        {
            let mut state = made.locked();
            let root = made.tree.root();
            state.slots.place(0, root, u64::MAX);
            let known = made.load(gpu, 0, root);
            if !matches!(known, Loaded::Here) {
                made.fill(gpu, 0, &Voxels::F32(vec![made.least; 1]), [0; 3], [1; 3]);
                state.slots.forget_content(0);
            }
            made.write_pages(gpu, &state.slots);
        }
        Some(made)
    }

    /// Bytes of the atlas and its page table.
    pub(crate) fn bytes(&self) -> u64 {
        let texels = self.slots.iter().map(|n| (n * SLOT) as u64).product::<u64>();
        texels * self.kind.bytes() + page_bytes(&self.tree)
    }

    /// What the latest view shows.
    pub(crate) fn detail(&self) -> Detail {
        self.locked().detail.clone()
    }

    /// Says of the latest picture that somebody drew it from the whole volume.
    pub(crate) fn leaves_nothing_out(&self) {
        self.locked().detail = Detail { coarsest: 1, ..Detail::default() };
    }

    /// Bricks brought so far, again and again where one was evicted.
    pub(crate) fn loaded(&self) -> u64 {
        self.locked().loaded
    }

    /// Forgets what could not be had, so that it is asked for again.
    pub(crate) fn retry(&self) {
        let mut state = self.locked();
        state.failed.clear();
    }

    /// Everything, for slices.
    pub(crate) fn all(&self, cells: &crate::cells::Cells) -> Arc<Seen> {
        self.locked().all.get_or_insert_with(|| Arc::new(Seen::all(cells))).clone()
    }

    /// What a projection that is black up to a value shows.
    pub(crate) fn above(&self, cells: &crate::cells::Cells, black: f32) -> Arc<Seen> {
        let mut state = self.locked();
        if let Some((known, seen)) = &state.above
            && known.to_bits() == black.to_bits()
        {
            return seen.clone();
        }
        let seen = Arc::new(Seen::above(cells, black));
        state.above = Some((black, seen.clone()));
        seen
    }

    /// Brings bricks that a view needs and has not; true when another call would bring more.
    pub(crate) fn bring(&self, gpu: &Gpu, want: &Want, pace: Pace) -> bool {
        let mut state = self.locked();
        let state = &mut *state;
        state.now += 1;
        let now = state.now;
        let choice = self.choice(state, want);
        let (requests, standing) = self.requests(state, &choice, matches!(pace, Pace::Live(_)));
        let (limit, grace) = match pace {
            Pace::Live(limit) => (limit, GRACE),
            Pace::Settle(views) => (usize::MAX, views),
        };
        let mut dropped = false;
        if limit == usize::MAX {
            dropped = self.drop_finer(state, &choice, grace);
        }
        let mut room = state.slots.free_for(now, grace, &standing);
        // asked again, what was needed lately makes room too
        let (mut brought, mut again) = (0, false);
        if !state.slots.has_content(0) && matches!(self.load(gpu, 0, self.tree.root()), Loaded::Here) {
            state.slots.place(0, self.tree.root(), u64::MAX);
            brought += 1;
        }
        for brick in requests {
            if brought >= limit {
                break;
            }
            let Some(slot) = room.pop() else {
                again = grace > 0;
                break;
            };
            match self.load(gpu, slot, brick) {
                Loaded::Here => {
                    state.slots.place(slot, brick, now);
                    brought += 1;
                    if brought.is_multiple_of(AT_ONCE) {
                        gpu.queue.submit([]);
                        if matches!(pace, Pace::Settle(_)) {
                            gpu.wait();
                        }
                    }
                }
                Loaded::Coming => room.push(slot),
                Loaded::Failed(why) => {
                    state.failed.insert(brick, why);
                    room.push(slot);
                }
            }
        }
        if brought > 0 || dropped {
            state.loaded += brought as u64;
            self.write_pages(gpu, &state.slots);
        }
        state.detail = self.describe(state, &choice);
        brought > 0 || again
    }

    fn choice(&self, state: &mut State, want: &Want) -> Arc<Choice> {
        if let Some((_, known)) = state.choices.iter().find(|(w, _)| w == want) {
            return known.clone();
        }
        let room = self.slots.iter().product::<usize>() - 1;
        let made = Arc::new(Choice::of(&self.tree, want, room));
        if state.choices.len() == VIEWS {
            state.choices.remove(0);
        }
        state.choices.push((want.clone(), made.clone()));
        made
    }

    /// Marks what is here and needed, and lists what is not: where that is much finer than what stands in for it,
    /// something in between first (`steps`). Also what only stands in for it.
    fn requests(&self, state: &mut State, choice: &Choice, steps: bool) -> (Vec<Brick>, HashSet<Brick>) {
        let (mut out, mut asked, mut standing) = (Vec::new(), HashSet::new(), HashSet::new());
        for &leaf in &choice.leaves {
            let finer = |state: &State| steps && self.is_covered(state, choice, leaf);
            if leaf == self.tree.root() || state.slots.touch(leaf, state.now) || finer(state) {
                continue;
            }
            // what stands in for it must stay meanwhile
            let mut shown = leaf;
            while let Some(up) = self.tree.parent(shown) {
                shown = up;
                if state.slots.touch(up, state.now) {
                    standing.insert(up);
                    break;
                }
            }
            let mut wanted = Some(leaf);
            if steps && shown.level > leaf.level + 2 {
                wanted = self.tree.parent(leaf).and_then(|up| self.tree.parent(up));
            }
            while let Some(brick) = wanted.filter(|b| state.failed.contains_key(b)) {
                wanted = self.tree.parent(brick).filter(|up| up.level < shown.level);
            }
            // an ancestor is asked for by several
            if let Some(brick) = wanted
                && asked.insert(brick)
            {
                out.push(brick);
            }
        }
        for leaf in &choice.leaves {
            standing.remove(leaf);
        }
        (out, standing)
    }

    fn describe(&self, state: &State, choice: &Choice) -> Detail {
        let levels = self.shown_levels(&state.slots);
        let mut detail = Detail { visible: choice.visible.len(), coarsest: 1, ..Detail::default() };
        for &n in &choice.visible {
            detail.full += usize::from(levels[n] == 0);
            detail.coarsest = detail.coarsest.max(1 << levels[n]);
        }
        for &leaf in &choice.leaves {
            if state.failed.contains_key(&leaf) {
                detail.failed += 1;
                detail.failure = state.failed.get(&leaf).cloned();
            } else if !self.is_covered(state, choice, leaf) {
                detail.coming += 1;
            }
        }
        detail
    }

    /// Takes out what is finer than chosen, so that a picture depends on its view alone and not on those before it.
    fn drop_finer(&self, state: &mut State, choice: &Choice, grace: u64) -> bool {
        let leaves: HashSet<_> = choice.leaves.iter().copied().collect();
        let up = |brick: &Brick| self.tree.parent(*brick);
        let finer = |brick: Brick| std::iter::successors(up(&brick), up).any(|above| leaves.contains(&above));
        state.slots.drop_where(|brick, time| time + grace <= state.now && finer(brick))
    }

    /// Whether a brick is here, or everything finer in its place. What is finer is not held for that.
    fn is_covered(&self, state: &State, choice: &Choice, brick: Brick) -> bool {
        if state.slots.slot_of(brick).is_some() {
            return true;
        }
        let mut finer = self.tree.children(brick).filter(|&c| choice.shows(&self.tree, c)).peekable();
        finer.peek().is_some() && finer.all(|c| self.is_covered(state, choice, c))
    }

    /// The finest level that is here by brick of level 0.
    fn shown_levels(&self, slots: &Slots) -> Vec<u8> {
        self.page_entries(slots).into_iter().map(|entry| (entry >> 24) as u8).collect()
    }

    fn page_entries(&self, slots: &Slots) -> Vec<u32> {
        let [pi, pj, pk] = self.tree.size(0);
        let mut entries = vec![0_u32; pi * pj * pk];
        let mut here: Vec<_> = slots.here().collect();
        // finer ones come later and lie over coarser ones
        here.sort_by_key(|&(brick, _)| std::cmp::Reverse(brick.level));
        for (brick, slot) in here {
            let [si, sj, _] = self.slots;
            let at = [slot % si, slot / si % sj, slot / si / sj].map(|n| n as u32);
            let entry = u32::from(brick.level) << 24 | at[2] << 16 | at[1] << 8 | at[0];
            let low = brick.at.map(|p| usize::from(p) << brick.level);
            let high = |a: usize, n: usize| (low[a] + (1 << brick.level)).min(n);
            for k in low[2]..high(2, pk) {
                for j in low[1]..high(1, pj) {
                    entries[(k * pj + j) * pi..][low[0]..high(0, pi)].fill(entry);
                }
            }
        }
        entries
    }

    fn write_pages(&self, gpu: &Gpu, slots: &Slots) {
        let entries = self.page_entries(slots);
        write(gpu, &self.pages, [0; 3], self.tree.size(0), bytemuck::cast_slice(&entries), 4);
    }

    fn load(&self, gpu: &Gpu, slot: usize, brick: Brick) -> Loaded {
        let mut size = self.source.grid().size();
        for _ in 0..brick.level {
            size = halved_size(size);
        }
        let low = brick.at.map(|p| usize::from(p) * BRICK);
        let first = low.map(|p| p.saturating_sub(1));
        let count = std::array::from_fn(|a| (low[a] + BRICK + 1).min(size[a]) - first[a]);
        match self.source.read(Region { level: brick.level, first, size: count }) {
            Supply::Here(voxels) if voxels.len() == count.iter().product::<usize>() => {
                // a brick at the beginning has no voxel before its first
                let before = std::array::from_fn(|a| usize::from(low[a] == 0));
                self.fill(gpu, slot, &voxels, before, count);
                Loaded::Here
            }
            Supply::Here(voxels) => Loaded::Failed(Words::new(
                format!("the source gave {} voxels where {count:?} were asked for", voxels.len()),
                format!("来源给出 {} 个体素，而请求的是 {count:?}", voxels.len()),
            )),
            Supply::Coming => Loaded::Coming,
            Supply::Failed(why) => Loaded::Failed(why),
        }
    }

    /// Writes a slot; what lies beyond the voxels repeats the nearest.
    fn fill(&self, gpu: &Gpu, slot: usize, voxels: &Voxels, before: [usize; 3], size: [usize; 3]) {
        let bytes: Vec<u8> = match (voxels, self.kind) {
            (Voxels::I16(v), TexelKind::Unorm16) => {
                let texels = spread(v, before, size, |x| (x as u16) ^ 0x8000);
                bytemuck::pod_collect_to_vec(&texels)
            }
            (Voxels::F32(v), TexelKind::Unorm16) => {
                let texels = spread(v, before, size, |x| (x as i16 as u16) ^ 0x8000);
                bytemuck::pod_collect_to_vec(&texels)
            }
            (Voxels::I16(v), TexelKind::Float32) => {
                bytemuck::pod_collect_to_vec(&spread(v, before, size, f32::from))
            }
            (Voxels::F32(v), TexelKind::Float32) => {
                let finite = |x: f32| if x.is_finite() { x } else { self.least };
                bytemuck::pod_collect_to_vec(&spread(v, before, size, finite))
            }
        };
        let [si, sj, _] = self.slots;
        let at = [slot % si, slot / si % sj, slot / si / sj].map(|n| n * SLOT);
        write(gpu, &self.bricks, at, [SLOT; 3], &bytes, self.kind.bytes() as usize);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Loaded {
    Here,
    Coming,
    Failed(Words),
}

/// The voxels of a slot: each axis begins with the first voxel repeated `before` times, and ends with the last.
fn spread<T: Copy, U>(voxels: &[T], before: [usize; 3], size: [usize; 3], texel: impl Fn(T) -> U) -> Vec<U> {
    let along = |a: usize, p: usize| p.saturating_sub(before[a]).min(size[a] - 1);
    let mut out = Vec::with_capacity(SLOT * SLOT * SLOT);
    for k in 0..SLOT {
        for j in 0..SLOT {
            let row = &voxels[(along(2, k) * size[1] + along(1, j)) * size[0]..][..size[0]];
            out.extend((0..SLOT).map(|i| texel(row[along(0, i)])));
        }
    }
    out
}

/// Slots along each axis, near a cube, within a budget; no more than the volume has bricks.
fn slots_within(tree: &Tree, kind: TexelKind, budget_bytes: u64, limit: usize) -> Option<[usize; 3]> {
    let each = (SLOT * SLOT * SLOT) as u64 * kind.bytes();
    let left = budget_bytes.saturating_sub(page_bytes(tree)) / each;
    let room = usize::try_from(left).unwrap_or(usize::MAX).min(tree.count());
    let pages = page_bytes(tree) / 4;
    if room < FEWEST.min(tree.count()) || pages > MOST_PAGES || tree.size(0).iter().any(|&n| n > limit) {
        return None;
    }
    // a page entry has 8 bits for each axis
    Some(near_cube(room, (limit / SLOT).min(255)))
}

/// The most that fits into a box of no more than `room` places, each edge at most `longest`.
fn near_cube(room: usize, longest: usize) -> [usize; 3] {
    let mut best = [1; 3];
    for a in 1..=longest {
        for b in a..=longest {
            let c = (room / (a * b)).min(longest);
            if c < b {
                break;
            }
            if a * b * c > best.iter().product() {
                best = [a, b, c];
            }
        }
    }
    best
}

fn page_bytes(tree: &Tree) -> u64 {
    tree.size(0).iter().map(|&n| n as u64).product::<u64>() * 4
}

/// The largest share of a budget, halved again and again, for which the device has the memory, and what was made of
/// it; `None` where `make` has no use for what is left.
pub(crate) fn share_that_fits<T>(
    budget: u64,
    mut make: impl FnMut(u64) -> Result<Option<T>, DeviceError>,
) -> Result<(u64, Option<T>), DeviceError> {
    let mut share = budget;
    loop {
        match make(share) {
            Err(DeviceError::OutOfMemory) if share > 0 => share /= 2,
            made => return Ok((share, made?)),
        }
    }
}

/// A 3D texture to be read by shaders and written from memory.
pub(crate) fn texture(
    gpu: &Gpu,
    label: &str,
    size: [usize; 3],
    format: wgpu::TextureFormat,
) -> wgpu::Texture {
    let [width, height, depth] = size.map(|n| n as u32);
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: depth },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Writes a box of a 3D texture.
pub(crate) fn write(
    gpu: &Gpu,
    texture: &wgpu::Texture,
    at: [usize; 3],
    size: [usize; 3],
    bytes: &[u8],
    each: usize,
) {
    let [x, y, z] = at.map(|p| p as u32);
    let [width, height, depth] = size.map(|n| n as u32);
    gpu.queue.write_texture(
        wgpu::TexelCopyTextureInfo { origin: wgpu::Origin3d { x, y, z }, ..texture.as_image_copy() },
        bytes,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some((size[0] * each) as u32),
            rows_per_image: Some(height),
        },
        wgpu::Extent3d { width, height, depth_or_array_layers: depth },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_with_less_memory_gets_half_the_budget_until_it_fits() {
        let make = |share: u64| {
            if share > 300 { Err(DeviceError::OutOfMemory) } else { Ok((share > 100).then_some("made")) }
        };
        assert_eq!(share_that_fits(1000, make).unwrap(), (250, Some("made")));
        assert_eq!(share_that_fits(90, make).unwrap(), (90, None));
        let full = share_that_fits(1000, |_| Err::<Option<()>, _>(DeviceError::OutOfMemory));
        assert!(matches!(full, Err(DeviceError::OutOfMemory)));
    }

    #[test]
    fn slots_fill_a_budget_and_never_pass_it() {
        let tree = Tree::of([1024, 1024, 1024]);
        assert_eq!((tree.count(), tree.size(0), tree.root().level), (37_449, [32; 3], 5));
        for budget in [1 << 20, 100 << 20, 512 << 20, u64::MAX] {
            let slots = slots_within(&tree, TexelKind::Unorm16, budget, 2048).unwrap();
            let count = slots.iter().product::<usize>();
            let bytes = (count * SLOT * SLOT * SLOT * 2) as u64 + page_bytes(&tree);
            assert!(bytes <= budget && count <= tree.count(), "{slots:?}");
            let room = (budget - page_bytes(&tree)) / (SLOT * SLOT * SLOT * 2) as u64;
            assert!(count as u64 * 100 >= room.min(37_449) * 95, "{slots:?} leave much of {room} unused");
        }
        assert!(slots_within(&tree, TexelKind::Unorm16, 500_000, 2048).is_none());
        assert!(slots_within(&Tree::of([1 << 20; 3]), TexelKind::Unorm16, u64::MAX, 2048).is_none());
    }
}
