"""Which algorithm a convolution runs by; decided by its shape.

    depthwise   every group has one channel and one filter
    winograd    3×3, stride 1: a quarter of the multiplications, where channels fill vectors
    direct      everything else

`benchmarks` measures the three against each other; the thresholds below are where they cross.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.vectors import lanes
from tensorgrad.window import Window

LEAST_CHANNELS = 16  # below, the transforms cost more than the multiplications they save
LEAST_TILES = 32     # below, transforming the weights does


def algorithm(batch: int, channels: int, filters: int, window: Window, counts: tuple[int, ...], groups: int,
              dtype: np.dtype) -> str:
    """"depthwise", "winograd" or "direct", for a convolution of `channels` to `filters` with `counts` outputs per
    axis.

    Example
        >>> window = Window.parse("conv2d", 2, 3, 1, padding=1)
        >>> algorithm(64, 64, 64, window, (32, 32), 1, np.dtype(np.float32))
        'winograd'
    """
    if groups == channels == filters and groups > 1:
        return "depthwise"
    lane = lanes(dtype.itemsize)
    fits = (window.kernel == (3, 3) and window.stride == (1, 1) and window.dilation == (1, 1) and groups == 1
            and all(0 <= side <= 2 for axis in window.padding for side in axis)
            and channels % lane == 0 and filters % lane == 0 and min(channels, filters) >= LEAST_CHANNELS)
    tiles = batch * int(np.prod([-(-n // 4) for n in counts]))
    return "winograd" if fits and dtype == np.float32 and tiles >= LEAST_TILES and min(counts) >= 3 else "direct"
