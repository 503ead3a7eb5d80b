"""Fully connected layers, and layers that only change the shape."""

from __future__ import annotations

import math
from typing import Any, Mapping

import numpy as np

from nn import functional as F
from nn import init
from nn.module import Module
from nn.modules.arguments import count, float_dtype
from nn.modules.laziness import Sized
from nn.parameter import Parameter
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor

__all__ = ["Linear", "Bilinear", "Identity", "Flatten", "Unflatten"]


class Linear(Sized):
    """y = x Wᵀ + b: every output is a weighted sum of all inputs.

    Parameters
        weight   (out_features, in_features), from the uniform distribution within ±1/√in_features
        bias     (out_features), the same; None with ``bias=False``

    Shapes
        input    (..., in_features)
        result   (..., out_features)

    With ``in_features=None``, as in `LazyLinear`, it is taken from the first input.

    Raises
        ArgumentError   a number of features that is no integer ≥ 0
        ShapeError      when called: the last axis of the input is not `in_features` long

    Example
        >>> import tensorgrad
        >>> layer = Linear(3, 2)
        >>> layer(tensorgrad.zeros(5, 3)).shape, layer
        ((5, 2), Linear(in_features=3, out_features=2, bias=True))
    """

    inferred = "in_features"
    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int | None, out_features: int, bias: bool = True,
                 *, device: Any = None, dtype: Any = None):
        size = None if in_features is None else count("Linear", "in_features", in_features, 0)
        self.in_features: int = size  # type: ignore[assignment]
        self.out_features = count("Linear", "out_features", out_features, 0)
        self.allocate(size, float_dtype("Linear", dtype, device), weight=Parameter, bias=Parameter if bias else None)
        self.start()

    def shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.out_features, size), "bias": (self.out_features,)}

    def size_of(self, input: Tensor) -> int:
        if not getattr(input, "ndim", 0):
            raise ShapeError(message("Linear", "the input has no axis of features", {"input": input},
                                     "Use (..., features)."))
        return input.shape[-1]

    def size_from(self, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
        return shapes["weight"][-1] if len(shapes.get("weight", ())) == 2 else None

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        bound = 1 / math.sqrt(max(1, self.in_features))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y = x₁ᵀ A x₂ + b, one matrix A per output.

    Parameters
        weight   (out_features, in1_features, in2_features), from the uniform distribution within ±1/√in1_features
        bias     (out_features), the same; None with ``bias=False``

    Shapes
        input1   (..., in1_features)
        input2   (..., in2_features)
        result   (..., out_features)

    Example
        >>> import tensorgrad
        >>> Bilinear(3, 4, 2)(tensorgrad.zeros(5, 3), tensorgrad.zeros(5, 4)).shape
        (5, 2)
    """

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True,
                 *, device: Any = None, dtype: Any = None):
        self.in1_features = count("Bilinear", "in1_features", in1_features)
        self.in2_features = count("Bilinear", "in2_features", in2_features)
        self.out_features = count("Bilinear", "out_features", out_features)
        kind = float_dtype("Bilinear", dtype, device)
        self.weight = Parameter(np.empty((self.out_features, self.in1_features, self.in2_features), kind))
        self.bias = Parameter(np.empty((self.out_features,), kind)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
                f"bias={self.bias is not None}")


class Identity(Module):
    """The input itself, whatever the layer is constructed with: a stand-in where a layer is left out.

    Example
        >>> Identity(54, unused=0.1)("anything")
        'anything'
    """

    def __init__(self, *args: Any, **kwargs: Any):
        pass

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """The input with the axes from `start_dim` to `end_dim` joined into one; by default all but the batch axis.

    Example
        >>> import tensorgrad
        >>> Flatten()(tensorgrad.zeros(8, 16, 4, 4)).shape
        (8, 256)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The input with axis `dim` split into axes of the sizes `unflattened_size`, of which one may be -1.

    Raises
        ArgumentError   sizes that are no integers
        ShapeError      when called: the sizes do not multiply to the length of the axis

    Example
        >>> import tensorgrad
        >>> Unflatten(1, (16, 4, 4))(tensorgrad.zeros(8, 256)).shape
        (8, 16, 4, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any):
        sizes = tuple(unflattened_size)
        if not sizes or not all(isinstance(size, int) and size >= -1 for size in sizes) or sizes.count(-1) > 1:
            raise ArgumentError(f"Unflatten: unflattened_size={unflattened_size!r} makes no sense here.\n"
                                "  Use a tuple of sizes, of which one may be -1, such as (16, 4, 4).")
        self.dim, self.unflattened_size = dim, sizes

    def forward(self, input: Tensor) -> Tensor:
        shape, sizes = input.shape, self.unflattened_size
        if not -len(shape) <= self.dim < len(shape):
            raise ShapeError(message("Unflatten", f"there is no axis {self.dim}", {"input": input},
                                     f"Use an axis from {-len(shape)} to {len(shape) - 1}."))
        dim = self.dim % len(shape)
        known = math.prod(size for size in sizes if size != -1)
        if shape[dim] % known if -1 in sizes and known else shape[dim] != known:
            text = "·".join(map(str, (size for size in sizes if size != -1)))
            fix = f"The sizes multiply to {text} = {known}: give the axis {'a multiple of ' * (-1 in sizes)}{known} entries"
            fix += f" (out_features={known} in the layer before)" * (-1 not in sizes) + ", or other sizes."
            raise ShapeError(message("Unflatten", f"axis {dim} of length {shape[dim]} does not split into {sizes}",
                                     {"input": input}, fix))
        return input.reshape(*shape[:dim], *sizes, *shape[dim + 1:])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
