//! How far down the stack reached: it is painted before, and looked at after.

use core::hint::black_box;

use crate::platform::{INSTRUCTIONS_WRAP, instructions, print, stack_end, stack_pointer};
use crate::print::decimal;

const PAINT: u32 = 0x5ac3_96e1;
/// Room for the painter's own calls.
const GAP: usize = 64;

/// Runs an operation and prints the most stack and how many instructions it took.
#[inline(never)]
pub fn measured(words: &[&str], operation: &mut dyn FnMut()) {
    let top = (stack_pointer() - GAP) & !3;
    let end = (stack_end() + 3) & !3;
    for address in (end..top).step_by(4) {
        // SAFETY: between all static memory and the stack's end nothing is in use.
        unsafe { (address as *mut u32).write_volatile(PAINT) };
    }
    // Not inlined, or its memory would be this function's own.
    let operation = black_box(operation);
    let before = instructions();
    operation();
    let count = (instructions() + INSTRUCTIONS_WRAP - before) % INSTRUCTIONS_WRAP;
    let mut lowest = end;
    // SAFETY: as above.
    while lowest < top && unsafe { (lowest as *const u32).read_volatile() } == PAINT {
        lowest += 4;
    }
    print("#");
    for word in words {
        print(" ");
        print(word);
    }
    print(" stack ");
    decimal((top + GAP - lowest) as u64);
    print(" instructions ");
    decimal(count);
    print("\n");
}
