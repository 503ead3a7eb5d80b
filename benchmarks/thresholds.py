"""Where the algorithms of the compiled convolutions cross, on this processor: the thresholds of `kernels.compiled.plan` and
`kernels.compiled.winograd`.

    python -m benchmarks.thresholds

Each row is the time of one algorithm as a share of another's: below 1, the first one should be chosen.  One thread, time of
the process, medians of rounds that take turns; a row takes about a second.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Callable

import numpy as np

from tensorgrad import kernels
from tensorgrad.kernels import algorithms, compiled
from tensorgrad.kernels.compiled import winograd
from tensorgrad.kernels.compiled.convolution import forward, input_gradient, weight_gradient
from tensorgrad.kernels.compiled.vectors import VECTOR_BYTES
from tensorgrad.window import Window

__all__ = ["main"]

ROUNDS, SECONDS = 5, 0.03  # per algorithm and kernel
NEVER = 1 << 62  # entries that no convolution has

# images, channels, side, filters, kernel, and perhaps groups
CHANNELS = [(32, c, 16, f, k) for k in (3, 5) for c, f in ((16, 16), (16, 32), (32, 32), (64, 64))]
TILES = [(n, c, 4, c, 3) for c in (16, 64, 256) for n in (1, 2, 4, 8, 16, 32)] + [(n, 64, 6, 64, 5) for n in (1, 2, 4)]
PAIRS = [(32, c, 8, f, 3) for c, f in ((64, 64), (64, 128), (128, 128), (128, 256), (192, 256), (256, 256), (512, 512))]
FEW_TILES = [(n, c, 7, c, 3) for c in (256, 512) for n in (1, 8, 32)]
GROUPS: list[tuple[int, ...]] = [(32, 64, 16, 64, 3, g) for g in (64, 32, 16)]


def main() -> None:
    kernels.set_num_threads(1)
    print(f"vectors of {VECTOR_BYTES} bytes; shares: forward, input gradient, weight gradient")
    print("\nWinograd over direct, by channels (LEAST_CHANNELS)")
    row: tuple[int, ...]
    for row in CHANNELS:
        show(row, shares(row, {"winograd": True}, {"winograd": False}))
    print("\nWinograd over direct, by tiles: one per image, or nine with 5×5 (LEAST_TILES)")
    for row in TILES:
        show(row, shares(row, {"winograd": True}, {"winograd": False}))
    print("\nweight gradient point by point over tile by tile (WIDE_TOTALS)")
    for row in PAIRS:
        show(row, [compare(*[with_constant(calls(row)[2], "WIDE_TOTALS", n) for n in (0, NEVER)])])
    print("\nWinograd by blocks of channels over all at once, where tiles are few (BLOCK)")
    for row in FEW_TILES:
        show(row, [compare(*[with_constant(call, "BLOCK", n) for n in (winograd.BLOCK, NEVER)]) for call in calls(row)])
    print("\nvectors of several groups over direct (MEMBERS)")
    for row in GROUPS:
        show(row, shares(row, {"depthwise": True}, {"depthwise": False}))


def show(row: tuple[int, ...], found: list[float]) -> None:
    n, c, side, f, k, *groups = row
    print(f"{n}×{c}×{side}×{side} to {f}, {k}×{k}{', groups: ' + str(groups[0]) if groups else ''}".ljust(40),
          "  ".join([f"{share:5.2f}" for share in found]), flush=True)


def calls(row: tuple[int, ...]) -> tuple[Callable[[], Any], ...]:
    """The three kernels of a row."""
    n, c, side, f, k, groups = (*row, 1)[:6]
    window = Window.parse("conv2d", 2, k, 1, k // 2)
    x, grad = [np.ones((n, side, side, m), np.float32).transpose(0, 3, 1, 2) for m in (c, f)]
    w = np.ones((f, c // groups, k, k), np.float32)
    return (lambda: compiled.conv(x, w, None, window, groups),
            lambda: compiled.conv_input_grad(grad, w, (side, side), window, groups),
            lambda: compiled.conv_weight_grad(grad, x, window, groups))


def shares(row: tuple[int, ...], one: dict[str, bool], other: dict[str, bool]) -> list[float]:
    """The three kernels' times with the algorithms `one` over those with `other`."""
    return [compare(chosen(call, one), chosen(call, other)) for call in calls(row)]


def chosen(call: Callable[[], Any], choices: dict[str, bool]) -> Callable[[], float]:
    def measure() -> float:
        with algorithms(**choices):
            return seconds(call)

    return measure


def with_constant(call: Callable[[], Any], name: str, value: int) -> Callable[[], float]:
    """The time of a kernel by Winograd with another value of one of its constants."""
    def measure() -> float:
        before = getattr(winograd, name)
        setattr(winograd, name, value)
        forget()
        try:
            with algorithms(winograd=True):
                return seconds(call)
        finally:
            setattr(winograd, name, before)
            forget()

    return measure


def forget() -> None:
    """Have convolutions made anew, which know the constants of when they were made."""
    for made in (forward, input_gradient, weight_gradient):
        made.cache_clear()


def compare(one: Callable[[], float], other: Callable[[], float]) -> float:
    pairs = [(one(), other()) for _ in range(ROUNDS)]
    return statistics.median([a for a, _ in pairs]) / statistics.median([b for _, b in pairs])


def seconds(call: Callable[[], Any]) -> float:
    """The median time of a call, the first one left out."""
    call()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while not times or time.perf_counter() < end:
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
