#import shared/surface.wgsl
// Lit opaque surface. Twin: twin::mesh.

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) figure: vec2<f32>,
) -> Varying {
    return surface_vertex(position, normal, figure);
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    if !kept(in.rel) {
        discard;
    }
    return surface_colour(in);
}
