"""Random walker from the eroded cores of a torso's structures in noise of 20 HU. Use --case torso256.

Without a peer: scikit-image's solvers take minutes at this size.
"""
import numpy as np

import segments

STRUCTURES = (0, 1, 2, 3, 4, 6)


def candidates(inputs):
    from scipy import ndimage

    labels = inputs.labels()
    noise = np.random.default_rng(1).normal(0, 20, labels.shape)
    volume = (inputs.volume() + noise).round().astype(np.int16)
    markers = np.zeros(labels.shape, np.uint8)
    for marker, label in enumerate(STRUCTURES, 1):
        depth = 2 if label in (2, 3) else 6
        markers[ndimage.binary_erosion(labels == label, iterations=depth)] = marker
    marked = inputs.path("random_walker.markers")
    markers.tofile(marked)
    known = np.isin(labels, STRUCTURES)

    def check(stem):
        found = np.fromfile(stem + ".labels", np.uint8).reshape(labels.shape)
        return {
            f"dice_{label}": round(segments.dice((found == marker) & known, labels == label), 4)
            for marker, label in enumerate(STRUCTURES, 1)
        }

    ours = ["random_walker", *inputs.volume_arguments(voxels=volume, name="random_walker"), "--labels", marked]
    return ours, check, {}
