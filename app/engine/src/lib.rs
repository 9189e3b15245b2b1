//! Recomputes stale plan nodes and runs jobs with progress and cancel.
