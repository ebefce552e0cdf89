#!/usr/bin/env python3
"""Test vectors for the learners that others published, computed in float64 by JAX from their definitions: Hessians are of the
whole game, by automatic differentiation, and proximal steps are found by maximising what they maximise.

    pip install jax numpy
    python comparators.py --out DIR [--seed N]

Conventions, games and format are those of generate.py.
"""
import argparse, json, pathlib
import jax, jax.numpy as jnp, numpy as np
from generate import GAMES, own_gradients, plain

def parts(f, x):
    """The simultaneous gradient, flat, and its Jacobian: losses' gradient and Hessian with the other sign."""
    g = lambda z: own_gradients(f)(z.reshape(x.shape)).ravel()
    z = x.ravel()
    return g(z), jax.jacfwd(g)(z)

def mixed(f, x):
    """H[i][j][k] = d^2 f_i / d x_j d x_k, and J[i][j] = d f_i / d x_j."""
    H = jax.hessian(f)(x)                    # [i, j, m, k, n]
    return (lambda i, j, k: H[i, j, :, k, :]), jax.jacrev(f)(x)

def lola_2018(f, x, alpha):
    """Foerster et al., 2018, eq. 4.5: the opponent's step is shaped, and not replied to."""
    H, J = mixed(f, x)
    return jnp.stack([J[i, i] + alpha * H(j, i, j) @ J[i, j] for i, j in ((0, 1), (1, 0))])

def sos(f, x, alpha, a=0.5, b=0.1, unit=25.0):
    """Letcher et al., 2019, algorithm 1, in losses L = -f: xi_0 = (I - alpha H_o) xi, chi = diag(H_o^T grad L)."""
    n = x.shape[1]
    xi, H = (-v for v in parts(f, x))
    off = jnp.kron(1 - jnp.eye(2), jnp.ones((n, n)))
    Ho = H * off
    gradL = jax.jacrev(lambda z: -f(z))(x)   # [i, j, m]
    # chi_i = sum over j != i of (d_i d_j L_j)(d_j L_i) = row i of H_o^T against the gradient of L_i.
    chi = jnp.concatenate([(Ho.T @ gradL[i].ravel()).reshape(2, n)[i] for i in range(2)])
    xi0 = xi - alpha * Ho @ xi
    inner = jnp.dot(-alpha * chi, xi0)
    p1 = 1.0 if inner >= 0 else min(1.0, float(-a * jnp.dot(xi0, xi0) / inner))
    length = float(jnp.linalg.norm(unit * xi))
    p2 = length ** 2 if length < b else 1.0
    return -(xi0 - min(p1, p2) * alpha * chi).reshape(x.shape)

def sga(f, x, alpha, epsilon=0.1):
    """Balduzzi et al., 2018, in losses: xi + lambda A^T xi, A = (H - H^T) / 2, lambda of the sign that attracts."""
    xi, H = (-v for v in parts(f, x))
    A = (H - H.T) / 2
    grad = H.T @ xi                          # of |xi|^2 / 2
    sign = jnp.sign((xi @ grad) * ((A.T @ xi) @ grad) / xi.size + epsilon)
    return -(xi + alpha * sign * (A.T @ xi)).reshape(x.shape)

def consensus(f, x, alpha):
    """Mescheder et al., 2017: g - alpha grad |g|^2 / 2, by differentiating that."""
    g = own_gradients(f)
    return g(x) - alpha * jax.grad(lambda z: (g(z) ** 2).sum() / 2)(x)

def cgd(f, x, alpha):
    """Schaefer and Anandkumar, 2019: both conditions of the equilibrium of the bilinear approximation, as one system."""
    H, J = mixed(f, x)
    n = x.shape[1]
    system = jnp.block([[jnp.eye(n), -alpha * H(0, 0, 1)], [-alpha * H(1, 1, 0), jnp.eye(n)]])
    return jnp.linalg.solve(system, jnp.concatenate([J[0, 0], J[1, 1]])).reshape(x.shape)

def extragradient(f, x, alpha):
    g = own_gradients(f)
    return g(x + alpha * g(x))

def divergence(n):
    """Of the actions of z from those of x, over states; or of parameters that are their own policies."""
    def bernoulli(z, x):
        p = jax.nn.sigmoid(z)
        log = jax.nn.log_sigmoid
        return (p * (log(z) - log(x)) + (1 - p) * (log(-z) - log(-x))).sum()
    return (lambda z, x: ((z - x) ** 2).sum() / 2) if n == 1 else bernoulli

def newton(objective, z):
    return z - jnp.linalg.solve(jax.hessian(objective)(z), jax.grad(objective)(z))

def pola(f, n):
    """Zhao et al., 2022: each maximises its return after the opponent's proximal step, less its own divergence."""
    D = divergence(n)
    def direction(i, x, alpha):
        j = 1 - i
        both = lambda own, other: jnp.stack([own, other] if i == 0 else [other, own])
        def reply(z):
            gain = lambda y, z: f(both(z, y))[j] - D(y, x[j]) / alpha
            held = jax.lax.stop_gradient(z)
            y = jax.lax.fori_loop(0, 12, lambda _, y: newton(lambda y: gain(y, held), y), x[j])
            # At a maximum, a Newton step stays there, and moves with z as the maximum does.
            return newton(lambda y: gain(y, z), jax.lax.stop_gradient(y))
        gain = lambda z: f(both(z, reply(z)))[i]
        objective = lambda z: gain(z) - D(z, x[i]) / alpha
        def insert(_, z):
            p = jax.nn.sigmoid(z)
            return x[i] + alpha * jax.grad(gain)(z) / (1.0 if n == 1 else p * (1 - p))
        z = jax.lax.fori_loop(0, 60, insert, x[i])
        return (z - x[i]) / alpha, jnp.abs(jax.grad(objective)(z)).max()
    each = [jax.jit(lambda x, alpha, i=i: direction(i, x, alpha)) for i in (0, 1)]
    def field(x, alpha):
        rows, slopes = zip(*(d(x, alpha) for d in each))
        assert all(float(slope) < 1e-9 for slope in slopes), f"no maximum was found: {slopes}"
        return jnp.stack(rows)
    return field

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", required=True); ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    rng = np.random.default_rng(a.seed)
    cases = []
    for name, (f, n) in GAMES.items():
        proximal = pola(f, n)
        for scale in (0.5, 1.0, 2.0):
            x = jnp.asarray(rng.normal(size=(2, n)) * scale)
            for alpha in (0.05, 0.4):
                case = dict(game=name, x=x, alpha=alpha)
                for learner in (lola_2018, sos, sga, consensus, cgd, extragradient):
                    case[learner.__name__] = learner(f, x, alpha)
                # Proximal steps in chicken are well-defined only where they are tiny, or policies mild.
                if alpha < 0.1 and name in ("logistic", "iterated_prisoners_dilemma", "iterated_matching_pennies"):
                    case["pola"] = proximal(x, alpha)
                cases.append(case)
    text = json.dumps({"_comment": "the field [2][n] that each learner follows at x with steps or weights alpha; "
                       "returns of the iterated games are normalised", "seed": a.seed, "cases": plain(cases)}, allow_nan=False) + "\n"
    (pathlib.Path(a.out) / "comparators.json").write_text(text)
    print(len(cases), "cases")

if __name__ == "__main__":
    main()
