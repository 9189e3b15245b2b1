"""Bone of a phantom read from a binary STL file with shared vertices, against stl_reader."""
import meshes


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)

    def make(path):
        import trimesh

        trimesh.Trimesh(positions, triangles, process=False).export(path, file_type="stl")

    path = inputs.once(inputs.case + "-bone.stl", make)

    def by_stl_reader():
        import stl_reader

        return lambda: stl_reader.read(path), lambda made: meshes.figures(*made)

    return ["stl_read", "--file", path], lambda stem: meshes.figures(*inputs.mesh_made(stem)), {"stl_reader": by_stl_reader}
