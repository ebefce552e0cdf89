//! Initial parameters of a network.

use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};

use crate::bounds::Quantity;
use crate::operation::{Operation, Output, Packed, Sink, Source, WithDuals, give, plain};

/// Fresh parameters of a small network, drawn as training draws them.
#[derive(Clone, Copy, Debug)]
pub struct Initialize;

impl Operation for Initialize {
    fn module(&self) -> &'static str {
        "parameters"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 1] = [plain("initialize", Quantity::InitialParameters)];
        &OUTPUTS
    }

    fn cases(&self) -> usize {
        1
    }

    fn has_lanes(&self) -> bool {
        false
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, _: &K, _: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let mut parameters = Parameters::<S::Real, 5, 6, 2, 5>::ZERO;
        parameters.initialize(&mut Stream::new(5, Purpose::Parameters, 0));
        give(sink, "initialize", &parameters);
    }
}
