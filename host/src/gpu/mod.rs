//! The GPU engine: Algorithm 1 in WGSL through wgpu, for several seeds side by side.
//!
//! [`device`] opens an adapter, [`plan`] says what a training needs, `fit` what suits a device, [`layout`] where numbers are in
//! memory, [`memory`] how much of it there is, [`shader`] assembles the sources of the stages ([`stage`]), [`updater`] runs them,
//! [`profile`] says where the time goes, and [`mod@probe`] and [`mod@optimize`] evaluate single formulas and steps for the
//! cross-check. `training::Fleet` uses all of this to train runs. One update of meta-values is six stages, of which COLA has the last
//! two, after one of its own:
//!
//! | stage | workgroups | does |
//! |---|---|---|
//! | `roll_out` | trajectories, or pairs of them | explores, and rolls out `k` steps; may keep each layer's inputs and the tape |
//! | `bootstrap` | steps of trajectories, or pairs of steps | predicts with the target network, if there is one |
//! | `form_targets` | trajectories | forms targets, losses and the adjoints of the quantiles |
//! | `vjp_parameters` | segments of trajectories, for each network | passes back, keeps each layer's adjoints, and its inputs unless they are kept |
//! | `cola` | points | evaluates the network in dual numbers, finds the consistency loss, and passes it back, likewise |
//! | `dense_vjp_weight` | matrices and vectors x chunks x networks | sums these into gradients |
//! | `adamw` | parameters x networks | takes a step of the optimiser, moves the target network |
//!
//! Where games are sampled, `roll_out` plays the episodes, with the random numbers that the CPU engine draws: it is given where each
//! trajectory's stream starts, and its threads take the stream's steps many at a time.
//!
//! A seed has one network, shared by the players, or one for each player; `roll_out` and `bootstrap` loop over them. A stage may
//! be split into several dispatches, so that none takes long, and all stages run once for each group of seeds that the memory
//! of an update has room for.
//!
//! On a GPU with memory of its own, through Vulkan, `roll_out` keeps what `vjp_parameters` needs, which otherwise evaluates the networks
//! again: 12 to 17 KB for each step of a trajectory. And drivers of Vulkan's GPUs may contract: compute a product and a sum as one
//! operation. [`Plan::on`] decides.
//!
//! All sums have a fixed order and there are no atomics, so on the same device a run reproduces the same bits. Where drivers do not
//! contract, these do not depend on the plan either: alone or next to other seeds, at one point per workgroup or two, recorded or
//! not. A hidden unit is a thread, and the columns of a vector are the
//! players at the workgroup's points. Every stage stays within wgpu's default limits; only buffers may be larger, where a
//! device allows it.
//!
//! Without the crate's feature `gpu` no [`Gpu`] can be opened, so functions that take one can be named but never called.

mod constant;
pub mod description;
pub mod draws;
mod fit;
pub mod layout;
pub mod memory;
pub mod plan;
pub mod profile;
pub mod shader;
pub mod stage;
pub mod step;

#[cfg(feature = "gpu")]
mod cache;
#[cfg(feature = "gpu")]
pub mod device;
#[cfg(feature = "gpu")]
mod dispatch;
#[cfg(feature = "gpu")]
pub mod optimize;
#[cfg(feature = "gpu")]
pub mod probe;
#[cfg(feature = "gpu")]
pub mod updater;

#[cfg(not(feature = "gpu"))]
mod absent;
#[cfg(not(feature = "gpu"))]
pub use absent::{device, optimize, probe, updater};

pub use description::Description;
pub use device::Gpu;
pub use draws::OuterDraws;
pub use memory::Memory;
pub use optimize::optimize;
pub use plan::Plan;
pub use probe::probe;
pub use profile::Profile;
pub use step::OptimizerStep;
pub use updater::Updater;
