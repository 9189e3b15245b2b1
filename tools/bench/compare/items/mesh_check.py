"""Whether a skull is closed, consistently turned and a manifold, against trimesh and Open3D."""
import meshes


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)

    def tri():
        import trimesh

        def run():
            mesh = trimesh.Trimesh(positions, triangles, process=False)
            return mesh.is_watertight, mesh.is_winding_consistent

        return run, lambda made: {"closed": bool(made[0]), "turned": bool(made[1])}

    def open3d_check():
        import open3d

        mesh = open3d.geometry.TriangleMesh(
            open3d.utility.Vector3dVector(positions), open3d.utility.Vector3iVector(triangles)
        )
        return (
            lambda: (mesh.is_edge_manifold(False), mesh.is_vertex_manifold()),
            lambda made: {"edges": bool(made[0]), "vertices": bool(made[1])},
        )

    ours = ["mesh_check", *inputs.mesh_arguments("bone", positions, triangles)]
    return ours, None, {"trimesh": tri, "Open3D": open3d_check}
