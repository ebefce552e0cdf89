//! The core's slice operations compiled for each instruction set, chosen at run time.
//!
//! Every function below is the core's formula, inlined into a function that may use wider vector instructions. Products
//! and sums are rounded as the [arithmetic](meva_core::arithmetic) says, so the bits are those of the portable formula:
//! of [`Portable`](meva_core::kernels::Portable) or of [`Fused`].

use meva_core::activation::Activation;
use meva_core::arithmetic::{Arithmetic, ArithmeticName, Fused, Separate};
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
pub mod opponents;
pub mod team;

/// How many trajectories advance in lockstep.
pub const WIDTH: usize = 64;
/// 64 numbers that advance together.
pub type Number = Lanes<WIDTH>;
/// 64 numbers in `f64` that advance together.
pub type Wide = Lanes<WIDTH, f64>;

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
    /// Fused multiply-adds of 128-bit vectors (64-bit ARM).
    Neon,
    /// 256-bit vectors and fused multiply-adds (x86-64).
    Avx2,
    /// 512-bit vectors (x86-64).
    Avx512,
}

/// The environment variable that forces an instruction set: `baseline`, `neon`, `avx2` or `avx512`.
pub const FORCE: &str = "MEVA_INSTRUCTION_SET";

// Narrowest first.
choice! { InstructionSet, "instruction set":
    Baseline = "baseline",
    Neon = "neon",
    Avx2 = "avx2",
    Avx512 = "avx512",
}

impl InstructionSet {
    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            InstructionSet::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                InstructionSet::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            InstructionSet::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// [`Separate`], with the processor's own square roots, which compilers can put in vectors.
#[derive(Clone, Copy, Debug, Default)]
struct OwnSeparate;

impl Arithmetic for OwnSeparate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        Separate::multiply_add(a, b, c)
    }
    #[inline(always)]
    fn multiply_add_f64(a: f64, b: f64, c: f64) -> f64 {
        Separate::multiply_add_f64(a, b, c)
    }
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
    #[inline(always)]
    fn sqrt_f64(x: f64) -> f64 {
        x.sqrt()
    }
}

/// [`Fused`], by the processor's own instructions: only for functions that may use them, since elsewhere a multiply-add
/// is a slow call.
#[derive(Clone, Copy, Debug, Default)]
struct OwnFused;

#[expect(
    clippy::disallowed_methods,
    reason = "an instruction wherever it is used, not the platform's function"
)]
impl Arithmetic for OwnFused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn multiply_add_f64(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
    #[inline(always)]
    fn sqrt_f64(x: f64) -> f64 {
        x.sqrt()
    }
}

/// When an arithmetic is chosen: as the program runs, by its name, or as it is compiled, which spares the code for the others.
pub trait Chosen: Copy {
    /// Whether it may be [`Fused`].
    const MAY_FUSE: bool;
    /// Which one it is.
    fn name(self) -> ArithmeticName;
}

impl Chosen for ArithmeticName {
    const MAY_FUSE: bool = true;
    fn name(self) -> ArithmeticName {
        self
    }
}

impl Chosen for Separate {
    const MAY_FUSE: bool = false;
    fn name(self) -> ArithmeticName {
        ArithmeticName::Separate
    }
}

/// The core's slice operations on this processor, in an arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu<A = ArithmeticName> {
    instruction_set: InstructionSet,
    arithmetic: A,
}

impl Cpu {
    /// With an instruction set that [is available](InstructionSet::is_available), and separate rounding; `None` if it is
    /// not.
    pub fn new(instruction_set: InstructionSet) -> Option<Self> {
        instruction_set.is_available().then_some(Cpu {
            instruction_set,
            arithmetic: ArithmeticName::Separate,
        })
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
                .expect("the baseline is always available")),
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
}

impl<A: Chosen> Cpu<A> {
    /// The same instruction set in an arithmetic.
    #[must_use]
    pub fn with_arithmetic<B: Chosen>(self, arithmetic: B) -> Cpu<B> {
        Cpu {
            instruction_set: self.instruction_set,
            arithmetic,
        }
    }

    /// The arithmetic.
    pub fn arithmetic(self) -> ArithmeticName {
        self.arithmetic.name()
    }

    /// The instruction set in use.
    pub fn instruction_set(self) -> InstructionSet {
        self.instruction_set
    }

    /// The instruction set for numbers with this many lanes: a single trajectory leaves 512-bit vectors mostly empty,
    /// and the code that compilers generate to fill them takes twice as long as with 256 bits.
    #[inline]
    fn for_lanes(self, lanes: usize) -> InstructionSet {
        if lanes == 1 {
            self.instruction_set.min(InstructionSet::Avx2)
        } else {
            self.instruction_set
        }
    }
}

