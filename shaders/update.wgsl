// What changes from one update to the next; written by `host/src/gpu/updater.rs`.

struct Update {
    // 0, for bounds of loops; compilers do not know it.
    zero: u32,
    // Counted within the submission.
    update: u32,
    outer: u32,
    // 1 in the first update of an outer iteration.
    start: u32,
    eta: f32,
    correction1: f32,
    correction2: f32,
    // 0 likewise, for arithmetic. It is a word of its own since drivers may compile a shader anew with the bounds of its loops as
    // constants, and would then know its value in arithmetic, too.
    nothing: u32,
}

@group(0) @binding(0) var<uniform> now: Update;
