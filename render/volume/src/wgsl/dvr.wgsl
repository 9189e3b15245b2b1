#import shared/volume.wgsl
#import shared/light.wgsl
#import shared/layers.wgsl
// Shaded ray-march, front to back, without jitter. Twin: twin::dvr.

@group(1) @binding(3) var transfer: texture_2d<f32>;
// per cell: 0 has something to see; n: nothing within n - 1 cells around
@group(1) @binding(4) var skip: texture_3d<u32>;

// Linear colour and extinction per mm.
fn transfer_at(value: f32) -> vec4<f32> {
    let last = volume.march.w;
    let x = clamp((value - volume.value.z) * volume.value.w, 0.0, last);
    let base = min(floor(x), last - 1.0);
    let i = i32(base);
    let a = textureLoad(transfer, vec2<i32>(i, 0), 0);
    let b = textureLoad(transfer, vec2<i32>(i + 1, 0), 0);
    return mix(a, b, x - base);
}

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let ray = pixel_ray(position.xy);
    let track = track_of(ray);
    var interval = clip_interval(ray, volume_interval(track));
    interval.y = min(interval.y, distance_to_scene(position.xy, ray));
    begin_layers(position.xy, ray);
    let step_mm = volume.march.x;
    let m = Material(volume.material.x, volume.material.y, volume.material.z, volume.material.w);
    let cells = textureDimensions(skip);
    var sum = vec4<f32>(0.0);
    let last = max((interval.y - interval.x) / step_mm, 0.0);
    var k = 0.0;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k >= last || sum.a > 0.998 {
            break;
        }
        let along = interval.x + (k + 0.5) * step_mm;
        let tex = track.origin + track.per_mm * along;
        let cell = cell_of(tex, cells);
        let free = i32(textureLoad(skip, cell, 0).r);
        if free > 0 {
            let out = along + distance_out_of_cells(track, tex, cell, free - 1);
            k = max(k + 1.0, floor((out - interval.x) / step_mm - 0.5));
            continue;
        }
        let value = value_at(tex);
        if value <= volume.window.z {
            k += 1.0;
            continue;
        }
        let entry = transfer_at(value);
        if entry.a > 0.0 {
            // the last step ends where the ray does
            let length_mm = step_mm * min(last - k, 1.0);
            let alpha = 1.0 - exp(-entry.a * length_mm);
            let g = gradient_at(tex);
            let surface = smoothstep(volume.march.y, volume.march.z, length(g));
            let colour = mix(unlit(entry.rgb, m), lit(entry.rgb, g, ray.direction, view.light.xyz, m), surface);
            sum = with_layers(sum, colour, alpha, along - 0.5 * step_mm, length_mm);
        }
        k += 1.0;
    }
    return layers_before(sum, NO_LAYER);
}
