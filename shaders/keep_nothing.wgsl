// For stages that need no gradient by parameters.

fn keep_input(slot: u32, value: vec2<f32>) {}

fn keep_delta(slot: u32, value: vec2<f32>) {}

fn keep_sum(slot: u32, value: vec2<f32>) {}
