//! One file a command.

pub(crate) mod bank;
pub(crate) mod case;
pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod dicom;
pub(crate) mod doctor;
pub(crate) mod edge;
pub(crate) mod export_dicom;
pub(crate) mod guide;
pub(crate) mod import;
pub(crate) mod measure;
pub(crate) mod mesh;
pub(crate) mod pacs;
pub(crate) mod pki;
pub(crate) mod plan;
pub(crate) mod recompute;
pub(crate) mod render;
pub(crate) mod segment;
pub(crate) mod statistics;
pub(crate) mod view;
