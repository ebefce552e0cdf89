//! A Cortex-M4F under QEMU (mps2-an386), which prints and stops through semihosting.

use core::arch::asm;

/// A semihosting call (Arm's `bkpt 0xab`).
fn semihosting(operation: u32, argument: u32) -> u32 {
    let result;
    // SAFETY: the operations below read the memory that their argument points to, and write none.
    unsafe {
        asm!("bkpt 0xab", inlateout("r0") operation => result, in("r1") argument, options(nostack));
    }
    result
}

/// Prints.
pub fn print(text: &str) {
    const SYS_WRITEC: u32 = 3;
    for byte in text.bytes() {
        semihosting(SYS_WRITEC, (&raw const byte).addr() as u32);
    }
}

/// Stops the machine.
pub fn exit(success: bool) -> ! {
    const SYS_EXIT: u32 = 0x18;
    const APPLICATION_EXIT: u32 = 0x2_0026;
    const RUN_TIME_ERROR: u32 = 0x2_0023;
    loop {
        semihosting(SYS_EXIT, if success { APPLICATION_EXIT } else { RUN_TIME_ERROR });
    }
}

/// Instructions so far, if QEMU counts them (`-icount shift=0`: one nanosecond each), to within 40 instructions.
///
/// SysTick counts down from 2^24 at 25 MHz: call it at least once in 671 million instructions.
pub fn instructions() -> u64 {
    const CONTROL: *mut u32 = 0xe000_e010 as *mut u32;
    const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
    const CURRENT: *mut u32 = 0xe000_e018 as *mut u32;
    const MAX: u32 = 0xff_ffff;
    // SAFETY: SysTick's registers, which nothing else uses here.
    unsafe {
        if CONTROL.read_volatile() & 1 == 0 {
            RELOAD.write_volatile(MAX);
            CURRENT.write_volatile(0);
            CONTROL.write_volatile(5);
        }
        u64::from(MAX - CURRENT.read_volatile()) * 40
    }
}

/// Differences of [`instructions`] wrap around here.
pub const INSTRUCTIONS_WRAP: u64 = 40 << 24;

/// The lowest address that the stack may reach.
pub fn stack_end() -> usize {
    unsafe extern "C" {
        static __sheap: u8; // cortex-m-rt's: past all static memory
    }
    (&raw const __sheap).addr()
}

/// The stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let address;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) address, options(nomem, nostack)) };
    address
}

/// A fault would halt QEMU for ever.
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    print("hard fault\n");
    exit(false)
}
