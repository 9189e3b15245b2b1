//! How much surface there is, counted from the inside flags alone, so that each part of the mesh knows its place in it.
//!
//! Cell (c, r, l) lies between the voxels c − 1 and c, the rows r − 1 and r, the planes l − 1 and l; one layer of
//! background surrounds the grid. Layer l owns the edges from plane l − 1 to l and those within plane l. Its vertices are
//! numbered row by row: for row r those on edges along i in row r, along j from row r − 1 to r, along k in row r.

use rayon::prelude::*;

use super::bits::{Bits, SetBits, before, set_bits};
use super::cells::Table;
use super::machine::{Machine as _, Plain};
use crate::wide::fast;

/// A row of cells (r, l): the first vertices along i, j and k within the layer, and which groups of words hold any.
pub(super) type Row = [u32; 4];

/// What a layer holds.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    /// Vertices on edges.
    pub(super) on_edges: usize,
    /// Vertices in the middle of cells, numbered after those on edges.
    pub(super) middles: usize,
    pub(super) triangles: usize,
}

/// The corners of all cells of one word of a row: bit n of word m is corner m of cell n.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) corners: [u64; 8],
    /// Cells with corners inside and outside.
    pub(super) mixed: u64,
}

impl Word {
    /// Cells that may have more or fewer triangles than one loop through all their crossed edges; among others all that
    /// have an ambiguous face, or two opposite corners that differ from all their neighbours.
    #[inline(always)]
    pub(super) const fn other(&self) -> u64 {
        let c = &self.corners;
        let (i0, i1, i2, i3) = (c[0] ^ c[4], c[1] ^ c[5], c[2] ^ c[6], c[3] ^ c[7]);
        let (j0, j1, j2, j3) = (c[0] ^ c[1], c[2] ^ c[3], c[4] ^ c[5], c[6] ^ c[7]);
        let (k0, k1, k2, k3) = (c[0] ^ c[2], c[1] ^ c[3], c[4] ^ c[6], c[5] ^ c[7]);
        // On an ambiguous face all four edges are crossed; three say so.
        let faces = (j2 & k3 & j3)
            | (k0 & j1 & k1)
            | (k1 & i3 & k3)
            | (i0 & k2 & i2)
            | (i2 & j3 & i3)
            | (j0 & i1 & j2);
        let corner = [
            i0 & j0 & k0,
            i1 & j0 & k1,
            i2 & j1 & k0,
            i3 & j1 & k1,
            i0 & j2 & k2,
            i1 & j2 & k3,
            i2 & j3 & k2,
            i3 & j3 & k3,
        ];
        faces
            | (corner[0] & corner[7])
            | (corner[1] & corner[6])
            | (corner[2] & corner[5])
            | (corner[3] & corner[4])
    }

    /// Edges along i in row r, along j from row r − 1 to r in plane l, along k from plane l − 1 to l in row r.
    #[inline(always)]
    pub(super) const fn own(&self) -> [u64; 3] {
        let c = &self.corners;
        [c[3] ^ c[7], c[6] ^ c[7], c[5] ^ c[7]]
    }
}

/// The four rows of flags around a row of cells.
#[derive(Clone, Copy)]
pub(super) struct Around<'a>([&'a [u64]; 4]);

impl<'a> Around<'a> {
    /// Words of a row.
    #[inline(always)]
    pub(super) const fn width(&self) -> usize {
        self.0[0].len()
    }

    #[inline(always)]
    pub(super) fn new(bits: &'a Bits, r: usize, l: usize) -> Self {
        let (j, k) = (r.wrapping_sub(1), l.wrapping_sub(1));
        Self([bits.row(j, k), bits.row(r, k), bits.row(j, l), bits.row(r, l)])
    }

    /// Word `w`; the bits that the word before hands on are looked up.
    #[inline(always)]
    pub(super) fn word(&self, w: usize) -> Word {
        let mut corners = [0; 8];
        let (mut any, mut all) = (0, u64::MAX);
        for m in 0..4 {
            let row = self.0[m];
            let word = row[w];
            let mut carry = if w == 0 { 0 } else { row[w - 1] >> 63 };
            corners[m + 4] = word;
            corners[m] = before(word, &mut carry);
            any |= corners[m] | corners[m + 4];
            all &= corners[m] & corners[m + 4];
        }
        Word { corners, mixed: any & !all }
    }
}

/// Words that share a bit of [`Row`]'s groups.
pub(super) const fn group(width: usize) -> usize {
    width.div_ceil(32)
}

