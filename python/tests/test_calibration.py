import numpy as np
import pytest

import meva


def test_predictions_and_outcomes_are_those_of_the_definition(logistic, ipd):
    # The meta-value of a start counts the return there; that of a correction starts with the step after.
    for run, first in ((logistic, 0), (ipd[0], 1)):
        assert (run.config["field"] == "u") == bool(first)
        gamma, steps, pairs = 0.8, 12, 5
        found = meva.calibrate(run.model, gamma, pairs=pairs, steps=steps)
        assert (found.gamma, found.steps, found.diverged) == (gamma, steps, 0)
        game = meva.games.named(run.config["game"])
        # The same starts: drawn as in training, with the same seed.
        starts = meva.starts(game, pairs, seed=0)
        np.testing.assert_allclose(found.predicted, run.model.value(starts, gamma), rtol=1e-9, atol=1e-12)
        learner = meva.learners.MetaValue(run.model, gamma)
        path = meva.follow(learner, game, starts, steps, precision="f32")
        returns = game.value(path)[:, first:]
        weights = gamma ** np.arange(returns.shape[1])
        came = (1 - gamma) * np.einsum("t,ptk->pk", weights, returns) + gamma ** returns.shape[1] * returns[:, -1]
        np.testing.assert_allclose(found.realised, came, rtol=1e-9, atol=1e-12)
        assert found.bias == pytest.approx((found.predicted - found.realised).mean())
        assert found.spread == pytest.approx(found.realised.std())
        quantiles = run.model.quantiles(starts, gamma)
        np.testing.assert_allclose(found.coverage, (came[..., None] < quantiles).mean((0, 1)))
        np.testing.assert_allclose(found.levels, (np.arange(16) + 0.5) / 16)
        assert -1 <= found.rank_correlation <= 1 and found.verdict
        assert found._repr_svg_().startswith("<svg")


def test_agents_that_estimate_get_something_else(ipd):
    few = {"gamma": 0.5, "pairs": 3, "steps": 4}
    exact, sampled = meva.calibrate(ipd[0].model, **few), meva.calibrate(ipd[0].model, episodes=2, turns=5, **few)
    np.testing.assert_array_equal(exact.predicted, sampled.predicted)
    assert not np.array_equal(exact.realised, sampled.realised)


def test_what_can_not_be_calibrated_says_so(logistic, ipd):
    for model, wrong, words in (
        (logistic.model, {"gamma": 1.0}, "no sum of returns"),
        (logistic.model, {"gamma": float("nan")}, "no sum of returns"),
        (logistic.model, {"gamma": 0.999999}, "too far ahead"),
        (logistic.model, {"pairs": 0}, "0 is too few for `pairs`"),
        (logistic.model, {"steps": 0}, "0 is too few for `steps`"),
        (logistic.model, {"rate": -1.0}, "a rate of -1"),
        (logistic.model, {"episodes": 4}, "no turns to sample"),
        (ipd[0].model, {"episodes": 0}, "0 is too few for `episodes`"),
        (ipd[0].model, {"episodes": 4, "turns": 0}, "0 is too few for `turns`"),
    ):
        with pytest.raises(meva.UsageError, match=words):
            meva.calibrate(model, **wrong)
    with pytest.raises(TypeError):
        meva.calibrate("runs/logistic-seed-0")
