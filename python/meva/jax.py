"""Games as functions that JAX differentiates: values and derivatives are computed here, by ``jax.pure_callback``.

>>> import jax, meva, meva.jax
>>> value = meva.jax.value(meva.games.tandem)
>>> jax.grad(lambda x: value(x)[0])(jax.numpy.array([[1.0], [2.0]])).shape
(2, 1)

First derivatives are the game's gradients and second ones its Hessian-vector products, in forward and in reverse mode, under ``jit`` and
``vmap``. There are no third derivatives. Double precision needs ``jax.config.update("jax_enable_x64", True)``.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from ._meva import Game
from .games import named


def _called(function: Callable[..., Any], shape: Tuple[int, ...], *arguments: Any) -> Any:
    dtype = arguments[0].dtype
    return jax.pure_callback(
        lambda *arrays: np.asarray(function(*map(np.asarray, arrays)), dtype),
        jax.ShapeDtypeStruct(shape, dtype),
        *arguments,
        vmap_method="broadcast_all",
    )


#: The product of a Hessian at ``x`` with ``v``, linear in ``v`` and, because Hessians are symmetric, its own transpose.
_hvp = Primitive("meva_hvp")


def _hvp_called(x: Any, v: Any, *, game: Game, player: int) -> Any:
    return _called(lambda x, v: game.hvp(x, v, player), v.shape, x, v)


def _hvp_transposed(weight: Any, x: Any, v: Any, *, game: Game, player: int) -> List[Any]:
    return [None, _hvp.bind(x, weight, game=game, player=player)]


def _hvp_batched(arrays: Sequence[Any], axes: Sequence[Optional[int]], *, game: Game, player: int) -> Tuple[Any, int]:
    (size,) = {array.shape[axis] for array, axis in zip(arrays, axes) if axis is not None}
    x, v = (
        jnp.broadcast_to(array, (size, *array.shape)) if axis is None else jnp.moveaxis(array, axis, 0)
        for array, axis in zip(arrays, axes)
    )
    return _hvp.bind(x, v, game=game, player=player), 0


_hvp.def_impl(_hvp_called)
_hvp.def_abstract_eval(lambda x, v, **_: v)
mlir.register_lowering(_hvp, mlir.lower_fun(_hvp_called, multiple_results=False))
ad.primitive_transposes[_hvp] = _hvp_transposed
batching.primitive_batchers[_hvp] = _hvp_batched


def value(game: Union[Game, str]) -> Callable[[Any], Any]:
    """The game's value as a JAX function: ``x[..., 2, N]`` gives ``[..., 2]``."""
    game = named(game)

    @jax.custom_jvp
    def gradients(x: Any) -> Any:
        """Both players' gradients: ``[..., 2, 2, N]``."""
        return _called(game.gradient, (*x.shape[:-2], 2, *x.shape[-2:]), x)

    @gradients.defjvp
    def gradients_jvp(primals: Tuple[Any], tangents: Tuple[Any]) -> Tuple[Any, Any]:
        (x,), (v,) = primals, tangents
        return gradients(x), jnp.stack([_hvp.bind(x, v, game=game, player=player) for player in (0, 1)], axis=-3)

    @jax.custom_jvp
    def value_of(x: Any) -> Any:
        return _called(game.value, x.shape[:-1], x)

    @value_of.defjvp
    def value_jvp(primals: Tuple[Any], tangents: Tuple[Any]) -> Tuple[Any, Any]:
        (x,), (v,) = primals, tangents
        return value_of(x), jnp.einsum("...ipn,...pn->...i", gradients(x), v)

    def checked(x: Any) -> Any:
        x = jnp.asarray(x)
        return value_of(x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float))

    return checked
