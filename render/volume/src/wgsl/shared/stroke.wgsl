#import shared/view.wgsl
// A segment of a line, or a point, as a band of the screen with round ends and a soft edge of one pixel.

struct StrokeUniform {
    // xyz: the item's origin relative to the eye
    origin: vec4<f32>,
    // linear colour, opacity
    colour: vec4<f32>,
    // x: half the width; y: 1 where that is in mm, 0 where in pixels; z, w: pixels per mm at clip w = 1 for each
    // eye
    width: vec4<f32>,
    // what is shown of hidden parts. x: opacity; y, z: pixels on and off, 0 for no dashes
    behind: vec4<f32>,
    // x: the first segment's number among what is translucent
    number: vec4<u32>,
}

@group(1) @binding(0) var<uniform> stroke: StrokeUniform;

struct Segment {
    // in the item's space; w of before and after: 1 where there is a neighbour
    @location(0) before: vec4<f32>,
    @location(1) a: vec3<f32>,
    @location(2) b: vec3<f32>,
    @location(3) after: vec4<f32>,
    // mm of the line up to a and up to b
    @location(4) run: vec2<f32>,
}

struct Band {
    @invariant @builtin(position) position: vec4<f32>,
    // pixels of the viewport
    @location(0) @interpolate(flat) ends: vec4<f32>,
    // the far ends of the neighbours; the ends themselves where there is none
    @location(1) @interpolate(flat) beyond: vec4<f32>,
    // half the width in pixels at both ends; 1 over clip w at both ends
    @location(2) @interpolate(flat) half: vec4<f32>,
    // depth of the front of the band, and of its middle, at both ends
    @location(3) @interpolate(flat) depths: vec4<f32>,
    // mm of the line at both ends
    @location(4) @interpolate(flat) run: vec2<f32>,
    // the segment's number among what is translucent
    @location(5) @interpolate(flat) item: u32,
}

fn stroke_pixel(clip: vec4<f32>) -> vec2<f32> {
    let ndc = clip.xy / clip.w;
    return (vec2<f32>(ndc.x, -ndc.y) * 0.5 + 0.5) * view.viewport.zw;
}

fn stroke_clip(local: vec3<f32>) -> vec4<f32> {
    return view.clip_from_rel * vec4<f32>(local + stroke.origin.xyz, 1.0);
}

// Where a neighbour ends on the screen; `here` where there is none, or it leaves through the near plane.
fn beyond(neighbour: vec4<f32>, here: vec2<f32>) -> vec2<f32> {
    let clip = stroke_clip(neighbour.xyz);
    if neighbour.w < 0.5 || clip.w - clip.z < 0.0 || clip.w <= 0.0 {
        return here;
    }
    return stroke_pixel(clip);
}

// Depth `mm` before a place, on its ray.
fn lifted_depth(local: vec3<f32>, pixel: vec2<f32>, mm: f32) -> f32 {
    let ray = pixel_ray(pixel + view.viewport.xy);
    let rel = local + stroke.origin.xyz;
    let room = max(dot(rel - ray.origin, ray.direction), 0.0);
    let clip = view.clip_from_rel * vec4<f32>(rel - ray.direction * min(mm, 0.9 * room), 1.0);
    return clip.z / clip.w;
}

const NOWHERE: vec4<f32> = vec4<f32>(2.0, 2.0, 0.0, 1.0);

