"""Bone: above 250 HU, the largest component by faces, its holes filled; Dice against the phantom's bone."""
import numpy as np

import masks

BONE = 2


def candidates(inputs):
    bone = inputs.labels() == BONE

    def check(mask):
        return {"dice": masks.dice(mask, bone), "voxels": int(np.count_nonzero(mask))}

    def cc3d_fill_voids():
        import cc3d
        import fill_voids

        volume = inputs.volume()
        return lambda: fill_voids.fill(cc3d.largest_k(volume > 250, k=1, connectivity=6).astype(bool)), check

    def simple_itk():
        import SimpleITK as itk

        itk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        image = itk.GetImageFromArray(inputs.volume())

        def run():
            parts = itk.RelabelComponent(itk.ConnectedComponent(itk.BinaryThreshold(image, 251, 32000)), sortByObjectSize=True)
            return itk.BinaryFillhole(parts == 1)

        return run, lambda made: check(itk.GetArrayViewFromImage(made))

    ours = ["bone_chain", *inputs.volume_arguments(), "--param", "level=251"]
    peers = {"cc3d + fill_voids": cc3d_fill_voids, "SimpleITK": simple_itk}
    return ours, lambda stem: check(masks.made(stem, bone.shape)), peers
