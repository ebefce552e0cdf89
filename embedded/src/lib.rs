//! What the programs share: a machine to print on and to count instructions and stack with, and the scenes that they run.
#![no_std]

pub mod platform;
pub mod print;
pub mod scene;
pub mod slots;
pub mod stack;
pub mod static_cell;

/// The program's entry: calls a function, then stops the machine.
#[macro_export]
macro_rules! main {
    ($main:path) => {
        #[cfg(target_arch = "arm")]
        #[cortex_m_rt::entry]
        fn start() -> ! {
            $main();
            $crate::platform::exit(true)
        }

        #[cfg(not(target_arch = "arm"))]
        #[unsafe(no_mangle)]
        extern "C" fn start() {
            $main();
            $crate::platform::exit(true)
        }
    };
}

/// A panic handler that cannot be linked: the program links only if no panic is reachable.
#[macro_export]
macro_rules! panic_never {
    () => {
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! {
            unsafe extern "C" {
                safe fn a_panic_can_be_reached() -> !;
            }
            a_panic_can_be_reached()
        }
    };
}

/// A panic handler that stops the machine with a failure.
#[macro_export]
macro_rules! panic_exit {
    () => {
        #[panic_handler]
        #[allow(unreachable_code)] // not every machine stops
        fn panic(_: &core::panic::PanicInfo) -> ! {
            $crate::platform::print("panic\n");
            $crate::platform::exit(false);
            loop {}
        }
    };
}
