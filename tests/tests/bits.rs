//! The same bits everywhere: on every instruction set, with every lane width, in every build profile.

use meva::config::Config;
use meva::cpu::WIDTH;
use meva::cpu::memory::{zeroed, zeroed_slice};
use meva::cpu::{Cpu, InstructionSet};
use meva::training::trainer::Trainer;
use meva_core::algorithm1::{self, Algorithm1, Rollout, Settings, Step, Trajectory};
use meva_core::arithmetic::{ArithmeticName, Fused};
use meva_core::game::{Game, IteratedMatrix, Logistic};
use meva_core::kernels::{Kernels, Portable};
use meva_core::meta_value::Tape;
use meva_core::networks::Networks;
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Lanes, Scalar};
use std::array::from_mut;

fn available() -> impl Iterator<Item = InstructionSet> {
    InstructionSet::ALL.into_iter().filter(|set| {
        if !set.is_available() {
            println!("SKIPPED: this processor lacks {}", set.name());
        }
        set.is_available()
    })
}

/// Every number in a rollout and its targets, for one trajectory after the other and for 64 in lockstep.
fn lanes_against_scalar<G: Game<N>, K, L, const N: usize>(mut game: &G, settings: &Settings, kernels: &K, alone: &L)
where
    K: Kernels<Lanes<WIDTH>>,
    L: Kernels<f32>,
{
    const H: usize = 16;
    const R: usize = 1;
    const M: usize = 16;
    const K_STEPS: usize = 6;
    let mut parameters: Box<Parameters<f32, N, H, R, M>> = zeroed();
    parameters.initialize(&mut Stream::new(5, Purpose::Parameters, 0));
    let mut other: Box<Parameters<f32, N, H, R, M>> = zeroed();
    other.initialize(&mut Stream::new(6, Purpose::Parameters, 0));
    let theta = Networks::new([&*parameters], settings.architecture);
    let target = settings.rho.map(|_| Networks::new([&*other], settings.architecture));

    let mut stream = Stream::new(7, Purpose::Evaluation, 0);
    let mut singles = [Trajectory::<f32, N, H>::ZERO; WIDTH];
    let mut group = Trajectory::<Lanes<WIDTH>, N, H>::ZERO;
    for (l, single) in singles.iter_mut().enumerate() {
        for i in 0..2 {
            single.x[i] = std::array::from_fn(|_| stream.uniform(-3.0, 3.0) as f32);
            // The ends of the range are included.
            let ends = [0.0, 1.0];
            single.gamma[i] = ends.get(l).copied().unwrap_or_else(|| stream.discount()) as f32;
            single.exploration_gamma[i] = stream.discount() as f32;
            single.mask[i] = std::array::from_fn(|_| stream.sign(0.25) as f32);
            for n in 0..N {
                group.x[i][n].set_lane(l, single.x[i][n]);
            }
            group.gamma[i].set_lane(l, single.gamma[i]);
            group.exploration_gamma[i].set_lane(l, single.exploration_gamma[i]);
            for u in 0..H {
                group.mask[i][u].set_lane(l, single.mask[i][u]);
            }
        }
    }

    let share = algorithm1::share(WIDTH as f32, K_STEPS + 1).unwrap();
    let mut gradient: Box<Parameters<f32, N, H, R, M>> = zeroed();
    let mut wide: Box<[Step<Lanes<WIDTH>, N, M>]> = zeroed_slice(K_STEPS + 1);
    let mut wide_tapes: Box<[[Tape<Lanes<WIDTH>, N, H, R>; 1]]> = zeroed_slice(K_STEPS + 1);
    Algorithm1 {
        kernels,
        settings,
        theta,
        target,
    }
    .learn(
        &mut game,
        &mut group,
        share,
        &mut Rollout {
            steps: &mut wide,
            tapes: &mut wide_tapes,
        },
        from_mut(&mut *gradient),
    );
    let alone = Algorithm1 {
        kernels: alone,
        settings,
        theta,
        target,
    };
    let mut narrow = vec![Step::<f32, N, M>::ZERO; K_STEPS + 1];
    let mut narrow_tapes = vec![[Tape::ZERO]; K_STEPS + 1];
    for (l, single) in singles.iter_mut().enumerate() {
        let gradients = from_mut(&mut *gradient);
        let rollout = &mut Rollout {
            steps: &mut narrow,
            tapes: &mut narrow_tapes,
        };
        alone.learn(&mut game, single, share, rollout, gradients);
        for i in 0..2 {
            same(&format!("lane {l}, end of player {i}"), &group.x[i], &single.x[i], l);
            for t in 0..=K_STEPS {
                let place = |what| format!("lane {l}, {what} of player {i} at step {t}");
                let (wide, narrow) = (&wide[t], &narrow[t]);
                same(&place("policy"), &wide.x[i], &narrow.x[i], l);
                same(&place("return"), &[wide.value[i]], &[narrow.value[i]], l);
                same(&place("adjoint"), &wide.quantiles[i], &narrow.quantiles[i], l);
                same(&place("bootstrap"), &wide.bootstrap[i], &narrow.bootstrap[i], l);
                same(&place("target"), &wide.targets[i], &narrow.targets[i], l);
            }
        }
    }
}

