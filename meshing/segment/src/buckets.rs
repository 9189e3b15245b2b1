//! A queue of voxels by whole levels: first the lowest level, and first in, first out within a level.

/// No node.
const NONE: u32 = u32::MAX;

/// A hierarchical queue (Meyer 1991). Nodes are reused, so that memory follows the front and not the volume.
///
/// A voxel that is pushed below the level being popped joins that level: what was reached over a pass of this height
/// cannot be flooded earlier.
#[derive(Debug)]
pub(crate) struct Buckets {
    /// First and last node of each level.
    ends: Vec<[u32; 2]>,
    /// The voxel of each node, and the node after it.
    nodes: Vec<[u32; 2]>,
    free: u32,
    level: usize,
}

impl Buckets {
    /// An empty queue for the levels 0 to `levels - 1`.
    pub(crate) fn new(levels: usize) -> Self {
        Self { ends: vec![[NONE; 2]; levels], nodes: Vec::new(), free: NONE, level: 0 }
    }

    /// Adds a voxel. The level must be one of the queue's.
    #[inline]
    pub(crate) fn push(&mut self, level: usize, voxel: u32) {
        let node = self.free;
        let node = if node == NONE {
            self.nodes.push([voxel, NONE]);
            (self.nodes.len() - 1) as u32
        } else {
            let place = &mut self.nodes[node as usize];
            self.free = place[1];
            *place = [voxel, NONE];
            node
        };
        let ends = &mut self.ends[level.max(self.level)];
        let last = ends[1];
        ends[1] = node;
        if last == NONE {
            ends[0] = node;
        } else {
            self.nodes[last as usize][1] = node;
        }
    }

    /// Takes the next voxel, with its level.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(usize, u32)> {
        while self.level < self.ends.len() {
            let ends = &mut self.ends[self.level];
            let node = ends[0];
            if node != NONE {
                let [voxel, next] = self.nodes[node as usize];
                ends[0] = next;
                if next == NONE {
                    ends[1] = NONE;
                }
                self.nodes[node as usize][1] = self.free;
                self.free = node;
                return Some((self.level, voxel));
            }
            self.level += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxels_come_by_level_and_then_by_age() {
        let mut queue = Buckets::new(4);
        for (level, voxel) in [(2, 10), (0, 11), (2, 12), (3, 13)] {
            queue.push(level, voxel);
        }
        assert_eq!(queue.pop(), Some((0, 11)));
        assert_eq!(queue.pop(), Some((2, 10)));
        queue.push(1, 14);
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [(2, 12), (2, 14), (3, 13)], "too late for level 1");
    }
}
