"""Games and learners written once more, in JAX, so that JAX's own derivatives are the referee."""

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

PAYOFFS = {
    "ipd": [[-2, -2], [0, -3], [-3, 0], [-1, -1]],
    "chicken": [[-100, -100], [1, -1], [-1, 1], [0, 0]],
    "imp": [[1, -1], [-1, 1], [-1, 1], [1, -1]],
}


def iterated(payoffs, discount=0.96):
    """The value by a linear system over DD, DC, CD, CC, player 0's action first."""
    payoffs = jnp.asarray(payoffs, dtype=float)

    def value(x):
        a, b = jax.nn.sigmoid(x[0]), jax.nn.sigmoid(x[1])[jnp.array([0, 1, 3, 2, 4])]
        joint = jnp.stack([(1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b], axis=-1)
        visits = jnp.linalg.solve(jnp.eye(4) - discount * joint[1:].T, joint[0])
        return (1 - discount) * visits @ payoffs

    return value


def tandem(x):
    a, b = x[0, 0], x[1, 0]
    return jnp.stack([-((a + b) ** 2) + 2 * a, -((a + b) ** 2) + 2 * b])


GAMES = {name: iterated(payoffs) for name, payoffs in PAYOFFS.items()}
GAMES["tandem"] = tandem


def own_gradients(value, x):
    jacobian = jax.jacobian(value)(x)
    return jnp.stack([jacobian[0, 0], jacobian[1, 1]])


def surrogate(value, x, anticipated):
    """Each player's gradient of its return after the opponent's imagined step ``anticipated(x)``, differentiated through."""

    def returns(i, own):
        moved = x.at[i].set(own)
        step = anticipated(moved)
        return value(moved.at[1 - i].add(step[1 - i]))[i]

    return jnp.stack([jax.grad(lambda own, i=i: returns(i, own))(x[i]) for i in (0, 1)])


def lola(value, alpha, x):
    return surrogate(value, x, lambda y: alpha * own_gradients(value, y))


def hola2(value, alpha, x):
    return surrogate(value, x, lambda y: alpha * lola(value, alpha, y))


def lookahead(value, alpha, x):
    step = alpha * own_gradients(value, x)
    return surrogate(value, x, lambda _: step)


def consensus(value, alpha, x):
    """The naive field less alpha times half the gradient of its squared length."""
    return own_gradients(value, x) - alpha * jax.grad(lambda y: 0.5 * (own_gradients(value, y) ** 2).sum())(x)


def points(parameters, batch=(3, 4), seed=0):
    return np.random.default_rng(seed).normal(size=(*batch, 2, parameters))


def each(function, x):
    """The function at every joint policy of a batch."""
    flat = x.reshape(-1, *x.shape[-2:])
    results = jax.vmap(function)(flat)
    return np.asarray(results).reshape(*x.shape[:-2], *results.shape[1:])
