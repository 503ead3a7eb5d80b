"""masked_fill and masked_select: infinities, dtypes, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import DtypeError, ShapeError

MASK = Tensor([True, False])


def test_minus_infinity_hides_an_entry():
    x = Tensor([1.0, 2.0], requires_grad=True)
    tg.exp(x.masked_fill(MASK, -np.inf)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, np.exp(2.0)], rtol=1e-6)


def test_the_dtype_of_the_input_stays():
    assert tg.masked_fill(Tensor([1, 2]), MASK, 5.0).dtype == np.int64
    assert tg.masked_fill(Tensor([1.0, 2.0]), MASK, np.float64(5)).dtype == np.float32
    assert tg.masked_fill(Tensor([1.0, 2.0]), MASK, Tensor(5)).dtype == np.float32
    assert tg.masked_fill(Tensor([True, True]), MASK, False).tolist() == [False, True]
    assert tg.masked_select(Tensor(3.0), Tensor(True)).tolist() == [3.0]


def test_errors():
    for function in (lambda x, m: tg.masked_fill(x, m, 0), tg.masked_select):
        name = "masked_select" if function is tg.masked_select else "masked_fill"
        with pytest.raises(DtypeError, match=f"{name}: the mask is not bool(.|\n)*mask != 0"):
            function(Tensor([1.0, 2.0]), Tensor([1, 0]))
        with pytest.raises(ShapeError, match=f"{name}: the shapes cannot be broadcast together"):
            function(Tensor(np.zeros(3)), MASK)
    with pytest.raises(ShapeError, match=r"masked_fill: the value has axes(.|\n)*Use where\(mask, value, input\)"):
        tg.masked_fill(Tensor([1.0, 2.0]), MASK, Tensor([1.0, 2.0]))
    with pytest.raises(DtypeError, match=r"masked_fill: int64 values cannot hold 0.5(.|\n)*x.float\(\)"):
        tg.masked_fill(Tensor([1, 2]), MASK, 0.5)
