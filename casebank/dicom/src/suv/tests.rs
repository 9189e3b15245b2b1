use super::*;

const AT: f64 = 86_400.0 * 2_460_000.0;

fn facts() -> Facts {
    Facts {
        units: "BQML".into(),
        corrected: "DECY\\ATTN\\SCAT".into(),
        decay_correction: "START".into(),
        weight_kg: Some(70.0),
        dose_bq: Some(350e6),
        half_life_s: Some(6588.0),
        tracers: 1,
        injected_of_day_s: Some(9.0 * 3600.0),
        series_s: Some(AT + 10.0 * 3600.0),
        acquired_s: Some(AT + 10.0 * 3600.0),
        ..Facts::default()
    }
}

fn one(facts: Facts) -> Result<Suv, Words> {
    factor(&[&Arc::new(facts)])
}

fn expected(decay_s: f64) -> f64 {
    70_000.0 / (350e6 * 0.5_f64.powf(decay_s / 6588.0))
}

#[test]
fn the_dose_decays_until_the_scan_begins() {
    let suv = one(facts()).unwrap();
    assert!((suv.factor - expected(3600.0)).abs() < 1e-15 && suv.decay_s == 3600.0, "{suv:?}");
    assert_eq!(suv.reference, SuvReference::SeriesTime);
    let admin = one(Facts { decay_correction: "ADMIN".into(), ..facts() }).unwrap();
    assert!((admin.factor - expected(0.0)).abs() < 1e-15);
}

#[test]
fn midnight_lies_between_injection_and_scan() {
    let late = Facts {
        injected_of_day_s: Some(23.5 * 3600.0),
        series_s: Some(AT + 1800.0),
        acquired_s: Some(AT + 1800.0),
        ..facts()
    };
    assert_eq!(one(late.clone()).unwrap().decay_s, 3600.0);
    let with_day = Facts { injected_s: Some(AT - 1800.0), injected_of_day_s: None, ..late.clone() };
    assert_eq!(one(with_day).unwrap().decay_s, 3600.0);
    let tomorrow = Facts { injected_s: Some(AT + 80_000.0), ..late };
    assert!(one(tomorrow).unwrap_err().en.contains("cannot be"));
}

#[test]
fn a_series_made_later_does_not_move_the_scan() {
    let later = Facts { series_s: Some(AT + 15.0 * 3600.0), ..facts() };
    let suv = one(later.clone()).unwrap();
    assert_eq!((suv.reference, suv.decay_s), (SuvReference::AcquisitionTime, 3600.0));
    let ge = Facts { ge_scan_s: Some(AT + 9.5 * 3600.0), ..later.clone() };
    let suv = one(ge).unwrap();
    assert_eq!((suv.reference, suv.decay_s), (SuvReference::GeScanTime, 1800.0));
    // The earliest of all beds.
    let beds =
        [10.2, 10.0, 10.4].map(|h| Arc::new(Facts { acquired_s: Some(AT + h * 3600.0), ..later.clone() }));
    assert_eq!(factor(&beds.iter().collect::<Vec<_>>()).unwrap().decay_s, 3600.0);
    let unknown = Facts { acquired_s: None, ..later };
    assert!(one(unknown).unwrap_err().en.contains("when the scan began"));
}

#[test]
fn each_condition_that_fails_is_told() {
    type Change = fn(&mut Facts);
    let cases: [(Change, &str); 10] = [
        (|f| f.corrected = "DECY".into(), "attenuation"),
        (|f| f.corrected = "ATTN".into(), "decay"),
        (|f| f.decay_correction = "NONE".into(), "to which time"),
        (|f| f.weight_kg = Some(0.0), "weight"),
        (|f| f.dose_bq = None, "dose"),
        (|f| f.half_life_s = None, "half-life"),
        (|f| f.tracers = 2, "radiopharmaceutical"),
        (|f| f.units = "PROPCPS".into(), "unit"),
        (|f| f.units = "CNTS".into(), "counts"),
        (|f| f.injected_of_day_s = None, "when the dose was given"),
    ];
    for (change, said) in cases {
        let mut facts = facts();
        change(&mut facts);
        let words = one(facts).unwrap_err();
        assert!(words.en.contains(said) && !words.zh.is_empty(), "{words:?}");
    }
    let other = Arc::new(Facts { weight_kg: Some(71.0), ..facts() });
    assert!(factor(&[&Arc::new(facts()), &other]).unwrap_err().en.contains("differ"));
}

#[test]
fn what_the_scanner_states_is_taken() {
    let stated = Facts { units: "GML".into(), ..Facts::default() };
    assert_eq!(one(stated.clone()).unwrap().factor, 1.0);
    assert!(one(Facts { suv_type: "LBM".into(), ..stated }).is_err());
    let philips = Facts { units: "CNTS".into(), philips_suv: Some(0.0005), ..facts() };
    assert_eq!(one(philips.clone()).unwrap().factor, 0.0005);
    let activity = Facts { philips_suv: None, philips_activity: Some(2.0), ..philips };
    assert!((one(activity).unwrap().factor - 2.0 * expected(3600.0)).abs() < 1e-15);
}

#[test]
fn times_are_read_as_the_standard_writes_them() {
    assert_eq!(of_day("101530.25"), Some(36_930.25));
    assert_eq!([of_day("10"), of_day("1015")], [Some(36_000.0), Some(36_900.0)]);
    assert_eq!(["", "1", "25", "10:15", "1015x0", "101530."].map(of_day), [None; 6]);
    let at = moment("20240229", "235959").unwrap();
    assert_eq!(moment("20240301", "000000"), Some(at + 1.0));
    assert_eq!(moment("20230229", "10"), None);
    let local = date_time("20240229120000", "+0800");
    assert_eq!(date_time("20240229120000+0800", "+0800"), local);
    assert_eq!(date_time("20240229040000.0+0000", "+0800"), local);
    assert_eq!(date_time("20240229120000+0800", ""), local);
}
