// Exact slice: integer loads and a trilinear mix in f32. Twin: twin::mpr.
// A place is whole voxels plus a part of one; both come from f64 sums made outside, by column and by row,
// and are added here, so that no place far from voxel 0 loses digits.

struct Axis {
    whole: vec4<i32>,
    part: vec4<f32>,
}

@group(0) @binding(0) var<storage, read> columns: array<Axis>;
@group(0) @binding(1) var<storage, read> rows: array<Axis>;
@group(0) @binding(2) var voxels_i16: texture_3d<i32>;
@group(0) @binding(2) var voxels_f32: texture_3d<f32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}

// Rounding of the sums must not push the border voxels' centres outside.
const SLACK: f32 = 1e-5;

struct Place {
    base: vec3<i32>,
    part: vec3<f32>,
    inside: bool,
}

fn place(position: vec4<f32>, size: vec3<u32>) -> Place {
    let column = columns[u32(position.x)];
    let row = rows[u32(position.y)];
    let sum = column.part.xyz + row.part.xyz;
    let carry = floor(sum);
    var base = column.whole.xyz + row.whole.xyz + vec3<i32>(carry);
    var part = sum - carry;
    let last = vec3<i32>(size) - 1;
    let before = base < vec3<i32>(0);
    let near_first = (base == vec3<i32>(-1)) & (part >= vec3<f32>(1.0 - SLACK));
    let after = (base > last) | ((base == last) & (part > vec3<f32>(SLACK)));
    let inside = !any((before & !near_first) | after);
    part = select(part, vec3<f32>(0.0), near_first | (base >= last));
    base = clamp(base, vec3<i32>(0), last);
    return Place(base, part, inside);
}

fn mixed(c: array<f32, 8>, f: vec3<f32>) -> f32 {
    let low = mix(mix(c[0], c[1], f.x), mix(c[2], c[3], f.x), f.y);
    let high = mix(mix(c[4], c[5], f.x), mix(c[6], c[7], f.x), f.y);
    return mix(low, high, f.z);
}

@fragment
fn fragment_i16(@builtin(position) position: vec4<f32>) -> @location(0) vec2<f32> {
    let size = textureDimensions(voxels_i16);
    let p = place(position, size);
    if !p.inside {
        return vec2<f32>(0.0, 0.0);
    }
    var c: array<f32, 8>;
    for (var n = 0; n < 8; n++) {
        let at = min(p.base + vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u), vec3<i32>(size) - 1);
        c[n] = f32(textureLoad(voxels_i16, at, 0).r);
    }
    return vec2<f32>(mixed(c, p.part), 1.0);
}

@fragment
fn fragment_f32(@builtin(position) position: vec4<f32>) -> @location(0) vec2<f32> {
    let size = textureDimensions(voxels_f32);
    let p = place(position, size);
    if !p.inside {
        return vec2<f32>(0.0, 0.0);
    }
    var c: array<f32, 8>;
    for (var n = 0; n < 8; n++) {
        let at = min(p.base + vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u), vec3<i32>(size) - 1);
        c[n] = textureLoad(voxels_f32, at, 0).r;
    }
    return vec2<f32>(mixed(c, p.part), 1.0);
}
