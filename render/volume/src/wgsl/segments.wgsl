#import shared/cover.wgsl
// Segments of a slice, filled and outlined. An outline lies inside its segment, so that neighbours keep one each, and
// is as wide in pixels at any scale. Twin: twin::segments.

struct Style {
    // premultiplied, as a display takes it
    fill: vec4<f32>,
    outline: vec4<f32>,
}

@group(0) @binding(0) var<storage, read> styles: array<Style, 256>;
@group(0) @binding(1) var<uniform> outline_px: vec4<f32>;
@group(0) @binding(2) var labels: texture_2d<u32>;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let here = vec2<i32>(position.xy);
    let label = textureLoad(labels, here, 0).r;
    let style = styles[label];
    if style.outline.a <= 0.0 {
        return style.fill;
    }
    let size = vec2<i32>(textureDimensions(labels));
    let width = outline_px.x;
    let reach = i32(ceil(width)) + 1;
    // to the nearest pixel of another segment; beyond the picture nothing is known, so no line runs along its edge
    var nearest = f32(reach * reach) * 4.0;
    for (var dy = -reach; dy <= reach; dy++) {
        for (var dx = -reach; dx <= reach; dx++) {
            let there = here + vec2<i32>(dx, dy);
            if any(there < vec2<i32>(0)) || any(there >= size) {
                continue;
            }
            if textureLoad(labels, there, 0).r != label {
                nearest = min(nearest, f32(dx * dx + dy * dy));
            }
        }
    }
    // the segment's edge lies half a pixel before that pixel's centre
    let share = clamp(width + 1.0 - sqrt(nearest), 0.0, 1.0);
    let line = style.outline * share;
    return line + style.fill * (1.0 - line.a);
}
