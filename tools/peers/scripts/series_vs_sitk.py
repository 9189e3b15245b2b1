"""DICOM series written by `theatron convert`, read back by SimpleITK: voxels and places in all 48 axis orders.

Usage: series_vs_sitk.py THEATRON

Makes volumes of 16-bit integers on an oblique grid in every order and direction of its axes, as NRRD and NIfTI, has each
written as a CT and an MR series, and compares every voxel at its place in the patient with what ITK reads, and the places of the
corners. Runs dciodvfy over the first slice of each where it is installed. Prints one line and exits 1 where anything differs.
"""

import itertools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SIZE, SPACING, ORIGIN = (5, 6, 7), (0.5, 0.75, 1.25), (-70.25, 31.5, -812.125)


def turn():
    axis = np.array([0.3, 0.5, 0.8])
    x, y, z = axis / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(0.4) * k + (1 - np.cos(0.4)) * k @ k


def volumes():
    axes = turn()
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            size = [SIZE[a] for a in order]
            values = np.arange(np.prod(size), dtype=np.int64) * 7919 % 4096 - 1024
            image = sitk.GetImageFromArray(values.astype(np.int16).reshape(size[::-1]))
            image.SetSpacing([SPACING[a] for a in order])
            image.SetOrigin(ORIGIN)
            image.SetDirection((axes[:, order] * np.array(signs)).flatten().tolist())
            yield order, signs, image


def place(image, index):
    return np.array(image.TransformContinuousIndexToPhysicalPoint([float(i) for i in index]))


def compare(image, back):
    # The same voxel lies at the same place: find where the axes of the one run in the other.
    to_back = [np.round(back.TransformPhysicalPointToContinuousIndex(place(image, i).tolist())).astype(int)
               for i in np.ndindex(*image.GetSize())]
    wrong, apart = 0, 0.0
    for index, there in zip(np.ndindex(*image.GetSize()), to_back):
        there = [int(n) for n in there]
        wrong += image.GetPixel([int(n) for n in index]) != back.GetPixel(there)
        apart = max(apart, np.linalg.norm(place(image, index) - place(back, there)))
    return wrong, apart


def main():
    program = sys.argv[1]
    series, wrong, apart, errors = 0, 0, 0.0, 0
    for order, signs, image in volumes():
        for ending, modality in (("nrrd", "CT"), ("nii.gz", "MR")):
            with tempfile.TemporaryDirectory() as folder:
                source, out = Path(folder) / f"in.{ending}", Path(folder) / "out"
                sitk.WriteImage(image, str(source))
                command = [program, "convert", str(source), str(out), "--modality", modality]
                if modality == "CT":
                    command += ["--accept", "assumed_unit"]
                subprocess.run(command, check=True, capture_output=True)
                reader = sitk.ImageSeriesReader()
                files = reader.GetGDCMSeriesFileNames(str(out))
                reader.SetFileNames(files)
                w, a = compare(image, reader.Execute())
                series, wrong, apart = series + 1, wrong + w, max(apart, a)
                if shutil.which("dciodvfy"):
                    said = subprocess.run(["dciodvfy", "-new", files[0]], capture_output=True, text=True)
                    errors += sum(line.startswith("Error") for line in (said.stderr + said.stdout).splitlines())
    print(f"{series} series: {wrong} voxels differ, places within {apart:.2e} mm, {errors} errors of dciodvfy")
    sys.exit(1 if wrong or errors or apart > 1e-6 or series != 96 else 0)


main()
