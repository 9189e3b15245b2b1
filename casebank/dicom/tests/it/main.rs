//! Reading and writing against real scans, exact phantoms, validators and hostile bytes.

mod archives;
mod codecs;
mod hostile;
mod phantom;
mod series;
mod stl;
mod support;
