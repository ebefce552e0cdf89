//! What an operation is: it takes inputs by name from a [`Source`] and gives outputs by name to a [`Sink`], for any scalar.

use meva_core::kernels::Kernels;
use meva_core::parameters::{Parameters, Tensor};
use meva_core::random::{Purpose, Stream};
use meva_core::{Dual, Real, Scalar};

use crate::bounds::Quantity;
use crate::condition::Nudge;

/// A plain number or lanes of plain numbers, but not a dual number.
pub trait Packed: Scalar<Lane = <Self as Scalar>::Real> {}
impl<S: Scalar<Lane = <S as Scalar>::Real>> Packed for S {}

/// Kernels for a number type and for the dual numbers over it.
pub trait WithDuals<S: Scalar>: Kernels<S> + Kernels<Dual<S>> {}
impl<S: Scalar, K: Kernels<S> + Kernels<Dual<S>>> WithDuals<S> for K {}

/// The distribution of an input, and its edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// The argument of an elementary function: of either sign, and of every magnitude from 2^-20 to 2^6.4, where `exp`
    /// leaves the normal range of `f32`.
    Argument,
    /// A parameter of a policy that has only one: uniform on [-8, 8].
    Plane,
    /// A parameter of an iterated game's policy, a log-odds: standard normal.
    LogOdds,
    /// A meta-discount: Beta(1/2, 1/2).
    Discount,
    /// Signs of hidden units: -1 with probability 1/4, else 1.
    Sign,
    /// Standard normal.
    Normal,
    /// Uniform between these.
    Uniform(f64, f64),
    /// Multiples of 1/8 on [-3, 3], shifted by this much: differences of numbers on two lattices stay away from the
    /// kinks of the Huber loss.
    Lattice(f64),
    /// The previous value, moved by at most this much: gates, shifts and the like start at 0 or 1, where mistakes would
    /// go unnoticed.
    Near(f64),
    /// The previous value; a case may replace it.
    Given,
}

/// Where functions saturate, overflow or change their formula; exact in `f32`.
const ARGUMENTS: [f64; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-45_f32 as f64,
    -1e-40_f32 as f64,
    f32::MIN_POSITIVE as f64,
    f32::MAX as f64,
    f32::MIN as f64,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    88.75,
    -87.5,
    -104.0,
    9.015_f32 as f64,
    89.0,
    -103.5,
];
/// Policies at the origin, close to it, and where sigmoid saturates.
const POLICIES: [f64; 10] = [
    0.0,
    -0.0,
    1e-30_f32 as f64,
    -1e-6_f32 as f64,
    8.9_f32 as f64,
    -9.2_f32 as f64,
    20.0,
    -87.0,
    88.0,
    -100.0,
];

impl Domain {
    /// The domain of a policy's `N` parameters.
    pub const fn policy<const N: usize>() -> Self {
        if N == 1 { Domain::Plane } else { Domain::LogOdds }
    }

    /// Inputs at which something changes: the end of the domain, saturation, a change of the formula.
    pub const fn edges(self) -> &'static [f64] {
        match self {
            Domain::Argument => &ARGUMENTS,
            Domain::Plane | Domain::LogOdds => &POLICIES,
            Domain::Discount => &[0.0, 1.0],
            Domain::Lattice(_) => &[0.0, 1.0, -1.0, 2.0],
            Domain::Sign | Domain::Normal | Domain::Uniform(..) | Domain::Near(_) | Domain::Given => &[],
        }
    }

    /// Whether any number may occur, however large or small: an argument, a policy, a direction, a reward.
    pub const fn is_unbounded(self) -> bool {
        matches!(
            self,
            Domain::Argument | Domain::Plane | Domain::LogOdds | Domain::Normal
        )
    }

    /// A number rounded to `f32`.
    fn draw(self, stream: &mut Stream, before: f64) -> f64 {
        let number = match self {
            Domain::Argument => stream.sign(0.5) * libm::exp2(stream.uniform(-20.0, 6.4)),
            Domain::Plane => stream.uniform(-8.0, 8.0),
            Domain::LogOdds | Domain::Normal => stream.normal(),
            Domain::Discount => stream.discount(),
            Domain::Sign => stream.sign(0.25),
            Domain::Uniform(low, high) => stream.uniform(low, high),
            Domain::Lattice(offset) => libm::round(8.0 * stream.uniform(-3.0, 3.0)) / 8.0 + offset,
            Domain::Near(amount) => before + stream.uniform(-amount, amount),
            Domain::Given => return before,
        };
        f64::from(number as f32)
    }
}

