"""What the documentation says of files and of Python, run word by word."""

import pathlib
import re

import numpy as np
import pytest
import reference
from conftest import SMALL

import meva

SITE = pathlib.Path(__file__).parents[2] / "docs/site/src"


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", (SITE / page).read_text(), re.S | re.M)


@pytest.fixture
def numpy_page():
    (code,) = blocks("formats/model.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
    page = {}
    exec(code, page)
    return page


def test_forty_lines_of_numpy_evaluate_a_model(numpy_page, logistic, ipd):
    for run, embed, last in (
        (logistic, lambda x: x / 10, numpy_page["gelu"]),
        (ipd[0], numpy_page["sigmoid"], np.tanh),
    ):
        parameters, config = numpy_page["load"](run.directory / "model.safetensors")
        assert 'field = "' in config
        x = reference.points(run.model.shape[0], batch=(9,))
        gamma = np.random.default_rng(2).uniform(size=(9, 2))
        expected = numpy_page["quantiles"](parameters, x, gamma, embed, last)
        np.testing.assert_allclose(run.model.quantiles(x, gamma), expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(run.model.value(x, gamma), expected.mean(-1), rtol=1e-9, atol=1e-9)


PAGES = sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.md"))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page) and page != "formats/model.md"])
def test_pages_run_word_by_word(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = {"meva": meva}
    if "runs/logistic-seed-0" in "".join(blocks(page)):
        meva.train("logistic", evaluate_every=2, log="log.jsonl", **SMALL)
    for block in blocks(page):
        exec(block, names)
    assert page != "tutorial.md" or (tmp_path / "league.svg").exists()
