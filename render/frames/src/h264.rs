//! H.264 by openh264, compiled from source: for machines without a video engine, and for tests.
//!
//! Each slice is a stream of its own, so that all cores encode and decode one picture, and a slice can be decoded once it
//! is there. The codec's own rate control is not used: the quantiser is ours.

use core::fmt;

use image::RgbaImage;
use openh264::OpenH264API;
use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, QpRange,
    RateControlMode, VuiConfig,
};
use openh264::formats::{YUVSlices, YUVSource as _};
use rayon::prelude::*;

use crate::nal;
use crate::slice::{LEAST_EDGE, MAX_SLICES, MAX_VIDEO_SIZE, SliceHeader, bands};
use crate::yuv::{Planes, PlanesRef, write_rgba};
use crate::{AccessUnit, Ask, Decoded, MAX_QP, MIN_QP, VideoDecoder, VideoEncoder, VideoError};

/// A slice and its stream.
type Slice<'a> = (SliceHeader, &'a [u8]);

fn codec(error: &openh264::Error) -> VideoError {
    VideoError::Codec(error.to_string())
}

/// Encodes one view.
///
/// The binding cannot change the quantiser of a running stream without `unsafe`, so another quantiser begins a new one with a key
/// frame; [`Pace`](crate::Pace) therefore changes it seldom.
pub struct H264Encoder {
    view: u8,
    slices: u8,
    made_for: Option<([u32; 2], u8)>,
    streams: Vec<Encoder>,
    sequence: u32,
}

impl fmt::Debug for H264Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { view, slices, made_for, sequence, .. } = self;
        f.debug_struct("H264Encoder")
            .field("view", view)
            .field("slices", slices)
            .field("made_for", made_for)
            .field("sequence", sequence)
            .finish_non_exhaustive()
    }
}

impl H264Encoder {
    /// For a view (0 a window or the left eye, 1 the right eye) in so many slices, 1 to [`MAX_SLICES`](crate::MAX_SLICES);
    /// low pictures have fewer.
    pub fn new(view: u8, slices: u8) -> Self {
        let slices = slices.clamp(1, MAX_SLICES);
        Self { view, slices, made_for: None, streams: Vec::new(), sequence: 0 }
    }

    fn stream(qp: u8) -> Result<Encoder, VideoError> {
        let config = EncoderConfig::new()
            // the one mode that neither changes the quantiser by itself nor warns on the terminal
            .rate_control_mode(RateControlMode::Bufferbased)
            .skip_frames(false)
            .qp(QpRange::new(qp, qp))
            .bitrate(BitRate::from_bps(100_000_000))
            .max_frame_rate(FrameRate::from_hz(60.0))
            .intra_frame_period(IntraFramePeriod::auto())
            .profile(Profile::Baseline)
            .complexity(Complexity::Low)
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .background_detection(false)
            .num_threads(1)
            .vui(VuiConfig::bt709_full());
        Encoder::with_api_config(OpenH264API::from_source(), config).map_err(|error| codec(&error))
    }
}

impl VideoEncoder for H264Encoder {
    fn encode(&mut self, picture: &RgbaImage, ask: Ask) -> Result<AccessUnit, VideoError> {
        let size = [picture.width(), picture.height()];
        if (0..2).any(|a| !(LEAST_EDGE..=MAX_VIDEO_SIZE[a]).contains(&size[a])) {
            return Err(VideoError::Size { size, least: LEAST_EDGE, most: MAX_VIDEO_SIZE });
        }
        let qp = ask.qp.clamp(MIN_QP, MAX_QP);
        let bands = bands(size[1], self.slices);
        let is_new = self.made_for != Some((size, qp));
        // whatever fails from here on, the next picture begins anew
        self.made_for = None;
        if is_new {
            self.streams = bands.iter().map(|_| Self::stream(qp)).collect::<Result<_, _>>()?;
        } else if ask.key {
            self.streams.iter_mut().for_each(Encoder::force_intra_frame);
        }
        let is_key = is_new || ask.key;
        let row = size[0] as usize * 4;
        let header = SliceHeader {
            view: self.view,
            index: 0,
            count: bands.len() as u8,
            is_key,
            size,
            qp,
            sequence: self.sequence,
        };
        let encode = |(index, (stream, [from, to])): (usize, (&mut Encoder, &[u32; 2]))| {
            let rows = &picture.as_raw()[*from as usize * row..*to as usize * row];
            let planes = Planes::from_rgba(rows, size[0] as usize);
            let (width, height) = (planes.width, planes.height);
            let strides = (width, width / 2, width / 2);
            let source = YUVSlices::new((&planes.y, &planes.u, &planes.v), (width, height), strides);
            let coded = stream.encode(&source).map_err(|error| codec(&error))?;
            let expected = if is_key { FrameType::IDR } else { FrameType::P };
            if coded.frame_type() != expected {
                return Err(VideoError::Codec(format!("{:?} instead of {expected:?}", coded.frame_type())));
            }
            Ok(SliceHeader { index: index as u8, ..header }.packet(&coded.to_vec()))
        };
        let slices: Result<Vec<_>, _> =
            self.streams.par_iter_mut().zip(&bands).enumerate().map(encode).collect();
        let unit = AccessUnit { sequence: self.sequence, is_key, qp, slices: slices? };
        self.made_for = Some((size, qp));
        self.sequence = self.sequence.wrapping_add(1);
        Ok(unit)
    }
}

/// Decodes one view.
pub struct H264Decoder {
    view: u8,
    most: [u32; 2],
    streams: Vec<Decoder>,
    size: [u32; 2],
    /// The last picture given, and whether the next may lean on it.
    last: Option<u32>,
    sound: bool,
}