macro_rules! dispatch {
    ($($name:ident
        $([$(const $size:ident),+])?
        ($($argument:ident: $type:ty),+)
        $(-> $result:ty)?
        = |$arithmetic:ident| $formula:expr;
    )+) => {
        impl<S: Scalar, C: Chosen> Kernels<S> for Cpu<C> {
            // Every method is overridden.
            type Arithmetic = Separate;

            $(
                #[inline]
                fn $name<$($(const $size: usize),+)?>(&self, $($argument: $type),+) $(-> $result)? {
                    #[cfg(target_arch = "x86_64")]
                    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
                    fn avx512<A: Arithmetic, S: Scalar, $($(const $size: usize),+)?>(
                        $arithmetic: A,
                        $($argument: $type),+
                    ) $(-> $result)? {
                        $formula
                    }
                    #[cfg(target_arch = "x86_64")]
                    #[target_feature(enable = "avx2,fma")]
                    fn avx2<A: Arithmetic, S: Scalar, $($(const $size: usize),+)?>(
                        $arithmetic: A,
                        $($argument: $type),+
                    ) $(-> $result)? {
                        $formula
                    }
                    fn baseline<A: Arithmetic, S: Scalar, $($(const $size: usize),+)?>(
                        $arithmetic: A,
                        $($argument: $type),+
                    ) $(-> $result)? {
                        $formula
                    }
                    use {ArithmeticName as In, InstructionSet as By};
                    match (self.arithmetic(), self.for_lanes(S::LANES)) {
                        // SAFETY: a `Cpu` holds an instruction set only if this processor has it, with those it includes.
                        #[cfg(target_arch = "x86_64")]
                        (In::Separate, By::Avx512) => unsafe {
                            avx512::<_, S, $($($size),+)?>(OwnSeparate, $($argument),+)
                        },
                        // SAFETY: as above.
                        #[cfg(target_arch = "x86_64")]
                        (In::Fused, By::Avx512) if const { C::MAY_FUSE } => unsafe {
                            avx512::<_, S, $($($size),+)?>(OwnFused, $($argument),+)
                        },
                        // SAFETY: as above.
                        #[cfg(target_arch = "x86_64")]
                        (In::Separate, By::Avx2) => unsafe { avx2::<_, S, $($($size),+)?>(OwnSeparate, $($argument),+) },
                        // SAFETY: as above.
                        #[cfg(target_arch = "x86_64")]
                        (In::Fused, By::Avx2) if const { C::MAY_FUSE } => unsafe {
                            avx2::<_, S, $($($size),+)?>(OwnFused, $($argument),+)
                        },
                        // Every processor with this instruction set has the instruction.
                        #[cfg(target_arch = "aarch64")]
                        (In::Fused, By::Neon) if const { C::MAY_FUSE } => baseline::<_, S, $($($size),+)?>(OwnFused, $($argument),+),
                        (In::Fused, _) if const { C::MAY_FUSE } => {
                            baseline::<_, S, $($($size),+)?>(Fused, $($argument),+)
                        }
                        _ => baseline::<_, S, $($($size),+)?>(OwnSeparate, $($argument),+),
                    }
                }
            )+
        }
    };
}

dispatch! {
    dense[const I, const O](w: &[[S::Real; I]; O], x: &[S; I], y: &mut [S; O])
        = |arithmetic| dense::forward(arithmetic, w, x, y);
    dense_vjp_input[const I, const O](w: &[[S::Real; I]; O], dy: &[S; O], dx: &mut [S; I])
        = |arithmetic| dense::vjp_input(arithmetic, w, dy, dx);
    dense_vjp_weight[const I, const O](dy: &[S; O], x: &[S; I], dw: &mut [[S::Lane; I]; O])
        = |arithmetic| dense::vjp_weight(arithmetic, dy, x, dw);
    dense_vjp_bias[const O](dy: &[S; O], db: &mut [S::Lane; O])
        = |_arithmetic| dense::vjp_bias(dy, db);
    layer_norm[const H](norm: &LayerNorm<S::Real, H>, activation: Activation, tape: &mut LayerTape<S, H>)
        = |arithmetic| layer_norm::forward(arithmetic, norm, activation, tape);
    layer_norm_vjp[const H](norm: &LayerNorm<S::Real, H>, tape: &LayerTape<S, H>, dy: &[S; H], dz: &mut [S; H])
        = |arithmetic| layer_norm::vjp(arithmetic, norm, tape, dy, dz);
    layer_norm_vjp_parameters[const H](tape: &LayerTape<S, H>, dy: &[S; H], gradient: &mut LayerNorm<S::Lane, H>)
        = |_arithmetic| layer_norm::vjp_parameters(tape, dy, gradient);
    residual[const H](g: &[S::Real; H], h: &[S; H], y: &[S; H], merged: &mut [S; H])
        = |arithmetic| residual::forward(arithmetic, g, h, y, merged);
    residual_vjp[const H](g: &[S::Real; H], dh: &mut [S; H], dy: &mut [S; H])
        = |_arithmetic| residual::vjp(g, dh, dy);
    residual_vjp_gate[const H](g: &[S::Real; H], h: &[S; H], y: &[S; H], dh: &[S; H], dgate: &mut [S::Lane; H])
        = |_arithmetic| residual::vjp_gate(g, h, y, dh, dgate);
    quantile_huber[const M](q: &[S; M], y: &[S; M], dq: &mut [S; M]) -> S
        = |arithmetic| quantile_huber::value_and_gradient(arithmetic, q, y, dq);
}
