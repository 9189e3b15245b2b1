"""Bone (a quarter of its triangles) grown by 2 mm on a 1 mm grid, against MeshLab's uniform resampling."""
import numpy as np

import meshes
from items.boolean import coarse_bone

BY = 2.0


def candidates(inputs):
    positions, triangles = coarse_bone(inputs)

    def check(mesh):
        import open3d

        figures = meshes.figures(*mesh)
        scene = open3d.t.geometry.RaycastingScene()
        scene.add_triangles(positions, triangles)
        distance = scene.compute_signed_distance(np.asarray(mesh[0], np.float32)).numpy()
        figures["mean_mm"] = float(distance.mean())
        figures["p99_off_mm"] = float(np.percentile(abs(distance - BY), 99))
        figures["max_off_mm"] = float(abs(distance - BY).max())
        return figures

    def meshlab():
        import pymeshlab

        work = pymeshlab.MeshSet()

        def run():
            work.clear()
            work.add_mesh(pymeshlab.Mesh(positions.astype(np.float64), triangles.astype(np.int32)))
            work.generate_resampled_uniform_mesh(cellsize=pymeshlab.PureValue(1.0), offset=pymeshlab.PureValue(BY))
            mesh = work.current_mesh()
            return mesh.vertex_matrix(), mesh.face_matrix()

        return run, check

    ours = ["offset", *inputs.mesh_arguments("boolean-bone", positions, triangles), "--param", f"by={BY}"]
    return ours, lambda stem: check(inputs.mesh_made(stem)), {"pymeshlab": meshlab}
