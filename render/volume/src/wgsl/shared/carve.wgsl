#import shared/volume.wgsl
// Voxels taken away by hand, mixed as segments are. Twin: CarveMask::taken_at.

// 0 kept to 255 taken away; volume.carve.xyz: voxels of it along each axis of a voxel that is drawn, w: 1 where there
// is one
@group(1) @binding(14) var carve: texture_3d<u32>;

// The share of what is left at a place of texture space.
fn left_at(tex: vec3<f32>) -> f32 {
    if volume.carve.w == 0.0 {
        return 1.0;
    }
    let size = vec3<i32>(textureDimensions(carve));
    let at = clamp(tex * volume.size.xyz * volume.carve.xyz - 0.5, vec3<f32>(0.0), vec3<f32>(size) - 1.0);
    let base = floor(at);
    let f = at - base;
    var taken = 0.0;
    for (var n = 0; n < 8; n++) {
        let corner = vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u);
        let w = select(1.0 - f, f, corner == vec3<i32>(1));
        let there = min(vec3<i32>(base) + corner, size - 1);
        taken += w.x * w.y * w.z * f32(textureLoad(carve, there, 0).r);
    }
    return 1.0 - taken / 255.0;
}

// The share of what shapes and carving leave of a stretch around `middle`.
fn left_between(ray: Ray, track: Track, middle: f32, length_mm: f32) -> f32 {
    let begin = ray.origin + ray.direction * (middle - 0.5 * length_mm);
    let share = kept_share(begin, begin + ray.direction * length_mm);
    if share <= 0.0 {
        return 0.0;
    }
    return share * left_at(track.origin + track.per_mm * middle);
}

// Whether shapes and carving leave a place.
fn shown_at(ray: Ray, tex: vec3<f32>, along: f32) -> bool {
    let kept = cuts.count.x == 0u || shape_height(ray.origin + ray.direction * along) >= 0.0;
    return kept && left_at(tex) > 0.5;
}
