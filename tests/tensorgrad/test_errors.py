"""The exception tree and how messages are built."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor, errors
from tensorgrad.errors import describe, message

BUILTINS = {
    "ShapeError": ValueError, "ArgumentError": ValueError, "RangeError": IndexError, "DtypeError": TypeError,
    "GraphError": RuntimeError, "StaleTensorError": RuntimeError, "GradcheckError": RuntimeError,
    "KernelError": RuntimeError, "StateError": RuntimeError, "DataError": OSError, "DivergenceError": FloatingPointError,
    "AnomalyError": FloatingPointError, "LinAlgError": RuntimeError, "UninitializedError": RuntimeError,
}


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error") and name != "TensorgradError"])
def test_every_error_is_also_a_builtin_and_in_the_docstring(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.TensorgradError) and issubclass(error, BUILTINS[name])
    assert name in str(errors.__doc__) and error.__doc__


def test_message_has_three_parts() -> None:
    x = Tensor(np.zeros((2, 3)), requires_grad=True, name="fc.weight")
    with tensorgrad.scope("features.2"):
        y = x * 2
    assert message("matmul", "inner sizes differ: 3 and 4", {"input": x, "other": y, "k": 4}, "Transpose it.") == (
        "matmul: inner sizes differ: 3 and 4\n"
        "    input  (2, 3) float64   tensor 'fc.weight'\n"
        "    other  (2, 3) float64   from features.2/mul\n"
        "    k      4\n"
        "  Transpose it.")
    assert message("f", "is wrong") == "f: is wrong"


def test_describe() -> None:
    assert describe(np.zeros((2, 3), np.float32)) == "(2, 3) float32"
    assert describe(np.float32(1)) == "() float32" and describe("same") == "'same'" and describe(None) == "None"
    assert len(describe(list(range(1000)))) == 100 and describe(list(range(1000))).endswith("...")


def test_broadcast_errors_show_both_operands() -> None:
    with pytest.raises(errors.ShapeError) as caught:
        assert Tensor(np.zeros((2, 3))) + Tensor(np.zeros(4))
    assert str(caught.value) == (
        "add: the shapes cannot be broadcast together\n"
        "    input  (2, 3) float64\n"
        "    other  (4,) float64\n"
        "  Axes are matched from the last; each pair must be equal or have a 1.\n"
        "  Axis -1 has 3 entries in input and 4 in other.")
