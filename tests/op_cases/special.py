"""Rows for the gamma function, the inverse error function, angles, log-sums and powers in float64."""

import math

import numpy as np

from tensorgrad.ops.gamma_function import Polygamma
from tests.op_cases.case import Case, away_from_zero, fixed, integers, normal, positive, unit

lgamma = np.vectorize(math.lgamma, otypes=[float])
NEGATIVE = fixed([-0.4, -1.3, -3.75, -7.5])


def digamma(x):
    """By central differences of math.lgamma with Richardson's extrapolation, good to 1e-9."""
    rough = [(lgamma(x + h) - lgamma(x - h)) / (2 * h) for h in (0.02, 0.01, 0.005)]
    first = [(4 * b - a) / 3 for a, b in zip(rough, rough[1:])]
    return (16 * first[1] - first[0]) / 15


def trigamma(x):
    """Σ (x + k)⁻², the tail by an integral."""
    k = np.arange(20000.0)
    tail = x[..., None] + 20000
    return ((x[..., None] + k) ** -2).sum(-1) + (1 / tail + 0.5 / tail**2)[..., 0]


def erfinv(y):
    """By bisection of math.erf."""
    low, high = np.full(y.shape, -6.0), np.full(y.shape, 6.0)
    for _ in range(80):
        middle = (low + high) / 2
        above = np.vectorize(math.erf)(middle) > y
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2


CASES = [
    # PyTorch's trigamma is right to 9 digits only.
    Case("lgamma", lambda lib, x: lib.lgamma(x), (positive(3, 4),), lgamma, rtol=1e-8),
    Case("lgamma-large", lambda lib, x: x.lgamma(), (fixed([2.5, 9.99, 10.0, 300.0, 1e10]),), lgamma, orders=0),
    Case("lgamma-negative", lambda lib, x: lib.lgamma(x), (NEGATIVE,), lgamma, rtol=1e-8),
    Case("lgamma-poles", lambda lib, x: lib.lgamma(x), (fixed([0.0, -1.0, math.inf, -math.inf, math.nan]),),
         lambda x: np.array([math.inf, math.inf, math.inf, math.inf, math.nan]), orders=0),
    Case("lgamma-integer", lambda lib, x: lib.lgamma(x), (integers(1, 9, 4),), lgamma, orders=0, float32=False, rtol=1e-6),
    Case("digamma", lambda lib, x: lib.digamma(x), (positive(3, 4),), digamma, ops=("polygamma",), rtol=1e-8),
    Case("digamma-negative", lambda lib, x: x.digamma(), (NEGATIVE,),
         lambda x: digamma(1 - x) - math.pi / np.tan(math.pi * x), ops=("polygamma",), rtol=1e-8),
    Case("digamma-poles", lambda lib, x: lib.digamma(x), (fixed([0.0, -0.0, -1.0, math.inf, -math.inf]),),
         lambda x: np.array([-math.inf, math.inf, math.nan, math.inf, math.nan]), orders=0, ops=("polygamma",)),
    # PyTorch's polygamma is no differentiable function of the same name and arguments for order 3.
    Case("polygamma", lambda lib, x: Polygamma(1).apply(x), (positive(3, 4),), trigamma, torch=False, rtol=1e-9),
    Case("polygamma-third", lambda lib, x: Polygamma(2).apply(x), (fixed([-2.7, -0.4, 0.3, 4.0, 30.0]),),
         lambda x: np.array([third(v) for v in x]), torch=False, rtol=1e-6),
    Case("erfinv", lambda lib, x: lib.erfinv(x), (fixed([-0.99, -0.6, -0.3, 1e-3, 0.45, 0.5, 0.8]),), erfinv),
    Case("erfinv-ends", lambda lib, x: x.erfinv(), (fixed([-1.0, 1.0, 1.5, 0.0]),),
         lambda x: np.array([-math.inf, math.inf, math.nan, 0.0]), orders=0),
    Case("hypot", lambda lib, a, b: lib.hypot(a, b), (away_from_zero(2, 3), away_from_zero(3)), np.hypot),
    Case("sinc", lambda lib, x: lib.sinc(x), (away_from_zero(2, 3),), np.sinc),
    Case("sinc-zero", lambda lib, x: lib.sinc(x), (fixed([0.0, 1.0, 0.5]),), np.sinc, orders=0),
    Case("deg2rad", lambda lib, x: lib.deg2rad(x), (normal(2, 3, scale=90.0),), np.deg2rad, ops=("mul",)),
    Case("rad2deg", lambda lib, x: lib.rad2deg(x), (normal(2, 3),), np.rad2deg, ops=("mul",)),
    Case("logit", lambda lib, x: lib.logit(x), (unit(2, 3),), lambda x: np.log(x / (1 - x))),
    Case("logit-eps", lambda lib, x: lib.logit(x, eps=0.2), (fixed([-0.3, 0.1, 0.25, 0.5, 0.9, 1.3]),),
         lambda x: np.log(np.clip(x, 0.2, 0.8) / (1 - np.clip(x, 0.2, 0.8)))),
    Case("logaddexp", lambda lib, a, b: lib.logaddexp(a, b), (normal(2, 3), normal(3)), np.logaddexp),
    Case("logaddexp-infinite", lambda lib, a, b: lib.logaddexp(a, b),
         (fixed([-math.inf, math.inf, 0.0]), fixed([-math.inf, 1.0, -math.inf])), np.logaddexp, orders=0),
    Case("logaddexp2", lambda lib, a, b: lib.logaddexp2(a, b), (normal(2, 3), normal(3)), np.logaddexp2, ops=("logaddexp",)),
    Case("logcumsumexp", lambda lib, x: lib.logcumsumexp(x, 1), (normal(2, 4, 3),), lambda x: np.log(np.exp(x).cumsum(1))),
    Case("logcumsumexp-large", lambda lib, x: x.logcumsumexp(0), (fixed([800.0, 801.0, 790.0]),),
         lambda x: np.logaddexp.accumulate(x)),
    Case("float_power", lambda lib, a, b: lib.float_power(a, b), (positive(2, 3), normal(3)), np.power, ops=("pow",),
         float32=False),
    Case("float_power-integer", lambda lib, a: lib.float_power(a, 2), (integers(1, 5, 4),), lambda a: a**2.0, orders=0,
         float32=False),
]


def third(x):
    """The second derivative of ψ, -2 Σ (x + k)⁻³, the tail by an integral."""
    k = np.arange(20000.0)
    return -2 * (((x + k) ** -3).sum() + 0.5 / (x + 20000) ** 2 + 0.5 / (x + 20000) ** 3)
