#import shared/cover.wgsl
// How far each pixel's thing has moved in the picture since an earlier view of the same scene, from its distance.
// Twin: twin::motion.

struct Motion {
    // of the later view, relative to its eye
    eye_rel_from_clip: mat4x4<f32>,
    // of the earlier view, from what is relative to the later eye
    before_clip_from_rel: mat4x4<f32>,
    // xy: pixels across and down of both pictures; z: 0 takes everything for endlessly far away, 1 goes by the
    // first hit, 2 by the mean
    size: vec4<f32>,
}

@group(0) @binding(0) var<uniform> motion: Motion;
// mm to the first hit, mean mm, opacity
@group(0) @binding(1) var depths: texture_2d<f32>;

// Also in shared/depths.wgsl.
const NOTHING_MM: f32 = 1e30;

fn eye_rel(ndc: vec3<f32>) -> vec3<f32> {
    let h = motion.eye_rel_from_clip * vec4<f32>(ndc, 1.0);
    return h.xyz / h.w;
}

// xy: pixels to the right and down from here to where the thing was; z: 1 where that is known
@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let unit = position.xy / motion.size.xy;
    let ndc = vec2<f32>(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0);
    let near = eye_rel(vec3<f32>(ndc, 1.0));
    let direction = normalize(eye_rel(vec3<f32>(ndc, 0.5)) - near);
    let shown = textureLoad(depths, vec2<i32>(position.xy), 0);
    let mm = select(shown.y, shown.x, motion.size.z < 1.5);
    // what is nowhere is endlessly far away: only its direction counts
    var place = vec4<f32>(direction, 0.0);
    if mm < NOTHING_MM && motion.size.z > 0.5 {
        place = vec4<f32>(near + direction * mm, 1.0);
    }
    let before = motion.before_clip_from_rel * place;
    if before.w <= 1e-6 || before.z > before.w {
        return vec4<f32>(0.0);
    }
    let was = before.xy / before.w;
    let pixel = vec2<f32>(was.x * 0.5 + 0.5, 0.5 - was.y * 0.5) * motion.size.xy;
    return vec4<f32>(pixel - position.xy, 1.0, 0.0);
}
