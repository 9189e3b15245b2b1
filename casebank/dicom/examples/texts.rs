//! Prints the text elements of the given files: path in the file, tags, value, separated by tabs. For
//! `tools/peers/scripts/text_vs_pydicom.py`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let (texts, problem) = casebank_dicom::text::texts(&std::fs::read(&path)?)?;
        for element in texts {
            println!("{path}\t{}\t{}", element.path, element.text.expose().escape_debug());
        }
        println!("{path}\tproblem\t{}", problem.map_or_else(String::new, |problem| problem.to_string()));
    }
    Ok(())
}
