"""The methods that write into their tensor, as the functions PyTorch has of them: ``relu_(x)`` is ``x.relu_()``."""

from __future__ import annotations

from tensorgrad.methods import TensorMethods as methods

__all__ = [
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_", "asin_",
    "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "cos_", "cosh_", "deg2rad_",
    "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_", "frac_", "index_put_", "log10_",
    "log1p_", "log2_", "log_", "logit_", "nan_to_num_", "neg_", "negative_", "rad2deg_", "reciprocal_", "relu_",
    "round_", "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_",
    "zero_",
]

fix_ = methods.fix_
abs_, ceil_, floor_, frac_, round_, trunc_ = (
    methods.abs_, methods.ceil_, methods.floor_, methods.frac_, methods.round_, methods.trunc_)
clamp_, clamp_max_, clamp_min_, clip_ = methods.clamp_, methods.clamp_max_, methods.clamp_min_, methods.clip_
neg_, negative_, reciprocal_, square_, sqrt_, rsqrt_ = (
    methods.neg_, methods.negative_, methods.reciprocal_, methods.square_, methods.sqrt_, methods.rsqrt_)
sin_, cos_, tan_, sinc_, asin_, acos_, atan_ = (
    methods.sin_, methods.cos_, methods.tan_, methods.sinc_, methods.asin_, methods.acos_, methods.atan_)
sinh_, cosh_, tanh_, asinh_, acosh_, atanh_ = (
    methods.sinh_, methods.cosh_, methods.tanh_, methods.asinh_, methods.acosh_, methods.atanh_)
arcsin_, arccos_, arctan_, arcsinh_, arccosh_, arctanh_ = asin_, acos_, atan_, asinh_, acosh_, atanh_
deg2rad_, rad2deg_ = methods.deg2rad_, methods.rad2deg_
exp_, exp2_, expm1_, log_, log1p_, log2_, log10_, logit_, xlogy_ = (
    methods.exp_, methods.exp2_, methods.expm1_, methods.log_, methods.log1p_, methods.log2_, methods.log10_, methods.logit_,
    methods.xlogy_)
erf_, erfc_, sigmoid_, relu_, nan_to_num_ = (
    methods.erf_, methods.erfc_, methods.sigmoid_, methods.relu_, methods.nan_to_num_)
fill_, zero_, detach_, index_put_, addmv_ = (
    methods.fill_, methods.zero_, methods.detach_, methods.index_put_, methods.addmv_)
