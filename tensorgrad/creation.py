"""New tensors: of given data, constant and counting ones.  All are leaves, float32 unless asked otherwise.

The `_like` functions take dtype and memory layout from their argument, and give an array for an array, so that backward
rules can use them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand
from tensorgrad.ops.shape import reshape
from tensorgrad.tensor import Tensor, as_tensor, from_array, plain

__all__ = ["tensor", "from_numpy", "is_tensor",
           "zeros", "ones", "full", "empty", "arange", "linspace", "logspace", "eye", "zeros_like", "ones_like", "full_like",
           "empty_like", "meshgrid"]


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
           name: str | None = None) -> Tensor:
    """A new leaf holding a copy of `data`.

    Python floats become the default float (float32), Python ints int64; arrays keep their dtype.

    Raises
        DtypeError   data that holds no numbers; `requires_grad` with an integer dtype

    Example
        >>> tensor([[1, 2], [3, 4]]).shape, tensor(1.5).dtype
        ((2, 2), dtype('float32'))
    """
    on_cpu("tensor", device)
    if isinstance(data, Tensor):
        data = data.array
    elif isinstance(data, (list, tuple)):
        data = plain(data)
    return Tensor(np.array(dtypes.as_array(data, dtype), copy=True), requires_grad, name=name)


def from_numpy(array: np.ndarray) -> Tensor:
    """A constant that shares `array`'s memory.

    Raises
        DtypeError   for anything but an ndarray of numbers
    """
    if not isinstance(array, np.ndarray):
        raise DtypeError(f"from_numpy: expects an ndarray, got {type(array).__name__}.\n  Use tensor(...) for other data.")
    return Tensor(array)


def is_tensor(value: Any) -> bool:
    """True for a Tensor or Parameter."""
    return isinstance(value, Tensor)


def zeros(*lengths: Any, size: Any = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False) -> Tensor:
    """A tensor of zeros.

    Example
        >>> zeros(2, 3).shape, zeros((2, 3)).dtype
        ((2, 3), dtype('float32'))
    """
    on_cpu("zeros", device)
    return Tensor(np.zeros(as_size("zeros", lengths, size), float_or(dtype)), requires_grad)


def ones(*lengths: Any, size: Any = None, dtype: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:
    """A tensor of ones.

    Example
        >>> ones(2, dtype=dtypes.int64)
        tensor([1, 1])
    """
    on_cpu("ones", device)
    return Tensor(np.ones(as_size("ones", lengths, size), float_or(dtype)), requires_grad)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with `fill_value` everywhere; without `dtype` a float gives the default float, an int int64, a bool bool.

    Example
        >>> full((2, 2), 0.5)
        tensor([[0.5, 0.5],
                [0.5, 0.5]])
    """
    on_cpu("full", device)
    value = np.asarray(getattr(fill_value, "array", fill_value))
    if value.size != 1:
        raise ShapeError(message("full", "fill_value is not one number", {"fill_value": value}, "Use tensor(...)."))
    value = dtypes.as_array(value.item(), dtype)  # of a number, also where a tensor holds it
    return Tensor(np.full(as_size("full", (size,)), value.item(), value.dtype), requires_grad)


def empty(*lengths: Any, size: Any = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False) -> Tensor:
    """A tensor whose entries are whatever the memory held: fill it before reading.

    Example
        >>> empty(2, 3).shape
        (2, 3)
    """
    on_cpu("empty", device)
    return Tensor(np.empty(as_size("empty", lengths, size), float_or(dtype)), requires_grad)


def arange(start: float | None = None, end: float | None = None, step: float = 1, *, dtype: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:
    """``start, start + step, ...`` up to but without `end`; ``arange(end)`` starts at 0.  int64 if all three are integers.

    Raises
        ArgumentError   a step of 0, or one that leads away from `end`; neither `start` nor `end`

    Example
        >>> arange(4), arange(1, 2, 0.25)
        (tensor([0, 1, 2, 3]), tensor([1.  , 1.25, 1.5 , 1.75]))
    """
    on_cpu("arange", device)
    low, high = (0, start) if end is None else (0 if start is None else start, end)
    if high is None:
        raise ArgumentError("arange: where does it end?\n  Use arange(end) or arange(start, end).")
    low, high, step = (getattr(x, "item", lambda x=x: x)() for x in (low, high, step))
    if not all(np.isfinite([low, high, step])):
        raise ArgumentError(f"arange: the range from {low} to {high} in steps of {step} is not finite.\n"
                            "  Use finite numbers.")
    if dtype is not None and dtypes.as_dtype(dtype).kind in "iu":  # cut first, as in PyTorch
        low, high, step = int(low), int(high), int(step)
    if step == 0 or (high - low) / step < 0:
        raise ArgumentError(f"arange: steps of {step} do not lead from {low} to {high}.\n"
                            f"  Use a step {'> 0' if high >= low else '< 0'}.")
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(x, int) for x in (low, high, step)) else dtypes.get_default_dtype()
    return Tensor(np.arange(low, high, step).astype(dtypes.as_dtype(dtype), copy=False), requires_grad)


