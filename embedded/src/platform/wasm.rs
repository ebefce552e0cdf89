//! WebAssembly, where the host prints. It has no instruction counter, so no count is reported.

mod host {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub safe fn print(text: *const u8, length: usize);
    }
}

/// Prints.
pub fn print(text: &str) {
    host::print(text.as_ptr(), text.len());
}

/// Returns to the host; a failure is a trap.
pub fn exit(success: bool) {
    if !success {
        core::arch::wasm32::unreachable();
    }
}

/// There is no counter.
pub fn instructions() -> u64 {
    0
}

/// There is no counter.
pub const INSTRUCTIONS_WRAP: u64 = 1;

/// The lowest address of the stack, which is below all static memory.
pub fn stack_end() -> usize {
    16 // not at null
}

/// The stack pointer: approximately the address of this function's own variables.
#[inline(never)]
pub fn stack_pointer() -> usize {
    let here = 0_u8;
    core::hint::black_box(&raw const here).addr()
}
