#import shared/volume.wgsl
// In the place of shared/carve.wgsl where nothing is carved.

fn left_between(ray: Ray, track: Track, middle: f32, length_mm: f32) -> f32 {
    let begin = ray.origin + ray.direction * (middle - 0.5 * length_mm);
    return kept_share(begin, begin + ray.direction * length_mm);
}
