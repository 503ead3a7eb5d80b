"""Which dtype a result has.  Floats are float32 unless asked otherwise, and a constant never widens a tensor.

The categories are bool < integer < float.  Within one category NumPy's promotion decides; across categories the
higher one wins with *its own* width (float32 with int64 is float32, where NumPy would say float64).  Python and NumPy
scalars and plain arrays that meet a tensor are constants: they take the tensor's dtype, unless they are of a higher
category; then the default float (or int64) joins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError

__all__ = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool_",
           "get_default_dtype", "set_default_dtype", "as_dtype", "as_array", "is_float", "promote", "constant"]

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
int8, int16, int32, int64 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
uint8, bool_ = np.dtype(np.uint8), np.dtype(np.bool_)

RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
_default = float32


def get_default_dtype() -> np.dtype:
    """The dtype given to Python floats: float32 unless ``set_default_dtype`` changed it."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Give Python floats another dtype from now on: float32 or float64.

    Raises
        ArgumentError   for anything else
    """
    global _default
    wanted = np.dtype(dtype)
    if wanted not in (float32, float64):
        raise ArgumentError(f"set_default_dtype: {wanted.name} cannot be the default.\n  Use float32 or float64.")
    _default = wanted


def as_dtype(dtype: Any) -> np.dtype:
    """``dtype`` as a ``numpy.dtype`` that tensors can have: bool, an integer, or float16/32/64.

    Raises
        DtypeError   for complex numbers, strings, objects, longdouble

    Example
        >>> as_dtype("float32"), as_dtype(float)
        (dtype('float32'), dtype('float64'))
    """
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"dtype: {dtype!r} is not a dtype.\n  Use tensorgrad.float32, 'float32', np.float32.") from None
    if found.kind not in RANK or found.itemsize > 8:
        raise DtypeError(f"dtype: a tensor cannot hold {found.name}.\n  Use bool, an integer dtype, or float16/32/64.")
    return found if found.isnative else found.newbyteorder("=")


def as_array(value: Any, dtype: Any = None) -> np.ndarray:
    """``value`` as an array that a tensor can hold; an array of a fitting dtype is returned as it is, not copied.

    Python floats become the default float, Python ints int64, bools bool; arrays and NumPy scalars keep their dtype.

    Raises
        DtypeError   ragged lists, strings, objects, complex numbers
    """
    if dtype is not None:
        dtype = as_dtype(dtype)
    plain = not isinstance(value, (np.ndarray, np.generic))
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DtypeError(f"tensor: cannot make an array of a {type(value).__name__}: {error}.\n"
                         "  Use nested lists of equal lengths.") from None
    if array.dtype.kind not in RANK:
        raise DtypeError(f"tensor: a {type(value).__name__} of dtype {array.dtype} holds no numbers a tensor can keep.\n"
                         "  Use bool, integer or float values.")
    if dtype is None:
        dtype = _default if plain and array.dtype.kind == "f" and not holds_arrays(value) else as_dtype(array.dtype)
    return array if array.dtype == dtype else array.astype(dtype)


def holds_arrays(value: Any) -> bool:
    """True for a list whose first innermost entry is an array or NumPy scalar: it has a dtype of its own."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return hasattr(value, "dtype")


def is_float(dtype: np.dtype) -> bool:
    """True for float16, float32 and float64."""
    return dtype.kind == "f"


def promote(a: np.dtype, b: np.dtype) -> np.dtype:
    """The dtype of a result of operands of dtypes ``a`` and ``b``.

    Example
        >>> promote(float32, int64), promote(float32, float64), promote(uint8, int8)
        (dtype('float32'), dtype('float64'), dtype('int16'))
    """
    if a is b:
        return a
    rank_a, rank_b = RANK[a.kind], RANK[b.kind]
    if rank_a != rank_b:
        return a if rank_a > rank_b else b
    found = np.promote_types(a, b)
    return found if RANK[found.kind] == rank_a else int64  # uint64 with a signed integer would be float64


def constant(value: Any, dtype: np.dtype) -> Any:
    """``value``, not a tensor, ready to meet an array of ``dtype``: it widens the category at most, never the width.

    Example
        >>> constant(np.float64(2), float32).dtype, constant(2.5, int64).dtype
        (dtype('float32'), dtype('float32'))
    """
    kind = value.__class__
    if kind is float and dtype.kind == "f" or kind is int and dtype.kind != "b":
        return value
    array = as_array(value)
    if RANK[array.dtype.kind] <= RANK[dtype.kind]:
        return array if array.dtype is dtype else array.astype(dtype)
    return array.astype(_default) if array.dtype.kind == "f" else array
