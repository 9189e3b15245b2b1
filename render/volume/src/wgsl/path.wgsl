#import shared/volume.wgsl
#import shared/path_random.wgsl
#import shared/path_scatter.wgsl
// Path tracing of one volume: delta tracking with a majorant by cell (Woodcock 1965; Szirmay-Kalos and others
// 2011), ratio tracking towards the lamps (Novák and others 2014), collisions as in fog or as on a surface by
// the gradient (Kroes, Post and Botha 2012, "Exposure Render"). Twin: twin::path.
// On a software driver lanes run in step and all branches are walked, so a lane whose path has ended begins its
// next sample at once instead of waiting for its neighbours.

// Buffers, not textures: a software driver reads them several times faster.
@group(1) @binding(3) var<storage, read> colours: array<vec4<f32>>;
@group(1) @binding(4) var<storage, read> extinctions: array<f32>;
// per cell: the largest extinction per mm; or, where nothing is seen, minus the cells to the nearest that has some
@group(1) @binding(5) var<storage, read> majorants: array<f32>;

struct Lamp {
    // middle relative to the eye; w: radius mm
    middle: vec4<f32>,
    // the way it shines; w: the share of the paths that go to this lamp or one before it
    facing: vec4<f32>,
    // radiance times area over the lamp's share of the paths
    power: vec4<f32>,
}

struct PathUniform {
    above: vec4<f32>,
    below: vec4<f32>,
    // xyz: up for the two; w: g of the phase function
    up: vec4<f32>,
    // alpha and head-on reflectance of the highlight, what it takes from all sides, greatest share of surface
    surface: vec4<f32>,
    lamps: array<Lamp, 4>,
    // albedo of the highlight by cosine, 32 steps from 0 to 1
    highlight: array<vec4<f32>, 8>,
    // pixels across and down, first sample, sample after the last
    picture: vec4<u32>,
    // lamps, bounces, seed, edge of a cell in voxels
    counts: vec4<u32>,
}

@group(3) @binding(0) var<uniform> path: PathUniform;
// sums over the samples: light and coverage; colour and distance of the first collision; its normal, and the
// squares of the brightness
@group(3) @binding(1) var<storage, read_write> light_sum: array<vec4<f32>>;
@group(3) @binding(2) var<storage, read_write> colour_sum: array<vec4<f32>>;
@group(3) @binding(3) var<storage, read_write> normal_sum: array<vec4<f32>>;

const STEPS: u32 = 65536u;

// Where a value lies between the entries of the transfer function.
fn entry_of(value: f32) -> f32 {
    return clamp((value - volume.value.z) * volume.value.w, 0.0, volume.march.w);
}

fn cells_of() -> vec3<i32> {
    return vec3<i32>(ceil(volume.size.xyz / f32(path.counts.w)));
}

// A walk along a ray from cell to cell; places and steps per mm in cells.
struct Walk {
    origin: vec3<f32>,
    per_mm: vec3<f32>,
    mm_per: vec3<f32>,
    end: f32,
    // where it is, in mm and as a cell
    mm: f32,
    cell: vec3<i32>,
    // of that cell
    majorant: f32,
}

fn walk_of(track: Track, interval: vec2<f32>) -> Walk {
    let scale = volume.size.xyz / f32(path.counts.w);
    let begin = (track.origin + track.per_mm * interval.x) * scale;
    let cell = clamp(vec3<i32>(floor(begin)), vec3<i32>(0), cells_of() - 1);
    let per_mm = away_from_zero(track.per_mm * scale);
    return Walk(track.origin * scale, per_mm, 1.0 / per_mm, interval.y, interval.x, cell, 0.0);
}

// Walks on until `depth` (optical, under the majorants) is used up. False when the ray ends before.
fn walk_on(walk: ptr<function, Walk>, depth: f32) -> bool {
    let w = *walk;
    let cells = cells_of();
    let forward = w.per_mm > vec3<f32>(0.0);
    let sign = select(vec3<i32>(-1), vec3<i32>(1), forward);
    let ahead = select(vec3<i32>(0), vec3<i32>(1), forward);
    var mm = w.mm;
    var cell = w.cell;
    var left = depth;
    var majorant = 0.0;
    var found = false;
    for (var turns = 0u; turns < STEPS; turns++) {
        if mm >= w.end || any(cell < vec3<i32>(0)) || any(cell >= cells) {
            break;
        }
        majorant = majorants[(cell.z * cells.y + cell.y) * cells.x + cell.x];
        let reach = max(i32(-majorant) - 1, 0);
        majorant = max(majorant, 0.0);
        let out = (vec3<f32>(cell + ahead + sign * reach) - w.origin) * w.mm_per;
        let leave = max(min(out.x, min(out.y, out.z)), mm);
        let stop = min(leave, w.end);
        let cost = majorant * (stop - mm);
        if left < cost {
            mm += left / majorant;
            found = true;
            break;
        }
        left -= cost;
        mm = stop;
        // the cell behind the face that was met; rounding must not leave the box along the other axes
        let beside = clamp(vec3<i32>(floor(w.origin + w.per_mm * mm)), cell - reach, cell + reach);
        cell = select(beside, cell + sign * (reach + 1), out <= vec3<f32>(leave));
    }
    (*walk).mm = mm;
    (*walk).cell = cell;
    (*walk).majorant = majorant;
    return found;
}

