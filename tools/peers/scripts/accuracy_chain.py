#!/usr/bin/env python3
"""Analytic solid → DICOM → case → mask → mesh → STL: how far the printed surface lies from the formula.

  accuracy_chain.py THEATRON [--spacing 1,1,1] [--noise HU] [--method "threshold lower=520"] [--hand] [--folder DIR]

Ball, ellipsoid, torus, capsule and hollow tube (all oblique, shifted off the grid) of 1000 HU in 40 HU, voxels averaged over
5³ sub-samples, written by pydicom; imported, segmented and meshed by the program; every vertex and triangle centre of the
STL is measured against the formula. --hand takes the voxels of the formula as a mask without a level (a DICOM SEG by
highdicom), for the figure of hand-drawn masks; the bounds of the exit code are those of threshold-like segments.

Needs numpy and pydicom, for --hand highdicom.
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

CENTRE = np.array([3.3, -7.7, 101.2])
AXIS = np.array([0.36, 0.48, 0.8])
U = np.cross(AXIS, [1.0, 0, 0]) / np.linalg.norm(np.cross(AXIS, [1.0, 0, 0]))
W = np.cross(AXIS, U)


def local(p):
    q = p - CENTRE
    return np.stack([q @ U, q @ W, q @ AXIS], -1)


def ball(p):
    return np.linalg.norm(p - CENTRE, axis=-1) - 20.0


def torus(p):
    q = local(p)
    return np.hypot(np.hypot(q[..., 0], q[..., 1]) - 18.0, q[..., 2]) - 6.0


def capsule(p):
    q = local(p)
    along = np.clip(q[..., 2], -14, 14)
    return np.sqrt(q[..., 0] ** 2 + q[..., 1] ** 2 + (q[..., 2] - along) ** 2) - 9.0


def tube(p):
    """A bent cortex: 3 mm of wall between two tori."""
    q = local(p)
    ring = np.hypot(np.hypot(q[..., 0], q[..., 1]) - 17.0, q[..., 2])
    return np.abs(ring - 7.0) - 1.5


def ellipsoid(p):
    """Signed distance by Newton steps along the gradient of the implicit surface (accurate near it)."""
    radii = np.array([22.0, 14.0, 10.0])
    q = local(p)
    x = q.copy()
    for _ in range(12):
        f = (x**2 / radii**2).sum(-1) - 1
        g = 2 * x / radii**2
        x -= (f / np.maximum((g * g).sum(-1), 1e-12))[..., None] * g
        # towards the foot of the perpendicular: drop the tangential part of what is left
        n = 2 * x / radii**2
        n /= np.maximum(np.linalg.norm(n, axis=-1), 1e-12)[..., None]
        d = q - x
        x += 0.5 * (d - (d * n).sum(-1)[..., None] * n)
    f = (x**2 / radii**2).sum(-1) - 1
    g = 2 * x / radii**2
    x -= (f / np.maximum((g * g).sum(-1), 1e-12))[..., None] * g
    inside = (q**2 / radii**2).sum(-1) < 1
    return np.where(inside, -1, 1) * np.linalg.norm(q - x, axis=-1)


SOLIDS = {"ball": ball, "ellipsoid": ellipsoid, "torus": torus, "capsule": capsule, "tube": tube}


def volume(distance, spacing, noise, rng):
    """HU [k, j, i] and the LPS place of voxel 0: each voxel averaged over 5³ places where the surface passes."""
    size = [int(np.ceil(60 / s)) for s in spacing]
    origin = CENTRE - (np.array(size) - 1) * spacing / 2 + np.array([0.31, -0.17, 0.23]) * spacing
    k, j, i = np.meshgrid(*(np.arange(n) for n in size[::-1]), indexing="ij")
    at = np.stack([i, j, k], -1) * spacing + origin
    share = (distance(at) < 0).astype(float)
    near = np.abs(distance(at)) < np.linalg.norm(spacing)
    steps = (np.arange(5) + 0.5) / 5 - 0.5
    total = np.zeros(int(near.sum()))
    for a in steps:
        for b in steps:
            for c in steps:
                total += distance(at[near] + np.array([a, b, c]) * spacing) < 0
    share[near] = total / 125
    values = 40 + 960 * share + (rng.normal(0, noise, share.shape) if noise else 0)
    return np.round(values).astype(np.int16), origin


def write_series(folder, values, origin, spacing):
    os.makedirs(folder, exist_ok=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for k, slice_ in enumerate(values):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = study, series, frame
        d.Modality, d.PatientName, d.PatientID, d.InstanceNumber = "CT", "Solid^Analytic", "S-1", k + 1
        d.ImagePositionPatient = [f"{x:.6f}" for x in (*origin[:2], origin[2] + k * spacing[2])]
        d.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = [spacing[1], spacing[0]], spacing[2]
        d.Rows, d.Columns = slice_.shape
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
        d.BitsAllocated = d.BitsStored = 16
        d.HighBit, d.PixelRepresentation = 15, 1
        d.PatientBirthDate = d.PatientSex = d.AccessionNumber = d.StudyID = d.ReferringPhysicianName = ""
        d.StudyDate, d.StudyTime, d.SeriesNumber = "20260101", "120000", 1
        d.RescaleSlope, d.RescaleIntercept, d.RescaleType = 1, 0, "HU"
        d.PixelData = np.ascontiguousarray(slice_).tobytes()
        d.save_as(os.path.join(folder, f"{k:04}.dcm"), enforce_file_format=True)


def write_seg(folder, mask):
    """The mask [k, j, i] as a DICOM SEG beside its series; its segment is called solid."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    sources = [pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    described = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="solid",
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=codes.SCT.Bone,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
    hd.seg.Segmentation(
        source_images=sources,
        pixel_array=mask.astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[described],
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="0",
        device_serial_number="0",
    ).save_as(os.path.join(folder, "seg.dcm"))


