#!/usr/bin/env python3
"""A bone model and a drill guide on each scan, by the program, end to end.

  guides_on_scans.py THEATRON OUT SCAN… [--brush MM] [--modality CT]

SCAN is a folder of DICOM slices. The bone is segmented and meshed; the bore goes into the flattest spot of the largest piece that
looks to the front with nothing before it: the vertex whose normals within --brush mm differ least. Prints a line a scan: what was made, which checks
failed, and the files in OUT (STL, 3MF, previews). A scan that is refused says why. Exit 1 where a scan is neither made nor refused
with exit code 3.

Needs numpy and trimesh.
"""
import argparse
import json
import os
import subprocess
import sys

import numpy as np
import trimesh


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theatron")
    parser.add_argument("out")
    parser.add_argument("scans", nargs="+")
    parser.add_argument("--brush", type=float, default=14.0)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    program = os.path.abspath(arguments.theatron)

    def theatron(*words):
        done = subprocess.run([program, *words, "--json"], capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout) if done.stdout.strip() else {}
        return done.returncode, answer

    wrong = 0
    for scan in arguments.scans:
        name = os.path.basename(os.path.normpath(scan))
        stem = os.path.join(arguments.out, name)
        bank = ["--bank", stem + "-bank"]
        _, imported = theatron("import", scan, *bank)
        cases = [
            (case["case"], volume)
            for case in imported["cases"]
            for volume in case["volumes"]
            if volume["modality"] == "CT"
        ]
        if not cases:
            print(json.dumps({"scan": name, "refused": "no CT"}), flush=True)
            continue
        case = cases[0][0]
        line = {"scan": name}
        code, answer = theatron("segment", case, "--method", "bone", *bank)
        if code == 0:
            code, answer = theatron(
                "mesh", case, "--segment", "bone", "--out", stem + "-bone.stl", "--preview", stem + "-bone.png", *bank
            )
        if code:
            line["refused"] = answer.get("error", {}).get("what", str(code))
            wrong += code != 3
            print(json.dumps(line, ensure_ascii=False), flush=True)
            continue
        line["bone"] = {key: answer[key] for key in ("triangles", "closed", "parts", "volume_mm3", "hausdorff_mm")}
        mesh = trimesh.load(stem + "-bone.stl")
        largest = max(mesh.split(only_watertight=False), key=lambda part: abs(part.volume))
        normals, vertices = largest.vertex_normals, largest.vertices
        rng = np.random.default_rng(1)
        front = np.flatnonzero(normals[:, 1] < -0.7)
        best = None
        for vertex in rng.choice(front, min(400, len(front)), replace=False):
            apart = vertices - vertices[vertex]
            near = np.linalg.norm(apart, axis=1) < arguments.brush
            mean = normals[near & (normals @ normals[vertex] > 0.3)].mean(0)
            way = mean / np.linalg.norm(mean)
            along = apart @ way
            beside = np.linalg.norm(apart - along[:, None] * way, axis=1)
            # Nothing may lie before it, and the bone must fill the brush: seen from outside, eight sectors are all there.
            if (along[beside < 1.3 * arguments.brush] > 8).any():
                continue
            ring = near & (beside > 0.6 * arguments.brush) & (np.abs(along) < 6)
            side = np.cross(way, [1.0, 0, 0] if abs(way[0]) < 0.9 else [0, 1.0, 0])
            angle = np.arctan2(apart[ring] @ np.cross(way, side), apart[ring] @ side)
            sectors = len(np.unique(np.floor((angle + np.pi) / (np.pi / 4) - 1e-9)))
            flatness = np.linalg.norm(mean) + sectors
            if best is None or flatness > best[0]:
                best = (flatness, vertices[vertex], mean / np.linalg.norm(mean))
        if best is None:
            print(json.dumps({**line, "refused": "no free spot for the bore was found by this script"}), flush=True)
            continue
        _, entry, out = best
        word = lambda p: ",".join(f"{x:.3f}" for x in p)
        theatron(
            "plan", "put", case, "bore", "--entry", word(entry), "--target", word(entry - 9 * out), "--diameter", "3.2", *bank
        )
        code, answer = theatron(
            "guide", case, "--recipe", "drill_guide", "--segment", "bone", "--param", f"brush_mm={arguments.brush}",
            "--label", "T1", "--preview", stem + "-guide.png", "--out", stem + "-guide.3mf", *bank,
        )
        if "solid" in answer:
            failed = {c["code"]: c["message"] for c in answer["checks"] if not c["pass"]}
            line["guide"] = {key: answer[key] for key in ("triangles", "parts", "volume_mm3", "seconds")}
            line["failed"] = failed
        else:
            line["refused"] = answer.get("error", {}).get("what", str(code))
        wrong += code not in (0, 3)
        print(json.dumps(line, ensure_ascii=False), flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
