import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from conftest import SMALL

import meva


def state(directory):
    return (directory / "state.safetensors").read_bytes()


def test_runs_are_those_of_the_command_line(logistic):
    assert sorted(os.listdir(logistic.directory))[:2] == ["config.toml", "metrics.csv"]
    assert (logistic.iterations, logistic.interrupted) == (4, False)
    assert logistic.config["hidden"] == 16 and logistic.config["preset"] == "logistic"
    np.testing.assert_array_equal(logistic.metrics["step"], [1, 2, 3, 4])
    assert logistic.metrics["loss"][-1] == logistic.loss
    x = [[0.5], [-1.0]]
    np.testing.assert_array_equal(meva.load(logistic.directory).value(x, 0.9), logistic.model.value(x, 0.9))


def test_a_callback_after_every_iteration(tmp_path):
    seen = []
    meva.train("logistic", seeds=[0, 1], out=tmp_path, callback=seen.append, **SMALL)
    assert sorted((p.seed, p.iteration) for p in seen) == [(seed, k) for seed in (0, 1) for k in (1, 2, 3, 4)]
    assert all(p.outer == 4 and p.loss > 0 for p in seen)


def test_a_run_that_is_stopped_goes_on_to_the_same_bits(tmp_path, capsys):
    keys = {**SMALL, "outer": 40}
    whole = meva.train("logistic", out=tmp_path / "whole", **keys)[0]
    part = meva.train("logistic", out=tmp_path / "part", callback=lambda p: p.iteration == 3, **keys)[0]
    assert part.interrupted and part.iterations < 40
    part = meva.resume(part.directory, progress=True)
    assert (part.iterations, part.interrupted) == (40, False)
    assert state(part.directory) == state(whole.directory)
    assert "seed 0: 40/40, loss" in capsys.readouterr().err
    with pytest.raises(meva.UsageError, match="40 outer iterations already"):
        meva.resume(part.directory)
    assert meva.resume(part.directory, outer=41).iterations == 41


def test_an_exception_in_the_callback_is_raised_once_the_run_is_saved(tmp_path):
    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough(progress.iteration)

    with pytest.raises(Enough):
        meva.train("logistic", out=tmp_path / "run", callback=stop, **{**SMALL, "outer": 1000})
    assert meva.resume(tmp_path / "run", callback=lambda p: True).interrupted


def test_ctrl_c_stops_and_keeps_the_state(tmp_path):
    program = textwrap.dedent(
        """
        import sys, meva
        try:
            meva.train("logistic", out=sys.argv[1], hidden=16, batch=8, outer=10**6,
                       callback=lambda p: print(p.iteration, flush=True))
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", program, str(run)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) >= 3:
            break
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().split()
    assert process.wait(timeout=30) == 0 and rest[-1] == "interrupted"
    assert time.monotonic() - sent < 5
    assert meva.resume(run, callback=lambda p: True).iterations > 3


def test_other_threads_run_meanwhile(tmp_path):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    meva.train("logistic", out=tmp_path / "run", **{**SMALL, "outer": 60})
    meva.games.ipd.hessian(np.zeros((20_000, 2, 5)))
    seconds = time.monotonic() - start
    done.set()
    thread.join()
    assert len(ticks) > 20 * seconds


def test_a_trainer_in_memory(logistic):
    trainer = meva.Trainer("logistic", **SMALL)
    losses = list(trainer)
    assert len(losses) == trainer.iteration == 4
    np.testing.assert_allclose(losses, logistic.metrics["loss"], rtol=1e-6)
    ours, theirs = trainer.model().parameters(), logistic.model.parameters()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_runs_are_evaluated_as_they_go(tmp_path, logistic):
    assert logistic.evaluations == {}
    run = meva.train("logistic", out=tmp_path / "run", evaluate_every=2, **SMALL)[0]
    np.testing.assert_array_equal(run.evaluations["step"], [2, 4])
    assert (0 <= run.evaluations["share_in_b_gamma_0.95"]).all()
    assert state(run.directory) == state(logistic.directory)


def test_configurations():
    assert "ipd" in meva.presets()
    assert meva.config("ipd", eta=1e-3, rho=None)["rho"] == "none"
    table = [[1, 1], [3, 0], [0, 3], [2, 2]]
    assert meva.config("ipd", game="matrix", payoffs=np.array(table))["payoffs"] == table
    with pytest.raises(meva.UsageError, match="did you mean `eta`"):
        meva.config("ipd", etaa=1)
    with pytest.raises(meva.UsageError, match="preset"):
        meva.config("logistik")


def test_directories_that_are_taken(logistic, tmp_path):
    with pytest.raises(meva.FilesError, match="is not empty") as caught:
        meva.train("logistic", out=logistic.directory, **SMALL)
    assert "--resume" in caught.value.hint
    with pytest.raises(meva.FilesError, match="cannot open the run"):
        meva.resume(tmp_path / "nowhere")
    with pytest.raises(meva.UsageError, match="there are no seeds"):
        meva.train("logistic", seeds=[], out=tmp_path / "none")
    assert not (tmp_path / "none").exists()
