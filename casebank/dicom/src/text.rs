//! Text of foreign data sets to Rust strings (PS3.5 section 6.1 and annexes H, I, J, K; PS3.3 C.12.1.1.2).
//!
//! [`CharacterSets`] stands for the values of (0008,0005) and decodes bytes: single sets, code extensions by escape
//! sequences, GB18030, GBK and UTF-8. Delimiters are found while decoding, so that 5CH, 3DH and 5EH inside a two-byte
//! character never split a value. Nothing is lost silently: what was guessed or could not be read comes back as a
//! [`TextProblem`], which names sets, never text.
//!
//! The tables are those of `encoding_rs`. Ours is what the web does not use and it therefore lacks: which escape sequence
//! designates which set to G0 or G1 and when that ends, the Korean and Chinese designations of ISO 2022, JIS X 0212 in
//! seven bits, JIS X 0201, and ISO 8859-1 and -9 without the Windows characters in 80H to 9FH.

mod charset;
mod decode;
mod guess;
mod list;
mod parse;
mod problem;

pub use charset::CharacterSets;
pub use decode::{Decoded, TextKind, gb18030};
pub use list::{TextElement, texts};
pub(crate) use parse::parse_telling;
pub use problem::TextProblem;

#[cfg(test)]
mod tests;
