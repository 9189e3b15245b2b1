//! Memory that one piece of work leaves to the next.

use std::sync::{Mutex, PoisonError};

/// What is not in use; as many as there were pieces of work at once. `map_init` of rayon would make one for each part of
/// the work that a thread takes over from another, and most of the time would go into their fresh pages.
#[derive(Debug, Default)]
pub(super) struct Idle<T>(Mutex<Vec<T>>);

impl<T: Default> Idle<T> {
    /// Works with one that is idle, or a new one.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let idle = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        let mut taken = waiting.unwrap_or_default();
        let outcome = work(&mut taken);
        idle().push(taken);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_is_the_same_and_at_once_are_two() {
        let idle = Idle::<Vec<u8>>::default();
        idle.with(|outer| {
            outer.push(1);
            idle.with(|inner| {
                assert!(inner.is_empty(), "in use already");
                inner.push(2);
            });
        });
        let left = idle.with(|last| last.clone());
        assert_eq!((left, idle.0.into_inner().unwrap().len()), (vec![1], 2));
    }
}
