"""Components by faces of what lies above 300, and the largest."""
import numpy as np

import masks


def candidates(inputs):
    def check(mask):
        return {"largest": int(np.count_nonzero(mask))}

    def cc3d_parts():
        import cc3d

        mask = masks.bright(inputs)

        def run():
            parts = cc3d.connected_components(mask, connectivity=6)
            voxels = cc3d.statistics(parts, no_slice_conversion=True)["voxel_counts"]
            return parts == 1 + int(np.argmax(voxels[1:]))

        return run, check

    def cc3d_largest():
        import cc3d

        mask = masks.bright(inputs)
        return lambda: cc3d.largest_k(mask, k=1, connectivity=6), check

    def scipy_parts():
        from scipy import ndimage

        mask = masks.bright(inputs)

        def run():
            parts, _ = ndimage.label(mask)
            return parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))

        return run, check

    shape = inputs.volume().shape
    ours = ["components", *masks.mask_arguments(inputs)]
    peers = {"cc3d": cc3d_parts, "cc3d, largest_k": cc3d_largest, "scipy": scipy_parts}
    return ours, lambda stem: check(masks.made(stem, shape)), peers
