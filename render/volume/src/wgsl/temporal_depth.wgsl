#import shared/cover.wgsl
// The depth of the first frame, which is not moved, into the target's. Has no twin: it computes nothing.

// left, top, width, height in the target
@group(0) @binding(0) var<uniform> part: vec4<f32>;
@group(0) @binding(1) var depth: texture_depth_2d;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @builtin(frag_depth) f32 {
    let size = vec2<f32>(textureDimensions(depth));
    let at = (position.xy - part.xy) / part.zw * size;
    return textureLoad(depth, clamp(vec2<i32>(at), vec2<i32>(0), vec2<i32>(size) - 1), 0);
}
