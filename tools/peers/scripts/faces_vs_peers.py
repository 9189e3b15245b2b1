#!/usr/bin/env python3
"""Check faces removed by our de-identification against brain masks of other tools.

  faces_vs_peers.py ORIGINALS DEIDENTIFIED [--picture PNG]

Pairs the slices of two folders by their place, and reports how many voxels of the brain changed and how far the skin of the face
moved. The brain comes from another tool: in MR from brainextractor (a port of FSL's BET), in CT from SimpleITK (the inside
of the closed skull). The face is the front of the body, from 10 mm above to 110 mm below the lowest front of that brain.

Exit 1 if a voxel of the brain changed. Needs numpy, pydicom, SimpleITK, scipy, pillow; for MR brainextractor and nibabel.
"""
import argparse
import os
import sys

import numpy as np
import pydicom
import SimpleITK as sitk
from scipy import ndimage


def slices(folder):
    """The slices of a folder by their place."""
    found = {}
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                data = pydicom.dcmread(os.path.join(root, name))
            except Exception:
                continue
            if "PixelData" in data and "ImagePositionPatient" in data and "LOCALIZER" not in data.get("ImageType", []):
                key = tuple(round(float(x), 3) for x in data.ImagePositionPatient)
                found[key] = data
    return found


def values(data):
    return data.pixel_array.astype(np.float32) * float(data.get("RescaleSlope", 1)) + float(data.get("RescaleIntercept", 0))


def image(array, grid):
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(grid["spacing"])
    made.SetOrigin(grid["origin"])
    made.SetDirection(grid["direction"])
    return made


def even(stack, along, step):
    """The slices, interpolated to equal steps."""
    places = np.arange(along[0], along[-1] + 1e-6, step)
    out = np.empty((len(places),) + stack.shape[1:], np.float32)
    for n, place in enumerate(places):
        k = min(max(np.searchsorted(along, place, "right") - 1, 0), len(along) - 2)
        t = (place - along[k]) / (along[k + 1] - along[k])
        out[n] = stack[k] * (1 - t) + stack[k + 1] * t
    return out


def upright(made, fill):
    """On 1 mm along the patient's axes."""
    size = made.GetSize()
    corners = [made.TransformContinuousIndexToPhysicalPoint([(size[a] - 1) * (c >> a & 1) for a in range(3)]) for c in range(8)]
    low, high = np.min(corners, 0), np.max(corners, 0)
    return sitk.Resample(made, [int(n) + 1 for n in high - low], sitk.Transform(), sitk.sitkLinear, low.tolist(),
                         [1.0] * 3, [1, 0, 0, 0, 1, 0, 0, 0, 1], fill)


def brain_of_ct(array):
    """What a closed skull encloses, by SimpleITK."""
    bone = sitk.BinaryMorphologicalClosing(sitk.GetImageFromArray((array > 250).astype(np.uint8)), [6, 6, 6])
    soft = sitk.BinaryErode(sitk.GetImageFromArray(
        ((array > -20) & (array < 90) & (sitk.GetArrayFromImage(bone) == 0)).astype(np.uint8)), [3, 3, 3])
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(soft))
    return sitk.GetArrayFromImage(sitk.BinaryDilate(parts == 1, [3, 3, 3])) > 0


def brain_of_mr(made):
    import nibabel
    from brainextractor import BrainExtractor
    array = sitk.GetArrayFromImage(made)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    extractor = BrainExtractor(img=nibabel.Nifti1Image(array.transpose(2, 1, 0), affine))
    extractor.run()
    return np.asarray(extractor.compute_mask()).transpose(2, 1, 0) > 0


def outer(body):
    """The body without its cavities, and its skin."""
    parts, _ = ndimage.label(body)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    body = parts == sizes.argmax()
    air, _ = ndimage.label(~ndimage.binary_closing(body, iterations=5))
    around = np.isin(air, np.unique(air[:, 0, :])[1:])
    near = ndimage.binary_dilation(around, iterations=7)
    return body, body & ndimage.binary_dilation(~body & near)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals")
    parser.add_argument("deidentified")
    parser.add_argument("--picture")
    arguments = parser.parse_args()
    old, new = slices(arguments.originals), slices(arguments.deidentified)
    keys = [key for key in old if key in new]
    if not keys:
        sys.exit("no slice is in both folders")
    first = old[keys[0]]
    orientation = np.array(first.ImageOrientationPatient, float)
    normal = np.cross(orientation[:3], orientation[3:])
    keys.sort(key=lambda key: float(np.dot(normal, key)))
    along = np.array([np.dot(normal, key) for key in keys])
    before, after = (np.stack([values(of[key]) for key in keys]) for of in (old, new))
    untouched = sum(old[key].PixelData == new[key].PixelData for key in keys)
    print(f"{len(old)} slices, {len(new)} written, {untouched} of them with the same bytes; {(before != after).sum()} voxels changed")

    step = max(min(np.diff(along).min(), 3.0), 0.8)
    between = (np.array(keys[-1]) - np.array(keys[0])) / (along[-1] - along[0])
    rows, columns = (float(x) for x in first.PixelSpacing)
    grid = {
        "spacing": [columns, rows, step * float(np.linalg.norm(between))], "origin": list(keys[0]),
        "direction": np.stack([orientation[:3], orientation[3:], between / np.linalg.norm(between)], 1).ravel().tolist(),
    }
    ct = first.Modality == "CT"
    fill = -1000.0 if ct else float(before.min())
    was, now, changed = (
        upright(image(even(stack, along, step), grid), value)
        for stack, value in ((before, fill), (after, fill), ((before != after).astype(np.float32), 0.0)))
    brain = brain_of_ct(sitk.GetArrayFromImage(was)) if ct else brain_of_mr(was)
    was, now, changed = (sitk.GetArrayFromImage(one) for one in (was, now, changed))
    harmed = int((brain & (changed > 0.01)).sum())
    print(f"brain of the other tool: {brain.sum() / 1000:.0f} mL, {harmed} of {brain.sum()} mm3 of it changed")

    level = -300.0 if ct else float(np.percentile(was[was > 0], 99) * 0.12)
    _, skin = outer(was > level)
    body, fresh = outer(now > level)
    z, y, x = np.where(brain)
    pole = y.min()
    floor = int(np.percentile(z[y < pole + 12], 5))
    face = skin.copy()
    face[floor + 10:] = False
    face[: max(floor - 110, 0)] = False
    face[:, pole + 35:, :] = False
    distance = ndimage.distance_transform_edt(~fresh)[face]
    if distance.size:
        marks = np.percentile(distance, [0, 1, 5, 50])
        print(f"face: {face.sum() / 100:.0f} cm2, moved by {marks[0]:.1f} mm at least, 1 % {marks[1]:.1f}, 5 % {marks[2]:.1f}, half "
              f"{marks[3]:.1f}; {100 * (distance >= 8).mean():.2f} % by 8 mm and more")
    if arguments.picture:
        picture(was, now, level, arguments.picture)
    sys.exit(1 if harmed else 0)


def picture(was, now, level, path):
    from PIL import Image

    def shaded(array, axis):
        body = array[::-1] > level
        if axis == 2:
            body = body[:, :, ::-1]
        depth = np.where(body.any(axis), np.argmax(body, axis), np.nan).astype(float)
        rows, columns = np.gradient(depth)
        return np.nan_to_num(255 / np.sqrt(1 + rows**2 + columns**2)).astype(np.uint8)

    views = [shaded(array, axis) for axis in (1, 2) for array in (was, now)]
    Image.fromarray(np.hstack(views)).save(path)


if __name__ == "__main__":
    main()
