#import shared/volume.wgsl
#import shared/light.wgsl
// How much light reaches the places of a volume. Twin: twin::lightness.

// by block of the volume; x: how open it lies, y: how much of the lamp it sees
@group(1) @binding(7) var light_grid: texture_3d<f32>;

fn light_block(at: vec3<i32>) -> vec2<f32> {
    return textureLoad(light_grid, min(at, vec3<i32>(textureDimensions(light_grid)) - 1), 0).rg;
}

// Both shares at a place, mixed by hand of the eight blocks around it: some devices filter bytes with bytes.
fn light_reaching(tex: vec3<f32>) -> vec2<f32> {
    let size = vec3<f32>(textureDimensions(light_grid));
    let at = clamp(tex * volume.blocks.xyz - 0.5, vec3<f32>(0.0), size - 1.0);
    let i = vec3<i32>(floor(at));
    let f = fract(at);
    let c00 = mix(light_block(i), light_block(i + vec3<i32>(1, 0, 0)), f.x);
    let c10 = mix(light_block(i + vec3<i32>(0, 1, 0)), light_block(i + vec3<i32>(1, 1, 0)), f.x);
    let c01 = mix(light_block(i + vec3<i32>(0, 0, 1)), light_block(i + vec3<i32>(1, 0, 1)), f.x);
    let c11 = mix(light_block(i + vec3<i32>(0, 1, 1)), light_block(i + vec3<i32>(1, 1, 1)), f.x);
    return mix(mix(c00, c10, f.y), mix(c01, c11, f.y), f.z);
}

// The light terms at a place that is so much of a surface (0 to 1) with a gradient.
fn dimmed(m: Material, tex: vec3<f32>, gradient: vec3<f32>, ray: vec3<f32>, surface: f32) -> Material {
    if volume.dimming.x + volume.dimming.y <= 0.0 {
        return m;
    }
    let len = max(length(gradient), 1e-12);
    let towards_eye = gradient * (select(1.0, -1.0, dot(gradient, ray) > 0.0) / len);
    // a block before the surface, lest that shade itself
    let before = volume.tex_from_rel * vec4<f32>(towards_eye * (surface * volume.blocks.w), 0.0);
    let reaching = light_reaching(tex + before.xyz);
    let open = 1.0 - volume.dimming.x * (1.0 - reaching.x);
    let lamp = open * (1.0 - volume.dimming.y * (1.0 - reaching.y));
    return Material(m.ambient * open, m.diffuse * lamp, m.specular * lamp, m.shininess);
}
