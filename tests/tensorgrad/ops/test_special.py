"""Special functions: accuracy in units of the last place, ends and poles, and what is refused."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import DtypeError
from tensorgrad.ops.gamma_function import Polygamma

INF, NAN = math.inf, math.nan
LGAMMA = np.vectorize(math.lgamma, otypes=[float])


def ulps(actual: np.ndarray, exact: np.ndarray) -> float:
    """The largest difference in units of the last place of `actual`'s dtype."""
    return float(np.max(np.abs(actual - exact) / np.spacing(np.abs(exact).astype(actual.dtype))))


def slope(function: Any, *values: list[float]) -> list[list[float]]:
    """The gradient of the sum for each list of inputs."""
    inputs = [tensorgrad.tensor(v, dtype="float64", requires_grad=True) for v in values]
    out = function(*inputs)
    return [g.tolist() for g in grad(out, inputs, tensorgrad.ones_like(out))]


# ψ and ζ at known points, to 20 digits: Abramowitz and Stegun, chapters 6 and 23.
EULER, ZETA2, ZETA3, ZETA4 = 0.57721566490153286061, math.pi**2 / 6, 1.20205690315959428540, math.pi**4 / 90


def test_lgamma_keeps_all_digits_at_whole_and_half_numbers() -> None:
    n = np.arange(3, 400)
    whole = [math.log(math.factorial(k - 1)) for k in n.tolist()]
    halves = [math.log(Fraction(math.factorial(2 * k), 4**k * math.factorial(k))) + math.log(math.pi) / 2
              for k in n[:80].tolist()]
    for dtype, most in (("float64", 4), ("float32", 3)):
        assert ulps(tensorgrad.lgamma(Tensor(n, dtype=dtype)).numpy(), np.array(whole)) <= most
        assert ulps(tensorgrad.lgamma(Tensor(n[:80] + 0.5, dtype=dtype)).numpy(), np.array(halves)) <= most


@pytest.mark.parametrize("side", [1, -1])
def test_lgamma_keeps_all_digits_next_to_its_zeros(side: int) -> None:
    """Against Taylor's series at 1 and at 2."""
    e = side * 2.0 ** -np.arange(14, 52)
    at_one = e * (-EULER + e * (ZETA2 / 2 + e * (-ZETA3 / 3 + e * ZETA4 / 4)))
    at_two = e * (1 - EULER + e * ((ZETA2 - 1) / 2 + e * (-(ZETA3 - 1) / 3 + e * (ZETA4 - 1) / 4)))
    assert ulps(tensorgrad.lgamma(Tensor(1 + e)).numpy(), at_one) <= 4
    assert ulps(tensorgrad.lgamma(Tensor(2 + e)).numpy(), at_two) <= 4


def test_lgamma_of_numbers_of_all_sizes() -> None:
    """Python's own has an absolute error near its zeros."""
    x = np.exp(np.random.default_rng(2).uniform(-40, 60, 2000))
    np.testing.assert_allclose(tensorgrad.lgamma(Tensor(x)).numpy(), LGAMMA(x), rtol=1e-14, atol=1e-14)


def test_lgamma_of_negative_numbers() -> None:
    x = -np.random.default_rng(0).uniform(0, 30, 1000)
    exact = LGAMMA(x)
    np.testing.assert_allclose(tensorgrad.lgamma(Tensor(x)).numpy(), exact, rtol=1e-14, atol=1e-13)
    np.testing.assert_array_equal(tensorgrad.lgamma(Tensor([0.0, -0.0, -1.0, -30.0, INF, -INF, NAN])).numpy(),
                                  [INF, INF, INF, INF, INF, INF, NAN])
    assert tensorgrad.lgamma(Tensor([-1e-300, 1e-300], dtype="float64")).tolist() == pytest.approx([690.7755278982137] * 2)


@pytest.mark.parametrize(("n", "x", "exact"), [
    (0, 1.0, -EULER), (0, 2.0, 1 - EULER), (0, 0.5, -EULER - 2 * math.log(2)), (0, 10.0, 2.25175258906672110765),
    (0, 0.25, -EULER - math.pi / 2 - 3 * math.log(2)), (0, -0.5, 2 - EULER - 2 * math.log(2)),
    (0, 1.4616321449683623, -3.17e-17 + 0.9676720454 * 4.03e-17), (0, 1e9, math.log(1e9) - 5e-10),
    (1, 1.0, math.pi**2 / 6), (1, 0.5, math.pi**2 / 2), (1, 2.0, math.pi**2 / 6 - 1), (1, -0.5, math.pi**2 / 2 + 4),
    (2, 1.0, -2 * ZETA3), (2, 0.5, -14 * ZETA3), (3, 1.0, math.pi**4 / 15), (3, 0.5, math.pi**4),
])
def test_polygamma_at_known_points(n: int, x: float, exact: float) -> None:
    assert Polygamma(n).apply(Tensor([x], dtype="float64")).item() == pytest.approx(exact, rel=2e-15, abs=3e-16)
    assert Polygamma(n).apply(Tensor([x], dtype="float32")).item() == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_digamma_at_its_poles_and_ends() -> None:
    np.testing.assert_array_equal(tensorgrad.digamma(Tensor([0.0, -0.0, -1.0, -7.0, INF, -INF, NAN])).numpy(),
                                  [-INF, INF, NAN, NAN, INF, NAN, NAN])
    assert slope(tensorgrad.lgamma, [INF]) == [[INF]]
    assert slope(tensorgrad.digamma, [INF]) == [[0.0]]


