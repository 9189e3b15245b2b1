//! What a defect lacks, taken from the other side.

use meshing_segment::{Param, Params};
use meshing_space::Point;
use meshing_surface::Mesh;
use meshing_volume::{Part, Phrase, Progress};

use super::region::Local;
use crate::recipe::{Made, Plan, Recipe, value};
use crate::tidy::printable;
use crate::{Field, Lettering, Pose, SolidError, gyroid_fill, offset, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "mirrored_implant",
    version: 2,
    title: Phrase::new("Mirrored implant", "镜像植入物"),
    doc: Phrase::new(
        "What the bone, mirrored in the plan's plane, has within the region and the bone itself has not, with a gap to the \
          bone and slivers thinner than twice the rim radius removed; solid, or filled with a gyroid lattice. The largest piece is kept.",
        "把骨按规划的平面镜像，取区域内镜像有而骨没有的部分，与骨留有间隙，去掉薄于两倍圆角半径的薄片；实心，或填充螺旋面点阵。保留最大的一块。",
    ),
    params: PARAMS,
    parts: |_| 1,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "gap",
        unit: Phrase::symbol("mm"),
        default: Some(0.5),
        min: 0.0,
        max: 3.0,
        doc: Phrase::new("Gap to the bone around.", "与周围骨的间隙。"),
    },
    Param {
        id: "rim",
        unit: Phrase::symbol("mm"),
        default: Some(0.8),
        min: 0.0,
        max: 4.0,
        doc: Phrase::new("Radius that rims are rounded to.", "边缘的圆角半径。"),
    },
    Param {
        id: "spacing",
        unit: Phrase::symbol("mm"),
        default: Some(0.5),
        min: 0.2,
        max: 2.0,
        doc: Phrase::new("Grid of the shape.", "形状的网格间距。"),
    },
    Param {
        id: "porosity",
        unit: Phrase::symbol(""),
        default: Some(0.0),
        min: 0.0,
        max: 0.9,
        doc: Phrase::new(
            "Share that a gyroid lattice leaves empty, from 0.3 on; 0 makes the implant solid.",
            "螺旋面点阵留空的比例，不小于 0.3；0 表示实心植入物。",
        ),
    },
    Param {
        id: "cell",
        unit: Phrase::symbol("mm"),
        default: Some(4.0),
        min: 1.0,
        max: 20.0,
        doc: Phrase::new("Cells of the lattice.", "点阵单元的大小。"),
    },
    Param {
        id: "skin",
        unit: Phrase::symbol("mm"),
        default: Some(0.0),
        min: 0.0,
        max: 5.0,
        doc: Phrase::new(
            "Solid wall around the lattice; 0 leaves its cells open.",
            "点阵外的实心壁厚；0 表示单元敞开。",
        ),
    },
];

/// Steps of the lattice's grid across its sheet, which is (1 − porosity) · cell / 3.09 thick.
const STEPS: f64 = 1.6;

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let (gap, rim, spacing) = (of("gap"), of("rim"), of("spacing"));
    let porosity = of("porosity");
    let plane = plan.plane.ok_or_else(|| {
        SolidError::refused("a mirrored implant needs the plane of symmetry", "镜像植入物需要对称平面")
    })?;
    // In own coordinates of a frame along the insertion, as regions are.
    let middle = bone.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.center();
    let frame = Pose::along(middle, plan.insertion * -1.0)?;
    let region = Local::new(&plan.region, &frame)?;
    let (own, mirrored) = (frame.own_mesh(bone), frame.own_mesh(&mirror(bone, &plane)));
    let space =
        meshing_space::Aabb { min: Point::from_dvec3(region.low), max: Point::from_dvec3(region.high) };
    let band = gap + 3.0 * spacing;
    let here = Field::of_mesh_in(&own, space, spacing, band, &Part::new(progress, 0.0, 0.3))?;
    let there = Field::of_mesh_in(&mirrored, space, spacing, band, &Part::new(progress, 0.3, 0.6))?;
    let gap_field = here.mapped(|at, d| (gap as f32 - d).max(region.distance(at.as_dvec3()) as f32));
    let mut made = there.intersection(&gap_field)?.surface(0.0)?;
    let nothing = || {
        SolidError::refused(
            "the mirrored bone has nothing in the region that the bone lacks",
            "镜像骨在该区域内没有多出的部分",
        )
    };
    if made.triangles.is_empty() {
        return Err(nothing());
    }
    if rim > 0.0 {
        let core = offset(&made, -rim, spacing, &Part::new(progress, 0.6, 0.7))?;
        made = offset(&core, rim, spacing, &Part::new(progress, 0.7, 0.8))?;
    }
    let mut found = pieces(&made).into_iter();
    let main = found.next().ok_or_else(nothing)?;
    let crumbs_mm3 = found.map(|piece| piece.volume_mm3).sum();
    let mut mesh = main.mesh;
    if porosity > 0.0 {
        let fine = spacing.min((1.0 - porosity) * of("cell") / 3.09 / STEPS);
        let fill = Part::new(progress, 0.8, 1.0);
        mesh = gyroid_fill(&mesh, of("cell"), porosity, of("skin"), fine, &fill)?;
    }
    Ok(Made { mesh: printable(&frame.lps_mesh(&mesh)), params: params.clone(), label: None, crumbs_mm3 })
}

/// A mesh mirrored in the plane across a pose's axis, still facing outwards.
fn mirror(mesh: &Mesh, plane: &Pose) -> Mesh {
    let turn = |p: &Point<_>| {
        let [x, y, z] = plane.own(*p);
        plane.lps([x, y, -z])
    };
    Mesh {
        positions: mesh.positions.iter().map(turn).collect(),
        triangles: mesh.triangles.iter().map(|&[a, b, c]| [a, c, b]).collect(),
    }
}
