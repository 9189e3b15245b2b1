#!/usr/bin/env python3
"""Print files of ours in other programs: the same volume and size, nothing to repair, no warning, sliced without repair.

  prints_vs_peers.py FILE… [--no-gcode]

Each FILE is .stl or .3mf in millimetres. ADMesh reads the STL (a 3MF is turned into one), PrusaSlicer reads the file itself
(--info, and --export-gcode), lib3mf reads a 3MF in strict mode, manifold3d takes the mesh as a manifold. A program that is not
installed is said and left out. Exit 1 where one of them differs by more than 1e-4 of the volume, repairs, or warns.

Needs trimesh; lib3mf, manifold3d and networkx where they are to be asked.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import trimesh


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def admesh(stl):
    text = run("admesh", stl).stdout
    number = lambda pattern: float(re.search(pattern, text).group(1))
    repairs = sum(
        int(count)
        for name, count in re.findall(r"(Degenerate facets|Edges fixed|Facets removed|Facets added|Facets reversed|Backwards edges)\s*:\s*(\d+)", text)
    )
    return {"volume": number(r"Volume\s*:\s*([-\d.]+)"), "parts": int(number(r"Number of parts\s*:\s*(\d+)")), "repairs": repairs}


def prusa(path, gcode):
    text = run("prusa-slicer", "--info", path).stdout
    values = dict(re.findall(r"(\w+) =\s+(\S+)", text))
    answer = {"volume": float(values["volume"]), "parts": int(values.get("number_of_parts", 1)), "manifold": values["manifold"]}
    answer["repairs"] = sum(int(values.get(key, 0)) for key in ("facets_removed", "facets_reversed", "edges_fixed", "backwards_edges", "degenerate_facets"))
    if gcode:
        out = os.path.join(tempfile.mkdtemp(), "out.gcode")
        done = run("prusa-slicer", "--export-gcode", "--center", "125,105", "--support-material", "--support-material-auto", "-o", out, path)
        answer["gcode"] = os.path.exists(out) and os.path.getsize(out) > 1000
        if not answer["gcode"]:
            answer["said"] = (done.stdout + done.stderr)[-300:]
    return answer


def lib3mf_strict(path):
    from lib3mf import get_wrapper

    wrapper = get_wrapper()
    model = wrapper.CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(path)
    meshes = model.GetMeshObjects()
    manifold = []
    while meshes.MoveNext():
        manifold.append(meshes.GetCurrentMeshObject().IsManifoldAndOriented())
    return {"warnings": reader.GetWarningCount(), "manifold_and_oriented": all(manifold) and bool(manifold)}


def manifold(mesh):
    import manifold3d

    solid = manifold3d.Manifold(manifold3d.Mesh(np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.uint32)))
    return {"status": str(solid.status()), "volume": solid.volume(), "parts": len(solid.decompose())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--no-gcode", action="store_true")
    arguments = parser.parse_args()
    wrong = 0
    for path in arguments.files:
        mesh = trimesh.load(path, force="mesh", process=True)
        mesh.merge_vertices()
        line = {"file": os.path.basename(path), "volume": round(float(mesh.volume), 4), "triangles": len(mesh.faces)}
        stl = path
        if path.endswith(".3mf"):
            stl = os.path.join(tempfile.mkdtemp(), "again.stl")
            mesh.export(stl)
        if shutil.which("admesh"):
            line["admesh"] = admesh(stl)
        if shutil.which("prusa-slicer"):
            line["prusa-slicer"] = prusa(path, not arguments.no_gcode)
        if path.endswith(".3mf"):
            try:
                line["lib3mf"] = lib3mf_strict(path)
            except ImportError as missing:
                line["lib3mf"] = {"missing": str(missing)}
        try:
            line["manifold3d"] = manifold(mesh)
        except ImportError as missing:
            line["manifold3d"] = {"missing": str(missing)}
        for peer in ("admesh", "prusa-slicer", "manifold3d"):
            told = line.get(peer, {})
            off = "volume" in told and abs(told["volume"] - line["volume"]) > 1e-4 * abs(line["volume"])
            bad = told.get("repairs", 0) > 0 or told.get("manifold", "yes") != "yes" or told.get("gcode", True) is not True
            wrong += off or bad or "NoError" not in told.get("status", "NoError")
        strict = line.get("lib3mf", {})
        wrong += strict.get("warnings", 0) > 0 or strict.get("manifold_and_oriented", True) is not True
        print(json.dumps(line, default=float), flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
