"""A skull smoothed by a windowed sinc (pass band 0.1, 20 iterations), against VTK's same filter, and others of its kind.

mean_mm and max_mm of ours are the distances of its vertices from those that VTK's filter makes."""
import numpy as np

import meshes


def candidates(inputs):
    positions, triangles = meshes.bone(inputs)

    def check(made):
        return meshes.figures(*made)

    def sinc(data, threads=1):
        import vtk

        if threads > 1:
            vtk.vtkSMPTools.SetBackend("STDThread")
            vtk.vtkSMPTools.Initialize(threads)
        smooth = vtk.vtkWindowedSincPolyDataFilter()
        smooth.SetInputData(data)
        smooth.SetNumberOfIterations(20)
        smooth.SetPassBand(0.1)
        smooth.NormalizeCoordinatesOn()
        smooth.BoundarySmoothingOff()
        smooth.FeatureEdgeSmoothingOff()
        smooth.Update()
        return smooth.GetOutput()

    def vtk_sinc(threads):
        def make():
            data = meshes.to_vtk(positions, triangles)
            return (lambda: sinc(data, threads)), lambda made: check(meshes.from_vtk(made))

        return make

    def taubin():
        import open3d

        mesh = open3d.geometry.TriangleMesh(
            open3d.utility.Vector3dVector(positions), open3d.utility.Vector3iVector(triangles)
        )
        return (
            lambda: mesh.filter_smooth_taubin(20),
            lambda made: check((np.asarray(made.vertices), np.asarray(made.triangles))),
        )

    def ours(stem):
        made = inputs.mesh_made(stem)
        other = meshes.from_vtk(sinc(meshes.to_vtk(positions, triangles)))[0]
        far = np.linalg.norm(made[0].astype(np.float64) - other, axis=1)
        return {**check(made), "mean_mm": float(far.mean()), "max_mm": float(far.max())}

    arguments = ["smooth", *inputs.mesh_arguments("bone", positions, triangles)]
    peers = {"vtkWindowedSinc": vtk_sinc(1), "vtkWindowedSinc, threads": vtk_sinc(2), "Open3D Taubin": taubin}
    return arguments, ours, peers