/// Gives an operation its inputs, by their names in files of vectors. Asked for the same name again, it continues where
/// it stopped.
pub trait Source<S: Scalar> {
    /// Numbers that differ between lanes.
    fn numbers(&mut self, name: &'static str, domain: Domain, numbers: &mut [S]);
    /// Numbers that all lanes share.
    fn reals(&mut self, name: &'static str, domain: Domain, reals: &mut [S::Real]);
    /// Constants of a formula, which stay unchanged unless rounding is imitated.
    fn constants(&mut self, name: &'static str, constants: &mut [f64]);
    /// A tensor of parameters.
    fn tensor(&mut self, name: &'static str, domain: Domain, tensor: &Tensor, values: &mut [S::Real]);
    /// 1 in lanes that hold a case, 0 in lanes that only repeat one.
    fn weight(&mut self) -> S;
}

/// Takes an operation's outputs, by name.
pub trait Sink<S: Scalar> {
    /// Whether this output is needed.
    fn wants(&self, name: &'static str) -> bool;
    /// Numbers that differ between lanes.
    fn numbers(&mut self, name: &'static str, numbers: &[S]);
    /// Sums over the lanes.
    fn sums(&mut self, name: &'static str, sums: &[S::Lane]);
    /// A tensor of parameters: sums over the lanes.
    fn tensor(&mut self, name: &'static str, tensor: &Tensor, values: &[S::Lane]);
}

/// A row of numbers.
pub fn row<S: Scalar, const A: usize>(source: &mut dyn Source<S>, name: &'static str, domain: Domain) -> [S; A] {
    let mut row = [S::ZERO; A];
    source.numbers(name, domain, &mut row);
    row
}

/// A number.
pub fn number<S: Scalar>(source: &mut dyn Source<S>, name: &'static str, domain: Domain) -> S {
    let [number] = row(source, name, domain);
    number
}

/// Rows of numbers.
pub fn rows<S: Scalar, const A: usize, const B: usize>(
    source: &mut dyn Source<S>,
    name: &'static str,
    domain: Domain,
) -> [[S; A]; B] {
    let mut rows = [[S::ZERO; A]; B];
    source.numbers(name, domain, rows.as_flattened_mut());
    rows
}

/// Numbers that all lanes share.
pub fn reals<S: Scalar, const A: usize>(
    source: &mut dyn Source<S>,
    name: &'static str,
    domain: Domain,
) -> [S::Real; A] {
    let mut reals = [<S::Real as Scalar>::ZERO; A];
    source.reals(name, domain, &mut reals);
    reals
}

/// A network's parameters.
pub fn parameters<S: Scalar, const N: usize, const H: usize, const R: usize, const M: usize>(
    source: &mut dyn Source<S>,
    name: &'static str,
) -> Parameters<S::Real, N, H, R, M> {
    let mut parameters = Parameters::<S::Real, N, H, R, M>::ZERO;
    parameters.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
    tensors(source, name, Domain::Near(0.2), &mut parameters);
    parameters
}

/// Anything with the shape of a network's parameters.
pub fn tensors<S: Scalar, const N: usize, const H: usize, const R: usize, const M: usize>(
    source: &mut dyn Source<S>,
    name: &'static str,
    domain: Domain,
    parameters: &mut Parameters<S::Real, N, H, R, M>,
) {
    for (tensor, values) in parameters.iter_mut() {
        source.tensor(name, domain, &tensor, values);
    }
}

/// Outputs a network's parameters, or its gradient.
pub fn give<S: Scalar, const N: usize, const H: usize, const R: usize, const M: usize>(
    sink: &mut dyn Sink<S>,
    name: &'static str,
    parameters: &Parameters<S::Lane, N, H, R, M>,
) {
    for (tensor, values) in parameters.iter() {
        sink.tensor(name, &tensor, values);
    }
}

/// For an output that is a derivative: how to obtain it by finite differences, or from which other output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Not a derivative, or not the derivative of another output.
    None,
    /// Every derivative of the numbers `of` with respect to every number of the input `by`, row by row.
    Jacobian {
        /// The output that is differentiated.
        of: &'static str,
        /// The input with respect to which it is differentiated.
        by: &'static str,
    },
    /// Of two players' numbers `of`, those with respect to the player's own half of the input `by`.
    Own {
        /// The output that is differentiated.
        of: &'static str,
        /// The input with respect to which it is differentiated.
        by: &'static str,
    },
    /// The derivative of `of` when the input `by` moves along the input `direction`.
    Along {
        /// The output that is differentiated.
        of: &'static str,
        /// The input that moves.
        by: &'static str,
        /// The direction.
        direction: &'static str,
    },
    /// Of the sum of `of` over all cases with respect to the parameters `by`: tensor by tensor, along a random direction.
    Tensors {
        /// The output that is differentiated.
        of: &'static str,
        /// The parameters that move.
        by: &'static str,
    },
    /// The output with this name, computed on dual numbers from values alone.
    Duals(&'static str),
    /// Only used to compute others; not compared.
    Auxiliary,
}

/// An output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Output {
    /// Its name, also in files of vectors.
    pub name: &'static str,
    /// Its row in the table of bounds.
    pub quantity: Quantity,
    /// What it is the derivative of.
    pub relation: Relation,
}

impl Output {
    /// Whether the core computes it by a formula of its own.
    pub const fn is_by_formula(&self) -> bool {
        !matches!(self.relation, Relation::Duals(_) | Relation::Auxiliary)
    }
}

/// Whether derivatives are also computed on dual numbers from values alone, in as many lanes as the scalar has. In the many of an
/// engine, which never does so itself, that would be a tenth of the program, for what four lanes show as well.
pub const fn has_duals<S: Scalar>() -> bool {
    S::LANES <= 4
}

/// An output that is not the derivative of another output.
pub const fn plain(name: &'static str, quantity: Quantity) -> Output {
    related(name, quantity, Relation::None)
}

/// An output that is related to another.
pub const fn related(name: &'static str, quantity: Quantity, relation: Relation) -> Output {
    Output {
        name,
        quantity,
        relation,
    }
}

/// An operation of the core, on plain numbers and on lanes of them.
pub trait Operation: Sync {
    /// The module of the core that computes it, such as `layer_norm` or `game::logistic`.
    fn module(&self) -> &'static str;

    /// What it belongs to, if there are several of the same module or quantity: a game or a network. May be empty.
    fn subject(&self) -> &'static str {
        ""
    }

    /// Its outputs.
    fn outputs(&self) -> &'static [Output];

    /// Number of drawn cases in a thorough comparison.
    fn cases(&self) -> usize {
        64
    }

    /// Whether lanes compute different things: an operation on parameters alone is the same for all lanes.
    fn has_lanes(&self) -> bool {
        true
    }

    /// The output that says by being infinite that a case went wrong, and its other outputs are of no use: what uses the
    /// operation has to look at it.
    fn alarm(&self) -> Option<&'static str> {
        None
    }

    /// Computes it.
    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>)
    where
        Self: Sized;

    /// Computes it in `f64` from inputs that have been moved, with further movements inside where that captures more of
    /// the formula's condition.
    fn evaluate_moved(&self, _nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>)
    where
        Self: Sized,
    {
        self.evaluate(&meva_core::kernels::Portable, source, sink);
    }
}

/// An operation on every scalar, including dual numbers. Every formula is an [`Operation`].
pub trait Formula: Sync {
    /// As [`Operation::module`].
    fn module(&self) -> &'static str;
    /// As [`Operation::subject`].
    fn subject(&self) -> &'static str {
        ""
    }
    /// As [`Operation::outputs`].
    fn outputs(&self) -> &'static [Output];
    /// As [`Operation::cases`].
    fn cases(&self) -> usize {
        64
    }
    /// As [`Operation::evaluate`].
    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>);
    /// As [`Operation::evaluate_moved`].
    fn formula_moved(&self, _nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>) {
        self.formula(&meva_core::kernels::Portable, source, sink);
    }
}

impl<F: Formula> Operation for F {
    fn module(&self) -> &'static str {
        Formula::module(self)
    }
    fn subject(&self) -> &'static str {
        Formula::subject(self)
    }
    fn outputs(&self) -> &'static [Output] {
        Formula::outputs(self)
    }
    fn cases(&self) -> usize {
        Formula::cases(self)
    }
    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        self.formula(kernels, source, sink);
    }
    fn evaluate_moved(&self, nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>) {
        self.formula_moved(nudge, source, sink);
    }
}

