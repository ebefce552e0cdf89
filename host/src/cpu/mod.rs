//! The core's slice operations compiled for each instruction set, chosen at run time.
//!
//! Every function below is the core's formula, inlined into a function that may use wider vector instructions.
//! Multiplications and additions are never fused, so the bits are those of the portable formula.

use meva_core::activation::Activation;
use meva_core::choice;
use meva_core::choice::UnknownName;
use meva_core::kernels::Kernels;
use meva_core::layer_norm::{LayerNorm, LayerTape};
use meva_core::{Lanes, Scalar};
use meva_core::{dense, layer_norm, quantile_huber, residual};

use crate::error::{Error, Result};

pub mod algorithm1;
pub mod cola;
pub mod estimate;
pub mod fault;
pub mod memory;

/// How many trajectories advance in lockstep.
pub const WIDTH: usize = 64;
/// 64 numbers that advance together.
pub type Number = Lanes<WIDTH>;

/// What a lane of a group works on.
struct Lane {
    /// The index in the batch.
    source: usize,
    /// Whether it only pads its group: the batch has ended, and the lane repeats the group's first trajectory with weight 0.
    idle: bool,
}

/// What lane `l` of group `g` works on.
fn lane_of(g: usize, l: usize, batch: usize) -> Lane {
    let (first, own) = (g * WIDTH, g * WIDTH + l);
    let idle = own >= batch;
    Lane {
        source: if idle { first } else { own },
        idle,
    }
}

/// The widest instruction set in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// The instruction set that the binary was compiled for.
    Baseline,
    /// 256-bit vectors (x86-64).
    Avx2,
    /// 512-bit vectors (x86-64).
    Avx512,
}

/// The environment variable that forces an instruction set: `baseline`, `avx2` or `avx512`.
pub const FORCE: &str = "MEVA_INSTRUCTION_SET";

// Narrowest first.
choice! { InstructionSet, "instruction set":
    Baseline = "baseline",
    Avx2 = "avx2",
    Avx512 = "avx512",
}

impl InstructionSet {
    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            InstructionSet::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// The core's slice operations on this processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu(InstructionSet);

impl Cpu {
    /// With an instruction set that [is available](InstructionSet::is_available); `None` if it is not.
    pub fn new(instruction_set: InstructionSet) -> Option<Self> {
        instruction_set.is_available().then_some(Cpu(instruction_set))
    }

    /// With the widest instruction set that this processor has, or the one that [`FORCE`] names.
    ///
    /// # Errors
    /// The variable names an unknown instruction set, or one that this processor lacks.
    pub fn detect() -> Result<Self> {
        match std::env::var(FORCE) {
            Err(_) => Ok(InstructionSet::ALL
                .into_iter()
                .rev()
                .find_map(Cpu::new)
                .unwrap_or(Cpu(InstructionSet::Baseline))),
            Ok(name) => {
                let set: InstructionSet = name.parse().map_err(|unknown: UnknownName| {
                    Error::usage(format!("unknown instruction set `{name}` in {FORCE}"))
                        .hint(format!("use one of {}", InstructionSet::NAMES.join(", ")))
                        .because(unknown)
                })?;
                Cpu::new(set).ok_or_else(|| {
                    Error::usage(format!("this processor lacks the instruction set `{name}` of {FORCE}"))
                        .hint("leave the variable unset to use the widest one there is")
                })
            }
        }
    }

    /// The instruction set in use.
    pub fn instruction_set(self) -> InstructionSet {
        self.0
    }

    /// The instruction set for numbers with this many lanes: a single trajectory leaves 512-bit vectors mostly empty,
    /// and the code that compilers generate to fill them takes twice as long as with 256 bits.
    #[inline]
    fn for_lanes(self, lanes: usize) -> InstructionSet {
        if lanes == 1 {
            self.0.min(InstructionSet::Avx2)
        } else {
            self.0
        }
    }
}

macro_rules! dispatch {
    ($($name:ident $([$(const $size:ident),+])? ($($argument:ident: $type:ty),+) $(-> $result:ty)? = $formula:path;)+) => {
        impl<S: Scalar> Kernels<S> for Cpu {
            $(
                #[inline]
                fn $name<$($(const $size: usize),+)?>(&self, $($argument: $type),+) $(-> $result)? {
                    #[cfg(target_arch = "x86_64")]
                    {
                        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                        fn avx512<S: Scalar, $($(const $size: usize),+)?>($($argument: $type),+) $(-> $result)? {
                            $formula($($argument),+)
                        }
                        #[target_feature(enable = "avx2")]
                        fn avx2<S: Scalar, $($(const $size: usize),+)?>($($argument: $type),+) $(-> $result)? {
                            $formula($($argument),+)
                        }
                        match self.for_lanes(S::LANES) {
                            // SAFETY: a `Cpu` holds an instruction set only if this processor has it, with those it includes.
                            InstructionSet::Avx512 => return unsafe { avx512::<S, $($($size),+)?>($($argument),+) },
                            // SAFETY: as above.
                            InstructionSet::Avx2 => return unsafe { avx2::<S, $($($size),+)?>($($argument),+) },
                            InstructionSet::Baseline => {}
                        }
                    }
                    $formula($($argument),+)
                }
            )+
        }
    };
}

dispatch! {
    dense[const I, const O](w: &[[S::Real; I]; O], x: &[S; I], y: &mut [S; O]) = dense::forward;
    dense_vjp_input[const I, const O](w: &[[S::Real; I]; O], dy: &[S; O], dx: &mut [S; I]) = dense::vjp_input;
    dense_vjp_weight[const I, const O](dy: &[S; O], x: &[S; I], dw: &mut [[S::Lane; I]; O]) = dense::vjp_weight;
    dense_vjp_bias[const O](dy: &[S; O], db: &mut [S::Lane; O]) = dense::vjp_bias;
    layer_norm[const H](norm: &LayerNorm<S::Real, H>, activation: Activation, tape: &mut LayerTape<S, H>)
        = layer_norm::forward;
    layer_norm_vjp[const H](norm: &LayerNorm<S::Real, H>, tape: &LayerTape<S, H>, dy: &[S; H], dz: &mut [S; H])
        = layer_norm::vjp;
    layer_norm_vjp_parameters[const H](tape: &LayerTape<S, H>, dy: &[S; H], gradient: &mut LayerNorm<S::Lane, H>)
        = layer_norm::vjp_parameters;
    residual[const H](g: &[S::Real; H], h: &[S; H], y: &[S; H], merged: &mut [S; H]) = residual::forward;
    residual_vjp[const H](g: &[S::Real; H], dh: &mut [S; H], dy: &mut [S; H]) = residual::vjp;
    residual_vjp_gate[const H](g: &[S::Real; H], h: &[S; H], y: &[S; H], dh: &[S; H], dgate: &mut [S::Lane; H])
        = residual::vjp_gate;
    quantile_huber[const M](q: &[S; M], y: &[S; M], dq: &mut [S; M]) -> S = quantile_huber::value_and_gradient;
}
