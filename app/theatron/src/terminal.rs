//! Progress, logs and Ctrl-C of a terminal program.

use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use casebank_case::{Language, Words};
use meshing_volume::Progress;

/// The language of answers for people.
static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// Sets the language: the one that was asked for, or that of the locale (POSIX.1 section 8.2: `LC_ALL` before `LC_MESSAGES`
/// before `LANG`), or English.
pub(crate) fn speak(asked: Option<Language>) {
    let of_locale = || {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|key| std::env::var(key).ok());
        set.into_iter().find(|value| !value.is_empty()).and_then(|value| Language::from_tag(&value))
    };
    LANGUAGE.get_or_init(|| asked.or_else(of_locale).unwrap_or_default());
}

/// The language of answers for people.
pub(crate) fn language() -> Language {
    LANGUAGE.get().copied().unwrap_or_default()
}

/// The words in the language of answers.
pub(crate) fn say(words: impl Into<Words>) -> String {
    words.into().in_language(language()).to_owned()
}

/// Whether Ctrl-C or SIGTERM asked the program to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// Logs to stderr; `THEATRON_LOG=debug` shows more.
pub(crate) fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("THEATRON_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,wgpu_hal=error,naga=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Writes an answer to stdout. A reader that has gone away is no fault of this program.
pub(crate) fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap_or_default();
}

/// Turns Ctrl-C and SIGTERM into cancelling, once.
pub(crate) fn catch_signals() {
    if let Err(error) = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)) {
        tracing::debug!("signals were already caught: {error}");
    }
}

/// Whether a signal asked to stop.
pub(crate) fn stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Progress of one stage on stderr: a line that counts up on a terminal, one line when done elsewhere.
#[derive(Debug)]
pub(crate) struct Stage {
    name: String,
    percent: AtomicI32,
    terminal: bool,
}

impl Stage {
    /// Begins a stage.
    pub(crate) fn new(name: impl Into<Words>) -> Self {
        catch_signals();
        Self { name: say(name), percent: AtomicI32::new(-1), terminal: std::io::stderr().is_terminal() }
    }

    /// Ends the stage with a word on what came of it.
    pub(crate) fn done(&self, what: &str) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!("{clear}  {:<9} {what}", self.name);
    }
}

impl Progress for Stage {
    fn report(&self, fraction: f32) {
        let percent = (fraction.clamp(0.0, 1.0) * 100.0) as i32;
        if self.terminal && self.percent.swap(percent, Ordering::Relaxed) != percent {
            eprint!("\r\x1b[K  {:<9} {percent} %", self.name);
            // A progress line that cannot be flushed is no reason to stop the job.
            std::io::stderr().flush().unwrap_or_default();
        }
    }

    fn cancelled(&self) -> bool {
        stopped()
    }
}
