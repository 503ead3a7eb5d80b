"""Products of matrices and vectors: matmul and its special cases, and the linear layer.

float16 is multiplied in float32, for which NumPy has a fast product, and rounded once at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad import dtypes, lineage
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.kernels import active, products
from tensorgrad.op import Op
from tensorgrad.ops.channel_sum import ChannelSum
from tensorgrad.ops.images import check_tensor
from tensorgrad.ops.elementwise import Binary
from tensorgrad.ops.promotion import Operand, common, to
from tensorgrad.ops.reduction import count
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["matmul", "mm", "bmm", "mv", "dot", "outer", "linear"]


FEW = 1024  # entries of both factors up to which NumPy's product is called without further ado


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product of arrays, with float16 computed in float32."""
    if a.ndim == 2 and b.ndim == 2:
        return active().matmul(a, b)
    if a.dtype is dtypes.float16:
        return products.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return products.matmul(a, b)


def as_rows(x: Operand) -> tuple[int, int]:
    """The shape of `x` with all axes but the last joined; not (-1, n), which is ambiguous without entries."""
    return count(x.shape, tuple(range(x.ndim - 1))), x.shape[-1]


def same_dtype(who: str, a: Operand, b: Operand) -> tuple[Operand, Operand]:
    """`a` and `b` in one dtype, without any rule on their shapes; a constant takes the tensor's dtype."""
    if isinstance(a, Tensor):
        if not isinstance(b, Tensor):
            b = as_tensor(dtypes.constant(np.asarray(b), a.dtype))
    elif isinstance(b, Tensor):
        a = as_tensor(dtypes.constant(np.asarray(a), b.dtype))
    else:
        return a, b
    if a.dtype == b.dtype == dtypes.bool_:
        raise DtypeError(message(who, "is not defined for two bool tensors", {"input": a, "other": b},
                                 "Convert them first: .float() or .long()."))
    return common(a, b) if a.dtype != b.dtype else (a, b)


class Matmul(Binary):
    """y = a · b over the last axis of a and the last but one of b; leading axes broadcast, vectors lose their axis"""

    __slots__ = ()
    keeps = (0, 1)

    def aligned(self, a, b):
        return a, b  # dtypes and shapes have been seen to by the functions below

    def forward(self, a, b):
        if a.size <= FEW and b.size <= FEW and a.ndim == b.ndim == 2 and a.dtype.char != "e":
            return a.dot(b)
        if a.ndim > 2 and b.ndim == 2:  # one product instead of one per leading index
            return product(a.reshape(as_rows(a)), b).reshape(*a.shape[:-1], b.shape[1])
        return product(a, b)

    def backward(self, grad):
        a, b = self.inputs
        if a.ndim == b.ndim == 2:
            source_a, source_b = self.sources
            return (None if source_a is None else Matmul().apply(grad, b.mT),
                    None if source_b is None else Matmul().apply(a.mT, grad))
        m = a.shape[-2] if a.ndim > 1 else 1
        n = b.shape[-1] if b.ndim > 1 else 1
        k = a.shape[-1]
        grad = grad.reshape((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), m, n))
        rows, columns = a.reshape((1, k)) if a.ndim == 1 else a, b.reshape((k, 1)) if b.ndim == 1 else b
        grad_a = grad_b = None
        if self.needs(0):
            grad_a = Matmul().apply(grad, columns.mT)
            if a.ndim == 1:
                grad_a = grad_a.reshape((*grad_a.shape[:-2], k))
        if self.needs(1):
            if columns.ndim == 2 and rows.ndim > 2:  # sum over the leading axes within one product
                rows, grad = rows.reshape(as_rows(rows)), grad.reshape(as_rows(grad))
            grad_b = Matmul().apply(rows.mT, grad)
            if b.ndim == 1:
                grad_b = grad_b.reshape(grad_b.shape[:-1])
        return grad_a, grad_b


def matmul(input: Operand, other: Operand) -> Tensor:
    """The matrix product ``input @ other``.

    Shapes
        (m, k) @ (k, n) → (m, n); (k,) @ (k,) → (); (k,) @ (k, n) → (n,); (m, k) @ (k,) → (m,);
        axes before the last two broadcast: (5, 1, m, k) @ (3, k, n) → (5, 3, m, n)

    Raises
        ShapeError   inner sizes that differ, leading axes that do not broadcast, an operand without axes

    Example
        >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, -1.0]))
        tensor([-1., -1.])
    """
    if not are_factors(input, other):
        input, other = same_dtype("matmul", input, other)
        check_matmul("matmul", input, other)
    return Matmul().apply(input, other)


def are_factors(a: Operand, b: Operand) -> bool:
    """True for two matrices of one float dtype that fit: the usual operands, which need no further check."""
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        return False
    x, y = a.array, b.array
    return x.ndim == 2 and y.ndim == 2 and x.dtype is y.dtype and x.shape[1] == y.shape[0] and x.dtype.kind == "f"