/// Something to do with every operation.
pub trait Visitor {
    /// Receives an operation on every scalar.
    fn formula<F: Formula>(&mut self, formula: &F);
    /// Receives an operation on plain numbers and lanes.
    fn operation<O: Operation>(&mut self, operation: &O);
}

/// The maximum number of lanes that [`Draws`] has streams for.
const LANES: usize = 64;

/// How many cases, at the beginning, consist of edges.
pub const EDGES: usize = 18;

/// The fixed cases of every operation: each has its own random stream, and the first [`EDGES`] take most of their
/// inputs from the edges of their domains.
#[derive(Clone, Debug)]
pub struct Draws {
    first: usize,
    streams: [Stream; LANES],
    shared: Stream,
    /// How many numbers every lane has received.
    count: usize,
}

impl Draws {
    /// Cases from number `first` on, one per lane.
    pub fn new(first: usize) -> Self {
        Draws {
            first,
            streams: core::array::from_fn(|lane| Stream::new(0, Purpose::Evaluation, (first + lane) as u64)),
            // The same for every case: what lanes share, their cases share.
            shared: Stream::new(1, Purpose::Evaluation, 0),
            count: 0,
        }
    }
}

fn drawn(stream: &mut Stream, domain: Domain, before: f64, case: usize, count: usize) -> f64 {
    let draw = domain.draw(stream, before);
    let edges = domain.edges();
    // A third of the numbers are still drawn, so that edges meet ordinary numbers.
    match edges.len() {
        0 => draw,
        _ if case >= EDGES || (edges.len() < EDGES && (case + count) % 3 == 2) => draw,
        length => edges[(case + count) % length],
    }
}

