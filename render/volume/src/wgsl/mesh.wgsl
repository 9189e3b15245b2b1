#import shared/view.wgsl
#import shared/light.wgsl
// Lit surface, opaque or translucent. Twin: twin::mesh.

struct MeshUniform {
    clip_from_local: mat4x4<f32>,
    // xyz: the mesh's origin relative to the eye
    origin: vec4<f32>,
    // linear colour, opacity
    colour: vec4<f32>,
    // ambient, diffuse, specular, shininess
    material: vec4<f32>,
}

@group(1) @binding(0) var<uniform> mesh: MeshUniform;

struct Varying {
    @builtin(position) position: vec4<f32>,
    @location(0) rel: vec3<f32>,
    @location(1) normal: vec3<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>, @location(1) normal: vec3<f32>) -> Varying {
    return Varying(mesh.clip_from_local * vec4<f32>(position, 1.0), position + mesh.origin.xyz, normal);
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    if !kept(in.rel) {
        discard;
    }
    let ray = pixel_ray(in.position.xy);
    let m = Material(mesh.material.x, mesh.material.y, mesh.material.z, mesh.material.w);
    let colour = lit(mesh.colour.rgb, in.normal, ray.direction, view.light.xyz, m);
    return vec4<f32>(colour * mesh.colour.a, mesh.colour.a);
}
