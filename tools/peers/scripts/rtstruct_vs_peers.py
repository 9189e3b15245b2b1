#!/usr/bin/env python3
"""Compare our structure sets with an independent reader, and with rt-utils.

  rtstruct_vs_peers.py EXAMPLE SERIES [--work DIR]

EXAMPLE is the built example of casebank_dicom (cargo build -p casebank_dicom --example seg), SERIES a folder with one
CT or MR series. The label map of seg_vs_peers.py is written by us as a structure set in every axis order; its contours
are read with pydicom and filled with scikit-image's grid_points_in_poly: every voxel must agree. On a series with as
many rows as columns (rt-utils confuses the two otherwise) rt-utils reads ours once (its OpenCV filling takes border pixels along, so a Dice is printed), and we read a structure set that rt-utils
wrote, against pydicom and scikit-image again. Exit 1 at the first difference. Needs numpy, pydicom, scikit-image,
rt-utils, and what seg_vs_peers.py needs.
"""
import argparse
import os
import sys

import numpy as np
import pydicom
from skimage.measure import grid_points_in_poly

from seg_vs_peers import by_us, equal, grid_json, load_series, orders, raw, run, scene, turned


def filled(path, home):
    """ROI number of each voxel by the even-odd rule over all contours of a slice."""
    origin, axes, size = home
    inverse = np.linalg.inv(axes)
    file = pydicom.dcmread(path)
    out = np.zeros(size, np.uint8)
    for roi in file.ROIContourSequence:
        mask = np.zeros(size, bool)
        for contour in roi.ContourSequence:
            points = (np.array(contour.ContourData, float).reshape(-1, 3) - origin) @ inverse.T
            k = points[:, 2]
            assert np.ptp(k) < 0.01 and abs(k[0] - round(k[0])) < 0.01, f"contour off its slice: {k.min()} to {k.max()}"
            low = np.maximum(np.floor(points[:, :2].min(axis=0)).astype(int), 0)
            high = np.minimum(np.ceil(points[:, :2].max(axis=0)).astype(int) + 1, size[:2])
            if (high > low).all():
                part = (slice(low[0], high[0]), slice(low[1], high[1]), round(k[0]))
                mask[part] ^= grid_points_in_poly(tuple(high - low), points[:, :2] - low)
        out[mask] = int(roi.ReferencedROINumber)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example")
    parser.add_argument("series")
    parser.add_argument("--work", default="rtstruct_vs_peers")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    _, origin, axes, size = load_series(args.series)
    home = (origin, axes, size)
    truth = scene(size)
    path, grid, voxels = (os.path.join(args.work, n) for n in ("rs.dcm", "grid.json", "labels.raw"))
    print(f"series of {size}, {[int((truth == n).sum()) for n in (1, 2, 3)]} voxels in three structures")
    count = 0
    for order, flips in orders():
        labels, first, directions = turned(truth, origin, axes, order, flips)
        raw(voxels, labels)
        grid_json(grid, labels.shape, first, directions)
        run(args.example, "write", voxels, grid, args.series, path, "rtstruct")
        equal(filled(path, home), truth, f"ours -> pydicom {order} {flips}")
        count += 1
    print(f"ours -> pydicom and scikit-image: {count} exact")
    got, said = by_us(args.example, path, args.series, args.work, home)
    equal(got, truth, f"ours -> ours {said}")

    if size[0] != size[1]:
        return
    from rt_utils import RTStructBuilder

    theirs = RTStructBuilder.create_from(dicom_series_path=args.series, rt_struct_path=path)
    for number, name in enumerate(theirs.get_roi_names(), 1):
        mask = theirs.get_roi_mask_by_name(name).transpose(1, 0, 2)
        both = np.count_nonzero(mask & (truth == number))
        dice = 2 * both / (np.count_nonzero(mask) + np.count_nonzero(truth == number))
        print(f"ours -> rt-utils: {name}, Dice {dice:.4f}")
    made = RTStructBuilder.create_new(dicom_series_path=args.series)
    for number in (1, 2):
        made.add_roi(mask=(truth == number).transpose(1, 0, 2), name=f"label {number}")
    path = os.path.join(args.work, "rt_utils.dcm")
    made.save(path[:-4])
    got, said = by_us(args.example, path, args.series, args.work, home)
    reference = filled(path, home)
    print(f"rt-utils -> ours: {np.count_nonzero(got != reference)} of {np.count_nonzero(reference)} voxels differ from scikit-image {said}")
    if np.count_nonzero(got != reference) > 0.05 * np.count_nonzero(reference):
        sys.exit(1)


if __name__ == "__main__":
    main()
