"""Every test of kernels that asks for `kernel_set` runs once per set."""

from __future__ import annotations

from typing import Any

import pytest

from tensorgrad import kernels
from tensorgrad.kernels.contract import Kernels

SETS = [pytest.param(name, marks=[] if name in kernels.available() else pytest.mark.skip(
    reason=f"{kernels.sets[name][1]} is not installed")) for name in kernels.sets]


@pytest.fixture(params=SETS)
def kernel_set(request: Any) -> Kernels:
    """Each set of kernels, one after the other."""
    return kernels.load(request.param)
