//! Segments that may overlap in as few label maps as that allows.

use meshing_volume::{Grid, LabelMap};

/// Label maps that fill up.
#[derive(Debug)]
pub(crate) struct Maps {
    grid: Grid,
    all: Vec<LabelMap>,
    /// Labels given out in each.
    used: Vec<u8>,
    limit: usize,
}

/// More bytes than allowed.
#[derive(Debug)]
pub(crate) struct Full;

impl Maps {
    /// None yet; at most `limit` bytes in all.
    pub(crate) fn new(grid: &Grid, limit: usize) -> Self {
        Self { grid: *grid, all: Vec::new(), used: Vec::new(), limit }
    }

    /// Adds a segment, whose voxels `each` calls out by their place in memory, to the first map where they are free.
    /// Gives the map and the label there.
    pub(crate) fn add(&mut self, each: impl Fn(&mut dyn FnMut(usize))) -> Result<(usize, u8), Full> {
        let mut map = 0;
        loop {
            if map == self.all.len() {
                let bytes = self.grid.len().checked_mul(map + 1);
                bytes.filter(|&n| n <= self.limit).ok_or(Full)?;
                self.all.push(LabelMap::empty(&self.grid));
                self.used.push(0);
            }
            let labels = self.all[map].labels_mut();
            let mut free = self.used[map] < u8::MAX;
            if free && self.used[map] > 0 {
                each(&mut |index| free &= labels[index] == 0);
            }
            if free {
                self.used[map] += 1;
                let label = self.used[map];
                each(&mut |index| labels[index] = label);
                return Ok((map, label));
            }
            map += 1;
        }
    }

    pub(crate) fn into_maps(self) -> Vec<LabelMap> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;

    use super::*;

    #[test]
    fn segments_share_a_map_until_they_meet() {
        let grid = Grid::axis_aligned([10, 1, 1], Point::origin(), [1.0; 3]).expect("grid");
        let mut maps = Maps::new(&grid, 20);
        let mut add = |from: usize, to: usize| maps.add(|take| (from..to).for_each(&mut *take));
        assert_eq!(add(0, 3).ok(), Some((0, 1)));
        assert_eq!(add(2, 5).ok(), Some((1, 1)));
        assert_eq!(add(3, 9).ok(), Some((0, 2)));
        assert!(add(0, 10).is_err(), "a third map would need 30 bytes");
        let maps = maps.into_maps();
        assert_eq!(maps[0].labels(), [1, 1, 1, 2, 2, 2, 2, 2, 2, 0]);
        assert_eq!(maps[1].labels(), [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
    }
}
