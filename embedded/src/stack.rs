//! How far down the stack has reached: it is painted beforehand and inspected afterwards.

use core::hint::black_box;

use crate::platform::{INSTRUCTIONS_WRAP, instructions, print, stack_end, stack_pointer};
use crate::print::decimal;

const PAINT: u32 = 0x5ac3_96e1;
/// Space for the painter's own calls.
const GAP: usize = 64;

/// Runs an operation and prints its maximum stack use and its number of instructions.
#[inline(never)]
pub fn measured(words: &[&str], operation: &mut dyn FnMut()) {
    let top = (stack_pointer() - GAP) & !3;
    let end = (stack_end() + 3) & !3;
    for address in (end..top).step_by(4) {
        // SAFETY: nothing between static memory and the end of the stack is in use.
        unsafe { (address as *mut u32).write_volatile(PAINT) };
    }
    // Not inlined, otherwise its memory would be this function's own.
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
