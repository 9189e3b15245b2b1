//! The window and the headset client: Bevy, egui, OpenXR.

fn main() {}
