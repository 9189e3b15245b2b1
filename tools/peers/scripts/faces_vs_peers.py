#!/usr/bin/env python3
"""Check faces removed by our de-identification against brain masks of other tools.

  faces_vs_peers.py ORIGINALS DEIDENTIFIED [--mask NIFTI] [--picture PNG]
  faces_vs_peers.py --to-dicom HEAD.nii.gz FOLDER [--order sagittal|coronal|axial]

Pairs the slices of two folders by their place, and reports how many voxels of the brain changed and how far the skin of the face
moved. The brain comes from another tool: in MR from brainextractor (a port of FSL's BET), in CT from SimpleITK (the inside
of the closed skull), or with --mask from a NIfTI in the patient's space of ORIGINALS (another tool's mask of the same head).
Of harmed voxels it tells how many lie deeper in the mask than 2 mm, since masks differ by about that at their rim. The face is the front of the body, from 10 mm above to 110 mm below the lowest front of that brain.

With --to-dicom a NIfTI head becomes an MR series that ORIGINALS can be: values as they are (scaled to 0..1000 where they are
fractions), slices as --order says (axial if not said).

Exit 1 if a voxel of the brain changed. Needs numpy, pydicom, SimpleITK, scipy, pillow; for MR without --mask brainextractor
and nibabel.
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


def mask_of(path, made):
    """A mask of another tool, on the grid of the head."""
    mask = sitk.ReadImage(path)
    return sitk.GetArrayFromImage(sitk.Resample(mask, made, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0


def to_dicom(path, folder, order):
    """A NIfTI head as an MR series."""
    head = sitk.DICOMOrient(sitk.ReadImage(path, sitk.sitkFloat32), {"axial": "LPS", "sagittal": "PIR", "coronal": "LIP"}[order])
    array = sitk.GetArrayFromImage(head)
    if array.max() <= 2.0:
        array = array * 1000.0
    array = np.clip(np.round(array), 0, 32767).astype(np.int16)
    turn = np.array(head.GetDirection()).reshape(3, 3)
    os.makedirs(folder, exist_ok=True)
    series, study, frame = (pydicom.uid.generate_uid() for _ in range(3))
    for k, plane in enumerate(array):
        made = pydicom.dataset.FileDataset(None, {}, preamble=b"\0" * 128)
        made.file_meta = pydicom.dataset.FileMetaDataset()
        made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        made.SeriesInstanceUID, made.StudyInstanceUID, made.FrameOfReferenceUID = series, study, frame
        made.Modality, made.PatientID, made.PatientName, made.BodyPartExamined = "MR", "HEAD", "Head", "HEAD"
        made.SeriesNumber, made.InstanceNumber = 1, k + 1
        made.ImagePositionPatient = [round(x, 5) for x in head.TransformIndexToPhysicalPoint((0, 0, k))]
        made.ImageOrientationPatient = [round(float(x), 8) for x in (*turn[:, 0], *turn[:, 1])]
        made.PixelSpacing = [round(x, 6) for x in (head.GetSpacing()[1], head.GetSpacing()[0])]
        made.SliceThickness = round(head.GetSpacing()[2], 6)
        made.Rows, made.Columns = plane.shape
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
        made.PixelData = plane.tobytes()
        made.save_as(os.path.join(folder, f"{k:04}.dcm"), enforce_file_format=True)
    print(f"{len(array)} slices of {array.shape[2]} x {array.shape[1]} written")


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
    parser.add_argument("originals", metavar="ORIGINALS or HEAD")
    parser.add_argument("deidentified", metavar="DEIDENTIFIED or FOLDER")
    parser.add_argument("--mask")
    parser.add_argument("--picture")
    parser.add_argument("--to-dicom", action="store_true")
    parser.add_argument("--order", choices=["sagittal", "coronal", "axial"], default="axial")
    arguments = parser.parse_args()
    if arguments.to_dicom:
        to_dicom(arguments.originals, arguments.deidentified, arguments.order)
        return
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
    if arguments.mask:
        brain = mask_of(arguments.mask, was)
    else:
        brain = brain_of_ct(sitk.GetArrayFromImage(was)) if ct else brain_of_mr(was)
    if not brain.any():
        sys.exit("the mask does not lie in the head")
    was, now, changed = (sitk.GetArrayFromImage(one) for one in (was, now, changed))
    harmed = int((brain & (changed > 0.01)).sum())
    print(f"brain of the other tool: {brain.sum() / 1000:.0f} mL, {harmed} of {brain.sum()} mm3 of it changed")
    if harmed:
        depth = ndimage.distance_transform_edt(brain)[brain & (changed > 0.01)]
        print(f"of these {(depth > 2).sum()} mm3 lie deeper in the mask than 2 mm, the deepest at {depth.max():.1f} mm")

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
