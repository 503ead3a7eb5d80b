"""Rows for `tensorgrad.ops.patches`: unfold and fold."""

import numpy as np

from tests import loops
from tests.op_cases.case import Case, normal


def columns(x, windows):
    """Cell by cell, channel by channel."""
    places = list(windows.places(x.shape[2:]))
    taps = list(np.ndindex(*windows.kernel))
    y = np.zeros((len(x), x.shape[1] * len(taps), len(places)))
    for p, (_, inside) in enumerate(places):
        for t, cell in inside:
            for c in range(x.shape[1]):
                y[:, c * len(taps) + taps.index(t), p] = x[:, c, *cell]
    return y


def image(y, sizes, windows):
    """Every column added where it lies."""
    taps = list(np.ndindex(*windows.kernel))
    x = np.zeros((len(y), y.shape[1] // len(taps), *sizes))
    for p, (_, inside) in enumerate(windows.places(sizes)):
        for t, cell in inside:
            for c in range(x.shape[1]):
                x[:, c, *cell] += y[:, c * len(taps) + taps.index(t), p]
    return x


def unfold(name, *shape, kernel_size, **options):
    windows = loops.Windows(2, kernel_size, options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1))
    return Case(name, lambda lib, x: lib.F.unfold(x, kernel_size, **options), (normal(*shape),),
                lambda x: columns(x, windows) if x.ndim == 4 else columns(x[None], windows)[0])


def fold(name, *shape, output_size, kernel_size, **options):
    windows = loops.Windows(2, kernel_size, options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1))
    return Case(name, lambda lib, y: lib.F.fold(y, output_size, kernel_size, **options), (normal(*shape),),
                lambda y: image(y, output_size, windows) if y.ndim == 3 else image(y[None], output_size, windows)[0])


CASES = [
    unfold("unfold", 2, 3, 4, 5, kernel_size=2),
    unfold("unfold-all", 2, 2, 6, 5, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    unfold("unfold-without-batch", 2, 4, 3, kernel_size=2, stride=2, padding=1),
    fold("fold", 2, 12, 12, output_size=(4, 5), kernel_size=2),
    fold("fold-all", 2, 12, 9, output_size=(6, 5), kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    fold("fold-without-batch", 8, 6, output_size=(4, 3), kernel_size=2, stride=2, padding=1),
]
