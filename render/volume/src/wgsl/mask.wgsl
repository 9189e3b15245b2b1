#import shared/surface.wgsl
// Where a surface with an outline is, and how near: depth alone. Twin: twin::outline.

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) figure: vec2<f32>,
) -> Varying {
    return surface_vertex(position, normal, figure);
}

@fragment
fn fragment(in: Varying) {
    if !kept(in.rel) {
        discard;
    }
}
