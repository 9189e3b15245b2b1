#!/usr/bin/env python3
"""Compare every voxel and every picture of a folder as we read it with pydicom.

  pixels_vs_pydicom.py DUMP FOLDER…

DUMP is the program built by `cargo build -p casebank_dicom --example dump`. Slices are compared value by value after
rescale where our volume keeps them as they are (no interpolation); pictures by stored value, or as RGB. Decoders of JPEG
with loss may round and fill in colour differently: such images are counted apart, with their greatest difference. Prints
one line a volume or picture that differs, and a summary; exit 1 if anything else differs.

Needs numpy, pydicom, and for compressed files pylibjpeg with its plugins.
"""
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, pixel_array

warnings.simplefilter("ignore")


LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


class Tally:
    def __init__(self):
        self.equal, self.different, self.unread, self.mixed, self.lossy, self.most_lossy = 0, 0, 0, 0, 0, 0.0

    def add(self, name, data, difference, allowed=0.0):
        if difference <= allowed and difference >= 0:
            self.equal += 1
        elif difference >= 0 and data.file_meta.TransferSyntaxUID in LOSSY:
            self.lossy += 1
            self.most_lossy = max(self.most_lossy, float(difference))
        else:
            self.different += 1
            print("DIFFERENT", name, "by", difference)

    def skip(self, what, name, why):
        self.unread += 1
        print(what, Path(name).name, str(why)[:110])


def decoded(path, frame):
    data = pydicom.dcmread(path, force=True)
    if not getattr(data.file_meta, "TransferSyntaxUID", None):
        data.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    many = int(data.get("NumberOfFrames", 1) or 1) > 1
    pixels = pixel_array(data, index=frame) if many else data.pixel_array
    if data.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, data)
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
    return data, pixels


def rescaled(data, pixels, frame):
    slope, intercept = float(data.get("RescaleSlope", 1) or 1), float(data.get("RescaleIntercept", 0) or 0)
    groups = [s[0] for s in (data.get("SharedFunctionalGroupsSequence"), data.get("PerFrameFunctionalGroupsSequence")) if s]
    if data.get("PerFrameFunctionalGroupsSequence"):
        groups.append(data.PerFrameFunctionalGroupsSequence[frame])
    for group in groups:
        if "PixelValueTransformationSequence" in group:
            item = group.PixelValueTransformationSequence[0]
            slope, intercept = float(item.RescaleSlope), float(item.RescaleIntercept)
    if "DoseGridScaling" in data:
        slope = float(data.DoseGridScaling)
    if data.PhotometricInterpretation == "MONOCHROME1" and data.Modality not in ("CT", "PT"):
        top = 2 ** data.BitsStored - 1
        pixels = -1 - pixels if data.PixelRepresentation else top - pixels
    return pixels.astype(np.float64) * slope + intercept


def main():
    dump, folders = sys.argv[1], sys.argv[2:]
    tally = Tally()
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([dump, out, *folders], check=True)
        for line in (Path(out) / "list.jsonl").read_text().splitlines():
            row = json.loads(line)
            if "volume" in row:
                i, j, k = row["entry"]["size"]
                values = np.fromfile(Path(out) / row["volume"], row["type"]).reshape(k, j, i)
                if len(row["slices"]) != k or {"variable_spacing", "missing_slice"} & set(row["findings"]):
                    tally.mixed += 1
                    continue
                one_file = len(set(row["slices"])) < k
                if one_file:
                    data = pydicom.dcmread(row["slices"][0])
                    frames = [rescaled(*decoded(row["slices"][0], f), f) for f in range(int(data.NumberOfFrames))]
                for n, path in enumerate(row["slices"]):
                    try:
                        if one_file:
                            least = min(np.abs(values[n] - frame).max() for frame in frames)
                        else:
                            data, pixels = decoded(path, 0)
                            least = np.abs(values[n] - rescaled(data, pixels, 0)).max()
                    except Exception as error:
                        tally.skip("pydicom does not read", path, error)
                        continue
                    rescale = 1.0 if data.file_meta.TransferSyntaxUID not in LOSSY else float(data.get("RescaleSlope", 1))
                    tally.add(path, data, least / rescale, 0 if row["type"] == "<i2" else 1e-6 * max(1, np.abs(values[n]).max()))
            elif "picture" in row:
                columns, rows = row["size"]
                shape = (rows, columns) if row["samples"] == 1 else (rows, columns, 3)
                ours = np.fromfile(Path(out) / row["picture"], "<i4" if row["samples"] == 1 else "u1").reshape(shape)
                try:
                    data, pixels = decoded(row["path"], row["frame"])
                except Exception as error:
                    tally.skip("pydicom does not read", row["path"], error)
                    continue
                most = np.abs(ours.astype(int) - pixels.astype(int)).max() if pixels.shape == ours.shape else -1
                tally.add(f'{row["path"]} frame {row["frame"]}', data, most)
            elif "error" in row:
                tally.skip("not decoded", row["path"], row["error"])
    print(
        f"{tally.equal} slices and frames equal, {tally.different} different, {tally.lossy} with loss within "
        f"{tally.most_lossy:.0f} levels, {tally.unread} not compared, {tally.mixed} volumes interpolated"
    )
    sys.exit(1 if tally.different else 0)


if __name__ == "__main__":
    main()
