//! Command sets (PS3.7 §6.3 and annex E): group 0000, implicit little endian, always.

/// (0000,0002) Affected SOP Class UID.
pub(crate) const AFFECTED_CLASS: u16 = 0x0002;
/// (0000,0100) Command Field.
const FIELD: u16 = 0x0100;
/// (0000,0110) Message ID.
pub(crate) const MESSAGE_ID: u16 = 0x0110;
/// (0000,0120) Message ID Being Responded To.
pub(crate) const RESPONDED_ID: u16 = 0x0120;
/// (0000,0700) Priority.
pub(crate) const PRIORITY: u16 = 0x0700;
/// (0000,0800) Command Data Set Type.
const DATA_SET: u16 = 0x0800;
/// (0000,0900) Status.
pub(crate) const STATUS: u16 = 0x0900;
/// (0000,0902) Error Comment.
pub(crate) const COMMENT: u16 = 0x0902;
/// (0000,1000) Affected SOP Instance UID.
pub(crate) const AFFECTED_INSTANCE: u16 = 0x1000;
/// (0000,1020) to (0000,1023): remaining, completed, failed, warning sub-operations.
pub(crate) const REMAINING: u16 = 0x1020;
pub(crate) const COMPLETED: u16 = 0x1021;
pub(crate) const FAILED: u16 = 0x1022;
pub(crate) const WARNING: u16 = 0x1023;

/// Values of the command field (PS3.7 §E.1).
pub(crate) mod field {
    pub(crate) const STORE_RQ: u16 = 0x0001;
    pub(crate) const STORE_RSP: u16 = 0x8001;
    pub(crate) const GET_RQ: u16 = 0x0010;
    pub(crate) const GET_RSP: u16 = 0x8010;
    pub(crate) const FIND_RQ: u16 = 0x0020;
    pub(crate) const FIND_RSP: u16 = 0x8020;
    pub(crate) const ECHO_RQ: u16 = 0x0030;
    pub(crate) const ECHO_RSP: u16 = 0x8030;
    pub(crate) const CANCEL_RQ: u16 = 0x0fff;
}

/// "No data set follows" in (0000,0800).
const NO_DATA: u16 = 0x0101;
/// Most elements of a command set; the longest of the standard has about 20.
const ELEMENTS: usize = 256;

/// A command set: element number and value, ascending, without the group length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command(Vec<(u16, Vec<u8>)>);

impl Command {
    /// A command with its field, and whether a data set follows.
    pub(crate) fn new(field: u16, with_data: bool) -> Self {
        Self(Vec::new()).number(FIELD, field).number(DATA_SET, if with_data { 0x0102 } else { NO_DATA })
    }

    /// With a 16-bit number.
    pub(crate) fn number(self, element: u16, value: u16) -> Self {
        self.with(element, value.to_le_bytes().to_vec())
    }

    /// With a UID, padded to even length.
    pub(crate) fn uid(self, element: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.with(element, bytes)
    }

    fn with(mut self, element: u16, value: Vec<u8>) -> Self {
        let place = self.0.partition_point(|(other, _)| *other < element);
        self.0.insert(place, (element, value));
        self
    }

    /// The command field, or 0.
    pub(crate) fn field(&self) -> u16 {
        self.u16(FIELD).unwrap_or(0)
    }

    /// Whether a data set follows.
    pub(crate) fn has_data(&self) -> bool {
        self.u16(DATA_SET).is_some_and(|value| value != NO_DATA)
    }

    /// A number of 16 bits.
    pub(crate) fn u16(&self, element: u16) -> Option<u16> {
        self.value(element)?.try_into().ok().map(u16::from_le_bytes)
    }

    /// Text without padding, for UIDs and comments.
    pub(crate) fn text(&self, element: u16) -> Option<String> {
        let text = String::from_utf8_lossy(self.value(element)?);
        Some(text.trim_matches(['\0', ' ']).to_owned())
    }

    fn value(&self, element: u16) -> Option<&[u8]> {
        let place = self.0.binary_search_by_key(&element, |(other, _)| *other).ok()?;
        self.0.get(place).map(|(_, value)| value.as_slice())
    }

    /// The bytes, with the group length in front.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let length: usize = self.0.iter().map(|(_, value)| 8 + value.len()).sum();
        put(&mut out, 0, &(length as u32).to_le_bytes());
        for (element, value) in &self.0 {
            put(&mut out, *element, value);
        }
        out
    }

    /// Reads a command set. The error is a sentence part for the message.
    pub(crate) fn decode(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
                return Err("a command set that is cut off");
            };
            let [group_low, group_high, low, high, a, b, c, d] = *head;
            let length = u32::from_le_bytes([a, b, c, d]) as usize;
            if (group_low, group_high) != (0, 0) {
                return Err("a command set with an element outside group 0000");
            }
            if length > rest.len() {
                return Err("a command element that is longer than its set");
            }
            if found.len() >= ELEMENTS {
                return Err("a command set with more than 256 elements");
            }
            let (value, rest) = rest.split_at(length);
            let element = u16::from_le_bytes([low, high]);
            if element != 0 {
                found.push((element, value.to_vec()));
            }
            bytes = rest;
        }
        found.sort_by_key(|(element, _)| *element);
        if found.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("a command set with an element twice");
        }
        let command = Self(found);
        if command.field() == 0 || command.u16(DATA_SET).is_none() {
            return Err("a command set without command field or data set type");
        }
        Ok(command)
    }
}

fn put(out: &mut Vec<u8>, element: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&element.to_le_bytes());
    out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_request_is_the_standard_bytes() {
        let command = Command::new(field::ECHO_RQ, false)
            .number(MESSAGE_ID, 1)
            .uid(AFFECTED_CLASS, "1.2.840.10008.1.1");
        let bytes = command.encode();
        // group length: 8+18 (class) + 3 * (8+2)
        assert_eq!(&bytes[..12], &[0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0]);
        assert_eq!(bytes.len(), 12 + 56);
        assert_eq!(Command::decode(&bytes).unwrap(), command);
        assert!(!command.has_data());
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let good = Command::new(field::ECHO_RSP, false).number(STATUS, 0).encode();
        for cut in 1..good.len() {
            // a cut at an element border may still leave a set, but then without the fields that are required
            assert!(Command::decode(&good[..cut]).is_err() || cut >= good.len() - 10, "cut at {cut}");
        }
        let mut long = good.clone();
        long[4] = 0xff;
        assert!(Command::decode(&long).is_err());
        let mut group = good;
        group[12] = 8;
        assert!(Command::decode(&group).is_err());
    }
}
