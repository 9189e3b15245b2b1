#import shared/cover.wgsl
// A finished slice into a picture or into somebody's view, pixel for pixel. Twin: twin::slice_view.

@group(0) @binding(0) var slice: texture_2d<f32>;
// xy: where its first pixel goes
@group(0) @binding(1) var<uniform> place: vec4<f32>;

// Set where the target takes linear light; a picture takes the display's own steps.
override LINEAR: bool = true;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<i32>(position.xy - place.xy);
    if any(at < vec2<i32>(0)) || any(at >= vec2<i32>(textureDimensions(slice))) {
        discard;
    }
    let c = clamp(textureLoad(slice, at, 0).rgb, vec3<f32>(0.0), vec3<f32>(1.0));
    if !LINEAR {
        return vec4<f32>(c, 1.0);
    }
    let curved = pow((c + 0.055) / 1.055, vec3<f32>(2.4));
    return vec4<f32>(select(curved, c / 12.92, c <= vec3<f32>(0.04045)), 1.0);
}
