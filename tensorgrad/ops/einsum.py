"""Sums of products over named axes: einsum, and tensordot on top of it.

The gradient of an operand is an einsum too: of the incoming gradient and the other operands, with that operand's letters
as the result.  A letter that occurs nowhere else comes in through a vector of ones, one that repeats through an identity
matrix.
"""

from __future__ import annotations

import functools
import string
from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, RangeError, ShapeError, message
from tensorgrad.kernels.blas import one_thread
from tensorgrad.op import Op
from tensorgrad.ops.linalg import same_dtype
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import Expand
from tensorgrad.tensor import Tensor

__all__ = ["einsum", "tensordot"]


@functools.lru_cache(maxsize=512)
def path_of(equation: str, shapes: tuple[tuple[int, ...], ...]) -> list[Any]:
    """The order in which the operands are best multiplied."""
    return np.einsum_path(equation, *[np.broadcast_to(np.float32(0), shape) for shape in shapes], optimize="optimal")[0]


class Einsum(Op):
    """y = Σ Π operands over the letters that the result lacks"""

    __slots__ = ("equation",)
    makes_views = True

    def __init__(self, equation: str):
        self.equation = equation

    @property
    def keeps(self):
        return tuple(range(self.equation.count(",") + 1))

    def forward(self, *operands):
        dtype = operands[0].dtype
        if dtype.itemsize == 2 and dtype.kind == "f":
            return self.forward(*[operand.astype(np.float32) for operand in operands]).astype(dtype)
        if len(operands) == 1:
            return np.einsum(self.equation, *operands)
        path = path_of(self.equation, tuple([o.shape for o in operands]))
        with one_thread:  # einsum multiplies matrices where it can
            return np.einsum(self.equation, *operands, optimize=path)

    def backward(self, grad):
        left, _, result = self.equation.partition("->")
        terms = left.split(",")
        if len(terms) == 1:
            return self.gradient_of(0, terms, result, grad)
        return tuple([self.gradient_of(i, terms, result, grad) if self.needs(i) else None for i in range(len(terms))])

    def gradient_of(self, position, terms, result, grad):
        """The gradient of one operand."""
        sizes = {letter: n for operand, term in zip(self.inputs, terms) for letter, n in zip(term, operand.shape) if n != 1}
        operands, letters = [grad], [result]
        for i, term in enumerate(terms):
            if i != position:
                operands.append(self.inputs[i])
                letters.append(term)
        unused = (letter for letter in string.ascii_letters if letter not in self.equation)
        own = ""
        for letter in terms[position]:
            if letter in own:  # a diagonal
                twin = next(unused)
                operands.append(np.eye(sizes.get(letter, 1), dtype=grad.dtype))
                letters.append(letter + twin)
                letter = twin
            elif not any(letter in term for term in letters):  # summed over
                operands.append(np.ones(sizes.get(letter, 1), grad.dtype))
                letters.append(letter)
            own += letter
        found = Einsum(f"{','.join(letters)}->{own}").apply(*operands)
        # A letter with 1 entry everywhere else is summed over too.
        shape = tuple([max(n, m) for n, m in zip(found.shape, self.inputs[position].shape)])
        return found if found.shape == shape else Expand(shape).apply(found)


