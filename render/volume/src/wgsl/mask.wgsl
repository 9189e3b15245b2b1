#import shared/surface.wgsl
// Which of the surfaces with an outline is nearest at a pixel of the viewport: its number from 1 on. Twin:
// twin::outline.

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) figure: vec2<f32>,
) -> Varying {
    return surface_vertex(position, normal, figure);
}

@fragment
fn fragment(in: Varying) -> @location(0) u32 {
    if !kept(in.rel) {
        discard;
    }
    return u32(mesh.map.z) + 1u;
}
