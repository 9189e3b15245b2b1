#import shared/volume.wgsl
#import shared/carve.wgsl
#import shared/depths.wgsl
// Maximum intensity projection through a window. Twin: twin::mip.

// the largest value in reach of each cell
@group(1) @binding(3) var cell_maximum: texture_3d<f32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return brightest(position.xy).colour;
}

// The brightest place is what is seen, so its distance is both.
@fragment
fn fragment_depths(@builtin(position) position: vec4<f32>) -> Outputs {
    return outputs(position.xy, brightest(position.xy));
}

fn brightest(pixel: vec2<f32>) -> Seen {
    let ray = pixel_ray(pixel);
    if in_hole(ray) {
        return Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    }
    let track = track_of(ray);
    var interval = clip_interval(ray, volume_interval(track));
    interval.y = min(interval.y, distance_to_scene(pixel, ray));
    let step_mm = volume.march.x;
    let cells = textureDimensions(cell_maximum);
    // what is below the window is black anyway
    var best = volume.window.x;
    var best_mm = 0.0;
    let last = max((interval.y - interval.x) / step_mm, 0.0);
    var k = 0.0;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k + 0.5 >= last {
            break;
        }
        let along = interval.x + (k + 0.5) * step_mm;
        let tex = track.origin + track.per_mm * along;
        let cell = cell_of(tex, cells);
        if textureLoad(cell_maximum, cell, 0).r <= best {
            let out = along + distance_out_of_cells(track, tex, cell, 0);
            k = max(k + 1.0, floor((out - interval.x) / step_mm - 0.5));
            continue;
        }
        let value = value_at(tex);
        if value > best && shown_at(ray, tex, along) {
            best = value;
            best_mm = along;
        }
        k += 1.0;
    }
    // display grey is sRGB-like; the target holds linear light
    let g = grey(best);
    let linear = select(pow((g + 0.055) / 1.055, 2.4), g / 12.92, g <= 0.04045);
    return Seen(vec4<f32>(linear, linear, linear, g), g, select(NOTHING_MM, best_mm, g > HIT), best_mm);
}
