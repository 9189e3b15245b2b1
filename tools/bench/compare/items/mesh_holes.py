"""A thousand triangles taken from a skull and put back, against VTK, ADMesh, pymeshfix and pymeshlab.

volume_error is relative to the skull before."""
import os
import subprocess
import tempfile

import numpy as np

import meshes

HOLES = 1000


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)
    rng = np.random.default_rng(3)
    bad = np.delete(triangles, rng.choice(len(triangles), HOLES, replace=False), axis=0)
    whole = meshes.figures(positions, triangles)["volume"]

    def check(made):
        figures = meshes.figures(*made)
        return {**figures, "volume_error": figures["volume"] / whole - 1.0}

    def vtk_fill():
        import vtk

        data = meshes.to_vtk(positions, bad)

        def run():
            fill = vtk.vtkFillHolesFilter()
            fill.SetInputData(data)
            fill.SetHoleSize(1e3)
            fill.Update()
            return fill.GetOutput()

        return run, lambda made: check(meshes.from_vtk(made))

    def meshfix():
        import pymeshfix

        def run():
            mesh = pymeshfix.PyTMesh()
            mesh.load_array(positions.astype(np.float64), bad)
            mesh.fill_small_boundaries(100)
            return mesh.return_arrays()

        return run, check

    def meshlab():
        import pymeshlab

        meshes_of = pymeshlab.MeshSet()

        def run():
            meshes_of.clear()
            meshes_of.add_mesh(pymeshlab.Mesh(positions.astype(np.float64), bad))
            meshes_of.meshing_close_holes(maxholesize=100)
            mesh = meshes_of.current_mesh()
            return mesh.vertex_matrix(), mesh.face_matrix()

        return run, check

    def admesh():
        folder = tempfile.mkdtemp()
        given, made = os.path.join(folder, "bad.stl"), os.path.join(folder, "made.stl")
        rows = np.zeros(len(bad), np.dtype([("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")]))
        rows["p"] = positions[bad]
        with open(given, "wb") as file:
            file.write(b"\0" * 80 + np.uint32(len(bad)).tobytes())
            rows.tofile(file)

        def read(_):
            with open(made, "rb") as file:
                file.seek(84)
                corners = np.frombuffer(file.read(), rows.dtype)["p"].reshape(-1, 3)
            points, index = np.unique(corners, axis=0, return_inverse=True)
            return check((points, index.reshape(-1, 3)))

        return (lambda: subprocess.run(["admesh", "-b", made, given], check=True, stdout=subprocess.DEVNULL)), read

    ours = ["mesh_holes", *inputs.mesh_arguments("holes", positions, bad)]
    peers = {"vtkFillHoles": vtk_fill, "ADMesh, with files": admesh, "pymeshfix": meshfix, "pymeshlab": meshlab}
    return ours, lambda stem: check(inputs.mesh_made(stem)), peers
