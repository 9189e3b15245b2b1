//! Video: a picture becomes slices that can be sent one by one, and a picture again or a reason why not.

use image::RgbaImage;
use meshing_volume::Told;

/// How a picture is to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Quantiser, [`MIN_QP`] (finest) to [`MAX_QP`]; six more halve the bits, roughly. What lies outside is clamped.
    pub qp: u8,
    /// A picture that leans on none before it, as a viewer needs who lost one.
    pub key: bool,
}

/// The finest quantiser.
pub const MIN_QP: u8 = 12;
/// The coarsest.
pub const MAX_QP: u8 = 51;

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Counts the pictures of an encoder, from 0.
    pub sequence: u32,
    /// Whether it leans on none before it.
    pub is_key: bool,
    /// The quantiser used.
    pub qp: u8,
    /// Bands from the top, each a packet that says what it is (docs/streaming-frames.md). They may be sent in any order, and each is at
    /// most [`MAX_SLICE_LEN`](crate::MAX_SLICE_LEN) bytes.
    pub slices: Vec<Vec<u8>>,
}

impl AccessUnit {
    /// Bytes of all slices.
    pub fn bytes(&self) -> usize {
        self.slices.iter().map(Vec::len).sum()
    }
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// [`AccessUnit::sequence`].
    pub sequence: u32,
    /// Whether it leaned on none before it.
    pub is_key: bool,
    /// Opaque pixels, lossy.
    pub picture: RgbaImage,
}

/// Makes video of the pictures of one view (an eye or a window). One for each view, on its own thread if wished.
pub trait VideoEncoder: core::fmt::Debug + Send {
    /// Encodes the next picture: its red, green and blue; alpha is left out. Another size than the last one's, and a change
    /// that the codec cannot make in flight, give a key frame unasked.
    ///
    /// # Errors
    /// [`VideoError::Size`], [`VideoError::Codec`].
    fn encode(&mut self, picture: &RgbaImage, ask: Ask) -> Result<AccessUnit, VideoError>;
}

/// Makes pictures of the video of one view.
pub trait VideoDecoder: core::fmt::Debug + Send {
    /// Decodes an access unit from all of its slices, in any order. Where one is lost or damaged, nothing more is decoded
    /// until a key frame comes: a broken picture is never given.
    ///
    /// # Errors
    /// [`VideoError`]. The bytes may come from anyone: there is no panic, and memory is bounded by the largest picture that
    /// the decoder was made for.
    fn decode(&mut self, slices: &[&[u8]]) -> Result<Decoded, VideoError>;

    /// Whether only a key frame can be decoded, which should be asked for.
    fn needs_key(&self) -> bool;
}

/// Why there is no picture, or no video of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VideoError {
    /// A picture too small or too large.
    #[error(
        "a picture of {size:?} pixels cannot become video; edges must be {least} to {most:?}: choose another size"
    )]
    Size {
        /// Pixels across and down.
        size: [u32; 2],
        /// Shortest edge.
        least: u32,
        /// Longest edges.
        most: [u32; 2],
    },
    /// The codec failed.
    #[error("the video codec failed ({0}); this picture is left out, ask for a key frame")]
    Codec(String),
    /// A slice that is none, or whose parts contradict one another.
    #[error("bytes are not a slice of this video: {0}; the picture is left out")]
    Malformed(&'static str),
    /// A slice was changed on its way.
    #[error("a slice was damaged on its way; the picture is left out until a key frame comes: ask for one")]
    Damaged,
    /// A picture before this one, or a part of this one, has not come.
    #[error(
        "picture {sequence} leans on one that was lost; nothing is shown until a key frame comes: ask for one"
    )]
    Lost {
        /// [`AccessUnit::sequence`].
        sequence: u32,
    },
    /// A picture that was decoded before, or an older one.
    #[error("picture {sequence} is older than the one shown; it is left out")]
    Stale {
        /// [`AccessUnit::sequence`].
        sequence: u32,
    },
}

impl Told for VideoError {
    fn chinese(&self) -> String {
        match self {
            Self::Size { size: [w, h], least, most: [mw, mh] } => {
                format!("{w}×{h} 像素的画面无法编码为视频；边长须为 {least} 至 {mw}×{mh}：请选择其他尺寸")
            }
            Self::Codec(cause) => format!("视频编解码器失败（{cause}）；此画面被略去，请请求关键帧"),
            Self::Malformed(what) => format!("这些字节不是此视频的条带：{what}；此画面被略去"),
            Self::Damaged => "条带在传输中损坏；在关键帧到来之前不显示画面：请请求关键帧".to_owned(),
            Self::Lost { sequence } => {
                format!("画面 {sequence} 依赖已丢失的画面；在关键帧到来之前不显示：请请求关键帧")
            }
            Self::Stale { sequence } => format!("画面 {sequence} 比正在显示的旧；已略去"),
        }
    }
}
