"""Bone (a quarter of its triangles) minus 12 drill cylinders, against manifold3d (build and boolean)."""
import math
import os

import numpy as np

import meshes

CYLINDERS = 12


def cylinder(centre, axis, radius, height, segments=48):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    u = np.cross(axis, (1, 0, 0) if abs(axis[0]) < 0.9 else (0, 1, 0))
    u /= np.linalg.norm(u)
    w = np.cross(axis, u)
    turn = 2 * math.pi * np.arange(segments) / segments
    ring = radius * (np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * w)
    ends = [centre - axis * height / 2, centre + axis * height / 2]
    triangles = []
    for k in range(segments):
        j = (k + 1) % segments
        triangles += [(k, j, segments + j), (k, segments + j, segments + k)]
        triangles += [(2 * segments, j, k), (2 * segments + 1, segments + k, segments + j)]
    return np.concatenate([ends[0] + ring, ends[1] + ring, ends]).astype(np.float32), np.asarray(triangles, np.uint32)


def coarse_bone(inputs):
    def make(path):
        import manifold3d
        import pymeshlab

        positions, triangles = meshes.bone(inputs)
        work = pymeshlab.MeshSet()
        work.add_mesh(pymeshlab.Mesh(positions.astype(np.float64), triangles))
        work.meshing_decimation_quadric_edge_collapse(targetfacenum=len(triangles) // 4, preservetopology=True)
        mesh = work.current_mesh()
        solid = manifold3d.Manifold(
            manifold3d.Mesh(mesh.vertex_matrix().astype(np.float32), mesh.face_matrix().astype(np.uint32))
        ).to_mesh()
        np.savez(path, positions=solid.vert_properties[:, :3], triangles=solid.tri_verts)

    made = np.load(inputs.once(inputs.case + "-coarse-bone.npz", make))
    return made["positions"].astype(np.float32), made["triangles"].astype(np.uint32)


def candidates(inputs):
    positions, triangles = coarse_bone(inputs)
    rng = np.random.default_rng(11)
    middle = (positions.min(0) + positions.max(0)) / 2
    tools = []
    for _ in range(int(os.environ.get("CYLINDERS", CYLINDERS))):
        axis = rng.normal(size=3)
        axis /= np.linalg.norm(axis)
        tools.append(cylinder(middle + axis * 75, axis, 2.5, 60))
    ours = ["boolean", *inputs.mesh_arguments("boolean-bone", positions, triangles)]
    for number, tool in enumerate(tools):
        ours += inputs.mesh_arguments(f"boolean-tool{number}", *tool)

    def manifold():
        import manifold3d as m3

        def run():
            solids = [m3.Manifold(m3.Mesh(*mesh)) for mesh in [(positions, triangles), *tools]]
            made = m3.Manifold.batch_boolean(solids, m3.OpType.Subtract).to_mesh()
            return made.vert_properties[:, :3], made.tri_verts

        return run, lambda made: meshes.figures(*made)

    return ours, lambda stem: meshes.figures(*inputs.mesh_made(stem)), {"manifold3d": manifold}
