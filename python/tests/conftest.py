import pytest

import meva

SMALL = {"hidden": 16, "batch": 8, "outer": 4}


@pytest.fixture(scope="session")
def logistic(tmp_path_factory):
    """A small run of the Logistic Game."""
    return meva.train("logistic", out=tmp_path_factory.mktemp("runs") / "logistic", **SMALL)[0]


@pytest.fixture(scope="session")
def ipd(tmp_path_factory):
    """Two small runs of the iterated prisoner's dilemma."""
    keys = {**SMALL, "residual_blocks": 1, "quantiles": 16, "steps": 20}
    return meva.train("ipd", seeds=[3, 4], out=tmp_path_factory.mktemp("runs"), **keys)
