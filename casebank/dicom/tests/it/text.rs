//! Names of many scripts: what pydicom 3.0.2 reads from the same files, and what DCMTK reads from ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use casebank_case::{FindingCode, PatientInfo, Phi, Severity};
use casebank_dicom::text::texts;
use casebank_dicom::write_series;
use tools_peers::data::archive;

use crate::support::{grid, info, patch, read, volume, written};

fn charset_files(dir: &Path) -> PathBuf {
    let set = dir.join("dicom_oddities/pydicom/charset_files");
    if set.is_dir() { set } else { dir.join("pydicom/charset_files") }
}

/// The text elements of a file whose path ends with `path`.
fn named(file: &Path, path: &str) -> Vec<String> {
    let (elements, problem) = texts(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(problem, None, "{}", file.display());
    elements.into_iter().filter(|e| e.path.ends_with(path)).map(|e| e.text.into_exposed()).collect()
}

#[test]
fn names_of_many_scripts_are_what_pydicom_reads() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let set = charset_files(&dir);
    for (file, name) in [
        ("chrArab", "قباني^لنزار"),
        ("chrFren", "Buc^Jérôme"),
        ("chrFrenMulti", "Buc^Jérôme"),
        ("chrGerm", "Äneas^Rüdiger"),
        ("chrGreek", "Διονυσιος"),
        ("chrH31", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrHbrw", "שרון^דבורה"),
        ("chrI2", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrJapMulti", "やまだ^たろう"),
        ("chrJapMultiExplicitIR6", "やまだ^たろう"),
        ("chrKoreanMulti", "김희중"),
        ("chrRuss", "Люкceмбypг"),
        ("chrSQEncoding", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrSQEncoding1", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrX1", "Wang^XiaoDong=王^小東="),
        ("chrX2", "Wang^XiaoDong=王^小东="),
    ] {
        let path = set.join(format!("{file}.dcm"));
        assert_eq!(named(&path, "(0010,0010)"), [name], "{file}");
        // These files hold no slice; what they are is listed, and no name is printed.
        let import = read(&path);
        assert!(import.volumes.is_empty(), "{file} {:?}", import.rejected);
        let first = name.split('^').next().unwrap();
        assert!(!format!("{import:?}").contains(first), "no name in what is printed");
    }
    for (file, names) in [
        ("chrFrenMulti", "Buc^Jérôme\\Buc^Jérôme"),
        ("chrJapMulti", "やまだ^たろう\\やまだ^たろう"),
        ("chrKoreanMulti", "김희중\\김희중"),
    ] {
        assert_eq!(named(&set.join(format!("{file}.dcm")), "(0010,1001)"), [names], "{file}");
    }
}

#[test]
fn names_that_we_write_are_what_dcmtk_reads() {
    let dir = tempfile::tempdir().unwrap();
    let name = "Yamada^Tarou=山田^太郎=やまだ^たろう";
    let mut series = info("text");
    series.patient = Phi::new(PatientInfo { name: name.to_owned(), ..PatientInfo::default() });
    series.description = "膝关节 CT".to_owned();
    let files = write_series(&volume(grid([2, 2, 2], 0.1)), &series, dir.path()).unwrap();
    assert_eq!(named(&files[0], "(0010,0010)"), [name]);
    assert_eq!(read(dir.path()).volumes[0].patient.expose().name, name);
    let Ok(output) =
        Command::new("dcmdump").args(["+U8", "+P", "0010,0010", "+P", "0008,103e"]).arg(&files[0]).output()
    else {
        eprintln!("SKIPPED: dcmdump (Debian package dcmtk) is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("[{name}]")) && said.contains("[膝关节 CT]"), "{said}");
}

/// A slice whose character set and name are replaced by bytes of the same length.
fn with_name(dir: &Path, charset: &[u8; 10], name: impl Fn(&mut [u8])) -> casebank_dicom::Import {
    let (source, files) = written([4, 4, 3]);
    for (n, file) in files.iter().enumerate() {
        let mut bytes = std::fs::read(file).unwrap();
        patch(&mut bytes, [0x0008, 0x0005], |value| value.copy_from_slice(charset));
        patch(&mut bytes, [0x0010, 0x0010], &name);
        std::fs::write(dir.join(format!("{n}.dcm")), bytes).unwrap();
    }
    drop(source);
    read(dir)
}

#[test]
fn a_volume_says_what_was_odd_about_its_text() {
    // the written name is `Zhang^San=张^三` in UTF-8: 18 bytes
    let keep: fn(&mut [u8]) = |_| {};
    let gb: fn(&mut [u8]) = |value| {
        value.fill(b' ');
        value[..13].copy_from_slice(b"Zhang=\xd5\xc5^\xc8\xfd  ");
    };
    for (charset, name, reads, said) in [
        (b"ISO_IR 192", keep, "Zhang^San=张^三", None),
        (
            b"iso-ir-192",
            keep,
            "Zhang^San=张^三",
            Some("iso-ir-192 is not a defined term; it was read as UTF-8"),
        ),
        (b"          ", keep, "Zhang^San=张^三", Some("(none); it was read as UTF-8")),
        (b"ISO_IR 100", keep, "Zhang^San=张^三", Some("(ISO_IR 100); it was read as UTF-8")),
        (b"GB18030   ", gb, "Zhang=张^三", None),
        (b"GB2312    ", gb, "Zhang=张^三", Some("GB2312 is not a defined term; it was read as GBK")),
        (b"          ", gb, "Zhang=张^三", Some("(none); it was read as GB18030")),
        (b"ISO_IR 192", gb, "Zhang=张^三", Some("(ISO_IR 192); it was read as GB18030")),
        (b"KLINGON   ", gb, "Zhang=张^三", Some("KLINGON is not known")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let import = with_name(dir.path(), charset, name);
        let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
        assert_eq!(volume.patient.expose().name, reads, "{charset:?}");
        let finding = volume.entry.findings.iter().find(|f| f.code == FindingCode::UnknownCharset);
        match (finding, said) {
            (None, None) => {}
            (Some(finding), Some(said)) => {
                assert_eq!(finding.severity, Severity::Warning);
                assert!(finding.message.contains(said), "{}", finding.message);
                assert!(!finding.message.contains("Zhang") && !finding.message.contains('张'));
            }
            (found, wanted) => panic!("{charset:?}: {found:?} instead of {wanted:?}"),
        }
    }
}
