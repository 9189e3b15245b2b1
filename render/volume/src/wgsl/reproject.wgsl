#import shared/cover.wgsl
// An older picture as a new eye sees it: each new ray is followed over the old picture until it passes behind what
// that shows. Twin: twin::reproject.

struct Warp {
    old_from_new_clip: mat4x4<f32>,
    old_rel_from_clip: mat4x4<f32>,
    // pixels across and down of the old picture, then of the new one
    size: vec4<f32>,
    // reverse-Z depths in the new view at which the search begins and ends; z: mm that count as a surface's thickness;
    // w: 0 turns only, 1 goes by the first hit, 2 by the mean
    search: vec4<f32>,
}

@group(0) @binding(0) var<uniform> warp: Warp;
@group(0) @binding(1) var colours: texture_2d<f32>;
// mm to the first hit, mean mm, opacity
@group(0) @binding(2) var depths: texture_2d<f32>;

// A depth so far away that it may pass for infinity, and still has a distance.
const FAR: f32 = 1e-6;

struct Place {
    // of the old picture, in pixels
    pixel: vec2<f32>,
    inside: bool,
    // how far the place lies behind what the old picture shows there; negative before it
    behind_mm: f32,
    shown_mm: f32,
}

fn shown_at(texel: vec2<i32>) -> f32 {
    let shown = textureLoad(depths, texel, 0);
    return select(shown.y, shown.x, warp.search.w < 1.5);
}

fn old_rel(ndc: vec3<f32>) -> vec3<f32> {
    let h = warp.old_rel_from_clip * vec4<f32>(ndc, 1.0);
    return h.xyz / h.w;
}

// Where a place of the new view falls in the old picture.
fn place_at(ndc: vec2<f32>, depth: f32) -> Place {
    let h = warp.old_from_new_clip * vec4<f32>(ndc, depth, 1.0);
    if h.w <= 1e-9 {
        return Place(vec2<f32>(0.0), false, -1e30, 0.0);
    }
    let old = h.xyz / h.w;
    let pixel = vec2<f32>(old.x * 0.5 + 0.5, 0.5 - old.y * 0.5) * warp.size.xy;
    if any(pixel < vec2<f32>(0.0)) || any(pixel >= warp.size.xy) {
        return Place(pixel, false, -1e30, 0.0);
    }
    let mm = distance(old_rel(vec3<f32>(old.xy, max(old.z, FAR))), old_rel(vec3<f32>(old.xy, 1.0)));
    let shown_mm = shown_at(vec2<i32>(pixel));
    return Place(pixel, true, mm - shown_mm, shown_mm);
}

// The four pixels around a place, mixed, without those that lie nearer: what hides something must not bleed into
// it.
fn colour_at(place: Place) -> vec4<f32> {
    let last = vec2<i32>(warp.size.xy) - 1;
    let at = clamp(place.pixel - 0.5, vec2<f32>(0.0), vec2<f32>(last));
    let base = vec2<i32>(floor(at));
    let f = at - floor(at);
    let all = !place.inside || warp.search.w < 0.5;
    var sum = vec4<f32>(0.0);
    var weights = 0.0;
    for (var n = 0; n < 4; n++) {
        let corner = vec2<i32>(n & 1, n >> 1u);
        let texel = min(base + corner, last);
        let shares = select(1.0 - f, f, corner == vec2<i32>(1));
        var weight = shares.x * shares.y;
        if !all && place.shown_mm - shown_at(texel) > warp.search.z {
            weight = 0.0;
        }
        sum += weight * textureLoad(colours, texel, 0);
        weights += weight;
    }
    return sum / max(weights, 1e-6);
}

struct Warped {
    @location(0) colour: vec4<f32>,
    // 1 where the old picture cannot know what is to be seen; nobody need take it
    @location(1) disoccluded: f32,
}

fn result(place: Place, known: bool) -> Warped {
    return Warped(colour_at(place), select(1.0, 0.0, known));
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> Warped {
    let unit = position.xy / warp.size.zw;
    let ndc = vec2<f32>(unit.x * 2.0 - 1.0, 1.0 - unit.y * 2.0);
    if warp.search.w < 0.5 {
        let far = place_at(ndc, FAR);
        return result(far, far.inside);
    }
    let near = place_at(ndc, warp.search.x);
    let end = place_at(ndc, warp.search.y);
    let steps = clamp(ceil(distance(near.pixel, end.pixel)), 1.0, 128.0);
    var before = near;
    var before_depth = warp.search.x;
    // the farthest thing on the way lies behind whatever hid the rest
    var deepest = near;
    for (var k = 1.0; k <= steps; k += 1.0) {
        let depth = mix(warp.search.x, warp.search.y, k / steps);
        let here = place_at(ndc, depth);
        if here.inside && here.shown_mm >= deepest.shown_mm {
            deepest = here;
        }
        if before.behind_mm < 0.0 && here.behind_mm >= 0.0 {
            var low = before_depth;
            var high = depth;
            var hit = here;
            for (var halving = 0; halving < 8; halving++) {
                let middle = (low + high) * 0.5;
                let place = place_at(ndc, middle);
                if place.behind_mm < 0.0 {
                    low = middle;
                } else {
                    high = middle;
                    hit = place;
                }
            }
            if hit.behind_mm <= warp.search.z {
                return result(hit, true);
            }
        }
        before = here;
        before_depth = depth;
    }
    let open = before.inside && before.behind_mm < 0.0;
    if open || !deepest.inside {
        return result(before, open);
    }
    return result(deepest, false);
}
