"""The logarithm of the gamma function and its derivatives, which NumPy lacks, entry by entry.

Near the zeros at 1 and 2 a factor takes them out: ``log Γ(2 + t) = t (t + 1) · G(t)`` for -1 ≤ t < 1, and for 1 ≤ x ≤ 2
``ψ(x) = (x - root) · D(2x - 3)``.  G and D are Chebyshev expansions, computed with 50 digits and written as polynomials.
From there the recurrences ``Γ(x + 1) = x Γ(x)`` and ``ψ(x + 1) = ψ(x) + 1/x`` lead up to 10, Stirling's series takes over,
and the reflection formulas give negative numbers.  Higher derivatives are sums ``Σ (x + k)⁻ˢ``, the tail by Euler and
Maclaurin's formula.  For x > 0 the results are right to a few units in the last place.
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.reference.error_function import in_slices, polynomial
from tensorgrad.ops.elementwise import Unary
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.tensor import Tensor

__all__ = ["lgamma", "digamma"]

G = {
    8: (0.42278433509846713, -0.1003173016743539, 0.032965000621156974, -0.012384192193374355, 0.004998641164623283,
        -0.0021081308338291313, 0.0009153769241238952, -0.0004057073999387517, 0.00018255261441838105,
        -8.30950999467849e-05, 3.81690832831345e-05, -1.76618554743359e-05, 8.221205092155423e-06,
        -3.846514242663473e-06, 1.8114769634727658e-06, -8.554816957122729e-07, 3.95720794275161e-07,
        -1.8613158181472913e-07, 1.0444285443279689e-07, -5.203866533227565e-08, 5.688737953857581e-09,
        -7.860744687083264e-10, 1.6327287432845003e-08, -8.95202283670969e-09, -4.358862409072515e-09,
        2.4694237633377467e-09, 1.5818126337371084e-09, -8.19003778355115e-10),
    4: (0.4227843356570852, -0.10031727306705261, 0.03296494687535553, -0.012384975121032543, 0.0049994805130448875,
        -0.002102061578850681, 0.0009105063087506705, -0.0004255713696911231, 0.00019579947416440297,
        -5.2419442034069945e-05, 2.0249376822898716e-05, -3.873420964138318e-05, 1.9308750486782534e-05),
}
D = {
    8: (0.951055876031833, -0.2118137106407303, 0.060135621060193475, -0.018550615381735008, 0.005936795278436479,
        -0.0019350666648613071, 0.0006368880282849916, -0.00021074841138175561, 6.995020506384849e-05,
        -2.3258242519113285e-05, 7.741156049273805e-06, -2.578093954045772e-06, 8.59134317611421e-07,
        -2.863161166883193e-07, 9.500659034300503e-08, -3.162911147408454e-08, 1.1039363482759935e-08,
        -3.7083753242807277e-09, 8.657533672812613e-10, -2.7580994814377e-10, 2.478695345606839e-10,
        -8.50550766013261e-11),
    4: (0.9510558968448778, -0.2118137496883773, 0.060134593418362386, -0.018549844882656673, 0.00594486377213462,
        -0.001939295713995619, 0.000614986497612365, -0.00020139798974585398, 9.347544668756382e-05,
        -3.200739024271256e-05),
}
ROOT = {8: (1.4616321449683622, 9.549995429965697e-17),  # of ψ, in two parts, so that x - root keeps all digits
        4: (1.4616321325302124, 1.2438149798e-08)}
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)  # B₂, B₄, ...
HALF_LOG_2PI = 0.9189385332046727


def log_gamma(x: np.ndarray) -> np.ndarray:
    """log |Γ(x)|; a flat float32 or float64 array."""
    size = np.abs(x)
    y = log_gamma_of_positive(size)
    from_integer = size - np.round(size)
    reflected = math.log(math.pi) - np.log(size) - np.log(np.abs(np.sin(from_integer * math.pi))) - y
    y = np.where((x < 0) & (size > 1e-18), reflected, y)  # at a negative integer the sine is 0, and log Γ infinite
    return np.where(np.isinf(x), np.abs(x), y)


def log_gamma_of_positive(x: np.ndarray) -> np.ndarray:
    """log Γ(x) for x ≥ 0."""
    small = np.minimum(x, 10)
    product = np.ones_like(x)
    t = small - 2
    for _ in range(7):  # down to below 3, where t < 1
        above = t >= 1
        product *= np.where(above, t + 1, 1)
        t -= above
    below = small < 1  # Γ(x) = Γ(x + 1) / x, with x + 1 - 2 exact
    t = np.where(below, small - 1, t)
    y = t * (t + 1) * polynomial(G[x.itemsize], t)
    y += np.log(product) - np.log(np.where(below, small, 1))

    large = np.maximum(x, 10)
    inverse = 1 / large
    terms = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI, 1))
    stirling = large * (np.log(large) - 1) - np.log(large) * 0.5 + HALF_LOG_2PI
    stirling += inverse * polynomial(terms, inverse * inverse)
    return np.where(x < 10, y, stirling)


def psi(x: np.ndarray) -> np.ndarray:
    """ψ(x) = Γ'(x) / Γ(x); a flat float32 or float64 array."""
    y = psi_of_positive(np.where(x < 0, 1 - x, x))
    from_integer = x - np.round(x)
    cotangent = np.where(from_integer == 0, np.nan, math.pi / np.tan(from_integer * math.pi))
    y = np.where(x < 0, y - cotangent, y)  # ψ(x) from ψ(1 - x)
    return np.where(x == 0, np.copysign(np.inf, -x), np.where(x == -np.inf, np.nan, y)).astype(x.dtype, copy=False)


