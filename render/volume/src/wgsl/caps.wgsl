#import shared/volume.wgsl
#import shared/carve.wgsl
// The slice wherever something cuts the volume open: on each plane, on boxes, balls and lassos, as an opaque surface.
// Values are mixed by hand and not filtered. Twin: twin::caps.

@group(1) @binding(3) var labels: texture_3d<u32>;
// as in dvr.wgsl
@group(1) @binding(4) var segment_terms: texture_2d<f32>;

// mm beyond the cut at which is asked whether all others keep the place
const HAIR: f32 = 0.01;

struct Capped {
    @location(0) colour: vec4<f32>,
    @builtin(frag_depth) depth: f32,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return covering_triangle(index);
}

// The first of two distances that lies after `begin`.
fn after(begin: f32, a: f32, b: f32) -> f32 {
    return select(select(1e30, b, b > begin), a, a > begin);
}

// Where a ray next crosses the line of a lasso inwards, looked for in steps and then halved.
fn into_lasso(ray: Ray, n: u32, begin: f32, end: f32) -> f32 {
    var low = begin;
    var before = height_over(n, ray.origin + ray.direction * begin);
    for (var turns = 0u; turns < 4096u; turns++) {
        if low >= end {
            break;
        }
        // far from the line a long way is free of it
        let high = low + max(volume.march.x, 0.4 * abs(before));
        let here = height_over(n, ray.origin + ray.direction * high);
        if before < 0.0 && here >= 0.0 {
            var a = low;
            var b = high;
            for (var half = 0u; half < 14u; half++) {
                let middle = (a + b) * 0.5;
                if height_over(n, ray.origin + ray.direction * middle) < 0.0 {
                    a = middle;
                } else {
                    b = middle;
                }
            }
            return b;
        }
        low = high;
        before = here;
    }
    return 1e30;
}

// Where a ray may next cross into what is kept.
fn next_crossing(ray: Ray, begin: f32, end: f32) -> f32 {
    var next = 1e30;
    for (var n = 0u; n < view.counts.x; n++) {
        let slope = dot(view.clip[n].xyz, ray.direction);
        if slope > 1e-9 {
            let mm = -(dot(view.clip[n].xyz, ray.origin) + view.clip[n].w) / slope;
            next = min(next, select(1e30, mm, mm > begin));
        }
    }
    for (var n = 0u; n < cuts.count.x; n++) {
        let o = (cuts.shapes[n].to * vec4<f32>(ray.origin, 1.0)).xyz;
        let d = (cuts.shapes[n].to * vec4<f32>(ray.direction, 0.0)).xyz;
        let size = cuts.shapes[n].size.xyz;
        let kind = cuts.shapes[n].kind.x;
        if kind < 0.5 {
            let safe = away_from_zero(d);
            let a = (-size - o) / safe;
            let b = (size - o) / safe;
            let near = max(max(min(a.x, b.x), min(a.y, b.y)), min(a.z, b.z));
            let far = min(min(max(a.x, b.x), max(a.y, b.y)), max(a.z, b.z));
            if near < far {
                next = min(next, after(begin, near, far));
            }
        } else if kind < 1.5 {
            let along = -dot(o, d);
            let beside = o + d * along;
            let half = size.x * size.x - dot(beside, beside);
            if half > 0.0 {
                next = min(next, after(begin, along - sqrt(half), along + sqrt(half)));
            }
        } else {
            next = min(next, into_lasso(ray, n, begin, min(end, next)));
        }
    }
    return next;
}

// Whether a segment that is hidden lies at a place.
fn hidden(tex: vec3<f32>) -> bool {
    if volume.labels.w == 0.0 {
        return false;
    }
    let size = vec3<i32>(textureDimensions(labels));
    let at = vec3<i32>(floor(tex * volume.size.xyz * volume.labels.xyz));
    let label = i32(textureLoad(labels, clamp(at, vec3<i32>(0), size - 1), 0).r);
    let solid = textureLoad(segment_terms, vec2<i32>(label, 1), 0).a;
    return max(textureLoad(segment_terms, vec2<i32>(label, 2), 0).r, solid) <= 0.0;
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> Capped {
    let ray = pixel_ray(position.xy);
    let track = track_of(ray);
    let interval = volume_interval(track);
    var mm = interval.x;
    for (var turns = 0u; turns < 64u; turns++) {
        mm = next_crossing(ray, mm, interval.y);
        if mm >= interval.y {
            break;
        }
        let rel = ray.origin + ray.direction * mm;
        let tex = track.origin + track.per_mm * mm;
        if kept(rel + ray.direction * HAIR) && left_at(tex) > 0.5 && !hidden(tex) {
            let value = value_at(tex);
            if value >= volume.window.z {
                let g = grey(value);
                let linear = select(pow((g + 0.055) / 1.055, 2.4), g / 12.92, g <= 0.04045);
                let clip = view.clip_from_rel * vec4<f32>(rel, 1.0);
                return Capped(vec4<f32>(linear, linear, linear, 1.0), clip.z / clip.w);
            }
        }
    }
    discard;
    return Capped(vec4<f32>(0.0), 0.0);
}
