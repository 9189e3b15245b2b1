//! A volume from an edge, and the edge's death.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app_edge::{BankSource, Edge, EdgeSettings};
use casebank_case::Actor;
use casebank_store::Bank;
use net_link::pki::{Device, Role, create_site_ca, issue};

use crate::window::Display;
use crate::{bank_with_a_head, client, report};

#[test]
fn a_volume_from_the_edge_is_exact_and_stays_when_the_edge_dies() {
    let Some(display) = Display::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let case = bank_with_a_head(folder.path());
    create_site_ca(&at("ca"), "test-site").unwrap();
    issue(&at("ca"), &at("edge"), &Device::new("edge", Role::Edge)).unwrap();
    issue(&at("ca"), &at("client"), &Device::new("client", Role::Client)).unwrap();
    let bank = Arc::new(Bank::open(at("bank")).unwrap());
    let source = Arc::new(BankSource::new(bank, Actor::new("edge").unwrap()));
    let settings =
        EdgeSettings { listen: "127.0.0.1:0".parse().unwrap(), pki: at("edge"), name: "edge".to_owned() };
    let edge = Edge::start(settings, source).unwrap();

    let (picture, file) = (at("window.png"), at("report.json"));
    let mut command = Command::new(client());
    command.env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY");
    command.args([
        "--lang",
        "en",
        "--edge",
        &edge.addr().to_string(),
        "--case",
        &case,
        "--after-frames",
        "3",
    ]);
    command.arg("--pki").arg(at("client")).arg("--bank").arg(at("empty-bank"));
    command.arg("--screenshot").arg(&picture).arg("--frames-report").arg(&file);
    command.args(["--exit-after-frames", "80"]);
    let mut running = command.spawn().unwrap();

    // the picture is taken when the whole volume is there, verified; then the edge goes away
    let started = Instant::now();
    while !picture.exists() {
        assert!(running.try_wait().unwrap().is_none(), "the client ended before it showed the volume");
        assert!(started.elapsed() < Duration::from_mins(2), "the volume did not arrive");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(edge);
    assert!(running.wait().unwrap().success());
    let report = report(&file);
    assert_eq!(report["fidelity"], "exact", "what has arrived stays: {report}");
    let link = report["link"].as_str().unwrap();
    assert!(link == "lost" || link == "reconnecting", "{report}");
    let told =
        report["notices"].as_array().unwrap().iter().any(|what| what.as_str().unwrap().contains("is lost"));
    assert!(told, "{report}");
}
