//! The library's version, in the header and in the library.

/// The version of this header: its first number.
pub const MEVA_VERSION_MAJOR: u32 = 0;
/// Its second number; while the first is 0, libraries of different second numbers are not compatible.
pub const MEVA_VERSION_MINOR: u32 = 1;
/// Its third number.
pub const MEVA_VERSION_PATCH: u32 = 0;
/// All three as one number, to compare with what meva_version() says.
pub const MEVA_VERSION: u32 = MEVA_VERSION_MAJOR * 1000000 + MEVA_VERSION_MINOR * 1000 + MEVA_VERSION_PATCH;

// cbindgen takes literals alone.
const _: () = {
    assert!(is(env!("CARGO_PKG_VERSION_MAJOR"), MEVA_VERSION_MAJOR));
    assert!(is(env!("CARGO_PKG_VERSION_MINOR"), MEVA_VERSION_MINOR));
    assert!(is(env!("CARGO_PKG_VERSION_PATCH"), MEVA_VERSION_PATCH));
};

const fn is(text: &str, number: u32) -> bool {
    matches!(u32::from_str_radix(text, 10), Ok(value) if value == number)
}

/// The version of the library, MEVA_VERSION of the header that it was built with.
#[unsafe(no_mangle)]
pub extern "C" fn meva_version() -> u32 {
    MEVA_VERSION
}
