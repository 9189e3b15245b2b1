"""Bone of a phantom as binary STL in memory, against trimesh."""
import meshes


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)

    def by_trimesh(normals_kept):
        def make():
            import trimesh

            mesh = trimesh.Trimesh(positions, triangles, process=False)

            def run():
                # Normals are part of the file; trimesh keeps them once made.
                if not normals_kept:
                    mesh._cache.clear()
                return trimesh.exchange.stl.export_stl(mesh)

            return run, lambda made: {"bytes": len(made)}

        return make

    ours = ["stl_write", *inputs.mesh_arguments("bone", positions, triangles)]
    return ours, None, {"trimesh": by_trimesh(False), "trimesh, normals kept": by_trimesh(True)}
