//! The chance that cues are those of text, by boosted trees (Friedman 2001) whose numbers stand in `trees.txt`.

use std::sync::LazyLock;

use super::lines::CUES;

enum Node {
    /// Where the cue is at most the bound, the first, else the second node of the tree goes on.
    Split(usize, f32, usize, usize),
    Leaf(f32),
}

struct Trees {
    base: f32,
    trees: Vec<Vec<Node>>,
}

static TREES: LazyLock<Trees> = LazyLock::new(|| parse(include_str!("trees.txt")));

/// A node that cannot be read is no chance at all; a test holds that there is none.
fn parse(text: &str) -> Trees {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let base = lines.next().and_then(|line| line.parse().ok()).unwrap_or(f32::MIN);
    let trees =
        lines.map(|line| line.split(' ').map(|word| node(word).unwrap_or(Node::Leaf(f32::MIN))).collect());
    Trees { base, trees: trees.collect() }
}

fn node(word: &str) -> Option<Node> {
    if let Some(value) = word.strip_prefix('=') {
        return value.parse().ok().map(Node::Leaf);
    }
    let (cue, rest) = word.split_once("<=")?;
    let (bound, rest) = rest.split_once('?')?;
    let (yes, no) = rest.split_once(':')?;
    let cue = cue.parse().ok().filter(|&cue: &usize| cue < CUES)?;
    Some(Node::Split(cue, bound.parse().ok()?, yes.parse().ok()?, no.parse().ok()?))
}

/// Between 0 and 1.
pub(super) fn chance(cues: &[f32; CUES]) -> f32 {
    let sum: f32 = TREES.trees.iter().map(|tree| value(tree, cues)).sum();
    1.0 / (1.0 + (-(TREES.base + sum)).exp())
}

fn value(tree: &[Node], cues: &[f32; CUES]) -> f32 {
    let mut at = 0;
    // No walk is longer than the tree.
    for _ in 0..tree.len() {
        match tree.get(at) {
            Some(Node::Leaf(value)) => return *value,
            Some(Node::Split(cue, bound, yes, no)) => at = if cues[*cue] <= *bound { *yes } else { *no },
            None => break,
        }
    }
    f32::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_can_be_read_and_leads_to_a_leaf() {
        assert!(TREES.trees.len() >= 100, "{} trees", TREES.trees.len());
        for tree in &TREES.trees {
            for (at, node) in tree.iter().enumerate() {
                match node {
                    Node::Leaf(value) => assert!(value.abs() < 10.0, "{value}"),
                    Node::Split(_, bound, yes, no) => {
                        assert!(bound.is_finite() && [yes, no].iter().all(|&&n| n > at && n < tree.len()));
                    }
                }
            }
        }
        assert!((0.0..=1.0).contains(&chance(&[0.0; CUES])));
    }
}
