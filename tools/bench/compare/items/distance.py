"""The exact distance from what lies above 300, mm, against edt, SimpleITK (Maurer) and scipy."""
import numpy as np

import masks


def candidates(inputs):
    spacing = inputs.spacing()
    truth = []

    def check(field):
        from scipy import ndimage

        if not truth:
            truth.append(ndimage.distance_transform_edt(~masks.bright(inputs), sampling=spacing))
        return {"most off": float(np.abs(field - truth[0]).max()), "mean": float(np.mean(field, dtype=np.float64))}

    def edt_threads(threads):
        def make():
            import edt

            mask = ~masks.bright(inputs)
            return lambda: edt.edt(mask, anisotropy=spacing, parallel=threads), check

        return make

    def simple_itk():
        import SimpleITK as itk

        itk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        image = itk.GetImageFromArray(masks.bright(inputs).astype(np.uint8))
        image.SetSpacing(spacing[::-1])
        return (
            lambda: itk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True),
            lambda made: check(np.maximum(itk.GetArrayViewFromImage(made), 0)),
        )

    def scipy_transform():
        from scipy import ndimage

        mask = ~masks.bright(inputs)
        return lambda: ndimage.distance_transform_edt(mask, sampling=spacing), check

    shape = inputs.volume().shape
    ours = ["distance", *masks.mask_arguments(inputs)]
    peers = {"edt": edt_threads(1), "edt, threads": edt_threads(2), "SimpleITK, Maurer": simple_itk, "scipy": scipy_transform}
    return ours, lambda stem: check(np.fromfile(stem + ".field", np.float32).reshape(shape)), peers
