#import shared/volume.wgsl
#import shared/depths.wgsl
// Where opaque surfaces lie, from the depth they wrote. Twin: twin::depths.

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment_depths(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let mm = distance_to_scene(position.xy, pixel_ray(position.xy));
    return vec4<f32>(mm, mm, select(1.0, 0.0, mm >= NOTHING_MM), 0.0);
}
