//! Printing without `core::fmt`, whose code is larger than this program and can panic.

use crate::platform::print;

/// Prints 16 hexadecimal digits.
pub fn hexadecimal(number: u64) {
    for shift in (0..16).rev() {
        digit((number >> (4 * shift)) & 15);
    }
}

/// Prints a decimal number.
pub fn decimal(number: u64) {
    let mut unit = 10_000_000_000_000_000_000;
    let mut started = false;
    while unit > 1 {
        started |= number >= unit;
        if started {
            digit(number / unit % 10);
        }
        unit /= 10;
    }
    digit(number % 10);
}

fn digit(digit: u64) {
    let character = [if digit < 10 {
        b'0' + digit as u8
    } else {
        b'a' + (digit as u8 - 10)
    }];
    if let Ok(text) = core::str::from_utf8(&character) {
        print(text);
    }
}

/// Prints words, then a digest, then a newline: one line of the comparison.
pub fn line(words: &[&str], digest: u64) {
    for word in words {
        print(word);
        print(" ");
    }
    hexadecimal(digest);
    print("\n");
}
