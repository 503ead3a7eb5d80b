"""Distances between all pairs of two sets of points: cdist."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.linalg import same_dtype
from tensorgrad.ops.masking import masked
from tensorgrad.ops.matrices import check_float
from tensorgrad.ops.norms import length
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand_reduced
from tensorgrad.ops.rounding import abs, sign
from tensorgrad.ops.shape import unsqueeze
from tensorgrad.tensor import Tensor

__all__ = ["cdist"]

MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


class LargestDifference(Op):
    """y = max |x| over the last axis; each entry that ties gets the whole gradient"""

    __slots__ = ()
    keeps = (0,)
    keeps_output = True

    def forward(self, x):
        return np.abs(x).max(axis=-1, initial=0)

    def backward(self, grad):
        (x,) = self.inputs
        axis = (len(x.shape) - 1,)
        best = expand_reduced(self.output, x.shape, axis, False)
        return sign(x) * masked(expand_reduced(grad, x.shape, axis, False), abs(x) == best)


def cdist(x1: Operand, x2: Operand, p: float = 2.0, compute_mode: Any = MODES[0]) -> Tensor:
    """The p-norm of the difference of each row of `x1` with each row of `x2`; `p` may be 0 (how many entries differ) or inf.

    Takes memory for all differences.  `compute_mode`, with which PyTorch may use a faster formula that loses digits, is
    checked and changes nothing: the differences themselves are computed.

    Shapes
        x1 (*, n, k), x2 (*, m, k), whose leading axes broadcast → (*, n, m)

    Gradient
        0 where the distance is 0; of p = inf whole for each entry that ties

    Raises
        ShapeError      rows of different length, fewer than two axes, leading axes that do not broadcast
        ArgumentError   a negative `p`, an unknown mode
        DtypeError      integers

    Example
        >>> cdist(Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[5., 1.]])
    """
    check_float("cdist", x1)
    a, b = same_dtype("cdist", x1, x2)
    shown = {"x1": a, "x2": b}
    if a.ndim < 2 or b.ndim < 2:
        raise ShapeError(message("cdist", "fewer than two axes", shown, "Give rows: (points, coordinates)."))
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(message("cdist", f"the rows have {a.shape[-1]} and {b.shape[-1]} entries", shown,
                                 "Give both as many."))
    if not p >= 0:
        raise ArgumentError(message("cdist", f"p={p} is negative", shown, "Use 0 or more, or float('inf')."))
    if compute_mode not in (*MODES, None, 0, 1, 2):
        raise ArgumentError(message("cdist", f"compute_mode={compute_mode!r} is unknown", shown,
                                    f"Use one of {', '.join(MODES)}."))
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(message("cdist", f"the leading axes {a.shape[:-2]} and {b.shape[:-2]} cannot be broadcast together",
                                 shown, "Axes are matched from the last; each pair must be equal or have a 1.")) from None
    difference = unsqueeze(a, -2) - unsqueeze(b, -3)
    if p == float("inf"):
        return LargestDifference().apply(difference)
    return length("cdist", difference, p, (difference.ndim - 1,), False)
