//! A scan in time: phases of a heartbeat or a breath, of which only some are on the GPU.

use std::collections::BTreeMap;

use crate::{Look, VolumeItem, VolumeTexture};

/// The phases of a scan in time under one look, so that tissue keeps its colour through the cycle. They play in a
/// ring; those that come next are asked for in time, those passed longest ago give up their place.
#[derive(Clone, Debug)]
pub struct Phases {
    /// How every phase is to look.
    pub look: Look,
    starts_s: Vec<f64>,
    cycle_s: f64,
    room: usize,
    now: usize,
    there: BTreeMap<usize, VolumeTexture>,
}

impl Phases {
    /// Phases that start at the given times (s from the cycle's start, rising from 0) in a cycle of `cycle_s`, at most
    /// `room` of them on the GPU at once (at least 1). `None` without phases, or for times that are not such.
    pub fn new(look: Look, starts_s: Vec<f64>, cycle_s: f64, room: usize) -> Option<Self> {
        let rising = starts_s.windows(2).all(|w| w[1] > w[0]);
        let whole = starts_s.first() == Some(&0.0) && starts_s.last().is_some_and(|last| cycle_s > *last);
        let sound = rising && whole && cycle_s.is_finite() && room > 0;
        sound.then(|| Self { look, starts_s, cycle_s, room, now: 0, there: BTreeMap::new() })
    }

    /// How many phases there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.starts_s.len()
    }

    /// The phase that is shown.
    pub const fn now(&self) -> usize {
        self.now
    }

    /// Goes to the phase of a time since the start of play, which may be many cycles long. Stays for what is no time.
    pub fn play(&mut self, seconds: f64) {
        if seconds.is_finite() {
            let within = seconds.rem_euclid(self.cycle_s);
            self.now = self.starts_s.partition_point(|&start| start <= within).saturating_sub(1);
        }
    }

    /// Goes to a phase; beyond the last one it starts over.
    pub fn show(&mut self, phase: usize) {
        self.now = phase % self.len();
    }

    /// The phases to put on the GPU next, the most urgent first: the one shown and those that follow, as far as there
    /// is room, without those already there.
    pub fn wanted(&self) -> impl Iterator<Item = usize> + '_ {
        let ahead = self.room.min(self.len());
        (0..ahead).map(|n| (self.now + n) % self.len()).filter(|phase| !self.there.contains_key(phase))
    }

    /// Takes a phase that is on the GPU now; gives up those farthest ahead in play where there is no room. False for a
    /// phase that does not exist.
    pub fn insert(&mut self, phase: usize, texture: VolumeTexture) -> bool {
        if phase >= self.len() {
            return false;
        }
        self.there.insert(phase, texture);
        while self.there.len() > self.room {
            let until = |p: usize| (p + self.len() - self.now) % self.len();
            let Some(last) = self.there.keys().copied().max_by_key(|&p| until(p)) else { break };
            self.there.remove(&last);
        }
        true
    }

    /// What to draw: the phase shown, or `None` while it is not on the GPU. Nothing stands in for it: another phase
    /// would show tissue where it is not.
    pub fn item(&self) -> Option<VolumeItem> {
        self.there.get(&self.now).map(|texture| VolumeItem::new(texture.clone(), self.look.clone()))
    }
}