def read_stl(path):
    with open(path, "rb") as file:
        file.seek(80)
        count = int(np.frombuffer(file.read(4), "<u4")[0])
        rows = np.frombuffer(file.read(), np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")]))
    assert len(rows) == count
    return rows["v"].astype(float)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theatron")
    parser.add_argument("--spacing", default="1,1,1")
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--method", default="threshold lower=520")
    parser.add_argument("--max-error-mm")
    parser.add_argument("--hand", action="store_true")
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    spacing = np.array([float(s) for s in arguments.spacing.split(",")])
    folder = arguments.folder or tempfile.mkdtemp()
    rng = np.random.default_rng(5)

    def theatron(*words):
        done = subprocess.run(
            [os.path.abspath(arguments.theatron), *words, "--json"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    worst = 0
    for name, distance in SOLIDS.items():
        bank = os.path.join(folder, name + "-bank")
        values, origin = volume(distance, spacing, arguments.noise, rng)
        write_series(os.path.join(folder, name), values, origin, spacing)
        if arguments.hand:
            write_seg(os.path.join(folder, name), values >= 520)
        case = theatron("import", os.path.join(folder, name), "--bank", bank)["cases"][0]["case"]
        method, *params = arguments.method.split()
        params = [word for param in params for word in ("--param", param)]
        if not arguments.hand:
            theatron("segment", case, "--method", method, *params, "--name", "solid", "--bank", bank)
        stl = os.path.join(folder, name + ".stl")
        extra = ["--max-error-mm", arguments.max_error_mm] if arguments.max_error_mm else []
        report = theatron("mesh", case, "--segment", "solid", "--out", stl, *extra, "--bank", bank)
        corners = read_stl(stl)
        places = np.concatenate([corners.reshape(-1, 3), corners.mean(1)])
        error = np.abs(distance(places))
        line = {
            "solid": name,
            "source": report["source"],
            "triangles": len(corners),
            "closed": report["closed"],
            "mean_mm": round(float(error.mean()), 4),
            "p95_mm": round(float(np.percentile(error, 95)), 4),
            "max_mm": round(float(error.max()), 4),
        }
        line["within"] = line["mean_mm"] <= 0.1 and line["p95_mm"] <= 0.25 and line["max_mm"] <= 0.5
        worst += not line["within"]
        print(json.dumps(line), flush=True)
    raise SystemExit(bool(worst))


if __name__ == "__main__":
    main()
