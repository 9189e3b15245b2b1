use super::*;

fn names(declared: &str, bytes: &[u8]) -> Decoded {
    CharacterSets::new(declared).decode(bytes, TextKind::Name)
}

/// The examples of PS3.5 annexes H, I, J and K, and single sets.
#[test]
fn the_standard_s_names_come_out() {
    let cases: [(&str, &[u8], &str); 17] = [
        ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
        ("ISO_IR 148", b"\xddpek^\xd0\xfe\xdf", "İpek^Ğşß"),
        ("ISO_IR 203", b"\xbdlle^\xa4", "œlle^€"),
        ("ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東=".as_bytes(), "Wang^XiaoDong=王^小東="),
        ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
        ("GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\x96|=", "Wang^XiaoDong=王^小東="),
        (
            "\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        ),
        (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        // JIS X 0212 row 16: 丂, which JIS X 0208 lacks
        ("\\ISO 2022 IR 87\\ISO 2022 IR 159", b"A=\x1b$(D0!\x1b(B^\x1b$B;3\x1b(B", "A=丂^山"),
        // the Greek set ends at the delimiter, and Latin-1 is there again
        ("ISO 2022 IR 100\\ISO 2022 IR 126", b"\x1b-F\xc4\xe9\xef^\xc4", "Διο^Ä"),
        ("ISO 2022 IR 6\\ISO 2022 IR 144", b"\x1b-L\xbb\xee^X", "Лю^X"),
        // a delimiter inside a seven-bit character is none: 5E 5E is a kanji
        ("\\ISO 2022 IR 87", b"\x1b$B^^\x1b(B^X", "湎^X"),
        ("", b"Doe^John  \0", "Doe^John"),
    ];
    for (declared, bytes, text) in cases {
        assert_eq!(names(declared, bytes), Decoded { text: text.to_owned(), problem: None }, "{declared}");
    }
}

#[test]
fn every_two_byte_code_of_gbk_stays_whole() {
    let sets = [CharacterSets::new("GB18030"), CharacterSets::new("GBK")];
    let trails = || (0x40..=0x7E_u8).chain(0x80..=0xFE);
    let codes = (0x81..=0xFE_u8).flat_map(|lead| trails().map(move |trail| [lead, trail]));
    let (mut count, mut changed) = (0, Vec::new());
    for code in codes {
        count += 1;
        let bytes = [b"A", code.as_slice(), b"^B\\C=D"].concat();
        for sets in &sets {
            let read = sets.decode(&bytes, TextKind::Name);
            assert_eq!(read.problem, None, "{code:02x?}");
            let values: Vec<&str> = read.text.split('\\').collect();
            assert!(values.len() == 2 && values[0].ends_with("^B") && values[1] == "C=D", "{code:02x?}");
            assert_eq!(values[0].split('^').count(), 2, "{code:02x?}");
            assert_eq!(read.text.chars().count(), 8, "{code:02x?}");
            if gb18030(&read.text).unwrap() != bytes {
                changed.push(code);
            }
        }
    }
    assert_eq!(count, 23_940);
    // A3A0 is a second ideographic space, written as the first.
    assert_eq!(changed, [[0xA3, 0xA0], [0xA3, 0xA0]]);
    assert_eq!(names("GB18030", b"A\xA3\xA0B").text, "A\u{3000}B");
}

#[test]
fn a_trail_byte_that_looks_like_a_delimiter_splits_nothing() {
    // the trail byte of 芢 is 5C, that of 僞 is 5E; that of 表 in Shift_JIS is 5C
    assert_eq!(names("GBK", b"\xc6\x5c^\x83\x5e").text, "芢^僞");
    assert_eq!(names("SHIFT_JIS", b"\x95\x5c^\x8e\x52").text, "表^山");
    let four = gb18030("𠮷^\u{1F600}").unwrap();
    assert_eq!(names("GB18030", &four).text, "𠮷^\u{1F600}");
}

#[test]
fn a_backslash_in_a_block_is_a_character() {
    let japanese = CharacterSets::new("ISO_IR 13");
    assert_eq!(japanese.decode(b"a\\b~", TextKind::Block).text, "a¥b‾");
    assert_eq!(japanese.decode(b"a\\b", TextKind::Line).text, "a\\b");
    // an escape sequence ends at the end of a line
    let korean = CharacterSets::new("ISO 2022 IR 100\\ISO 2022 IR 149");
    assert_eq!(korean.decode(b"\x1b$)C\xb1\xe6\r\n\xc4", TextKind::Block).text, "길\r\nÄ");
    assert_eq!(korean.decode(b"\x1b$)C\xb1\xe6\\\xc4", TextKind::Line).text, "길\\Ä");
    assert_eq!(korean.decode(b"\x1b$)C\xb1\xe6\\\xb1\xe6", TextKind::Block).text, "길\\길");
}

#[test]
fn misspelled_and_unknown_sets_are_read_and_named() {
    let cases: [(&str, &[u8], &str, &str); 12] = [
        ("ISO-IR 100", b"J\xe9r", "Jér", "read as ISO_IR 100"),
        ("ISO_IR_100", b"J\xe9r", "Jér", "read as ISO_IR 100"),
        ("iso-8859-1", b"J\xe9r", "Jér", "read as ISO_IR 100"),
        ("\\ISO2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田", "read as ISO 2022 IR 87"),
        ("\\ISO_IR 149", b"\x1b$)C\xb1\xe6", "길", "read as ISO 2022 IR 149"),
        ("UTF-8", "王".as_bytes(), "王", "read as UTF-8"),
        ("ISO_IR192", "王".as_bytes(), "王", "read as UTF-8"),
        ("\\ISO_IR 192", "王".as_bytes(), "王", "read as UTF-8"),
        ("GB2312", b"\xcd\xf5", "王", "read as GBK"),
        ("Big5", b"\xa4\xfd", "王", "read as Big5"),
        ("EUC-KR", b"\xb1\xe6", "길", "read as EUC-KR"),
        ("KLINGON", "王".as_bytes(), "王", "KLINGON is not known"),
    ];
    for (declared, bytes, text, said) in cases {
        let sets = CharacterSets::new(declared);
        let problem = sets.problem().expect(declared).to_string();
        assert!(problem.contains(said), "{declared}: {problem}");
        assert!(problem.contains(declared.trim_start_matches('\\')), "{problem}");
        assert_eq!(sets.decode(bytes, TextKind::Name).text, text, "{declared}");
    }
    for good in ["", "ISO_IR 6", "ISO_IR 203", "ISO 2022 IR 203", "\\ISO 2022 IR 159", "GBK", "ISO_IR 192 "] {
        assert_eq!(CharacterSets::new(good).problem(), None, "{good}");
    }
}

#[test]
fn text_in_another_set_than_declared_is_read_and_said() {
    let cases: [(&str, &[u8], &str, &str); 8] = [
        ("", "王^小東".as_bytes(), "王^小東", "(none); it was read as UTF-8"),
        ("", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东", "(none); it was read as GB18030"),
        ("", b"Gr\xf6\xdfe^J\xfcrgen", "Größe^Jürgen", "(none); it was read as ISO_IR 100"),
        ("ISO_IR 100", "王^小東".as_bytes(), "王^小東", "(ISO_IR 100); it was read as UTF-8"),
        ("ISO_IR 192", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东", "(ISO_IR 192); it was read as GB18030"),
        ("ISO_IR 13", b"\x8e\x52\x93\x63", "山田", "(ISO_IR 13); it was read as Shift_JIS"),
        ("", b"\x1b$B;3\x1b(B", "山", "(none); it was read as ISO 2022 IR 87"),
        ("\\ISO 2022 IR 58", b"\xd5\xc5", "张", "(ISO 2022 IR 58); it was read as ISO 2022 IR 58"),
    ];
    for (declared, bytes, text, said) in cases {
        let read = names(declared, bytes);
        assert_eq!(read.text, text, "{declared}");
        let problem = read.problem.expect(declared).to_string().replace('\\', "");
        assert!(problem.contains(said), "{declared}: {problem}");
        assert!(!problem.contains(text), "no text in a message");
    }
}

#[test]
fn what_cannot_be_read_is_replaced_and_said() {
    for (declared, bytes, text) in [
        ("ISO_IR 192", b"M\xfcller".as_slice(), "M\u{FFFD}ller"),
        ("ISO_IR 126", b"\xd2\xc4", "\u{FFFD}Δ"),
        ("GB18030", b"A\x81", "A\u{FFFD}"),
        ("\\ISO 2022 IR 87", b"\x1b$B;\x1b(BX", "\u{FFFD}X"),
        ("\\ISO 2022 IR 87", b"\x1b%GX", "\u{FFFD}%GX"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xb1X", "\u{FFFD}X"),
    ] {
        let read = names(declared, bytes);
        assert_eq!(read.text, text, "{declared}");
        assert!(matches!(read.problem, Some(TextProblem::Undecodable { .. })), "{declared}");
    }
}

#[test]
fn twenty_thousand_hostile_values_never_panic() {
    let declared = [
        "",
        "ISO_IR 100",
        "ISO_IR 192",
        "GB18030",
        "GBK",
        "nonsense",
        "\\ISO 2022 IR 87\\ISO 2022 IR 159",
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        "\\ISO 2022 IR 149\\ISO 2022 IR 58",
        "ISO_IR 166",
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |below: usize| {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let parts: [&[u8]; 12] =
        [b"\x1b", b"$B", b"$(D", b"$)C", b"$)A", b"-F", b"(J", b"\\", b"^", b"=", b"\xcd\xf5", b"\r\n"];
    let (mut clean, mut odd) = (0, 0);
    for turn in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..roll(12) {
            match roll(3) {
                0 => bytes.push(u8::try_from(roll(256)).unwrap()),
                _ => bytes.extend(parts[roll(parts.len())]),
            }
        }
        let kind = [TextKind::Name, TextKind::Line, TextKind::Block][turn % 3];
        let read = CharacterSets::new(declared[turn % declared.len()]).decode(&bytes, kind);
        assert!(read.text.chars().count() <= bytes.len(), "no text grows");
        *if read.problem.is_none() { &mut clean } else { &mut odd } += 1;
    }
    assert!(clean > 1000 && odd > 1000, "{clean} {odd}: both are reached");
}
