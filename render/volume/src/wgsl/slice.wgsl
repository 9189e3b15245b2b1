#import shared/volume.wgsl
// A slice of the volume standing in the room, through a window. Twin: twin::slice.

struct SliceUniform {
    // xyz: relative to the eye, outer corner; then the full edges
    corner: vec4<f32>,
    right: vec4<f32>,
    down: vec4<f32>,
}

@group(1) @binding(3) var<uniform> slice: SliceUniform;

struct Varying {
    @builtin(position) position: vec4<f32>,
    @location(0) rel: vec3<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> Varying {
    let u = f32(index & 1u);
    let v = f32(index >> 1u);
    let rel = slice.corner.xyz + u * slice.right.xyz + v * slice.down.xyz;
    return Varying(view.clip_from_rel * vec4<f32>(rel, 1.0), rel);
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    let tex = (volume.tex_from_rel * vec4<f32>(in.rel, 1.0)).xyz;
    if any(tex < vec3<f32>(0.0)) || any(tex > vec3<f32>(1.0)) || !kept(in.rel) {
        discard;
    }
    let g = grey(value_at(tex));
    let linear = select(pow((g + 0.055) / 1.055, 2.4), g / 12.92, g <= 0.04045);
    return vec4<f32>(linear, linear, linear, 1.0);
}
