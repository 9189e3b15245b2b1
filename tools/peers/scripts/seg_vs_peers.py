#!/usr/bin/env python3
"""Compare our Segmentation objects with highdicom and dcmqi, both ways, in all 48 axis orders and flips.

  seg_vs_peers.py EXAMPLE SERIES [--work DIR] [--real FILE.dcm ...]

EXAMPLE is the built example of casebank_dicom (cargo build -p casebank_dicom --example seg), SERIES a folder with one
CT or MR series. A label map that names each voxel's place is laid out in every axis order.

  ours -> highdicom   frames by their position in LPS, per segment
  ours -> dcmqi       segimage2itkimage, voxels by their LPS position in its NRRD
  highdicom -> ours   binary, fractional and label map, read onto the series and onto its own grid
  dcmqi -> ours       itkimage2segimage, from NRRD with each axis order

--real files are read by us and by highdicom and compared voxel by voxel. Exit 1 at the first difference. Needs numpy,
pydicom, highdicom, dcmqi, pynrrd.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
import warnings

import highdicom as hd
import numpy as np
import nrrd
import pydicom
from highdicom.sr.coding import CodedConcept

warnings.filterwarnings("ignore", category=UserWarning)
TISSUE = CodedConcept("85756007", "SCT", "Tissue")
# RLE, JPEG 2000 and JPEG-LS, each without loss.
COMPRESSED = [(kind, f"1.2.840.10008.1.2.{n}") for kind in ("FRACTIONAL", "LABELMAP") for n in ("5", "4.90", "4.80")]


def load_series(folder):
    slices = [pydicom.dcmread(os.path.join(r, n)) for r, _, names in os.walk(folder) for n in names]
    slices = [s for s in slices if "PixelData" in s and "ImagePositionPatient" in s]
    row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    slices.sort(key=lambda s: float(normal @ np.array(s.ImagePositionPatient, float)))
    step = np.array(slices[-1].ImagePositionPatient, float) - np.array(slices[0].ImagePositionPatient, float)
    between_rows, between_columns = map(float, slices[0].PixelSpacing)
    axes = np.column_stack([row * between_columns, column * between_rows, step / (len(slices) - 1)])
    size = [int(slices[0].Columns), int(slices[0].Rows), len(slices)]
    return slices, np.array(slices[0].ImagePositionPatient, float), axes, size


def scene(size):
    """Labels 0..3 indexed [i, j, k], different along every axis; the first and some inner slices are empty."""
    i, j, k = np.meshgrid(*[np.arange(n) for n in size], indexing="ij")
    labels = np.zeros(size, np.uint8)
    ci, cj, ck = [n / 2 for n in size]
    ball = (i - ci * 0.8) ** 2 / (0.2 * size[0]) ** 2 + (j - cj * 1.1) ** 2 / (0.25 * size[1]) ** 2
    labels[(ball + (k - ck) ** 2 / (0.3 * size[2]) ** 2) < 1] = 1
    labels[(i > 0.6 * size[0]) & (j < 0.3 * size[1]) & (k % 3 == 1)] = 2
    labels[(i * 7 + j * 3 + k * 5) % 97 == 0] = 3
    labels[:, :, 0] = 0
    return labels


def orders():
    for order in itertools.permutations(range(3)):
        for flips in itertools.product([False, True], repeat=3):
            yield order, flips


def turned(labels, origin, axes, order, flips):
    out = labels.transpose(order)
    axes = axes[:, order].copy()
    origin = origin.copy()
    for a in range(3):
        if flips[a]:
            origin = origin + axes[:, a] * (out.shape[a] - 1)
            axes[:, a] = -axes[:, a]
            out = np.flip(out, a)
    return np.ascontiguousarray(out), origin, axes


def grid_json(path, size, origin, axes):
    spacing = np.linalg.norm(axes, axis=0)
    parts = {"size": list(map(int, size)), "spacing_mm": list(spacing), "origin_lps_mm": list(origin)}
    parts["direction"] = [list(axes[:, a] / spacing[a]) for a in range(3)]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(parts, file)


def raw(path, labels):
    labels.flatten(order="F").tofile(path)


def places(labels, origin, axes, home):
    """The same labels counted as in the series: an array indexed by its i, j, k."""
    base, matrix, size = home
    ijk = np.argwhere(labels)
    if not len(ijk):
        return np.zeros(size, labels.dtype)
    lps = origin + ijk @ axes.T
    at = (lps - base) @ np.linalg.inv(matrix).T
    whole = np.rint(at).astype(int)
    assert np.abs(at - whole).max() < 0.05, f"off the grid by {np.abs(at - whole).max():.3f} voxels"
    out = np.zeros(size, labels.dtype)
    out[tuple(whole.T)] = labels[tuple(ijk.T)]
    return out


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def equal(ours, theirs, what):
    if not np.array_equal(ours, theirs):
        sys.exit(f"DIFFERENT {what}: {np.count_nonzero(ours != theirs)} voxels")


def by_highdicom(path, home):
    """Labels of a file as highdicom places its frames."""
    base, matrix, size = home
    seg = hd.seg.segread(path)
    out = np.zeros(size, np.uint8)
    volume = seg.get_volume(combine_segments=True, relabel=False, skip_overlap_checks=False)
    affine = np.array(volume.affine)
    array = np.asarray(volume.array)
    # Channel axes other than the three of space are not expected when segments are combined.
    return np.maximum(out, places(array.astype(np.uint8), affine[:3, 3], affine[:3, :3], home))


def by_dcmqi(path, work, home):
    for name in os.listdir(work):
        if name.startswith("dq"):
            os.remove(os.path.join(work, name))
    run("segimage2itkimage", "--inputDICOM", path, "--outputDirectory", work, "-p", "dq", "-t", "nrrd", "--mergeSegments")
    out = np.zeros(home[2], np.uint8)
    for name in sorted(os.listdir(work)):
        if name.startswith("dq") and name.endswith(".nrrd"):
            values, head = nrrd.read(os.path.join(work, name))
            axes, origin = np.array(head["space directions"], float).T, np.array(head["space origin"], float)
            if head["space"] == "right-anterior-superior":
                axes, origin = np.diag([-1, -1, 1]) @ axes, np.diag([-1, -1, 1]) @ origin
            out = np.maximum(out, places(values.astype(np.uint8), origin, axes, home))
    return out


def by_us(example, path, onto, work, home):
    prefix = os.path.join(work, "ours")
    said = run(example, "read", path, onto, prefix)
    with open(prefix + ".json", encoding="utf-8") as file:
        answer = json.load(file)
    grid = answer["grid"]
    axes = np.column_stack([np.array(d) * mm for d, mm in zip(grid["direction"], grid["spacing_mm"])])
    out = np.zeros(home[2], np.uint8)
    for segment in answer["segments"]:
        mask = np.fromfile(f"{prefix}.{segment['number']}.raw", np.uint8).reshape(grid["size"], order="F")
        out[places(mask, np.array(grid["origin_lps_mm"]), axes, home) > 0] = segment["number"]
    return out, said


def descriptions(labels):
    algorithm = hd.AlgorithmIdentificationSequence(name="test", version="1", family=CodedConcept("123109", "DCM", "Manual Processing"))
    return [
        hd.seg.SegmentDescription(int(n), f"label {n}", TISSUE, TISSUE, hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC, algorithm)
        for n in labels
    ]


def highdicom_file(slices, labels, kind, path, syntax="1.2.840.10008.1.2.1"):
    """From labels indexed [i, j, k] of the series."""
    pixels = labels.transpose(2, 1, 0)
    if kind == "FRACTIONAL":
        pixels = np.stack([pixels == n for n in (1, 2, 3)], axis=-1).astype(np.float32) * 0.75
    seg = hd.seg.Segmentation(
        source_images=slices, pixel_array=pixels, segmentation_type=kind, segment_descriptions=descriptions((1, 2, 3)),
        series_instance_uid=hd.UID(), series_number=9, sop_instance_uid=hd.UID(), instance_number=1,
        manufacturer="peer", manufacturer_model_name="peer", software_versions="1", device_serial_number="1",
        omit_empty_frames=True, transfer_syntax_uid=syntax, content_creator_name="peer",
    )
    seg.save_as(path)


def dcmqi_file(labels, origin, axes, folder, work, path):
    image = os.path.join(work, "in.nrrd")
    nrrd.write(image, labels, {"space": "left-posterior-superior", "space directions": axes.T, "space origin": origin, "encoding": "gzip"})
    meta = {
        "ContentCreatorName": "peer", "SeriesDescription": "Segmentation", "SeriesNumber": "300", "InstanceNumber": "1",
        "segmentAttributes": [[
            {"labelID": n, "SegmentLabel": f"label {n}", "SegmentAlgorithmType": "MANUAL",
             "SegmentedPropertyCategoryCodeSequence": {"CodeValue": "85756007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Tissue"},
             "SegmentedPropertyTypeCodeSequence": {"CodeValue": "85756007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Tissue"}}
            for n in (1, 2, 3)
        ]],
    }
    with open(os.path.join(work, "meta.json"), "w", encoding="utf-8") as file:
        json.dump(meta, file)
    run("itkimage2segimage", "--inputImageList", image, "--inputDICOMDirectory", folder, "--outputDICOM", path,
        "--inputMetadata", os.path.join(work, "meta.json"), "--skip")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example")
    parser.add_argument("series")
    parser.add_argument("--work", default="seg_vs_peers")
    parser.add_argument("--real", nargs="*", default=[])
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    work = args.work
    slices, origin, axes, size = load_series(args.series)
    home = (origin, axes, size)
    truth = scene(size)
    print(f"series of {size}, {[int((truth == n).sum()) for n in (1, 2, 3)]} voxels in three segments")
    path, grid, voxels = (os.path.join(work, n) for n in ("seg.dcm", "grid.json", "labels.raw"))
    done = {"ours -> highdicom": 0, "ours -> dcmqi": 0, "ours own grid -> highdicom": 0, "ours own grid -> dcmqi": 0, "dcmqi -> ours": 0}
    for order, flips in orders():
        labels, first, directions = turned(truth, origin, axes, order, flips)
        raw(voxels, labels)
        grid_json(grid, labels.shape, first, directions)
        for source, name in ((args.series, ""), ("-", " own grid")):
            run(args.example, "write", voxels, grid, source, path)
            equal(by_highdicom(path, home), truth, f"ours{name} -> highdicom {order} {flips}")
            done[f"ours{name} -> highdicom"] += 1
            equal(by_dcmqi(path, work, home), truth, f"ours{name} -> dcmqi {order} {flips}")
            done[f"ours{name} -> dcmqi"] += 1
        dcmqi_file(labels, first, directions, args.series, work, path)
        got, said = by_us(args.example, path, args.series, work, home)
        equal(got, truth, f"dcmqi -> ours {order} {flips} {said}")
        done["dcmqi -> ours"] += 1
    for kind in ("BINARY", "FRACTIONAL", "LABELMAP"):
        highdicom_file(slices, truth, kind, path)
        for onto in (args.series, "-"):
            got, said = by_us(args.example, path, onto, work, home)
            equal(got, truth, f"highdicom {kind} -> ours {said}")
        done[f"highdicom {kind} -> ours"] = 2
    for kind, syntax in COMPRESSED:
        if syntax.endswith(".90") and min(size[:2]) < 32:
            continue  # highdicom refuses to make them
        highdicom_file(slices, truth, kind, path, syntax)
        got, said = by_us(args.example, path, args.series, work, home)
        equal(got, truth, f"highdicom {kind} {syntax} -> ours {said}")
        done[f"highdicom {kind}, {pydicom.uid.UID(syntax).name} -> ours"] = 1
    raw(voxels, truth)
    grid_json(grid, size, origin, axes)
    run(args.example, "write", voxels, grid, args.series, path, "labelmap")
    equal(by_highdicom(path, home), truth, "our label map -> highdicom")
    equal(by_dcmqi(path, work, home), truth, "our label map -> dcmqi")
    done["our label map -> highdicom, dcmqi"] = 2
    for real in args.real:
        seg = hd.seg.segread(real)
        prefix = os.path.join(work, "real")
        said = run(args.example, "read", real, "-", prefix)
        with open(prefix + ".json", encoding="utf-8") as file:
            answer = json.load(file)
        shape = answer["grid"]["size"]
        ours = np.column_stack([np.array(d) * mm for d, mm in zip(answer["grid"]["direction"], answer["grid"]["spacing_mm"])])
        own = (np.array(answer["grid"]["origin_lps_mm"]), ours, shape)
        for segment in answer["segments"]:
            volume = seg.get_volume(segment_numbers=[segment["number"]])
            array = np.asarray(volume.array)[..., 0] > 0
            affine = np.array(volume.affine)
            theirs = places(array.astype(np.uint8), affine[:3, 3], affine[:3, :3], own)
            mask = np.fromfile(f"{prefix}.{segment['number']}.raw", np.uint8).reshape(shape, order="F")
            equal(mask, theirs, f"{real} segment {segment['number']} {said}")
        done[f"{os.path.basename(real)}: segments equal to highdicom's"] = len(answer["segments"])
    for what, count in done.items():
        print(f"{what}: {count} exact")


if __name__ == "__main__":
    main()
