//! The window on a virtual display.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::{bank_with_a_head, client, report, run};

/// A virtual display of its own; ended when dropped.
pub(crate) struct Display {
    server: Child,
    /// What DISPLAY is to be.
    pub(crate) name: String,
}

impl Display {
    /// Starts one; `None`, with a line on standard error, where Xvfb is not installed.
    pub(crate) fn start() -> Option<Self> {
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = server else {
            let required = std::env::var("THEATRON_PEERS").is_ok_and(|value| value == "required");
            assert!(!required, "Xvfb is required here: apt-get install xvfb");
            #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
            {
                eprintln!("SKIPPED: Xvfb is not installed (apt-get install xvfb)");
            }
            return None;
        };
        let mut number = String::new();
        let output = server.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut number).expect("Xvfb tells its display");
        Some(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.server.kill().unwrap_or_default();
        self.server.wait().map(|_| ()).unwrap_or_default();
    }
}

#[test]
fn a_case_is_shown_exactly_in_four_views() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let case = bank_with_a_head(folder.path());
    let (picture, file) = (folder.path().join("window.png"), folder.path().join("report.json"));
    let mut command = Command::new(client());
    command.env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY");
    command.args(["--lang", "en", "--case", &case, "--after-frames", "5", "--exit-after-frames", "8"]);
    command.arg("--bank").arg(folder.path().join("bank"));
    command.arg("--screenshot").arg(&picture).arg("--frames-report").arg(&file);
    let (code, said) = run(command);
    assert_eq!(code, Some(0), "{said}");
    let report = report(&file);
    assert_eq!(report["fidelity"], "exact", "{report}");
    assert_eq!(report["link"], "local", "{report}");
    assert!(report["pictures"].as_u64().unwrap() >= 4, "{report}");

    let picture = image::open(&picture).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (1280, 800));
    // the permanent banner is red across the top
    let banner = picture.get_pixel(40, 12).0;
    assert!(banner[0] > 100 && banner[1] < 60 && banner[2] < 60, "{banner:?}");
    // each view holds anatomy: many pixels that are neither black nor the colour of an overlay line
    for (name, x, y) in [("axial", 430, 250), ("3D", 800, 250), ("coronal", 430, 580), ("sagittal", 800, 580)]
    {
        let bright = (0..160)
            .flat_map(|dx| (0..120).map(move |dy| (dx, dy)))
            .filter(|(dx, dy)| {
                let pixel = picture.get_pixel(x - 80 + dx, y - 60 + dy).0;
                pixel.iter().all(|channel| *channel > 60)
            })
            .count();
        assert!(bright > 500, "the {name} view shows only {bright} bright pixels");
    }
}

#[test]
fn without_a_display_the_error_names_the_next_step() {
    let mut command = Command::new(client());
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    let (code, said) = run(command);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("theatron demo --headless"), "{said}");
}
