// How much of each pixel lines cover: by the distance of its centre to the nearest one, so that joints and crossings
// are no thicker than the lines (the largest share wins). Round ends; a line from a point to itself is a disc.
// Twin: twin::lines.

struct Lines {
    // pixels of the target, half the line's width in pixels
    size: vec4<f32>,
}

@group(0) @binding(0) var<uniform> lines: Lines;

struct Varying {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) ends: vec4<f32>,
}

// ends: column and row of both, where 0, 0 is the centre of the first pixel
@vertex
fn vertex(@builtin(vertex_index) index: u32, @location(0) ends: vec4<f32>) -> Varying {
    let a = ends.xy + 0.5;
    let b = ends.zw + 0.5;
    let reach = lines.size.z + 1.0;
    let along = b - a;
    let len = length(along);
    var u = vec2<f32>(1.0, 0.0);
    if len > 1e-6 {
        u = along / len;
    }
    let v = vec2<f32>(-u.y, u.x);
    let side = select(-1.0, 1.0, (index & 1u) == 1u);
    let corner = select(a - u * reach, b + u * reach, index >= 2u) + v * (side * reach);
    let ndc = corner / lines.size.xy * 2.0 - 1.0;
    return Varying(vec4<f32>(ndc.x, -ndc.y, 0.0, 1.0), ends);
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    let p = in.position.xy - 0.5 - in.ends.xy;
    let along = in.ends.zw - in.ends.xy;
    let t = clamp(dot(p, along) / max(dot(along, along), 1e-12), 0.0, 1.0);
    let distance = length(p - along * t);
    return vec4<f32>(clamp(lines.size.z + 0.5 - distance, 0.0, 1.0), 0.0, 0.0, 0.0);
}
