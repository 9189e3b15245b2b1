#import shared/volume.wgsl
#import shared/depths.wgsl
// Maximum, minimum and mean intensity projections through a window. Twin: twin::mip.

// the largest value in reach of each cell; for the minimum the smallest
@group(1) @binding(3) var cell_extreme: texture_3d<f32>;

const MINIMUM: f32 = 1.0;
const MEAN: f32 = 2.0;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return projected(position.xy).colour;
}

// One place is what is seen, so its distance is both.
@fragment
fn fragment_depths(@builtin(position) position: vec4<f32>) -> Outputs {
    return outputs(position.xy, projected(position.xy));
}

fn projected(pixel: vec2<f32>) -> Seen {
    let ray = pixel_ray(pixel);
    if in_hole(ray) {
        return Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    }
    let track = track_of(ray);
    var interval = clip_interval(ray, volume_interval(track));
    interval.y = min(interval.y, distance_to_scene(pixel, ray));
    let last = max((interval.y - interval.x) / volume.march.x, 0.0);
    if last <= 0.5 {
        return Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    }
    if volume.look.x == MEAN {
        return mean_along(track, interval.x, last);
    }
    return extreme_along(track, interval.x, last);
}

// The mean of all samples, which lies in their middle.
fn mean_along(track: Track, begin_mm: f32, last: f32) -> Seen {
    let step_mm = volume.march.x;
    var sum = 0.0;
    var k = 0.0;
    for (var turns = 0u; turns < 65535u; turns++) {
        if k + 0.5 >= last {
            break;
        }
        sum += value_at(track.origin + track.per_mm * (begin_mm + (k + 0.5) * step_mm));
        k += 1.0;
    }
    return shown(sum / max(k, 1.0), begin_mm + 0.5 * k * step_mm);
}

// The largest value; the smallest is the largest of the negative values.
fn extreme_along(track: Track, begin_mm: f32, last: f32) -> Seen {
    let step_mm = volume.march.x;
    let cells = textureDimensions(cell_extreme);
    let smallest = volume.look.x == MINIMUM;
    let sign = select(1.0, -1.0, smallest);
    // what is below the window is black anyway
    var best = select(volume.window.x, -1e30, smallest);
    var best_mm = 0.0;
    var k = 0.0;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k + 0.5 >= last {
            break;
        }
        let along = begin_mm + (k + 0.5) * step_mm;
        let tex = track.origin + track.per_mm * along;
        let cell = cell_of(tex, cells);
        if sign * textureLoad(cell_extreme, cell, 0).r <= best {
            let out = along + distance_out_of_cells(track, tex, cell, 0);
            k = max(k + 1.0, floor((out - begin_mm) / step_mm - 0.5));
            continue;
        }
        let value = sign * value_at(tex);
        if value > best {
            best = value;
            best_mm = along;
        }
        k += 1.0;
    }
    return shown(sign * best, best_mm);
}

// A value that stands for the whole ray.
fn shown(value: f32, mm: f32) -> Seen {
    // display grey is sRGB-like; the target holds linear light
    let g = grey(value);
    let linear = select(pow((g + 0.055) / 1.055, 2.4), g / 12.92, g <= 0.04045);
    return Seen(vec4<f32>(linear, linear, linear, g), g, select(NOTHING_MM, mm, g > HIT), mm);
}
