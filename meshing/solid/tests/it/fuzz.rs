//! Seeded pairs of solids that are hard for booleans, and what must hold for them. Shared by the test and the example.

use meshing_solid::{SolidError, difference, intersection, resolve, union};
use meshing_space::{Point, Vector};
use meshing_surface::{Mesh, measure};

/// SplitMix64 (Steele et al. 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// A box between two corners.
pub(crate) fn cuboid(low: [f64; 3], high: [f64; 3]) -> Mesh {
    let corner = |n: usize| {
        Point::from_array(std::array::from_fn(|axis| if n >> axis & 1 == 1 { high[axis] } else { low[axis] }))
    };
    let quads = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    let triangles = quads.iter().flat_map(|&[a, b, c, d]: &[u32; 4]| [[a, b, c], [a, c, d]]).collect();
    Mesh { positions: (0..8).map(corner).collect(), triangles }
}

/// A ball of 20·4ⁿ triangles, each vertex moved along its ray to `radius(n)`.
pub(crate) fn ball(subdivisions: u32, centre: [f64; 3], mut radius: impl FnMut(usize) -> f64) -> Mesh {
    let g = f64::midpoint(1.0, 5.0_f64.sqrt());
    let mut points: Vec<Vector<meshing_space::Lps>> = Vec::new();
    for (a, b) in [(1.0, g), (-1.0, g), (1.0, -g), (-1.0, -g)] {
        points.extend([Vector::new(0.0, a, b), Vector::new(a, b, 0.0), Vector::new(b, 0.0, a)]);
    }
    // The faces are the triples at the shortest distance of each other.
    let near = |a: usize, b: usize| (points[a] - points[b]).length() < 2.1;
    let mut triangles: Vec<[u32; 3]> = Vec::new();
    for a in 0..12 {
        for b in a + 1..12 {
            for c in b + 1..12 {
                if near(a, b) && near(b, c) && near(c, a) {
                    let out = (points[b] - points[a]).cross(points[c] - points[a]).dot(points[a]) > 0.0;
                    let face = if out { [a, b, c] } else { [a, c, b] };
                    triangles.push(face.map(|v| v as u32));
                }
            }
        }
    }
    for _ in 0..subdivisions {
        let mut middle = std::collections::HashMap::new();
        let mut halves = |a: u32, b: u32| {
            *middle.entry((a.min(b), a.max(b))).or_insert_with(|| {
                points.push((points[a as usize] + points[b as usize]) / 2.0);
                points.len() as u32 - 1
            })
        };
        triangles = triangles
            .iter()
            .flat_map(|&[a, b, c]| {
                let [d, e, f] = [halves(a, b), halves(b, c), halves(c, a)];
                [[a, d, f], [d, b, e], [f, e, c], [d, e, f]]
            })
            .collect();
    }
    let place = |(n, p): (usize, Vector<_>)| {
        Point::from_array(centre) + p.normalized().unwrap_or_default() * radius(n)
    };
    Mesh { positions: points.into_iter().enumerate().map(place).collect(), triangles }
}

/// Two meshes as one.
pub(crate) fn joined(a: &Mesh, b: &Mesh) -> Mesh {
    let first = a.positions.len() as u32;
    let mut both = a.clone();
    both.positions.extend(&b.positions);
    both.triangles.extend(b.triangles.iter().map(|t| t.map(|v| v + first)));
    both
}

fn turned_over(mut mesh: Mesh) -> Mesh {
    for triangle in &mut mesh.triangles {
        triangle.swap(1, 2);
    }
    mesh
}

fn moved(mut mesh: Mesh, by: Vector<meshing_space::Lps>) -> Mesh {
    for p in &mut mesh.positions {
        *p += by;
    }
    mesh
}

fn rotated(mut mesh: Mesh, random: &mut Random) -> Mesh {
    let axis = Vector::new(random.within(-1.0, 1.0), random.within(-1.0, 1.0), random.within(-1.0, 1.0));
    let turn = meshing_space::Transform::<meshing_space::Lps, meshing_space::Lps>::rotation(
        axis,
        random.within(0.0, 3.0),
    );
    if let Some(turn) = turn {
        for p in &mut mesh.positions {
            *p = turn * *p;
        }
    }
    mesh
}

