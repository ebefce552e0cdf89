import numpy as np
import pytest

import meva


def test_paths_are_those_of_a_loop():
    learner, game = meva.learners.Lola(1.0), meva.games.ipd
    starts = meva.starts(game, 3, seed=5)
    paths = meva.follow(learner, game, starts, steps=7, rate=0.5)
    assert paths.shape == (3, 8, 2, 5)
    x = starts.copy()
    for step in range(8):
        np.testing.assert_allclose(paths[:, step], x, rtol=1e-12, atol=1e-14)
        x = x + 0.5 * learner.field(game, x)


def test_two_learners_and_models(ipd):
    game, starts = meva.games.ipd, meva.starts("ipd", 2)
    pair = (meva.learners.MetaValue(ipd[0].model, 0.9), "naive")
    paths = meva.follow(pair, game, starts, steps=3)
    # A naive opponent is one whose discount is 0, and the rate is the model's.
    x, rate = starts, ipd[0].config["alpha"]
    for step in range(3):
        field = ipd[0].model.field(x, [0.9, 0.0])
        field[:, 1] = game.own_gradients(x)[:, 1]
        x = x + rate * field
        np.testing.assert_allclose(paths[:, step + 1], x, rtol=1e-9, atol=1e-12)
    single = meva.follow(pair, game, starts, steps=3, precision="f32")
    np.testing.assert_allclose(single, paths, atol=1e-4)


def test_basins_are_the_published_ones():
    for learner, count in ((meva.learners.Naive(), 422), (meva.learners.Lola(10.0), 435), ("lola:20", 509)):
        basins = meva.basins(learner)
        assert (basins.count, basins.cells.shape, basins.diverged) == (count, (29, 29), 0)
    assert basins.coordinates[0] == -10 and basins.coordinates[-1] == 10
    assert not basins.cells[0, 0] and basins.cells[-1, -1]


def test_play(ipd):
    fared = meva.play("ipd", "naive", pairs=16, steps=200)
    assert fared.mean.shape == (2,) and (fared.mean < -1.9).all()
    assert fared.quantiles.shape == (2, 5) and fared.cooperation.shape == (2, 5)
    models = meva.learners.MetaValue([run.model for run in ipd], 0.9)
    fared = meva.play("ipd", models, against="best-response", pairs=4, steps=5)
    assert fared.by_seed.shape == (2, 2)
    exact = meva.play("ipd", "tit-for-tat", against="exact-response", pairs=1, steps=1)
    np.testing.assert_allclose(exact.mean, [-1, -1], atol=1e-9)
    plane = meva.play("logistic", "naive", pairs=4, steps=5)
    assert plane.cooperation is None


def test_league():
    league = meva.league("ipd", ["naive", meva.learners.classic("tit-for-tat"), "always-defect"], pairs=8, steps=100, seeds=2)
    assert league.returns.shape == (3, 3) and league.interval.shape == (3, 3, 2)
    np.testing.assert_allclose(league.returns[1, 2], -2.04, rtol=1e-12)
    assert len(league.by_seed[0][0]) == 2 and league.players[1] == "tit-for-tat"
    assert abs(league.exploitability[2]) < 1e-12
    assert np.isnan(meva.league("tandem", ["naive"], pairs=2, steps=2).exploitability).all()


def test_figures_are_pictures(ipd, logistic, tmp_path):
    trajectories = meva.follow("naive", "logistic", meva.starts("logistic", 5), steps=20)
    figures = [
        meva.basins("naive", grid=5, steps=5).figure(),
        meva.league("tandem", ["naive", "lola:1"], pairs=2, steps=2).figure(),
        meva.Figure.trajectories("Naive", trajectories[..., 0], True),
        meva.figure("1"),
        meva.figure("2b", logistic.model),
        meva.figure("3a", [ipd[0].model], pairs=2, steps=2),
    ]
    for figure in figures:
        assert figure._repr_svg_().startswith("<svg")
    figures[0].save(tmp_path / "basins.svg")
    figures[0].save(tmp_path / "basins.png")
    assert (tmp_path / "basins.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "basins.svg").read_text() == figures[0].svg()
    with pytest.raises(meva.UsageError, match="no format for"):
        figures[0].save(tmp_path / "basins.pdf")
    with pytest.raises(meva.UsageError, match="another game"):
        meva.figure("2b", ipd[0].model)


def test_check_compares_engines(ipd):
    report = meva.check(ipd[0].directory)
    assert report.ok and len(report.checks) > 3 and report.adapters == []
    assert {check.engine for check in report.checks} >= {"f32", "lanes"}


def test_players_that_do_not_fit(ipd):
    for player, words in (
        ("lolla", "did you mean `lola`"),
        (3, "is no player"),
        (meva.learners.MetaValue(ipd[0].model), "were trained for another game"),
        (meva.learners.classic("grim"), "no turns"),
    ):
        with pytest.raises(meva.UsageError, match=words):
            meva.basins(player)
    with pytest.raises(meva.UsageError, match="do not form a plane"):
        meva.basins("naive", game="ipd")
    with pytest.raises(meva.UsageError, match="a rate of -1"):
        meva.follow("naive", "ipd", meva.starts("ipd", 1), rate=-1)
    with pytest.raises(meva.DivergedError, match="pairs diverged"):
        meva.play("bilinear", "naive", pairs=2, steps=500, rate=1e30)


def test_fixed_points_are_where_the_field_is_zero():
    # Those of naive learning are a line with a sum of 1, which LOLA moves.
    found = meva.stability("tandem", "lola:0.1")
    assert [point.kind for point in found.game] == ["stable"] and found.game[0].neutral_directions == 1
    np.testing.assert_allclose(found.game[0].at.sum(), 1, atol=1e-9)
    assert [fate.fate for fate in found.fates] == ["moved"]
    lola = meva.learners.Lola(0.1)
    for point in found.learner:
        np.testing.assert_allclose(lola.field(meva.games.tandem, point.at), 0, atol=1e-8)
        spectrum = np.linalg.eigvals(lola.jacobian(meva.games.tandem, point.at).reshape(2, 2))
        np.testing.assert_allclose(np.sort(point.eigenvalues.real), np.sort(spectrum.real), atol=1e-6)
    with pytest.raises(meva.UsageError, match="does not learn"):
        meva.stability("ipd", "tit-for-tat")
    with pytest.raises(meva.UsageError, match="0 is too few for `starts`"):
        meva.stability("ipd", "naive", starts=0)


def test_a_trained_learner_has_fixed_points_of_its_own(logistic):
    found = meva.stability("logistic", meva.learners.MetaValue(logistic.model, 0.5), starts=20)
    assert found.rate == logistic.config["alpha"] and len(found.fates) == 2
