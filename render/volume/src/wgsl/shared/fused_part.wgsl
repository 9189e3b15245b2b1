// What one of several volumes adds to a march through all of them. Pasted once for each, with a number behind every name
// of this file and of dvr.wgsl (see fused.rs).

var<private> part_track: Track;
var<private> part_interval: vec2<f32>;
// up to here along the ray it is known whether something is to be seen, and whether nothing is
var<private> part_until: f32;
var<private> part_free: bool;

// Where the ray runs inside this volume.
fn part_begin(ray: Ray) -> vec2<f32> {
    part_track = track_of(ray);
    part_interval = clip_interval(ray, volume_interval(part_track));
    part_until = -1e30;
    part_free = false;
    return part_interval;
}

// Up to where this volume certainly shows nothing; `mm` itself where it may.
fn part_free_until(mm: f32) -> f32 {
    if mm >= part_interval.y {
        return 1e30;
    }
    if mm < part_interval.x {
        return part_interval.x;
    }
    if mm >= part_until {
        let tex = part_track.origin + part_track.per_mm * mm;
        let cell = cell_of(tex, textureDimensions(skip));
        let free = i32(textureLoad(skip, cell, 0).r);
        part_until = mm + distance_out_of_cells(part_track, tex, cell, max(free - 1, 0));
        part_free = free > 0;
    }
    return select(mm, part_until, part_free);
}

// Optical depth of the ray from `begin` to `end` times its colour, and optical depth. Where the ray enters or leaves this
// volume on the way, only what is inside counts.
fn part_between(ray: Ray, begin: f32, end: f32) -> vec4<f32> {
    let first = max(begin, part_interval.x);
    let length_mm = min(end, part_interval.y) - first;
    if length_mm <= 0.0 || part_free_until((begin + end) * 0.5) > (begin + end) * 0.5 {
        return vec4<f32>(0.0);
    }
    let a = value_at(part_track.origin + part_track.per_mm * first);
    let b = value_at(part_track.origin + part_track.per_mm * (first + length_mm));
    if max(a, b) <= volume.window.z && volume.labels.w <= 0.0 {
        return vec4<f32>(0.0);
    }
    let middle = part_track.origin + part_track.per_mm * (first + length_mm * 0.5);
    let g = gradient_at(middle);
    var entry = stretch(middle, a, b, share_of(g));
    entry.a *= left_between(ray, part_track, first + length_mm * 0.5, length_mm);
    let m = Material(volume.material.x, volume.material.y, volume.material.z, volume.material.w);
    let surface = smoothstep(volume.march.y, volume.march.z, length(g));
    let here = dimmed(m, middle, g, ray.direction, surface);
    let flat = unlit(entry.rgb, here);
    let colour = mix(flat, lit(entry.rgb, g, ray.direction, view.light.xyz, here), surface);
    return vec4<f32>(colour, 1.0) * (entry.a * length_mm);
}

// Share of a place of the ray, 0 to 1, that lies inside those labels of this volume whose bits are set.
fn part_inside(mm: f32, low: vec4<u32>, high: vec4<u32>) -> f32 {
    if volume.labels.w <= 0.0 || mm < part_interval.x || mm > part_interval.y {
        return 0.0;
    }
    let tex = part_track.origin + part_track.per_mm * mm;
    let size = vec3<i32>(textureDimensions(labels));
    let at = clamp(tex * volume.size.xyz * volume.labels.xyz - 0.5, vec3<f32>(0.0), vec3<f32>(size) - 1.0);
    let base = floor(at);
    let f = at - base;
    var inside = 0.0;
    for (var n = 0; n < 8; n++) {
        let corner = vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u);
        let label = textureLoad(labels, min(vec3<i32>(base) + corner, size - 1), 0).r;
        let w = select(1.0 - f, f, corner == vec3<i32>(1));
        let word = (label >> 5u) & 3u;
        let bits = select(low[word], high[word], label >= 128u);
        if ((bits >> (label & 31u)) & 1u) == 1u {
            inside += w.x * w.y * w.z;
        }
    }
    return inside;
}

fn part_step_mm() -> f32 {
    return volume.march.x;
}