def check_matmul(who: str, a: Operand, b: Operand) -> None:
    """Raise a ShapeError unless ``a @ b`` is defined."""
    operands = {"input": a, "other": b}
    if not a.ndim or not b.ndim:
        raise ShapeError(message(who, "an operand has no axes", operands, "Multiply by a number with *."))
    k, inner = a.shape[-1], b.shape[-2 if b.ndim > 1 else -1]
    if k != inner:
        fits = [f"{name} transposed" for name, does in (
            ("other", b.ndim > 1 and b.shape[-1] == k), ("input", a.ndim > 1 and a.shape[-2] == inner)) if does]
        raise ShapeError(message(who, f"the inner sizes differ: {k} and {inner}", operands,
                                 f"It would fit with {' or with '.join(fits)}: x.transpose(-2, -1)." if fits else
                                 f"The last axis of input needs {inner} entries, or axis {max(b.ndim - 2, 0)} of other "
                                 f"{k}."))
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(message(who, f"the leading axes {a.shape[:-2]} and {b.shape[:-2]} cannot be broadcast together",
                                 operands, "Axes are matched from the last; each pair must be equal or have a 1.")) from None


def check_ndim(who: str, input: Operand, n: int, other: Operand, m: int) -> tuple[Operand, Operand]:
    """The operands in one dtype; a ShapeError unless they have `n` and `m` axes and fit."""
    a, b = same_dtype(who, input, other)
    if a.ndim != n or b.ndim != m:
        raise ShapeError(message(who, f"expects {n} and {m} axes, got {a.ndim} and {b.ndim}", {"input": a, "other": b},
                                 "Use matmul, which takes any number of axes."))
    check_matmul(who, a, b)
    return a, b


def mm(input: Operand, mat2: Operand) -> Tensor:
    """The product of two matrices, (m, k) and (k, n).

    Raises
        ShapeError   other numbers of axes, inner sizes that differ

    Example
        >>> mm(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]))
        tensor([[11.]])
    """
    return Matmul().apply(*check_ndim("mm", input, 2, mat2, 2))


def bmm(input: Operand, mat2: Operand) -> Tensor:
    """The products of matrices pair by pair, (B, m, k) and (B, k, n) to (B, m, n), without broadcasting.

    Raises
        ShapeError   other numbers of axes, batches or inner sizes that differ

    Example
        >>> bmm(Tensor(np.ones((2, 3, 4))), Tensor(np.ones((2, 4, 5)))).shape
        (2, 3, 5)
    """
    if input.ndim == mat2.ndim == 3 and input.shape[0] != mat2.shape[0]:
        raise ShapeError(message("bmm", f"the batches differ: {input.shape[0]} and {mat2.shape[0]} matrices",
                                 {"input": input, "mat2": mat2}, "Use matmul to broadcast a batch of 1."))
    return Matmul().apply(*check_ndim("bmm", input, 3, mat2, 3))


def mv(input: Operand, vec: Operand) -> Tensor:
    """The product of a matrix and a vector, (m, k) and (k,).

    Raises
        ShapeError   other numbers of axes, sizes that differ

    Example
        >>> mv(Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0]))
        tensor([11.])
    """
    return Matmul().apply(*check_ndim("mv", input, 2, vec, 1))


def dot(input: Operand, tensor: Operand) -> Tensor:
    """The sum of the products of two vectors' entries.

    Raises
        ShapeError   other numbers of axes, lengths that differ

    Example
        >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor(11.)
    """
    return Matmul().apply(*check_ndim("dot", input, 1, tensor, 1))


def outer(input: Operand, vec2: Operand) -> Tensor:
    """Every product of an entry of one vector with one of the other, (m,) and (n,) to (m, n).

    Raises
        ShapeError   operands that are not vectors

    Example
        >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor([[3., 4.],
                [6., 8.]])
    """
    if input.ndim != 1 or vec2.ndim != 1:
        raise ShapeError(message("outer", f"expects two vectors, got {input.ndim} and {vec2.ndim} axes",
                                 {"input": input, "vec2": vec2}, "Flatten them first: x.flatten()."))
    return input.reshape((-1, 1)) * vec2


