// The part of the batch that a dispatch works on: as much as the memory for its records allows.

struct Slice {
    // The first chunk of trajectories, counted across all networks.
    first: u32,
}

@group(0) @binding(1) var<uniform> slice: Slice;
