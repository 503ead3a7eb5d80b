"""Embedding: a table of learned vectors, looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn import functional as F
from nn import init
from nn.module import Module
from nn.modules.arguments import count, float_dtype
from nn.parameter import Parameter
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["Embedding"]


class Embedding(Module):
    """The vectors in a table of `num_embeddings` rows that belong to the given numbers.

    Parameters
        weight   (num_embeddings, embedding_dim), from the normal distribution; row `padding_idx` starts at 0

    Options
        padding_idx          a row that is not learned: it gets no gradient
        max_norm             rows that are looked up and longer than this, by their `norm_type`-norm, are scaled down to it
        scale_grad_by_freq   divide the gradient of a row by how often the batch names it

    Shapes
        input    integers of any shape
        result   (*input.shape, embedding_dim)

    Raises
        ArgumentError   options that make no sense
        RangeError      when called: a number outside the table

    Example
        >>> import tensorgrad
        >>> Embedding(10, 4, padding_idx=0)(tensorgrad.tensor([[1, 2, 0]])).shape
        (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
                 max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                 sparse: bool = False, *, device: Any = None, dtype: Any = None):
        self.num_embeddings = count("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = count("Embedding", "embedding_dim", embedding_dim)
        self.padding_idx = row(padding_idx, self.num_embeddings)
        self.keep_options(max_norm, norm_type, scale_grad_by_freq, sparse)
        self.weight = Parameter(np.empty((self.num_embeddings, self.embedding_dim), float_dtype("Embedding", dtype, device)))
        self.reset_parameters()

    def keep_options(self, max_norm: float | None, norm_type: float, scale_grad_by_freq: bool, sparse: bool) -> None:
        """Options of the look-up, which have nothing to do with the table."""
        if sparse:
            raise ArgumentError("Embedding: sparse=True asks for a sparse gradient.\n  Gradients are dense: leave it out.")
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, bool(scale_grad_by_freq)

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None,
                        max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
                        sparse: bool = False) -> Embedding:
        """A layer with a given table, frozen unless `freeze` is False.

        Raises
            ShapeError      a table without exactly 2 axes
            ArgumentError   a `padding_idx` outside the table
        """
        table = as_tensor(embeddings)
        if table.ndim != 2:
            raise ShapeError(message("Embedding.from_pretrained", "a table has 2 axes", {"embeddings": table},
                                     "Pass (num_embeddings, embedding_dim)."))
        layer = cls.__new__(cls)
        layer.num_embeddings, layer.embedding_dim = table.shape
        layer.padding_idx = row(padding_idx, layer.num_embeddings)
        layer.keep_options(max_norm, norm_type, scale_grad_by_freq, sparse)
        layer.weight = Parameter(table, requires_grad=not freeze)
        return layer

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        usual = {"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False}
        options = [f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return f"{self.num_embeddings}, {self.embedding_dim}{''.join(options)}"


def row(padding_idx: int | None, rows: int) -> int | None:
    """`padding_idx` counted from 0.

    Raises
        ArgumentError   outside a table of that many rows
    """
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ArgumentError(f"Embedding: padding_idx={padding_idx} is outside a table of {rows} rows.\n"
                            f"  Use a number from {-rows} to {rows - 1}, or None.")
    return padding_idx % rows
