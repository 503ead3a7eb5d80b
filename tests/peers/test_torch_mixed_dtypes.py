"""Two operands of different dtypes, in PyTorch and here: the dtype of the result and its numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

OPERANDS = {
    "float16": np.array([0.5, 2.0, 3.0], np.float16), "float32": np.array([0.5, 2.0, 3.0], np.float32),
    "float64 without axes": np.array(1.5), "int64": np.array([1, 2, 3]), "uint8 without axes": np.array(2, np.uint8),
    "bool": np.array([True, False, True]),
}


@pytest.mark.parametrize("name", ["hypot", "logaddexp", "logaddexp2", "xlogy", "atan2"])
@pytest.mark.parametrize("first, second", list(itertools.product(OPERANDS, OPERANDS)))
def test_floats_with_other_dtypes(name: str, first: str, second: str) -> None:
    operands = OPERANDS[first], OPERANDS[second]
    try:
        theirs = getattr(torch, name)(*map(torch.tensor, operands))
    except RuntimeError:
        with pytest.raises(TypeError, match=f"{name}: is not defined"):
            getattr(tensorgrad, name)(*map(tensorgrad.tensor, operands))
        return
    ours = getattr(tensorgrad, name)(*map(tensorgrad.tensor, operands))
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=4e-3 if ours.dtype == np.float16 else 1e-6)


@pytest.mark.parametrize("exponent", [True, False])
def test_bools_to_the_power_of_a_bool(exponent: bool) -> None:
    mask = np.array([True, False])
    ours, theirs = tensorgrad.tensor(mask) ** exponent, torch.tensor(mask) ** exponent
    assert ours.dtype == np.bool_ and ours.tolist() == theirs.tolist()
    for library, error in ((tensorgrad, TypeError), (torch, NotImplementedError)):
        with pytest.raises(error):
            library.tensor(mask) ** library.tensor(mask)
