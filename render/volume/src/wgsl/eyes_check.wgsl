#import shared/view.wgsl
// A brightness for each eye: proof that a driver draws each into its own layer. Has no twin: it computes nothing.

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment() -> @location(0) vec4<f32> {
    return vec4<f32>(f32(eye + 1) * 0.25, 0.0, 0.0, 1.0);
}
