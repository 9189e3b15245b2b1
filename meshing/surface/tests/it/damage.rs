//! Seeded damage to sound meshes.

use meshing_space::{Point, Vector};
use meshing_surface::{Mesh, isosurface};

use crate::volume_of;

/// A small generator of numbers (Steele, Lea & Flood 2014).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn number(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Sound bodies of some hundred to some thousand triangles: a ball, a ring, a hollow ball, a block with a bore, twins.
pub(crate) fn bodies() -> Vec<Mesh> {
    let length = |p: [f64; 3]| p.iter().map(|x| x * x).sum::<f64>().sqrt();
    let shapes: [&dyn Fn([f64; 3]) -> f64; 5] = [
        &|p| 7.0 - length(p),
        &|p| 2.6 - (p[0].hypot(p[1]) - 6.0).hypot(p[2]),
        &|p| (7.4 - length(p)).min(length(p) - 4.1),
        &|p| {
            let block = (6.1 - p[0].abs()).min(5.3 - p[1].abs()).min(4.4 - p[2].abs());
            block.min(p[0].hypot(p[1]) - 2.2)
        },
        &|p| (3.4 - length([p[0] - 4.3, p[1], p[2]])).max(3.1 - length([p[0] + 4.2, p[1] - 0.4, p[2]])),
    ];
    shapes.iter().map(|shape| isosurface(&volume_of([16, 16, 16], [1.2, 1.2, 1.2], shape), 0.0)).collect()
}

/// Kinds of damage.
pub(crate) const KINDS: [&str; 9] = [
    "removed triangles",
    "flipped windings",
    "split vertices",
    "duplicated triangles",
    "slivers",
    "T-junctions",
    "fins",
    "folds",
    "shuffled soup",
];

/// Does damage of one kind in a few places.
pub(crate) fn hurt(mesh: &mut Mesh, kind: usize, dice: &mut Dice) {
    let places = 1 + dice.below(6);
    match kind {
        0 => {
            for _ in 0..places {
                // A triangle, and sometimes all around one of its corners, where that is no edge of the body.
                let t = dice.below(mesh.triangles.len());
                let v = mesh.triangles[t][0];
                mesh.triangles.swap_remove(t);
                if dice.below(2) == 0 && is_level(mesh, v) {
                    mesh.triangles.retain(|t| !t.contains(&v));
                }
            }
        }
        1 => {
            for _ in 0..places * 4 {
                let t = dice.below(mesh.triangles.len());
                mesh.triangles[t].swap(1, 2);
            }
        }
        2 => {
            for _ in 0..places * 3 {
                let (t, n) = (dice.below(mesh.triangles.len()), dice.below(3));
                let mut at = mesh.positions[mesh.triangles[t][n] as usize];
                at += jitter(dice, 5e-4);
                mesh.triangles[t][n] = mesh.positions.len() as u32;
                mesh.positions.push(at);
            }
        }
        3 => {
            for _ in 0..places {
                let [a, b, c] = mesh.triangles[dice.below(mesh.triangles.len())];
                mesh.triangles.push(if dice.below(2) == 0 { [b, c, a] } else { [a, c, b] });
            }
        }
        4 => {
            for _ in 0..places {
                // A vertex hardly off an edge makes one needle of three.
                let t = dice.below(mesh.triangles.len());
                let [a, b, c] = mesh.triangles[t];
                let [p, q, r] = mesh.corners(t);
                let at = p.lerp(q, dice.number(0.2, 0.8)).lerp(r, 0.01);
                let v = mesh.positions.len() as u32;
                mesh.positions.push(at);
                mesh.triangles[t] = [a, b, v];
                mesh.triangles.extend([[b, c, v], [c, a, v]]);
            }
        }
        5 => {
            for _ in 0..places {
                let t = dice.below(mesh.triangles.len());
                let [a, b, c] = mesh.triangles[t];
                let at = mesh.positions[a as usize].lerp(mesh.positions[b as usize], dice.number(0.2, 0.8));
                let v = mesh.positions.len() as u32;
                mesh.positions.push(at);
                mesh.triangles[t] = [a, v, c];
                mesh.triangles.push([v, b, c]);
            }
        }
        6 => {
            for _ in 0..places {
                let [a, b, _] = mesh.triangles[dice.below(mesh.triangles.len())];
                let at = mesh.positions[a as usize] + jitter(dice, 2.0);
                let v = mesh.positions.len() as u32;
                mesh.positions.push(at);
                mesh.triangles.push([a, b, v]);
                if dice.below(2) == 0 {
                    let far = at + jitter(dice, 1.0);
                    mesh.positions.push(far);
                    mesh.triangles.push([b, v + 1, v]);
                }
            }
        }
        7 => {
            for _ in 0..places.min(3) {
                // A vertex slides past one of its neighbours.
                let [a, b, _] = mesh.triangles[dice.below(mesh.triangles.len())];
                if !is_level(mesh, a) || !is_level(mesh, b) {
                    continue;
                }
                let (from, to) = (mesh.positions[a as usize], mesh.positions[b as usize]);
                mesh.positions[a as usize] = from.lerp(to, dice.number(1.05, 1.3));
            }
        }
        _ => {
            let corners: Vec<_> = (0..mesh.triangles.len()).map(|t| mesh.corners(t)).collect();
            let mut order: Vec<usize> = (0..corners.len()).collect();
            for n in (1..order.len()).rev() {
                order.swap(n, dice.below(n + 1));
            }
            mesh.positions = order.iter().flat_map(|&t| corners[t]).collect();
            mesh.triangles = (0..corners.len() as u32).map(|t| [3 * t, 3 * t + 1, 3 * t + 2]).collect();
        }
    }
}

fn jitter(dice: &mut Dice, by: f64) -> Vector<meshing_space::Lps> {
    Point::from_array([0; 3].map(|_| dice.number(-by, by))) - Point::origin()
}

/// True if a vertex lies near the middle of its neighbours: without it the surface is nearly the same.
fn is_level(mesh: &Mesh, v: u32) -> bool {
    let around: Vec<u32> = mesh.triangles.iter().filter(|t| t.contains(&v)).flatten().copied().collect();
    let sum = around
        .iter()
        .fold(Vector::zero(), |sum, &w| sum + (mesh.positions[w as usize] - mesh.positions[v as usize]));
    sum.length() < 0.08 * around.len() as f64
}