fn stroke_band(index: u32, instance: u32, s: Segment) -> Band {
    let item = stroke.number.x + instance;
    var a = s.a;
    var b = s.b;
    var run = s.run;
    var clip_a = stroke_clip(a);
    var clip_b = stroke_clip(b);
    // what is nearer than the near plane is cut off
    let room_a = clip_a.w - clip_a.z;
    let room_b = clip_b.w - clip_b.z;
    if room_a <= 0.0 && room_b <= 0.0 {
        return Band(NOWHERE, vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), run, item);
    }
    let cut = clamp(room_a / select(1.0, room_a - room_b, room_a != room_b), 0.0, 1.0);
    if room_a < 0.0 {
        a = mix(a, b, min(cut + 1e-5, 1.0));
        run.x = mix(run.x, run.y, cut);
        clip_a = stroke_clip(a);
    } else if room_b < 0.0 {
        b = mix(s.a, b, max(cut - 1e-5, 0.0));
        run.y = mix(run.x, run.y, cut);
        clip_b = stroke_clip(b);
    }
    let from_px = stroke_pixel(clip_a);
    let to_px = stroke_pixel(clip_b);
    let per_mm = stroke.width[2 + eye] / vec2<f32>(clip_a.w, clip_b.w);
    let half = select(vec2<f32>(stroke.width.x), stroke.width.x * per_mm, stroke.width.y > 0.5);
    let half_mm = half / per_mm;
    let length_px = distance(from_px, to_px);
    var along = vec2<f32>(1.0, 0.0);
    if length_px > 1e-4 {
        along = (to_px - from_px) / length_px;
    }
    let side = vec2<f32>(-along.y, along.x) * (f32(i32(index & 1u) * 2 - 1) * (max(half.x, half.y) + 1.5));
    let corner = select(from_px - along * (half.x + 1.5), to_px + along * (half.y + 1.5), index >= 2u) + side;
    let ndc = corner / view.viewport.zw * 2.0 - 1.0;
    return Band(
        vec4<f32>(ndc.x, -ndc.y, 0.5, 1.0),
        vec4<f32>(from_px, to_px),
        vec4<f32>(beyond(s.before, from_px), beyond(s.after, to_px)),
        vec4<f32>(half, 1.0 / clip_a.w, 1.0 / clip_b.w),
        vec4<f32>(
            lifted_depth(a, from_px, half_mm.x),
            lifted_depth(b, to_px, half_mm.y),
            clip_a.z / clip_a.w,
            clip_b.z / clip_b.w,
        ),
        run,
        item,
    );
}

// Share of the way from a to b at which the segment is nearest to a pixel.
fn nearest_part(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>) -> f32 {
    let d = b - a;
    return clamp(dot(p - a, d) / max(dot(d, d), 1e-12), 0.0, 1.0);
}

fn distance_px(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>) -> f32 {
    return distance(p, mix(a, b, nearest_part(p, a, b)));
}

struct Touch {
    // share of the pixel that the band covers, 0..1; 0 where a neighbour is nearer or a plane cuts
    coverage: f32,
    // of the front of the band
    depth: f32,
    // mm of the line there, and pixels per mm
    run: f32,
    per_mm: f32,
}

fn stroke_touch(in: Band) -> Touch {
    let p = in.position.xy - view.viewport.xy;
    let t = nearest_part(p, in.ends.xy, in.ends.zw);
    let here = distance(p, mix(in.ends.xy, in.ends.zw, t));
    let half = mix(in.half.x, in.half.y, t);
    // thinner than a pixel is a fainter pixel
    let coverage = clamp(max(half, 0.5) + 0.5 - here, 0.0, 1.0) * min(half * 2.0, 1.0);
    let depth = mix(in.depths.x, in.depths.y, t);
    let over_w = mix(in.half.z, in.half.w, t);
    let run = mix(in.run.x * in.half.z, in.run.y * in.half.w, t) / over_w;
    let rel = rel_from_ndc(vec3<f32>(ndc_of(in.position.xy), mix(in.depths.z, in.depths.w, t)));
    // each pixel of a joint belongs to one of the two
    let joined_before = any(in.beyond.xy != in.ends.xy);
    let joined_after = any(in.beyond.zw != in.ends.zw);
    let taken = (joined_before && distance_px(p, in.beyond.xy, in.ends.xy) <= here)
        || (joined_after && distance_px(p, in.ends.zw, in.beyond.zw) < here);
    return Touch(select(coverage, 0.0, taken || !kept(rel)), depth, run, stroke.width[2 + eye] * over_w);
}
