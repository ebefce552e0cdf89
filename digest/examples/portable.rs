//! Prints the digests of every operation, computed with the portable formulas: with the word `fused`, in fused arithmetic.

use meva_core::arithmetic::Fused;

fn main() {
    let mut print = |words: &[&str; 4], digest| println!("{} {digest:016x}", words.join(" "));
    if std::env::args().nth(1).as_deref() == Some("fused") {
        meva_digest::run(&Fused, &mut print);
    } else {
        meva_digest::portable(&mut print);
    }
}
