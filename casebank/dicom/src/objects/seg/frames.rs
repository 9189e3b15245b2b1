//! The functional groups of a segmentation: where each frame lies and which segment it is of.

use casebank_case::Words;
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::SegReadError;
use crate::dataset::text;
use crate::header::parse;
use crate::objects::facts::SegmentFacts;
use crate::prescan::{PixelBytes, Prescan};

/// How pixels tell segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixels {
    /// One bit: in or out.
    Bits,
    /// One byte, compared with a threshold.
    Fractional {
        /// Maximum Fractional Value (0062,000E).
        most: u8,
    },
    /// Segment numbers of one or two bytes.
    Labels {
        bytes: usize,
        /// Pixel Padding Value (0028,0120): background beside 0.
        padding: Option<u16>,
    },
}

/// A frame's place and segment.
#[derive(Clone, Debug)]
pub(super) struct FrameRef {
    /// Centre of the first pixel, LPS mm.
    pub(super) position: [f64; 3],
    /// `None` in label maps.
    pub(super) segment: Option<u16>,
}

/// A segmentation without its pixels.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) object: InMemDicomObject,
    pub(super) pixels: Pixels,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) frames: Vec<FrameRef>,
    pub(super) segments: Vec<SegmentFacts>,
    pub(super) orientation: [f64; 6],
    /// Between rows, between columns, mm.
    pub(super) spacing_mm: [f64; 2],
    /// Spacing Between Slices (0018,0088), mm.
    pub(super) between_mm: Option<f64>,
    pub(super) thickness_mm: Option<f64>,
    pub(super) frame_of_reference: String,
}

impl Header {
    pub(super) fn of(scan: &Prescan<'_>) -> Result<Self, SegReadError> {
        let object = parse(scan, before_pixels(scan)).ok_or(SegReadError::Class)?;
        let class = text(&object, tags::SOP_CLASS_UID);
        if ![uids::SEGMENTATION_STORAGE, uids::LABEL_MAP_SEGMENTATION_STORAGE].contains(&class.as_str()) {
            return Err(SegReadError::Class);
        }
        let small = |tag: Tag, what| {
            let value = object.get(tag).and_then(|e| e.to_int::<u16>().ok());
            value.ok_or(SegReadError::Missing(what, what))
        };
        let (rows, columns) = (small(tags::ROWS, "Rows")?, small(tags::COLUMNS, "Columns")?);
        if rows == 0 || columns == 0 {
            return Err(SegReadError::Missing("Rows", "Rows"));
        }
        let bits = small(tags::BITS_ALLOCATED, "Bits Allocated")?;
        let pixels = match (text(&object, tags::SEGMENTATION_TYPE).as_str(), bits) {
            ("BINARY", 1) => Pixels::Bits,
            // Some writers store binary segments in bytes.
            ("BINARY", 8) => Pixels::Fractional { most: 1 },
            ("FRACTIONAL", 8) => {
                let most = small(tags::MAXIMUM_FRACTIONAL_VALUE, "Maximum Fractional Value")?;
                let most = u8::try_from(most).ok().filter(|&most| most > 0);
                Pixels::Fractional {
                    most: most.ok_or(SegReadError::Missing(
                        "Maximum Fractional Value",
                        "Maximum Fractional Value",
                    ))?,
                }
            }
            ("LABELMAP", 8 | 16) => Pixels::Labels {
                bytes: usize::from(bits / 8),
                padding: small(tags::PIXEL_PADDING_VALUE, "").ok(),
            },
            _ => return Err(SegReadError::Type),
        };
        let segments: Vec<SegmentFacts> =
            items(&object, tags::SEGMENT_SEQUENCE).iter().filter_map(SegmentFacts::of).collect();
        let mut numbers: Vec<u16> = segments.iter().map(|s| s.number).collect();
        numbers.sort_unstable();
        if segments.is_empty() || numbers.windows(2).any(|w| w[0] == w[1]) {
            return Err(SegReadError::Missing(
                "Segment Sequence with distinct numbers",
                "编号互不相同的 Segment Sequence",
            ));
        }
        let stated = object.get(tags::NUMBER_OF_FRAMES).and_then(|e| e.to_int::<usize>().ok());
        let groups = Groups::of(&object);
        let count = stated.unwrap_or(groups.frames.len());
        if count == 0 || groups.frames.len() < count {
            return Err(SegReadError::Frame {
                frame: groups.frames.len() + 1,
                what: Words::new(
                    "is not described by the Per-Frame Functional Groups",
                    "没有在 Per-Frame Functional Groups 中描述",
                ),
            });
        }
        let frames = (0..count).map(|n| groups.frame(n, pixels, &numbers)).collect::<Result<_, _>>()?;
        let orientation =
            groups.same(tags::PLANE_ORIENTATION_SEQUENCE, tags::IMAGE_ORIENTATION_PATIENT, count)?;
        let spacing_mm: [f64; 2] = groups.same(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING, count)?;
        let length = |tag| -> Option<f64> {
            let [mm] = groups.same::<1>(tags::PIXEL_MEASURES_SEQUENCE, tag, count).ok()?;
            (mm > 0.0).then_some(mm)
        };
        Ok(Self {
            between_mm: length(tags::SPACING_BETWEEN_SLICES),
            thickness_mm: length(tags::SLICE_THICKNESS),
            frame_of_reference: text(&object, tags::FRAME_OF_REFERENCE_UID),
            pixels,
            rows,
            columns,
            frames,
            segments,
            orientation,
            spacing_mm,
            object,
        })
    }
}

