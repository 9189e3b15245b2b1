#import shared/stroke.wgsl
#import shared/peel.wgsl
// Lines and points, one layer of them. Twin: twin::stroke.

@vertex
fn vertex(
    @builtin(vertex_index) index: u32,
    @builtin(instance_index) instance: u32,
    segment: Segment,
) -> Band {
    return stroke_band(index, instance, segment);
}

@fragment
fn fragment(in: Band) -> Peeled {
    let touch = stroke_touch(in);
    if touch.coverage <= 0.0 || !is_left(in.position.xy, touch.depth, in.item) {
        discard;
    }
    let alpha = stroke.colour.a * touch.coverage;
    return Peeled(vec4<f32>(stroke.colour.rgb * alpha, alpha), in.item, touch.depth);
}
