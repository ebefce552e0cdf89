// The part of the batch that a dispatch works on: as much as its records may take memory.

struct Slice {
    // The first chunk of trajectories, counted through all networks.
    first: u32,
}

@group(0) @binding(1) var<uniform> slice: Slice;
