//! Moving dates and times: DA, TM and DT (PS3.5 section 6.2), by the span of one patient.

use time::{Date, Duration, Month, PrimitiveDateTime, Time};

use super::secret::Shift;

/// A TM: how many digits of `HHMMSS` were written, and the fraction with its point, which no shift changes.
struct Clock<'a> {
    time: Time,
    digits: usize,
    fraction: &'a str,
}

fn date(text: &str) -> Option<Date> {
    // ACR-NEMA 2.0 wrote dates with points (PS3.5 table 6.2-1, DA).
    let plain =
        if text.len() == 10 && text.is_ascii() && text.as_bytes()[4] == b'.' && text.as_bytes()[7] == b'.' {
            text.replace('.', "")
        } else {
            text.to_owned()
        };
    if plain.len() != 8 || !plain.is_ascii() {
        return None;
    }
    let month = Month::try_from(small(&plain[4..6])?).ok()?;
    Date::from_calendar_date(i32::from(number(&plain[..4])?), month, small(&plain[6..])?).ok()
}

/// A number of at most four digits and nothing else.
fn number(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// A number of two digits.
fn small(digits: &str) -> Option<u8> {
    number(digits).and_then(|n| u8::try_from(n).ok())
}

fn clock(text: &str) -> Option<Clock<'_>> {
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = fraction.get(1..).unwrap_or_default();
    if !fraction.is_empty()
        && (digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let plain = whole.replace(':', "");
    if !plain.is_ascii() || !matches!(plain.len(), 2 | 4 | 6) || (!fraction.is_empty() && plain.len() != 6) {
        return None;
    }
    let part = |at: usize| plain.get(at..at + 2).map_or(Some(0), small);
    // A leap second is written as 60.
    let time = Time::from_hms(part(0)?, part(2)?, if part(4)? == 60 { 59 } else { part(4)? }).ok()?;
    Some(Clock { time, digits: plain.len(), fraction })
}

fn write_date(date: Date) -> Option<String> {
    (0..=9999)
        .contains(&date.year())
        .then(|| format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day()))
}

fn write_clock(time: Time, digits: usize, fraction: &str) -> String {
    let all = format!("{:02}{:02}{:02}", time.hour(), time.minute(), time.second());
    format!("{}{fraction}", &all[..digits])
}

fn back(moment: PrimitiveDateTime, shift: Shift) -> Option<PrimitiveDateTime> {
    moment.checked_sub(Duration::days(shift.days))?.checked_sub(Duration::seconds(shift.seconds))
}

/// A DA on its own is moved by whole days.
pub(super) fn shift_da(text: &str, shift: Shift) -> Option<String> {
    write_date(date(text)?.checked_sub(Duration::days(shift.days))?)
}

/// A TM on its own is moved round the clock.
pub(super) fn shift_tm(text: &str, shift: Shift) -> Option<String> {
    let clock = clock(text)?;
    Some(write_clock(clock.time - Duration::seconds(shift.seconds), clock.digits, clock.fraction))
}

/// A DA that belongs to a TM is moved with it, so that a moment before half past one may go to the day before.
pub(super) fn shift_da_of(text: &str, time: &str, shift: Shift) -> Option<String> {
    let Some(clock) = clock(time) else { return shift_da(text, shift) };
    write_date(back(PrimitiveDateTime::new(date(text)?, clock.time), shift)?.date())
}

/// A DT is moved as a whole and keeps its precision and its offset from UTC.
pub(super) fn shift_dt(text: &str, shift: Shift) -> Option<String> {
    let (moment, zone) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    if !zone.is_empty() && !is_zone(zone) {
        return None;
    }
    let whole = moment.find('.').unwrap_or(moment.len());
    if !moment.is_ascii() || !matches!(whole, 4 | 6 | 8 | 10 | 12 | 14) {
        return None;
    }
    // What is not written is taken from the middle of what is.
    let fill = |at: usize, end: usize, other: &'static str| moment.get(at..end).unwrap_or(other).to_owned();
    let day = date(&(fill(0, 4, "") + &fill(4, 6, "06") + &fill(6, 8, "15")))?;
    let fraction = &moment[whole..];
    if !fraction.is_empty() && whole != 14 {
        return None;
    }
    let time = if whole > 8 { clock(&moment[8..])?.time } else { Time::from_hms(12, 0, 0).ok()? };
    let moved = back(PrimitiveDateTime::new(day, time), shift)?;
    let all = write_date(moved.date())? + &write_clock(moved.time(), 6, "");
    Some(format!("{}{fraction}{zone}", &all[..whole]))
}

/// Whether a text is an offset from UTC as DT and Timezone Offset From UTC (0008,0201) write it: -1200 to +1400.
pub(super) fn is_zone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']).filter(|d| d.len() == 4) else { return false };
    number(digits).is_some_and(|n| n % 100 < 60 && n <= if text.starts_with('+') { 1400 } else { 1200 })
}

