"""What the items on segmentation share: the torso's places and the figures of a mask."""
import numpy as np

BONE, VESSEL, AIR = 2, 3, 5


def dice(found, truth):
    """Dice's overlap of two boolean arrays."""
    both = np.count_nonzero(found & truth)
    return 2.0 * both / max(1, np.count_nonzero(found) + np.count_nonzero(truth))


def voxel(shape, x, y, z):
    """The voxel i, j, k at -1 to 1 along each axis of a phantom indexed [k, j, i]."""
    return tuple(int((at + 1) / 2 * size) for at, size in zip((x, y, z), shape[::-1]))


def middle(array):
    """The middle half along each axis."""
    return np.ascontiguousarray(array[tuple(slice(n // 4, n // 4 + n // 2) for n in array.shape)])


def at(voxel):
    """Arguments that name a voxel to our program."""
    return [argument for axis, n in zip("ijk", voxel) for argument in ("--param", f"{axis}={n}")]
