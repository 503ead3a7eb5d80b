"""Other names of the dtypes: ``long`` for int64, ``float`` for float32, as programs for PyTorch write them.

They are attributes of the package (``tensorgrad.long``), but not part of ``from tensorgrad import *``, which would hide
Python's own `float`, `int` and `bool`.
"""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes

__all__ = ["dtype", "bool", "double", "float", "half", "int", "long", "short", "uint16", "uint32", "uint64"]

dtype = np.dtype
half, float, double = dtypes.float16, dtypes.float32, dtypes.float64
short, int, long, bool = dtypes.int16, dtypes.int32, dtypes.int64, dtypes.bool_
uint16, uint32, uint64 = np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.uint64)