def psi_of_positive(x: np.ndarray) -> np.ndarray:
    """ψ(x) for x > 0."""
    near = np.minimum(x, 10)
    y = np.zeros_like(x)
    for _ in range(8):  # down to between 1 and 2
        above = near > 2
        near = near - above
        y += np.where(above, 1 / near, 0)
    below = near < 1
    y -= np.where(below, 1 / np.where(below, near, 1), 0)
    near = near + below
    high, low = ROOT[x.itemsize]
    y += (near - high - low) * polynomial(D[x.itemsize], near * 2 - 3)

    large = np.maximum(x, 10)
    inverse = 1 / (large * large)
    terms = tuple(b / (2 * k) for k, b in enumerate(BERNOULLI, 1))
    series = np.log(large) - 0.5 / large - inverse * polynomial(terms, inverse)
    return np.where(x < 10, y, series)


def hurwitz_zeta(s: int, x: np.ndarray) -> np.ndarray:
    """Σ (x + k)⁻ˢ over k ≥ 0, for s > 1 and x > 0."""
    y = np.zeros_like(x)
    for k in range(10):
        y += (x + k) ** -s
    far = x + 10
    tail = far ** (1 - s) / (s - 1) + far**-s / 2
    factor = s * far ** (-s - 1) / 2
    for k, b in enumerate(BERNOULLI, 1):
        tail += b * factor
        factor *= (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2)) / (far * far)
    return y + tail


def psi_derivative(n: int, x: np.ndarray) -> np.ndarray:
    """The n-th derivative of ψ, n ≥ 1; a flat float32 or float64 array."""
    size = np.where(x > 0, x, 1 - x)
    y = hurwitz_zeta(n + 1, size) * ((-1) ** (n + 1) * float(math.factorial(n)))
    if np.any(x <= 0):
        # ψ(1 - x) - ψ(x) = π cot πx, derived n times; the derivative of cot is -(1 + cot²).
        powers = np.polynomial.Polynomial([0, 1])
        for _ in range(n):
            powers = -np.polynomial.Polynomial([1, 0, 1]) * powers.deriv()
        cotangent = 1 / np.tan((x - np.round(x)) * math.pi)
        derived = polynomial(tuple(float(c) for c in powers.coef), cotangent) * math.pi ** (n + 1)
        y = np.where(x > 0, y, (-1) ** n * y - derived)
    y = np.where((x == 0) & (n % 2 == 0), np.copysign(np.inf, -x), y)
    return np.where(np.isposinf(x), 0, y).astype(x.dtype, copy=False)


class Lgamma(Unary):
    """y = log |Γ(x)|"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return in_slices(log_gamma, x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * Polygamma(0).apply(x)


def lgamma(input: Operand) -> Tensor:
    """The logarithm of |Γ(`input`)|; Γ(n) is (n - 1)! for a whole number n.

    Infinite at 0 and at the negative integers.

    Example
        >>> lgamma(Tensor([1.0, 5.0, 0.5]))
        tensor([0.    , 3.1781, 0.5724])
    """
    return Lgamma().apply(as_float(input))


class Polygamma(Unary):
    """y = the n-th derivative of ψ = Γ' / Γ"""

    __slots__ = ("n",)
    keeps = (0,)

    def __init__(self, n: int):
        self.n = n

    def forward(self, x):
        return in_slices(psi if self.n == 0 else lambda part: psi_derivative(self.n, part), x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * Polygamma(self.n + 1).apply(x)


def digamma(input: Operand) -> Tensor:
    """The derivative of `lgamma`.

    ∓inf at ±0, NaN at the negative integers, where the sign depends on the side.

    Example
        >>> digamma(Tensor([1.0, 10.0]))
        tensor([-0.5772,  2.2518])
    """
    return Polygamma(0).apply(as_float(input))
