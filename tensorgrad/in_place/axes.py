"""Changing a tensor's own axes: the same memory, read in another shape.  No number is written, so nothing becomes stale."""

from __future__ import annotations

from typing import Any, Callable

from tensorgrad import ops
from tensorgrad.errors import GraphError, message
from tensorgrad.ops.writing import recorded, settle
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor

__all__ = ["squeeze_", "unsqueeze_", "transpose_", "t_"]


def squeeze_(self: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop the axes of length 1, or those of them in `dim`, from this tensor itself.

    Raises
        GraphError   a leaf that requires grad, while a graph is recorded; an interior tensor of a graph, while none is

    Example
        >>> x = Tensor([[1.0, 2.0]]); _ = x.squeeze_(0); x
        tensor([1., 2.])
    """
    return in_another_shape("squeeze_", self, ops.squeeze, *(() if dim is None else (dim,)))


def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """Give this tensor itself a new axis of length 1 at position `dim`.

    Example
        >>> x = Tensor([1.0, 2.0]); _ = x.unsqueeze_(1); x.shape
        (2, 1)
    """
    return in_another_shape("unsqueeze_", self, ops.unsqueeze, dim)


def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Exchange two axes of this tensor itself; `swapaxes_` and `swapdims_` are other names.

    Example
        >>> x = Tensor([[1.0, 2.0]]); _ = x.transpose_(0, 1); x.shape
        (2, 1)
    """
    return in_another_shape("transpose_", self, ops.transpose, dim0, dim1)


def t_(self: Tensor) -> Tensor:
    """Transpose this matrix itself.

    Example
        >>> Tensor([[1.0, 2.0]]).t_()
        tensor([[1.],
                [2.]])
    """
    return in_another_shape("t_", self, ops.t)


def in_another_shape(who: str, self: Tensor, op: Callable[..., Any], *args: Any) -> Tensor:
    """Let `self` be what the view `op` makes of it."""
    if recorded(who, self):
        view = op(self, *args)
        settle(self, view.array, view.creator, view.memory)
        return self
    if self.creator is not None:
        raise GraphError(message(who, "the op that computed this tensor needs its gradient in the shape it has",
                                 {"self": self}, f"Use the result of {who.rstrip('_')}(), or take detach() first."))
    memory = self.shared_memory()
    with no_grad():
        self.array = op(self, *args).array
    self.memory = memory
    if self.grad is not None:
        with no_grad():
            self.grad = op(self.grad, *args)
    return self
