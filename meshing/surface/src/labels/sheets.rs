//! Two planes of labels, and where neighbours differ.

use meshing_volume::LabelMap;

use crate::isosurface::{Plain, before, pack_row};

/// The vertices of a layer: see [`Sheets::count`].
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// The number of the first.
    pub(super) first: u32,
    pub(super) vertices: usize,
    /// For each row of cells the first vertex along i, j, k, counted from the first of the layer.
    pub(super) rows: Vec<[u32; 3]>,
}

/// A plane of labels with one voxel of background around it; bits tell where neighbours in it differ.
#[derive(Clone)]
struct Sheet {
    labels: Vec<u8>,
    along_i: Vec<u64>,
    along_j: Vec<u64>,
}

/// The planes below and above a layer of cells. Cell (c, r) lies between voxels c − 1 and c of the rows r − 1 and r.
pub(super) struct Sheets<'a> {
    mask: &'a LabelMap,
    size: [usize; 3],
    /// Words of a row.
    width: usize,
    lower: Sheet,
    upper: Sheet,
    along_k: Vec<u64>,
}

impl<'a> Sheets<'a> {
    pub(super) fn new(mask: &'a LabelMap) -> Self {
        let size @ [si, sj, _] = mask.grid().size();
        let width = si / 64 + 1;
        // One row more at the front, for the row of cells before the first row of voxels.
        let bits = vec![0; width * (sj + 2)];
        let sheet =
            Sheet { labels: vec![0; (si + 2) * (sj + 2)], along_i: bits.clone(), along_j: bits.clone() };
        Self { mask, size, width, lower: sheet.clone(), upper: sheet, along_k: bits }
    }

    /// Makes ready to advance to layer `l`.
    pub(super) fn begin(&mut self, l: usize) {
        if let Some(k) = l.checked_sub(1) {
            self.load(k);
        }
    }

    /// Goes to layer `l`, which follows the layer before or [`Sheets::begin`].
    pub(super) fn advance(&mut self, l: usize) {
        core::mem::swap(&mut self.lower, &mut self.upper);
        self.load(l);
        let (wide, width) = (self.size[0] + 2, self.width);
        for r in 0..=self.size[1] {
            let row = (r + 1) * wide + 1..(r + 2) * wide;
            let (a, b) = (&self.lower.labels[row.clone()], &self.upper.labels[row]);
            pack_differing(a, b, &mut self.along_k[(r + 1) * width..(r + 2) * width]);
        }
    }

    /// Loads plane `k` as the upper one.
    fn load(&mut self, k: usize) {
        let ([si, sj, sk], width) = (self.size, self.width);
        let wide = si + 2;
        let sheet = &mut self.upper;
        if k >= sk {
            sheet.labels.fill(0);
            sheet.along_i.fill(0);
            sheet.along_j.fill(0);
            return;
        }
        let plane = &self.mask.labels()[k * si * sj..(k + 1) * si * sj];
        for (row, out) in plane.chunks_exact(si).zip(sheet.labels[wide..].chunks_exact_mut(wide)) {
            out[1..=si].copy_from_slice(row);
        }
        for r in 0..=sj {
            let bits = (r + 1) * width..(r + 2) * width;
            let (before, here) = sheet.labels[r * wide..(r + 2) * wide].split_at(wide);
            pack_differing(&here[..=si], &here[1..], &mut sheet.along_i[bits.clone()]);
            pack_differing(&before[1..], &here[1..], &mut sheet.along_j[bits]);
        }
    }

    /// Counts the vertices of the layer: those on edges between its planes and within the upper one.
    #[inline(always)]
    pub(super) fn count(&self, mut layer: Layer) -> Layer {
        let mut next = 0;
        layer.rows = (0..=self.size[1])
            .map(|r| {
                let bits = (r + 1) * self.width..(r + 2) * self.width;
                let mut first = [0; 3];
                for (axis, bits) in [
                    &self.upper.along_i[bits.clone()],
                    &self.upper.along_j[bits.clone()],
                    &self.along_k[bits],
                ]
                .into_iter()
                .enumerate()
                {
                    first[axis] = next;
                    next += bits.iter().map(|word| word.count_ones()).sum::<u32>();
                }
                first
            })
            .collect();
        layer.vertices = next as usize;
        layer
    }

