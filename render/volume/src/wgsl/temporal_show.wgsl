#import shared/cover.wgsl
// The mean of frames into the target, enlarged where they are smaller. Twin: twin::temporal.

// left, top, width, height in the target
@group(0) @binding(0) var<uniform> part: vec4<f32>;
@group(0) @binding(1) var mean: texture_2d<f32>;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let pixel = position.xy - part.xy;
    let size = vec2<f32>(textureDimensions(mean));
    if all(size == part.zw) {
        return textureLoad(mean, vec2<i32>(pixel), 0);
    }
    let last = vec2<i32>(size) - 1;
    let at = clamp(pixel / part.zw * size - 0.5, vec2<f32>(0.0), vec2<f32>(last));
    let base = vec2<i32>(floor(at));
    let next = min(base + 1, last);
    let f = at - floor(at);
    let top = mix(textureLoad(mean, base, 0), textureLoad(mean, vec2<i32>(next.x, base.y), 0), f.x);
    let low = mix(textureLoad(mean, vec2<i32>(base.x, next.y), 0), textureLoad(mean, next, 0), f.x);
    return mix(top, low, f.y);
}
