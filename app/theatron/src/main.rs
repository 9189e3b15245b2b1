//! `theatron`: everything but the window, for people and scripts.
//!
//! One file a command in `commands/`, one line in `Command`. A command returns an `Answer`: one JSON object for scripts
//! and the same in words for people. Progress and logs go to stderr.
#![expect(clippy::print_stderr, reason = "a command-line program speaks on its streams")]

mod answer;
mod commands;
mod help;
mod terminal;

use std::process::ExitCode;

use app_engine::Fault;
use casebank_case::Language;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::answer::Answer;

/// Large buffers in huge pages: a third of the time of a surface went into pages of 4 KiB (ADR 0008).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Surgical planning, teaching and navigation from the scan to the print. Not for clinical use.
#[derive(Parser)]
#[command(
    name = "theatron",
    version,
    after_help = "Example: theatron demo FOLDER --headless --out out\n\n\
                  Exit codes: 0 ok, 2 usage, 3 refused for safety or bad input, 4 peer or network, 5 internal.\n\
                  Lengths are millimetres; coordinates are DICOM LPS."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Answer with one JSON object on stdout.
    #[arg(long, global = true)]
    json: bool,
    /// Language of answers, en or zh; default: that of the locale.
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

fn language(tag: &str) -> Result<Language, &'static str> {
    Language::from_tag(tag).ok_or("the languages are en and zh")
}

#[derive(Subcommand)]
enum Command {
    /// The main job end to end: import, stream, segment, mesh, print file, view.
    Demo(commands::demo::Arguments),
    /// Read DICOM files and folders, NIfTI, NRRD and MetaImage into cases.
    Import(commands::import::Arguments),
    /// The bank: list, show, search, export, verify cases; accept a finding.
    Case(commands::case::Arguments),
    /// Turn a DICOM series, a research file or a mesh into another form.
    Convert(commands::convert::Arguments),
    /// Label a structure of a case.
    Segment(commands::segment::Arguments),
    /// Volumes and values of segments, and how well they agree with another.
    Statistics(commands::statistics::Arguments),
    /// Write the surface of a segment as a print file.
    Mesh(commands::mesh::Arguments),
    /// Measure a mesh: size, axes, sections, how it bends, how far it lies from another.
    Measure(commands::measure::Arguments),
    /// What is planned: points, planes, curves, regions, screws, drills and wires.
    Plan(commands::plan::Arguments),
    /// Make a guide or another solid from a surface and the plan, check it and write its print file.
    Guide(commands::guide::Arguments),
    /// Check a solid of a case, or any mesh file, before it is printed; sign for it; write the report.
    Check(commands::check::Arguments),
    /// Make again what is out of date: segments, surfaces, guides, checks.
    Recompute(commands::recompute::Arguments),
    /// Draw a picture of a case.
    Render(Box<commands::render::Arguments>),
    /// Serve the volumes of a bank to clients.
    Edge(commands::edge::Arguments),
    /// Open the window, or the headset.
    View(commands::view::Arguments),
    /// DICOM objects from the shell: dump, validate, convert, de-identify.
    Dicom(commands::dicom::Arguments),
    /// Talk to a PACS: echo, find, pull, send.
    Pacs(commands::pacs::Arguments),
    /// Certificates of a site and its devices.
    Pki(commands::pki::Arguments),
    /// What this machine lacks, and how to get it.
    Doctor(commands::doctor::Arguments),
}

fn main() -> ExitCode {
    if let Some(code) = app_engine::codecs::codec_worker() {
        return code;
    }
    quiet_the_loader();
    terminal::speak(asked_language());
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    terminal::start_logging();
    let result = match arguments.command {
        Command::Demo(a) => commands::demo::run(&a),
        Command::Import(a) => commands::import::run(&a),
        Command::Case(a) => commands::case::run(&a),
        Command::Convert(a) => commands::convert::run(&a),
        Command::Segment(a) => commands::segment::run(&a),
        Command::Statistics(a) => commands::statistics::run(&a),
        Command::Mesh(a) => commands::mesh::run(&a),
        Command::Measure(a) => commands::measure::run(&a),
        Command::Plan(a) => commands::plan::run(&a),
        Command::Guide(a) => commands::guide::run(&a),
        Command::Check(a) => commands::check::run(&a),
        Command::Recompute(a) => commands::recompute::run(&a),
        Command::Render(a) => commands::render::run(&a),
        Command::Edge(a) => commands::edge::run(&a),
        Command::View(a) => commands::view::run(&a),
        Command::Dicom(a) => commands::dicom::run(&a),
        Command::Pacs(a) => commands::pacs::run(&a),
        Command::Pki(a) => commands::pki::run(&a),
        Command::Doctor(a) => commands::doctor::run(&a),
    };
    finish(result, arguments.json)
}

/// Without a desktop session, Mesa's layer that puts the display's device first finds no display, and says so on stderr
/// as an error, in English, with each device that is opened. There it has nothing to do: it is left out.
#[expect(unsafe_code, reason = "the environment can only be set by an unsafe call")]
fn quiet_the_loader() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: the first thing the program does; no other thread runs that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// The language that the call names, before the call is understood: help and errors of usage are told in it too.
fn asked_language() -> Option<Language> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let apart = words.windows(2).filter(|pair| pair[0] == "--lang").map(|pair| pair[1].as_str());
    let together = words.iter().filter_map(|word| word.strip_prefix("--lang="));
    apart.chain(together).next().and_then(Language::from_tag)
}

/// The call, or the exit code where it asked for help or makes no sense.
fn arguments() -> Result<Arguments, ExitCode> {
    let chinese = terminal::language() == Language::Chinese;
    let command = if chinese { help::in_chinese(Arguments::command()) } else { Arguments::command() };
    let found = command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    found.map_err(|error| {
        // Without a context it is help, or an answer of the parser's own that holds the help.
        if chinese && error.use_stderr() && error.context().next().is_some() {
            eprintln!("theatron: {}", help::usage_error(&error));
        } else {
            // A reader that has gone away is no fault of this program.
            error.print().unwrap_or_default();
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// Prints the answer or the fault, and turns it into the exit code of the contract.
fn finish(result: Result<Answer, Fault>, json: bool) -> ExitCode {
    let (answer, fault) = match result {
        Ok(answer) => (Some(answer), None),
        Err(fault) => (None, Some(fault)),
    };
    let fault = answer.as_ref().and_then(|answer| answer.fault.clone()).or(fault);
    match (&answer, json) {
        (Some(answer), true) => terminal::answer(&format!("{}\n", answer.json)),
        (Some(answer), false) => terminal::answer(&answer.text),
        (None, true) => terminal::answer(&format!("{}\n", answer::of_fault(fault.as_ref()))),
        (None, false) => {}
    }
    let Some(fault) = fault else { return ExitCode::SUCCESS };
    eprintln!("theatron: {}", fault.in_language(terminal::language()));
    ExitCode::from(fault.exit_code())
}
