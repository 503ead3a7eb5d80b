"""The operations, one file per family.  `methods` says which of them are Tensor methods."""

from tensorgrad.ops.activation import gelu, glu, logsigmoid, mish, sigmoid, silu, softplus, softsign, tanhshrink
from tensorgrad.ops.adaptive_pooling import (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d,
                                             adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d)
from tensorgrad.ops.arithmetic import (add, clone, div, divide, floor_divide, mul, multiply, neg, negative, rsub, sub,
                                       subtract, true_divide)
from tensorgrad.ops.batch_normalization import batch_norm, instance_norm
from tensorgrad.ops.blends import addcdiv, addcmul, lerp
from tensorgrad.ops.choice import clamp, clamp_max, clamp_min, clip, fill, maximum, minimum, where
from tensorgrad.ops.cholesky_factor import cholesky
from tensorgrad.ops.closeness import allclose, equal, isclose
from tensorgrad.ops.comparison import (bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift,
                                       bitwise_xor, eq, ge, greater, greater_equal, gt, isfinite, isinf, isnan, le, less,
                                       less_equal, logical_and, logical_not, logical_or, logical_xor, lt, ne, not_equal)
from tensorgrad.ops.combinatorics import block_diag, cartesian_prod, combinations
from tensorgrad.ops.convolution import conv1d, conv2d, conv3d
from tensorgrad.ops.counting import bincount, bucketize, histc, searchsorted, unique
from tensorgrad.ops.determinant import det, logdet, slogdet
from tensorgrad.ops.differences import diff
from tensorgrad.ops.dimensions import atleast_1d, atleast_2d, atleast_3d, broadcast_tensors
from tensorgrad.ops.distances import cdist
from tensorgrad.ops.draws import bernoulli, multinomial
from tensorgrad.ops.dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from tensorgrad.ops.dtype_queries import (can_cast, is_complex, is_floating_point, is_nonzero, is_same_size, is_signed,
                                          numel, promote_types, result_type)
from tensorgrad.ops.einsum import einsum, tensordot
from tensorgrad.ops.error_function import erf, erfc
from tensorgrad.ops.exponential import exp, exp2, expm1, float_power, pow, reciprocal, rsqrt, sqrt, square
from tensorgrad.ops.extrema import amax, amin, aminmax, argmax, argmin, max, min
from tensorgrad.ops.gamma_function import digamma, lgamma
from tensorgrad.ops.gathering import gather, scatter_add, take, take_along_dim
from tensorgrad.ops.hyperbolic import acosh, arccosh, arcsinh, arctanh, asinh, atanh, cosh, sinh, tanh
from tensorgrad.ops.indexing import getitem, narrow, select
from tensorgrad.ops.interpolation import interpolate
from tensorgrad.ops.inverse_error_function import erfinv
from tensorgrad.ops.joining import (cat, column_stack, concat, concatenate, dstack, hstack, row_stack, stack,
                                    vstack)
from tensorgrad.ops.linalg import bmm, dot, linear, matmul, mm, mv, outer
from tensorgrad.ops.log_sums import logaddexp, logaddexp2, logcumsumexp
from tensorgrad.ops.logarithm import log, log10, log1p, log2, logit, xlogy
from tensorgrad.ops.mask_selection import argwhere, masked_fill, masked_select, nonzero
from tensorgrad.ops.matrix_chains import chain_matmul, matrix_power
from tensorgrad.ops.matrix_inverse import inverse
from tensorgrad.ops.matrix_norms import norm
from tensorgrad.ops.matrix_sums import addbmm, addmm, addmv, addr, baddbmm
from tensorgrad.ops.membership import isin, unique_consecutive
from tensorgrad.ops.memory_layout import detach, get_device, imag, real
from tensorgrad.ops.nan_aware import fmax, fmin, nan_to_num, nanmean, nansum
from tensorgrad.ops.normalization import group_norm, layer_norm, rms_norm
from tensorgrad.ops.order_statistics import kthvalue, mode, nanquantile, quantile
from tensorgrad.ops.ordering import argsort, median, msort, nanmedian, sort, topk
from tensorgrad.ops.overwriting import (diagonal_scatter, index_copy, index_fill, index_put, masked_scatter, put,
                                        select_scatter, slice_scatter)
from tensorgrad.ops.padding import constant_pad_nd, pad
from tensorgrad.ops.pixel_shuffle import channel_shuffle, pixel_shuffle, pixel_unshuffle
from tensorgrad.ops.pooling import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from tensorgrad.ops.products import cumprod, cumsum, prod
from tensorgrad.ops.quantifiers import all, any, count_nonzero
from tensorgrad.ops.rectifier import celu, elu, leaky_relu, prelu, relu, selu
from tensorgrad.ops.reduction import broadcast_to, expand, mean, sum
from tensorgrad.ops.reordering import flip, fliplr, flipud, roll, rot90
from tensorgrad.ops.repetition import repeat, repeat_interleave, tile
from tensorgrad.ops.rounding import abs, absolute, ceil, fix, floor, fmod, frac, remainder, round, sign, trunc
from tensorgrad.ops.running import cummax, cummin
from tensorgrad.ops.saturation import hardshrink, hardsigmoid, hardswish, hardtanh, relu6, softshrink, threshold
from tensorgrad.ops.scatter_reduction import scatter, scatter_reduce
from tensorgrad.ops.selection import embedding, index_add, index_select, one_hot
from tensorgrad.ops.shape import (adjoint, expand_as, flatten, matrix_transpose, moveaxis, movedim, permute, ravel, reshape,
                                  reshape_as, reversed_axes, squeeze, swapaxes, swapdims, t, transpose, unflatten, unsqueeze,
                                  view_as)
