//! Certificates on disk.

use std::os::unix::fs::PermissionsExt as _;

use net_link::pki::{self, Device, Identity, MOST_DAYS, PkiError, Role};

use crate::support::Site;

#[test]
fn files_are_for_their_owner_only_and_load_again() {
    let site = Site::new();
    let device =
        Device { also: vec!["edge.example".into(), "127.0.0.1".into()], ..Device::new("edge-1", Role::Edge) };
    let folder = site.issue(&device);
    for file in [
        site.path("ca").join("ca.key.pem"),
        folder.join("key.pem"),
        folder.join("cert.pem"),
        folder.join("ca.pem"),
    ] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    let identity = Identity::load(&folder).unwrap();
    assert_eq!((identity.device().device.as_str(), identity.device().role), ("edge-1", Role::Edge));
    let days = (identity.not_after() - time::OffsetDateTime::now_utc()).whole_days();
    assert!((12..=14).contains(&days), "{days}");
    assert!(matches!(identity.expect_role(Role::Client), Err(PkiError::WrongRole { .. })));
    assert!(!format!("{identity:?}").contains("PRIVATE"));
}

#[test]
fn an_authority_is_never_replaced_and_a_certificate_is_renewed() {
    let site = Site::new();
    let before = std::fs::read(site.path("ca").join("ca.pem")).unwrap();
    assert!(matches!(pki::create_site_ca(&site.path("ca"), "again"), Err(PkiError::Exists { .. })));
    assert_eq!(std::fs::read(site.path("ca").join("ca.pem")).unwrap(), before);

    let folder = site.issue(&Device::new("c", Role::Client));
    let first = std::fs::read(folder.join("cert.pem")).unwrap();
    site.issue(&Device::new("c", Role::Client));
    assert_ne!(std::fs::read(folder.join("cert.pem")).unwrap(), first);
    Identity::load(&folder).unwrap();
}

#[test]
fn what_is_wrong_with_a_folder_is_named() {
    let site = Site::new();
    let missing = Identity::load(&site.path("nothing")).unwrap_err();
    assert!(
        matches!(missing, PkiError::Missing { .. }) && missing.to_string().contains("theatron pki"),
        "{missing}"
    );

    let not_before = time::OffsetDateTime::now_utc() - time::Duration::days(40);
    let old = Device { days: 30, not_before: Some(not_before), ..Device::new("old", Role::Client) };
    let expired = Identity::load(&site.issue(&old)).unwrap_err();
    let when = (not_before + time::Duration::days(30)).date().to_string();
    assert!(matches!(expired, PkiError::Expired { .. }) && expired.to_string().contains(&when), "{expired}");

    let not_before = time::OffsetDateTime::now_utc() + time::Duration::days(2);
    let early = Device { not_before: Some(not_before), ..Device::new("early", Role::Client) };
    assert!(matches!(Identity::load(&site.issue(&early)), Err(PkiError::NotYetValid { .. })));

    let folder = site.issue(&Device::new("open", Role::Client));
    std::fs::set_permissions(folder.join("key.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Identity::load(&folder), Err(PkiError::KeyExposed { .. })));

    let folder = site.issue(&Device::new("broken", Role::Client));
    std::fs::write(folder.join("cert.pem"), "no certificate").unwrap();
    assert!(matches!(Identity::load(&folder), Err(PkiError::Malformed { .. })));
}

#[test]
fn bad_requests_are_refused() {
    let site = Site::new();
    let (ca, to) = (site.path("ca"), site.path("to"));
    for name in ["", "a b", "../x", "ü", &"x".repeat(65)] {
        let refused = pki::issue(&ca, &to, &Device::new(name, Role::Edge));
        assert!(matches!(refused, Err(PkiError::BadName { .. })), "{name}");
    }
    for days in [0, MOST_DAYS + 1] {
        let refused = pki::issue(&ca, &to, &Device { days, ..Device::new("c", Role::Edge) });
        assert!(matches!(refused, Err(PkiError::BadLife { .. })), "{days}");
    }
    assert!(!to.exists());
    assert!(matches!(pki::issue(&to, &to, &Device::new("c", Role::Edge)), Err(PkiError::Missing { .. })));
}
