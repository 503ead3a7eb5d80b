"""Window: the geometry of everything that slides a window over an image, in one, two or three spatial dimensions.

Convolution and pooling differ in what they do with the cells under a window; which cells those are is said here, once.
Along one axis of n cells, with k taps that are d cells apart, the window number o of stride s lies on the cells

    o·s - before + t·d    for t = 0 … k - 1

and cells outside of 0 … n - 1 are padding.

Example
    >>> window = Window.parse("conv2d", 2, kernel_size=3, stride=2, padding=1)
    >>> window.output_sizes((32, 32))
    (16, 16)
"""

from __future__ import annotations

import itertools
import math
import operator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Iterator

import numpy as np

from tensorgrad import lineage
from tensorgrad.errors import ArgumentError, ShapeError, message

__all__ = ["Window", "per_axis"]

Sizes = tuple[int, ...]
Slices = tuple[slice, ...]


@dataclass(frozen=True)
class Window:
    """Kernel, stride, padding and dilation, one entry per spatial axis.

    Attributes
        kernel      taps per axis
        stride      cells from one window to the next
        padding     (before, after) per axis; or "same", with a stride above 1, until `resolve` knows the image
        dilation    cells from one tap to the next
        ceil_mode   True if the last window may reach past the padding, so that every cell is covered
    """

    kernel: Sizes
    stride: Sizes
    padding: Any
    dilation: Sizes
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        # Kernels look up what they know of a window in every call.  Numbers alone: those of strings differ by process.
        padding = () if self.padding == "same" else self.padding
        object.__setattr__(self, "hashed", hash((self.kernel, self.stride, padding, self.dilation, self.ceil_mode)))

    def __hash__(self) -> int:
        return self.hashed  # type: ignore[attr-defined]

    @classmethod
    def parse(cls, who: str, ndim: int, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
              ceil_mode: bool = False) -> Window:
        """The window that these arguments of the function `who` describe, over `ndim` spatial axes.

        Arguments
            kernel_size, dilation   an integer, or one per axis
            stride                  the same; None means `kernel_size`
            padding                 the same; or (before, after) per axis; or 'valid' for none; or 'same' for outputs as
                                    large as the input at stride 1, ⌈n / stride⌉ in general.  An odd total has the
                                    extra cell after the image.

        Raises
            ArgumentError   names the argument that makes no sense

        Example
            >>> Window.parse("conv1d", 1, 4, stride=1, padding="same").padding
            ((1, 2),)
        """
        if all(map(is_plain, (kernel_size, stride, padding, dilation))):
            return _parse_once(who, ndim, kernel_size, stride, padding, dilation, bool(ceil_mode))
        return _parse(who, ndim, kernel_size, stride, padding, dilation, bool(ceil_mode))

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel)

    @property
    def extent(self) -> Sizes:
        """Cells from the first tap to the last, both included."""
        return tuple([d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation)])

    @property
    def taps(self) -> int:
        """Cells under one window."""
        return math.prod(self.kernel)

    def resolve(self, sizes: Sizes) -> Window:
        """This window with 'same' turned into numbers for an image of these sizes.

        Example
            >>> Window.parse("conv1d", 1, 3, stride=2, padding="same").resolve((8,)).padding
            ((0, 1),)
        """
        if self.padding != "same":
            return self
        totals = [max((-(-n // s) - 1) * s + e - n, 0) for n, s, e in zip(sizes, self.stride, self.extent)]
        return replace(self, padding=tuple([(t // 2, t - t // 2) for t in totals]))

    def output_sizes(self, sizes: Sizes, who: str = "window", input: Any = None) -> Sizes:
        """How many windows there are along each axis of an image of these sizes.

        With `ceil_mode` a window more fits than would lie inside image and padding, if the stride leaves cells over; but
        none starts in the padding after the image.

        Raises
            ShapeError   the kernel is larger than the padded image; says what would fit

        Example
            >>> Window.parse("max_pool2d", 2, 2, ceil_mode=True).output_sizes((5, 5))
            (3, 3)
        """
        window = self.resolve(sizes)
        out = []
        for n, s, e, (before, after) in zip(sizes, window.stride, window.extent, window.padding):
            free = n + before + after - e
            count = (-(-free // s) if self.ceil_mode else free // s) + 1
            if self.ceil_mode and (count - 1) * s >= n + before:
                count -= 1
            out.append(count)
        if min(out) < 1:
            raise window._does_not_fit(sizes, who, input)
        return tuple(out)

    def input_sizes(self, counts: Sizes) -> Sizes:
        """The smallest image that has so many windows along each axis; below 1 where padding alone has more.

        Example
            >>> Window.parse("conv_transpose2d", 2, 3, stride=2, padding=1).input_sizes((4, 4))
            (7, 7)
        """
        return tuple([(n - 1) * s + e - before - after
                      for n, s, e, (before, after) in zip(counts, self.stride, self.extent, self.padding)])

    def _does_not_fit(self, sizes: Sizes, who: str, input: Any) -> ShapeError:
        padded = tuple([n + before + after for n, (before, after) in zip(sizes, self.padding)])
        span = "" if set(self.dilation) == {1} else f" (spans {times(self.extent)} with dilation {short(self.dilation)})"
        largest = tuple([(n - 1) // d + 1 for n, d in zip(padded, self.dilation)])
        lacking = max(e - n for e, n in zip(self.extent, padded))
        least = tuple([max(e - before - after, 1) for e, (before, after) in zip(self.extent, self.padding)])
        fits = [f"kernel_size ≤ {times(largest)}"] if min(largest) >= 1 else []
        fits.append(f"{-(-lacking // 2)} more padding on each side")
        return ShapeError(message(
            who, f"kernel {times(self.kernel)}{span} is larger than the padded image {times(padded)}",
            {"input": sizes if input is None else input, "padding": short_padding(self.padding)},
            lineage.with_sizes(f"Use {' or '.join(fits)}, or an image of at least {times(least)}.", input)))

    def reach(self, axis: int, tap: int, size: int, count: int) -> tuple[slice, slice] | None:
        """Where tap number `tap` lies inside the image: which of the `count` windows, and on which cells.

        None if it is in the padding in every window.

        Example
            >>> Window.parse("conv1d", 1, 3, stride=1, padding=1).reach(0, tap=0, size=5, count=5)
            (slice(1, 5, None), slice(0, 4, 1))
        """
        stride = self.stride[axis]
        offset = tap * self.dilation[axis] - self.padding[axis][0]
        first = max(0, -(offset // stride))
        end = min(count, (size - 1 - offset) // stride + 1)
        if end <= first:
            return None
        start = first * stride + offset
        return slice(first, end), slice(start, start + (end - first - 1) * stride + 1, stride)

    def reaches(self, sizes: Sizes, counts: Sizes) -> Iterator[tuple[int, Slices, Slices]]:
        """Every tap, numbered in row-major order, with the windows in which it is inside the image, and its cells there."""
        by_axis = [[self.reach(axis, tap, size, count) for tap in range(k)]
                   for axis, (k, size, count) in enumerate(zip(self.kernel, sizes, counts))]
        for number, found in enumerate(itertools.product(*by_axis)):
            if None not in found:
                windows, cells = zip(*found)
                yield number, windows, cells

    def inside(self, axis: int, size: int, count: int) -> np.ndarray:
        """How many taps of each window are on cells of the image, along one axis.

        Example
            >>> Window.parse("conv1d", 1, 3, stride=1, padding=1).inside(0, size=4, count=4)
            array([2, 3, 3, 2])
        """
        positions = self.positions(axis, count)
        return ((positions >= 0) & (positions < size)).sum(1)

    def positions(self, axis: int, count: int) -> np.ndarray:
        """(count, taps) the cell under each tap of each window along one axis; below 0 and from the size on is padding."""
        starts = np.arange(count) * self.stride[axis] - self.padding[axis][0]
        return starts[:, None] + np.arange(self.kernel[axis]) * self.dilation[axis]

    def settings(self) -> dict[str, Any]:
        """What there is to say about this window in a label: kernel, stride, padding; the rest where it is unusual."""
        shown: dict[str, Any] = {"kernel": times(self.kernel), "stride": short(self.stride)}
        if self.padding == "same" or any(map(any, self.padding)):
            shown["padding"] = short_padding(self.padding)
        if set(self.dilation) != {1}:
            shown["dilation"] = short(self.dilation)
        if self.ceil_mode:
            shown["ceil_mode"] = True
        return shown

    def __str__(self) -> str:
        return " ".join([f"{name}={value}" for name, value in self.settings().items()])


def is_plain(value: Any) -> bool:
    """True for what can be looked up by value: 2.0 and True are equal to integers but are refused."""
    kind = type(value)
    return kind is int or kind is str or value is None or kind is tuple and all(map(is_plain, value))


def _parse(who: str, ndim: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Window:
    kernel = per_axis(who, "kernel_size", kernel_size, ndim)
    strides = kernel if stride is None or np.size(stride) == 0 else per_axis(who, "stride", stride, ndim)
    window = Window(kernel, strides, ((0, 0),) * ndim, per_axis(who, "dilation", dilation, ndim), ceil_mode)
    if isinstance(padding, str):
        if padding == "valid":
            return window
        if padding == "same":
            same = replace(window, padding="same")
            return same if max(strides) > 1 else same.resolve((1,) * ndim)
        raise ArgumentError(message(who, f"padding={padding!r} is no way to pad", None,
                                    f"Use 'same', 'valid', an integer ≥ 0, or one per axis: {(1,) * ndim}."))
    if isinstance(padding, (tuple, list)) and any(isinstance(entry, (tuple, list)) for entry in padding):
        if len(padding) != ndim or not all(isinstance(entry, (tuple, list)) and len(entry) == 2 for entry in padding):
            raise ArgumentError(message(who, f"padding={padding!r} has not one (before, after) for each of {ndim} axes",
                                        None, f"Use {((0, 1),) * ndim}, for instance, or an integer."))
        return replace(window, padding=tuple([per_axis(who, "padding", pair, 2, least=0) for pair in padding]))
    return replace(window, padding=tuple([(p, p) for p in per_axis(who, "padding", padding, ndim, least=0)]))


_parse_once = lru_cache(maxsize=4096)(_parse)


def per_axis(who: str, name: str, value: Any, ndim: int, least: int = 1) -> Sizes:
    """`value`, an integer or one integer per axis, as a tuple of `ndim` integers ≥ `least`.

    Raises
        ArgumentError   names the argument and says what it takes

    Example
        >>> per_axis("conv2d", "stride", 2, ndim=2)
        (2, 2)
    """
    entries = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) and np.ndim(value) else (value,)
    if len(entries) == 1:
        entries *= ndim
    try:
        found = tuple([operator.index(entry) for entry in entries])
    except TypeError:
        found = ()
    if len(found) != ndim or min(found, default=0) < least or any(isinstance(entry, bool) for entry in entries):
        raise ArgumentError(message(who, f"{name}={value!r} makes no sense here", None,
                                    f"Use an integer ≥ {least}" + (f", or {ndim} of them." if ndim > 1 else ".")))
    return found


def times(sizes: Sizes) -> str:
    """(5, 3) as "5×3"."""
    return "×".join(map(str, sizes))


def short(sizes: Sizes) -> Any:
    """(2, 2) as 2; (2, 1) as it is."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def short_padding(padding: Any) -> Any:
    """((1, 1), (1, 1)) as 1, ((1, 1), (0, 0)) as (1, 0); uneven pairs, and 'same', as they are."""
    if padding == "same":
        return padding
    return short(tuple([p[0] for p in padding])) if all(before == after for before, after in padding) else padding
