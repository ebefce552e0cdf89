//! The command line `meva`.

use std::process::ExitCode;

mod command;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    without_a_display();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    give_memory_back();
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

/// Larger blocks of memory are always taken from the system itself, and go back to it once they are free. By default glibc keeps
/// them in one heap for each thread as soon as a large block was freed, and the heaps grow: by 8 MB where basins are counted after
/// a training.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_memory_back() {
    // SAFETY: no thread has been started yet that could allocate meanwhile.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10) };
}
