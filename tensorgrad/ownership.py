"""Whose an array is: one that nobody else holds may be kept, or written into, without a copy."""

from __future__ import annotations

import sys

import numpy as np

__all__ = ["unshared"]

LEFT_OVER = 64  # bytes that an array may keep alive besides its own


def unshared(array: np.ndarray, holders: int) -> bool:
    """Whether only so many references lead to the numbers of `array`: with more, somebody else reads them.

    A view may be all that is left of an array, such as one with its axes in another order, or one that begins with a line of
    the cache.
    """
    base = array.base
    if sys.getrefcount(array) > holders + 2:  # this function's and getrefcount's
        return False
    if base is None:
        return True
    owner = base.__class__ is np.ndarray and base.base is None and base.flags.owndata
    whole = owner and array.flags.writeable and 0 <= base.nbytes - array.nbytes <= LEFT_OVER
    return whole and sys.getrefcount(base) <= 3  # the view's, this function's, getrefcount's
