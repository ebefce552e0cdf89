//! How much stack a gradient takes, measured: a thread's stack of known size is filled until the work no longer fits.
//!
//! Overflowing a stack ends the process, so each try is a separate process: this program again, asked to run one
//! ignored test. The stack that the work takes is the difference between how far the stacks of an idle and of a working
//! thread can be filled.

use std::hint::black_box;
use std::process::Command;

use meva_core::activation::Activation;
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, Input, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Players};

/// The stack that one joint policy's gradients may take, in bytes: what small processors have.
const LIMIT: usize = 64 << 10;
/// The thread's stack in bytes.
const STACK: usize = 512 << 10;
/// Number of bytes that a frame fills.
const FRAME: usize = 512;

/// Both players' own gradients at one joint policy; the tape and what is prepared from the parameters are on the stack,
/// the parameters elsewhere.
#[inline(never)]
fn gradients<const N: usize, const H: usize, const R: usize, const M: usize>(
    parameters: &Parameters<f32, N, H, R, M>,
    architecture: Architecture,
) -> [[f32; N]; 2] {
    let network = MetaValue::new(parameters, architecture);
    let mut tape = Tape::ZERO;
    network.forward(
        &Portable,
        &black_box([[0.5; N], [-1.0; N]]),
        &[0.9; 2],
        Players::Both,
        &mut tape,
    );
    Player::BOTH.map(|player| network.own_gradient(&Portable, player, None, &tape))
}

fn parameters<const N: usize, const H: usize, const R: usize, const M: usize>() -> Box<Parameters<f32, N, H, R, M>> {
    let mut parameters = Box::new(Parameters::ZERO);
    parameters.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    parameters
}

/// Fills the stack with frames, then does the work.
#[inline(never)]
fn fill(frames: usize, top: usize, work: &dyn Fn()) {
    let mut frame = [0_u8; FRAME];
    black_box(&mut frame);
    if frames == 0 {
        println!("filled {}", top.abs_diff(black_box(&frame).as_ptr() as usize));
        work();
    } else {
        fill(frames - 1, top, work);
    }
    black_box(&frame);
}

/// One try, in a process of its own.
#[test]
#[ignore = "a process that the tests of this file start"]
fn try_once() {
    let (Ok(work), Ok(frames)) = (std::env::var("MEVA_STACK_WORK"), std::env::var("MEVA_STACK_FRAMES")) else {
        println!("nothing to try");
        return;
    };
    let frames = frames.parse().expect("a number of frames");
    let logistic = parameters::<1, 64, 1, 16>();
    let iterated = parameters::<5, 64, 2, 32>();
    let architecture = |input, last_activation| Architecture { input, last_activation };
    let in_thread = move || {
        let top = 0_u8;
        let top = black_box(&top) as *const u8 as usize;
        let work: &dyn Fn() = match work.as_str() {
            "nothing" => &|| {},
            "logistic" => &|| {
                black_box(gradients(&logistic, architecture(Input::Tenth, Activation::Gelu)));
            },
            "iterated" => &|| {
                black_box(gradients(&iterated, architecture(Input::Sigmoid, Activation::Tanh)));
            },
            other => panic!("no work is called {other}"),
        };
        fill(frames, top, work);
    };
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(in_thread)
        .expect("a thread");
    thread.join().expect("the work");
}

/// How many bytes were filled before the work, if the work fitted.
fn filled(work: &str, frames: usize) -> Option<usize> {
    let this = std::env::current_exe().expect("this program");
    let output = Command::new(this)
        .args(["try_once", "--exact", "--ignored", "--nocapture"])
        .env("MEVA_STACK_WORK", work)
        .env("MEVA_STACK_FRAMES", frames.to_string())
        .output()
        .expect("another process");
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes = text
        .split("filled ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    bytes
        .filter(|_| output.status.success())
        .map(|bytes| bytes.parse().expect("bytes"))
}

/// The maximum that can be filled before the work.
fn most_filled(work: &str) -> usize {
    let mut most = filled(work, 0).unwrap_or_else(|| panic!("{work} does not fit into {STACK} bytes"));
    let (mut fits, mut fails) = (0, STACK / FRAME);
    while fails - fits > 1 {
        let middle = fits.midpoint(fails);
        match filled(work, middle) {
            Some(bytes) => (fits, most) = (middle, bytes),
            None => fails = middle,
        }
    }
    assert!(fits > 0 && fits + 1 < STACK / FRAME, "{work}: the stack was never full");
    most
}

/// The frame size determines the resolution of the measurement: less than one kilobyte.
#[test]
fn gradients_fit_into_a_small_stack() {
    let idle = most_filled("nothing");
    for work in ["logistic", "iterated"] {
        let bytes = idle - most_filled(work);
        println!(
            "{work}: {bytes} bytes of stack, {:.0} % of {LIMIT}",
            100.0 * bytes as f64 / LIMIT as f64
        );
        assert!(bytes <= LIMIT, "{work} takes {bytes} bytes of stack, more than {LIMIT}");
        // The tape alone takes this much: less would mean that nothing was measured.
        let least = if work == "logistic" {
            size_of::<Tape<f32, 1, 64, 1>>()
        } else {
            size_of::<Tape<f32, 5, 64, 2>>()
        };
        assert!(
            bytes >= least,
            "{work} takes {bytes} bytes of stack, less than its tape of {least}"
        );
    }
}
