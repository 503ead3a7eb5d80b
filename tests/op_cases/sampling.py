"""Rows for nn.functional.sampling: grid_sample and affine_grid, which are composed of other ops."""

import itertools

import numpy as np

from tests.op_cases.case import Case, normal

OPS = ("gather", "mul")


def places(*shape, reach=1.3, steps=64):
    """From -reach to reach, none at the border of a cell: there the slope jumps."""
    def draw(rng):
        return (rng.integers(-steps, steps, size=shape) + 0.37) * reach / steps

    return draw


def cell(i, n, padding_mode, corners):
    """The cell that a whole place stands for; None outside of an image that has zeros around it."""
    if padding_mode == "zeros":
        return i if 0 <= i < n else None
    if padding_mode == "reflection":
        period = 2 * (n - 1) if corners else 2 * n
        i %= period
        mirrored = period - i if corners else period - 1 - i
        i = i if i < n else mirrored
    return min(max(i, 0), n - 1)


def shares(at, mode):
    """Pairs (whole place, share) along one axis."""
    low = int(np.floor(at))
    part = at - low
    if mode == "nearest":
        return [(int(np.rint(at)), 1.0)]
    if mode == "bilinear":
        return [(low, 1 - part), (low + 1, part)]
    pairs = []
    for k in range(-1, 3):
        d, a = abs(part - k), -0.75
        pairs.append((low + k, (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * (d**3 - 5 * d**2 + 8 * d - 4)))
    return pairs


def sample(x, grid, mode, padding_mode, corners):
    """Place by place.  Padding that repeats or mirrors cells is the same before and after interpolation."""
    y = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for n, *place in np.ndindex(*grid.shape[:-1]):
        by_axis = []
        for coordinate, length in zip(grid[n, *place][::-1], x.shape[2:]):
            at = (coordinate + 1) / 2 * (length - 1) if corners else ((coordinate + 1) * length - 1) / 2
            by_axis.append([(cell(i, length, padding_mode, corners), share) for i, share in shares(at, mode)])
        for combination in itertools.product(*by_axis):
            cells = [i for i, _ in combination]
            if None not in cells:
                y[n, :, *place] += x[n, :, *cells] * np.prod([share for _, share in combination])
    return y


def row(name, image, grid, mode="bilinear", padding_mode="zeros", align_corners=False, **options):
    return Case(f"grid_sample-{name}", lambda lib, x, g: lib.F.grid_sample(x, g, mode, padding_mode, align_corners),
                (normal(*image), places(*grid)),
                lambda x, g: sample(x, g, mode, padding_mode, align_corners), **{"ops": OPS, **options})


def affine(theta, sizes, corners):
    out = np.zeros((len(theta), *sizes, len(sizes)))
    for n, *at in np.ndindex(len(theta), *sizes):
        place = [-1 + 2 * i / (size - 1) if corners else (2 * i + 1) / size - 1 for i, size in zip(at, sizes)][::-1]
        out[n, *at] = theta[n] @ [*place, 1]
    return out


CASES = [
    *[row(f"{mode}-{padding}-{'corners' if corners else 'edges'}", (2, 2, 3, 4), (2, 2, 3, 2), mode, padding, corners)
      for mode, padding, corners in itertools.product(
          ("bilinear", "bicubic"), ("zeros", "border", "reflection"), (False, True))],
    *[row(f"nearest-{padding}", (2, 2, 3, 4), (2, 2, 3, 2), "nearest", padding) for padding in
      ("zeros", "border", "reflection")],
    row("volume", (1, 2, 3, 2, 4), (1, 2, 2, 3, 3)),
    row("volume-border-corners", (1, 2, 3, 2, 4), (1, 2, 2, 3, 3), padding_mode="border", align_corners=True),
    *[Case(f"affine_grid-{len(size) - 2}d-{corners}",
           lambda lib, theta, size=size, corners=corners: lib.F.affine_grid(theta, size, corners),
           (normal(2, len(size) - 2, len(size) - 1),),
           lambda theta, size=size, corners=corners: affine(theta, size[2:], corners), ops=("matmul",))
      for size, corners in itertools.product([(2, 3, 2, 3), (2, 3, 2, 3, 4)], (False, True))],
]
