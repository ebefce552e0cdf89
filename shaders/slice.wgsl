// What part of an update a dispatch computes; written by `host/src/gpu/updater.rs`.

struct Slice {
    // The first item of the dispatch.
    item: u32,
    // The first seed of the group that memory is shared by.
    seed: u32,
    // The first chunk, counted across all networks of the group, whose records are in memory.
    chunk: u32,
}

@group(0) @binding(1) var<uniform> slice: Slice;
