"""Which op is which Tensor method or operator: one class body, read like a table of contents.

A function in a class body is a method, so signature and docstring exist once.  `attach` copies the entries to Tensor when
the package is imported; type checkers see `Tensor` inherit from this class instead.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

import numpy as np

from tensorgrad import autograd, creation_methods, interop, ops
from tensorgrad.in_place import arithmetic, filling
from tensorgrad.in_place.arithmetic import augmented
from tensorgrad.in_place.methods import OverwritingMethods
from tensorgrad.ops import memory_layout, promotion, reinterpretation, shape, windows
from tensorgrad.porting.keyword_names import with_other_names
from tensorgrad.porting.typed_tensors import type_of
from tensorgrad.tensor import Tensor

__all__ = ["TensorMethods", "attach"]


def reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with its two operands exchanged: what ``2 - tensor`` calls."""

    def method(self: Any, other: Any) -> Any:
        return function(other, self)

    method.__doc__ = f"{function.__name__}(other, self)"
    return method


def or_not_comparable(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, for operands that can be compared with numbers; ``tensor == None`` is False, as Python has it."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, (Tensor, np.ndarray, np.generic, bool, int, float, list, tuple)):
            return function(self, other)
        return NotImplemented

    method.__doc__ = f"{function.__name__}(self, other)"
    return method


def iterate(self: Tensor) -> Iterator[Tensor]:
    """The entries of the first axis, one by one: ``for row in tensor``."""
    if not self.ndim:
        raise TypeError("iter: a tensor without axes has no entries to go through.\n  Its one number is x.item().")
    return iter(ops.unbind(self))


def converted(dtype: str) -> Callable[..., Any]:
    """The method that gives a tensor in `dtype`."""

    def method(self: Any) -> Any:
        return promotion.to(self, dtype)

    method.__doc__ = f"The tensor in {dtype}; itself if it has that dtype already."
    return method


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return promotion.to(self, other.dtype)


def choose(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor's entries where `condition` holds, else those of `other`."""
    return ops.where(condition, self, other)


class TensorMethods(OverwritingMethods):
    """The methods and operators of Tensor that are ops."""

    # arithmetic
    __add__ = __radd__ = add = ops.add
    __sub__ = sub = subtract = ops.sub
    __rsub__ = reflected(ops.sub)
    __mul__ = __rmul__ = mul = multiply = ops.mul
    __truediv__ = div = divide = true_divide = ops.div
    __rtruediv__ = reflected(ops.div)
    __floordiv__ = floor_divide = ops.floor_divide
    __rfloordiv__ = reflected(ops.floor_divide)
    __neg__ = neg = negative = ops.neg
    __pos__ = positive = ops.positive
    lerp, addcmul, addcdiv = ops.lerp, ops.addcmul, ops.addcdiv
    __pow__ = pow = ops.pow
    float_power = ops.float_power
    __rpow__ = reflected(ops.pow)
    clone = ops.clone
    type = type_of
    to, cpu, device = memory_layout.moved, memory_layout.cpu, property(memory_layout.device_of)
    is_cpu, is_cuda, is_sparse, is_quantized, is_meta, is_mps, is_xla = True, False, False, False, False, False, False
    type_as = type_as
    half, float, double = converted("float16"), converted("float32"), converted("float64")
    short, int, long = converted("int16"), converted("int32"), converted("int64")
    char, byte, bool = converted("int8"), converted("uint8"), converted("bool")
    exp, log, sqrt, rsqrt, square, reciprocal = ops.exp, ops.log, ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal
    exp2, expm1, log1p, log2, log10, xlogy = ops.exp2, ops.expm1, ops.log1p, ops.log2, ops.log10, ops.xlogy
    logit, logaddexp, logaddexp2, logcumsumexp = ops.logit, ops.logaddexp, ops.logaddexp2, ops.logcumsumexp
    erf, erfc, erfinv, lgamma, digamma = ops.erf, ops.erfc, ops.erfinv, ops.lgamma, ops.digamma
    sin, cos, tan, asin, acos, atan, atan2 = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan, ops.atan2
    arcsin, arccos, arctan, arctan2 = ops.arcsin, ops.arccos, ops.arctan, ops.arctan2
    hypot, sinc, deg2rad, rad2deg = ops.hypot, ops.sinc, ops.deg2rad, ops.rad2deg
    sinh, cosh, tanh, asinh, acosh, atanh = ops.sinh, ops.cosh, ops.tanh, ops.asinh, ops.acosh, ops.atanh
    arcsinh, arccosh, arctanh = ops.arcsinh, ops.arccosh, ops.arctanh
    __abs__ = abs = absolute = ops.abs
    copysign, heaviside, sgn = ops.copysign, ops.heaviside, ops.sgn
    sign, floor, ceil, trunc, round, frac = ops.sign, ops.floor, ops.ceil, ops.trunc, ops.round, ops.frac
    __mod__ = remainder = ops.remainder
    __rmod__ = reflected(ops.remainder)
    fmod = ops.fmod

    # activations
    sigmoid, relu, prelu, hardshrink = ops.sigmoid, ops.relu, ops.prelu, ops.hardshrink
    softmax, log_softmax, logsumexp = ops.softmax, ops.log_softmax, ops.logsumexp

    # comparison and choice
    __eq__, eq = or_not_comparable(ops.eq), ops.eq
    __ne__, ne = or_not_comparable(ops.ne), ops.ne
    not_equal = ops.ne
    __lt__ = lt = less = ops.lt
    __le__ = le = less_equal = ops.le
    __gt__ = gt = greater = ops.gt
    __ge__ = ge = greater_equal = ops.ge
    logical_not, logical_and, logical_or, logical_xor = ops.logical_not, ops.logical_and, ops.logical_or, ops.logical_xor
    __invert__ = bitwise_not = ops.bitwise_not
    __and__ = __rand__ = bitwise_and = ops.bitwise_and
    __or__ = __ror__ = bitwise_or = ops.bitwise_or
    __xor__ = __rxor__ = bitwise_xor = ops.bitwise_xor
    __lshift__ = bitwise_left_shift = ops.bitwise_left_shift
    __rshift__ = bitwise_right_shift = ops.bitwise_right_shift
    __rlshift__, __rrshift__ = reflected(ops.bitwise_left_shift), reflected(ops.bitwise_right_shift)
    isnan, isinf, isfinite, isposinf, isneginf = ops.isnan, ops.isinf, ops.isfinite, ops.isposinf, ops.isneginf
    isclose, allclose, equal = ops.isclose, ops.allclose, ops.equal
    where = choose
    maximum, minimum, fmax, fmin = ops.maximum, ops.minimum, ops.fmax, ops.fmin
    nan_to_num = ops.nan_to_num
    clamp = clip = ops.clamp
    clamp_min, clamp_max = ops.clamp_min, ops.clamp_max

    # reductions and expansion
    sum, mean, prod, cumsum, cumprod = ops.sum, ops.mean, ops.prod, ops.cumsum, ops.cumprod
    var, std, norm = ops.var, ops.std, ops.norm
    max, min, amax, amin, aminmax = ops.max, ops.min, ops.amax, ops.amin, ops.aminmax
    argmax, argmin, sort, argsort, topk, median = ops.argmax, ops.argmin, ops.sort, ops.argsort, ops.topk, ops.median
    nansum, nanmean, nanmedian = ops.nansum, ops.nanmean, ops.nanmedian
    quantile, nanquantile, kthvalue, mode = ops.quantile, ops.nanquantile, ops.kthvalue, ops.mode
    cummax, cummin = ops.cummax, ops.cummin
    any, all, count_nonzero = ops.any, ops.all, ops.count_nonzero
    signbit, fix, msort, multinomial = ops.signbit, ops.fix, ops.msort, ops.multinomial
    unique_consecutive, fill_diagonal_ = ops.unique_consecutive, filling.fill_diagonal_
    unique, histc, bincount = ops.unique, ops.histc, ops.bincount
    expand, broadcast_to = ops.expand, ops.broadcast_to

    # products of matrices
    __matmul__ = matmul = ops.matmul
    __rmatmul__ = reflected(ops.matmul)
    mm, bmm, mv, dot, outer = ops.mm, ops.bmm, ops.mv, ops.dot, ops.outer
    vdot, inner, ger, kron, cross = ops.vdot, ops.inner, ops.ger, ops.kron, ops.cross
    addmm, addmv, addbmm, baddbmm, addr = ops.addmm, ops.addmv, ops.addbmm, ops.baddbmm, ops.addr
    matrix_power, inverse, cholesky = ops.matrix_power, ops.inverse, ops.cholesky
    det, logdet, slogdet, trace = ops.det, ops.logdet, ops.slogdet, ops.trace

    # shape
    reshape, view = ops.reshape, reinterpretation.view
    flatten, unflatten, ravel = ops.flatten, ops.unflatten, ops.ravel
    permute, transpose, swapaxes, swapdims = ops.permute, ops.transpose, ops.swapaxes, ops.swapdims
    movedim, moveaxis, adjoint = ops.movedim, ops.moveaxis, ops.adjoint
    squeeze, unsqueeze = ops.squeeze, ops.unsqueeze
    view_as, reshape_as, expand_as = ops.view_as, ops.reshape_as, ops.expand_as
    repeat, tile, repeat_interleave = ops.repeat, ops.tile, ops.repeat_interleave
    real = property(memory_layout.real)
    t, T, mT, mH = ops.t, property(ops.reversed_axes), property(ops.matrix_transpose), property(ops.adjoint)
    H = property(shape.conjugate_transpose)

    # indexing and joining
    __getitem__ = ops.getitem
    __iter__ = iterate
    select, narrow = ops.select, ops.narrow
    split, split_with_sizes, chunk, unbind = ops.split, ops.split_with_sizes, ops.chunk, ops.unbind
    tensor_split, hsplit, vsplit, dsplit = ops.tensor_split, ops.hsplit, ops.vsplit, ops.dsplit
    unfold, diff = windows.unfold, ops.diff
    gather, scatter, scatter_add, scatter_reduce = ops.gather, ops.scatter, ops.scatter_add, ops.scatter_reduce
    take, take_along_dim = ops.take, ops.take_along_dim
    index_select, index_add, index_copy, index_fill = ops.index_select, ops.index_add, ops.index_copy, ops.index_fill
    index_put, put = ops.index_put, ops.put
    masked_fill, masked_select, masked_scatter = ops.masked_fill, ops.masked_select, ops.masked_scatter
    select_scatter, slice_scatter, diagonal_scatter = ops.select_scatter, ops.slice_scatter, ops.diagonal_scatter
    nonzero, argwhere = ops.nonzero, ops.argwhere
    tril, triu, diagonal, diag, diag_embed = ops.tril, ops.triu, ops.diagonal, ops.diag, ops.diag_embed
    diagflat = ops.diagflat
    flip, fliplr, flipud, rot90, roll = ops.flip, ops.fliplr, ops.flipud, ops.rot90, ops.roll

    # in place; the rest of these methods is inherited
    __iadd__, __isub__, __imul__, __itruediv__ = arithmetic.iadd, arithmetic.isub, arithmetic.imul, arithmetic.itruediv
    __ifloordiv__, __imod__ = augmented("//=", ops.floor_divide), augmented("%=", ops.remainder)
    __ipow__ = augmented("**=", ops.pow)
    __iand__, __ior__ = augmented("&=", ops.bitwise_and), augmented("|=", ops.bitwise_or)
    __ixor__ = augmented("^=", ops.bitwise_xor)
    __ilshift__, __irshift__ = augmented("<<=", ops.bitwise_left_shift), augmented(">>=", ops.bitwise_right_shift)
    __setitem__ = arithmetic.setitem
    add_, sub_, mul_, div_ = arithmetic.add_, arithmetic.sub_, arithmetic.mul_, arithmetic.div_
    addcmul_, addcdiv_, lerp_ = arithmetic.addcmul_, arithmetic.addcdiv_, arithmetic.lerp_
    detach_ = arithmetic.detach_
    zero_, fill_, copy_, masked_fill_ = filling.zero_, filling.fill_, filling.copy_, filling.masked_fill_
    normal_, uniform_, bernoulli_ = filling.normal_, filling.uniform_, filling.bernoulli_
    exponential_, random_ = filling.exponential_, filling.random_

    # new tensors, and place in memory
    new_zeros, new_ones, new_full = creation_methods.new_zeros, creation_methods.new_ones, creation_methods.new_full
    new_empty, new_tensor, bernoulli = creation_methods.new_empty, creation_methods.new_tensor, ops.bernoulli
    contiguous, is_contiguous = memory_layout.contiguous, memory_layout.is_contiguous
    storage_offset, data_ptr = memory_layout.storage_offset, memory_layout.data_ptr
    get_device = memory_layout.get_device
    nelement, ndimension = memory_layout.nelement, memory_layout.ndimension
    stride, element_size, is_floating_point = memory_layout.stride, memory_layout.element_size, ops.is_floating_point
    is_complex, is_signed, is_nonzero, is_same_size = ops.is_complex, ops.is_signed, ops.is_nonzero, ops.is_same_size

    # NumPy and other libraries
    __array_ufunc__, __array_function__ = interop.array_ufunc, interop.array_function
    __dlpack__, __dlpack_device__ = interop.dlpack, interop.dlpack_device

    # graph
    backward = autograd.backward
    why_grad = autograd.why_grad


def attach() -> None:
    """Give Tensor these methods."""
    for name, function in {**vars(OverwritingMethods), **vars(TensorMethods)}.items():
        if name not in ("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__hash__"):
            setattr(Tensor, name, with_other_names(function))
