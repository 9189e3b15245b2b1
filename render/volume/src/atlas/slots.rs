//! Which brick lies in which slot of the atlas.

use std::collections::{HashMap, HashSet};

use super::choose::Brick;

/// What lies where, and when it was last needed.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Option<(Brick, u64)>>,
    at: HashMap<Brick, usize>,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self { slots: vec![None; count], at: HashMap::new() }
    }

    /// Puts a brick where another may have been. The time `u64::MAX` keeps it for good.
    pub(super) fn place(&mut self, slot: usize, brick: Brick, now: u64) {
        if let Some((old, _)) = self.slots[slot].replace((brick, now)) {
            self.at.remove(&old);
        }
        self.at.insert(brick, slot);
    }

    /// Whether the slot's brick is really there.
    pub(super) fn has_content(&self, slot: usize) -> bool {
        self.slots[slot].is_some_and(|(brick, _)| self.at.contains_key(&brick))
    }

    /// The slot stays taken, but its brick counts as not here.
    pub(super) fn forget_content(&mut self, slot: usize) {
        if let Some((brick, _)) = self.slots[slot] {
            self.at.remove(&brick);
        }
    }

    /// Frees the slots of bricks, given when they were needed last; whether there were any.
    pub(super) fn drop_where(&mut self, unwanted: impl Fn(Brick, u64) -> bool) -> bool {
        let before = self.at.len();
        for slot in &mut self.slots {
            if let Some((brick, time)) = *slot
                && time != u64::MAX
                && unwanted(brick, time)
            {
                self.at.remove(&brick);
                *slot = None;
            }
        }
        self.at.len() < before
    }

    pub(super) fn slot_of(&self, brick: Brick) -> Option<usize> {
        self.at.get(&brick).copied()
    }

    /// Marks a brick as needed now; whether it is here.
    pub(super) fn touch(&mut self, brick: Brick, now: u64) -> bool {
        let Some(&slot) = self.at.get(&brick) else { return false };
        if let Some((_, time)) = &mut self.slots[slot]
            && *time != u64::MAX
        {
            *time = now;
        }
        true
    }

    /// Every brick with its slot; the one that is kept for good even before it is here.
    pub(super) fn here(&self) -> impl Iterator<Item = (Brick, usize)> + '_ {
        self.slots.iter().enumerate().filter_map(|(n, slot)| Some(((*slot)?.0, n)))
    }

    /// Slots that may be filled, the best last: free ones, then those not needed for the longest time, then those that
    /// only stand in for what is still coming.
    pub(super) fn free_for(&self, now: u64, grace: u64, standing: &HashSet<Brick>) -> Vec<usize> {
        let rank = |slot: &Option<(Brick, u64)>| match *slot {
            None => Some((0, 0)),
            Some((_, u64::MAX)) => None,
            Some((_, time)) if time + grace <= now => Some((1, time)),
            Some((brick, _)) => standing.contains(&brick).then(|| (2, u64::from(brick.level))),
        };
        let mut free: Vec<_> =
            self.slots.iter().enumerate().filter_map(|(n, slot)| Some((rank(slot)?, n))).collect();
        free.sort_unstable_by(|a, b| b.cmp(a));
        free.into_iter().map(|(_, n)| n).collect()
    }
}
