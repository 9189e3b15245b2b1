#import shared/cover.wgsl
// One more frame into the mean of those before. Twin: twin::temporal.

// x: the new frame's part of the mean, 1 for the first
@group(0) @binding(0) var<uniform> share: vec4<f32>;
@group(0) @binding(1) var frame: texture_2d<f32>;
@group(0) @binding(2) var mean: texture_2d<f32>;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<i32>(position.xy);
    let now = textureLoad(frame, at, 0);
    if share.x >= 1.0 {
        return now;
    }
    return mix(textureLoad(mean, at, 0), now, share.x);
}
