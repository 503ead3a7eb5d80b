"""What tensorgrad raises, and how a message is built.

    TensorgradError
      ShapeError(ValueError)          operands do not fit
      ArgumentError(ValueError)       an option has a value that means nothing here
      RangeError(IndexError)          an index or label outside what it indexes
      DtypeError(TypeError)           a dtype the operation is not defined for
      GraphError(RuntimeError)        backward on a constant, a freed graph, an op that is not differentiable twice
        StaleTensorError              data changed between forward and backward
      GradcheckError(RuntimeError)    a backward rule that differs from numerical differences
      KernelError(RuntimeError)       unknown kernel set, or one whose extra is not installed
      StateError(RuntimeError)        a state dict that does not fit what it is loaded into
      DataError(OSError)              a file that is missing, truncated, corrupt or of another format
      DivergenceError(FloatingPointError)   a loss that is no longer a finite number
      UninitializedError(RuntimeError)      a parameter that has no shape yet: its layer takes it from the first input
      AnomalyError(FloatingPointError)      an op that made a NaN or an infinity, in anomaly mode
      LinAlgError(numpy.linalg.LinAlgError, RuntimeError)   a matrix that has no inverse, no Cholesky factor

Each is also the built-in that a NumPy user would catch.  Every message has three parts: who and what is wrong, the
operands with shape, dtype and origin, and what to do about it.

Example
    >>> raise_nothing = message("matmul", "inner sizes differ: 3 and 4", {"input": np.zeros((2, 3))}, "Transpose it.")
    >>> print(raise_nothing)
    matmul: inner sizes differ: 3 and 4
        input  (2, 3) float64
      Transpose it.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

__all__ = ["TensorgradError", "ShapeError", "ArgumentError", "RangeError", "DtypeError", "GraphError",
           "StaleTensorError", "GradcheckError", "KernelError", "StateError", "DataError", "DivergenceError",
           "AnomalyError", "LinAlgError", "UninitializedError", "message", "describe", "tensor_from"]


class TensorgradError(Exception):
    """Base of everything tensorgrad raises on purpose."""


class ShapeError(TensorgradError, ValueError):
    """Operands whose shapes do not fit together or do not fit the operation."""


class ArgumentError(TensorgradError, ValueError):
    """An option whose value means nothing here."""


class RangeError(TensorgradError, IndexError):
    """An index or a label outside what it indexes."""


class DtypeError(TensorgradError, TypeError):
    """A dtype for which the operation is not defined."""


class GraphError(TensorgradError, RuntimeError):
    """The recorded graph cannot do what was asked of it."""


class StaleTensorError(GraphError):
    """Data that backward needs was changed after it was recorded."""


class GradcheckError(TensorgradError, RuntimeError):
    """A backward rule that differs from numerical differences; the message says where and, if it can tell, how."""


class KernelError(TensorgradError, RuntimeError):
    """An unknown kernel set, or one whose extra is not installed."""


class StateError(TensorgradError, RuntimeError):
    """A state dict that does not fit the object it is loaded into."""


class UninitializedError(TensorgradError, RuntimeError):
    """A parameter or buffer that has no shape yet, because its layer takes it from the first input."""


class DataError(TensorgradError, OSError):
    """A data file that is missing, truncated, corrupt or of another format."""


class AnomalyError(TensorgradError, FloatingPointError):
    """An op or a backward rule that made a NaN or an infinity of finite numbers, found by anomaly mode."""


class DivergenceError(TensorgradError, FloatingPointError):
    """A loss that is infinite or not a number any more."""


class LinAlgError(TensorgradError, np.linalg.LinAlgError, RuntimeError):
    """A matrix for which the operation is not defined: it has no inverse, or is not positive definite."""


def message(who: str, what: str, operands: Mapping[str, Any] | None = None, fix: str = "") -> str:
    """The three parts of an error as one text: ``who: what``, one line per operand, ``fix``."""
    lines = [f"{who}: {what}"]
    if operands:
        width = max(map(len, operands))
        lines += [f"    {name:<{width}}  {describe(operand)}" for name, operand in operands.items()]
    if fix:
        lines.append("  " + fix)
    return "\n".join(lines)


def describe(operand: Any) -> str:
    """How an operand reads in a message: shape, dtype, and where it came from.

    Example
        >>> describe(np.zeros((2, 3), np.float32)), describe(None), describe((1, 2))
        ('(2, 3) float32', 'None', '(1, 2)')
    """
    shape, dtype = getattr(operand, "shape", None), getattr(operand, "dtype", None)
    if shape is None or dtype is None:
        text = repr(operand)
        return text if len(text) <= 100 else text[:97] + "..."
    origin = origin_of(operand)
    return f"{tuple(shape)} {np.dtype(dtype).name}" + (f"   {origin}" if origin else "")


def tensor_from(name: str, value: Any) -> str:
    """Advice about a `value` that stands where a tensor is wanted, under the name that the program has for it.

    Example
        >>> tensor_from("input", [1.0, 2.0]), tensor_from("input", None)
        ('Use tensorgrad.tensor(input).', 'A forward without `return` gives None.')
    """
    if value is None:
        return "A forward without `return` gives None."
    if isinstance(value, (tuple, list)) and any(hasattr(entry, "ndim") for entry in value):
        return f"Take one of its entries, such as {name}[0] or `images, labels = batch`."
    if isinstance(value, dict):
        return f"Take one of its entries: {', '.join(map(repr, list(value)[:4]))}."
    return f"Use tensorgrad.tensor({name})."


def origin_of(operand: Any) -> str:
    """``parameter 'conv1.weight'`` or ``from features.2/max_pool2d``; empty for plain data."""
    name, creator = getattr(operand, "name", None), getattr(operand, "creator", None)
    if name:
        return f"{getattr(operand, 'kind', 'tensor')} {name!r}"
    return f"from {creator.where}" if creator is not None else ""
