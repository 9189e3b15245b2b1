// What path.wgsl has summed up.

struct SumsUniform {
    size: vec2<u32>,
    samples: f32,
    // between the taps of a level
    step: i32,
    // how far brightness may be off, in standard deviations; how much a squared difference of normals and of
    // colours counts; how far the distance may be off, in parts of what the slope explains
    sigma: vec4<f32>,
    // a pixel's breadth at the middle of the volume
    pixel_mm: f32,
    exposure: f32,
    white: f32,
    // left, top of the picture in its target
    origin: vec2<f32>,
}

@group(0) @binding(0) var<uniform> sums: SumsUniform;
@group(0) @binding(1) var<storage, read> light_sum: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> colour_sum: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> normal_sum: array<vec4<f32>>;

fn brightness(c: vec3<f32>) -> f32 {
    return dot(c, vec3<f32>(0.2126, 0.7152, 0.0722));
}

// The colour by which light is divided and later multiplied; a little more than the matte colour, for the
// highlight has none.
fn own_colour(i: u32) -> vec3<f32> {
    return (colour_sum[i].rgb + 0.04 * light_sum[i].a + 1e-4) / sums.samples;
}
