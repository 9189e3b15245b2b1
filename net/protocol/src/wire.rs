//! Bytes ⇄ messages, with bounds.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::messages::ControlMessage;

/// Largest JSON text of a control message.
pub const MAX_CONTROL_LEN: usize = 1 << 20;

/// Bytes that do not follow the protocol, or a message too large to send.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A control message beyond [`MAX_CONTROL_LEN`].
    #[error("a control message of {len} bytes exceeds the limit of {MAX_CONTROL_LEN}")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// A control message that is not the JSON it should be.
    #[error("a control message cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A packed header that ends early.
    #[error("a {what} of {len} bytes is too short")]
    TooShort {
        /// Which header.
        what: &'static str,
        /// Bytes present.
        len: usize,
    },
    /// A packed header with a value that the protocol forbids.
    #[error("the {field} of a {what} is outside what the protocol allows")]
    OutOfBounds {
        /// Which header.
        what: &'static str,
        /// Which field.
        field: &'static str,
    },
}

impl WireError {
    pub(crate) fn out_of_bounds(what: &'static str, field: &'static str) -> Self {
        Self::OutOfBounds { what, field }
    }
}

/// A control message as it goes onto the stream: length (u32 little endian), then JSON.
pub fn encode_control<M: ControlMessage>(message: &M) -> Result<Bytes, WireError> {
    let json = serde_json::to_vec(message)?;
    if json.len() > MAX_CONTROL_LEN {
        return Err(WireError::TooLong { len: json.len() });
    }
    let mut bytes = BytesMut::with_capacity(4 + json.len());
    bytes.put_u32_le(json.len() as u32);
    bytes.put_slice(&json);
    Ok(bytes.freeze())
}

/// Collects what arrives on a control stream and cuts it into messages.
#[derive(Debug, Default)]
pub struct ControlBuffer {
    bytes: BytesMut,
}

impl ControlBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes from the stream. Take all messages out before adding more: the buffer then never
    /// holds more than one message and one read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more bytes come. An error is final: the stream has
    /// lost its framing.
    pub fn next_message<M: ControlMessage>(&mut self) -> Result<Option<M>, WireError> {
        let Some(prefix) = self.bytes.first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_le_bytes(*prefix) as usize;
        if len > MAX_CONTROL_LEN {
            return Err(WireError::TooLong { len });
        }
        if self.bytes.len() < 4 + len {
            return Ok(None);
        }
        self.bytes.advance(4);
        let json = self.bytes.split_to(len);
        Ok(Some(serde_json::from_slice(&json)?))
    }
}

/// Reads a packed header whose length was checked once.
pub(crate) struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8], len: usize) -> Result<Self, WireError> {
        match bytes.get(..len) {
            Some(bytes) => Ok(Self { what, bytes }),
            None => Err(WireError::TooShort { what, len: bytes.len() }),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) =
            self.bytes.split_first_chunk::<N>().expect("`new` checked the length of the whole header");
        self.bytes = tail;
        *head
    }

    pub(crate) fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(crate) fn f32(&mut self) -> f32 {
        f32::from_le_bytes(self.array())
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.array())
    }

    pub(crate) fn zeros(&mut self, count: usize) -> Result<(), WireError> {
        for _ in 0..count {
            if self.u8() != 0 {
                return Err(WireError::out_of_bounds(self.what, "reserved bytes"));
            }
        }
        Ok(())
    }
}