/// The data set up to the pixel data, which are read where they lie.
fn before_pixels<'a>(scan: &'a Prescan<'_>) -> &'a [u8] {
    let end = match &scan.pixels {
        Some(PixelBytes::Native(range)) => {
            range.start.checked_sub(if scan.encoding.explicit { 12 } else { 8 })
        }
        // Pixel data head and that of the offset table.
        Some(PixelBytes::Fragments { offset_table, .. }) => {
            offset_table.start.checked_sub(if scan.encoding.explicit { 20 } else { 16 })
        }
        None => None,
    };
    scan.data.get(scan.dataset..end.unwrap_or(scan.data.len())).unwrap_or_default()
}

pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|element| element.items()).unwrap_or_default()
}

/// Exactly `N` finite numbers.
pub(super) fn floats<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let values = object.get(tag)?.to_multi_float64().ok()?;
    let values: [f64; N] = values.try_into().ok()?;
    values.iter().all(|v| v.is_finite()).then_some(values)
}

struct Groups<'a> {
    shared: Option<&'a InMemDicomObject>,
    frames: &'a [InMemDicomObject],
}

impl<'a> Groups<'a> {
    fn of(object: &'a InMemDicomObject) -> Self {
        Self {
            shared: items(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first(),
            frames: items(object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
        }
    }

    /// The item of a functional group, that of the frame before the shared one.
    fn group(&self, frame: usize, tag: Tag) -> Option<&'a InMemDicomObject> {
        let own = self.frames.get(frame).and_then(|f| items(f, tag).first());
        own.or_else(|| self.shared.and_then(|s| items(s, tag).first()))
    }

    fn frame(&self, n: usize, pixels: Pixels, numbers: &[u16]) -> Result<FrameRef, SegReadError> {
        let odd = |en, zh| SegReadError::Frame { frame: n + 1, what: Words::new(en, zh) };
        let place = self.group(n, tags::PLANE_POSITION_SEQUENCE);
        let position = place.and_then(|item| floats(item, tags::IMAGE_POSITION_PATIENT));
        let position: [f64; 3] = position.ok_or_else(|| odd("has no position", "没有位置"))?;
        if position.iter().any(|v| v.abs() > 1e6) {
            return Err(odd("lies more than a kilometre away", "在一公里以外"));
        }
        if matches!(pixels, Pixels::Labels { .. }) {
            return Ok(FrameRef { position, segment: None });
        }
        let item = self.group(n, tags::SEGMENT_IDENTIFICATION_SEQUENCE);
        let number = item.and_then(|i| i.get(tags::REFERENCED_SEGMENT_NUMBER)?.to_int::<u16>().ok());
        let number =
            number.ok_or_else(|| odd("does not say which segment it is of", "没有说明属于哪个分割"))?;
        if numbers.binary_search(&number).is_err() {
            let what = Words::new(
                format!("is of segment {number}, which is not described"),
                format!("属于没有描述的分割 {number}"),
            );
            return Err(SegReadError::Frame { frame: n + 1, what });
        }
        Ok(FrameRef { position, segment: Some(number) })
    }

    /// Numbers that must be the same for all frames.
    fn same<const N: usize>(&self, group: Tag, tag: Tag, count: usize) -> Result<[f64; N], SegReadError> {
        let of = |n: usize| self.group(n, group).and_then(|item| floats::<N>(item, tag));
        let (en, zh) = match tag {
            tags::IMAGE_ORIENTATION_PATIENT => ("orientation", "方向"),
            tags::PIXEL_SPACING => ("pixel spacing", "像素间距"),
            _ => ("slice distance", "层间距"),
        };
        let missing = |n: usize| SegReadError::Frame {
            frame: n + 1,
            what: Words::new(format!("has no {en}"), format!("没有{zh}")),
        };
        let first = of(0).ok_or_else(|| missing(0))?;
        for n in 1..count {
            let other = of(n).ok_or_else(|| missing(n))?;
            if first.iter().zip(&other).any(|(a, b)| (a - b).abs() > 1e-4) {
                let what =
                    Words::new(format!("has another {en} than the first"), format!("的{zh}与第一帧不同"));
                return Err(SegReadError::Frame { frame: n + 1, what });
            }
        }
        Ok(first)
    }
}
