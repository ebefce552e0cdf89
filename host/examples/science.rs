use meva::{cpu::*, draws::*, engine::*};
use meva_core::{
    activation::Activation, adamw::AdamW, algorithm1::*, game::*, learner::meta_value::*, meta_value::*, *,
};
use rayon::prelude::*;
fn arg(name: &str) -> Option<String> {
    std::env::args().find_map(|a| a.strip_prefix(&format!("{name}=")).map(str::to_string))
}
fn num(name: &str, d: f64) -> f64 {
    arg(name).map_or(d, |v| v.parse().unwrap())
}
fn main() {
    let seeds: Vec<u64> = arg("seeds")
        .unwrap_or("0".into())
        .split(',')
        .map(|s| s.parse().unwrap())
        .collect();
    let outer = num("outer", 1000.0) as u32;
    let batch = num("batch", 128.0) as usize;
    let k = num("k", 50.0) as usize;
    let updates = num("updates", 1.0) as usize;
    let verbose = arg("v").is_some();
    let rows: Vec<String> = seeds
        .par_iter()
        .map(|&seed| {
            let mut s = Settings {
                architecture: Architecture {
                    input: Input::Tenth,
                    last_activation: if arg("act").as_deref() == Some("tanh") {
                        Activation::Tanh
                    } else {
                        Activation::Gelu
                    },
                },
                field: Field::V,
                exploration: Exploration::None,
                bootstrap: if arg("residual").is_some() {
                    Bootstrap::Residual
                } else {
                    Bootstrap::SemiGradient
                },
                alpha: num("alpha", 1.0),
                lambda: num("lambda", 0.0),
                rho: arg("rho").map(|v| v.parse().unwrap()),
                optimizer: AdamW {
                    eta: num("eta", 1e-3),
                    beta1: num("beta1", 0.9),
                    beta2: num("beta2", 0.99),
                    epsilon: 1e-8,
                    weight_decay: num("decay", 0.0),
                },
            };
            let eta = s.optimizer.eta;
            let mut e = Engine::<_, 1, 64, 1, 16>::new(Logistic, Cpu::detect().unwrap(), batch, k, seed);
            let t = std::time::Instant::now();
            let mut loss = 0.0f32;
            for it in 0..outer {
                let p = it as f64 / outer as f64;
                s.optimizer.eta = eta
                    * match arg("schedule").as_deref() {
                        Some("linear") => 1.0 - p,
                        Some("cosine") => 0.5 * (1.0 + (p * std::f64::consts::PI).cos()),
                        _ => 1.0,
                    };
                let l = e.outer_iteration(
                    &s,
                    &Draws::new(
                        seed,
                        it as usize,
                        batch,
                        updates,
                        Start::Uniform(num("scale", 8.0)),
                        None,
                    ),
                );
                loss = if it == 0 { l } else { 0.98 * loss + 0.02 * l };
                if verbose && (it + 1) % 100 == 0 {
                    println!(
                        "{} {:.6} {:.2} ms/outer",
                        it + 1,
                        loss,
                        t.elapsed().as_secs_f64() * 1e3 / (it + 1) as f64
                    );
                }
            }
            let theta = if s.rho.is_some() {
                &e.state.target
            } else {
                &e.state.theta
            };
            let net = MetaValue::new(theta, s.architecture);
            let cpu = Cpu::detect().unwrap();
            let mut row = format!(
                "seed {seed} loss {loss:.6} {:.1} ms/outer |",
                t.elapsed().as_secs_f64() * 1e3 / outer as f64
            );
            for gamma in [0.0, 0.5, 0.8, 0.9, 0.95, 0.99] {
                let learner = MetaValueLearner {
                    network: net,
                    field: Field::V,
                    gamma: [gamma; 2],
                };
                let mut tape = Tape::<Lanes<64>, 1, 64, 1>::ZERO;
                let mut cells = 0;
                for g in 0..14 {
                    let at = |l: usize| {
                        let c = (g * 64 + l).min(840);
                        [
                            (c / 29) as f32 * 20.0 / 28.0 - 10.0,
                            (c % 29) as f32 * 20.0 / 28.0 - 10.0,
                        ]
                    };
                    let mut x = [
                        [Lanes(std::array::from_fn(|l| at(l)[0]))],
                        [Lanes(std::array::from_fn(|l| at(l)[1]))],
                    ];
                    for _ in 0..200 {
                        let f = learner.field_in(&cpu, &Logistic, &x, &mut tape);
                        for i in 0..2 {
                            x[i][0].add_scaled(s.alpha as f32, &f[i][0]);
                        }
                    }
                    for l in 0..64 {
                        if g * 64 + l < 841 && x[0][0].0[l] > 0.0 && x[1][0].0[l] > 0.0 {
                            cells += 1;
                        }
                    }
                }
                row += &format!(" {gamma}: {cells}");
            }
            println!("{row}");
            row
        })
        .collect();
    let _ = rows;
}
