// core/src/game/rollouts.rs: returns and own gradients of an iterated game, estimated from EPISODES episodes of TURNS turns.
//
//   f_i = sum_j sum_t w(t) r_j(t) / (EPISODES W)
//   d f_i / d x_i = sum_j sum_t w(t) (r_j(t) - mean(t)) z_j(t) / ((EPISODES - 1) W)          w(t) = DELTA^t, W = sum_t w(t)
//
// with the mean over episodes of the turn's rewards, which is what the core's baseline amounts to. Some turns at a time, threads
// draw for all episodes what each player would do in each state; play, one episode a thread; average the rewards, one turn a
// thread; and add up, one episode a thread. Streams are used in the core's order.
//
// A point has two kinds of threads, whose numbers among the point's make no difference to the order of sums:
//
//   draws: thread = POINTS drawer + point          plays: thread = 2 lane + point, so with a single point every other one
//
// import N, H from host/src/gpu/layout.rs
// import EPISODES, TURNS, TURNS_AT_ONCE, PER_EPISODE, VALUE_SHARE, GRADIENT_SHARE from host/src/gpu/plan.rs
// import DELTA, PAYOFFS from host/src/gpu/plan.rs
// import now from update.wgsl
// import Columns, POINTS, columns, at_point from columns/
// import exact, exact_pair, exact_scalar from exact.wgsl
// import sigmoid_pair from elementary.wgsl
// import thread from unit.wgsl
// import add_up from sum.wgsl
// import Steps, steps, moved, uniform_number from random.wgsl

const DRAWERS: u32 = H / POINTS;
const LANES: u32 = H / 2u;
// Episodes of a lane.
const OF_LANE: u32 = (EPISODES + LANES - 1u) / LANES;
const CELLS: u32 = TURNS_AT_ONCE * EPISODES;

// States of the generator that give the drawer's next two numbers, how both move on to those after them, and which pair of the
// stream's numbers they are.
var<private> first_state: vec4<u32>;
var<private> second_state: vec4<u32>;
var<private> to_next: Steps;
var<private> next_pair: u32;
// Pairs that have been used.
var<private> used: u32;

// Per point, turn and episode. Before it is played: whether players cooperate at index n of their policies, in bits 2 n and
// 2 n + 1. Then the joint action.
var<workgroup> actions: array<u32, POINTS * CELLS>;
// Per point and turn.
var<workgroup> mean_rewards: array<vec2<f32>, POINTS * TURNS_AT_ONCE>;

// Where each episode of the lane is: the index at which the players' policies are read next. And its sums of scores.
var<private> places: array<vec2<u32>, OF_LANE>;
var<private> scores: array<array<vec2<f32>, N>, OF_LANE>;

// The last estimate: returns, and own gradients in each parameter.
var<private> estimated: array<Columns, N + 1>;

// Sets the stream of the point that the thread draws for.
fn sample_from(state: vec4<u32>, increment: vec4<u32>) {
    next_pair = thread / POINTS;
    // The generator takes two steps before its first number.
    first_state = moved(state, steps(increment, 2u * next_pair + 2u));
    second_state = moved(first_state, steps(increment, 1u));
    to_next = steps(increment, 2u * DRAWERS);
    used = 0u;
}

