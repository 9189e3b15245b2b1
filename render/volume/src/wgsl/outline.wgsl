#import shared/view.wgsl
// A line of a width in pixels around a surface, outside what it covers. Twin: twin::outline.

struct Outline {
    // linear, opacity
    colour: vec4<f32>,
    // x: width in pixels; y: share of the opacity where something opaque is before it; z: x rounded up
    width: vec4<f32>,
}

@group(1) @binding(0) var<uniform> outline: Outline;
@group(1) @binding(1) var scene_depth: EyeDepth;
// of the surface alone, in pixels of the viewport; 0 where it is not
@group(1) @binding(2) var mask: EyeDepth;

// A share that is no real difference of depth: a surface may stand in both depths, by two pipelines.
const SAME: f32 = 1.0001;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let corner = vec2<i32>(view.viewport.xy);
    let here = vec2<i32>(position.xy) - corner;
    let last = vec2<i32>(view.viewport.zw) - 1;
    if eye_depth(mask, here) > 0.0 {
        discard;
    }
    let behind = eye_depth(scene_depth, here + corner);
    let reach = i32(outline.width.z);
    var most = 0.0;
    for (var y = -reach; y <= reach; y++) {
        for (var x = -reach; x <= reach; x++) {
            let at = here + vec2<i32>(x, y);
            if any(at < vec2<i32>(0)) || any(at > last) {
                continue;
            }
            let depth = eye_depth(mask, at);
            if depth <= 0.0 {
                continue;
            }
            let coverage = clamp(outline.width.x + 1.0 - length(vec2<f32>(f32(x), f32(y))), 0.0, 1.0);
            let before = max(eye_depth(scene_depth, at + corner), behind);
            most = max(most, coverage * select(1.0, outline.width.y, before > depth * SAME));
        }
    }
    let alpha = most * outline.colour.a;
    return vec4<f32>(outline.colour.rgb * alpha, alpha);
}
