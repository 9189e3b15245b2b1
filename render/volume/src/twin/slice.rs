//! Twin of slice.wgsl.

use meshing_volume::Volume;

use super::{Hit, Ray, linear_grey, value_at};
use crate::{ClipPlanes, SlicePlane, Window};

/// Where a ray meets a slice, and its grey there.
pub fn slice(
    ray: &Ray,
    volume: &Volume,
    plane: &SlicePlane,
    window: Window,
    clip: &ClipPlanes,
) -> Option<Hit> {
    let slope = ray.direction.dot(plane.away());
    if slope.abs() < 1e-9 {
        return None;
    }
    let distance_mm = (plane.origin - ray.start).dot(plane.away()) / slope;
    let place = ray.at(distance_mm);
    let [column, row, _] = plane.pixel(place);
    let on = |p: f64, n: u32| (-0.5..=f64::from(n) - 0.5).contains(&p);
    let ijk = volume.grid().ijk_from_lps() * place;
    let inside = ijk.to_array().iter().zip(volume.grid().size()).all(|(&p, n)| on(p, n as u32));
    if distance_mm < 0.0
        || !on(column, plane.size[0])
        || !on(row, plane.size[1])
        || !inside
        || !clip.keeps(place)
    {
        return None;
    }
    let light = linear_grey(window.grey(value_at(volume, ijk)));
    Some(Hit { distance_mm, colour: [light; 3] })
}
