"""New tensors: constant, counting, and random ones.  All are leaves, float32 unless asked otherwise.

Random ones draw from the process-wide generator that `manual_seed` restarts, or from `generator`.  The `_like` functions
take dtype and memory layout from their argument, and give an array for an array, so that backward rules can use them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand
from tensorgrad.ops.shape import reshape
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor, as_tensor, from_array

__all__ = ["zeros", "ones", "full", "empty", "arange", "linspace", "eye", "zeros_like", "ones_like", "full_like",
           "empty_like", "rand", "randn", "randint", "randperm", "normal", "rand_like", "randn_like", "bernoulli",
           "meshgrid"]


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros.

    Example
        >>> zeros(2, 3).shape, zeros((2, 3)).dtype
        ((2, 3), dtype('float32'))
    """
    return Tensor(np.zeros(as_size("zeros", size), float_or(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones.

    Example
        >>> ones(2, dtype=dtypes.int64)
        tensor([1, 1])
    """
    return Tensor(np.ones(as_size("ones", size), float_or(dtype)), requires_grad)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with `fill_value` everywhere; without `dtype` a float gives the default float, an int int64, a bool bool.

    Example
        >>> full((2, 2), 0.5)
        tensor([[0.5, 0.5],
                [0.5, 0.5]])
    """
    value = dtypes.as_array(getattr(fill_value, "array", fill_value), dtype)
    if value.size != 1:
        raise ShapeError(message("full", "fill_value is not one number", {"fill_value": value}, "Use tensor(...)."))
    return Tensor(np.full(as_size("full", (size,)), value.item(), value.dtype), requires_grad)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose entries are whatever the memory held: fill it before reading.

    Example
        >>> empty(2, 3).shape
        (2, 3)
    """
    return Tensor(np.empty(as_size("empty", size), float_or(dtype)), requires_grad)


def arange(start: float, end: float | None = None, step: float = 1, *, dtype: Any = None,
           requires_grad: bool = False) -> Tensor:
    """``start, start + step, ...`` up to but without `end`; ``arange(end)`` starts at 0.  int64 if all three are integers.

    Raises
        ArgumentError   a step of 0, or one that leads away from `end`

    Example
        >>> arange(4), arange(1, 2, 0.25)
        (tensor([0, 1, 2, 3]), tensor([1.  , 1.25, 1.5 , 1.75]))
    """
    low, high = (0, start) if end is None else (start, end)
    low, high, step = (getattr(x, "item", lambda x=x: x)() for x in (low, high, step))
    if step == 0 or (high - low) / step < 0:
        raise ArgumentError(f"arange: steps of {step} do not lead from {low} to {high}.\n"
                            f"  Use a step {'> 0' if high >= low else '< 0'}.")
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(x, int) for x in (low, high, step)) else dtypes.get_default_dtype()
    return Tensor(np.arange(low, high, step).astype(dtypes.as_dtype(dtype), copy=False), requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`steps` evenly spaced values from `start` to `end`, both included.

    Raises
        ArgumentError   a negative number of steps

    Example
        >>> linspace(0, 1, 5)
        tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if steps < 0:
        raise ArgumentError(f"linspace: steps={steps} is negative.\n  Use steps ≥ 0.")
    return Tensor(np.linspace(start, end, steps).astype(float_or(dtype)), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The (n, m) matrix with ones on the diagonal; square without `m`.

    Example
        >>> eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    rows, columns = as_size("eye", (n, n if m is None else m))
    return Tensor(np.eye(rows, columns, dtype=float_or(dtype)), requires_grad)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Per 1-d tensor the grid of its values: axis i of every grid runs along tensor i ("xy": the first two exchanged).

    Raises
        ArgumentError   another `indexing`
        ShapeError      a tensor with several axes

    Example
        >>> meshgrid(arange(2), arange(3))[0]
        tensor([[0, 0, 0],
                [1, 1, 1]])
    """
    if indexing not in ("ij", "xy"):
        raise ArgumentError(f"meshgrid: indexing={indexing!r} is unknown.\n  Use 'ij' or 'xy'.")
    lines = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    for i, line in enumerate(lines):
        if line.ndim > 1:
            raise ShapeError(message("meshgrid", f"tensor {i} has {line.ndim} axes", {"tensor": line},
                                     "Use tensors with one axis."))
    axes = list(range(len(lines)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    lengths = [0] * len(lines)
    for line, axis in zip(lines, axes):
        lengths[axis] = int(np.prod(line.shape))
    return tuple([expand(reshape(line, [n if i == axis else 1 for i, n in enumerate(lengths)]), lengths)
                  for line, axis in zip(lines, axes)])


# -- like another tensor -----------------------------------------------------------------------------------------------


def zeros_like(input: Operand, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Zeros of the shape of `input`, in its dtype.

    Example
        >>> zeros_like(Tensor([1.0, 2.0]))
        tensor([0., 0.])
    """
    return like(input, np.zeros_like(array_of(input), dtype), requires_grad)


def ones_like(input: Operand, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Ones of the shape of `input`, in its dtype.

    Example
        >>> ones_like(Tensor([1.0, 2.0]))
        tensor([1., 1.])
    """
    return like(input, np.ones_like(array_of(input), dtype), requires_grad)


def full_like(input: Operand, fill_value: float, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """`fill_value` in the shape of `input`, in its dtype.

    Example
        >>> full_like(Tensor([1.0, 2.0]), 7)
        tensor([7., 7.])
    """
    return like(input, np.full_like(array_of(input), getattr(fill_value, "array", fill_value), dtype), requires_grad)


def empty_like(input: Operand, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """A tensor of the shape of `input` whose entries are whatever the memory held: fill it before reading.

    Example
        >>> empty_like(Tensor([1.0, 2.0])).shape
        (2,)
    """
    return like(input, np.empty_like(array_of(input), dtype), requires_grad)


# -- random ------------------------------------------------------------------------------------------------------------


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1).

    Example
        >>> x = rand(1000); bool((x.array >= 0).all() and (x.array < 1).all())
        True
    """
    return Tensor(uniform_array(as_size("rand", size), float_or(dtype), generator), requires_grad)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Standard normal.

    Example
        >>> randn(2, 3).dtype
        dtype('float32')
    """
    return Tensor(normal_array(as_size("randn", size), float_or(dtype), generator), requires_grad)


def rand_like(input: Operand, *, generator: Generator | None = None, dtype: Any = None,
              requires_grad: bool = False) -> Any:
    """Uniform on [0, 1), in the shape and dtype of `input`."""
    return like(input, uniform_array(input.shape, dtype or input.dtype, generator), requires_grad)


def randn_like(input: Operand, *, generator: Generator | None = None, dtype: Any = None,
               requires_grad: bool = False) -> Any:
    """Standard normal, in the shape and dtype of `input`."""
    return like(input, normal_array(input.shape, dtype or input.dtype, generator), requires_grad)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
           dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal with this mean and standard deviation, numbers or tensors; `size` is needed where both are numbers.

    Raises
        ArgumentError   a negative `std`

    Example
        >>> normal(5.0, 0.0, (2,))
        tensor([5., 5.])
    """
    centre, spread = (np.asarray(getattr(x, "array", x)) for x in (mean, std))
    if np.any(spread < 0):
        raise ArgumentError(message("normal", "a standard deviation is negative", {"std": spread}, "Use std ≥ 0."))
    shape = np.broadcast_shapes(centre.shape, spread.shape) if size is None else as_size("normal", (size,))
    wanted = float_or(dtype)
    drawn = normal_array(shape, wanted, generator) * spread.astype(wanted) + centre.astype(wanted)
    return Tensor(np.asarray(drawn), requires_grad)


def randint(low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = dtypes.int64,
            requires_grad: bool = False) -> Tensor:
    """Integers from `low` to `high` - 1, each as likely; ``randint(high, size)`` starts at 0.

    Raises
        ArgumentError   no integer between `low` and `high`; no size

    Example
        >>> randint(0, 10, (2, 3)).shape, randint(10, (4,)).dtype
        ((2, 3), dtype('int64'))
    """
    if size is None and isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    if high is None or size is None:
        raise ArgumentError("randint: a bound or the size is missing.\n"
                            "  Use randint(low, high, size) or randint(high, size).")
    if high <= low:
        raise ArgumentError(f"randint: there is no integer from {low} to {high} - 1.\n  Use high > {low}.")
    drawn = (generator or default_generator()).integers(low, high, as_size("randint", (size,)))
    return Tensor(drawn.astype(dtypes.as_dtype(dtype), copy=False), requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = dtypes.int64) -> Tensor:
    """The integers 0 to `n` - 1 in random order.

    Example
        >>> sorted(randperm(4).tolist())
        [0, 1, 2, 3]
    """
    (length,) = as_size("randperm", (n,))
    return Tensor((generator or default_generator()).permutation(length).astype(dtypes.as_dtype(dtype), copy=False))


def bernoulli(input: Operand, *, generator: Generator | None = None) -> Any:
    """1 with the probability that stands at that place of `input`, else 0; no gradient.

    Raises
        ArgumentError   a probability outside [0, 1]

    Example
        >>> bernoulli(Tensor([0.0, 1.0]))
        tensor([0., 1.])
    """
    p = array_of(input)
    if not dtypes.is_float(p.dtype) or not bool(np.all((p >= 0) & (p <= 1))):
        raise ArgumentError(message("bernoulli", "the entries are no probabilities", {"input": input},
                                    "Use floats from 0 to 1, such as x.sigmoid()."))
    drawn = uniform_array(p.shape, dtypes.float64 if p.dtype == dtypes.float64 else dtypes.float32, generator)
    return like(input, np.less(drawn, p).astype(p.dtype), False)


# -- what they share ---------------------------------------------------------------------------------------------------


def as_size(who: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` alike as ``(2, 3)``."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    try:
        lengths = tuple([n.__index__() for n in size])
    except AttributeError:
        raise ShapeError(f"{who}: {size} is no shape.\n  Use integers ≥ 0, one per axis.") from None
    if any(n < 0 for n in lengths):
        raise ShapeError(f"{who}: the shape {lengths} has a negative length.\n  Use integers ≥ 0, one per axis.")
    return lengths


def float_or(dtype: Any) -> np.dtype:
    """`dtype`, or the default float."""
    return dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)


def array_of(input: Operand) -> np.ndarray:
    """The array of a tensor; an array as it is."""
    return input.array if isinstance(input, Tensor) else np.asarray(input)


def like(input: Operand, array: np.ndarray, requires_grad: bool) -> Any:
    """`array` as a tensor if `input` is one."""
    if not isinstance(input, Tensor):
        return array
    return from_array(array).requires_grad_() if requires_grad else as_tensor(array)


def uniform_array(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> np.ndarray:
    """Uniform on [0, 1), drawn in float64 for float64 and in float32 otherwise."""
    drawn_in = np.float64 if dtype == dtypes.float64 else np.float32
    return np.asarray((generator or default_generator()).random(shape, drawn_in)).astype(dtype, copy=False)


def normal_array(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> np.ndarray:
    """Standard normal, drawn in float64 for float64 and in float32 otherwise."""
    drawn_in = np.float64 if dtype == dtypes.float64 else np.float32
    return np.asarray((generator or default_generator()).standard_normal(shape, drawn_in)).astype(dtype, copy=False)
