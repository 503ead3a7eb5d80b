"""How kernels are compiled: without the interpreter's lock, cached on disk where there is a place to write.

Bodies are functions of the module, because numba caches no others, and they take contiguous channels-last volumes
(N, D, H, W, C); `layout.volume` makes those of arrays with fewer spatial axes and of any strides.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from numba.core.registry import CPUDispatcher
from numba.core.sigutils import normalize_signature
from numba.core.types import Array

from tensorgrad.kernels.compiled.cache import cache_of
from tensorgrad.kernels.reference.windows import channels_first


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled at its first call.  No fast-math: NaN, infinities and the order of sums are as written.

    A division by 0 gives infinity or NaN, as in NumPy; a test for it would keep loops from being vectorised.
    """
    return Kernel(function)


class Kernel(CPUDispatcher):
    """A compiled function.  Arrays that cannot be written to are no types of their own, which would be compiled once more:
    a kernel writes to arrays that it was given to write to, and whoever passes those on checks that it may."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__(function, targetoptions={"nopython": True, "nogil": True, "error_model": "numpy"})
        self._cache = cache_of(function)

    def compile(self, sig: Any) -> Any:
        """What runs for arguments of these types."""
        args = tuple(normalize_signature(sig)[0])
        writable = tuple([arg.copy(readonly=False) if isinstance(arg, Array) else arg for arg in args])
        entry = super().compile(writable)
        if writable != args:
            self._insert([arg._code for arg in args], entry, False)
        return entry


# By the number of axes of (N, C, ...): the index that puts in axes of length 1; by that of spatial ones: to take them out.
WITH_AXES: dict[int, Any] = {3: np.s_[:, None, None], 4: np.s_[:, None], 5: np.s_[:]}
WITHOUT_AXES: dict[int, Any] = {1: np.s_[:, 0, 0], 2: np.s_[:, 0], 3: np.s_[:]}


def image(x: np.ndarray, ndim: int) -> np.ndarray:
    """(N, D, H, W, C) as (N, C, ...) with `ndim` spatial axes."""
    return channels_first(x[WITHOUT_AXES[ndim]])


def three(sizes: tuple[int, ...]) -> tuple[int, int, int]:
    """Sizes along three axes."""
    return (1,) * (3 - len(sizes)) + tuple(sizes)  # type: ignore[return-value]
