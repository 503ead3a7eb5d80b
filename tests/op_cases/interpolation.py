"""Rows for `tensorgrad.ops.interpolation` and `pixel_shuffle`."""

import numpy as np

from tensorgrad.ops.interpolation import ResizeTransposed, taps
from tests.op_cases.case import Case, normal


def along(x, axis, to, entry):
    """`x` with each of the `to` places of `axis` computed by ``entry(x with axis in front, place, old length)``."""
    front = np.moveaxis(x, axis, 0)
    return np.moveaxis(np.stack([entry(front, i, len(front)) for i in range(to)]), 0, axis)


def nearest(to):
    return lambda x, i, n: x[i * n // to]


def area(to):
    return lambda x, i, n: x[i * n // to:-(-(i + 1) * n // to)].mean(0)


def linear(to, corners=False, factor=None):
    def entry(x, i, n):
        at = i * (n - 1) / max(to - 1, 1) if corners else max((i + 0.5) * (1 / factor if factor else n / to) - 0.5, 0)
        low = min(int(at), n - 1)
        return x[low] * (1 - at + low) + x[min(low + 1, n - 1)] * (at - low)

    return entry


def cubic(to, corners=False):
    def entry(x, i, n):
        at = i * (n - 1) / max(to - 1, 1) if corners else (i + 0.5) * n / to - 0.5
        low, a, total = int(np.floor(at)), -0.75, 0.0
        for k in range(-1, 3):
            d = abs(at - low - k)
            weight = ((a + 2) * d**3 - (a + 3) * d**2 + 1) if d <= 1 else a * (d**3 - 5 * d**2 + 8 * d - 4)
            total = total + x[min(max(low + k, 0), n - 1)] * weight
        return total

    return entry


def row(name, shape, sizes, entry, **options):
    """Every image axis of `shape` resized to one of `sizes`, the reference axis by axis."""
    def reference(x):
        for axis, to in enumerate(sizes):
            x = along(x, axis + 2, to, entry(to))
        return x

    options.setdefault("size", sizes)
    return Case(f"interpolate-{name}", lambda lib, x: lib.F.interpolate(x, **options), (normal(*shape),), reference,
                ops=("resize",))


def factor_row(name, shape, factor, sizes, entry, **options):
    return row(name, shape, sizes, entry, size=None, scale_factor=factor, **options)


def transposed(x, mode, n):
    """The transposed linear map along axis 2, as a matrix product."""
    index, weight = taps(mode, n, x.shape[2], None, False)
    matrix = np.zeros((x.shape[2], n))
    np.add.at(matrix, (np.broadcast_to(np.arange(x.shape[2]), index.shape), index), weight)
    return x @ matrix


def shuffled(x, r):
    n, c, h, w = x.shape
    out = np.empty((n, c // r**2, h * r, w * r))
    for i, j in np.ndindex(r, r):
        out[:, :, i::r, j::r] = x[:, i * r + j::r * r]
    return out


CASES = [
    row("nearest", (2, 3, 5), (9,), nearest, mode="nearest"),
    row("nearest-down", (2, 2, 5, 6), (3, 4), nearest),
    factor_row("nearest-factor", (2, 2, 3, 2), 2, (6, 4), nearest),
    factor_row("nearest-3d", (1, 2, 2, 3, 2), (2, 1, 3), (4, 3, 6), nearest),
    row("nearest_exact", (2, 2, 5, 6), (3, 2), lambda to: lambda x, i, n: x[(2 * i + 1) * n // (2 * to)],
        mode="nearest-exact"),
    row("linear", (2, 3, 5), (8,), linear, mode="linear"),
    row("linear-corners", (2, 3, 5), (8,), lambda to: linear(to, corners=True), mode="linear", align_corners=True),
    row("bilinear", (2, 2, 4, 5), (7, 3), linear, mode="bilinear", align_corners=False),
    row("bilinear-corners", (2, 2, 4, 5), (7, 1), lambda to: linear(to, corners=True), mode="bilinear", align_corners=True),
    factor_row("bilinear-factor", (2, 2, 3, 4), 2, (6, 8), linear, mode="bilinear"),
    factor_row("bilinear-fraction", (2, 2, 5, 5), 1.7, (8, 8), lambda to: linear(to, factor=1.7), mode="bilinear"),
    factor_row("bilinear-fraction-recomputed", (2, 2, 5, 5), 1.7, (8, 8), linear, mode="bilinear",
               recompute_scale_factor=True),
    row("bilinear-large", (1, 1, 2, 70), (3, 90), linear, mode="bilinear"),  # an axis too long for a matrix product
    row("trilinear", (1, 2, 2, 3, 4), (3, 5, 2), linear, mode="trilinear"),
    row("trilinear-corners", (1, 2, 2, 3, 4), (3, 5, 2), lambda to: linear(to, corners=True), mode="trilinear",
        align_corners=True),
    row("bicubic", (1, 2, 4, 5), (7, 3), cubic, mode="bicubic"),
    row("bicubic-corners", (1, 2, 4, 5), (7, 3), lambda to: cubic(to, corners=True), mode="bicubic", align_corners=True),
    row("area", (2, 2, 5, 6), (3, 4), area, mode="area"),
    # Compared with PyTorch only; hand-worked in tests/tensorgrad/ops/test_interpolation.py.
    Case("interpolate-bilinear-antialias", lambda lib, x: lib.F.interpolate(x, (3, 7), mode="bilinear", antialias=True),
         (normal(2, 2, 8, 5),), ops=("resize",)),
    Case("interpolate-bicubic-antialias", lambda lib, x: lib.F.interpolate(x, (3, 7), mode="bicubic", antialias=True),
         (normal(2, 2, 8, 5),), ops=("resize",)),
    # The mirror, which users meet only as the gradient; PyTorch has no function for it.
    *[Case(f"resize_transposed-{mode}-{n}",
           lambda lib, x, mode=mode, n=n: ResizeTransposed(2, mode, n, None, False).apply(x),
           (normal(1, 2, 7),), lambda x, mode=mode, n=n: transposed(x, mode, n), torch=False)
      for mode, n in [("nearest", 3), ("linear", 4), ("linear", 12), ("bicubic", 5)]],
    Case("pixel_shuffle", lambda lib, x: lib.F.pixel_shuffle(x, 2), (normal(2, 8, 2, 3),), lambda x: shuffled(x, 2),
         ops=("reshape", "permute")),
    Case("pixel_unshuffle", lambda lib, x: lib.F.pixel_unshuffle(x, 3), (normal(2, 2, 3, 6),),
         lambda x: np.stack([x[:, c, i::3, j::3] for c in range(2) for i in range(3) for j in range(3)], 1),
         ops=("reshape", "permute")),
    Case("channel_shuffle", lambda lib, x: lib.F.channel_shuffle(x, 3), (normal(2, 6, 2, 2),),
         lambda x: x[:, [0, 2, 4, 1, 3, 5]], ops=("reshape", "permute")),
]
