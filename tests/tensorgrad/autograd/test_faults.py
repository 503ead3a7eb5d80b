"""The checker against rules with a planted fault: each kind is found, in both modes, and no healthy twin is blamed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import gradcheck, gradgradcheck
from tensorgrad.errors import ArgumentError, GradcheckError
from tests.tensorgrad.autograd.faults import FAULTS, Fault

STRICT: dict[str, Any] = {"atol": 1e-7, "rtol": 1e-5}
faults = pytest.mark.parametrize("fault", FAULTS, ids=str)
modes = pytest.mark.parametrize("fast_mode", [False, True], ids=["every-entry", "projection"])


def test_thirty_kinds_and_more() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) > 50


@modes
@faults
def test_found(fault: Fault, fast_mode: bool) -> None:
    options: dict[str, Any] = {"fast_mode": fast_mode, **STRICT}
    wrong, tensors = fault.function(healthy=False), fault.tensors()
    check: Any = gradcheck
    if fault.order == 2:
        assert gradcheck(wrong, tensors, **options), "it is right at first order"
        check = gradgradcheck
    with pytest.raises(GradcheckError) as caught, np.errstate(all="ignore"):
        check(wrong, tensors, **options, **fault.options)
    assert re.search(fault.text, str(caught.value)), str(caught.value)


@modes
@faults
def test_the_healthy_twin_passes(fault: Fault, fast_mode: bool) -> None:
    right, tensors = fault.function(healthy=True), fault.tensors()
    assert gradcheck(right, tensors, fast_mode=fast_mode, **STRICT, **fault.options)
    if not fault.options:  # at a kink there is no second derivative
        assert gradgradcheck(right, tensors, fast_mode=fast_mode, **STRICT)


# -- kinks -------------------------------------------------------------------------------------------------------------


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


@modes
@pytest.mark.parametrize("function, x", [
    (abs, leaf(1.0, 0.0)),                         # backward gives 0, the mean of both sides: differences agree with it
    (tensorgrad.relu, leaf(0.0, 1.0)),
    (lambda x: x.amax(), leaf(2.0, 2.0, 1.0)),     # shared among equals
    (lambda x: x.max(), leaf(2.0, 2.0, 1.0)),
    (lambda x: tensorgrad.maximum(x, Tensor(np.array([1.0, 5.0]))), leaf(1.0, 2.0)),
    (lambda x: x.clamp(-1, 1), leaf(0.5, 1.0)),
    (lambda x: x.norm(p=1), leaf(0.5, 0.0)),
    (lambda x: (x[0] - x[1]).abs(), leaf(3.0, 3.0))])
def test_kinks_are_detected_also_where_the_numbers_agree(function: Any, x: Tensor, fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="There is a kink within 1e-06 of .*Move the input away from it"):
        gradcheck(function, x, fast_mode=fast_mode)
    assert gradcheck(function, x, fast_mode=fast_mode, kinks="subgradient")


def test_at_a_kink_one_side_can_be_asked_for() -> None:
    assert gradcheck(tensorgrad.relu, leaf(0.0, 1.0), kinks="one-sided")
    with pytest.raises(GradcheckError, match="Backward gives neither of the two"):
        gradcheck(lambda x: x.amax(), leaf(2.0, 2.0, 1.0), kinks="one-sided")


@modes
@pytest.mark.parametrize("function", [lambda x: (1000 * x).tanh(), lambda x: (200 * x).exp(), lambda x: 1 / (x * x + 1e-6),
                                      lambda x: (x * x + 1e-8).sqrt()])
def test_a_steep_bend_is_no_kink(function: Any, fast_mode: bool) -> None:
    assert gradcheck(function, leaf(1e-4, -3e-3, 0.02), fast_mode=fast_mode)


def test_unknown_choice() -> None:
    with pytest.raises(ArgumentError, match="kinks='avoid' means nothing.*\n  Use one of refuse, subgradient"):
        gradcheck(abs, leaf(1.0), kinks="avoid")
