// For `cola`: the tangent of everything from which the gradient with respect to parameters is computed. The tangent of an outer
// product has two terms, and so a point evaluated in dual numbers has two records: adjoints with the tangents of inputs, and the
// tangents of adjoints with inputs.
//
// import H, PRODUCTS, SUMS from host/src/gpu/layout.rs
// import Columns from columns/
// import exact_scalar from exact.wgsl
// import thread from unit.wgsl
// import first_of_both_vjp from first_of_both.wgsl

// Per record: PRODUCTS times both players times H, by thread.
@group(0) @binding(6) var<storage, read_write> inputs: array<f32>;
@group(0) @binding(7) var<storage, read_write> deltas: array<f32>;
// Per point: SUMS times H, by unit.
@group(0) @binding(8) var<storage, read_write> vector_sums: array<f32>;

// Whether anything is kept, and the first of the two records.
var<private> keeps: bool;
var<private> record: u32;
var<private> sums: array<f32, SUMS>;

fn keep_input(slot: u32, value: Columns) {
    if keeps {
        let place = (record * PRODUCTS + slot) * 2u * H + thread;
        let second = place + PRODUCTS * 2u * H;
        inputs[place] = value.z;
        inputs[place + H] = value.w;
        inputs[second] = value.x;
        inputs[second + H] = value.y;
    }
}

fn keep_delta(slot: u32, value: Columns) {
    if keeps {
        let place = (record * PRODUCTS + slot) * 2u * H + thread;
        let second = place + PRODUCTS * 2u * H;
        deltas[place] = value.x;
        deltas[place + H] = value.y;
        deltas[second] = value.z;
        deltas[second + H] = value.w;
    }
}

fn keep_sum(slot: u32, value: Columns) {
    if keeps {
        sums[slot] = exact_scalar(exact_scalar(sums[slot] + value.z) + value.w);
    }
}

fn first_vjp() -> Columns {
    return first_of_both_vjp();
}