def test_digamma_and_its_derivatives_satisfy_their_recurrences() -> None:
    x = Tensor(np.random.default_rng(0).uniform(0.01, 15, 1000))
    for n, term in ((0, 1 / x), (1, -1 / x**2), (2, 2 / x**3), (3, -6 / x**4)):
        np.testing.assert_allclose((Polygamma(n).apply(x) + term).numpy(), Polygamma(n).apply(x + 1).numpy(), rtol=2e-11,
                                   atol=1e-13 * float(abs(term).max()))


def test_erfinv_inverts_erf() -> None:
    p = np.concatenate([np.random.default_rng(0).uniform(-1, 1, 2000), 10.0 ** -np.arange(1, 300, 7)])
    y = tensorgrad.erfinv(Tensor(p)).numpy()
    back = np.array([math.erf(v) for v in y])
    # What one unit in the last place of y makes of erf y, and the rounding of erf itself.
    unit = np.spacing(np.abs(y)) * 2 / math.sqrt(math.pi) * np.exp(-y * y) + np.spacing(np.abs(p))
    assert np.max(np.abs(back - p) / unit) < 3
    np.testing.assert_array_equal(tensorgrad.erfinv(Tensor([1.0, -1.0, 1.5, -2.0, 0.0, NAN])).numpy(),
                                  [INF, -INF, NAN, NAN, 0.0, NAN])
    assert math.copysign(1, tensorgrad.erfinv(Tensor([-0.0])).item()) == -1


def test_erfinv_in_the_tail() -> None:
    rest = 2.0 ** -np.arange(3, 53)
    y = tensorgrad.erfinv(Tensor(1 - rest)).numpy()
    np.testing.assert_allclose([math.erfc(v) for v in y], rest, rtol=2e-13)


@pytest.mark.parametrize(("function", "values", "wanted"), [
    (tensorgrad.hypot, ([0.0, 3.0], [0.0, 4.0]), [[NAN, 0.6], [NAN, 0.8]]),
    (tensorgrad.logaddexp, ([INF, -INF, INF, NAN, -INF], [INF, -INF, -INF, 1.0, 1.0]),
     [[NAN, NAN, 1.0, NAN, 0.0], [NAN, NAN, 0.0, NAN, 1.0]]),
    (tensorgrad.sinc, ([0.0, 1.0],), [[0.0, -1.0]]),
    (lambda x: tensorgrad.logit(x, 0.1), ([0.0, 1.0, 0.5, -1.0],), [[0.0, 0.0, 4.0, 0.0]]),
    (tensorgrad.logit, ([0.0, 1.0, 0.5, -1.0],), [[INF, INF, 4.0, NAN]]),
    (tensorgrad.lgamma, ([0.0, -1.0],), [[-INF, NAN]]),
    (tensorgrad.erfinv, ([0.0, 1.0, -1.0, 2.0],), [[math.sqrt(math.pi) / 2, INF, INF, NAN]]),
    (tensorgrad.float_power, ([0.0, 0.0, 2.0], [0.0, 2.0, 0.0]), [[0.0, 0.0, 0.0], [0.0, 0.0, math.log(2)]]),
])
def test_gradients_at_kinks_and_ends_are_those_of_pytorch(function: Any, values: Any, wanted: list[list[float]]) -> None:
    for found, expected in zip(slope(function, *values), wanted):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_logit_with_crossed_limits_follows_pytorch() -> None:
    found = tensorgrad.logit(Tensor([0.0, 1.0, 0.5, -1.0]), eps=0.7)
    np.testing.assert_allclose(found.numpy(), [0.8473, -0.8473, 0.8473, 0.8473], rtol=1e-4)


def test_logcumsumexp_of_infinities_and_its_gradient() -> None:
    x = Tensor([-INF, -INF, 1.0, INF, 2.0])
    np.testing.assert_array_equal(tensorgrad.logcumsumexp(x, 0).numpy(), [-INF, -INF, 1.0, INF, INF])
    np.testing.assert_array_equal(slope(lambda x: tensorgrad.logcumsumexp(x, 0), [-1000.0, 0.0, 1000.0]), [[1.0, 1.0, 1.0]])
    assert tensorgrad.logcumsumexp(Tensor(2.0), 0).item() == 2.0


@pytest.mark.parametrize("call", [
    lambda x: tensorgrad.hypot(x, x), lambda x: tensorgrad.logaddexp(x, x), lambda x: tensorgrad.logaddexp2(x, x),
    lambda x: tensorgrad.logcumsumexp(x, 0), lambda x: tensorgrad.lerp(x, x, 0.5), lambda x: tensorgrad.histc(x),
])
def test_integers_are_refused_where_pytorch_refuses_them(call: Any) -> None:
    with pytest.raises(DtypeError, match="is not defined for int64 values\n.*\n(.*\n)*.*Convert input first"):
        call(Tensor([1, 2]))
