#import shared/volume.wgsl
// What the marches of dvr.wgsl and iso.wgsl share: where there is nothing to see, and segments.

// per cell: 0 has something to see; n: nothing within n - 1 cells around
@group(1) @binding(4) var skip: texture_3d<u32>;

@group(1) @binding(5) var labels: texture_3d<u32>;
// by label; row 0: colour times tint, tint; row 1: colour times solid extinction, that extinction; row 2: opacity
@group(1) @binding(6) var segment_terms: texture_2d<f32>;

struct Segment {
    tint: vec4<f32>,
    solid: vec4<f32>,
    opacity: f32,
}

// The terms of the eight labels around a place, mixed, so that a cut has no steps.
fn segment_at(tex: vec3<f32>) -> Segment {
    let size = vec3<i32>(textureDimensions(labels));
    let at = clamp(tex * volume.size.xyz * volume.labels.xyz - 0.5, vec3<f32>(0.0), vec3<f32>(size) - 1.0);
    let base = floor(at);
    let f = at - base;
    var sum = Segment(vec4<f32>(0.0), vec4<f32>(0.0), 0.0);
    for (var n = 0; n < 8; n++) {
        let corner = vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u);
        let label = textureLoad(labels, min(vec3<i32>(base) + corner, size - 1), 0).r;
        let w = select(1.0 - f, f, corner == vec3<i32>(1));
        let weight = w.x * w.y * w.z;
        sum.tint += weight * textureLoad(segment_terms, vec2<i32>(i32(label), 0), 0);
        sum.solid += weight * textureLoad(segment_terms, vec2<i32>(i32(label), 1), 0);
        sum.opacity += weight * textureLoad(segment_terms, vec2<i32>(i32(label), 2), 0).r;
    }
    return sum;
}

// A ray ends when it has this much opacity; what it has is then all there is.
const OPAQUE: f32 = 0.99;
