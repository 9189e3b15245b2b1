#import shared/view.wgsl
#import shared/depths.wgsl
// Lays pixels that were drawn elsewhere, linear and premultiplied, over the target. Has no twin: it computes nothing.

// xy: the pixel of the target on which the first one falls
@group(1) @binding(0) var<uniform> corner: vec4<u32>;
@group(1) @binding(1) var pixels: texture_2d<f32>;
// mm to the first hit, mean mm, opacity
@group(1) @binding(2) var distances: texture_2d<f32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<i32>(position.xy) - vec2<i32>(corner.xy);
    let size = vec2<i32>(textureDimensions(pixels));
    if any(at < vec2<i32>(0)) || any(at >= size) {
        discard;
    }
    return textureLoad(pixels, at, 0);
}

@fragment
fn fragment_depths(@builtin(position) position: vec4<f32>) -> Outputs {
    let at = vec2<i32>(position.xy) - vec2<i32>(corner.xy);
    let size = vec2<i32>(textureDimensions(pixels));
    var seen = Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    if all(at >= vec2<i32>(0)) && all(at < size) {
        let mm = textureLoad(distances, at, 0);
        seen = Seen(textureLoad(pixels, at, 0), mm.z, mm.x, mm.y);
    }
    return outputs(position.xy, seen);
}
