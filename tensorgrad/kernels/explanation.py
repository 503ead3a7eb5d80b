"""explain: by which algorithm a convolution and its gradients run, why, and what that costs."""

from __future__ import annotations

import functools
import importlib
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.kernels.choices import Choices, Plan, current
from tensorgrad.window import Window, per_axis

__all__ = ["explain", "Explanation", "Direction", "plan_of"]

Sizes = tuple[int, ...]

# op: (spatial axes, is transposed)
CONVOLUTIONS = {f"conv{kind}{ndim}d": (ndim, bool(kind)) for kind in ("", "_transpose") for ndim in (1, 2, 3)}


@dataclass(frozen=True)
class Direction:
    """How one of the three products of a convolution is computed.

    Attributes
        algorithm       its name
        why             what in the shape decides it
        multiply_adds   of the algorithm
        definition      multiply-adds of the sum as it is defined, padding included
        bytes           of the two arrays read and the one written
        copies          bytes written beside the result on the way, in slices that stay in cache
        rounding        about how far a float32 result is from the exact one, as a share of its norm, for entries of both
                        signs; None where it was not measured
    """

    algorithm: str
    why: str
    multiply_adds: int
    definition: int
    bytes: int
    copies: int
    rounding: float | None


@dataclass(frozen=True)
class Explanation:
    """What `explain` found; `str()` of it is a table.

    Attributes
        call            the op, with its shapes and options
        kernels         name of the kernel set
        forward, input_grad, weight_grad    a `Direction` each
    """

    call: str
    kernels: str
    forward: Direction
    input_grad: Direction
    weight_grad: Direction

    def to_dict(self) -> dict[str, Any]:
        """Everything as dicts, strings and numbers, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        head = ["", "algorithm", "multiply-adds", "by definition", "bytes", "copies", "rounding"]
        rows = [(name, getattr(self, field)) for name, field in (
            ("forward", "forward"), ("input gradient", "input_grad"), ("weight gradient", "weight_grad"))]
        body = [[name, row.algorithm, *[f"{n:,}" for n in (row.multiply_adds, row.definition, row.bytes, row.copies)],
                 "-" if row.rounding is None else f"{row.rounding:.0e}"] for name, row in rows]
        widths = [max(map(len, column)) for column in zip(head, *body)]
        lines = ["  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in [head, *body]]
        reasons = [f"{name.ljust(widths[0])}  {row.why}" for name, row in rows]
        notes = [WINOGRAD_NOTE] if any(row.algorithm == "winograd" for _, row in rows) else []
        return "\n".join([f"{self.call}, {self.kernels} kernels", *lines, "", *reasons, *notes])

    __repr__ = __str__


WINOGRAD_NOTE = """
Winograd computes tiles of results, 4×4 with 3×3 weights and 2×2 with 5×5, from 6×6 cells.  In float32 it rounds up to twice
as much as the direct sum, three times in gradients of 5×5 weights; a NaN or an infinity in the image spreads over all
results of the tiles that see it.  To switch it off:
tensorgrad.kernels.algorithms(winograd=False)."""


def explain(op: str, input: Any, weight: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
            output_padding: Any = 0, dtype: Any = None) -> Explanation:
    """By which algorithm a convolution of these shapes and its two gradients run with the kernels in use, and why.

    Arguments
        op              "conv1d", "conv2d", "conv3d", or "conv_transpose1d" and so on
        input, weight   their shapes, or tensors or arrays that have them
        dtype           default: that of `input` if it has one, else float32
        the rest        as the functions of these names take them

    Raises
        ArgumentError   another op, of which there is only one algorithm; options that make no sense
        ShapeError      shapes that are none of a convolution

    Example
        >>> from tensorgrad.kernels import use
        >>> with use("reference"):
        ...     print(explain("conv2d", (8, 16, 28, 28), (32, 16, 3, 3), padding=1))
        conv2d of (8, 16, 28, 28) with (32, 16, 3, 3), kernel=3×3 stride=1 padding=1, float32, reference kernels
                         algorithm  multiply-adds  by definition      bytes      copies  rounding
        forward          windows       28,901,376     28,901,376  1,222,656   3,612,672         -
        input gradient   windows       28,901,376     28,901,376  1,222,656   7,225,344         -
        weight gradient  windows       28,901,376     28,901,376  1,222,656   3,612,672         -
        <BLANKLINE>
        forward          windows are copied and multiplied in slices that fit in cache
        input gradient   at stride 1 each cell is a window of the gradient, through the kernel turned around
        weight gradient  windows are copied and multiplied in slices that fit in cache
    """
    if op not in CONVOLUTIONS:
        raise ArgumentError(f"explain: {op!r} is no convolution, and other kernels have one algorithm only.\n"
                            f"  Use one of: {', '.join(CONVOLUTIONS)}.")
    ndim, transposed = CONVOLUTIONS[op]
    found = np.dtype(dtype or getattr(input, "dtype", None) or np.float32)
    x, w = shape_of("input", ndim, input), shape_of("weight", ndim, weight)
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1 or w[0] % groups:
        raise ArgumentError(f"explain: groups={groups!r} does not divide the {w[0]} rows of the weight.\n"
                            "  Use an integer ≥ 1 that divides them.")
    expected = w[0] if transposed else w[1] * groups
    if x[1] != expected:
        raise ShapeError(message("explain", f"the input has {x[1]} channels, the weight expects {expected}",
                                 {"input": x, "weight": w}, f"Use an input of shape {(x[0], expected, *x[2:])}."))
    window = Window.parse(op, ndim, w[2:], stride, padding, dilation)
    options = f"{window}" + (f" groups={groups}" if groups > 1 else "")
    if transposed:  # the input is what a convolution would have made; the result is the image
        extra = per_axis(op, "output_padding", output_padding, ndim, least=0)
        options += f" output_padding={output_padding}" if any(extra) else ""
        window = Window(window.kernel, window.stride, tuple([(b, a - e) for (b, a), e in zip(window.padding, extra)]),
                        window.dilation)
        image, made = (x[0], w[1] * groups, *window.input_sizes(x[2:])), x
        if min(image) < 1:
            raise ShapeError(message("explain", f"nothing is left: the result would have the sizes {image[2:]}",
                                     {"input": x, "weight": w}, "Use less padding, or a larger input."))
        kernels = ("conv_input_grad", "conv", "conv_weight_grad")
    else:
        window = window.resolve(x[2:])
        image, made = x, (x[0], w[0], *window.output_sizes(x[2:], op, x))
        kernels = ("conv", "conv_input_grad", "conv_weight_grad")
    from tensorgrad.kernels import active
    parts = [direction(plan_of(kernel, image, made, window, groups, found), image, made, w, found) for kernel in kernels]
    return Explanation(f"{op} of {x} with {w}, {options}, {found.name}", active().name, *parts)


def shape_of(name: str, ndim: int, value: Any) -> Sizes:
    """The shape that is meant: `value`, or that of the array which it is."""
    shape = getattr(value, "shape", value)
    if (not isinstance(shape, (tuple, list)) or len(shape) != ndim + 2
            or not all(isinstance(n, (int, np.integer)) and n >= (i != 0) for i, n in enumerate(shape))):
        what = value if shape is value else f"an array of shape {shape}"
        raise ShapeError(f"explain: {name}={what} is not of {ndim + 2} sizes, each at least 1.\n"
                         f"  Pass a shape such as {(8, 16, *[28] * ndim) if name == 'input' else (32, 16, *[3] * ndim)}.")
    return tuple([int(n) for n in shape])


def direction(plan: Plan, image: Sizes, made: Sizes, w: Sizes, dtype: np.dtype) -> Direction:
    """A plan beside what its kernel is defined to compute."""
    return Direction(plan.algorithm, plan.why, plan.multiply_adds, made[0] * math.prod(made[2:]) * math.prod(w),
                     (math.prod(image) + math.prod(made) + math.prod(w)) * dtype.itemsize, plan.copies, plan.rounding)


def plan_of(kernel: str, image: Sizes, made: Sizes, window: Window, groups: int, dtype: np.dtype) -> Plan:
    """How the kernels in use compute `kernel` of the contract.

    Arguments
        image, made   the shapes (N, C, H, W) and (N, F, H', W') that the convolution goes from and to, whatever `kernel` is
    """
    from tensorgrad.kernels import active
    return plan_by(active().name, kernel, image, made, window, groups, dtype, current())


@functools.lru_cache(maxsize=1024)
def plan_by(name: str, kernel: str, image: Sizes, made: Sizes, window: Window, groups: int, dtype: np.dtype,
            choices: Choices) -> Plan:
    """The plan of the kernel set `name`, or of the reference for dtypes that the set leaves to it."""
    from tensorgrad.kernels import sets
    if name != "reference" and dtype not in importlib.import_module(sets[name][0]).DTYPES:
        plan = plan_by("reference", kernel, image, made, window, groups, dtype, choices)
        return plan._replace(why=f"{plan.why}; {dtype.name} is left to the reference")
    planner = importlib.import_module(f"{sets[name][0]}.plan")
    return planner.plan(kernel, image[0], image[1], made[1], window, image[2:], made[2:], groups, dtype, choices)
