#import shared/layers.wgsl
// The layers over what was drawn, where no volume takes them in. Twin: twin::layers.

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    begin_layers(position.xy, pixel_ray(position.xy));
    return layers_before(vec4<f32>(0.0), NO_LAYER);
}
