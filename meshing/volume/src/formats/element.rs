//! How one value is stored.

use crate::Words;

/// Type of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 8-bit signed.
    I8,
    /// 8-bit unsigned.
    U8,
    /// 16-bit signed.
    I16,
    /// 16-bit unsigned.
    U16,
    /// 32-bit signed.
    I32,
    /// 32-bit unsigned.
    U32,
    /// 64-bit signed.
    I64,
    /// 64-bit unsigned.
    U64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

impl Element {
    /// Bytes of one value.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (en, zh) = match self {
            Self::I8 => ("8-bit integers", " 8 位整数"),
            Self::U8 => ("unsigned 8-bit integers", "无符号 8 位整数"),
            Self::I16 => ("16-bit integers", " 16 位整数"),
            Self::U16 => ("unsigned 16-bit integers", "无符号 16 位整数"),
            Self::I32 => ("32-bit integers", " 32 位整数"),
            Self::U32 => ("unsigned 32-bit integers", "无符号 32 位整数"),
            Self::I64 => ("64-bit integers", " 64 位整数"),
            Self::U64 => ("unsigned 64-bit integers", "无符号 64 位整数"),
            Self::F32 => ("32-bit floats", " 32 位浮点数"),
            Self::F64 => ("64-bit floats", " 64 位浮点数"),
        };
        Words::new(en, zh)
    }
}

/// A stored value and what it is worth.
pub(super) trait Sample: Copy {
    /// Whether every value fits 16-bit signed integers.
    const ALWAYS_FITS: bool = false;
    /// Bytes of one value.
    const BYTES: usize;
    /// From its bytes.
    fn from_bytes(bytes: &[u8], big_endian: bool) -> Self;
    /// From a decimal number; `None` where it is none or does not fit.
    fn from_text(text: &str) -> Option<Self>;
    /// As a float; 64-bit integers beyond 2⁵³ are rounded.
    fn to_f64(self) -> f64;
    /// As a 16-bit integer if it is one exactly.
    fn to_i16(self) -> Option<i16>;
    /// Whether `f32` does not hold the value exactly.
    fn rounds(self) -> bool;
}

macro_rules! from_bytes {
    ($type:ty) => {
        const BYTES: usize = size_of::<$type>();
        fn from_bytes(bytes: &[u8], big_endian: bool) -> Self {
            let mut array = [0_u8; size_of::<$type>()];
            array.copy_from_slice(bytes);
            if big_endian { <$type>::from_be_bytes(array) } else { <$type>::from_le_bytes(array) }
        }
        fn from_text(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    };
}

macro_rules! small {
    ($($type:ty)*) => {$(
        impl Sample for $type {
            const ALWAYS_FITS: bool = true;
            from_bytes!($type);
            fn to_f64(self) -> f64 { f64::from(self) }
            fn to_i16(self) -> Option<i16> { Some(i16::from(self)) }
            fn rounds(self) -> bool { false }
        }
    )*};
}
small!(i8 u8 i16);

macro_rules! whole {
    ($($type:ty)*) => {$(
        impl Sample for $type {
            from_bytes!($type);
            fn to_f64(self) -> f64 { self as f64 }
            fn to_i16(self) -> Option<i16> { i16::try_from(self).ok() }
            // Saturating casts: the largest float of a type comes back as the type's last value, so it is asked as i128.
            fn rounds(self) -> bool { self as f32 as i128 != self as i128 }
        }
    )*};
}
whole!(u16 i32 u32 i64 u64);

impl Sample for f32 {
    from_bytes!(f32);
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn to_i16(self) -> Option<i16> {
        let small = self as i16;
        (Self::from(small) == self).then_some(small)
    }
    fn rounds(self) -> bool {
        false
    }
}

impl Sample for f64 {
    from_bytes!(f64);
    fn to_f64(self) -> f64 {
        self
    }
    fn to_i16(self) -> Option<i16> {
        let small = self as i16;
        (Self::from(small) == self).then_some(small)
    }
    fn rounds(self) -> bool {
        Self::from(self as f32) != self && !self.is_nan()
    }
}

/// Calls `$call::<T>` with the type of an element.
macro_rules! with_type {
    ($element:expr, $call:ident($($argument:expr),*)) => {
        match $element {
            Element::I8 => $call::<i8>($($argument),*),
            Element::U8 => $call::<u8>($($argument),*),
            Element::I16 => $call::<i16>($($argument),*),
            Element::U16 => $call::<u16>($($argument),*),
            Element::I32 => $call::<i32>($($argument),*),
            Element::U32 => $call::<u32>($($argument),*),
            Element::I64 => $call::<i64>($($argument),*),
            Element::U64 => $call::<u64>($($argument),*),
            Element::F32 => $call::<f32>($($argument),*),
            Element::F64 => $call::<f64>($($argument),*),
        }
    };
}
pub(super) use with_type;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_or_do_not() {
        assert_eq!((40000_u16.to_i16(), 32767_u16.to_i16()), (None, Some(32767)));
        assert_eq!(
            (1.5_f32.to_i16(), f64::NAN.to_i16(), (-32768.0_f64).to_i16()),
            (None, None, Some(-32768))
        );
        assert!(
            16_777_217_i32.rounds() && !16_777_216_i32.rounds() && i64::MAX.rounds() && !i64::MIN.rounds()
        );
        assert_eq!(i32::from_bytes(&[0, 0, 1, 2], true), 258);
        assert_eq!((u8::from_text("256"), u8::from_text("255")), (None, Some(255)));
    }
}
