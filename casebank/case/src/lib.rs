//! The case document, its commands and its journal.
