"""The airway of a torso from a seed, against a loop of region growing with SimpleITK. Use --case torso256."""
import numpy as np

import segments


def candidates(inputs):
    volume, labels = inputs.volume(), inputs.labels()
    seed = segments.voxel(volume.shape, 0.0, 0.1, 0.9)

    def check(found):
        from scipy import ndimage

        # The same label is gas in the bowel: only the tree of the seed is truth.
        parts, _ = ndimage.label(labels == segments.AIR)
        return {"voxels": int(np.count_nonzero(found)), "dice": segments.dice(found, parts == parts[seed[::-1]])}

    def itk():
        import SimpleITK as sitk

        image = sitk.GetImageFromArray(volume)

        def run():
            best = None
            for level in range(-980, -780, 20):
                grown = sitk.ConnectedThreshold(image, [seed], -1100, level)
                count = int(sitk.GetArrayViewFromImage(grown).sum())
                if best is not None and count > 2 * best[0] and count > 60000:
                    break
                best = (max(count, 1), grown)
            return best[1]

        return run, lambda made: check(sitk.GetArrayViewFromImage(made).astype(bool))

    ours = ["airway", *inputs.volume_arguments(), *segments.at(seed)]
    made = lambda stem: check(np.fromfile(stem + ".labels", np.uint8).reshape(volume.shape) == 1)  # noqa: E731
    return ours, made, {"SimpleITK, loop": itk}