fn depth_of(u: f32) -> f32 {
    return -log(1.0 - u);
}

// Extinction per mm at a place.
fn extinction_at(tex: vec3<f32>) -> f32 {
    let x = entry_of(value_at(tex));
    let i = u32(min(x, volume.march.w - 1.0));
    return mix(extinctions[i], extinctions[i + 1u], x - f32(i));
}

// Linear colour at a place.
fn colour_at(tex: vec3<f32>) -> vec3<f32> {
    let x = entry_of(value_at(tex));
    let i = u32(min(x, volume.march.w - 1.0));
    return mix(colours[i].rgb, colours[i + 1u].rgb, x - f32(i));
}

// Distance of the next collision, below 0 when the ray leaves. `first` is the number for its first try.
fn collision(track: Track, interval: vec2<f32>, first: f32, random: ptr<function, Random>) -> f32 {
    var walk = walk_of(track, interval);
    var u = first;
    for (var turns = 0u; turns < STEPS; turns++) {
        if !walk_on(&walk, depth_of(u)) {
            return -1.0;
        }
        let extinction = extinction_at(track.origin + track.per_mm * walk.mm);
        if loose(random) * walk.majorant < extinction {
            return walk.mm;
        }
        u = loose(random);
    }
    return -1.0;
}

// The share of light that comes through, without bias: ratio tracking, with a roulette once little is left.
fn transmittance(track: Track, interval: vec2<f32>, random: ptr<function, Random>) -> f32 {
    var walk = walk_of(track, interval);
    var share = 1.0;
    for (var turns = 0u; turns < STEPS; turns++) {
        if share <= 0.0 || !walk_on(&walk, depth_of(loose(random))) {
            break;
        }
        let extinction = extinction_at(track.origin + track.per_mm * walk.mm);
        share *= max(1.0 - extinction / walk.majorant, 0.0);
        if share < 0.1 {
            share = select(0.0, 0.1, loose(random) * 0.1 < share);
        }
    }
    return share;
}

fn free_interval(ray: Ray, track: Track) -> vec2<f32> {
    let inside = volume_interval(track);
    return clip_interval(ray, vec2<f32>(max(inside.x, 0.0), inside.y));
}

// The sky, which has no place: one colour above, another below.
fn sky(direction: vec3<f32>) -> vec3<f32> {
    return mix(path.below.rgb, path.above.rgb, 0.5 + 0.5 * dot(direction, path.up.xyz));
}

// The albedo of the highlight by the cosine to the normal.
fn highlight_at(cosine: f32) -> f32 {
    let x = clamp(cosine, 0.0, 1.0) * 31.0;
    let i = min(u32(x), 30u);
    let a = path.highlight[i >> 2u][i & 3u];
    let b = path.highlight[(i + 1u) >> 2u][(i + 1u) & 3u];
    return mix(a, b, x - f32(i));
}

struct Scatter {
    surface: bool,
    // normal as the third axis; the way before, and towards where it came from, in that frame
    frame: mat3x3<f32>,
    before: vec3<f32>,
    out: vec3<f32>,
    out_share: f32,
    material: Surface,
}

// BRDF times cosine, or albedo times phase, towards a light; and the density of `onward` for it.
fn scattered(s: Scatter, to: vec3<f32>) -> Reflected {
    let local = to * s.frame;
    let off = reflected(s.material, s.out, local, s.out_share, highlight_at(local.z));
    let through = phase(dot(s.before, to), path.up.w);
    if s.surface {
        return off;
    }
    return Reflected(s.material.albedo * through, through);
}

// Light of one lamp at a place, not yet dimmed by what lies between; w: how far the lamp is.
struct Lit {
    light: vec3<f32>,
    to: vec3<f32>,
    mm: f32,
}

fn lamp_light(place: vec3<f32>, choice: f32, u: vec2<f32>) -> Lit {
    var n = 0u;
    for (var i = 0u; i + 1u < path.counts.x; i++) {
        n += select(0u, 1u, choice >= path.lamps[i].facing.w);
    }
    let lamp = path.lamps[n];
    let turn = 2.0 * PI * u.x;
    let on = vec3<f32>(vec2<f32>(cos(turn), sin(turn)) * sqrt(u.y) * lamp.middle.w, 0.0);
    let arm = lamp.middle.xyz + frame_of(lamp.facing.xyz) * on - place;
    let mm = max(length(arm), 1e-3);
    let to = arm / mm;
    let facing = max(-dot(to, lamp.facing.xyz), 0.0);
    return Lit(lamp.power.rgb * (facing / (mm * mm)), to, mm);
}

