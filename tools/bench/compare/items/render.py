"""A shaded picture of a skull, 1024 x 1024, the camera turned from one to the next, against VTK's ray caster on the
processor (and its mapper for cards where a name is asked for by --only). First frames and, once, how like our picture is
to one by the slow twin without leaps at a quarter of the step (SSIM, at half the size)."""
import os
import subprocess
import time

import numpy as np

COLOURS = ((-1024, 0, 0, 0), (40, 0.8, 0.4, 0.3), (150, 0.863, 0.569, 0.427), (300, 0.95, 0.8, 0.6),
           (350, 0.952, 0.808, 0.615), (1200, 0.988, 0.95, 0.8625), (1500, 1, 1, 0.95), (3071, 1, 1, 0.95))
OPACITIES = ((-1024, 0), (150, 0), (350, 0.25), (1200, 0.85), (3071, 0.9))
PIXELS = int(os.environ.get("RENDER_PIXELS", "1024"))


def scene(mapper_name, inputs):
    def make():
        import vtk
        from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

        volume, spacing = inputs.volume(), inputs.spacing()
        offset = 1024 if "Fixed" in mapper_name else 0
        image = vtk.vtkImageData()
        image.SetDimensions(*volume.shape[::-1])
        image.SetSpacing(*spacing[::-1])
        # the caster on the processor takes unsigned 16-bit values
        voxels = (volume.astype(np.int32) + 1024).clip(0).astype(np.uint16) if offset else volume
        image.GetPointData().SetScalars(numpy_to_vtk(voxels.ravel(), deep=0))
        mapper = getattr(vtk, mapper_name)()
        mapper.SetInputData(image)
        mapper.SetAutoAdjustSampleDistances(0)
        mapper.SetSampleDistance(spacing[2])
        if offset:
            mapper.SetImageSampleDistance(1.0)
            mapper.SetNumberOfThreads(os.cpu_count())
        colour, opacity = vtk.vtkColorTransferFunction(), vtk.vtkPiecewiseFunction()
        for value, *rgb in COLOURS:
            colour.AddRGBPoint(value + offset, *rgb)
        for value, share in OPACITIES:
            opacity.AddPoint(value + offset, share)
        look = vtk.vtkVolumeProperty()
        look.SetColor(colour)
        look.SetScalarOpacity(opacity)
        look.SetScalarOpacityUnitDistance(1.0)
        look.SetInterpolationTypeToLinear()
        look.ShadeOn()
        look.SetAmbient(0.2), look.SetDiffuse(0.7), look.SetSpecular(0.3), look.SetSpecularPower(20)
        actor = vtk.vtkVolume()
        actor.SetMapper(mapper)
        actor.SetProperty(look)
        renderer, window = vtk.vtkRenderer(), vtk.vtkRenderWindow()
        renderer.AddVolume(actor)
        window.SetOffScreenRendering(1)
        window.SetMultiSamples(0)
        window.SetSize(PIXELS, PIXELS)
        window.AddRenderer(renderer)
        renderer.ResetCamera()
        camera = renderer.GetActiveCamera()
        camera.Elevation(-80)
        camera.OrthogonalizeViewUp()
        camera.Zoom(1.4)
        began = time.perf_counter()
        window.Render()
        first = time.perf_counter() - began
        pixels = vtk.vtkUnsignedCharArray()

        def run():
            camera.Azimuth(10)
            renderer.ResetCameraClippingRange()
            window.Render()
            window.GetPixelData(0, 0, PIXELS - 1, PIXELS - 1, 0, pixels, 0)
            return pixels

        def check(made):
            seen = vtk_to_numpy(made).reshape(PIXELS, PIXELS, -1)[..., :3].max(-1) > 0
            return {"first_frame_s": first, "covered": float(seen.mean())}

        return run, check

    return make


def candidates(inputs):
    volume = inputs.volume_arguments()
    pixels = ["--param", f"pixels={PIXELS}"]

    def likeness(_):
        # the twin takes minutes at full size
        half = ["--param", f"pixels={PIXELS // 2}", "--reps", "1", "--out"]
        from PIL import Image
        from skimage.metrics import structural_similarity

        drawn, reference = inputs.path("ours.half"), inputs.path(f"{inputs.case}.reference.{PIXELS // 2}")
        subprocess.run([inputs.work, "render", *volume, *half, drawn], check=True, capture_output=True)
        if not os.path.exists(reference + ".png"):
            subprocess.run([inputs.work, "render_reference", *volume, *half, reference], check=True, capture_output=True)
        ours, true = (np.asarray(Image.open(path + ".png").convert("RGB")) for path in (drawn, reference))
        return {"ssim": structural_similarity(ours, true, channel_axis=2)}

    peers = {"vtkFixedPointVolumeRayCastMapper": scene("vtkFixedPointVolumeRayCastMapper", inputs)}
    if os.environ.get("RENDER_CARD"):
        peers["vtkGPUVolumeRayCastMapper"] = scene("vtkGPUVolumeRayCastMapper", inputs)
    return ["render", *volume, *pixels], likeness, peers
