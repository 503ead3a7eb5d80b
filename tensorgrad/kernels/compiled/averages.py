"""Average pooling, to a given window or size, and its transpose: sums over boxes of cells, every result written once.

The transpose is of the same kind: a cell gets the sum over the windows that have it, which are neighbours.
"""

from __future__ import annotations

import functools

import numpy as np
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import image, jit, three
from tensorgrad.kernels.compiled.layout import volume
from tensorgrad.kernels.compiled.vectors import Vectors, i64, lanes
from tensorgrad.kernels.compiled.window_vectors import over_box, over_strips
from tensorgrad.kernels.reference.adaptive import cells as cells_of
from tensorgrad.kernels.reference.pooling import divisors


def avg_pool(x, window, count_include_pad, divisor_override):
    sizes = tuple(x.shape[2:])
    counts = window.output_sizes(sizes)
    divided_by = divisors_of(x.dtype, window, sizes, counts, count_include_pad, divisor_override)
    return sums(x, counts, spans_of(window, sizes, counts), divided_by)


def avg_pool_grad(grad, sizes, window, count_include_pad, divisor_override):
    counts = tuple(grad.shape[2:])
    divided_by = divisors_of(grad.dtype, window, sizes, counts, count_include_pad, divisor_override)
    return spread(grad, sizes, windows_of_cells(window, tuple(sizes), counts), divided_by)


def adaptive_avg_pool(x, output_size):
    return sums(x, output_size, *adaptive(x.dtype, tuple(x.shape[2:]), tuple(output_size)))


def adaptive_avg_pool_grad(grad, sizes):
    sizes, counts = tuple(sizes), tuple(grad.shape[2:])
    _, divided_by = adaptive(grad.dtype, sizes, counts)
    return spread(grad, sizes, windows_of_cells(None, sizes, counts), divided_by)


def sums(x, counts, spans, divided_by):
    """Σ x over each box, over its divisor."""
    y = np.empty((len(x), *three(counts), x.shape[1]), x.dtype)
    work = max(x.size, y.size)
    sum_boxes(slices(len(x), work), len(x), volume(x), y, divided_by, *spans, lanes(x.itemsize))
    return image(y, len(counts))


def spread(grad, sizes, windows, divided_by):
    """The transpose of `sums`, given the windows that each cell is in.  One divisor for all is that of the sums; otherwise
    each window's share is divided before."""
    divisor = divided_by.reshape(-1)[0] if divided_by.size else 1
    if (divided_by == divisor).all():
        shares, divided_by = grad, np.broadcast_to(divisor, three(sizes))
    else:
        shares = grad / divided_by.reshape(grad.shape[2:])
        divided_by = np.broadcast_to(grad.dtype.type(1), three(sizes))
    return sums(shares, sizes, windows, np.ascontiguousarray(divided_by, grad.dtype))


@functools.lru_cache(maxsize=256)
def windows_of_cells(window, sizes, counts):
    """Per axis `covering` of the cells; of adaptive windows for None."""
    spans = adaptive(np.dtype(np.float32), sizes, counts)[0] if window is None else spans_of(window, sizes, counts)
    return [covering(span, size) for span, size in zip(spans, three(sizes))]


def covering(spans, size):
    """Per cell (size, 2): the windows that have it, for windows in ascending order of both ends."""
    cells = np.arange(size)
    first, last = np.searchsorted(spans[:, 1], cells, "right"), np.searchsorted(spans[:, 0], cells, "right")
    return np.stack([first, np.maximum(first, last)], 1)


@functools.lru_cache(maxsize=256)
def adaptive(dtype, sizes, counts):
    """The cells of each window per axis, as in `spans_of`, and how many they are."""
    spans = [np.array([(cut.start, cut.stop) for cut in cells_of(size, count)], np.int64).reshape(-1, 2)
             for size, count in zip(three(sizes), three(counts))]
    d, h, w = [span[:, 1] - span[:, 0] for span in spans]
    return spans, (d[:, None, None] * h[:, None] * w).astype(dtype)


