"""Games as functions that PyTorch differentiates, twice: values and derivatives are computed here, on the CPU.

>>> import torch, meva, meva.torch
>>> x = torch.zeros(3, 2, 5, dtype=torch.float64, requires_grad=True)
>>> meva.torch.value(meva.games.ipd, x).sum().backward()
>>> x.grad.shape
torch.Size([3, 2, 5])

First derivatives are the game's gradients, second ones its Hessian-vector products; there are no third derivatives.
"""

from __future__ import annotations

from typing import Any, Callable, Tuple, Union

import torch

from ._meva import Game
from .games import named


def _called(function: Callable[..., Any], like: torch.Tensor, *tensors: torch.Tensor) -> torch.Tensor:
    result = function(*(tensor.detach().cpu().numpy() for tensor in tensors))
    return torch.from_numpy(result).to(dtype=like.dtype, device=like.device)


class _Value(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, game: Game, x: torch.Tensor) -> torch.Tensor:
        ctx.game = game
        ctx.save_for_backward(x)
        return _called(game.value, x, x)

    @staticmethod
    def backward(ctx: Any, weight: torch.Tensor) -> Tuple[None, torch.Tensor]:
        (x,) = ctx.saved_tensors
        return None, torch.einsum("...i,...ipn->...pn", weight, _Gradients.apply(ctx.game, x))


class _Gradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, game: Game, x: torch.Tensor) -> torch.Tensor:
        ctx.game = game
        ctx.save_for_backward(x)
        return _called(game.gradient, x, x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: torch.Tensor) -> Tuple[None, torch.Tensor]:
        (x,) = ctx.saved_tensors
        game = ctx.game
        own = [_called(lambda x, v, i=i: game.hvp(x, v, i), x, x, weight[..., i, :, :]) for i in (0, 1)]
        return None, own[0] + own[1]


def value(game: Union[Game, str], x: torch.Tensor) -> torch.Tensor:
    """Both players' returns: ``x[..., 2, N]`` gives ``[..., 2]``."""
    result: torch.Tensor = _Value.apply(named(game), x)
    return result
