#import shared/view.wgsl
#import shared/light.wgsl
// A lit surface of one colour, or of figures through a colour map in bands.

struct MeshUniform {
    // of each eye
    clip_from_local: array<mat4x4<f32>, 2>,
    // xyz: the mesh's origin, rel
    origin: vec4<f32>,
    // linear colour, opacity
    colour: vec4<f32>,
    // ambient, diffuse, specular, shininess
    material: vec4<f32>,
    // x: 1 where the figures are shown; y: bands per unit; z: the item's number among what is translucent
    map: vec4<f32>,
    // linear colours from the lowest band to the highest, then of no figure
    bands: array<vec4<f32>, 12>,
}

@group(1) @binding(0) var<uniform> mesh: MeshUniform;

struct Varying {
    @invariant @builtin(position) position: vec4<f32>,
    @location(0) rel: vec3<f32>,
    @location(1) normal: vec3<f32>,
    // a figure, and 1 where there is one
    @location(2) figure: vec2<f32>,
}

fn surface_vertex(position: vec3<f32>, normal: vec3<f32>, figure: vec2<f32>) -> Varying {
    let clip = mesh.clip_from_local[eye] * vec4<f32>(position, 1.0);
    return Varying(clip, position + mesh.origin.xyz, normal, figure);
}

fn surface_base(figure: vec2<f32>) -> vec3<f32> {
    if mesh.map.x == 0.0 {
        return mesh.colour.rgb;
    }
    // a corner without a figure leaves its triangle without one
    if figure.y < 0.9999 {
        return mesh.bands[11].rgb;
    }
    let band = clamp(floor(figure.x * mesh.map.y + 5.5), 0.0, 10.0);
    return mesh.bands[i32(band)].rgb;
}

// Linear and premultiplied.
fn surface_colour(in: Varying) -> vec4<f32> {
    let ray = pixel_ray(in.position.xy);
    let m = Material(mesh.material.x, mesh.material.y, mesh.material.z, mesh.material.w);
    let colour = lit(surface_base(in.figure), in.normal, ray.direction, view.light.xyz, m);
    return vec4<f32>(colour * mesh.colour.a, mesh.colour.a);
}
