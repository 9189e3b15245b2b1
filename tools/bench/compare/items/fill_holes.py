"""Enclosed holes of what lies above 300, filled."""
import numpy as np

import masks


def candidates(inputs):
    def check(mask):
        return {"voxels": int(np.count_nonzero(mask))}

    def fill_voids_fill():
        import fill_voids

        mask = masks.bright(inputs)
        return lambda: fill_voids.fill(mask), check

    def simple_itk():
        import SimpleITK as itk

        itk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        image = itk.GetImageFromArray(masks.bright(inputs).astype(np.uint8))
        return lambda: itk.BinaryFillhole(image), lambda made: check(itk.GetArrayViewFromImage(made))

    shape = inputs.volume().shape
    ours = ["fill_holes", *masks.mask_arguments(inputs)]
    return ours, lambda stem: check(masks.made(stem, shape)), {"fill_voids": fill_voids_fill, "SimpleITK": simple_itk}
