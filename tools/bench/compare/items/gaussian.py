"""Gaussian smoothing of 32-bit floats, sigma one voxel along k, against scipy and SimpleITK (recursive, an approximation)."""
import numpy as np


def candidates(inputs):
    spacing = inputs.spacing()
    sigma = float(spacing[0])
    truth = []

    def check(field):
        from scipy import ndimage

        if not truth:
            truth.append(ndimage.gaussian_filter(inputs.volume().astype(np.float64), [sigma / s for s in spacing]))
        return {"most off": float(np.abs(field - truth[0]).max())}

    def scipy_filter():
        from scipy import ndimage

        volume = inputs.volume().astype(np.float32)
        return lambda: ndimage.gaussian_filter(volume, [sigma / s for s in spacing]), check

    def simple_itk(threads):
        def make():
            import SimpleITK as itk

            itk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
            image = itk.GetImageFromArray(inputs.volume().astype(np.float32))
            image.SetSpacing(spacing[::-1])
            return lambda: itk.SmoothingRecursiveGaussian(image, sigma), lambda made: check(itk.GetArrayFromImage(made))

        return make

    ours = ["gaussian", *inputs.volume_arguments(), "--param", f"sigma={sigma}"]
    shape = inputs.volume().shape
    return (
        ours,
        lambda stem: check(np.fromfile(stem + ".field", np.float32).reshape(shape)),
        {"scipy": scipy_filter, "SimpleITK, recursive": simple_itk(1)},
    )
