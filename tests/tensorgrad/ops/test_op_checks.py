"""The generated checks of ops are themselves checked: each must fail for an op with the fault it looks for."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from tensorgrad import Tensor
from tensorgrad.errors import GradcheckError
from tensorgrad.op import Op
from tests.op_cases.case import Case, normal, positive
from tests.tensorgrad.ops import test_all_ops as checks


class Double(Op):
    """y = 2x, right in everything"""

    __slots__ = ()
    name = "double"

    def forward(self, x):
        return x * 2

    def backward(self, grad):
        return grad * 2


class WritesInput(Double):
    __slots__ = ()

    def forward(self, x):
        x *= 2
        return x * 1


class WritesGradient(Double):
    __slots__ = ()

    def backward(self, grad):
        if isinstance(grad, np.ndarray):
            grad *= 2
            return grad
        return grad * 2


class Widens(Double):
    __slots__ = ()

    def forward(self, x):
        return (x * np.ones(x.shape)).astype(x.dtype) * 2


class WideResult(Double):
    __slots__ = ()

    def forward(self, x):
        return x * np.ones(x.shape) * 2


class WideGradient(Double):
    __slots__ = ()

    def backward(self, grad):
        return grad * np.float64(2.0)


class ThousandthOff(Double):
    __slots__ = ()

    def backward(self, grad):
        return grad * 2.0001


class HoldsInput(Double):
    __slots__ = ("x",)

    def forward(self, x):
        self.x = x
        return x * 2


class NeverForgets(Double):
    __slots__ = ("mask",)

    def forward(self, x):
        self.mask = x > 0
        return x * 2


class ReadsMemoryOrder(Double):
    __slots__ = ()

    def forward(self, x):
        return x.ravel(order="K").reshape(x.shape) * 2


class LeavesTheGraphTwice(Double):
    """y = x², whose rule loses x in its own derivative"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return x * x

    def backward(self, grad):
        (x,) = self.inputs
        return grad * 2 * (x.detach() if isinstance(x, Tensor) else x)


class Notes(Double):
    __slots__ = ("count",)

    def forward(self, x):
        return x * 2

    def backward(self, grad):
        self.count = getattr(self, "count", 0) + 1
        return grad * 2 * self.count


class AddsToZero(Double):
    __slots__ = ()

    def backward(self, grad):
        return grad * 2 + 1e-13


class Multiline(Double):
    __slots__ = ()

    @property
    def label(self) -> str:
        return "double\n"


def case_of(op: type[Op], reference: Callable[..., Any] = lambda x: x * 2, **options: Any) -> Case:
    return Case("double", lambda lib, x: op().apply(x), (normal(3, 4),), reference, **options)


CHECKS = [checks.test_value_and_inputs_unmodified, checks.test_no_grad_and_plain_arrays, checks.test_first_gradient,
          checks.test_second_gradient, checks.test_repeated_and_zero_gradients, checks.test_float32_stays_float32,
          checks.test_memory_layout_does_not_matter, checks.test_broadcast_input, checks.test_graph_names_and_labels,
          checks.test_only_what_is_declared_is_kept]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_right_op_passes(check: Callable[[Case], None]) -> None:
    check(case_of(Double))


@pytest.mark.parametrize(("op", "check", "text"), [
    (WritesInput, checks.test_value_and_inputs_unmodified, "forward wrote into an input"),
    (WritesGradient, checks.test_repeated_and_zero_gradients, ""),
    (Widens, checks.test_float32_stays_float32, "forward made float64 temporaries"),
    (WideResult, checks.test_float32_stays_float32, ""),
    (WideGradient, checks.test_float32_stays_float32, ""),
    (ThousandthOff, checks.test_first_gradient, "A constant factor is wrong"),
    (LeavesTheGraphTwice, checks.test_second_gradient, "no gradient at all"),
    (HoldsInput, checks.test_only_what_is_declared_is_kept, "input 0 is alive, though no op declares"),
    (NeverForgets, checks.test_only_what_is_declared_is_kept, r"holds \['mask'\] after backward; drop them in forget"),
    (ReadsMemoryOrder, checks.test_memory_layout_does_not_matter, ""),
    (Notes, checks.test_repeated_and_zero_gradients, ""),
    (AddsToZero, checks.test_repeated_and_zero_gradients, ""),
    (Multiline, checks.test_graph_names_and_labels, ""),
])
def test_a_wrong_op_fails(op: type[Op], check: Callable[[Case], None], text: str) -> None:
    with pytest.raises((AssertionError, GradcheckError), match=text or None):
        check(case_of(op))


def test_wrong_rows_fail() -> None:
    with pytest.raises(AssertionError):
        checks.test_value_and_inputs_unmodified(case_of(Double, lambda x: x * 2.0001))
    with pytest.raises(AssertionError):
        checks.test_value_and_inputs_unmodified(case_of(Double, lambda x: (x * 2).ravel()))
    with pytest.raises(AssertionError):
        checks.test_graph_names_and_labels(case_of(Double, ops=("triple",)))
    leaves = Case("double", lambda lib, x: Double().apply(x.detach()), (positive(3),), lambda x: x * 2)
    with pytest.raises(AssertionError, match="nothing in the result requires grad"):
        checks.test_memory_layout_does_not_matter(leaves)
    for_arrays = Case("double", lambda lib, x: Double().apply(lib.as_tensor(x)), (positive(3),), lambda x: x * 2)
    with pytest.raises(AssertionError, match="an op on arrays must return an array"):
        checks.test_no_grad_and_plain_arrays(for_arrays)
