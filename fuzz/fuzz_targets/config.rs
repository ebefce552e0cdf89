#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meva_fuzz::config(bytes));
