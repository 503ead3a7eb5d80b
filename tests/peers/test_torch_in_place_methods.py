"""Methods that write into their tensor, against PyTorch's: the numbers, the dtype kept, the tensor given back."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad.in_place.methods import OverwritingMethods

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]
torch = pytest.importorskip("torch")

FLOATS = np.array([[0.3, 0.7], [0.5, 0.9]])
OTHER = np.array([[0.5, 0.7], [-2.0, 1.5]])
WHOLE = np.array([[7, -3], [4, 0]])
POSITIONS = np.array([[1, 0], [0, 1]])

ABOVE_ONE = {"acosh_", "arccosh_"}
INTEGERS = {"bitwise_not_": (), "bitwise_and_": (WHOLE + 2,), "bitwise_or_": (WHOLE + 2,), "bitwise_xor_": (WHOLE + 2,),
            "bitwise_left_shift_": (abs(WHOLE) % 5,), "bitwise_right_shift_": (abs(WHOLE) % 5,)}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(["multiply_", "divide_", "true_divide_", "subtract_", "floor_divide_", "remainder_", "fmod_",
                     "copysign_", "heaviside_", "xlogy_", "atan2_", "arctan2_", "hypot_", "eq_", "ne_", "lt_", "le_", "gt_",
                     "ge_", "not_equal_", "less_", "less_equal_", "greater_", "greater_equal_", "logical_and_",
                     "logical_or_", "logical_xor_"], (OTHER,)),
    "pow_": (2.5,), "float_power_": (2.0,), "clamp_": (0.4, 0.6), "clip_": (0.4, 0.6), "clamp_min_": (0.4,),
    "clamp_max_": (0.6,), "cumsum_": (1,), "cumprod_": (0,),
    "scatter_": (1, POSITIONS, OTHER), "scatter_add_": (0, POSITIONS, OTHER),
    "scatter_reduce_": (0, POSITIONS, OTHER, "amax"), "index_add_": (0, POSITIONS[0], OTHER),
    "index_copy_": (1, POSITIONS[0], OTHER), "index_fill_": (0, POSITIONS[0][:1], 7.0),
    "index_put_": ((POSITIONS[0],), OTHER), "put_": (POSITIONS, OTHER), "masked_scatter_": (OTHER > 0.6, OTHER),
    "addmm_": (OTHER, OTHER), "addmv_": (OTHER, OTHER[0]), "addbmm_": (OTHER[None], OTHER[None]),
    "addr_": (OTHER[0], OTHER[1]), "baddbmm_": (OTHER[None], OTHER[None]), "tril_": (), "triu_": (1,), "squeeze_": (0,),
    "unsqueeze_": (1,), "transpose_": (0, 1), "swapaxes_": (0, 1), "swapdims_": (-1, 0), "t_": (),
}
START = {"addmv_": FLOATS[0], "baddbmm_": FLOATS[None], "squeeze_": FLOATS[None]}
OTHERWISE = {"float_power_", "scatter_", "scatter_add_", "scatter_reduce_", "index_add_", "index_copy_", "index_put_",
             "put_",
             "masked_scatter_", "addmm_", "addmv_", "addbmm_", "addr_", "baddbmm_",  # PyTorch wants operands of one dtype
             "frac_"}  # is 0 here
METHODS = [name for name, value in vars(OverwritingMethods).items() if inspect.isfunction(value)]


def in_library(library: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(in_library(library, entry) for entry in value)
    return library.tensor(value) if isinstance(value, np.ndarray) else value


def written(library: Any, name: str, start: np.ndarray) -> Any:
    tensor = in_library(library, start)
    assert getattr(tensor, name)(*in_library(library, INTEGERS.get(name, ARGUMENTS.get(name, ())))) is tensor
    return tensor


def start_of(name: str) -> np.ndarray:
    return WHOLE if name in INTEGERS else FLOATS + 1 if name in ABOVE_ONE else START.get(name, FLOATS)


@pytest.mark.parametrize("name", METHODS)
def test_same_numbers_and_dtype(name: str) -> None:
    ours, theirs = (written(library, name, start_of(name)).numpy() for library in (tensorgrad, torch))
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in {*INTEGERS, *OTHERWISE}])
def test_of_whole_numbers_it_is_taken_or_refused_alike(name: str) -> None:
    def outcome(library: Any) -> Any:
        try:
            return written(library, name, np.round(start_of(name) * 3).astype(np.int64)).tolist()
        except (RuntimeError, TypeError):
            return "refused"

    assert outcome(tensorgrad) == outcome(torch)


def test_functions_are_the_methods() -> None:
    names = [name for name in vars(tensorgrad) if name.endswith("_") and not name.startswith("_") and name != "bool_"]
    assert len(names) > 50
    for name in names:
        assert getattr(tensorgrad, name) is getattr(tensorgrad.Tensor, name) and hasattr(torch, name)
