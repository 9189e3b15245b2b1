//! Decoding in this process, by the registry of transfer syntaxes.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_core::value::C;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::{Codec, TransferSyntaxIndex as _};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::header::SampleFormat;
use crate::pixels::PixelError;

/// Decodes one frame to little endian samples. A panic of a codec must not take the reading of the other slices along.
pub(super) fn decode(syntax: &str, data: &[u8], format: &SampleFormat) -> Result<Vec<u8>, PixelError> {
    let frame = Compressed { syntax, data, format };
    catch_unwind(AssertUnwindSafe(|| frame.decode()))
        .unwrap_or_else(|_panic| Err(PixelError::Codec("the decoder gave up".to_owned())))
}

/// One compressed frame, as the codecs want to see it.
struct Compressed<'a> {
    syntax: &'a str,
    data: &'a [u8],
    format: &'a SampleFormat,
}

impl Compressed<'_> {
    fn decode(&self) -> Result<Vec<u8>, PixelError> {
        let syntax = TransferSyntaxRegistry.get(self.syntax);
        let Some(Codec::EncapsulatedPixelData(Some(reader), _)) =
            syntax.map(dicom_encoding::TransferSyntax::codec)
        else {
            return Err(PixelError::Syntax(self.syntax.into()));
        };
        let mut out = Vec::new();
        match reader.decode_frame(self, 0, &mut out) {
            Ok(()) => Ok(out),
            Err(error) => Err(PixelError::Codec(in_full(&error))),
        }
    }
}

/// An error with what lies behind it, within reason.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source.filter(|_| text.len() < 160) {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().filter(|c| !c.is_control()).take(240).collect()
}

impl PixelDataObject for Compressed<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.syntax
    }
    fn rows(&self) -> Option<u16> {
        Some(self.format.rows)
    }
    fn cols(&self) -> Option<u16> {
        Some(self.format.columns)
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(self.format.samples)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(self.format.bits_allocated)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.format.bits_stored)
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some(if self.format.samples == 1 { "MONOCHROME2" } else { &self.format.photometric })
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.data))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData { fragments: C::from_iter([self.data.to_vec()]), offset_table: C::new() })
    }
}
