#import shared/cover.wgsl
// Pictures at three rates laid together: full where the gaze rests, coarser around it. Twin: twin::fovea.

struct Fovea {
    rel_from_clip: mat4x4<f32>,
    // xyz: unit, where the eye looks
    gaze: vec4<f32>,
    // radians: the two radii, and how far outside each the pictures are mixed
    radii: vec4<f32>,
    // left, top, width, height of the view in the target
    part: vec4<f32>,
}

@group(0) @binding(0) var<uniform> fovea: Fovea;
@group(0) @binding(1) var full: texture_2d<f32>;
@group(0) @binding(2) var coarse: texture_2d<f32>;
@group(0) @binding(3) var coarser: texture_2d<f32>;

fn rel(ndc: vec3<f32>) -> vec3<f32> {
    let h = fovea.rel_from_clip * vec4<f32>(ndc, 1.0);
    return h.xyz / h.w;
}

fn sampled(picture: texture_2d<f32>, unit: vec2<f32>) -> vec4<f32> {
    let size = vec2<i32>(textureDimensions(picture));
    let at = clamp(unit * vec2<f32>(size) - 0.5, vec2<f32>(0.0), vec2<f32>(size - 1));
    let base = vec2<i32>(floor(at));
    let f = at - floor(at);
    let next = min(base + 1, size - 1);
    let top = mix(textureLoad(picture, base, 0), textureLoad(picture, vec2<i32>(next.x, base.y), 0), f.x);
    let low = mix(textureLoad(picture, vec2<i32>(base.x, next.y), 0), textureLoad(picture, next, 0), f.x);
    return mix(top, low, f.y);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let unit = (position.xy - fovea.part.xy) / fovea.part.zw;
    let ndc = vec2<f32>(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0);
    let ray = normalize(rel(vec3<f32>(ndc, 0.5)) - rel(vec3<f32>(ndc, 1.0)));
    let angle = atan2(length(cross(ray, fovea.gaze.xyz)), dot(ray, fovea.gaze.xyz));
    let out = clamp((vec2<f32>(angle) - fovea.radii.xy) / fovea.radii.z, vec2<f32>(0.0), vec2<f32>(1.0));
    if out.x <= 0.0 {
        // untouched: what the eye rests on is what a plain drawing shows
        return textureLoad(full, vec2<i32>(position.xy - fovea.part.xy), 0);
    }
    var colour = sampled(coarser, unit);
    if out.y < 1.0 {
        colour = mix(sampled(coarse, unit), colour, out.y);
    }
    if out.x < 1.0 {
        colour = mix(textureLoad(full, vec2<i32>(position.xy - fovea.part.xy), 0), colour, out.x);
    }
    return colour;
}
