"""Region growing through a torso's aorta, against SimpleITK and scikit-image. Use --case torso256."""
import numpy as np

import segments


def candidates(inputs):
    volume, vessel = inputs.volume(), inputs.labels() == segments.VESSEL
    seed = segments.voxel(volume.shape, 0.055, 0.29, 0.0)

    def check(found):
        return {"voxels": int(np.count_nonzero(found)), "dice_vessel": segments.dice(found, vessel)}

    def itk():
        import SimpleITK as sitk

        image = sitk.GetImageFromArray(volume)
        run = lambda: sitk.ConnectedThreshold(image, [seed], 230, 500)  # noqa: E731
        return run, lambda made: check(sitk.GetArrayViewFromImage(made).astype(bool))

    def skimage():
        from skimage.segmentation import flood

        return lambda: flood(((volume >= 230) & (volume <= 500)).astype(np.uint8), seed[::-1], connectivity=1), check

    ours = ["region_grow", *inputs.volume_arguments(), *segments.at(seed)]
    made = lambda stem: check(np.fromfile(stem + ".labels", np.uint8).reshape(volume.shape) == 1)  # noqa: E731
    return ours, made, {"SimpleITK": itk, "scikit-image": skimage}