/// The TM that tells the time of a DA (PS3.3 gives both to one moment).
pub(super) const PAIRS: [[(u16, u16); 2]; 32] = [
    [(0x0008, 0x0012), (0x0008, 0x0013)],
    [(0x0008, 0x0020), (0x0008, 0x0030)],
    [(0x0008, 0x0021), (0x0008, 0x0031)],
    [(0x0008, 0x0022), (0x0008, 0x0032)],
    [(0x0008, 0x0023), (0x0008, 0x0033)],
    [(0x0008, 0x0024), (0x0008, 0x0034)],
    [(0x0018, 0x1012), (0x0018, 0x1014)],
    [(0x0018, 0x1200), (0x0018, 0x1201)],
    [(0x0018, 0x700C), (0x0018, 0x700E)],
    [(0x0032, 0x0032), (0x0032, 0x0033)],
    [(0x0032, 0x0034), (0x0032, 0x0035)],
    [(0x0032, 0x1000), (0x0032, 0x1001)],
    [(0x0032, 0x1010), (0x0032, 0x1011)],
    [(0x0032, 0x1040), (0x0032, 0x1041)],
    [(0x0032, 0x1050), (0x0032, 0x1051)],
    [(0x0038, 0x0020), (0x0038, 0x0021)],
    [(0x0038, 0x0030), (0x0038, 0x0032)],
    [(0x0040, 0x0002), (0x0040, 0x0003)],
    [(0x0040, 0x0004), (0x0040, 0x0005)],
    [(0x0040, 0x0244), (0x0040, 0x0245)],
    [(0x0040, 0x0250), (0x0040, 0x0251)],
    [(0x0040, 0x2004), (0x0040, 0x2005)],
    [(0x0070, 0x0082), (0x0070, 0x0083)],
    [(0x2100, 0x0040), (0x2100, 0x0050)],
    [(0x3006, 0x0008), (0x3006, 0x0009)],
    [(0x3008, 0x0024), (0x3008, 0x0025)],
    [(0x3008, 0x0162), (0x3008, 0x0164)],
    [(0x3008, 0x0166), (0x3008, 0x0168)],
    [(0x3008, 0x0250), (0x3008, 0x0251)],
    [(0x300A, 0x0006), (0x300A, 0x0007)],
    [(0x300E, 0x0004), (0x300E, 0x0005)],
    [(0x4008, 0x0100), (0x4008, 0x0101)],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHIFT: Shift = Shift { days: 366, seconds: 3661 };

    #[test]
    fn dates_and_times_move_by_the_span_and_keep_their_form() {
        let da = |text| shift_da(text, SHIFT);
        assert_eq!(da("20200301").as_deref(), Some("20190301"));
        assert_eq!(da("2020.03.01").as_deref(), Some("20190301"));
        let tm = |text| shift_tm(text, SHIFT);
        assert_eq!(tm("101112.123456").as_deref(), Some("091011.123456"));
        assert_eq!(tm("10:11:12").as_deref(), Some("091011"));
        assert_eq!(tm("0030").as_deref(), Some("2328"));
        assert_eq!(tm("101160").as_deref(), Some("091058"));
        let dt = |text| shift_dt(text, SHIFT);
        assert_eq!(dt("20200301101112.5+0800").as_deref(), Some("20190301091011.5+0800"));
        assert_eq!(dt("202003").as_deref(), Some("201903"));
        assert_eq!(dt("2020-0500").as_deref(), Some("2019-0500"));
        assert_eq!(dt("2020030100").as_deref(), Some("2019022822"));
        assert_eq!(shift_da_of("20200301", "003000", SHIFT).as_deref(), Some("20190228"));
        assert_eq!(shift_da_of("20200301", "?", SHIFT).as_deref(), Some("20190301"));
    }

    #[test]
    fn what_is_no_date_is_not_moved() {
        for text in [
            "",
            "2020",
            "20201301",
            "2020-01-01",
            "20200101-20200201",
            "Zhang",
            "０００００１０１",
            "00000101",
        ] {
            assert_eq!(shift_da(text, SHIFT), None, "{text}");
        }
        for text in ["", "1", "25", "1060", "101161", "101112.", "101112.1234567", "10.5", "noon", "10111"] {
            assert_eq!(shift_tm(text, SHIFT), None, "{text}");
        }
        for text in
            ["", "20200101+08", "20200101+0860", "20200101.5", "2020010110.5", "20200101101112+2400", "x"]
        {
            assert_eq!(shift_dt(text, SHIFT), None, "{text}");
        }
        assert!(is_zone("+0545") && is_zone("-1200") && !is_zone("-1230") && !is_zone("0800"));
    }

    proptest! {
        #[test]
        fn intervals_stay(a in 0_i64..3_000_000_000, b in 0_i64..3_000_000_000, days in 1_i64..3650, seconds in 1_i64..5400) {
            let shift = Shift { days, seconds };
            let epoch = PrimitiveDateTime::new(Date::from_ordinal_date(1930, 1).unwrap(), Time::MIDNIGHT);
            let write = |at: i64| {
                let moment = epoch + Duration::seconds(at);
                (write_date(moment.date()).unwrap(), write_clock(moment.time(), 6, ""))
            };
            let moment = |day: &str, time: &str| {
                PrimitiveDateTime::new(date(day).unwrap(), clock(time).unwrap().time)
            };
            let moved = |at: i64| {
                let (day, time) = write(at);
                let joined = shift_dt(&format!("{day}{time}"), shift).unwrap();
                let pair = moment(&shift_da_of(&day, &time, shift).unwrap(), &shift_tm(&time, shift).unwrap());
                assert_eq!(moment(&joined[..8], &joined[8..]), pair, "a pair moves as its DT does");
                pair
            };
            prop_assert_eq!(moved(a) - moved(b), Duration::seconds(a - b));
        }

        #[test]
        fn any_text_is_safe(text in "\\PC{0,24}") {
            for moved in [shift_da(&text, SHIFT), shift_tm(&text, SHIFT), shift_dt(&text, SHIFT)] {
                prop_assert!(moved.is_none_or(|m| m.is_ascii()));
            }
        }
    }
}