@functools.lru_cache(maxsize=256)
def divisors_of(dtype, window, sizes, counts, count_include_pad, divisor_override):
    """(D', H', W') what each window's sum is divided by."""
    divisor = divisors(window, sizes, counts, count_include_pad, divisor_override).astype(dtype)
    return np.ascontiguousarray(np.broadcast_to(divisor[..., 0] if divisor.ndim else divisor, counts)).reshape(three(counts))


@functools.lru_cache(maxsize=256)
def spans_of(window, sizes, counts):
    """Per axis (count, 2): the cells of each window, from the first to before the last; padding is left out."""
    spans = [np.zeros((1, 2), np.int64) + [0, 1]] * (3 - len(sizes))
    for axis, (size, count) in enumerate(zip(sizes, counts)):
        positions = window.positions(axis, count)
        spans.append(np.clip(np.stack([positions[:, 0], positions[:, -1] + 1], 1), 0, size))
    return spans


@functools.lru_cache(maxsize=256)
def owners_of(window, sizes, counts):
    """Per axis (size, 2): the windows that have each cell, from the first to before the last."""
    return [covering(span, size) for span, size in zip(spans_of(window, sizes, counts), three(sizes))]


@shared
@jit
def sum_boxes(first, last, slice, x, y, divisors, spans_d, spans_h, spans_w, width):
    height, breadth, channels = x.shape[2], x.shape[3], x.shape[4]
    entries, results = x.reshape(-1), y.reshape(-1)
    at = first * y[0].size if len(y) else 0
    for n in range(first, last):
        for o_d in range(y.shape[1]):
            d, depth = spans_d[o_d, 0], spans_d[o_d, 1] - spans_d[o_d, 0]
            for o_h in range(y.shape[2]):
                h, rows = spans_h[o_h, 0], spans_h[o_h, 1] - spans_h[o_h, 0]
                for o_w in range(y.shape[3]):
                    w, columns = spans_w[o_w, 0], spans_w[o_w, 1] - spans_w[o_w, 0]
                    start = (((n * x.shape[1] + d) * height + h) * breadth + w) * channels
                    divisor = divisors[o_d, o_h, o_w]
                    if channels <= width:
                        add_box(entries, start, depth, height * breadth * channels, rows, breadth * channels, columns,
                                channels, results, at, divisor)
                    elif channels <= 2 * width:
                        add_box_2(entries, start, depth, height * breadth * channels, rows, breadth * channels, columns,
                                  channels, results, at, divisor)
                    else:
                        add_box_4(entries, start, depth, height * breadth * channels, rows, breadth * channels, columns,
                                  channels, results, at, divisor)
                    at += channels


def make_add_box(vectors):
    """The function that sums over a box of cells, so many vectors of channels at a time."""

    @intrinsic
    def add_box(typing, x, start, depth, depth_step, rows, row_step, columns, channels, y, at, divisor):
        """y[at + c] = Σ x[start + d · depth_step + h · row_step + w · channels + c] / divisor, for c in range(channels)."""
        signature = types.void(x, i64, i64, i64, i64, i64, i64, i64, y, i64, x.dtype)

        def codegen(context, b, signature, args):
            x, start, depth, depth_step, rows, row_step, columns, channels, y, at, divisor = args
            v = Vectors(context, b, signature.args[0].dtype)
            source, target = v.array(signature.args[0], x, start), v.array(signature.args[8], y, at)
            divisor = v.splat(divisor)

            def strip(c, masks):
                def add(place, sums):
                    cell = v.at(source, b.add(place, c))
                    return [b.fadd(sum, v.load_masked(v.at(cell, i * v.lanes), mask))
                            for i, (sum, mask) in enumerate(zip(sums, masks))]

                sums = over_box(b, [(depth, depth_step), (rows, row_step), (columns, channels)],
                                [v.constant(0)] * vectors, add)
                for i, (sum, mask) in enumerate(zip(sums, masks)):
                    v.store_masked(b.fdiv(sum, divisor), v.at(v.at(target, c), i * v.lanes), mask)

            over_strips(v, channels, vectors, strip)
            return context.get_dummy_value()

        return signature, codegen

    return add_box


add_box, add_box_2, add_box_4 = make_add_box(1), make_add_box(2), make_add_box(4)
