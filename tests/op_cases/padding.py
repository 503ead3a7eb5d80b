"""Rows for `tensorgrad.ops.padding`."""

import numpy as np

from tensorgrad.ops.padding import FoldMirror
from tests.op_cases.case import Case, normal

NUMPY_MODE = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def padded(mode, *pads, **options):
    """The row's expression and its reference: `numpy.pad` with the axes in its order."""
    def reference(x):
        widths = [(0, 0)] * (x.ndim - len(pads) // 2) + list(zip(pads[::2], pads[1::2]))[::-1]
        value = {"constant_values": options["value"]} if "value" in options else {}
        return np.pad(x, widths, mode=NUMPY_MODE[mode], **value)

    return lambda lib, x: lib.F.pad(x, pads, mode=mode, **options), reference


def row(name, shape, mode, *pads, **options):
    build, reference = padded(mode, *pads, **options)
    return Case(name, build, (normal(*shape),), reference,
                ops=("pad_constant" if mode == "constant" else "pad_mirror",), torch=options.pop("torch", True))


def cropped(name, shape, mode, pads, reference, ops=()):
    return Case(name, lambda lib, x: lib.F.pad(x, pads, mode=mode), (normal(*shape),), reference, ops=ops)


def folded(name, mode, pads, shape):
    """The mirror of padding, which users meet only as its gradient: what each border entry repeats receives it."""
    def reference(x):
        places = np.pad(np.arange(int(np.prod(shape))).reshape(shape), pads, mode=NUMPY_MODE[mode])
        return np.bincount(places.ravel(), x.ravel()).reshape(shape)

    full = [n + before + after for n, (before, after) in zip(shape, pads)]
    return Case(name, lambda lib, x: FoldMirror(pads, mode, shape).apply(x), (normal(*full),), reference, torch=False)


CASES = [
    row("pad-constant", (2, 3), "constant", 1, 2),
    row("pad-constant-value", (2, 3, 4), "constant", 1, 2, 0, 3, value=2.5),
    row("pad-constant-all_axes", (1, 2, 2), "constant", 1, 0, 0, 1, 2, 1),
    row("pad-constant-nothing", (2, 3), "constant", 0, 0),
    row("pad-reflect-1d", (2, 3, 5), "reflect", 4, 2),
    row("pad-reflect-2d", (2, 2, 3, 4), "reflect", 1, 3, 2, 0),
    row("pad-reflect-3d", (1, 2, 3, 2, 4), "reflect", 3, 1, 1, 1, 0, 2),
    row("pad-replicate-1d", (2, 3, 2), "replicate", 3, 2),
    row("pad-replicate-2d", (2, 2, 1, 3), "replicate", 1, 4, 2, 1),
    row("pad-replicate-3d", (1, 2, 2, 1, 3), "replicate", 1, 2, 2, 1, 1, 1),
    row("pad-circular-1d", (2, 3, 4), "circular", 4, 3),
    row("pad-circular-2d", (2, 2, 3, 4), "circular", 1, 2, 3, 1),
    row("pad-circular-3d", (1, 2, 2, 3, 2), "circular", 1, 2, 3, 1, 0, 2),
    folded("fold_mirror-reflect", "reflect", ((0, 0), (1, 2), (3, 0)), (2, 3, 4)),
    folded("fold_mirror-replicate", "replicate", ((2, 1), (0, 3)), (2, 1)),
    folded("fold_mirror-circular", "circular", ((1, 2), (3, 1)), (2, 3)),
    # A negative pad takes entries away: before a border of its own axis is filled, after one is mirrored.
    cropped("pad-constant-negative", (2, 3, 5), "constant", (-1, 2, 1, -2),
            lambda x: np.pad(x[:, :1, 1:], ((0, 0), (1, 0), (0, 2))), ops=("getitem", "pad_constant")),
    cropped("pad-reflect-negative", (2, 3, 5), "reflect", (-2, 3),
            lambda x: np.pad(x, ((0, 0), (0, 0), (0, 3)), mode="reflect")[..., 2:], ops=("getitem", "pad_mirror")),
    cropped("pad-replicate-negative", (2, 3, 5), "replicate", (2, -5),
            lambda x: np.repeat(x[..., :1], 2, -1), ops=("getitem", "pad_mirror")),
    cropped("pad-circular-negative", (2, 3, 5), "circular", (-2, 3),
            lambda x: np.pad(x[..., 2:], ((0, 0), (0, 0), (0, 3)), mode="wrap"), ops=("getitem", "pad_mirror")),
    Case("pad-reflect-one_axis", lambda lib, x: lib.F.pad(x, (2, 1), mode="reflect"), (normal(4),),
         lambda x: x[[2, 1, 0, 1, 2, 3, 2]], ops=("pad_mirror",), torch=False),  # PyTorch wants two axes or more
    Case("pad-reflect-four_axes", lambda lib, x: lib.F.pad(x, (1, 0) * 4, mode="reflect"), (normal(2, 3, 2, 2),),
         lambda x: np.pad(x, ((1, 0),) * 4, mode="reflect"), ops=("pad_mirror",), torch=False),  # PyTorch pads three at most
]
