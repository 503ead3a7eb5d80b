"""Methods with an underscore that replace a tensor's contents by what the op of that name makes of them.

Those with a rule of their own are in `arithmetic`, `filling` and `axes`; `arithmetic` says when a graph records them.
"""

from __future__ import annotations

from tensorgrad.in_place import axes
from tensorgrad.in_place.arithmetic import in_place

__all__ = ["OverwritingMethods"]


class OverwritingMethods:
    """The methods of Tensor that are ``x = op(x, ...)``, where x is the same tensor."""

    # arithmetic
    neg_, abs_, pow_, square_, reciprocal_, clamp_, floor_, ceil_, round_ = map(in_place, (
        "neg", "abs", "pow", "square", "reciprocal", "clamp", "floor", "ceil", "round"))
    clip_, negative_, absolute_ = clamp_, neg_, abs_
    multiply_, divide_, true_divide_, subtract_, floor_divide_, remainder_, fmod_, float_power_ = map(in_place, (
        "multiply", "divide", "true_divide", "subtract", "floor_divide", "remainder", "fmod", "float_power"))
    trunc_, frac_, sign_, sgn_, clamp_min_, clamp_max_, copysign_, heaviside_, nan_to_num_ = map(in_place, (
        "trunc", "frac", "sign", "sgn", "clamp_min", "clamp_max", "copysign", "heaviside", "nan_to_num"))
    fix_ = trunc_
    cumsum_, cumprod_ = map(in_place, ("cumsum", "cumprod"))

    # unary maths
    exp_, log_, sqrt_, rsqrt_, sin_, cos_, tanh_, sigmoid_, relu_ = map(in_place, (
        "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "sigmoid", "relu"))
    exp2_, expm1_, log1p_, log2_, log10_, logit_, xlogy_, erf_, erfc_, erfinv_, lgamma_, digamma_ = map(in_place, (
        "exp2", "expm1", "log1p", "log2", "log10", "logit", "xlogy", "erf", "erfc", "erfinv", "lgamma", "digamma"))
    tan_, asin_, acos_, atan_, atan2_, hypot_, sinc_, deg2rad_, rad2deg_ = map(in_place, (
        "tan", "asin", "acos", "atan", "atan2", "hypot", "sinc", "deg2rad", "rad2deg"))
    sinh_, cosh_, asinh_, acosh_, atanh_ = map(in_place, ("sinh", "cosh", "asinh", "acosh", "atanh"))
    arcsin_, arccos_, arctan_, arctan2_, arcsinh_, arccosh_, arctanh_ = asin_, acos_, atan_, atan2_, asinh_, acosh_, atanh_

    # comparison and logic: 1 where it holds, in the tensor's own dtype
    eq_, ne_, lt_, le_, gt_, ge_ = map(in_place, ("eq", "ne", "lt", "le", "gt", "ge"))
    not_equal_, less_, less_equal_, greater_, greater_equal_ = ne_, lt_, le_, gt_, ge_
    logical_not_, logical_and_, logical_or_, logical_xor_ = map(in_place, (
        "logical_not", "logical_and", "logical_or", "logical_xor"))
    bitwise_not_, bitwise_and_, bitwise_or_, bitwise_xor_ = map(in_place, (
        "bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor"))
    bitwise_left_shift_, bitwise_right_shift_ = map(in_place, ("bitwise_left_shift", "bitwise_right_shift"))

    # indexing and products of matrices
    scatter_, scatter_add_, scatter_reduce_, index_add_, index_copy_, index_fill_, index_put_, put_, masked_scatter_ = map(
        in_place, ("scatter", "scatter_add", "scatter_reduce", "index_add", "index_copy", "index_fill", "index_put",
                   "put", "masked_scatter"))
    addmm_, addmv_, addbmm_, baddbmm_, addr_, tril_, triu_ = map(in_place, (
        "addmm", "addmv", "addbmm", "baddbmm", "addr", "tril", "triu"))

    # axes
    squeeze_, unsqueeze_, transpose_, t_ = (
        axes.squeeze_, axes.unsqueeze_, axes.transpose_, axes.t_)
    swapaxes_ = swapdims_ = axes.transpose_
