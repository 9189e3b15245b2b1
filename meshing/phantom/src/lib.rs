//! Analytic phantoms with exact volume, area and landmarks.
