import pickle

import numpy as np
import pytest
import reference

import meva


def test_own_gradients_are_differences_of_values(logistic, ipd):
    for model in (logistic.model, ipd[1].model):
        n, h = model.shape[0], 1e-6
        x = reference.points(n, batch=(4,))
        gradients = model.own_gradients(x, [0.9, 0.3])
        for i in range(2):
            for k in range(n):
                step = np.zeros_like(x)
                step[:, i, k] = h
                difference = (model.value(x + step, [0.9, 0.3]) - model.value(x - step, [0.9, 0.3])) / (2 * h)
                np.testing.assert_allclose(difference[:, i], gradients[:, i, k], rtol=1e-4, atol=1e-7)


def test_fields_are_those_of_the_formulas(logistic, ipd):
    x = reference.points(5, batch=(4,))
    model, gamma = ipd[0].model, np.array([0.9, 0.4])
    assert (model.config["field"], model.config["evaluation_field"]) == ("u", "u-root")
    weight = gamma / np.sqrt(1 + 1 / 200 - gamma)
    expected = meva.games.ipd.own_gradients(x) + weight[:, None] * model.own_gradients(x, gamma)
    np.testing.assert_allclose(model.field(x, gamma), expected, rtol=1e-12)
    x = reference.points(1, batch=(4,))
    np.testing.assert_array_equal(logistic.model.field(x, 0.9), logistic.model.own_gradients(x, 0.9))
    learner = meva.learners.MetaValue(logistic.model, 0.9)
    np.testing.assert_array_equal(learner.field(meva.games.logistic, x), logistic.model.field(x, 0.9))


def test_batches_and_discounts(ipd):
    model, x = ipd[0].model, reference.points(5, batch=(2, 3))
    every = model.quantiles(x, np.full((2, 3, 2), 0.5))
    assert every.shape == (2, 3, 2, 16)
    np.testing.assert_array_equal(model.quantiles(x, 0.5), every)
    np.testing.assert_array_equal(model.quantiles(x, [0.5, 0.5]), every)
    np.testing.assert_array_equal(model.quantiles(x[1, 2], 0.5), every[1, 2])
    assert model.value(x[:0], 0.5).shape == (0, 3, 2)
    with pytest.raises(meva.UsageError, match=r"`gamma` has the shape \[3\], expected \[2, 3, 2\]"):
        model.value(x, [0.1, 0.2, 0.3])
    with pytest.raises(meva.UsageError, match="a discount of 1.5"):
        model.value(x, 1.5)


def test_parameters_go_out_and_come_back(logistic, tmp_path):
    model, x = logistic.model, reference.points(1)
    parameters = model.parameters()
    assert sum(values.size for values in parameters.values()) == 2720 or len(parameters) > 10
    assert all(values.dtype == np.float32 for values in parameters.values())
    keys = {key: logistic.config[key] for key in ("hidden", "batch", "outer")}
    again = meva.model_of(parameters, "logistic", **keys)
    np.testing.assert_array_equal(again.quantiles(x, 0.9), model.quantiles(x, 0.9))
    shifted = {**parameters, "quantiles.bias": parameters["quantiles.bias"] + 1}
    moved = model.with_parameters(shifted)
    np.testing.assert_allclose(moved.value(x, 0.9), model.value(x, 0.9) + 1, atol=1e-6)
    moved.save(tmp_path / "moved.safetensors")
    loaded = meva.load(tmp_path / "moved.safetensors")
    np.testing.assert_array_equal(loaded.value(x, 0.9), moved.value(x, 0.9))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(moved)).value(x, 0.9), moved.value(x, 0.9))


def test_parameters_that_do_not_fit(logistic):
    parameters = logistic.model.parameters()
    missing = {name: values for name, values in parameters.items() if name != "quantiles.bias"}
    with pytest.raises(meva.UsageError, match="tensor `quantiles.bias` is missing"):
        logistic.model.with_parameters(missing)
    with pytest.raises(meva.UsageError, match=r"has the shape \[3\], expected \[16\]"):
        logistic.model.with_parameters({**parameters, "quantiles.bias": np.zeros(3)})
    with pytest.raises(meva.UsageError, match=r"`quantiles.bias` is NaN at \[2\]"):
        logistic.model.with_parameters({**parameters, "quantiles.bias": np.array([0, 1, np.nan] + [0] * 13)})
    with pytest.raises(meva.UsageError, match="no network of this shape is compiled in|shape"):
        meva.model_of(parameters, "logistic", hidden=17)
