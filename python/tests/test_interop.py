import numpy as np
import pytest
import reference

import meva
import meva.axelrod
import meva.jax

import axelrod
import jax
import jax.numpy as jnp

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.mark.parametrize("name", ["ipd", "tandem"])
def test_jax_differentiates_our_games_as_its_own(name):
    ours, theirs = meva.jax.value(name), reference.GAMES[name]
    x = jnp.asarray(reference.points(meva.Game(name).parameters, batch=()))
    v = jnp.asarray(reference.points(meva.Game(name).parameters, batch=(), seed=1))
    np.testing.assert_allclose(ours(x), theirs(x), **CLOSE)
    for of in (
        lambda f: jax.jacrev(f)(x),
        lambda f: jax.jacfwd(f)(x),
        lambda f: jax.jvp(f, (x,), (v,))[1],
        lambda f: jax.jit(jax.grad(lambda y: f(y)[0] * f(y)[1]))(x),
        lambda f: jax.jacfwd(jax.jacrev(f))(x),
        lambda f: jax.jacrev(jax.jacrev(f))(x),
        lambda f: jax.jvp(jax.grad(lambda y: f(y)[1]), (x,), (v,))[1],
        lambda f: reference.lola(f, 0.5, x),
    ):
        np.testing.assert_allclose(of(ours), of(theirs), **CLOSE)


def test_jax_batches_our_games():
    ours, theirs = meva.jax.value("ipd"), reference.GAMES["ipd"]
    x = jnp.asarray(reference.points(5, batch=(6,)))
    expected = jax.vmap(jax.jacobian(theirs))(x)
    np.testing.assert_allclose(jax.vmap(jax.jacobian(ours))(x), expected, **CLOSE)
    np.testing.assert_allclose(jax.grad(lambda x: ours(x)[:, 0].sum())(x), expected[:, 0], **CLOSE)
    assert ours(x.astype("float32")).dtype == np.float32


def test_torch_differentiates_our_games():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: its wheel is larger than all else here")
    import meva.torch

    theirs = reference.GAMES["ipd"]
    points = reference.points(5, batch=(3,))
    x = torch.tensor(points, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: meva.torch.value("ipd", x), x)
    assert torch.autograd.gradgradcheck(lambda x: meva.torch.value("ipd", x), x)
    value = meva.torch.value("ipd", x)
    np.testing.assert_allclose(value.detach(), reference.each(theirs, points), **CLOSE)
    (gradient,) = torch.autograd.grad(value[:, 0].sum(), x, create_graph=True)
    expected = reference.each(jax.grad(lambda x: theirs(x)[0]), points)
    np.testing.assert_allclose(gradient.detach(), expected, **CLOSE)
    (second,) = torch.autograd.grad((gradient**2).sum(), x)
    squares = reference.each(jax.grad(lambda x: (jax.grad(lambda y: theirs(y)[0])(x) ** 2).sum()), points)
    np.testing.assert_allclose(second, squares, **CLOSE)


def axelrods_return(players, turns=None, repetitions=1, seed=1):
    """Mean returns per turn in Axelrod; without a number of turns, each is the last with the probability 1 - delta."""
    game = axelrod.Game(r=-1, s=-3, t=0, p=-2)
    ends = {"turns": turns} if turns else {"prob_end": 0.04}
    scores = []
    for k in range(repetitions):
        match = axelrod.Match([player.clone() for player in players], game=game, seed=seed + k, **ends)
        match.play()
        scores.append(np.array(match.final_score()) * (1 / turns if turns else 0.04))
    return np.mean(scores, axis=0), np.std(scores, axis=0) / np.sqrt(max(repetitions, 1))


def test_strategies_go_to_axelrod_and_come_back():
    named = {
        "tit-for-tat": axelrod.TitForTat(),
        "always-cooperate": axelrod.Cooperator(),
        "always-defect": axelrod.Defector(),
        "win-stay-lose-shift": axelrod.WinStayLoseShift(),
        "suspicious-tit-for-tat": axelrod.SuspiciousTitForTat(),
    }
    players = [meva.axelrod.learner(player) for player in named.values()]
    league = meva.league("ipd", players)
    ours = meva.league("ipd", list(named))
    np.testing.assert_allclose(league.returns, ours.returns, rtol=1e-12)
    policy = np.array([0.3, 0.9, 0.2, 0.4, 0.8])
    np.testing.assert_allclose(meva.axelrod.probabilities(meva.axelrod.Policy(policy)), policy)
    log_odds = np.log(policy / (1 - policy))
    np.testing.assert_allclose(meva.axelrod.probabilities(meva.axelrod.player(log_odds)), policy)
    zero_determinant = meva.axelrod.probabilities(axelrod.ZDExtort2())
    assert zero_determinant.shape == (5,) and set(zero_determinant[:1]) <= {0.0, 1.0}
    with pytest.raises(TypeError, match="not a memory-one strategy"):
        meva.axelrod.probabilities(axelrod.TitFor2Tats())


def test_axelrod_agrees_without_chance():
    tit_for_tat, defector = axelrod.TitForTat(), axelrod.Defector()
    mean, _ = axelrods_return([tit_for_tat, defector], turns=1000)
    value = meva.games.with_discount(meva.games.ipd, 0.999).value_of_probabilities([[1, 0, 1, 0, 1], [0] * 5])
    np.testing.assert_allclose(mean, value, atol=1e-9)


def test_axelrod_agrees_with_learned_policies():
    """Where a match ends with the probability 1 - delta, expected scores are discounted returns."""
    x = reference.points(5, batch=(), seed=4)
    players = [meva.axelrod.player(row) for row in x]
    mean, error = axelrods_return(players, repetitions=3000)
    # Seeds are fixed: this is one number, within four standard errors.
    np.testing.assert_array_less(np.abs(mean - meva.games.ipd.value(x)), 4 * error)
    assert (error < 0.05).all()
