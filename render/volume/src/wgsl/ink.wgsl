#import shared/cover.wgsl
// Colours what lines.wgsl covered. Twin: twin::lines.

@group(0) @binding(0) var<uniform> colour: vec4<f32>;
@group(0) @binding(1) var coverage: texture_2d<f32>;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let share = textureLoad(coverage, vec2<i32>(position.xy), 0).r;
    return vec4<f32>(colour.rgb, 1.0) * (colour.a * share);
}
