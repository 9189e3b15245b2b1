"""What items about masks share."""
import numpy as np


def dice(a, b):
    a, b = np.asarray(a).astype(bool), np.asarray(b).astype(bool)
    return 2.0 * float(np.count_nonzero(a & b)) / float(np.count_nonzero(a) + np.count_nonzero(b))


def made(stem, shape):
    """The labels that our program wrote."""
    return np.fromfile(stem + ".labels", np.uint8).reshape(shape)


def bright(inputs):
    """Voxels above 300, the mask of the items that begin with one."""
    return inputs.volume() > 300


def mask_arguments(inputs):
    """How our program is told of that mask."""
    mask = bright(inputs)
    raw = inputs.once(inputs.case + ".bright.u8", lambda path: mask.astype(np.uint8).tofile(path))
    size = ",".join(str(n) for n in mask.shape[::-1])
    spacing = ",".join(repr(float(s)) for s in inputs.spacing()[::-1])
    return ["--labels", raw, "--size", size, "--spacing", spacing]
