#import shared/cuts.wgsl
#import shared/one_eye.wgsl
// One eye, or both. "rel" is LPS millimetres relative to the eye, so that f32 suffices far from the LPS origin; where both
// are drawn at once it is relative to the point half way between them, and each has its small offset from there.

struct View {
    clip_from_rel: mat4x4<f32>,
    // relative to the eye itself, so that directions of rays keep all their digits
    eye_rel_from_clip: mat4x4<f32>,
    // left, top, width, height in pixels of the target
    viewport: vec4<f32>,
    // xyz: unit, towards the light
    light: vec4<f32>,
    // kept where dot(xyz, rel) + w >= 0
    clip: array<vec4<f32>, 6>,
    // x: how many of them
    counts: vec4<u32>,
    // no volumes on rays whose cosine to xyz is above w, since something finer is laid over them
    hole: vec4<f32>,
    // xyz: where the eye is, rel; 0 where one is drawn
    eye: vec4<f32>,
}

struct Ray {
    origin: vec3<f32>,
    direction: vec3<f32>,
}

fn eye_rel_from_ndc(ndc: vec3<f32>) -> vec3<f32> {
    let h = view.eye_rel_from_clip * vec4<f32>(ndc, 1.0);
    return h.xyz / h.w;
}

fn rel_from_ndc(ndc: vec3<f32>) -> vec3<f32> {
    return eye_rel_from_ndc(ndc) + view.eye.xyz;
}

fn ndc_of(pixel: vec2<f32>) -> vec2<f32> {
    let unit = (pixel - view.viewport.xy) / view.viewport.zw;
    return vec2<f32>(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0);
}

// The ray through a pixel, from the near plane on; reverse-Z: depth 1 is near.
fn pixel_ray(pixel: vec2<f32>) -> Ray {
    let ndc = ndc_of(pixel);
    let near = eye_rel_from_ndc(vec3<f32>(ndc, 1.0));
    let further = eye_rel_from_ndc(vec3<f32>(ndc, 0.5));
    return Ray(near + view.eye.xyz, normalize(further - near));
}

fn in_hole(ray: Ray) -> bool {
    return dot(ray.direction, view.hole.xyz) > view.hole.w;
}

fn kept(rel: vec3<f32>) -> bool {
    for (var i = 0u; i < view.counts.x; i++) {
        if dot(view.clip[i].xyz, rel) + view.clip[i].w < 0.0 {
            return false;
        }
    }
    return cuts.count.x == 0u || shape_height(rel) >= 0.0;
}

// The part of `interval` (distances along the ray) that the clip planes keep; empty when x >= y.
fn clip_interval(ray: Ray, interval: vec2<f32>) -> vec2<f32> {
    var out = interval;
    for (var i = 0u; i < view.counts.x; i++) {
        let slope = dot(view.clip[i].xyz, ray.direction);
        let height = dot(view.clip[i].xyz, ray.origin) + view.clip[i].w;
        if abs(slope) < 1e-9 {
            if height < 0.0 {
                out.y = out.x;
            }
        } else if slope > 0.0 {
            out.x = max(out.x, -height / slope);
        } else {
            out.y = min(out.y, -height / slope);
        }
    }
    return out;
}

// The corners of a triangle that covers the whole viewport.
fn covering_triangle(index: u32) -> vec4<f32> {
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}
