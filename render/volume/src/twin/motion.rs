//! Twin of motion.wgsl.

use crate::{DepthPicture, Motion, NOTHING_MM, ViewMatrices, WarpBy};

/// Where each pixel of a picture was in an earlier view of the same scene, row by row.
pub fn motion(picture: &DepthPicture, [before, now]: [&ViewMatrices; 2], by: WarpBy) -> Vec<Motion> {
    let size = [picture.colour.width(), picture.colour.height()].map(f64::from);
    let pixels = picture.colour.enumerate_pixels();
    pixels
        .map(|(x, y, _)| {
            let pixel = [x, y].map(|n| f64::from(n) + 0.5);
            let [right, down] = [0, 1].map(|a| pixel[a] / size[a] * 2.0 - 1.0);
            let shown = picture.at(x, y).map_or(NOTHING_MM, |d| match by {
                WarpBy::Rotation => NOTHING_MM,
                WarpBy::First => d.first_mm,
                WarpBy::Mean => d.mean_mm,
            });
            let clip = if shown < NOTHING_MM {
                before.clip(now.place(right, -down, f64::from(shown)))
            } else {
                let direction = now.ray(right, -down).1.as_dvec3();
                before.clip_from_view * before.view_from_lps.transform_vector3(direction).extend(0.0)
            };
            let seen = clip.w > 1e-6 && clip.z <= clip.w;
            let was = [0.5 + 0.5 * clip.x / clip.w, 0.5 - 0.5 * clip.y / clip.w];
            seen.then(|| [0, 1].map(|a| (was[a] * size[a] - pixel[a]) as f32))
        })
        .collect()
}
