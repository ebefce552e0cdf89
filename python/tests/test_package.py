"""Speed, stubs, types and the examples in the documentation."""

import ast
import doctest
import importlib
import inspect
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

import meva

PACKAGE = pathlib.Path(meva.__file__).parent


def test_calls_take_at_most_three_times_rusts_own_loop():
    x = np.random.default_rng(0).normal(size=(100_000, 2, 5))

    def best(call):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            call(x)
            times.append(time.perf_counter() - start)
        return min(times)

    game = meva.games.ipd
    loops = np.min([meva._meva._loop_seconds(x) for _ in range(5)], axis=0)
    ours = [best(game.value), best(game.own_gradients)]
    print(f"value {ours[0]:.4f} s, Rust {loops[0]:.4f} s; own_gradients {ours[1]:.4f} s, Rust {loops[1]:.4f} s")
    assert ours[0] <= 3 * loops[0] and ours[1] <= 3 * loops[1]


def test_stubs_name_everything():
    tree = ast.parse((PACKAGE / "_meva.pyi").read_text())
    written = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    found = {name for name in dir(meva._meva) if not name.startswith("__")}
    assert set(written) == found
    for name, node in written.items():
        if isinstance(node, ast.ClassDef):
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} - {"__new__"}
            special = {"__iter__", "__next__", "_repr_svg_", "_from_bytes", "_from_parameters"}
            own = {key for key in vars(getattr(meva._meva, name)) if not key.startswith("_") or key in special}
            assert methods == own, name


def test_everything_is_documented():
    for module in ("meva", "meva.games", "meva.learners", "meva.errors", "meva.following", "meva.reports", "meva.training"):
        module = importlib.import_module(module)
        assert module.__doc__
        for name, item in vars(module).items():
            if not name.startswith("_") and (inspect.isfunction(item) or inspect.isclass(item)) and "meva" in item.__module__:
                assert item.__doc__, name
    for kind in (meva.Game, meva.Model, meva.Learner, meva.Figure):
        for name, item in vars(kind).items():
            assert name.startswith("_") or item.__doc__, f"{kind}.{name}"


@pytest.mark.parametrize("name", ["meva", "meva.games", "meva.learners", "meva.training", "meva.jax", "meva.axelrod"])
def test_examples_do_what_they_say(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, globs={"meva": meva}, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


def test_types_are_consistent():
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent"]
    # Of the sources: beside what is installed, mypy takes other packages for modules of ours.
    sources = pathlib.Path(__file__).parents[1] / "meva"
    files = [str(sources / f"{name}.py") for name in ("__init__", "errors", "games", "learners", "following", "reports", "training")]
    result = subprocess.run([*command, *files], capture_output=True, text=True, cwd=sources.parent)
    assert result.returncode == 0, result.stdout + result.stderr