def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """`steps` evenly spaced values from `start` to `end`, both included.

    Raises
        ArgumentError   a negative number of steps

    Example
        >>> linspace(0, 1, 5)
        tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    on_cpu("linspace", device)
    wanted = float_or(dtype)
    return Tensor(evenly_spaced("linspace", start, end, steps, wanted).astype(wanted), requires_grad)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """`base` to the power of `steps` evenly spaced exponents from `start` to `end`, both included.

    Raises
        ArgumentError   a negative number of steps

    Example
        >>> logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    on_cpu("logspace", device)
    wanted = float_or(dtype)
    exponents = evenly_spaced("logspace", start, end, steps, wanted)
    return Tensor(np.power(float(base), exponents).astype(wanted), requires_grad)


def evenly_spaced(who: str, start: Any, end: Any, steps: int, dtype: np.dtype) -> np.ndarray:
    """`steps` float64 values from `start` to `end`, counted from the nearer end; integers if those are cut to integers."""
    if not isinstance(steps, (int, np.integer)):
        raise DtypeError(f"{who}: steps={steps!r} is no whole number.\n  Use an integer ≥ 0.")
    if steps < 0:
        raise ArgumentError(f"{who}: steps={steps} is negative.\n  Use steps ≥ 0.")
    for name, bound in (("start", start), ("end", end)):
        if getattr(bound, "ndim", 0):
            raise ShapeError(message(who, f"{name} is not one number", {name: bound},
                                     "Use a number or a tensor without axes."))
    low, high = (getattr(x, "item", lambda x=x: x)() for x in (start, end))
    if dtype.kind != "f":
        low, high = int(low), int(high)
    step = (high - low) / (steps - 1) if steps > 1 else 0.0
    places = np.arange(steps)
    return np.where(places < steps / 2, low + step * places, high - step * (steps - 1 - places))


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The (n, m) matrix with ones on the diagonal; square without `m`.

    Example
        >>> eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    on_cpu("eye", device)
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


def zeros_like(input: Operand, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Zeros of the shape of `input`, in its dtype.

    Example
        >>> zeros_like(Tensor([1.0, 2.0]))
        tensor([0., 0.])
    """
    on_cpu("zeros_like", device)
    return like(input, np.zeros_like(array_of(input), dtype), requires_grad)


def ones_like(input: Operand, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Ones of the shape of `input`, in its dtype.

    Example
        >>> ones_like(Tensor([1.0, 2.0]))
        tensor([1., 1.])
    """
    on_cpu("ones_like", device)
    return like(input, np.ones_like(array_of(input), dtype), requires_grad)


def full_like(input: Operand, fill_value: float, *, dtype: Any = None, device: Any = None,
              requires_grad: bool = False) -> Any:
    """`fill_value` in the shape of `input`, in its dtype.

    Example
        >>> full_like(Tensor([1.0, 2.0]), 7)
        tensor([7., 7.])
    """
    on_cpu("full_like", device)
    return like(input, np.full_like(array_of(input), getattr(fill_value, "array", fill_value), dtype), requires_grad)


def empty_like(input: Operand, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """A tensor of the shape of `input` whose entries are whatever the memory held: fill it before reading.

    Example
        >>> empty_like(Tensor([1.0, 2.0])).shape
        (2,)
    """
    on_cpu("empty_like", device)
    return like(input, np.empty_like(array_of(input), dtype), requires_grad)


# -- what they share ---------------------------------------------------------------------------------------------------


def as_size(who: str, size: tuple[Any, ...], by_name: Any = None) -> tuple[int, ...]:
    """``f(2, 3)``, ``f((2, 3))`` and ``f(size=(2, 3))`` alike as ``(2, 3)``.

    Raises
        ShapeError      no lengths, or negative ones
        ArgumentError   lengths by place and by name
    """
    if by_name is not None:
        if size:
            raise ArgumentError(f"{who}: the shape is given twice, {size} and size={by_name}.\n  Leave one of them out.")
        size = (by_name,)
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
