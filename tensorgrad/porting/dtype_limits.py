"""What a dtype can hold: its largest and smallest numbers, and how fine it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError

__all__ = ["finfo", "iinfo"]


class finfo:
    """The limits of a float dtype, as Python floats; of the default one if none is given.

    Attributes
        bits              its size
        eps               the step from 1 to the next number
        max, min          the largest number, and its negative
        smallest_normal   the smallest positive number of full precision, also called tiny
        resolution        ten to minus the number of decimal digits that are sure
        dtype             its name

    Raises
        DtypeError   no float dtype

    Example
        >>> finfo("float32").eps, finfo(dtypes.float16).max
        (1.1920928955078125e-07, 65504.0)
    """

    def __init__(self, type: Any = None):
        found = dtypes.get_default_dtype() if type is None else dtypes.as_dtype(type)
        if not dtypes.is_float(found):
            raise DtypeError(f"finfo: {found.name} is no float dtype.\n  Use iinfo for integers.")
        limits = np.finfo(found)
        self.dtype = found.name
        self.bits = int(limits.bits)
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = float(f"1e-{limits.precision}")

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


class iinfo:
    """The limits of an integer dtype: `bits`, `min`, `max`, and its name `dtype`.

    Raises
        DtypeError   no integer dtype

    Example
        >>> iinfo("uint8").max
        255
    """

    def __init__(self, type: Any):
        found = dtypes.as_dtype(type)
        if found.kind not in "iu":
            raise DtypeError(f"iinfo: {found.name} is no integer dtype.\n  Use finfo for floats.")
        limits = np.iinfo(found)
        self.dtype = found.name
        self.bits, self.min, self.max = int(limits.bits), int(limits.min), int(limits.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
