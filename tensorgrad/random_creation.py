"""New tensors of random numbers.  All are leaves, float32 unless asked otherwise.

They draw from the process-wide generator that `manual_seed` restarts, or from `generator`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.creation import as_size, float_or, like
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError, message
from tensorgrad.ops.draws import NormalDraw
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["rand", "randn", "randint", "randperm", "normal", "rand_like", "randn_like", "randint_like"]


def rand(*lengths: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1).

    Example
        >>> x = rand(1000); bool((x.array >= 0).all() and (x.array < 1).all())
        True
    """
    on_cpu("rand", device)
    return Tensor(uniform_array(as_size("rand", lengths, size), float_or(dtype), generator), requires_grad)


def randn(*lengths: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False) -> Tensor:
    """Standard normal.

    Example
        >>> randn(2, 3).dtype
        dtype('float32')
    """
    on_cpu("randn", device)
    return Tensor(normal_array(as_size("randn", lengths, size), float_or(dtype), generator), requires_grad)


def rand_like(input: Operand, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
              requires_grad: bool = False) -> Any:
    """Uniform on [0, 1), in the shape and dtype of `input`."""
    on_cpu("rand_like", device)
    return like(input, uniform_array(input.shape, dtype or input.dtype, generator), requires_grad)


def randn_like(input: Operand, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
               requires_grad: bool = False) -> Any:
    """Standard normal, in the shape and dtype of `input`."""
    on_cpu("randn_like", device)
    return like(input, normal_array(input.shape, dtype or input.dtype, generator), requires_grad)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
           dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal with this mean and standard deviation, numbers or tensors; `size` is needed where both are numbers.

    Gradient
        of tensors 0; for one that follows the draw compute ``mean + std * randn_like(std)``

    Raises
        ArgumentError   a negative `std`

    Example
        >>> normal(5.0, 0.0, (2,))
        tensor([5., 5.])
    """
    on_cpu("normal", device)
    centre, spread = (np.asarray(getattr(x, "array", x)) for x in (mean, std))
    if np.any(spread < 0):
        raise ArgumentError(message("normal", "a standard deviation is negative", {"std": spread}, "Use std ≥ 0."))
    shape = np.broadcast_shapes(centre.shape, spread.shape) if size is None else as_size("normal", (size,))
    floats = [x.dtype for x in (mean, std) if isinstance(x, Tensor) and dtypes.is_float(x.dtype)]
    wanted = dtypes.promote(floats[0], floats[-1]) if floats and dtype is None else float_or(dtype)
    operands = [to(x, wanted) if isinstance(x, Tensor) else np.asarray(x, wanted) for x in (mean, std)]
    drawn = NormalDraw(normal_array(shape, wanted, generator)).apply(*operands)
    return drawn if isinstance(drawn, Tensor) else Tensor(np.asarray(drawn), requires_grad)


def randint(low: int = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None,
            dtype: Any = dtypes.int64, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Integers from `low` to `high` - 1, each as likely; ``randint(high, size)`` starts at 0.

    Raises
        ArgumentError   no integer between `low` and `high`; no size

    Example
        >>> randint(0, 10, (2, 3)).shape, randint(10, (4,)).dtype
        ((2, 3), dtype('int64'))
    """
    on_cpu("randint", device)
    if size is None and isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    if high is None and size is not None:
        low, high = 0, low
    if high is None or size is None:
        raise ArgumentError("randint: a bound or the size is missing.\n"
                            "  Use randint(low, high, size) or randint(high, size).")
    return Tensor(integer_array("randint", low, high, as_size("randint", (size,)), dtype, generator), requires_grad)


def randint_like(input: Operand, low: int, high: int | None = None, *, generator: Generator | None = None,
                 dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Integers from `low` to `high` - 1 in the shape and dtype of `input`; ``randint_like(input, high)`` starts at 0.

    Raises
        ArgumentError   no integer between `low` and `high`

    Example
        >>> randint_like(Tensor([1.0, 2.0]), 3, 4)
        tensor([3., 3.])
    """
    on_cpu("randint_like", device)
    low, high = (0, low) if high is None else (low, high)
    drawn = integer_array("randint_like", low, high, input.shape, dtype or input.dtype, generator)
    return like(input, drawn, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = dtypes.int64, device: Any = None) -> Tensor:
    """The integers 0 to `n` - 1 in random order.

    Example
        >>> sorted(randperm(4).tolist())
        [0, 1, 2, 3]
    """
    on_cpu("randperm", device)
    (length,) = as_size("randperm", (n,))
    return Tensor((generator or default_generator()).permutation(length).astype(dtypes.as_dtype(dtype), copy=False))


def uniform_array(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> np.ndarray:
    """Uniform on [0, 1), drawn in float64 for float64 and in float32 otherwise."""
    drawn_in = np.float64 if dtype == dtypes.float64 else np.float32
    return np.asarray((generator or default_generator()).random(shape, drawn_in)).astype(dtype, copy=False)


def normal_array(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> np.ndarray:
    """Standard normal, drawn in float64 for float64 and in float32 otherwise."""
    drawn_in = np.float64 if dtype == dtypes.float64 else np.float32
    return np.asarray((generator or default_generator()).standard_normal(shape, drawn_in)).astype(dtype, copy=False)


def integer_array(who: str, low: int, high: int, shape: tuple[int, ...], dtype: Any,
                  generator: Generator | None) -> np.ndarray:
    """Integers from `low` to `high` - 1."""
    if high <= low:
        raise ArgumentError(f"{who}: there is no integer from {low} to {high} - 1.\n  Use high > {low}.")
    drawn = np.asarray((generator or default_generator()).integers(low, high, shape))
    return drawn.astype(dtypes.as_dtype(dtype), copy=False)