fn estimate(x: array<Columns, N>, points: u32, gradients: bool) {
    var policies = x;
    var cooperate: array<vec2<f32>, N>;
    let drawn_for = thread % POINTS;
    for (var n = 0u; n < N; n++) {
        cooperate[n] = sigmoid_pair(at_point(policies[n], drawn_for));
    }
    let lane = thread / 2u;
    let point = min(thread % 2u, POINTS - 1u);
    let plays = thread % 2u < POINTS;
    for (var own = 0u; own < OF_LANE; own++) {
        places[own] = vec2(0u);
        for (var n = 0u; n < N; n++) {
            scores[own][n] = vec2(0.0);
        }
    }
    var sums = array<vec2<f32>, N + 1>();
    var weight = 1.0;
    for (var first = 0u; first < TURNS + now.zero; first += TURNS_AT_ONCE) {
        let turns = min(TURNS_AT_ONCE, TURNS - first);
        draw(cooperate, drawn_for, turns * EPISODES);
        workgroupBarrier();
        for (var own = 0u; own < OF_LANE; own++) {
            let episode = own * LANES + lane;
            if plays && episode < EPISODES {
                play(point * CELLS + episode, turns, places[own]);
            }
        }
        workgroupBarrier();
        if plays && EPISODES > 1u {
            for (var turn = lane; turn < turns; turn += LANES) {
                mean_rewards[point * TURNS_AT_ONCE + turn] = mean_reward(point * CELLS + turn * EPISODES);
            }
        }
        workgroupBarrier();
        for (var own = 0u; own < OF_LANE; own++) {
            let episode = own * LANES + lane;
            if plays && episode < EPISODES {
                var place = places[own];
                var w = weight;
                for (var turn = 0u; turn < turns; turn++) {
                    let joint = actions[point * CELLS + turn * EPISODES + episode];
                    let reward = PAYOFFS[joint];
                    var surplus = reward;
                    if EPISODES > 1u {
                        surplus = exact_pair(reward - mean_rewards[point * TURNS_AT_ONCE + turn]);
                    }
                    surplus = exact_pair(w * surplus);
                    let action = vec2<f32>(vec2(joint / 2u, joint % 2u));
                    for (var n = 0u; n < N; n++) {
                        let score = select(vec2(0.0), exact_pair(action - cooperate[n]), place == vec2(n));
                        scores[own][n] = exact_pair(scores[own][n] + score);
                        sums[n] = exact_pair(sums[n] + exact_pair(surplus * scores[own][n]));
                    }
                    sums[N] = exact_pair(sums[N] + exact_pair(w * reward));
                    place = after(joint);
                    w = exact_scalar(w * DELTA);
                }
                places[own] = place;
            }
        }
        for (var turn = 0u; turn < turns; turn++) {
            weight = exact_scalar(weight * DELTA);
        }
        used += turns * EPISODES;
        // All have read `actions`.
        workgroupBarrier();
    }
    for (var n = 0u; n <= N; n += 2u) {
        let second = min(n + 1u, N);
        let both = add_up(at_own(sums[n]), at_own(sums[second]));
        estimated[second] = exact(select(GRADIENT_SHARE, VALUE_SHARE, second == N) * both.b);
        estimated[n] = exact(select(GRADIENT_SHARE, VALUE_SHARE, n == N) * both.a);
    }
}

// Draws what the players of so many pairs of turn and episode would do.
fn draw(probabilities: array<vec2<f32>, N>, point: u32, pairs: u32) {
    var cooperate = probabilities;
    for (; next_pair < used + pairs; next_pair += DRAWERS) {
        let numbers = vec2(uniform_number(first_state), uniform_number(second_state));
        first_state = moved(first_state, to_next);
        second_state = moved(second_state, to_next);
        var bits = 0u;
        for (var n = 0u; n < N; n++) {
            let both = vec2<u32>(numbers < cooperate[n]);
            bits |= (both.x | (both.y << 1u)) << (2u * n);
        }
        actions[point * CELLS + next_pair - used] = bits;
    }
}

// Plays turns of an episode from a place on.
fn play(episode: u32, turns: u32, from_: vec2<u32>) {
    var place = from_;
    for (var turn = 0u; turn < turns; turn++) {
        let bits = (vec2(actions[episode + turn * EPISODES]) >> (2u * place + vec2(0u, 1u))) & vec2(1u);
        let joint = 2u * bits.x + bits.y;
        actions[episode + turn * EPISODES] = joint;
        place = after(joint);
    }
}

// Where players are after a joint action, their own first.
fn after(joint: u32) -> vec2<u32> {
    return vec2(1u + joint, 1u + 2u * (joint % 2u) + joint / 2u);
}

fn mean_reward(first: u32) -> vec2<f32> {
    var sum = vec2(0.0);
    for (var episode = 0u; episode < EPISODES; episode++) {
        sum = exact_pair(sum + PAYOFFS[actions[first + episode]]);
    }
    return exact_pair(PER_EPISODE * sum);
}

// A number of the point that the thread plays for, among the columns.
fn at_own(number: vec2<f32>) -> Columns {
    return columns(
        select(vec2(0.0), number, thread % 2u == 0u),
        select(vec2(0.0), number, thread % 2u == 1u),
    );
}

fn estimated_value(point: u32) -> vec2<f32> {
    return at_point(estimated[N], point);
}

fn estimated_gradient(n: u32, last: u32) -> Columns {
    return estimated[n];
}
