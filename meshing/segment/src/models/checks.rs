//! Bounds of a card's values, checked before anything is allocated.

use super::card::{Activation, Card, Crop, Intensity, Layout, Spacing, Weight};
use super::{CardError, frame};

/// Greatest number of voxels in a patch: the network's own memory is a multiple of it.
const MOST_PATCH_VOXELS: usize = 1 << 24;

pub(super) fn card(card: &Card) -> Result<(), CardError> {
    let Card { input, tiles, resample, .. } = card;
    texts(card)?;
    let within = |key: &'static str, value: f64, low: f64, high: f64| {
        need(key, (low..=high).contains(&value), || format!("is {value}, not from {low} to {high}"))
    };
    frame::sides(&input.orientation).ok_or_else(|| {
        let why = format!("is {:?}, not three letters, one each of L R, A P, S I", input.orientation);
        CardError::invalid("input.orientation", why)
    })?;
    frame::order(&input.axis_order).ok_or_else(|| {
        let why = format!("is {:?}, not x, y and z in some order", input.axis_order);
        CardError::invalid("input.axis_order", why)
    })?;
    if let Spacing::Mm(mm) = input.spacing_mm {
        mm.iter().try_for_each(|&mm| within("input.spacing_mm", mm, 0.05, 50.0))?;
    }
    need("channels", (1..=16).contains(&card.channels.len()), || "are not 1 to 16".to_owned())?;
    for channel in &card.channels {
        intensity(&channel.intensity)?;
    }
    need("resample.image_order", [0, 1, 3].contains(&resample.image_order), || {
        "is not 0, 1 or 3".to_owned()
    })?;
    need("resample.order_z", resample.order_z <= 1, || "is not 0 or 1".to_owned())?;
    need("resample.output_order", resample.output_order <= 1, || "is not 0 or 1".to_owned())?;
    within("resample.aniso_threshold", resample.aniso_threshold, 1.0, 1e6)?;
    if let Crop::Body { above, margin_mm } = card.crop {
        within("crop.above", above, -1e6, 1e6)?;
        within("crop.margin_mm", margin_mm, 0.0, 1e3)?;
    }
    let voxels = tiles.patch.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
    need("tiles.patch", voxels.is_some_and(|n| (1..=MOST_PATCH_VOXELS).contains(&n)), || {
        format!("is {:?}, not 1 to {MOST_PATCH_VOXELS} voxels", tiles.patch)
    })?;
    need("tiles.patch", input.layout == Layout::Volume || tiles.patch[0] == 1, || {
        "must be 1 deep where the layout is NCHW".to_owned()
    })?;
    within("tiles.step", tiles.step, 0.05, 1.0)?;
    if let Weight::Gaussian { sigma } | Weight::GaussianMiddle { sigma } = tiles.weight {
        within("tiles.weight.sigma", sigma, 0.01, 10.0)?;
    }
    if let super::card::Pad::Constant { value } = tiles.pad {
        within("tiles.pad.value", value, -1e6, 1e6)?;
    }
    let axes = &tiles.mirror_axes;
    let distinct = axes.iter().enumerate().all(|(n, axis)| *axis < 3 && !axes[..n].contains(axis));
    need("tiles.mirror_axes", distinct, || format!("are {axes:?}, not different numbers from 0 to 2"))?;
    need("tiles.mirror_axes", input.layout == Layout::Volume || !axes.contains(&0), || {
        "cannot be 0 where the layout is NCHW".to_owned()
    })?;
    labels(card)?;
    within("post.min_ml", card.post.min_ml, 0.0, 1e6)
}

fn need(key: &'static str, holds: bool, why: impl FnOnce() -> String) -> Result<(), CardError> {
    if holds { Ok(()) } else { Err(CardError::invalid(key, why())) }
}

fn texts(card: &Card) -> Result<(), CardError> {
    let texts = [
        ("id", &card.id),
        ("version", &card.version),
        ("title", &card.title),
        ("licence", &card.licence),
        ("provenance", &card.provenance),
        ("intended_use", &card.intended_use),
        ("modality", &card.modality),
        ("body_part", &card.body_part),
        ("file", &card.file),
    ];
    for (key, text) in texts {
        need(key, !text.trim().is_empty(), || "is empty".to_owned())?;
    }
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    need("id", card.id.chars().all(snake), || "is not in snake case".to_owned())?;
    // A card must not lead to files elsewhere.
    need("file", is_plain(&card.file), || "is not the plain name of a file beside the card".to_owned())?;
    digits("sha256", &card.sha256)?;
    if let Some(expected) = &card.expected {
        digits("expected.input_sha256", &expected.input_sha256)?;
        digits("expected.labels_sha256", &expected.labels_sha256)?;
    }
    Ok(())
}

/// Whether a name joined to a folder is a file of that folder on every system: nothing that leads elsewhere, no drive, no
/// control character, and no end that Windows drops.
fn is_plain(name: &str) -> bool {
    let within = |c: char| !c.is_control() && !['/', '\\', ':', '*', '?', '"', '<', '>', '|'].contains(&c);
    name.len() <= 255
        && name.chars().all(within)
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
}

fn digits(key: &'static str, text: &str) -> Result<(), CardError> {
    need(key, text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit()), || {
        "is not 64 hexadecimal digits".to_owned()
    })
}

fn intensity(intensity: &Intensity) -> Result<(), CardError> {
    let key = "channels.intensity";
    match *intensity {
        Intensity::ClipZscore { low, high, mean, std } => {
            let finite = [low, high, mean, std].iter().all(|v| v.is_finite() && v.abs() <= 1e9);
            need(key, finite && low < high && std > 0.0, || {
                "needs low under high and a positive std".to_owned()
            })
        }
        Intensity::Window01 { low, high } => {
            let finite = [low, high].iter().all(|v| v.is_finite() && v.abs() <= 1e9);
            // So far apart that one over their distance is a number.
            let apart = low < high && (high - low).recip().is_finite();
            need(key, finite && apart, || "needs low under high".to_owned())
        }
        Intensity::Zscore {} | Intensity::ZscoreNonzero {} | Intensity::None {} => Ok(()),
    }
}

fn labels(card: &Card) -> Result<(), CardError> {
    need("labels", (1..=255).contains(&card.labels.len()), || "are not 1 to 255".to_owned())?;
    let argmax = card.activation != Activation::Sigmoid;
    for (n, label) in card.labels.iter().enumerate() {
        need("labels.value", label.value > 0, || format!("of {:?} is 0, the background", label.name))?;
        need("labels.name", !label.name.trim().is_empty(), || "is empty".to_owned())?;
        let channel = card.channel(n);
        need("labels.channel", channel <= 255, || format!("of {:?} is over 255", label.name))?;
        need("labels.channel", !argmax || channel > 0, || {
            format!("of {:?} is 0, the background", label.name)
        })?;
        let before = &card.labels[..n];
        need("labels.value", before.iter().all(|other| other.value != label.value), || {
            format!("{} stands twice", label.value)
        })?;
        need("labels.channel", (0..n).all(|other| card.channel(other) != channel), || {
            format!("{channel} stands twice")
        })?;
    }
    for (key, list) in
        [("post.largest_component", &card.post.largest_component), ("post.fill_holes", &card.post.fill_holes)]
    {
        let known = |value: &u8| card.labels.iter().any(|label| label.value == *value);
        need(key, list.iter().all(known), || format!("{list:?} names a label that is not listed"))?;
    }
    Ok(())
}
