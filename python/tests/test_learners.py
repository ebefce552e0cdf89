import numpy as np
import pytest
import reference

import meva
from meva import learners

FIELDS = {
    "naive": (lambda alpha: learners.Naive(), lambda value, alpha, x: reference.own_gradients(value, x)),
    "lookahead": (learners.LookAhead, reference.lookahead),
    "lola": (learners.Lola, reference.lola),
    "hola2": (learners.Hola, reference.hola2),
    "consensus": (learners.Consensus, reference.consensus),
}


@pytest.mark.parametrize("game", ["ipd", "tandem", "imp"])
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_fields_are_those_of_jax(name, game):
    ours, theirs = FIELDS[name]
    value, played = reference.GAMES[game], meva.Game(game)
    x, alpha = reference.points(played.parameters), 0.7
    expected = reference.each(lambda x: theirs(value, alpha, x), x)
    np.testing.assert_allclose(ours(alpha).field(played, x), expected, rtol=1e-8, atol=1e-10)


def test_every_learner_has_a_field_and_its_jacobian():
    x, h = reference.points(1, batch=(3,)), 1e-5
    game = meva.games.logistic
    for name in learners.learner_names():
        learner = meva.Learner(name, 0.5) if learners.Learner(name).setting is not None else meva.Learner(name)
        jacobian = learner.jacobian(game, x)
        for j in range(2):
            step = np.zeros_like(x)
            step[:, j, 0] = h
            difference = (learner.field(game, x + step) - learner.field(game, x - step)) / (2 * h)
            np.testing.assert_allclose(difference[..., 0], jacobian[:, :, 0, j, 0], rtol=1e-4, atol=1e-6, err_msg=name)
        single = learner.field(game, x.astype("float32"))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, learner.field(game, x), rtol=1e-3, atol=1e-3, err_msg=name)


def test_classes_have_their_names_and_settings():
    made = [learners.LookAhead(2.0, levels=3), learners.Hola(2.0, order=3), learners.Sos(2.0), learners.Pola(2.0)]
    made += [learners.Cgd(2.0), learners.Sga(2.0), learners.Extragradient(2.0), learners.Lola2018(2.0), learners.LolaTaylor(2.0)]
    names = ["lookahead3", "hola3", "sos", "pola", "cgd", "sga", "extragradient", "lola-2018", "lola-taylor"]
    assert [learner.name for learner in made] == [f"{name}:2" for name in names]
    assert all(learner.setting == 2.0 and learner.models == [] for learner in made)
    assert learners.Naive().setting is None and learners.classic("grim").setting is None


def test_strategies_stay_where_they_are():
    x = reference.points(5)
    field = learners.classic("tit-for-tat").field(meva.games.ipd, x)
    np.testing.assert_array_equal(field, np.zeros_like(x))