from tensorgrad.ops.signs import copysign, heaviside, isneginf, isposinf, positive, sgn, signbit
from tensorgrad.ops.softmax import log_softmax, logsumexp, softmax, softmin
from tensorgrad.ops.splitting import (chunk, dsplit, hsplit, split, split_with_sizes, tensor_split, unbind,
                                      vsplit)
from tensorgrad.ops.statistics import std, std_mean, var, var_mean
from tensorgrad.ops.transposed_convolution import conv_transpose1d, conv_transpose2d, conv_transpose3d
from tensorgrad.ops.triangle import diag, diag_embed, diagflat, diagonal, trace, tril, triu
from tensorgrad.ops.trigonometric import (acos, arccos, arcsin, arctan, arctan2, asin, atan, atan2, cos, deg2rad, hypot,
                                          rad2deg, sin, sinc, tan)
from tensorgrad.ops.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from tensorgrad.ops.vector_products import cross, ger, inner, kron, vdot

__all__ = [
    "add", "clone", "div", "divide", "floor_divide", "mul", "multiply", "neg", "negative", "rsub", "sub", "subtract",
    "true_divide",
    "addcdiv", "addcmul", "lerp",
    "bernoulli", "multinomial",
    "block_diag", "cartesian_prod", "combinations",
    "isin", "unique_consecutive",
    "clamp", "clamp_max", "clamp_min", "clip", "fill", "maximum", "minimum", "where",
    "allclose", "equal", "isclose",
    "copysign", "heaviside", "isneginf", "isposinf", "positive", "sgn", "signbit",
    "fmax", "fmin", "nan_to_num", "nanmean", "nansum",
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "eq", "ge", "gt", "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or", "logical_xor",
    "lt", "ne", "greater", "greater_equal", "less", "less_equal", "not_equal",
    "exp", "exp2", "expm1", "float_power", "pow", "reciprocal", "rsqrt", "sqrt", "square",
    "getitem", "narrow", "select",
    "cat", "column_stack", "concat", "concatenate", "dstack", "hstack", "row_stack", "stack", "vstack",
    "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit",
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors",
    "diff",
    "constant_pad_nd", "pad",
    "interpolate",
    "channel_shuffle", "pixel_shuffle", "pixel_unshuffle",
    "gather", "scatter", "scatter_add", "scatter_reduce", "take", "take_along_dim",
    "embedding", "index_add", "index_select", "one_hot",
    "argwhere", "masked_fill", "masked_select", "nonzero",
    "diagonal_scatter", "index_copy", "index_fill", "index_put", "masked_scatter", "put", "select_scatter", "slice_scatter",
    "diag", "diag_embed", "diagflat", "diagonal", "trace", "tril", "triu",
    "flip", "fliplr", "flipud", "roll", "rot90",
    "broadcast_to", "expand", "mean", "sum",
    "adjoint", "expand_as", "flatten", "matrix_transpose", "moveaxis", "movedim", "permute", "ravel", "reshape",
    "reshape_as", "reversed_axes", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten", "unsqueeze", "view_as",
    "repeat", "repeat_interleave", "tile",
    "gelu", "glu", "logsigmoid", "mish", "sigmoid", "silu", "softplus", "softsign", "tanhshrink",
    "celu", "elu", "leaky_relu", "prelu", "relu", "selu",
    "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "relu6", "softshrink", "threshold",
    "erf", "erfc", "erfinv",
    "digamma", "lgamma",
    "acosh", "arccosh", "arcsinh", "arctanh", "asinh", "atanh", "cosh", "sinh", "tanh",
    "log", "log10", "log1p", "log2", "logit", "xlogy",
    "logaddexp", "logaddexp2", "logcumsumexp",
    "abs", "absolute", "ceil", "fix", "floor", "fmod", "frac", "remainder", "round", "sign", "trunc",
    "acos", "arccos", "arcsin", "arctan", "arctan2", "asin", "atan", "atan2", "cos", "deg2rad", "hypot", "rad2deg", "sin",
    "sinc", "tan",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "max_unpool1d", "max_unpool2d", "max_unpool3d",
    "amax", "amin", "aminmax", "argmax", "argmin", "max", "min",
    "argsort", "median", "msort", "nanmedian", "sort", "topk",
    "kthvalue", "mode", "nanquantile", "quantile",
    "cummax", "cummin",
    "bincount", "bucketize", "histc", "searchsorted", "unique",
    "can_cast", "is_complex", "is_floating_point", "is_nonzero", "is_same_size", "is_signed", "numel", "promote_types",
    "result_type", "detach", "get_device", "imag", "real",
    "std", "std_mean", "var", "var_mean",
    "all", "any", "count_nonzero",
    "cumprod", "cumsum", "prod",
    "norm",
    "bmm", "dot", "linear", "matmul", "mm", "mv", "outer",
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "chain_matmul", "matrix_power",
    "cross", "ger", "inner", "kron", "vdot",
    "cholesky", "det", "inverse", "logdet", "slogdet",
    "cdist",
    "einsum", "tensordot",
    "log_softmax", "logsumexp", "softmax", "softmin",
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm",
]
