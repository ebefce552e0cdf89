import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import meva

GAME = meva.games.ipd


def test_shapes_that_do_not_fit():
    for shape in [(), (5,), (2, 4), (3, 5), (7, 5, 2)]:
        with pytest.raises(meva.UsageError, match=r"`x` has the shape .* expected \[..., 2, 5\]") as caught:
            GAME.value(np.zeros(shape))
        assert caught.value.hint and "hint:" in str(caught.value)
    with pytest.raises(meva.UsageError, match="`v` has the shape"):
        GAME.hvp(np.zeros((3, 2, 5)), np.zeros((2, 5)))
    with pytest.raises(meva.UsageError, match="`x` is no array"):
        GAME.value([[1, 2], [3]])


def test_types_that_do_not_fit():
    for array in (np.zeros((2, 5), "float16"), np.zeros((2, 5), complex), np.full((2, 5), "a"), np.full((2, 5), None)):
        with pytest.raises(meva.DtypeError, match="has the dtype") as caught:
            GAME.value(array)
        assert isinstance(caught.value, (TypeError, ValueError)) and "astype" in caught.value.hint


def test_nan_is_found_where_it_is():
    for dtype in ("float32", "float64"):
        x = np.zeros((3, 2, 5), dtype)
        x[1, 0, 4] = np.nan
        with pytest.raises(meva.UsageError, match=r"`x` is NaN at \[1, 0, 4\]"):
            GAME.own_gradients(x)


def test_names_and_numbers():
    for make, words in (
        (lambda: meva.Game("poker"), "unknown game `poker`"),
        (lambda: meva.Game("idp"), "did you mean `ipd`"),
        (lambda: meva.Game("matrix"), "needs payoffs"),
        (lambda: meva.Game("ipd", discount=1.0), "discount must be in"),
        (lambda: meva.Game("tandem", discount=0.5), "has no discount"),
        (lambda: meva.games.matrix(np.full((4, 2), np.inf)), "must be finite"),
        (lambda: meva.learners.Lola(-1.0), "alpha cannot be -1"),
        (lambda: meva.learners.Lola(float("nan")), "alpha cannot be NaN"),
        (lambda: meva.Learner("meva", 0.9), "needs trained models"),
        (lambda: meva.learners.strategy([0, 0, 2, 0, 0]), "not a probability"),
        (lambda: meva.learners.classic("tit-for-tot"), "did you mean `tit-for-tat`"),
        (lambda: GAME.gradient(np.zeros((2, 5)), 2), "there is no player 2"),
        (lambda: GAME.value_of_probabilities(np.full((2, 5), 1.5)), "not a probability"),
        (lambda: meva.games.tandem.value_of_probabilities([[0.5], [0.5]]), "is not iterated"),
        (lambda: meva.figure("4"), "unknown figure"),
        (lambda: meva.check(engine="tpu"), "unknown engine"),
        (lambda: meva.train("logistic", engine="tpu"), "unknown backend"),
        (lambda: meva.train("logistic", engine="gpu", adapter="no such adapter"), "adapter"),
    ):
        with pytest.raises(meva.UsageError, match=words):
            make()


def test_a_gpu_where_there_is_none():
    program = textwrap.dedent(
        """
        import meva
        assert meva.devices() == []
        try:
            meva.train("logistic", engine="gpu")
        except meva.Error as error:
            print(type(error).__name__, error)
        """
    )
    # Drivers are hidden where there are some.
    hidden = {**os.environ, "VK_DRIVER_FILES": os.devnull, "VK_ICD_FILENAMES": os.devnull}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=hidden)
    assert result.stdout.startswith("GpuError no GPU adapter") and "hint:" in result.stdout, result.stdout + result.stderr


def test_files_that_are_none(tmp_path):
    with pytest.raises(meva.FilesError, match="cannot read") as caught:
        meva.load(tmp_path / "nowhere")
    assert isinstance(caught.value, OSError)
    (tmp_path / "model.safetensors").write_bytes(b"not a model")
    with pytest.raises(meva.FilesError, match="safetensors format|cut off"):
        meva.load(tmp_path)


def test_a_panic_is_an_exception():
    with pytest.raises(meva.InternalError, match="on purpose") as caught:
        meva._meva._panic("on purpose")
    assert isinstance(caught.value, Exception) and "report it" in caught.value.hint
    np.testing.assert_allclose(GAME.value(np.zeros((2, 5))), [-1.5, -1.5], rtol=1e-12)


def test_notes_go_to_the_logger(caplog):
    meva.config("ipd", estimator="rollouts", rollouts=8)
    assert "`rollouts` is now called `episodes`" in caplog.text
    assert caplog.records[0].name == "meva"


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no forks")
def test_a_fork_is_told_and_does_not_hang():
    program = textwrap.dedent(
        """
        import os, numpy as np, meva
        meva.games.ipd.value(np.zeros((2, 5)))
        if os.fork() == 0:
            try:
                meva.games.ipd.value(np.zeros((2, 5)))
            except meva.UsageError as error:
                print(error, flush=True)
            os._exit(0)
        os.wait()
        """
    )
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert "was forked" in result.stdout and "spawn" in result.stdout


def test_a_closed_stderr_does_not_stop_a_training(tmp_path):
    program = textwrap.dedent(
        """
        import sys, meva
        sys.stderr.close()
        run = meva.train("logistic", out=sys.argv[1], hidden=16, batch=8, outer=3, progress=True)[0]
        print(run.iterations)
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "run")]
    assert subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout == "3\n"
