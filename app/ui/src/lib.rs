//! egui panels: state in, commands out.
