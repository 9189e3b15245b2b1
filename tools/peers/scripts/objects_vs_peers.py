#!/usr/bin/env python3
"""Compare the objects we write with what highdicom, dcmqi and pydicom make of them, and write theirs for us to read.

  objects_vs_peers.py make DIR       write a TID 1500 report, a key object selection and a presentation state with highdicom
                                     into DIR
  objects_vs_peers.py check DIR      read what we wrote into DIR (report.dcm, key.dcm, state.dcm, registration.dcm,
                                     fiducials.dcm, capture_*.dcm) with the peers; print what they found
  objects_vs_peers.py read DIR BINARY
                                     let our reader (the built example) print what `make` wrote, and look for what must be there
  objects_vs_peers.py tre DIR TRUTH  apply the matrix of DIR/registration_truth.dcm, read by pydicom, to the landmarks of
                                     TRUTH (ground_truth.json of the shared rigid pair); print the target error

Our side of it is `cargo run -p casebank_dicom --example objects -- write DIR` and `… read DIR`. Exit 1 where a peer and we
disagree. Needs highdicom, dcmqi, pydicom, numpy.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import highdicom as hd
import numpy as np
import pydicom
from highdicom.sr import (
    Comprehensive3DSR, CoordinatesForMeasurement3D, DeviceObserverIdentifyingAttributes, FindingSite,
    ImageRegion3D, Measurement, MeasurementReport, MeasurementsAndQualitativeEvaluations, ObservationContext, ObserverContext,
    PersonObserverIdentifyingAttributes, PlanarROIMeasurementsAndQualitativeEvaluations, ReferencedSegment,
    SourceSeriesForSegmentation, TrackingIdentifier, VolumeSurface, VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes

failures = []


def check(what, good, seen):
    print(("ok   " if good else "FAIL ") + what + ": " + str(seen))
    if not good:
        failures.append(what)


def ct(number):
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.1.{number}"
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.2", "1.2.826.0.1.3680043.8.498.3"
    image.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.4"
    image.Modality, image.PatientName, image.PatientID = "CT", "Doe^Jane", "P1"
    image.PatientBirthDate, image.PatientSex, image.StudyID, image.AccessionNumber = "19700101", "F", "1", "A1"
    image.StudyDate, image.StudyTime, image.SeriesNumber, image.InstanceNumber = "20260102", "101112", 1, number
    image.ReferringPhysicianName, image.Manufacturer = "", "peer"
    image.Rows, image.Columns, image.BitsAllocated, image.BitsStored, image.HighBit = 4, 5, 16, 16, 15
    image.PixelRepresentation, image.SamplesPerPixel, image.PhotometricInterpretation = 0, 1, "MONOCHROME2"
    image.PixelData = bytes(40)
    image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
    image.PixelSpacing, image.SliceThickness = [0.75, 0.5], 1
    image.BodyPartExamined = "CHEST"
    return image


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    images = [ct(1), ct(2)]
    frame = images[0].FrameOfReferenceUID
    context = ObservationContext(
        observer_person_context=ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes("Roe^Richard")),
        observer_device_context=ObserverContext(
            codes.DCM.Device, DeviceObserverIdentifyingAttributes(uid=hd.UID(), name="peer", manufacturer_name="peer")),
    )
    site = [FindingSite(codes.SCT.Lung, laterality=codes.SCT.Left)]
    square = np.array([[0, 0, 5], [10.5, 0, 5], [10.5, 8.25, 5], [0, 8.25, 5], [0, 0, 5]], float)
    segment = copy.deepcopy(images[0])
    segment.SOPClassUID, segment.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.826.0.1.3680043.8.498.9"
    segment.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.10"
    length = Measurement(codes.SCT.Length, 13.0, codes.UCUM.Millimeter, referenced_coordinates=[
        CoordinatesForMeasurement3D("POLYLINE", np.array([[1, 2, 3], [4, 6, 15]], float), frame)])
    groups = [
        PlanarROIMeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid=hd.UID(), identifier="planar"), referenced_region=ImageRegion3D("POLYGON", square, frame),
            finding_type=codes.SCT.Neoplasm, finding_sites=site,
            measurements=[Measurement(codes.SCT.Area, 86.625, codes.UCUM.SquareMillimeter)]),
        VolumetricROIMeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid=hd.UID(), identifier="segment"),
            referenced_segment=ReferencedSegment(
                segment.SOPClassUID, segment.SOPInstanceUID, 2,
                source_series=SourceSeriesForSegmentation(images[0].SeriesInstanceUID)),
            finding_type=codes.SCT.Neoplasm, finding_sites=[FindingSite(codes.SCT.Kidney, laterality=codes.SCT.Right)],
            measurements=[
                Measurement(codes.SCT.Volume, 1.5, codes.UCUM.CubicCentimeter),
                Measurement(codes.DCM.AttenuationCoefficient, -12.25, codes.UCUM.HounsfieldUnit, derivation=codes.SCT.Mean)]),
        VolumetricROIMeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid=hd.UID(), identifier="surface"),
            referenced_volume_surface=VolumeSurface(
                "POLYGON", [square, square + [0, 0, 1]], frame,
                source_series=SourceSeriesForSegmentation(images[0].SeriesInstanceUID)),
            measurements=[Measurement(codes.SCT.Volume, 86.625, codes.UCUM.CubicMillimeter)]),
        MeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(uid=hd.UID(), identifier="distance"), finding_type=codes.SCT.Neoplasm, measurements=[length]),
    ]
    report = MeasurementReport(
        context, codes.SCT.ImagingProcedure, imaging_measurements=groups, referenced_images=images)
    sr = Comprehensive3DSR(
        evidence=[*images, segment], content=report[0], series_number=5, series_instance_uid=hd.UID(),
        sop_instance_uid=hd.UID(), instance_number=1, manufacturer="peer", is_complete=True)
    sr.save_as(folder / "peer_report.dcm")
    key = hd.ko.KeyObjectSelectionDocument(
        evidence=images, content=hd.ko.KeyObjectSelection(
            codes.DCM.ForTeaching, referenced_objects=[images[1]], observer_person_context=context_person(),
            description="approach"),
        series_instance_uid=hd.UID(), series_number=6, sop_instance_uid=hd.UID(), instance_number=1, manufacturer="peer")
    key.save_as(folder / "peer_key.dcm")
    from highdicom.pr import (GraphicAnnotation, GraphicLayer, GraphicObject, GrayscaleSoftcopyPresentationState,
                              SoftcopyVOILUTTransformation, TextObject)
    layer = GraphicLayer("LAYER_A", 1)
    # highdicom takes CT for a multi-frame class here.
    image = copy.deepcopy(images[0])
    image.SOPClassUID, image.RescaleSlope, image.RescaleIntercept = "1.2.840.10008.5.1.4.1.1.4", 2, -100
    notes = GraphicAnnotation(
        [image], layer,
        graphic_objects=[GraphicObject("POLYLINE", np.array([[1.5, 2.5], [3.0, 4.0]]), "PIXEL"),
                         GraphicObject("CIRCLE", np.array([[2.0, 2.0], [2.0, 3.0]]), "PIXEL", is_filled=True)],
        text_objects=[TextObject("here", "PIXEL", anchor_point=(1.5, 2.0))])
    state = GrayscaleSoftcopyPresentationState(
        [image], series_instance_uid=hd.UID(), series_number=7, sop_instance_uid=hd.UID(), instance_number=1,
        manufacturer="peer", manufacturer_model_name="peer", software_versions="1", device_serial_number="1",
        content_label="PEER", content_creator_name="Roe^Richard", graphic_layers=[layer], graphic_annotations=[notes],
        voi_lut_transformations=[SoftcopyVOILUTTransformation(window_center=40.0, window_width=400.0)])
    state.save_as(folder / "peer_state.dcm")
    print("written:", *sorted(p.name for p in folder.glob("peer_*.dcm")))


def context_person():
    return ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes("Roe^Richard"))


def check_report(path):
    sr = hd.sr.srread(path)
    content = sr.content
    planar = content.get_planar_roi_measurement_groups()
    volumetric = content.get_volumetric_roi_measurement_groups()
    image = content.get_image_measurement_groups()
    print("report: groups planar, volumetric, other:", len(planar), len(volumetric), len(image))
    check("highdicom groups", (len(planar), len(volumetric), len(image)) == (3, 3, 1), "outline, frames, pixels; segment, contours, ellipsoid; plain")
    outline = planar[0].roi
    check("highdicom outline", np.allclose(outline.value[0], [-10.5, 20.25, -100.5], atol=0), outline.value[0])
    check("highdicom area", planar[0].get_measurements(codes.SCT.Area)[0].value == 420.25,
          planar[0].get_measurements(codes.SCT.Area)[0].value)
    sites = planar[0].finding_sites
    check("highdicom side", sites[0].laterality == codes.SCT.Left, sites[0].laterality.meaning)
    segment = next(g for g in volumetric if g.reference_type == codes.DCM.ReferencedSegment)
    check("highdicom segment", segment.referenced_segments[0].referenced_segment_number == 2
          if hasattr(segment, "referenced_segments") else segment.tracking_identifier == "segment",
          segment.tracking_identifier)
    hu = segment.get_measurements(codes.DCM.AttenuationCoefficient)
    check("highdicom HU", [(m.value, m.derivation.meaning) for m in hu] == [
        (-12.5, "Mean"), (40.25, "Standard Deviation"), (-1000, "Minimum"), (3000, "Maximum")],
        [(m.value, m.unit.value, m.derivation.meaning) for m in hu])
    length, angle = image[0].get_measurements()
    ends = length.referenced_coordinates[0].value
    check("highdicom length", abs(np.linalg.norm(ends[1] - ends[0]) - length.value) < 1e-5, (length.value, length.unit.value))
    check("highdicom angle", abs(angle.value - 45) < 1e-9, (angle.value, angle.unit.value))


def check_dcmqi(path):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        run = subprocess.run([str(pathlib.Path(sys.executable).parent / "tid1500reader"), "--inputDICOM", str(path),
                              "--outputMetadata", str(out)], capture_output=True, text=True, check=False)
        if run.returncode != 0 or not out.exists():
            check("dcmqi tid1500reader", False, (run.returncode, run.stdout[-800:], run.stderr[-800:]))
            return
        read = json.loads(out.read_text())
    groups = [g for g in read["Measurements"] if g["TrackingIdentifier"] == "segment"]
    values = {(i["quantity"]["CodeMeaning"], i.get("derivationModifier", {}).get("CodeMeaning")): (
        float(i["value"]), i["units"]["CodeValue"]) for g in groups for i in g["measurementItems"]}
    check("dcmqi observer", read["observerContext"].get("PersonObserverName") == "Li^Si", read["observerContext"])
    check("dcmqi volume", abs(values[("Volume", None)][0] - 1234.56789012346) < 1e-9, values[("Volume", None)])
    for derivation, value in [("Mean", -12.5), ("Standard Deviation", 40.25), ("Minimum", -1000), ("Maximum", 3000)]:
        seen = values[("Attenuation Coefficient", derivation)]
        check("dcmqi HU " + derivation, seen == (value, "[hnsf'U]"), seen)
    group = groups[0]
    check("dcmqi site and side", (group["FindingSite"]["CodeMeaning"], group.get("Laterality", {}).get("CodeMeaning")) ==
          ("Lung", "Left"), (group["FindingSite"], group.get("Laterality")))
    check("dcmqi segment", group["ReferencedSegment"] == 2, group["ReferencedSegment"])


def check_others(folder):
    key = hd.ko.KeyObjectSelectionDocument.from_dataset(pydicom.dcmread(folder / "key.dcm"))
    seen = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in key.content.get_references()]
    check("highdicom key images", len(seen) == 2, seen)
    state = pydicom.dcmread(folder / "state.dcm")
    graphics = state.GraphicAnnotationSequence[0].GraphicObjectSequence
    check("pydicom state", list(graphics[0].GraphicData) == [2.5, 3.5] and state.SoftcopyVOILUTSequence[0].WindowWidth == 400,
          [g.GraphicType for g in graphics])
    landmarks = pydicom.dcmread(folder / "fiducials.dcm").FiducialSetSequence[0].FiducialSequence
    check("pydicom landmarks", [float(v) for v in landmarks[1].ContourData] == [-383, 283, -866],
          list(landmarks[1].ContourData))
    for path in sorted(folder.glob("capture_*.dcm")):
        capture = pydicom.dcmread(path)
        number = np.arange(np.prod(capture.pixel_array.shape))
        expected = number * 37 % 251 if capture.BitsAllocated == 8 else number * 4099 % 65536
        check("pydicom " + path.name, np.array_equal(capture.pixel_array.ravel(), expected), capture.pixel_array.shape)


def read(folder, binary):
    files = sorted(str(path) for path in folder.glob("peer_*.dcm"))
    text = subprocess.run([binary, "read", *files], capture_output=True, text=True, check=True).stdout
    for expected in [
        "ForTeaching [ImageRef",
        'report, evidence of 2 series, left out []',
        'meaning: "Lung" }, side: Some(Left) }] Planar(Spatial { kind: Polygon',
        "Area Num { value: Some((86.625, ",
        'meaning: "Kidney" }, side: Some(Right) }] Segment',
        "segments: [2] }",
        "Volume Num { value: Some((1.5, ",
        "Attenuation Coefficient Num { value: Some((-12.25, ",
        "(10.500 8.250 6.000) LPS mm",
        "Length Num { value: Some((13.0, ",
        "points: [(1.000 2.000 3.000) LPS mm, (4.000 6.000 15.000) LPS mm]",
        "left out []; Presentation",
        "slope: 2.0",
        "intercept: -100.0",
        "center: 40.0",
        "width: 400.0",
    ]:
        check("we read", expected in text, expected)


def tre(folder, truth):
    truth = json.loads(pathlib.Path(truth).read_text())
    registration = pydicom.dcmread(folder / "registration_truth.dcm")
    item = next(i for i in registration.RegistrationSequence if i.FrameOfReferenceUID != registration.FrameOfReferenceUID)
    matrix = np.array(item.MatrixRegistrationSequence[0].MatrixSequence[0].FrameOfReferenceTransformationMatrix, float)
    matrix = matrix.reshape(4, 4)
    fixed, moved = (np.array(truth[k]) for k in ("landmarks_fixed_LPS", "landmarks_moved_LPS"))
    back = (matrix @ np.c_[moved, np.ones(len(moved))].T).T[:, :3]
    error = np.linalg.norm(back - fixed, axis=1)
    check("landmarks by pydicom and numpy", error.max() < 2e-4, f"mean {error.mean():.2e} mm, worst {error.max():.2e} mm")
    ours = np.array(truth["inverse_T_moved_to_original"])
    check("matrix against truth", np.abs(matrix - ours).max() < 1e-12, np.abs(matrix - ours).max())


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("make", "check", "read", "tre"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(folder)
    elif sys.argv[1] == "check":
        check_report(folder / "report.dcm")
        check_dcmqi(folder / "report.dcm")
        check_others(folder)
    elif sys.argv[1] == "read":
        read(folder, sys.argv[3])
    else:
        tre(folder, sys.argv[3])
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
