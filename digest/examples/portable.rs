//! Prints the digests of the portable formulas.

fn main() {
    meva_digest::portable(&mut |words, digest| {
        println!("{} {digest:016x}", words.join(" "));
    });
}
