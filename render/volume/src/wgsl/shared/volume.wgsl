#import shared/view.wgsl
// One volume. "tex" is its texture space: 0..1 from outer voxel face to outer voxel face.

struct VolumeUniform {
    tex_from_rel: mat4x4<f32>,
    // LPS gradient = lps_from_gradient * gradient per voxel step
    lps_from_gradient: mat4x4<f32>,
    // xyz: voxels; w: cell edge in voxels
    size: vec4<f32>,
    // value = texel * x + y; table index = (value - z) * w
    value: vec4<f32>,
    // grey = (value - x) * y; up to z nothing is seen
    window: vec4<f32>,
    // ambient, diffuse, specular, shininess
    material: vec4<f32>,
    // x: step mm; y, z: gradient magnitude per mm where shading begins and is full; w: last table index
    march: vec4<f32>,
    // xyz: labels along each axis of a voxel; w: 1 where there are segments
    labels: vec4<f32>,
    // x: what a projection keeps (0 the largest value, 1 the smallest, 2 the mean); y: iso-surfaces;
    // z: transfer functions; w: table indices of the opacity by gradient a unit per mm, 0 without one
    look: vec4<f32>,
    // xyz: blocks of the light grid along each axis of texture space; w: the edge of a block in mm
    blocks: vec4<f32>,
    // x: strength of occlusion; y: of the shadow
    dimming: vec4<f32>,
}

@group(1) @binding(0) var<uniform> volume: VolumeUniform;
@group(1) @binding(1) var voxels: texture_3d<f32>;
@group(1) @binding(2) var voxel_sampler: sampler;

// Set where the device cannot filter the format: eight loads and a trilinear mix in f32.
override MANUAL: bool = false;

fn texel(at: vec3<i32>) -> f32 {
    let last = vec3<i32>(volume.size.xyz) - 1;
    return textureLoad(voxels, clamp(at, vec3<i32>(0), last), 0).r;
}

fn manual_sample(tex: vec3<f32>) -> f32 {
    let ijk = clamp(tex * volume.size.xyz - 0.5, vec3<f32>(0.0), volume.size.xyz - 1.0);
    let base = floor(ijk);
    let f = ijk - base;
    let i = vec3<i32>(base);
    let c00 = mix(texel(i), texel(i + vec3<i32>(1, 0, 0)), f.x);
    let c10 = mix(texel(i + vec3<i32>(0, 1, 0)), texel(i + vec3<i32>(1, 1, 0)), f.x);
    let c01 = mix(texel(i + vec3<i32>(0, 0, 1)), texel(i + vec3<i32>(1, 0, 1)), f.x);
    let c11 = mix(texel(i + vec3<i32>(0, 1, 1)), texel(i + vec3<i32>(1, 1, 1)), f.x);
    return mix(mix(c00, c10, f.y), mix(c01, c11, f.y), f.z);
}

// The value (HU for CT) at a place of texture space; the border voxels extend outwards.
fn value_at(tex: vec3<f32>) -> f32 {
    var t: f32;
    if MANUAL {
        t = manual_sample(tex);
    } else {
        t = textureSampleLevel(voxels, voxel_sampler, tex, 0.0).r;
    }
    return t * volume.value.x + volume.value.y;
}

// Central differences over one voxel each way, as LPS vector in value per mm.
fn gradient_at(tex: vec3<f32>) -> vec3<f32> {
    let h = 1.0 / volume.size.xyz;
    let dx = vec3<f32>(h.x, 0.0, 0.0);
    let dy = vec3<f32>(0.0, h.y, 0.0);
    let dz = vec3<f32>(0.0, 0.0, h.z);
    let g = vec3<f32>(
        value_at(tex + dx) - value_at(tex - dx),
        value_at(tex + dy) - value_at(tex - dy),
        value_at(tex + dz) - value_at(tex - dz),
    );
    return (volume.lps_from_gradient * vec4<f32>(g * 0.5, 0.0)).xyz;
}

fn grey(value: f32) -> f32 {
    return clamp((value - volume.window.x) * volume.window.y, 0.0, 1.0);
}

// A ray in texture space, per mm of the ray.
struct Track {
    origin: vec3<f32>,
    per_mm: vec3<f32>,
}

fn track_of(ray: Ray) -> Track {
    let origin = (volume.tex_from_rel * vec4<f32>(ray.origin, 1.0)).xyz;
    let per_mm = (volume.tex_from_rel * vec4<f32>(ray.direction, 0.0)).xyz;
    return Track(origin, per_mm);
}

// A divisor that is never 0, so that no inf or nan arises.
fn away_from_zero(v: vec3<f32>) -> vec3<f32> {
    let tiny = vec3<f32>(1e-12);
    return select(select(tiny, -tiny, v < vec3<f32>(0.0)), v, abs(v) > tiny);
}

// Where the ray runs inside the volume, as distances; empty when x >= y.
fn volume_interval(track: Track) -> vec2<f32> {
    let d = away_from_zero(track.per_mm);
    let a = -track.origin / d;
    let b = (1.0 - track.origin) / d;
    let low = min(a, b);
    let high = max(a, b);
    return vec2<f32>(max(max(low.x, low.y), max(low.z, 0.0)), min(high.x, min(high.y, high.z)));
}

// Distance along the track from `tex` to the far side of the box of cells `reach` around the cell there.
fn distance_out_of_cells(track: Track, tex: vec3<f32>, cell: vec3<i32>, reach: i32) -> f32 {
    let edge = volume.size.w;
    let d = away_from_zero(track.per_mm * volume.size.xyz);
    let low = vec3<f32>(cell - reach) * edge;
    let high = vec3<f32>(cell + 1 + reach) * edge;
    let out = (select(low, high, d > vec3<f32>(0.0)) - tex * volume.size.xyz) / d;
    return max(min(out.x, min(out.y, out.z)), 0.0);
}

fn cell_of(tex: vec3<f32>, cells: vec3<u32>) -> vec3<i32> {
    let c = vec3<i32>(floor(tex * volume.size.xyz / volume.size.w));
    return clamp(c, vec3<i32>(0), vec3<i32>(cells) - 1);
}

@group(2) @binding(0) var scene_depth: texture_depth_2d;

// How far the ray runs before it meets what was drawn before: reverse-Z, 0 is nothing.
fn distance_to_scene(pixel: vec2<f32>, ray: Ray) -> f32 {
    let depth = textureLoad(scene_depth, vec2<i32>(pixel), 0);
    if depth <= 0.0 {
        return 1e30;
    }
    return dot(rel_from_ndc(vec3<f32>(ndc_of(pixel), depth)) - ray.origin, ray.direction);
}
