//! User-space link emulator with named profiles.
