#import shared/volume.wgsl
// What the marches of dvr.wgsl and iso.wgsl share: where there is nothing to see, and segments.

// per cell: 0 has something to see; n: nothing within n - 1 cells around
@group(1) @binding(4) var skip: texture_3d<u32>;

@group(1) @binding(5) var labels: texture_3d<u32>;
// by label; row 0: colour times tint, tint; row 1: colour times solid extinction, that extinction; row 2: opacity,
// which transfer function, its lowest value and table indices by value
@group(1) @binding(6) var segment_terms: texture_2d<f32>;

struct Segment {
    tint: vec4<f32>,
    solid: vec4<f32>,
    opacity: f32,
}

// A place among the eight labels around it.
struct Around {
    base: vec3<i32>,
    part: vec3<f32>,
}

struct Corner {
    label: i32,
    weight: f32,
}

fn around_of(tex: vec3<f32>) -> Around {
    let size = vec3<f32>(textureDimensions(labels));
    let at = clamp(tex * volume.size.xyz * volume.labels.xyz - 0.5, vec3<f32>(0.0), size - 1.0);
    return Around(vec3<i32>(floor(at)), fract(at));
}

fn corner_of(around: Around, n: i32) -> Corner {
    let corner = vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u);
    let last = vec3<i32>(textureDimensions(labels)) - 1;
    let label = textureLoad(labels, min(around.base + corner, last), 0).r;
    let w = select(1.0 - around.part, around.part, corner == vec3<i32>(1));
    return Corner(i32(label), w.x * w.y * w.z);
}

// The terms of the eight labels around a place, mixed, so that a cut has no steps.
fn segment_at(tex: vec3<f32>) -> Segment {
    let around = around_of(tex);
    var sum = Segment(vec4<f32>(0.0), vec4<f32>(0.0), 0.0);
    for (var n = 0; n < 8; n++) {
        let corner = corner_of(around, n);
        sum.tint += corner.weight * textureLoad(segment_terms, vec2<i32>(corner.label, 0), 0);
        sum.solid += corner.weight * textureLoad(segment_terms, vec2<i32>(corner.label, 1), 0);
        sum.opacity += corner.weight * textureLoad(segment_terms, vec2<i32>(corner.label, 2), 0).r;
    }
    return sum;
}

// A ray ends when it has this much opacity; what it has is then all there is.
const OPAQUE: f32 = 0.99;
