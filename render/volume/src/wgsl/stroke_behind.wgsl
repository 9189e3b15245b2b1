#import shared/stroke.wgsl
// Lines and points laid faintly over everything, so that hidden parts are seen; over a part that is seen this
// adds its own colour to itself. Twin: twin::stroke.

@vertex
fn vertex(
    @builtin(vertex_index) index: u32,
    @builtin(instance_index) instance: u32,
    segment: Segment,
) -> Band {
    return stroke_band(index, instance, segment);
}

@fragment
fn fragment(in: Band) -> @location(0) vec4<f32> {
    let touch = stroke_touch(in);
    let period = stroke.behind.y + stroke.behind.z;
    let place = touch.run * touch.per_mm;
    let off = period > 0.0 && place - floor(place / max(period, 1e-6)) * period > stroke.behind.y;
    if touch.coverage <= 0.0 || off {
        discard;
    }
    let alpha = stroke.colour.a * stroke.behind.x * touch.coverage;
    return vec4<f32>(stroke.colour.rgb * alpha, alpha);
}
