"""The switches of CUDA, which is not there; everything is computed in the precision of its dtype.

Example
    >>> is_built()
    False
"""

from __future__ import annotations

from types import SimpleNamespace

__all__ = ["is_built", "matmul"]

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True)


def is_built() -> bool:
    """False."""
    return False
