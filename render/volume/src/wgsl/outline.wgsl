#import shared/view.wgsl
// A line of a width in pixels around surfaces, outside what they cover. Twin: twin::outline.

struct Outline {
    // linear, opacity
    colour: vec4<f32>,
    // x: width in pixels; y: share of the opacity where something opaque is before it
    width: vec4<f32>,
}

@group(1) @binding(0) var scene_depth: texture_depth_2d;
@group(1) @binding(1) var mask: texture_2d<u32>;
@group(1) @binding(2) var mask_depth: texture_depth_2d;
@group(1) @binding(3) var<storage, read> outlines: array<Outline>;
// the widest line, rounded up
@group(1) @binding(4) var<uniform> reach: vec4<i32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

// A share that is no real difference of depth: a surface may stand in both depths, by two pipelines.
const SAME: f32 = 1.0001;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let corner = vec2<i32>(view.viewport.xy);
    let here = vec2<i32>(position.xy) - corner;
    let last = vec2<i32>(view.viewport.zw) - 1;
    let own = textureLoad(mask, here, 0).r;
    let own_depth = textureLoad(mask_depth, here, 0);
    var most = 0.0;
    var shown = vec4<f32>(0.0);
    for (var y = -reach.x; y <= reach.x; y++) {
        for (var x = -reach.x; x <= reach.x; x++) {
            let at = here + vec2<i32>(x, y);
            if any(at < vec2<i32>(0)) || any(at > last) {
                continue;
            }
            let item = textureLoad(mask, at, 0).r;
            if item == 0u || item == own {
                continue;
            }
            let depth = textureLoad(mask_depth, at, 0);
            // over another surface only where this one is nearer
            if own != 0u && depth <= own_depth {
                continue;
            }
            let line = outlines[item - 1u];
            var coverage = clamp(line.width.x + 1.0 - length(vec2<f32>(f32(x), f32(y))), 0.0, 1.0);
            let before = max(
                textureLoad(scene_depth, at + corner, 0),
                textureLoad(scene_depth, here + corner, 0),
            );
            coverage *= select(1.0, line.width.y, before > depth * SAME) * line.colour.a;
            if coverage > most {
                most = coverage;
                shown = vec4<f32>(line.colour.rgb * coverage, coverage);
            }
        }
    }
    if most <= 0.0 {
        discard;
    }
    return shown;
}
