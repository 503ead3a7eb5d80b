"""Where a convolution reads and writes, as tables of offsets that are worked out once per shape.

Convolution, its input gradient and transposed convolution are the same *gather*: along one axis, output o sums the
inputs at

    start + step·o + offset        over a few offsets, one per tap.

A convolution has ``start = -padding``, ``step = stride`` and the offsets ``dilation·tap``.  Its input gradient at
stride s is s gathers along each axis, one for the cells of each remainder by s, each with the taps that reach such a
cell.

Memory is channels last, (N, D, H, W, C), with axes of length 1 for those that are missing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Sequence

import numpy as np

from tensorgrad.window import Window

Sizes = tuple[int, int, int]

BAND_BYTES = 160 * 1024  # of input rows copied at a time: they stay in the second-level cache
BAND_PIXELS = 2048       # outputs of a band at the most


class Axis(NamedTuple):
    """One axis of a gather.

    size      cells of the input
    out       number of outputs
    start     the input cell that output 0 reads at offset 0
    step      input cells from one output to the next
    offsets   of the taps, ≥ 0
    taps      which taps of the kernel those are
    first     the cell that output 0 is written to; output o goes to first + apart·o
    """

    size: int
    out: int
    start: int
    step: int
    offsets: tuple[int, ...]
    taps: tuple[int, ...]
    first: int = 0
    apart: int = 1

    @property
    def reach(self) -> int:
        """Cells from the first that one output reads to the last."""
        return max(self.offsets) + 1

    @property
    def inside(self) -> bool:
        """True if no output reads outside of the input."""
        return self.start >= 0 and self.start + self.step * (self.out - 1) + self.reach <= self.size


class Layout(NamedTuple):
    """What compiled code needs to know of a gather, besides its tables; all in entries of flat memory.

    in_place              1 if bands are read where they are, 0 if they are copied, with zeros around them
    bands, rows           bands per output plane, and output rows of a band
    size_*, channels      of the input
    out_*                 the outputs along each axis
    start_*, step_*       of the axes
    reach_d, band_*       planes, rows and columns of a copied band
    to_n, to_d, to_h      from one image, plane and row of the result to the next
    to_0                  where the result starts
    taken, made           channels and filters of one group
    """

    in_place: int
    bands: int
    rows: int
    size_d: int
    size_h: int
    size_w: int
    channels: int
    out_d: int
    out_h: int
    out_w: int
    start_d: int
    start_h: int
    start_w: int
    step_d: int
    step_h: int
    step_w: int
    reach_d: int
    band_h: int
    band_w: int
    to_n: int
    to_d: int
    to_h: int
    to_0: int
    taken: int
    made: int


class Gather(NamedTuple):
    """A gather made ready: the value under tap k of the window of pixel p of a band is ``x[base + pixels[p] +
    taps[k]]``, and its result goes to ``y[base_y + outs[p]]``.

    fields    of the layout, in a row: compiled code takes an array in a quarter of the time of 25 numbers
    units     bands of all images and planes together
    scratch   entries of a copied band
    """

    pixels: np.ndarray
    outs: np.ndarray
    taps: np.ndarray
    layout: Layout
    fields: np.ndarray
    units: int
    scratch: int


class Phases(NamedTuple):
    """Several gathers from one image into one result, which take turns at each image; their tables one after the other.

    fields    a row per gather: those of its layout, where its pixels and its taps begin, and where its taps end
    work      products for each filter
    """

    pixels: np.ndarray
    outs: np.ndarray
    taps: np.ndarray
    fields: np.ndarray
    units: int
    scratch: int
    work: int


@lru_cache(maxsize=1024)
def forward_axes(window: Window, sizes: tuple[int, ...]) -> tuple[Axis, Axis, Axis]:
    """The axes of a convolution over an image of these sizes."""
    found = [Axis(n, out, -before, s, tuple([d * t for t in range(k)]), tuple(range(k)))
             for n, out, k, s, (before, _), d in zip(sizes, window.output_sizes(sizes), window.kernel, window.stride,
                                                     window.padding, window.dilation)]
    return three_axes(found)


@lru_cache(maxsize=1024)
def backward_axes(window: Window, sizes: tuple[int, ...], counts: tuple[int, ...]) -> list[tuple[Axis, Axis, Axis]]:
    """The gathers that make up its input gradient, which has these sizes and is read from `counts` outputs.

    A cell of remainder r is reached through the taps t for which r + before - dilation·t is a multiple of the stride.
    Remainders that no tap reaches are left out: those cells are 0.
    """
    phases: list[list[Axis]] = []
    for n, count, k, s, (before, _), d in zip(sizes, counts, window.kernel, window.stride, window.padding, window.dilation):
        along = []
        for remainder in range(min(s, n)):
            taps = tuple([t for t in range(k) if (remainder + before - d * t) % s == 0])
            if taps:
                reads = [(remainder + before - d * t) // s for t in taps]
                along.append(Axis(count, -(-(n - remainder) // s), min(reads), 1, tuple([i - min(reads) for i in reads]),
                                  taps, remainder, s))
        phases.append(along)
    combined: list[list[Axis]] = [[]]
    for along in phases:
        combined = [[*axes, axis] for axes in combined for axis in along]
    return [three_axes(axes) for axes in combined]


def three_axes(axes: list[Axis]) -> tuple[Axis, Axis, Axis]:
    """Axes of a single cell in front of fewer than three."""
    alone = Axis(1, 1, 0, 1, (0,), (0,))
    return (*[alone] * (3 - len(axes)), *axes)  # type: ignore[return-value]


@lru_cache(maxsize=1024)
def gather(axes: tuple[Axis, Axis, Axis], to_sizes: Sizes, batch: int, channels: int, filters: int, groups: int,
           itemsize: int, most_pixels: int = BAND_PIXELS, round_taps: int = 1) -> Gather:
    """The tables of a gather from (batch, D, H, W, channels) into (batch, *to_sizes, filters).

    It works on bands: `rows` output rows of one image and plane.  Bands that reach outside of the image are copied to
    a scratch with zeros around them, small enough to stay in cache.  `round_taps`: the taps are padded, with offset
    0, to a multiple of it.
    """
    d, h, w = axes
    in_place = d.inside and h.inside and w.inside
    rows = max(1, min(h.out, most_pixels // w.out))
    columns = w.size if in_place else w.step * (w.out - 1) + w.reach
    if not in_place:
        rows = max(1, min(rows, BAND_BYTES // (d.reach * h.step * columns * channels * itemsize)))
    bands = -(-h.out // rows)
    rows = -(-h.out // bands)  # of nearly equal height
    lines = h.size if in_place else h.step * (rows - 1) + h.reach

    line, plane = columns * channels, lines * columns * channels
    to_line, to_plane = to_sizes[2] * filters, to_sizes[1] * to_sizes[2] * filters
    pixels = np.add.outer(np.arange(rows) * h.step * line, np.arange(w.out) * w.step * channels).ravel()
    outs = np.add.outer(np.arange(rows) * h.apart * to_line, np.arange(w.out) * w.apart * filters).ravel()
    taken = channels // groups
    taps = np.add.outer(np.add.outer(np.add.outer(np.multiply(d.offsets, plane), np.multiply(h.offsets, line)),
                                     np.multiply(w.offsets, channels)), np.arange(taken)).ravel()
    layout = Layout(
        int(in_place), bands, rows, d.size, h.size, w.size, channels, d.out, h.out, w.out, d.start, h.start, w.start,
        d.step, h.step, w.step, d.reach, lines, columns, to_sizes[0] * to_plane, to_plane * d.apart, to_line * h.apart,
        d.first * to_plane + h.first * to_line + w.first * filters, taken, filters // groups)
    return Gather(pixels, outs, np.pad(taps, (0, -len(taps) % round_taps)), layout, np.array(layout, np.int64),
                  batch * d.out * bands, 0 if in_place else d.reach * plane)


def together(gathers: Sequence[Gather]) -> Phases:
    """The tables of several gathers in one."""
    pixels, outs, taps = [np.concatenate([g[i] for g in gathers]) for i in range(3)]
    ends = np.cumsum([(0, 0), *[(len(g.pixels), len(g.taps)) for g in gathers]], 0)
    fields = [[*g.layout, *before, after[1]] for g, before, after in zip(gathers, ends, ends[1:])]
    return Phases(pixels, outs, taps, np.array(fields, np.int64), sum([g.units for g in gathers]),
                  max([g.scratch for g in gathers]), sum([g.units * len(g.pixels) * len(g.taps) for g in gathers]))
