"""The surfaces of all labels of a phantom, against VTK's surface nets and discrete flying edges."""
import numpy as np


def candidates(inputs):
    labels = inputs.labels().astype(np.uint8)
    spacing = inputs.spacing()
    values = [int(value) for value in np.unique(labels) if value]
    raw = inputs.once(inputs.case + ".u8", lambda path: labels.tofile(path))

    def by_vtk(kind):
        def make():
            import vtk
            from vtk.util.numpy_support import numpy_to_vtk

            image = vtk.vtkImageData()
            image.SetDimensions(*labels.shape[::-1])
            image.SetSpacing(*spacing[::-1])
            image.GetPointData().SetScalars(numpy_to_vtk(labels.ravel(), deep=1))

            def run():
                surface = getattr(vtk, kind)()
                surface.SetInputData(image)
                for n, value in enumerate(values):
                    surface.SetValue(n, value)
                surface.Update()
                return surface.GetOutput()

            return run, lambda made: {"labels": len(values), "cells": made.GetNumberOfCells()}

        return make

    size = ",".join(str(n) for n in labels.shape[::-1])
    ours = ["isosurface_labels", "--labels", raw, "--size", size, "--spacing", ",".join(repr(float(s)) for s in spacing[::-1])]
    return ours, None, {kind: by_vtk(kind) for kind in ("vtkSurfaceNets3D", "vtkDiscreteFlyingEdges3D")}
