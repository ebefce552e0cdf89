import copy
import pickle

import jax
import numpy as np
import pytest
import reference

import meva

NAMES = sorted(reference.GAMES)


def case(name):
    game = meva.Game(name)
    return game, reference.GAMES[name], reference.points(game.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_are_those_of_jax(name):
    game, value, x = case(name)
    v = reference.points(game.parameters, seed=1)
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(game.value(x), reference.each(value, x), **close)
    np.testing.assert_allclose(game.gradient(x), reference.each(jax.jacobian(value), x), **close)
    own = reference.each(lambda x: reference.own_gradients(value, x), x)
    np.testing.assert_allclose(game.own_gradients(x), own, **close)
    hessians = reference.each(jax.hessian(value), x)
    np.testing.assert_allclose(game.hessian(x), hessians, **close)
    np.testing.assert_allclose(game.hvp(x, v), np.einsum("...ipnqm,...qm->...ipn", hessians, v), **close)
    jacobian = reference.each(jax.jacobian(lambda x: reference.own_gradients(value, x)), x)
    np.testing.assert_allclose(game.jacobian(x), jacobian, **close)


@pytest.mark.parametrize("name", NAMES)
def test_one_player_is_a_slice_of_both(name):
    game, _, x = case(name)
    for player in (0, 1):
        np.testing.assert_array_equal(game.gradient(x, player), game.gradient(x)[..., player, :, :])
        np.testing.assert_array_equal(game.hvp(x, x, player), game.hvp(x, x)[..., player, :, :])
        np.testing.assert_array_equal(game.hessian(x, player), game.hessian(x)[..., player, :, :, :, :])


def test_every_game_by_finite_differences():
    for name in meva.games.__dict__.values():
        if not isinstance(name, meva.Game):
            continue
        x, h = reference.points(name.parameters, batch=(5,)), 1e-6
        for i in range(2):
            for n in range(name.parameters):
                step = np.zeros_like(x)
                step[:, i, n] = h
                difference = (name.value(x + step) - name.value(x - step)) / (2 * h)
                np.testing.assert_allclose(difference, name.gradient(x)[:, :, i, n], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [(), (1,), (0,), (7,), (2, 3), (513,), (2, 0, 3)])
def test_any_batch_shape(batch):
    x = reference.points(5, batch)
    assert meva.games.ipd.value(x).shape == (*batch, 2)
    assert meva.games.ipd.own_gradients(x).shape == (*batch, 2, 5)
    assert meva.games.ipd.hessian(x).shape == (*batch, 2, 2, 5, 2, 5)
    assert meva.games.ipd.jacobian(x).shape == (*batch, 2, 5, 2, 5)
    one = meva.games.ipd.value(x.reshape(-1, 2, 5))
    np.testing.assert_array_equal(meva.games.ipd.value(x).reshape(-1, 2), one)


def test_precisions():
    x = reference.points(5)
    single = meva.games.ipd.own_gradients(x.astype("float32"))
    assert single.dtype == np.float32 and meva.games.ipd.own_gradients(x).dtype == np.float64
    np.testing.assert_allclose(single, meva.games.ipd.own_gradients(x), atol=1e-5)
    assert meva.games.ipd.hvp(x.astype("float32"), x.astype("float32")).dtype == np.float32
    assert meva.games.ipd.hvp(x.astype("float32"), x).dtype == np.float64
    assert meva.games.tandem.value([[1], [2]]).tolist() == [-7.0, -5.0], "integers are taken as float64"


def test_arrays_may_lie_in_memory_as_they_like():
    x = reference.points(5)
    expected = meva.games.ipd.value(x)
    np.testing.assert_array_equal(meva.games.ipd.value(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(meva.games.ipd.value(x[::-1])[::-1], expected)
    np.testing.assert_array_equal(meva.games.ipd.value(x.astype(">f8")), expected)
    x.flags.writeable = False
    np.testing.assert_array_equal(meva.games.ipd.value(x), expected)


def test_payoffs_of_ones_own():
    table = [[1, 1], [3, 0], [0, 3], [2, 2]]
    game = meva.games.matrix(table, discount=0.9)
    x = reference.points(5)
    np.testing.assert_allclose(game.value(x), reference.each(reference.iterated(table, 0.9), x), rtol=1e-10)
    np.testing.assert_array_equal(game.payoffs, table)
    assert (game.discount, game.parameters) == (0.9, 5)
    assert meva.games.with_discount(game, 0.5) == meva.games.matrix(table, 0.5) != game
    assert meva.games.logistic.payoffs is None and meva.games.logistic.discount is None


def test_probabilities_may_be_certain():
    tit_for_tat, defect = [1, 0, 1, 0, 1], [0] * 5
    np.testing.assert_allclose(meva.games.ipd.value_of_probabilities([tit_for_tat, defect]), [-2.04, -1.92], rtol=1e-12)
    infinite = np.array([[1, -1, 1, -1, 1], [-1] * 5]) * np.inf
    np.testing.assert_allclose(meva.games.ipd.value(infinite), [-2.04, -1.92], rtol=1e-12)


def test_games_are_values():
    games = [meva.games.ipd, meva.games.tandem, meva.games.matrix(np.eye(4)[:, :2], 0.5)]
    for game in games:
        assert pickle.loads(pickle.dumps(game)) == game == copy.copy(game)
        assert hash(pickle.loads(pickle.dumps(game))) == hash(game)
        assert eval(repr(game)) == game
    assert len(set(games)) == 3
    assert meva.games.ipd != "ipd"


def test_estimates_are_right_on_average():
    game = meva.games.with_discount(meva.games.ipd, 0.5)
    x = np.broadcast_to(reference.points(5)[0, 0], (2000, 2, 5))
    value, gradient = game.estimate(x, episodes=8, turns=40)
    assert value.shape == (2000, 2) and gradient.shape == (2000, 2, 5)
    for estimates, exact in ((value, game.value(x[0])), (gradient, game.own_gradients(x[0]))):
        error = estimates.std(0) / np.sqrt(2000)
        assert (abs(estimates.mean(0) - exact) < 5 * error + 1e-9).all() and (error > 0).any()
    np.testing.assert_array_equal(game.estimate(x, episodes=8, turns=40)[1], gradient)
    assert (game.estimate(x, episodes=8, turns=40, seed=1)[1] != gradient).any()
    with pytest.raises(meva.UsageError, match="is not iterated"):
        meva.games.tandem.estimate([[0.0], [0.0]])
    with pytest.raises(meva.UsageError, match="0 is too few for `turns`"):
        game.estimate(x, turns=0)
