#import shared/volume.wgsl
#import shared/light_grid.wgsl
#import shared/layers.wgsl
#import shared/depths.wgsl
#import shared/segmented.wgsl
// Surfaces of single values: steps as in dvr.wgsl find between which samples a ray crosses one, then the crossing is
// refined. Twin: twin::iso.

// by surface, smallest value first; row 0: linear colour, opacity; row 1: value
@group(1) @binding(3) var surfaces: texture_2d<f32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return march(position.xy).colour;
}

@fragment
fn fragment_depths(@builtin(position) position: vec4<f32>) -> Outputs {
    return outputs(position.xy, march(position.xy));
}

// How many of the surfaces' values are not larger: a ray crosses a surface where this changes.
fn rank_of(value: f32) -> i32 {
    var rank = 0;
    for (var n = 0; n < i32(volume.look.y); n++) {
        rank += select(0, 1, textureLoad(surfaces, vec2<i32>(n, 1), 0).r <= value);
    }
    return rank;
}

// Where a chord from `low` to `high` meets 0, as a share of the way.
fn zero_between(low: f32, high: f32) -> f32 {
    let apart = low - high;
    if abs(apart) < 1e-12 {
        return 0.5;
    }
    return clamp(low / apart, 0.0, 1.0);
}

// Where between two places the value is `value`, as a share of the way; `first` and `last` are the values there, one of
// them smaller than it and the other not. Regula falsi, the Illinois way: of an end that stays only half counts.
fn crossing(from_tex: vec3<f32>, way: vec3<f32>, first: f32, last: f32, value: f32) -> f32 {
    var low = 0.0;
    var high = 1.0;
    var at_low = first - value;
    var at_high = last - value;
    var stayed = 0;
    for (var turns = 0; turns < 5; turns++) {
        let middle = mix(low, high, zero_between(at_low, at_high));
        let at = value_at(from_tex + way * middle) - value;
        if (at >= 0.0) == (at_low >= 0.0) {
            low = middle;
            at_low = at;
            if stayed == 1 {
                at_high *= 0.5;
            }
            stayed = 1;
        } else {
            high = middle;
            at_high = at;
            if stayed == -1 {
                at_low *= 0.5;
            }
            stayed = -1;
        }
    }
    return mix(low, high, zero_between(at_low, at_high));
}

fn march(pixel: vec2<f32>) -> Seen {
    let ray = pixel_ray(pixel);
    if in_hole(ray) {
        return Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    }
    let track = track_of(ray);
    var interval = clip_interval(ray, volume_interval(track));
    interval.y = min(interval.y, distance_to_scene(pixel, ray));
    begin_layers(pixel, ray);
    let step_mm = volume.march.x;
    let m = Material(volume.material.x, volume.material.y, volume.material.z, volume.material.w);
    let cells = textureDimensions(skip);
    var sum = vec4<f32>(0.0);
    var first_mm = NOTHING_MM;
    var weighted_mm = 0.0;
    // without layers
    var opacity = 0.0;
    let last = max((interval.y - interval.x) / step_mm, 0.0);
    var k = 0.0;
    // up to this step the ray stays among cells that a surface crosses
    var busy = 0.0;
    // the value at the beginning of step k and its rank, where that is known
    var begin = 0.0;
    var rank = 0;
    var known = false;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k >= last || sum.a > OPAQUE {
            break;
        }
        for (var leaps = 0u; leaps < 65536u; leaps++) {
            if k < busy || k >= last {
                break;
            }
            let along = interval.x + (k + 0.5) * step_mm;
            let tex = track.origin + track.per_mm * along;
            let cell = cell_of(tex, cells);
            let free = i32(textureLoad(skip, cell, 0).r);
            let out = along + distance_out_of_cells(track, tex, cell, max(free - 1, 0));
            busy = max(k + 1.0, floor((out - interval.x) / step_mm - 0.5));
            if free > 0 {
                k = busy;
                known = false;
            }
        }
        var first = 0.0;
        var before = 0;
        var start_mm = 0.0;
        var length_mm = step_mm;
        var found = false;
        let stop = min(busy, last);
        for (var looks = 0u; looks < 65536u; looks++) {
            if k >= stop || found {
                break;
            }
            start_mm = interval.x + k * step_mm;
            // the last step ends where the ray does
            length_mm = min(step_mm, interval.y - start_mm);
            if !known {
                begin = value_at(track.origin + track.per_mm * start_mm);
                rank = rank_of(begin);
                known = true;
            }
            first = begin;
            before = rank;
            begin = value_at(track.origin + track.per_mm * (start_mm + length_mm));
            rank = rank_of(begin);
            found = rank != before;
            k += 1.0;
        }
        if found {
            let from_tex = track.origin + track.per_mm * start_mm;
            let way = track.per_mm * length_mm;
            // rising values cross the surfaces from the smallest on, falling ones from the largest
            let rises = rank > before;
            var part = 0.0;
            for (var n = 0; n < abs(rank - before); n++) {
                let index = select(before - 1 - n, before + n, rises);
                let value = textureLoad(surfaces, vec2<i32>(index, 1), 0).r;
                let surface = textureLoad(surfaces, vec2<i32>(index, 0), 0);
                part = max(part, crossing(from_tex, way, first, begin, value));
                let tex = from_tex + way * part;
                let mm = start_mm + length_mm * part;
                var base = surface.rgb;
                var alpha = surface.a;
                if volume.labels.w > 0.0 {
                    let segment = segment_at(tex);
                    base = base * (1.0 - segment.tint.a) + segment.tint.rgb;
                    alpha = min(alpha * segment.opacity, 1.0);
                }
                let g = gradient_at(tex);
                let here = dimmed(m, tex, g, ray.direction, 1.0);
                let colour = lit(base, g, ray.direction, view.light.xyz, here);
                sum = over(layers_before(sum, mm), vec4<f32>(colour * alpha, alpha));
                weighted_mm += (1.0 - opacity) * alpha * mm;
                opacity += (1.0 - opacity) * alpha;
                if opacity > HIT {
                    first_mm = min(first_mm, mm);
                }
            }
        }
    }
    let mean_mm = weighted_mm / max(opacity, 1e-6);
    if sum.a > OPAQUE {
        sum = sum / sum.a;
    }
    if opacity > OPAQUE {
        opacity = 1.0;
    }
    return Seen(layers_before(sum, NO_LAYER), opacity, first_mm, mean_mm);
}
