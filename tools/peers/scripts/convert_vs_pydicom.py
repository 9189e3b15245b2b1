#!/usr/bin/env python3
"""Compare objects rewritten by `theatron dicom convert` with what pydicom reads of the originals.

  convert_vs_pydicom.py THEATRON FOLDER

Rewrites each object under FOLDER by itself and compares every attribute, at every depth, and the decoded pixels. Left out are
group lengths, the form of the samples of what was compressed (Photometric Interpretation, Planar Configuration), and, where
colours were, the least and greatest pixel value, which hold no longer. Pixels of JPEG with loss may differ by 3 levels, since
decoders round differently. Prints what is refused, with the reason. Exit 1 if anything else differs.

Needs pydicom, numpy, pylibjpeg with its decoders, pyjpegls.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pydicom

FORM = {0x00280004, 0x00280006, 0x00282110}
EXTREMES = range(0x00280106, 0x00280112)
LOSSY_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}


def differences(before, after, grey):
    for element in before:
        tag = element.tag
        if tag.group in (2, 0x7FE0) or tag.element == 0 or tag in FORM or (tag in EXTREMES and not grey):
            continue
        if tag not in after:
            yield f"{tag} is missing"
            continue
        other = after[tag]
        if element.VR == "SQ" and other.VR == "SQ":
            if len(element.value) != len(other.value):
                yield f"{tag} has {len(other.value)} items"
            for a, b in zip(element.value, other.value):
                yield from differences(a, b, grey)
        elif before.get_item(tag).VR == "UN" or str(element.value) == str(other.value):
            continue
        else:
            yield f"{tag} is {str(other.value)[:40]!r}, was {str(element.value)[:40]!r}"


def main():
    warnings.simplefilter("ignore")
    theatron, folder = sys.argv[1:3]
    compared = pixels = wrong = 0
    forms = set()
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(root, name)
            try:
                before = pydicom.dcmread(path)
            except Exception:  # No object.
                continue
            with tempfile.TemporaryDirectory() as out:
                said = subprocess.run([theatron, "dicom", "convert", path, out, "--json"], capture_output=True, text=True)
                report = json.loads(said.stdout)
                if not report["written"]:
                    print(f"refused: {name}: {(report['rejected'] + report['skipped'])[0]['reason']}")
                    continue
                after = pydicom.dcmread(os.path.join(out, report["written"][0]["file"]))
            raw = {element.tag: element.VR for element in pydicom.dcmread(path).values()}
            compared += 1
            forms.add(report["written"][0]["from"])
            # What stays UN is the same bytes; pydicom interprets some of them by its private dictionary.
            told = [line for line in differences(before, after, before.get("SamplesPerPixel", 1) == 1)
                    if raw.get(pydicom.tag.Tag(int(line[1:5], 16), int(line[6:10], 16))) != "UN"]
            if "PixelData" in before:
                try:
                    old = before.pixel_array
                except Exception:  # pydicom cannot; nothing to compare with.
                    old = None
                if old is not None:
                    new = after.pixel_array
                    pixels += 1
                    level = 3 if report["written"][0]["from"] in LOSSY_JPEG else 0
                    if old.shape != new.shape or np.abs(old.astype(int) - new.astype(int)).max() > level:
                        told.append("pixels differ")
            wrong += bool(told)
            for line in told:
                print(f"{name}: {line}")
    print(f"{compared} objects in {len(forms)} transfer syntaxes compared, {pixels} with pixels: {wrong} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
