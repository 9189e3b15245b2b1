//! Does all three booleans on many hard pairs of solids: `cargo run -p meshing_solid --example fuzz_booleans -- 10000`.
#![expect(clippy::print_stdout, reason = "a command for people")]

#[path = "../tests/it/fuzz.rs"]
mod fuzz;

use fuzz::Outcome;

fn main() {
    let number =
        |n: usize, default: u64| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (pairs, first) = (number(1, 10_000), number(2, 0));
    let (mut counts, mut wrong) = ([0_u64; 3], 0);
    for seed in first..first + pairs {
        match fuzz::pair(seed) {
            Ok(Outcome::Right) => counts[0] += 1,
            Ok(Outcome::Resolved) => counts[1] += 1,
            Ok(Outcome::Refused) => counts[2] += 1,
            Err(why) => {
                wrong += 1;
                println!("pair {seed}: {why}");
            }
        }
        if (seed - first + 1) % 1000 == 0 {
            println!("{} pairs: {counts:?} right, resolved, refused; {wrong} wrong", seed - first + 1);
        }
    }
    let [right, resolved, refused] = counts;
    println!(
        "{pairs} pairs: {right} right, {resolved} resolved and right, {refused} invalid and refused, {wrong} wrong"
    );
}
