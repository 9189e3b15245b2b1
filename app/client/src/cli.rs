//! The command line.

use app_ui::Language;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// The window and the headset of Theatron. NOT FOR CLINICAL USE.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "theatron-client",
    version,
    after_help = "Examples:\n  theatron-client --bank ~/cases\n  theatron-client --edge edge.ward:4433 --pki ~/pki --lang zh\n  \
                  theatron-client --bank ~/cases --case ID --screenshot chest.png --after-frames 60"
)]
pub(crate) struct Cli {
    /// Edge renderer to load volumes from.
    #[arg(long, value_name = "HOST:PORT", requires = "pki")]
    pub(crate) edge: Option<String>,
    /// Folder with this device's certificate and the site's CA (made by `theatron pki`).
    #[arg(long, value_name = "DIR")]
    pub(crate) pki: Option<PathBuf>,
    /// The bank of cases on this machine.
    #[arg(long, value_name = "DIR")]
    pub(crate) bank: Option<PathBuf>,
    /// Open this case at once.
    #[arg(long, value_name = "ID")]
    pub(crate) case: Option<String>,
    /// Language of the window; the system's if it is one of these.
    #[arg(long, value_enum)]
    pub(crate) lang: Option<Lang>,
    /// Start with the light look.
    #[arg(long)]
    pub(crate) light: bool,
    /// Show the case in a headset through OpenXR; in this window if no runtime answers.
    #[arg(long)]
    pub(crate) xr: bool,
    /// Write a picture of the window, then go on (or end, with --exit-after-frames).
    #[arg(long, value_name = "FILE.png")]
    pub(crate) screenshot: Option<PathBuf>,
    /// Frames before the picture is taken, counted from when what was asked for is on the screen.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) after_frames: u32,
    /// End after this many frames (in the headset: frames the runtime showed).
    #[arg(long, value_name = "N")]
    pub(crate) exit_after_frames: Option<u32>,
    /// Write what was drawn, how fast, and in which state, at the end.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) frames_report: Option<PathBuf>,
    /// Width and height of the window.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = window_size)]
    pub(crate) size: (u32, u32),
}

/// Languages of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Cli {
    /// The language asked for, else the system's, else English.
    pub(crate) fn language(&self) -> Language {
        match self.lang {
            Some(Lang::En) => Language::English,
            Some(Lang::Zh) => Language::Chinese,
            None => ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .filter_map(|name| std::env::var(name).ok())
                .find(|value| !value.is_empty())
                .and_then(|value| Language::from_tag(&value))
                .unwrap_or_default(),
        }
    }
}

fn window_size(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("{text} is not a size such as 1280x800 (320x240 to 8192x8192)");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u32>().ok().ok_or_else(wrong);
    let (width, height) = (number(width)?, number(height)?);
    if (320..=8192).contains(&width) && (240..=8192).contains(&height) {
        Ok((width, height))
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["theatron-client", "--edge", "a:1"]);
        assert!(cli.is_err(), "an edge needs certificates");
        let cli = Cli::try_parse_from(["theatron-client", "--lang", "zh", "--size", "800x600"]).unwrap();
        assert_eq!(cli.language(), Language::Chinese);
        assert_eq!(cli.size, (800, 600));
        assert!(Cli::try_parse_from(["theatron-client", "--size", "8x6"]).is_err());
    }
}
