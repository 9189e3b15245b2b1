#import shared/surface.wgsl
#import shared/peel.wgsl
// Lit translucent surface, one layer of it. Twin: twin::mesh.

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) figure: vec2<f32>,
) -> Varying {
    return surface_vertex(position, normal, figure);
}

@fragment
fn fragment(in: Varying) -> Peeled {
    let item = u32(mesh.map.z);
    if !kept(in.rel) || !is_left(in.position.xy, in.position.z, item) {
        discard;
    }
    return Peeled(surface_colour(in), item, in.position.z);
}
