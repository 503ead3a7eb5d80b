"""Images copied to channels last by the compiled kernels, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids

pytest.importorskip("numba")

SHAPES = [(2, 3, 40, 41), (1, 1, 70, 70), (3, 16, 9, 31), (2, 17, 33, 34), (1, 64, 8, 9), (2, 40, 1025), (5, 130, 3, 3),
          (2, 5, 9, 8, 11), (3, 8, 15, 17), (1, 20, 32, 65), (0, 3, 40, 41), (700, 7, 1)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=ids)
def test_every_entry_moves(shape, dtype, threads):
    from tensorgrad.kernels.compiled import crew, layout

    x = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    before, least = kernels.get_num_threads(), crew.LEAST_WORK
    try:
        crew.LEAST_WORK = 0
        kernels.set_num_threads(threads)
        for x_ in (x, np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1), x[::-1], x[..., ::-1]):
            x_.flags.writeable = False
            found = layout.with_channels_last(x_)
            assert found.flags.c_contiguous and found.dtype == dtype
            np.testing.assert_array_equal(found, np.moveaxis(x_, 1, -1))
    finally:
        kernels.set_num_threads(before)
        crew.LEAST_WORK = least


def test_channels_last_is_not_copied():
    from tensorgrad.kernels.compiled import layout

    x = np.zeros((2, 40, 40, 3), np.float32)
    assert layout.with_channels_last(np.moveaxis(x, -1, 1)).base is x
