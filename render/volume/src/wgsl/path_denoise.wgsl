#import shared/path_sums.wgsl
// Frees a path-traced picture from noise: an edge-avoiding à-trous filter (Dammertz and others 2010) whose
// brightness weight follows the variance (Schied and others 2017, SVGF), on light without the colour of what it
// falls on. Twin: twin::path_denoise.

// xyz: light over colour; w: variance of its brightness
@group(0) @binding(4) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> smoothed: array<vec4<f32>>;

// What tells edges: the mean colour, normal and distance of the first collisions of a pixel.
struct Guide {
    colour: vec3<f32>,
    normal: vec3<f32>,
    mm: f32,
    coverage: f32,
}

fn guide_at(i: u32) -> Guide {
    let coverage = light_sum[i].a;
    let over = 1.0 / max(coverage, 1.0);
    let first = colour_sum[i] * over;
    return Guide(first.rgb, normal_sum[i].xyz * over, first.w, coverage / sums.samples);
}

fn index_of(at: vec2<i32>) -> u32 {
    return u32(at.y) * sums.size.x + u32(at.x);
}

fn inside(at: vec2<i32>) -> bool {
    return all(at >= vec2<i32>(0)) && all(at < vec2<i32>(sums.size));
}

// Sums to light over colour and the variance of the mean.
@compute @workgroup_size(8, 8)
fn divide(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= sums.size) {
        return;
    }
    let i = index_of(vec2<i32>(id.xy));
    let n = sums.samples;
    let mean = light_sum[i].rgb / n;
    let own = own_colour(i);
    let squares = normal_sum[i].w / n;
    let b = brightness(mean);
    let spread = max(squares - b * b, 0.0) / n;
    let by = brightness(own);
    // few samples know too little of their spread: one of a quarter counts besides them
    smoothed[i] = vec4<f32>(mean / own, spread / (by * by) + 0.25 / (n * n));
}

// The variance of a pixel is itself noisy: a mean over its neighbours.
fn spread_at(at: vec2<i32>) -> f32 {
    var sum = 0.0;
    var weights = 0.0;
    for (var n = 0; n < 9; n++) {
        let d = vec2<i32>(n % 3 - 1, n / 3 - 1);
        let w = select(0.0, f32((2 - abs(d.x)) * (2 - abs(d.y))), inside(at + d));
        sum += w * source[index_of(clamp(at + d, vec2<i32>(0), vec2<i32>(sums.size) - 1))].w;
        weights += w;
    }
    return sum / weights;
}

// How much the distance changes by pixel, the lesser of both ways so that an edge does not count.
fn slope_at(at: vec2<i32>, here: Guide) -> vec2<f32> {
    var slope = vec2<f32>(0.0);
    for (var axis = 0; axis < 2; axis++) {
        let d = select(vec2<i32>(1, 0), vec2<i32>(0, 1), axis == 1);
        let last = vec2<i32>(sums.size) - 1;
        let a = guide_at(index_of(clamp(at - d, vec2<i32>(0), last)));
        let b = guide_at(index_of(clamp(at + d, vec2<i32>(0), last)));
        let down = select(1e9, here.mm - a.mm, a.coverage > 0.0);
        let up = select(1e9, b.mm - here.mm, b.coverage > 0.0);
        slope[axis] = select(up, down, abs(down) < abs(up));
    }
    return select(slope, vec2<f32>(0.0), abs(slope) > vec2<f32>(1e8));
}

// One level; `sums.step` pixels between the taps.
@compute @workgroup_size(8, 8)
fn smooth_level(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= sums.size) {
        return;
    }
    let at = vec2<i32>(id.xy);
    let centre = index_of(at);
    let here = guide_at(centre);
    let own = source[centre];
    if here.coverage <= 0.0 {
        smoothed[centre] = own;
        return;
    }
    let b = brightness(own.rgb);
    let tolerance = sums.sigma.x * sqrt(spread_at(at)) + 1e-4;
    let slope = slope_at(at, here);
    let kernel = array<f32, 3>(0.375, 0.25, 0.0625);
    var sum = vec3<f32>(0.0);
    var spread = 0.0;
    var weights = 0.0;
    for (var n = 0; n < 25; n++) {
        let d = vec2<i32>(n % 5 - 2, n / 5 - 2);
        let there = at + d * sums.step;
        if !inside(there) {
            continue;
        }
        let i = index_of(there);
        let tap = source[i];
        let g = guide_at(i);
        let dc = g.colour - here.colour;
        let dn = g.normal - here.normal;
        let expected = dot(slope, vec2<f32>(d * sums.step));
        let dz = abs(g.mm - here.mm - expected) / (sums.sigma.w * (abs(expected) + sums.pixel_mm));
        let db = abs(brightness(tap.rgb) - b) / tolerance;
        let edge = db + dot(dc, dc) * sums.sigma.z + dot(dn, dn) * sums.sigma.y + dz;
        let w = kernel[abs(d.x)] * kernel[abs(d.y)] * g.coverage * exp(-edge);
        sum += w * tap.rgb;
        spread += w * w * tap.w;
        weights += w;
    }
    smoothed[centre] = vec4<f32>(sum / weights, spread / (weights * weights));
}
