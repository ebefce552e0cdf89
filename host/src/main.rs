//! The command line `meva`.

use std::process::ExitCode;

mod command;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    without_a_display();
    command::main()
}

/// Mesa's layer that sorts devices looks for a display, and where there is none it complains on stderr each time that devices are
/// listed. There it is left out.
#[cfg(target_os = "linux")]
fn without_a_display() {
    const LEFT_OUT: &str = "NODEVICE_SELECT";
    let runtime = std::env::var_os("XDG_RUNTIME_DIR");
    let is_there = runtime.is_some_and(|folder| std::path::Path::new(&folder).is_dir());
    if !is_there && std::env::var_os(LEFT_OUT).is_none() {
        // SAFETY: no thread has been started yet that could read the environment meanwhile.
        unsafe { std::env::set_var(LEFT_OUT, "1") };
    }
}
