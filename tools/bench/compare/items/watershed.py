"""Watershed of a torso's middle half from five markers, against scikit-image and SimpleITK. Use --case torso256."""
import numpy as np

import segments


def landscape(inputs):
    """Gradient and markers: the eroded cores of five structures."""
    from scipy import ndimage

    labels, volume = inputs.labels(), inputs.volume()
    markers = np.zeros(labels.shape, np.uint8)
    for marker, label in ((1, 0), (2, 1), (3, 2), (4, 4), (5, 6)):
        markers[ndimage.binary_erosion(labels == label, iterations=3)] = marker
    slopes = ndimage.gaussian_gradient_magnitude(volume.astype(np.float32), 1.0)
    return segments.middle(slopes), segments.middle(markers)


def candidates(inputs):
    slopes_file, markers_file = inputs.path("watershed.field"), inputs.path("watershed.markers")
    slopes, markers = landscape(inputs)
    slopes.tofile(slopes_file)
    markers.tofile(markers_file)
    bone = segments.middle(inputs.labels()) == segments.BONE

    def check(found):
        return {"regions": int(found.max()), "dice_bone": segments.dice(found == 3, bone)}

    def skimage():
        from skimage.segmentation import watershed

        whole = markers.astype(np.int32)
        return lambda: watershed(slopes, whole), check

    def itk():
        import SimpleITK as sitk

        field, marked = sitk.GetImageFromArray(slopes), sitk.GetImageFromArray(markers)
        run = lambda: sitk.MorphologicalWatershedFromMarkers(field, marked, markWatershedLine=False)  # noqa: E731
        return run, lambda made: check(sitk.GetArrayViewFromImage(made))

    size = ",".join(str(n) for n in slopes.shape[::-1])
    ours = ["watershed", "--field", slopes_file, "--labels", markers_file, "--size", size]
    made = lambda stem: check(np.fromfile(stem + ".labels", np.uint8).reshape(slopes.shape))  # noqa: E731
    return ours, made, {"scikit-image": skimage, "SimpleITK": itk}
