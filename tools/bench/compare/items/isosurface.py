"""The surface of a volume at 300 HU, against VTK's flying edges (one thread and all) and scikit-image."""
import numpy as np

import meshes

LEVEL = 300.0


def candidates(inputs):
    spacing = inputs.spacing()

    def check(mesh):
        return meshes.figures(*mesh)

    def vtk_edges(threads):
        def make():
            import vtk
            from vtk.util.numpy_support import numpy_to_vtk

            if threads > 1:
                vtk.vtkSMPTools.SetBackend("STDThread")
                vtk.vtkSMPTools.Initialize(threads)
            volume = inputs.volume()
            image = vtk.vtkImageData()
            image.SetDimensions(*volume.shape[::-1])
            image.SetSpacing(*spacing[::-1])
            image.GetPointData().SetScalars(numpy_to_vtk(volume.ravel(), deep=0))

            def run():
                edges = vtk.vtkFlyingEdges3D()
                edges.SetInputData(image)
                edges.SetValue(0, LEVEL)
                edges.ComputeNormalsOff()
                edges.ComputeGradientsOff()
                edges.ComputeScalarsOff()
                edges.Update()
                return edges.GetOutput(), volume

            return run, lambda made: check(meshes.from_vtk(made[0]))

        return make

    def lewiner():
        from skimage.measure import marching_cubes

        volume = inputs.volume()
        return (
            lambda: marching_cubes(volume, LEVEL, spacing=spacing, allow_degenerate=False)[:2],
            lambda made: check((made[0][:, ::-1], made[1])),
        )

    ours = ["isosurface", *inputs.volume_arguments(), "--param", f"level={LEVEL}"]
    peers = {"vtkFlyingEdges3D": vtk_edges(1), "vtkFlyingEdges3D, threads": vtk_edges(2), "scikit-image": lewiner}
    return ours, lambda stem: check(inputs.mesh_made(stem)), peers
