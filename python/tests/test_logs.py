"""Logs as other tools read them."""

import pandas
from conftest import SMALL
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import meva


def test_logs_are_read_by_pandas_and_tensorboard(tmp_path):
    log = tmp_path / "log.jsonl"
    runs = meva.train("logistic", seeds=[0, 1], out=tmp_path, evaluate_every=2, log=log, tensorboard=True, **SMALL)
    lines = pandas.read_json(log, lines=True)
    assert lines.event.value_counts().to_dict() == {"iteration": 8, "evaluation": 4, "start": 2, "end": 2}
    losses = lines[lines.event == "iteration"].pivot(index="iteration", columns="seed", values="loss")
    assert losses.shape == (4, 2) and (losses > 0).all().all()
    assert lines.config[0]["hidden"] == 16 and "Processor" in lines.machine[0]
    for run in runs:
        metrics = pandas.read_csv(run.directory / "metrics.csv", index_col="step")
        board = EventAccumulator(str(run.directory)).Reload()
        seed = run.config["seed"]
        assert [event.step for event in board.Scalars("loss")] == [1, 2, 3, 4]
        assert [event.value for event in board.Scalars("loss")] == losses[seed].astype("float32").tolist()
        assert abs(metrics.loss - losses[seed]).max() < 1e-12
        evaluations = pandas.read_csv(run.directory / "evaluation.csv", index_col="step")
        assert evaluations.index.tolist() == [2, 4]
        name = "share_in_b_gamma_0.95"
        assert [event.value for event in board.Scalars(f"evaluation/{name}")] == evaluations[name].astype("float32").tolist()
