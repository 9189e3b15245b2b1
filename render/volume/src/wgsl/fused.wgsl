// Several volumes in one march, mixed where they are: at each step what each emits and stops is added up, so that none lies
// before or behind another. The functions of all parts are written where the shader is put together (see fused.rs).
// Twin: twin::fused.

struct Masks {
    // for each volume the one whose labels bound it, or none below 0
    within: vec4<i32>,
    // two for each volume: the bits of its mask's labels
    bits: array<vec4<u32>, 6>,
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

// Also in dvr.wgsl.
const OPAQUE: f32 = 0.99;

fn march(pixel: vec2<f32>) -> Seen {
    let ray = pixel_ray(pixel);
    if in_hole(ray) {
        return Seen(vec4<f32>(0.0), 0.0, NOTHING_MM, 0.0);
    }
    // from where the first begins to where the last ends, by the finest of their steps
    var interval = all_begin(ray);
    interval.y = min(interval.y, distance_to_scene(pixel, ray));
    begin_layers(pixel, ray);
    let step_mm = all_step_mm();
    var sum = vec4<f32>(0.0);
    var first_mm = NOTHING_MM;
    var weighted_mm = 0.0;
    var opacity = 0.0;
    let last = max((interval.y - interval.x) / step_mm, 0.0);
    var k = 0.0;
    for (var turns = 0u; turns < 65536u; turns++) {
        if k >= last || sum.a > OPAQUE {
            break;
        }
        let begin = interval.x + k * step_mm;
        let length_mm = min(step_mm, interval.y - begin);
        let middle = begin + length_mm * 0.5;
        let free = all_free_until(begin + step_mm * 0.5);
        if free > begin + step_mm {
            k = max(k + 1.0, floor((free - interval.x) / step_mm - 0.5));
            continue;
        }
        let depth = all_between(ray, begin, begin + length_mm);
        if depth.a > 0.0 {
            let alpha = 1.0 - exp(-depth.a);
            sum = with_layers(sum, depth.rgb / depth.a, alpha, begin, length_mm);
            weighted_mm += (1.0 - opacity) * alpha * middle;
            opacity += (1.0 - opacity) * alpha;
            if opacity > HIT {
                first_mm = min(first_mm, middle);
            }
        }
        k += 1.0;
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
