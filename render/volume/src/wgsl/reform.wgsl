#import shared/cover.wgsl
#import shared/rows.wgsl
#import shared/voxels.wgsl
// Exact multiplanar and curved reformation of slabs. Twin: twin::reform.

struct SlabUniform {
    samples: u32,
    // 0 maximum, 1 minimum, 2 mean
    mode: u32,
    // means are taken of (value - low) * scale, which runs over 65,536 steps or is the integer itself
    low: f32,
    scale: f32,
}

@group(0) @binding(0) var<storage, read> rows: array<Row>;
@group(0) @binding(1) var<uniform> slab: SlabUniform;

// Rounding of the sums must not push the border voxels' centres outside.
const SLACK: f32 = 1e-5;

struct Place {
    base: vec3<i32>,
    part: vec3<f32>,
    inside: bool,
}

fn place(row: Row, column: f32, sample: f32, counts: vec3<i32>) -> Place {
    let at = spot(row, column, sample);
    var base = at.base;
    var part = at.part;
    let last = counts - 1;
    let before = base < vec3<i32>(0);
    let near_first = (base == vec3<i32>(-1)) & (part >= vec3<f32>(1.0 - SLACK));
    let after = (base > last) | ((base == last) & (part > vec3<f32>(SLACK)));
    let inside = !any((before & !near_first) | after);
    part = select(part, vec3<f32>(0.0), near_first | (base >= last));
    base = clamp(base, vec3<i32>(0), last);
    return Place(base, part, inside);
}

fn trilinear(p: Place, last: vec3<i32>) -> f32 {
    let a = p.base;
    let b = min(a + 1, last);
    let f = p.part;
    let c00 = mix(voxel(a), voxel(vec3<i32>(b.x, a.y, a.z)), f.x);
    let c10 = mix(voxel(vec3<i32>(a.x, b.y, a.z)), voxel(vec3<i32>(b.x, b.y, a.z)), f.x);
    let c01 = mix(voxel(vec3<i32>(a.x, a.y, b.z)), voxel(vec3<i32>(b.x, a.y, b.z)), f.x);
    let c11 = mix(voxel(vec3<i32>(a.x, b.y, b.z)), voxel(b), f.x);
    return mix(mix(c00, c10, f.y), mix(c01, c11, f.y), f.z);
}

// Value, and the share of the samples that lie inside the volume; 0, 0 where none does.
@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec2<f32> {
    let counts = voxel_counts();
    let row = rows[u32(position.y)];
    let column = floor(position.x);
    var best = 0.0;
    var inside = 0u;
    // the sum of whole numbers in integers, of what is left of them in f32: thousands of samples lose nothing
    var whole = 0;
    var part = 0.0;
    var weights = 0;
    for (var s = 0u; s < slab.samples; s++) {
        let p = place(row, column, f32(s), counts);
        if !p.inside {
            continue;
        }
        let value = trilinear(p, counts - 1);
        if slab.mode == 2u {
            let end = s == 0u || s + 1u == slab.samples;
            let weight = select(2, 1, end);
            let scaled = (value - slab.low) * slab.scale;
            let below = floor(scaled);
            whole += weight * i32(below);
            part += f32(weight) * (scaled - below);
            weights += weight;
        } else if inside == 0u {
            best = value;
        } else if slab.mode == 0u {
            best = max(best, value);
        } else {
            best = min(best, value);
        }
        inside += 1u;
    }
    if inside == 0u || missing {
        return vec2<f32>(0.0, 0.0);
    }
    if slab.mode == 2u {
        let mean = f32(whole / weights) + (f32(whole % weights) + part) / f32(weights);
        best = slab.low + mean / slab.scale;
    }
    return vec2<f32>(best, f32(inside) / f32(slab.samples));
}
