//! A 32-bit RISC-V with single-precision floating point under QEMU (virt), which prints through its UART and stops
//! through its test device.

use core::arch::{asm, global_asm};

// Sets up the stack pointer, enables floating point, zeroes memory, calls main.
global_asm!(
    ".section .init, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_start",
    "li t0, 0x2000", // mstatus.FS: initial
    "csrs mstatus, t0",
    "la t0, _sbss",
    "la t1, _ebss",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: la t0, trap",
    "csrw mtvec, t0",
    "call start",
    "3: j 3b",
    ".balign 4",
    "trap: li t0, 0x100000", // stop with failure
    "li t1, 0x13333",
    "sw t1, 0(t0)",
    "j trap",
);

/// Prints.
pub fn print(text: &str) {
    const UART: *mut u8 = 0x1000_0000 as *mut u8;
    for byte in text.bytes() {
        // SAFETY: the UART's transmit register, always ready under QEMU.
        unsafe { UART.write_volatile(byte) };
    }
}

/// Stops the machine.
pub fn exit(success: bool) {
    const TEST: *mut u32 = 0x10_0000 as *mut u32;
    // SAFETY: the test device's only register.
    unsafe { TEST.write_volatile(if success { 0x5555 } else { 0x1_3333 }) };
}

/// Instructions so far, if QEMU counts them (`-icount shift=0`).
pub fn instructions() -> u64 {
    let count: u32;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {}, minstret", out(reg) count, options(nostack)) };
    u64::from(count)
}

/// Differences of [`instructions`] wrap around here.
pub const INSTRUCTIONS_WRAP: u64 = 1 << 32;

/// The lowest address that the stack may reach.
pub fn stack_end() -> usize {
    unsafe extern "C" {
        static _ebss: u8; // riscv.x: past all static memory
    }
    (&raw const _ebss).addr()
}

/// The stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let address;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) address, options(nomem, nostack)) };
    address
}
