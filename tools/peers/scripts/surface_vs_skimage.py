#!/usr/bin/env python3
"""Compare one of our STL files with scikit-image's marching cubes at the same level.

  surface_vs_skimage.py VOLUME LEVEL OUR.stl [--affine A.json] [--modality CT] [--near MM] [--limit VOXELS]

VOLUME is a folder of DICOM slices, a NIfTI file, a .npy array indexed [k, j, i], or raw little-endian 16-bit voxels
(.raw, i fastest) whose geometry the JSON of --affine gives: {"size": [i, j, k], "spacing": [3], "origin": [3],
"direction": [9, row-major, columns are the LPS directions of i, j, k]}. The STL is in LPS mm.

The array is padded with its lowest value, as our surface is capped, and the level's surface is brought to LPS.
Distances go from each vertex and face centre of ours to the peer's surface, and from each peer vertex to ours, in voxels
(mm divided by the largest voxel edge). A segment is a part of the level's surface, so the way back counts only peer
vertices within --near mm of ours. Exit 1 if the 95th percentile of the way there is over --limit voxels.

Needs numpy, scipy, scikit-image; pydicom or nibabel for such files.
"""
import argparse
import json
import os
import sys

import numpy as np
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes


def load_dicom(folder, modality):
    import pydicom

    series = {}
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                slice_ = pydicom.dcmread(os.path.join(root, name))
            except Exception:
                continue
            if "PixelData" in slice_ and "ImagePositionPatient" in slice_:
                if modality is None or slice_.Modality == modality:
                    series.setdefault(slice_.SeriesInstanceUID, []).append(slice_)
    slices = max(series.values(), key=len)
    row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    slices.sort(key=lambda s: float(normal @ np.array(s.ImagePositionPatient, float)))
    positions = np.array([s.ImagePositionPatient for s in slices], float)
    values = np.stack([s.pixel_array * float(s.get("RescaleSlope", 1)) + float(s.get("RescaleIntercept", 0)) for s in slices])
    between_rows, between_columns = (float(x) for x in slices[0].PixelSpacing)
    step = (positions[-1] - positions[0]) / (len(slices) - 1)
    return values.astype(np.float32), np.column_stack([row * between_columns, column * between_rows, step]), positions[0]


def load(path, affine, modality):
    if os.path.isdir(path):
        return load_dicom(path, modality)
    if affine:
        with open(affine, encoding="utf-8") as file:
            geometry = json.load(file)
        matrix = np.array(geometry["direction"], float).reshape(3, 3) * np.array(geometry["spacing"], float)
        size = geometry["size"]
        values = np.load(path) if path.endswith(".npy") else np.fromfile(path, "<i2").reshape(size[2], size[1], size[0])
        return values.astype(np.float32), matrix, np.array(geometry["origin"], float)
    if path.endswith(".npy"):
        return np.load(path).astype(np.float32), np.eye(3), np.zeros(3)
    import nibabel

    image = nibabel.load(path)
    lps_from_ras = np.diag([-1.0, -1.0, 1.0])
    matrix, origin = lps_from_ras @ image.affine[:3, :3], lps_from_ras @ image.affine[:3, 3]
    return np.ascontiguousarray(image.get_fdata(dtype=np.float32).transpose(2, 1, 0)), matrix, origin


def read_stl(path):
    with open(path, "rb") as file:
        data = file.read()
    count = int.from_bytes(data[80:84], "little")
    facets = np.frombuffer(data, np.dtype([("normal", "<f4", 3), ("corner", "<f4", (3, 3)), ("pad", "<u2")]), count, 84)
    return facets["corner"].astype(float)


def closest(points, corners):
    """Distance from each point to the triangle of the same row."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    best = np.full(len(points), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        t = np.clip(((points - start) * along).sum(1) / np.maximum((along * along).sum(1), 1e-300), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - start - t[:, None] * along, axis=1))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    flat = length > 0
    unit = normal / np.maximum(length, 1e-300)[:, None]
    height = ((points - a) * unit).sum(1)
    foot = points - height[:, None] * unit
    inside = flat.copy()
    for start, end in ((a, b), (b, c), (c, a)):
        inside &= (np.cross(end - start, foot - start) * unit).sum(1) >= 0
    return np.where(inside, np.minimum(best, np.abs(height)), best)


def distances(points, triangles, neighbours=12):
    """Upper bounds, tight for even meshes: over the triangles whose centres are nearest."""
    tree = cKDTree(triangles.mean(1))
    result = np.empty(len(points))
    for start in range(0, len(points), 200_000):
        part = points[start : start + 200_000]
        _, near = tree.query(part, k=min(neighbours, len(triangles)), workers=-1)
        near = near.reshape(len(part), -1)
        best = np.full(len(part), np.inf)
        for column in near.T:
            best = np.minimum(best, closest(part, triangles[column]))
        result[start : start + 200_000] = best
    return result


def report(name, mm, voxel):
    figures = {"samples": len(mm), "mean_voxel": mm.mean() / voxel, "p95_voxel": np.quantile(mm, 0.95) / voxel, "max_voxel": mm.max() / voxel, "max_mm": mm.max()}
    print(name, json.dumps({key: round(float(value), 5) for key, value in figures.items()}))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume")
    parser.add_argument("level", type=float)
    parser.add_argument("stl")
    parser.add_argument("--affine")
    parser.add_argument("--modality")
    parser.add_argument("--near", type=float, default=0.5, help="way back: only peer vertices this near to ours, mm")
    parser.add_argument("--limit", type=float, default=0.5, help="largest 95th percentile accepted, in voxels")
    options = parser.parse_args()
    values, matrix, origin = load(options.volume, options.affine, options.modality)
    padded = np.pad(values, 1, constant_values=values.min())
    vertices, faces, _, _ = marching_cubes(padded, options.level)
    lps = (vertices[:, ::-1] - 1) @ matrix.T + origin
    peer, ours = lps[faces], read_stl(options.stl)
    voxel = np.linalg.norm(matrix, axis=0).max()
    print(json.dumps({"peer_triangles": len(peer), "our_triangles": len(ours), "voxel_mm": np.linalg.norm(matrix, axis=0).tolist()}))
    corners = np.unique(ours.reshape(-1, 3), axis=0)
    there = report("ours_to_peer", distances(np.vstack([corners, ours.mean(1)]), peer), voxel)
    back = distances(lps, ours)
    report("peer_to_ours_within_reach", back[back <= options.near], voxel)
    print("peer_vertices_out_of_reach", int((back > options.near).sum()), "of", len(back))
    sys.exit(0 if there["p95_voxel"] <= options.limit else 1)


if __name__ == "__main__":
    main()