def einsum(equation: str, *operands: Operand) -> Tensor:
    """Products of the operands' entries, summed over every letter that the right side of `equation` lacks.

    ``"nchw,fc->nfhw"`` reads: for each n, f, h, w, sum over c.  Without ``->`` the letters that occur once make the result,
    in alphabetical order.  ``...`` stands for any axes, which broadcast.  A letter repeated in a term takes the diagonal.

    Raises
        ArgumentError   an equation that cannot be read, or that has another number of terms than there are operands
        ShapeError      an operand with another number of axes than its term has letters, a letter with two sizes

    Example
        >>> einsum("ij,ij->i", Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[1.0, 1.0], [0.0, 2.0]]))
        tensor([3., 8.])
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        raise ArgumentError(f"einsum: expects an equation such as 'ij,jk->ik', got {type(equation).__name__}.\n"
                            "  Give it first, then the operands.")
    explicit = without_ellipsis(equation, operands)
    first = next((o for o in operands if isinstance(o, Tensor)), None)
    if first is not None:
        for other in operands:
            first, _ = same_dtype("einsum", first, other)
        operands = tuple([same_dtype("einsum", operand, first)[0] for operand in operands])
    return Einsum(explicit).apply(*operands)


def without_ellipsis(equation: str, operands: tuple[Operand, ...]) -> str:
    """`equation` with its result spelled out and every axis named by a letter, checked against the operands."""
    shown = {f"operand {i}": operand for i, operand in enumerate(operands)}
    text = "".join(equation.split())
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    for part in (*terms, result):
        letters = part.replace("...", "", 1)
        if not all(c in string.ascii_letters for c in letters):
            wrong = next(c for c in letters if c not in string.ascii_letters)
            raise ArgumentError(message("einsum", f"{wrong!r} in {equation!r} is no letter", shown,
                                        "Name axes by letters; write '...' for axes before them, ',' between operands."))
    if len(terms) != len(operands):
        raise ArgumentError(message("einsum", f"{equation!r} has {len(terms)} terms for {len(operands)} operands", shown,
                                    "Write one term per operand, separated by commas."))

    unused = [c for c in string.ascii_letters if c not in text]
    dots = [operand.ndim - len(term) + 3 for term, operand in zip(terms, operands) if "..." in term]
    front = "".join(unused[:max(dots, default=0)])
    spelled = []
    for i, (term, operand) in enumerate(zip(terms, operands)):
        axes = operand.ndim - len(term) + 3
        spelled.append(term.replace("...", front[len(front) - axes:]) if "..." in term and axes >= 0 else term)
        if len(spelled[i]) != operand.ndim:
            raise ShapeError(message("einsum", f"the term {term!r} does not name the {operand.ndim} axes of operand {i}",
                                     shown, f"Write {operand.ndim} letters, or '...' for axes that are only carried along."))
    sizes: dict[str, int] = {}
    for term, operand in zip(spelled, operands):
        for letter, n in zip(term, operand.shape):
            if n != 1 and sizes.setdefault(letter, n) != n:
                raise ShapeError(message("einsum", f"{letter!r} in {equation!r} stands for {sizes[letter]} and for {n}",
                                         shown, "A letter needs the same size wherever it occurs, or 1."))

    named = "".join(spelled)
    if not arrow:
        result = front + "".join(sorted(c for c in set(named) - set(front) if named.count(c) == 1))
    result = result.replace("...", front)
    for letter in result:
        if letter not in named:
            raise ArgumentError(message("einsum", f"{letter!r} in the result of {equation!r} is in no operand", shown,
                                        "Use unsqueeze and expand for a new axis."))
        if result.count(letter) > 1:
            raise ArgumentError(message("einsum", f"{letter!r} occurs twice in the result of {equation!r}", shown,
                                        "Write each letter of the result once."))
    return ",".join(spelled) + "->" + result


def tensordot(a: Operand, b: Operand, dims: Any = 2) -> Tensor:
    """The sum of products over the last `dims` axes of `a` and the first `dims` of `b`, or over two lists of axes.

    Raises
        ShapeError    paired axes of different lengths, neither of which is 1
        RangeError    axes that an operand does not have

    Example
        >>> tensordot(Tensor(np.ones((2, 3, 4))), Tensor(np.ones((4, 3, 5))), dims=([1, 2], [1, 0])).shape
        (2, 5)
    """
    if isinstance(dims, (int, np.integer)):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RangeError(message("tensordot", f"dims={dims} axes are not there", {"a": a, "b": b},
                                     f"Use 0 to {min(a.ndim, b.ndim)}."))
        pairs = [(a.ndim - dims + i, i) for i in range(dims)]
    else:
        pairs = list(zip(*dims, strict=True))
    letters = iter(string.ascii_letters)
    left, right = [""] * a.ndim, [""] * b.ndim
    for i, j in pairs:
        if not (-a.ndim <= i < a.ndim and -b.ndim <= j < b.ndim):
            raise RangeError(message("tensordot", f"the pair of axes {i} and {j} is not there", {"a": a, "b": b},
                                     f"Use {-a.ndim} to {a.ndim - 1} and {-b.ndim} to {b.ndim - 1}."))
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise ShapeError(message("tensordot", f"axis {i} of a has {a.shape[i]} entries, axis {j} of b {b.shape[j]}",
                                     {"a": a, "b": b}, "Name pairs of axes of equal length, or with 1."))
        left[i] = right[j] = next(letters)
    free = ["", ""]
    for side, names in enumerate((left, right)):
        for axis, name in enumerate(names):
            if not name:
                names[axis] = next(letters)
                free[side] += names[axis]
    return einsum(f"{''.join(left)},{''.join(right)}->{free[0]}{free[1]}", a, b)