    /// The row of cells `r`; `None` where all labels are equal.
    pub(super) fn row(&self, r: usize) -> Option<Row<'_>> {
        let (width, wide) = (self.width, self.size[0] + 2);
        let bits = |all: &'_ [u64], r: usize| -> core::ops::Range<usize> {
            debug_assert!(all.len() >= (r + 1) * width, "a row of bits for each row of cells and one before");
            r * width..(r + 1) * width
        };
        let (lower, upper) = (&self.lower, &self.upper);
        let edges = [
            &lower.along_i[bits(&lower.along_i, r)],
            &lower.along_i[bits(&lower.along_i, r + 1)],
            &upper.along_i[bits(&upper.along_i, r)],
            &upper.along_i[bits(&upper.along_i, r + 1)],
            &lower.along_j[bits(&lower.along_j, r + 1)],
            &upper.along_j[bits(&upper.along_j, r + 1)],
            &self.along_k[bits(&self.along_k, r)],
            &self.along_k[bits(&self.along_k, r + 1)],
        ];
        let any = edges.iter().flat_map(|row| row.iter()).fold(0, |any, word| any | word);
        let labels = |sheet: &'_ Sheet, r: usize| -> core::ops::Range<usize> {
            debug_assert!(sheet.labels.len() >= (r + 1) * wide, "a row of labels");
            r * wide..(r + 1) * wide
        };
        (any != 0).then(|| Row {
            width,
            edges,
            labels: [
                &lower.labels[labels(lower, r)],
                &lower.labels[labels(lower, r + 1)],
                &upper.labels[labels(upper, r)],
                &upper.labels[labels(upper, r + 1)],
            ],
        })
    }
}

/// Packs where two rows differ; the rest of the words becomes 0.
fn pack_differing(a: &[u8], b: &[u8], words: &mut [u64]) {
    let mut differ = [0_u8; 64];
    for ((a, b), word) in a.chunks(64).zip(b.chunks(64)).zip(words.iter_mut()) {
        if a == b {
            *word = 0;
            continue;
        }
        differ.fill(0);
        for (flag, (a, b)) in differ.iter_mut().zip(a.iter().zip(b)) {
            *flag = a ^ b;
        }
        let mut packed = [0_u64; 2];
        pack_row(&differ, &mut packed, Plain, |d| d != 0);
        *word = packed[0];
    }
    words[a.len().div_ceil(64)..].fill(0);
}

/// A row of cells.
pub(super) struct Row<'a> {
    /// Words of a row of bits.
    pub(super) width: usize,
    /// The rows of edges of the cells, as the first eight edges of a cell are numbered. Those along i are at their cell, the
    /// others at the voxel, which is the right side of its cell.
    edges: [&'a [u64]; 8],
    labels: [&'a [u8]; 4],
}

impl Row<'_> {
    /// Edges that the row owns: along i, j, k.
    pub(super) const fn own(&self, w: usize) -> [u64; 3] {
        [self.edges[3][w], self.edges[5][w], self.edges[7][w]]
    }

    /// The first eight edges of the cells of word `w`.
    pub(super) fn edges(&self, w: usize) -> [u64; 8] {
        let mut edges = [0; 8];
        for (n, row) in self.edges.iter().enumerate() {
            let mut carry = if w == 0 { 0 } else { row[w - 1] >> 63 };
            edges[n] = if n < 4 { row[w] } else { before(row[w], &mut carry) };
        }
        edges
    }

    /// Cells of word `w` with more than one label.
    pub(super) fn mixed(&self, w: usize, edges: &[u64; 8]) -> u64 {
        let left = edges.iter().fold(0, |any, word| any | word);
        self.edges[4..].iter().fold(left, |any, row| any | row[w])
    }

    /// The labels at the corners of a cell.
    pub(super) const fn corners(&self, c: usize) -> [u8; 8] {
        let [p, q, r, s] = self.labels;
        [p[c], q[c], r[c], s[c], p[c + 1], q[c + 1], r[c + 1], s[c + 1]]
    }
}
