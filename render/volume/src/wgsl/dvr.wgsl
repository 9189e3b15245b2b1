#import shared/volume.wgsl
#import shared/light_grid.wgsl
#import shared/layers.wgsl
#import shared/depths.wgsl
#import shared/segmented.wgsl
// Shaded ray-march, front to back, without jitter, pre-integrated: each step takes the values at both of its ends
// and the gradient between them. Twin: twin::dvr.

// two rows a transfer function, first that of the look, then those of segments: linear colour and extinction per mm by
// table index; running sums of extinction times colour, and of extinction. Then a row of the opacity by gradient, if any
@group(1) @binding(3) var transfer: texture_2d<f32>;
// What a stretch shows once its segment has had its say.
fn segmented(entry: vec4<f32>, segment: Segment) -> vec4<f32> {
    let through = entry.a * segment.opacity;
    let extinction = through + segment.solid.a;
    let colour = through * (entry.rgb * (1.0 - segment.tint.a) + segment.tint.rgb) + segment.solid.rgb;
    return vec4<f32>(colour / max(extinction, 1e-12), extinction);
}

// A transfer function in the tables: its first row, and table index = (value - low) * per_value.
struct Function {
    row: i32,
    low: f32,
    per_value: f32,
}

fn transfer_entry(row: i32, x: f32) -> vec4<f32> {
    let inside = clamp(x, 0.0, volume.march.w);
    let base = min(floor(inside), volume.march.w - 1.0);
    let a = textureLoad(transfer, vec2<i32>(i32(base), row), 0);
    let b = textureLoad(transfer, vec2<i32>(i32(base) + 1, row), 0);
    return mix(a, b, inside - base);
}

// The sums up to a place, which go on evenly outside the table.
fn transfer_up_to(row: i32, x: f32) -> vec4<f32> {
    let over = x - clamp(x, 0.0, volume.march.w);
    var sum = transfer_entry(row + 1, x);
    if over != 0.0 {
        let end = transfer_entry(row, x);
        sum += vec4<f32>(end.rgb * end.a, end.a) * over;
    }
    return sum;
}

// Mean colour, weighted by extinction, and mean extinction between two values.
fn transfer_between(f: Function, a: f32, b: f32) -> vec4<f32> {
    let x = (a - f.low) * f.per_value;
    let y = (b - f.low) * f.per_value;
    // closer than an entry the sums' difference has no digits left
    if abs(y - x) < 1.0 {
        return transfer_entry(f.row, (x + y) * 0.5);
    }
    let mean = (transfer_up_to(f.row, y) - transfer_up_to(f.row, x)) / (y - x);
    return vec4<f32>(mean.rgb / max(mean.a, 1e-12), mean.a);
}

// What each label around a place shows of the stretch between two values by its own function, mixed.
fn several(tex: vec3<f32>, a: f32, b: f32, share: f32) -> vec4<f32> {
    let around = around_of(tex);
    var tint = vec4<f32>(0.0);
    var solid = vec4<f32>(0.0);
    var through = vec4<f32>(0.0);
    // neighbours mostly share a function
    var known = -1;
    var entry = vec4<f32>(0.0);
    for (var n = 0; n < 8; n++) {
        let corner = corner_of(around, n);
        tint += corner.weight * textureLoad(segment_terms, vec2<i32>(corner.label, 0), 0);
        solid += corner.weight * textureLoad(segment_terms, vec2<i32>(corner.label, 1), 0);
        let function = textureLoad(segment_terms, vec2<i32>(corner.label, 2), 0);
        if i32(function.y) != known {
            known = i32(function.y);
            entry = transfer_between(Function(2 * known, function.z, function.w), a, b);
        }
        through += vec4<f32>(entry.rgb, 1.0) * (entry.a * share * function.x * corner.weight);
    }
    let extinction = through.a + solid.a;
    let colour = through.rgb * (1.0 - tint.a) + tint.rgb * through.a + solid.rgb;
    return vec4<f32>(colour / max(extinction, 1e-12), extinction);
}

// The share of the extinction that a gradient lets stand.
fn share_of(gradient: vec3<f32>) -> f32 {
    if volume.look.w <= 0.0 {
        return 1.0;
    }
    return transfer_entry(2 * i32(volume.look.z), length(gradient) * volume.look.w).r;
}

// What a stretch between two values shows around its middle, where the gradient lets stand a share of the extinction.
fn stretch(tex: vec3<f32>, a: f32, b: f32, share: f32) -> vec4<f32> {
    if volume.look.z > 1.0 {
        return several(tex, a, b, share);
    }
    var entry = transfer_between(Function(0, volume.value.z, volume.value.w), a, b);
    entry.a *= share;
    if volume.labels.w > 0.0 {
        return segmented(entry, segment_at(tex));
    }
    return entry;
}

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
    // up to this step the ray stays among cells with something to see
    var busy = 0.0;
    // the value at the beginning of step k, where that is known
    var begin = 0.0;
    var known = false;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k >= last || sum.a > OPAQUE {
            break;
        }
        // Three loops rather than one with three cases: the rays of a group that runs in step leap together,
        // look for their next visible step together, and shade together.
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
        var found = false;
        var first = 0.0;
        var length_mm = step_mm;
        var middle = 0.0;
        let stop = min(busy, last);
        for (var looks = 0u; looks < 65536u; looks++) {
            if k >= stop || found {
                break;
            }
            let start_mm = interval.x + k * step_mm;
            // the last step ends where the ray does
            length_mm = min(step_mm, interval.y - start_mm);
            middle = start_mm + length_mm * 0.5;
            if !known {
                begin = value_at(track.origin + track.per_mm * start_mm);
                known = true;
            }
            let end = value_at(track.origin + track.per_mm * (start_mm + length_mm));
            found = max(begin, end) > volume.window.z || volume.labels.w > 0.0;
            first = begin;
            begin = end;
            k += 1.0;
        }
        if found {
            let tex = track.origin + track.per_mm * middle;
            let g = gradient_at(tex);
            let entry = stretch(tex, first, begin, share_of(g));
            let alpha = 1.0 - exp(-entry.a * length_mm);
            let surface = smoothstep(volume.march.y, volume.march.z, length(g));
            let here = dimmed(m, tex, g, ray.direction, surface);
            let flat = unlit(entry.rgb, here);
            let colour = mix(flat, lit(entry.rgb, g, ray.direction, view.light.xyz, here), surface);
            sum = with_layers(sum, colour, alpha, middle - 0.5 * length_mm, length_mm);
            weighted_mm += (1.0 - opacity) * alpha * middle;
            opacity += (1.0 - opacity) * alpha;
            if opacity > HIT {
                first_mm = min(first_mm, middle);
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