class Linear(Op):
    """y = x · wᵀ + b over the last axis of x"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, x, weight, bias):
        y = active().linear(x.reshape(as_rows(x)) if x.ndim != 2 else x, weight, bias)
        return y.reshape(*x.shape[:-1], weight.shape[0]) if x.ndim != 2 else y

    def backward(self, grad):
        x, weight = self.inputs
        rows, columns = grad, x
        if x.ndim != 2:
            rows, columns = grad.reshape(as_rows(grad)), x.reshape(as_rows(x))
        grad_x = grad_weight = grad_bias = None
        source_x, source_weight, source_bias = self.sources
        if source_x is not None:
            grad_x = Matmul().apply(rows, weight)
            if x.ndim != 2:
                grad_x = grad_x.reshape(x.shape)
        if source_weight is not None:
            grad_weight = Matmul().apply(rows.mT, columns)
        if source_bias is not None:
            grad_bias = rows.reshape(rows.shape[1:]) if rows.shape[0] == 1 else ChannelSum().apply(rows)
        return grad_x, grad_weight, grad_bias


def linear(input: Operand, weight: Operand, bias: Operand | None = None) -> Tensor:
    """``input @ weight.T + bias``: every output is a weighted sum of all features.

    Shapes
        input (*, in_features), weight (out_features, in_features), bias (out_features,) → (*, out_features)

    Raises
        ShapeError   another number of features than `weight` has, a weight that is no matrix, a bias of another length

    Example
        >>> linear(Tensor([[1.0, 2.0]]), Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), Tensor([0.0, 0.0, 10.0]))
        tensor([[ 1.,  2., 13.]])
    """
    if not fit_each_other(input, weight, bias):
        check_linear(input, weight, bias)
        if isinstance(input, Tensor) or isinstance(weight, Tensor):
            input, weight = same_dtype("linear", input, weight)
            bias = bias if bias is None or bias.dtype == weight.dtype else to(bias, weight.dtype)
    return Linear().apply(input, weight, bias)


def misfit(input: Operand, outputs: int, features: int, operands: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """What is wrong with the features of an input to `linear`, the operands, and what to do about it."""
    got, before = input.shape[-1], lineage.flattened(input)
    what = f"expects {features} features, got {got} in the last axis"
    if before is not None and len(before.shape) > 2:
        parts = before.shape[-input.ndim:] if math.prod(before.shape[1:]) != got else before.shape[1:]
        if math.prod(parts) == got:
            what = f"expects {features} features, got {got} = {'·'.join(map(str, parts))} from {before.where}"
    flat = math.prod(input.shape[1:])
    if got == outputs:
        fix = "Transpose the weight: its shape is (out_features, in_features)."
    elif input.ndim > 2 and flat == features:
        fix = "Flatten the input first: x.flatten(1)."
    elif features in input.shape[1:-1]:
        axis = input.shape.index(features, 1)
        fix = f"Axis {axis} has {features} entries: if they are the features, use x.transpose({axis}, -1)."
    elif input.ndim == 3:
        fix = f"Set in_features={got} for each of its rows, or in_features={flat} and flatten the input first: x.flatten(1)."
    elif input.ndim > 2:
        fix = f"Set in_features={flat} and flatten the input first: x.flatten(1)."
    elif before is not None and math.prod(before.shape) == features:
        fix = (f"Shape {before.shape} was flattened without an axis for the batch: give one image as x.unsqueeze(0), or "
               "flatten from axis 1.")
    elif before is not None and len(before.shape) > 2 and math.prod(before.shape) == got and before.shape[0] != 1:
        fix = f"Shape {before.shape} was flattened together with its batch: flatten from axis 1, x.flatten(1)."
    elif before is not None and len(before.shape) > 2 and before.shape[0] != input.shape[0]:
        fix = lineage.rebatched(input, before.shape[0])
    else:
        fix = f"Use in_features={got}, or Linear(None, {outputs}), which takes what comes first."
        meant = lineage.factors(features, before.shape[1]) if before is not None and len(before.shape) == 4 else ""
        if meant:
            fix += f"  {meant} would be images of another size."
    return what, operands, lineage.with_sizes(fix, input)


def fit_each_other(input: Operand, weight: Operand, bias: Operand | None) -> bool:
    """True for the usual operands of `linear`, rows and parameters of one float dtype, which need no further check."""
    if not isinstance(input, Tensor) or not isinstance(weight, Tensor):
        return False
    x, w = input.array, weight.array
    if x.ndim != 2 or w.ndim != 2 or x.dtype is not w.dtype or x.shape[1] != w.shape[1] or x.dtype.kind != "f":
        return False
    return bias is None or isinstance(bias, Tensor) and bias.array.dtype is w.dtype and bias.array.shape == w.shape[:1]


def check_linear(input: Operand, weight: Operand, bias: Operand | None) -> None:
    """Raise a ShapeError unless the operands of `linear` fit."""
    check_tensor("linear", "input", input)
    operands = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
    if weight.ndim != 2:
        raise ShapeError(message("linear", f"the weight has {weight.ndim} axes, not 2", operands,
                                 "Use a weight of shape (out_features, in_features)."))
    outputs, features = weight.shape
    if not input.ndim:
        raise ShapeError(message("linear", "the input has no axes", operands, f"Give it {features} features."))
    if input.shape[-1] != features:
        raise ShapeError(message("linear", *misfit(input, outputs, features, operands)))
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(message("linear", f"the bias has shape {bias.shape}, not ({outputs},)", operands,
                                 f"Give one number for each of the {outputs} outputs."))
