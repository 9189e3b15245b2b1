//! Messages, versions and sans-IO session state machines.