impl<S: Packed> Source<S> for Draws {
    fn numbers(&mut self, _: &'static str, domain: Domain, numbers: &mut [S]) {
        for number in numbers {
            for (lane, stream) in self.streams.iter_mut().enumerate().take(S::LANES) {
                let before = number.lane(lane).to_f64();
                let draw = drawn(stream, domain, before, self.first + lane, self.count);
                number.set_lane(lane, S::Real::round(draw));
            }
            self.count += 1;
        }
    }

    fn reals(&mut self, _: &'static str, domain: Domain, reals: &mut [S::Real]) {
        for real in reals {
            *real = S::Real::round(domain.draw(&mut self.shared, real.to_f64()));
        }
    }

    fn constants(&mut self, _: &'static str, _: &mut [f64]) {}

    fn tensor(&mut self, _: &'static str, domain: Domain, _: &Tensor, values: &mut [S::Real]) {
        // The same for every case, at whatever position the tensor is among an operation's inputs.
        let mut stream = Stream::new(2, Purpose::Evaluation, values.len() as u64);
        for value in values {
            *value = S::Real::round(domain.draw(&mut stream, value.to_f64()));
        }
    }

    fn weight(&mut self) -> S {
        S::ONE
    }
}

/// Values from one source with tangents from another.
pub struct OnDuals<'a, S: Scalar> {
    /// Gives the values.
    pub values: &'a mut dyn Source<S>,
    /// Gives the tangents.
    pub tangents: &'a mut dyn Source<S>,
}

impl<S: Scalar> Source<Dual<S>> for OnDuals<'_, S> {
    fn numbers(&mut self, name: &'static str, domain: Domain, numbers: &mut [Dual<S>]) {
        for number in numbers {
            let (mut value, mut tangent) = ([number.value], [number.tangent]);
            self.values.numbers(name, domain, &mut value);
            if domain != Domain::Given {
                self.tangents.numbers(name, Domain::Uniform(-1.0, 1.0), &mut tangent);
            }
            *number = Dual::new(value[0], tangent[0]);
        }
    }
    fn reals(&mut self, name: &'static str, domain: Domain, reals: &mut [S::Real]) {
        self.values.reals(name, domain, reals);
    }
    fn constants(&mut self, name: &'static str, constants: &mut [f64]) {
        self.values.constants(name, constants);
    }
    fn tensor(&mut self, name: &'static str, domain: Domain, tensor: &Tensor, values: &mut [S::Real]) {
        self.values.tensor(name, domain, tensor, values);
    }
    fn weight(&mut self) -> Dual<S> {
        Dual::new(self.values.weight(), S::ZERO)
    }
}
