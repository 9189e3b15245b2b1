"""Meshes that the items share: bone of a phantom, and figures of any mesh."""
import numpy as np


def flying_edges(volume, level, spacing):
    """VTK's surface of voxels [k, j, i]; spacing in the same order."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

    image = vtk.vtkImageData()
    image.SetDimensions(*volume.shape[::-1])
    image.SetSpacing(*spacing[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(volume).ravel(), deep=1))
    edges = vtk.vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return from_vtk(edges.GetOutput())


def bone(inputs, level=300.0):
    """The largest piece of bone as a closed surface of about 675,000 triangles (head256), mm; kept beside the volume."""

    def make(path):
        from scipy import ndimage

        volume = ndimage.gaussian_filter(inputs.volume().astype(np.float32), 0.7)
        labels, _ = ndimage.label(volume > level)
        largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
        keep = ndimage.binary_dilation(labels == largest)
        volume[~keep] = np.minimum(volume[~keep], -200.0)
        positions, triangles = flying_edges(np.pad(volume, 1, constant_values=-1000.0), level, inputs.spacing())
        np.savez(path, positions=positions, triangles=triangles)

    made = np.load(inputs.once(inputs.case + "-bone.npz", make))
    return made["positions"].astype(np.float32), made["triangles"].astype(np.int32)


def to_vtk(positions, triangles):
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

    data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(positions, np.float32), deep=1))
    data.SetPoints(points)
    rows = np.insert(np.asarray(triangles, np.int64), 0, 3, axis=1)
    cells.SetCells(len(rows), numpy_to_vtkIdTypeArray(rows.ravel(), deep=1))
    data.SetPolys(cells)
    return data


def from_vtk(data):
    from vtk.util.numpy_support import vtk_to_numpy

    return (
        vtk_to_numpy(data.GetPoints().GetData()),
        vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3),
    )


def figures(positions, triangles):
    """Counts of faults, and the enclosed volume."""
    positions, triangles = np.asarray(positions, np.float64), np.asarray(triangles).reshape(-1, 3).astype(np.int64)
    sides = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(sides[:, 0] * len(positions) + sides[:, 1], return_counts=True)
    corners = positions[triangles]
    volume = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    return {
        "tris": len(triangles),
        "open_edges": int((uses == 1).sum()),
        "nonmanifold_edges": int((uses > 2).sum()),
        "volume": float(abs(volume)),
    }


def distances(a, b, samples=30000, seed=7):
    """Sampled distance both ways between two meshes (positions, triangles), mm: mean, 99th percentile, greatest."""
    import open3d

    rng = np.random.default_rng(seed)

    def points(positions, triangles):
        corners = np.asarray(positions, np.float64)[np.asarray(triangles)]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        chosen = corners[rng.choice(len(corners), samples, p=area / area.sum())]
        u, v = rng.random((2, samples, 1))
        u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
        return (chosen[:, 0] + u * (chosen[:, 1] - chosen[:, 0]) + v * (chosen[:, 2] - chosen[:, 0])).astype(np.float32)

    def far(at, positions, triangles):
        scene = open3d.t.geometry.RaycastingScene()
        scene.add_triangles(np.asarray(positions, np.float32), np.asarray(triangles, np.uint32))
        return scene.compute_distance(at).numpy()

    both = np.concatenate([far(points(*a), *b), far(points(*b), *a)])
    return {"mean_mm": float(both.mean()), "p99_mm": float(np.percentile(both, 99)), "max_mm": float(both.max())}