fn brightness(c: vec3<f32>) -> f32 {
    return dot(c, vec3<f32>(0.2126, 0.7152, 0.0722));
}

// A pixel's place by lane: eight neighbouring lanes, a software driver's vector, hold a block of 4 x 2.
fn pixel_of(group: vec2<u32>, lane: u32) -> vec2<u32> {
    let x = (lane & 3u) | ((lane >> 1u) & 4u);
    let y = ((lane >> 2u) & 1u) | ((lane >> 3u) & 6u);
    return group * 8u + vec2<u32>(x, y);
}

@compute @workgroup_size(64)
fn trace(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let pixel = pixel_of(group.xy, lane);
    if any(pixel >= path.picture.xy) {
        return;
    }
    let index = pixel.y * path.picture.x + pixel.x;
    let g = path.up.w;
    var light = vec4<f32>(0.0);
    var colour = vec4<f32>(0.0);
    var normal = vec4<f32>(0.0);

    var sample = path.picture.z;
    var bounce = 0u;
    var random = random_of(index, sample, path.counts.z);
    var ray = Ray(vec3<f32>(0.0), vec3<f32>(0.0, 0.0, 1.0));
    var through = vec3<f32>(1.0);
    var gathered = vec3<f32>(0.0);
    for (var turns = 0u; turns < 0x100000u; turns++) {
        if sample >= path.picture.w {
            break;
        }
        var reach = 1e30;
        if bounce == 0u {
            random = random_of(index, sample, path.counts.z);
            let position = vec2<f32>(pixel) + pair(random, 0u);
            ray = pixel_ray(position);
            reach = distance_to_scene(position, ray);
            through = vec3<f32>(1.0);
            gathered = vec3<f32>(0.0);
        }
        let slot = 1u + bounce * 4u;
        let choice = pair(random, slot);
        let track = track_of(ray);
        var interval = free_interval(ray, track);
        interval.y = min(interval.y, reach);
        let mm = collision(track, interval, choice.x, &random);
        let hit = mm >= 0.0;
        var done = true;
        if hit {
            let place = ray.origin + ray.direction * mm;
            let tex = track.origin + track.per_mm * mm;
            let albedo = clamp(colour_at(tex), vec3<f32>(0.0), vec3<f32>(1.0));
            let slope = gradient_at(tex);
            let steep = length(slope);
            var n = select(-ray.direction, slope / max(steep, 1e-6), steep > 1e-6);
            n = select(n, -n, dot(n, ray.direction) > 0.0);
            let share = smoothstep(volume.march.y, volume.march.z, steep) * path.surface.w;

            var s: Scatter;
            s.surface = choice.y < share;
            s.frame = frame_of(n);
            s.before = ray.direction;
            s.out = -ray.direction * s.frame;
            s.out_share = highlight_at(s.out.z);
            s.material = Surface(albedo, path.surface.x, path.surface.y, path.surface.z);

            let other = pair(random, slot + 3u);
            if path.counts.x > 0u {
                let lit = lamp_light(place, other.x, pair(random, slot + 1u));
                let arriving = through * lit.light * scattered(s, lit.to).value;
                let shadow = Ray(place, lit.to);
                let shadow_track = track_of(shadow);
                var way = free_interval(shadow, shadow_track);
                way.y = min(way.y, lit.mm);
                // what would add nothing has no way to walk
                way.y = select(way.x, way.y, brightness(arriving) > 0.0);
                gathered += arriving * transmittance(shadow_track, way, &random);
            }

            let u = pair(random, slot + 2u);
            let off = s.frame * surface_direction(s.material, s.out, s.out_share, other.y, u);
            let onward = select(phase_direction(ray.direction, g, u), off, s.surface);
            let next = scattered(s, onward);
            through *= next.value / max(next.density, 1e-9);
            ray = Ray(place, onward);
            if bounce == 0u {
                colour += vec4<f32>(albedo, mm);
                normal += vec4<f32>(n, 0.0);
                light.a += 1.0;
            }
            bounce += 1u;
            // roulette from the third bounce on
            var keep = 1.0;
            if bounce > 2u {
                keep = clamp(max(through.r, max(through.g, through.b)), 0.0, 1.0);
            }
            done = next.density <= 0.0 || bounce > path.counts.y || loose(&random) >= keep;
            through /= max(keep, 1e-6);
        } else if bounce > 0u {
            gathered += through * sky(ray.direction);
        }
        if done {
            light += vec4<f32>(gathered, 0.0);
            let b = brightness(gathered);
            normal.w += b * b;
            bounce = 0u;
            sample += 1u;
        }
    }
    light_sum[index] += light;
    colour_sum[index] += colour;
    normal_sum[index] += normal;
}