/// The words of the groups that are set.
#[inline(always)]
pub(super) fn words_of(groups: u32, width: usize) -> Words {
    Words { groups: set_bits(groups.into()), now: 0..0, width, size: group(width) }
}

/// See [`words_of`].
pub(super) struct Words {
    groups: SetBits,
    now: core::ops::Range<usize>,
    width: usize,
    size: usize,
}

impl Iterator for Words {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.now.is_empty() {
            let start = self.groups.next()? * self.size;
            self.now = start..(start + self.size).min(self.width);
        }
        self.now.next()
    }
}

/// What the flags of a layer say, before the layer below is known.
#[derive(Clone, Copy, Default)]
struct Tally {
    /// Crossed edges along i, j, k that the layer owns.
    edges: [usize; 3],
    cells: usize,
    middles: usize,
    /// Triangles beside those of one loop in each cell.
    extra: isize,
}

/// Counts layer `l`; `rows` has one entry for each r. `choose` answers which ambiguous faces of cell (c, r) are joined.
#[inline(always)]
fn tally(
    bits: &Bits,
    table: &Table,
    l: usize,
    rows: &mut [Row],
    choose: impl Fn(usize, usize, u8) -> u8,
) -> Tally {
    let mut sum = Tally::default();
    let size = group(bits.width);
    for (r, row) in rows.iter_mut().enumerate() {
        let around = Around::new(bits, r, l);
        let (mut counts, mut groups) = ([0_u32; 3], 0_u32);
        for w in 0..bits.width {
            let word = around.word(w);
            if word.mixed == 0 {
                continue;
            }
            groups |= 1 << (w / size);
            let own = word.own();
            for axis in 0..3 {
                counts[axis] += own[axis].count_ones();
            }
            sum.cells += word.mixed.count_ones() as usize;
            for n in set_bits(word.other()) {
                let case = Plain.column(&word.corners, n);
                let held = if table.ambiguous(case) == 0 {
                    table.plain(case)
                } else {
                    table.chosen(case, choose(w * 64 + n, r, case))
                };
                sum.extra += isize::from(held.extra);
                sum.middles += usize::from(held.middles);
            }
        }
        if groups != 0 {
            let first = sum.edges.iter().sum::<usize>() as u32;
            *row = [first, first + counts[0], first + counts[0] + counts[1], groups];
            for axis in 0..3 {
                sum.edges[axis] += counts[axis] as usize;
            }
        }
    }
    sum
}

/// Counts all layers of a grid of `size` voxels. `choose(c, r, l, case)` answers which ambiguous faces of a cell are joined.
pub(super) fn count(
    bits: &Bits,
    table: &Table,
    size: [usize; 3],
    choose: impl Fn(usize, usize, usize, u8) -> u8 + Sync,
) -> (Vec<Row>, Vec<Layer>) {
    let [_, sj, sk] = size;
    let choose = &choose;
    let mut rows = vec![[0_u32; 4]; (sj + 1) * (sk + 1)];
    let tallies: Vec<Tally> = rows
        .par_chunks_exact_mut(sj + 1)
        .enumerate()
        .with_min_len(4)
        .map(|(l, rows)| {
            fast(
                #[inline(always)]
                move || {
                    let rows = rows;
                    tally(bits, table, l, rows, |c, r, case| choose(c, r, l, case))
                },
            )
        })
        .collect();
    let layer = |l: usize| {
        let here = tallies[l];
        let below = if l > 0 { tallies[l - 1] } else { Tally::default() };
        // A loop of n edges has n − 2 triangles. Each edge within a plane is on two cells above and two below it, each
        // edge between two planes on four cells.
        let in_planes = here.edges[0] + here.edges[1] + below.edges[0] + below.edges[1];
        let of_one_loop = (2 * in_planes + 4 * here.edges[2]) as isize - 2 * here.cells as isize;
        Layer {
            on_edges: here.edges.iter().sum(),
            middles: here.middles,
            triangles: (of_one_loop + here.extra) as usize,
        }
    };
    (rows, (0..tallies.len()).map(layer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_told_apart_are_all_that_do_not_hold_one_loop_of_their_edges() {
        let table = Table::shared(false);
        for case in 0..=255_u8 {
            let corners = core::array::from_fn(|m| u64::from(case >> m & 1) << 7);
            let word = Word { corners, mixed: 1 << 7 };
            assert_eq!(Plain.column(&word.corners, 7), case);
            let one_loop = table.ambiguous(case) == 0 && table.plain(case).extra == 0;
            assert!(one_loop || matches!(case, 0 | 255) || word.other() == 1 << 7, "case {case}");
            assert!(word.other() & !(1 << 7) == 0);
        }
    }
}
