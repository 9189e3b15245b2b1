#import shared/path_sums.wgsl
// Path-traced light as a picture, premultiplied. Twin: twin::path_show.

// light over colour
@group(0) @binding(4) var<storage, read> source: array<vec4<f32>>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}

// As it is up to 0.8, then squeezed with a steady slope until `white` is 1.
fn shown(light: f32) -> f32 {
    let knee = 0.8;
    let power = (sums.white - knee) / (1.0 - knee);
    let left = clamp((sums.white - light) / (sums.white - knee), 0.0, 1.0);
    return select(1.0 - (1.0 - knee) * pow(max(left, 1e-9), power), light, light <= knee);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<u32>(max(position.xy - sums.origin, vec2<f32>(0.0)));
    if any(at >= sums.size) {
        return vec4<f32>(0.0);
    }
    let i = at.y * sums.size.x + at.x;
    let coverage = light_sum[i].a / sums.samples;
    let light = source[i].rgb * own_colour(i) * sums.exposure / max(coverage, 1e-6);
    return vec4<f32>(shown(light.r), shown(light.g), shown(light.b), 1.0) * coverage;
}
