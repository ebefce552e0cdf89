"""Games, each a two-player function of joint policies ``x[..., 2, N]``.

``N`` is 1 on the plane (``logistic``, ``tandem``, ``matching_pennies``, ``bilinear``, ``quadratic``) and 5 in iterated 2 x 2 games (the
others), whose discount ``delta`` is 0.96; ``with_discount`` gives them another, ``matrix`` other payoffs.

>>> import numpy as np, meva
>>> meva.games.ipd.value(np.zeros((3, 2, 5))).shape
(3, 2)
"""

from __future__ import annotations

from typing import Union

from numpy.typing import ArrayLike

from ._meva import Game

#: The Logistic Game (eq. 8): two stable fixed points, A and B, of which B is better for both.
logistic = Game("logistic")
#: Tandem: ``-(a + b)^2 + 2 a`` and ``-(a + b)^2 + 2 b``.
tandem = Game("tandem")
#: Matching pennies, played once.
matching_pennies = Game("matching-pennies")
#: The bilinear game: ``a b`` and ``-a b``.
bilinear = Game("bilinear")
#: A quadratic game with rotation.
quadratic = Game("quadratic")
#: The iterated prisoner's dilemma: DD -2, -2; DC 0, -3; CD -3, 0; CC -1, -1.
ipd = Game("ipd")
#: Iterated matching pennies, a zero-sum game.
imp = Game("imp")
#: Iterated chicken, with the crash at -100.
chicken = Game("chicken")
#: The iterated stag hunt.
stag_hunt = Game("stag-hunt")
#: Iterated hawk-dove.
hawk_dove = Game("hawk-dove")
#: The iterated battle of the sexes.
battle_of_the_sexes = Game("battle-of-the-sexes")


def matrix(payoffs: ArrayLike, discount: float = 0.96) -> Game:
    """An iterated 2 x 2 game with payoffs of your own.

    ``payoffs[4, 2]``: rows DD, DC, CD, CC with player 0's action first, a column for each player. With a discount of 0 it is played
    once.

    >>> meva.games.matrix([[1, 1], [3, 0], [0, 3], [2, 2]]).parameters
    5
    """
    import numpy as np

    return Game("matrix", np.asarray(payoffs, dtype=float).tolist(), discount)


def with_discount(game: Game, discount: float) -> Game:
    """The same iterated game with another discount ``delta`` in [0, 1)."""
    payoffs = None if game.name != "matrix" or game.payoffs is None else game.payoffs.tolist()
    return Game(game.name, payoffs, discount)


def named(game: Union[Game, str]) -> Game:
    """A game by its name, such as ``"stag-hunt"``; a game is itself."""
    return Game(game) if isinstance(game, str) else game
