//! Answers of two queries as one.

use std::collections::HashSet;

use super::{Found, Match};

impl Found {
    /// Adds what another query found, each answer once.
    pub(super) fn add(&mut self, other: Self, limit: u32) {
        let known: HashSet<_> =
            self.matches.iter().map(Match::uids).map(|uids| uids.map(str::to_owned)).collect();
        let new = other.matches.into_iter().filter(|one| !known.contains(&one.uids().map(str::to_owned)));
        self.matches.extend(new);
        self.more |= other.more || self.matches.len() > limit as usize;
        self.matches.truncate(limit as usize);
    }
}

impl Match {
    fn uids(&self) -> [&str; 3] {
        [
            &self.study_uid,
            self.series_uid.as_deref().unwrap_or(""),
            self.instance_uid.as_deref().unwrap_or(""),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(studies: &[&str]) -> Found {
        let one = |uid: &&str| Match { study_uid: (*uid).to_owned(), ..Match::default() };
        Found { matches: studies.iter().map(one).collect(), more: false }
    }

    #[test]
    fn each_answer_comes_once_and_no_more_than_allowed() {
        let mut all = found(&["1", "2"]);
        all.add(found(&["2", "3"]), 10);
        let studies: Vec<&str> = all.matches.iter().map(|one| one.study_uid.as_str()).collect();
        assert_eq!((studies.as_slice(), all.more), (["1", "2", "3"].as_slice(), false));
        all.add(found(&["4"]), 3);
        assert_eq!((all.matches.len(), all.more), (3, true));
    }
}