#[track_caller]
fn same<const A: usize>(place: &str, wide: &[Lanes<WIDTH>; A], narrow: &[f32; A], l: usize) {
    for (index, (wide, narrow)) in wide.iter().zip(narrow).enumerate() {
        assert_eq!(
            wide.0[l].to_bits(),
            narrow.to_bits(),
            "{place}, number {index}: {} in lanes, {narrow} alone",
            wide.0[l]
        );
    }
}

#[test]
fn lanes_have_the_bits_of_a_trajectory_alone() {
    fn settings(preset: &str, rho: Option<f64>) -> Settings {
        Settings {
            rho,
            ..Config::preset(preset).unwrap().settings()
        }
    }
    fn each<L: Kernels<f32>>(cpu: Cpu, alone: &L) {
        lanes_against_scalar(&Logistic, &settings("logistic", None), &cpu, alone);
        lanes_against_scalar(&Logistic, &settings("logistic-paper", Some(0.99)), &cpu, alone);
        let ipd = settings("ipd", Some(0.99));
        lanes_against_scalar(&IteratedMatrix::PRISONERS_DILEMMA, &ipd, &cpu, alone);
    }
    for set in available() {
        let cpu = Cpu::new(set).unwrap();
        each(cpu, &Portable);
        each(cpu.with_arithmetic(ArithmeticName::Fused), &Fused);
    }
    let chicken = settings("chicken", None);
    lanes_against_scalar(&IteratedMatrix::CHICKEN, &chicken, &Portable, &Portable);
    lanes_against_scalar(&IteratedMatrix::CHICKEN, &chicken, &Fused, &Fused);
}

/// Preset, the changes that make it short, and the resulting digest of theta (and of the target network, if there is one)
/// in each arithmetic: separate, fused.
const DIGESTS: [(&str, &[&str], [u64; 2]); 3] = [
    (
        "logistic",
        &["outer=3", "batch=70", "steps=10", "stride=10"],
        [0x4a55_7029_359e_2851, 0x4425_2233_de4f_ba90],
    ),
    (
        "ipd-paper",
        &["outer=2", "batch=70", "steps=20"],
        [0x575e_0eac_c2c3_bf5f, 0xf914_6927_f3d4_fc2e],
    ),
    (
        "ipd",
        &["outer=2", "batch=70", "steps=20", "anneal=1"],
        [0x095a_48d5_842d_3d3e, 0xd3b8_b843_23a1_2706],
    ),
];

#[test]
fn digests_of_short_runs() {
    let trained = |preset: &str, settings: &[&str], arithmetic| {
        let mut config = Config::preset(preset).unwrap();
        for setting in settings {
            config.set(setting).unwrap();
        }
        config.arithmetic = arithmetic;
        let mut trainer = Trainer::new(&config).unwrap();
        for _ in 0..config.outer {
            trainer.outer_iteration().unwrap();
        }
        let parts: &[&'static str] = if config.rho.is_some() {
            &["theta.", "target."]
        } else {
            &["theta."]
        };
        let state = trainer.state().unwrap();
        let of_part = |part: &&'static str| {
            let part = *part;
            state.tensors.iter().filter(move |tensor| tensor.name.starts_with(part))
        };
        digest(parts.iter().flat_map(of_part).flat_map(|tensor| &tensor.data))
    };
    let found = DIGESTS
        .map(|(preset, settings, _)| ArithmeticName::ALL.map(|arithmetic| trained(preset, settings, arithmetic)));
    let expected = DIGESTS.map(|(.., digests)| digests);
    assert_eq!(
        found, expected,
        "found {found:#018x?}. A change of these constants is a change of numerics: every published result may move, \
         and it belongs into the CHANGELOG under \"Numerics\"."
    );
}

/// FNV-1a (Fowler, Noll and Vo) over the bytes of the numbers, lowest first; a NaN would not have fixed bits.
fn digest<'a>(values: impl Iterator<Item = &'a f32>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        assert!(value.is_finite());
        let bytes = value.to_bits().to_le_bytes();
        bytes.iter().fold(hash, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    })
}

#[test]
fn digests_see_every_bit() {
    assert_eq!(digest([].iter()), 0xcbf2_9ce4_8422_2325);
    let digests = [
        [1.0, 2.0],
        [2.0, 1.0],
        [1.0, f32::from_bits(2.0_f32.to_bits() + 1)],
        [-0.0, 0.0],
        [0.0, 0.0],
    ]
    .map(|values| digest(values.iter()));
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest));
    }
}