/// A solid, and whether it may cross itself.
fn solid(random: &mut Random) -> (Mesh, bool) {
    let step = |random: &mut Random| random.below(5) as f64;
    let on_grid = |random: &mut Random| {
        let low = [step(random), step(random), step(random)];
        cuboid(low, low.map(|x| x + 1.0 + step(random) / 2.0))
    };
    match random.below(12) {
        0..3 => (on_grid(random), false),
        3 => (rotated(on_grid(random), random), false),
        4 => {
            // A sliver: as thin as a ten-millionth of its length.
            let thin = 10.0_f64.powf(random.within(-6.0, -1.0));
            let low = [step(random), step(random), step(random)];
            (cuboid(low, [low[0] + 3.0, low[1] + 2.0, low[2] + thin]), false)
        }
        5 | 6 => (ball(1, [2.0, 2.0, 2.0 + step(random) / 2.0], |_| 1.5), false),
        7 | 8 => {
            let radii: Vec<f64> = (0..42).map(|_| random.within(0.5, 2.0)).collect();
            (ball(1, [step(random), 2.0, 2.0], |n| radii[n]), false)
        }
        9 => (joined(&on_grid(random), &on_grid(random)), true),
        10 => {
            let mut mesh = ball(1, [2.0; 3], |_| 1.5);
            for p in &mut mesh.positions {
                let shake = [random.within(-0.5, 0.5), random.within(-0.5, 0.5), random.within(-0.5, 0.5)];
                *p += Vector::from_array(shake);
            }
            (mesh, true)
        }
        _ => {
            let mut mesh = on_grid(random);
            mesh.positions[random.below(8) as usize] = Point::new(step(random), step(random), step(random));
            (mesh, true)
        }
    }
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Valid inputs, all results closed, all volumes right.
    Right,
    /// Inputs that cross themselves, resolved; all results closed, all volumes right.
    Resolved,
    /// Invalid inputs, refused.
    Refused,
}

/// Two solids, and whether each may cross itself.
fn drawn(random: &mut Random) -> (Mesh, bool, Mesh, bool) {
    let (a, a_crosses) = solid(random);
    let (b, b_crosses) = match random.below(8) {
        0 => (a.clone(), a_crosses),
        1 => (
            moved(a.clone(), Vector::new(random.below(3) as f64 / 2.0, 0.0, random.below(2) as f64)),
            a_crosses,
        ),
        2 => {
            let tiny = 10.0_f64.powf(random.within(-12.0, -3.0));
            (moved(a.clone(), Vector::new(tiny, -tiny, tiny / 3.0)), a_crosses)
        }
        _ => solid(random),
    };
    (a, a_crosses, b, b_crosses)
}

/// Makes pair `seed`, does all three operations and checks them; `Err` says what went wrong.
pub(crate) fn pair(seed: u64) -> Result<Outcome, String> {
    let random = &mut Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
    let (a, a_crosses, b, b_crosses) = drawn(random);
    if random.below(20) == 0 {
        return refusals(&a, &b, random);
    }
    let crosses = a_crosses || b_crosses;
    let volume = |mesh: &Mesh| measure(mesh).volume_mm3;
    let said = |error: SolidError| error.to_string();
    let made = (|| {
        let of = |mesh: &Mesh, crosses: bool| {
            if crosses { resolve(mesh).map(|m| volume(&m)) } else { Ok(volume(mesh)) }
        };
        let (va, vb) = (of(&a, a_crosses)?, of(&b, b_crosses)?);
        let (both, common, rest) = (union(&a, &b)?, intersection(&a, &b)?, difference(&a, &b)?);
        Ok((va, vb, both, common, rest))
    })();
    let (va, vb, both, common, rest) = match made {
        Ok(made) => made,
        Err(SolidError::InsideOut { .. }) if crosses => return Ok(Outcome::Refused),
        Err(error) => return Err(said(error)),
    };
    for (name, mesh) in [("union", &both), ("intersection", &common), ("difference", &rest)] {
        let m = measure(mesh);
        let whole = m.closed && m.manifold;
        if !mesh.triangles.is_empty() && !whole {
            return Err(format!("{name} is not closed: {:?}", mesh.check()));
        }
    }
    // Where a sliver encloses next to nothing, what counts is how far its surface may have moved: less than a float tells.
    let tolerance = (1e-6 * (va + vb)).max(1e-7 * (measure(&a).area_mm2 + measure(&b).area_mm2));
    let off = (va + vb - volume(&both) - volume(&common)).abs();
    let off_rest = (va - volume(&common) - volume(&rest)).abs();
    if off > tolerance || off_rest > tolerance {
        return Err(format!("volumes differ by {off:e} and {off_rest:e} of {va} and {vb}"));
    }
    Ok(if crosses { Outcome::Resolved } else { Outcome::Right })
}

/// Spoils one of the two; each operation must refuse, in words that say why.
fn refusals(a: &Mesh, b: &Mesh, random: &mut Random) -> Result<Outcome, String> {
    let spoilt = match random.below(4) {
        0 => turned_over(a.clone()),
        1 => {
            let mut open = a.clone();
            open.triangles.pop();
            open
        }
        2 => {
            let mut nan = a.clone();
            nan.positions[0] = Point::new(f64::NAN, 0.0, 0.0);
            nan
        }
        _ => Mesh::default(),
    };
    for result in [union(&spoilt, b), difference(b, &spoilt), intersection(&spoilt, b)] {
        match result {
            Err(SolidError::InsideOut { .. } | SolidError::NotClosed { .. } | SolidError::Empty { .. }) => {}
            // What crosses itself may enclose less than nothing, and so more when turned over.
            Ok(_) if measure(&spoilt).volume_mm3 > 0.0 => {}
            other => {
                return Err(format!(
                    "a spoilt input was not refused: {:?}",
                    other.map(|m| m.triangles.len())
                ));
            }
        }
    }
    Ok(Outcome::Refused)
}