impl fmt::Debug for H264Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { view, most, size, last, sound, .. } = self;
        f.debug_struct("H264Decoder")
            .field("view", view)
            .field("most", most)
            .field("size", size)
            .field("last", last)
            .field("sound", sound)
            .finish_non_exhaustive()
    }
}

impl H264Decoder {
    /// For a view and pictures of at most that many pixels across and down, which bounds the memory. A new encoder at the
    /// other end needs a new decoder.
    pub fn new(view: u8, most: [u32; 2]) -> Self {
        let most = [most[0].min(MAX_VIDEO_SIZE[0]), most[1].min(MAX_VIDEO_SIZE[1])];
        Self { view, most, streams: Vec::new(), size: [0; 2], last: None, sound: false }
    }

    /// Slices of one picture in their order, each checked.
    fn sorted<'a>(&self, slices: &[&'a [u8]]) -> Result<Vec<Slice<'a>>, VideoError> {
        if slices.len() > usize::from(MAX_SLICES) {
            return Err(VideoError::Malformed("too many slices"));
        }
        let mut parsed = slices.iter().map(|s| SliceHeader::parse(s)).collect::<Result<Vec<_>, _>>()?;
        parsed.sort_by_key(|(header, _)| header.index);
        let Some((first, _)) = parsed.first().copied() else {
            return Err(VideoError::Malformed("no slice"));
        };
        let alike = |h: &SliceHeader| SliceHeader { index: first.index, ..*h } == first;
        if !parsed.iter().all(|(h, _)| alike(h)) || first.view != self.view {
            return Err(VideoError::Malformed("slices of different pictures"));
        }
        if (0..2).any(|a| first.size[a] > self.most[a]) {
            return Err(VideoError::Malformed("a larger picture than was agreed on"));
        }
        if self.last.is_some_and(|last| first.sequence <= last) {
            return Err(VideoError::Stale { sequence: first.sequence });
        }
        let in_order = parsed.iter().enumerate().all(|(n, (h, _))| usize::from(h.index) == n);
        if !in_order || parsed.len() != usize::from(first.count) {
            return Err(VideoError::Lost { sequence: first.sequence });
        }
        for (header, stream) in &parsed {
            let checked = nal::check(stream, header.is_key, header.macroblocks());
            checked.map_err(|nal::Refused(what)| VideoError::Malformed(what))?;
        }
        Ok(parsed)
    }

    fn unbroken(&mut self, slices: &[Slice<'_>]) -> Result<RgbaImage, VideoError> {
        let (first, _) = slices[0];
        if first.is_key {
            // a stream begins anew with nothing of what a broken or hostile one may have left
            let fresh = || {
                let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
                Decoder::with_api_config(OpenH264API::from_source(), config).map_err(|error| codec(&error))
            };
            self.streams = slices.iter().map(|_| fresh()).collect::<Result<_, _>>()?;
            self.size = first.size;
        } else if first.size != self.size || slices.len() != self.streams.len() {
            return Err(VideoError::Malformed("another size without a key frame"));
        }
        let [width, height] = first.size;
        let row = width as usize * 4;
        let mut picture = RgbaImage::new(width, height);
        let mut parts = Vec::with_capacity(slices.len());
        let mut rest: &mut [u8] = &mut picture;
        for (header, _) in slices {
            let [from, to] = header.rows();
            let (part, after) = rest.split_at_mut((to - from) as usize * row);
            parts.push(part);
            rest = after;
        }
        let decode = |((stream, (header, bytes)), part): ((&mut Decoder, &Slice<'_>), &mut [u8])| {
            let decoded = stream.decode(bytes).map_err(|error| codec(&error))?;
            let yuv = decoded.ok_or_else(|| VideoError::Codec("no picture".to_owned()))?;
            let [from, to] = header.rows();
            let (across, down) = yuv.dimensions();
            let (stride, stride_uv, _) = yuv.strides();
            let [need_x, need_y] = [width as usize, (to - from) as usize];
            let (half_x, half_y) = (need_x.div_ceil(2), need_y.div_ceil(2));
            let luma = yuv.y().len() >= (need_y - 1) * stride + need_x;
            let chroma = |plane: &[u8]| plane.len() >= (half_y - 1) * stride_uv + half_x;
            if across < need_x || down < need_y || !luma || !chroma(yuv.u()) || !chroma(yuv.v()) {
                return Err(VideoError::Codec("a smaller picture than was announced".to_owned()));
            }
            let planes = PlanesRef { y: (yuv.y(), stride), u: (yuv.u(), stride_uv), v: (yuv.v(), stride_uv) };
            write_rgba(&planes, need_x, part);
            Ok(())
        };
        self.streams.par_iter_mut().zip(slices).zip(parts).map(decode).collect::<Result<(), VideoError>>()?;
        Ok(picture)
    }
}

impl VideoDecoder for H264Decoder {
    fn decode(&mut self, slices: &[&[u8]]) -> Result<Decoded, VideoError> {
        let slices = self.sorted(slices).inspect_err(|error| {
            // what was lost is known before the next picture leans on it
            self.sound &= !matches!(error, VideoError::Damaged | VideoError::Lost { .. });
        })?;
        let (header, _) = slices[0];
        let follows = self.sound && self.last.is_some_and(|last| last.wrapping_add(1) == header.sequence);
        if !header.is_key && !follows {
            self.sound = false;
            return Err(VideoError::Lost { sequence: header.sequence });
        }
        self.sound = false;
        let picture = self.unbroken(&slices)?;
        self.sound = true;
        self.last = Some(header.sequence);
        Ok(Decoded { sequence: header.sequence, is_key: header.is_key, picture })
    }

    fn needs_key(&self) -> bool {
        !self.sound
    }
}
