"""Vesselness at three scales in a torso's middle half, against SimpleITK and scikit-image. Use --case torso256.

Scales are 1, 1.7 and 3 voxels for all; ours is told of voxels of 1 mm. The figure is Dice of as many of the strongest
voxels as the vessels have.
"""
import numpy as np

import segments

SIGMAS = (1.0, 1.7, 3.0)


def candidates(inputs):
    volume, vessel = segments.middle(inputs.volume()), segments.middle(inputs.labels()) == segments.VESSEL
    raw = inputs.path("vesselness.i16")
    volume.astype(np.int16).tofile(raw)

    def check(answer):
        count = int(vessel.sum())
        level = np.partition(answer.ravel(), -count)[-count]
        return {"dice_at_equal_volume": segments.dice(answer >= level, vessel)}

    def itk():
        import SimpleITK as sitk

        image = sitk.Cast(sitk.GetImageFromArray(volume), sitk.sitkFloat32)

        def run():
            best = None
            for sigma in SIGMAS:
                smooth = sitk.SmoothingRecursiveGaussian(image, sigma)
                answer = sitk.ObjectnessMeasure(
                    smooth, alpha=0.5, beta=0.5, gamma=20, brightObject=True, objectDimension=1
                )
                best = answer if best is None else sitk.Maximum(best, answer)
            return best

        return run, lambda made: check(sitk.GetArrayViewFromImage(made))

    def skimage():
        from skimage.filters import frangi

        real = volume.astype(np.float32)
        return lambda: frangi(real, sigmas=SIGMAS, black_ridges=False, alpha=0.5, beta=0.5, gamma=200), check

    size = ",".join(str(n) for n in volume.shape[::-1])
    ours = ["vesselness", "--volume", raw, "--size", size, "--spacing", "1,1,1"]
    made = lambda stem: check(np.fromfile(stem + ".field", np.float32).reshape(volume.shape))  # noqa: E731
    return ours, made, {"SimpleITK": itk, "scikit-image, Frangi": skimage}
