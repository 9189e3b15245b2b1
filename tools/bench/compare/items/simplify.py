"""A skull to a tenth of its triangles: time, and the sampled distance both ways, against meshoptimizer,
fast-simplification and Open3D."""
import numpy as np

import meshes

SHARE = 0.1


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)
    goal = int(len(triangles) * SHARE)

    def check(made):
        return {**meshes.figures(*made), **meshes.distances((positions, triangles), made)}

    def meshopt():
        import meshoptimizer

        def run():
            out, error = np.zeros(triangles.size, np.uint32), np.zeros(1, np.float32)
            n = meshoptimizer.simplify(
                out, triangles.ravel().astype(np.uint32), positions, vertex_count=len(positions),
                vertex_positions_stride=12, target_index_count=3 * goal, target_error=1.0, result_error=error,
            )
            return positions, out[:n].reshape(-1, 3)

        return run, check

    def fast():
        import fast_simplification

        return (lambda: fast_simplification.simplify(positions, triangles, 1.0 - SHARE)), check

    def quadric():
        import open3d

        mesh = open3d.geometry.TriangleMesh(
            open3d.utility.Vector3dVector(positions), open3d.utility.Vector3iVector(triangles)
        )
        return (
            lambda: mesh.simplify_quadric_decimation(goal),
            lambda made: check((np.asarray(made.vertices), np.asarray(made.triangles))),
        )

    ours = ["simplify", *inputs.mesh_arguments("bone", positions, triangles), "--param", f"share={SHARE}"]
    peers = {"meshoptimizer": meshopt, "fast-simplification": fast, "Open3D": quadric}
    return ours, lambda stem: check(inputs.mesh_made(stem)), peers
