//! The bank: objects on disk, index, audit.
