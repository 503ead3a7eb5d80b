"""The op table leaves nothing out: every op runs forward, backward and under create_graph in some row, and every flag, mode
and reduction of a function is taken in one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections import defaultdict
from types import CodeType, FrameType
from typing import Any, Callable, Iterator

import numpy as np
import pytest

import nn
import tensorgrad
from nn import functional as F
from tensorgrad import Tensor, linalg, watching
from tensorgrad.autograd import grad
from tensorgrad.errors import GraphError
from tensorgrad.op import Op
from tests.op_cases import ALL
from tests.op_cases.case import Case
from tests.tensorgrad.ops.test_all_ops import run, tensors_of, varied, wants_grad

# Bases that are no ops themselves, and the two of `autograd.Function`, whose rules are the user's (test_function.py).
BASES = {"Unary", "Binary", "Normalize", "ArgExtreme", "Factors", "Quantifier", "Formula", "Steps", "Call", "Result"}

# Ops whose rules differences cannot check: of two dtypes, 0 by choice, refused.  `test_rules_beside_the_table` does.
BESIDE = {"To", "NormalDraw", "Heaviside"}

CHOICES: dict[str, set[Any]] = {
    "reduction": {"none", "mean", "sum"},
    "kl_div.reduction": {"none", "mean", "sum", "batchmean"},
    "interpolation": {"linear", "lower", "higher", "midpoint", "nearest"},
    "UPLO": {"L", "U"},
    "gelu.approximate": {"none", "tanh"},
    "pad.mode": {"constant", "reflect", "replicate", "circular"},
    "interpolate.mode": {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"},
    "grid_sample.mode": {"bilinear", "nearest", "bicubic"},
    "grid_sample.padding_mode": {"zeros", "border", "reflection"},
    "scatter_reduce.reduce": {"sum", "prod", "mean", "amax", "amin"},
    "div.rounding_mode": {None, "trunc", "floor"},
}

# Flags of which one value has no rows, and why.
WITHOUT = {
    "embedding.sparse": "refused",
    "gather.sparse_grad": "changes nothing: gradients are dense",
    "pinv.hermitian": "refused",
    "matrix_rank.hermitian": "refused",
    "gumbel_softmax.hard": "the gradient is by definition that of another value",
    "svd.full_matrices": "refused where gradients are wanted",
    "interpolate.recompute_scale_factor": "False is the default by another name",
    "max_pool1d_with_indices.return_indices": "is there for PyTorch's signature and changes nothing",
    "max_pool2d_with_indices.return_indices": "likewise",
    "max_pool3d_with_indices.return_indices": "likewise",
}


def is_choice(parameter: inspect.Parameter) -> bool:
    return parameter.annotation in ("bool", "bool | None", bool) or type(parameter.default) is bool


class Noted(watching.Watcher):
    """Which ops ran, which rules ran on arrays and which on tensors."""

    def __init__(self) -> None:
        self.forward: set[type] = set()
        self.backward: set[type] = set()
        self.recorded: set[type] = set()

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        self.forward.add(type(op))
        return proceed(op, *operands)

    def rule(self, proceed: Callable[[Op, Any], Any], op: Op, grad: Any) -> Any:
        parts = getattr(grad, "grads", (grad,))  # of ops whose parts are tensors of their own
        (self.recorded if any(isinstance(part, Tensor) for part in parts) else self.backward).add(type(op))
        return proceed(op, grad)


class Calls:
    """Which values flags and modes of public functions had in the rows that have gradients."""

    def __init__(self) -> None:
        self.functions: dict[CodeType, tuple[str, inspect.Signature]] = {}
        for home in (tensorgrad, linalg, F):
            for name, function in vars(home).items():
                if inspect.isfunction(function) and not name.startswith("_"):
                    function = inspect.unwrap(function)
                    self.functions[function.__code__] = (function.__name__, inspect.signature(function))
        self.seen: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in self.functions:
            name, signature = self.functions[frame.f_code]
            for parameter in signature.parameters:
                value = frame.f_locals[parameter]
                if value is None or isinstance(value, (bool, str)):
                    self.seen[name][parameter].add(value)
            self.seen[name]["*"].add(True)


def differentiate(case: Case, calls: Calls) -> None:
    """The row forward, backward on arrays, and twice on tensors."""
    tensors = tensors_of(case, case.draw())
    sys.setprofile(calls.note if case.orders else None)
    try:
        outputs = [out for out in run(case, *tensors) if wants_grad(out)]
    finally:
        sys.setprofile(None)
    if not case.orders:
        return
    inputs = [tensors[i] for i in varied(case, [tensor.array for tensor in tensors])]
    weights = [np.ones(out.shape, out.dtype) for out in outputs]
    grad(outputs, inputs, weights, retain_graph=True, allow_unused=True)
    if case.orders >= 2:
        leaves = [Tensor(weight, requires_grad=True) for weight in weights]
        once = [g for g in grad(outputs, inputs, leaves, create_graph=True, allow_unused=True) if wants_grad(g)]
        assert once
        grad(once, [*inputs, *leaves], [np.ones(g.shape) for g in once], allow_unused=True)


@pytest.fixture(scope="module")
def noted() -> Iterator[tuple[Noted, Calls]]:
    watcher, calls = Noted(), Calls()
    watching.start(watcher)
    try:
        for case in ALL:
            differentiate(case, calls)
    finally:
        watching.stop(watcher)
    yield watcher, calls


APART = ("nn.plots", "nn.commands", "tensorgrad.kernels")  # no ops are in there, and not all can be imported without extras


def op_classes() -> list[type[Op]]:
    """Every op class of the packages, also of modules that nobody has imported yet."""
    for package in (tensorgrad, nn):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(APART) and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = [cls for cls in watching.subclasses(Op) if cls.__module__.split(".")[0] in ("tensorgrad", "nn")]
    assert BASES <= {cls.__name__ for cls in found} and len(found) > 190
    return [cls for cls in found if cls.__name__ not in BASES]


def test_every_op_runs_in_every_direction(noted: tuple[Noted, Calls]) -> None:
    """Forward; backward, unless it says that it cannot be differentiated; and recorded, unless it says only once."""
    watcher, _ = noted
    classes = op_classes()
    has_rule = [cls for cls in classes if cls.differentiable and cls.__name__ not in BESIDE]
    assert not sorted(cls.__name__ for cls in classes if cls not in watcher.forward), "never forward"
    assert not sorted(cls.__name__ for cls in has_rule if cls not in watcher.backward), "never backward"
    assert not sorted(cls.__name__ for cls in has_rule if not cls.once and cls not in watcher.recorded), "never recorded"


def test_rules_beside_the_table() -> None:
    x = Tensor(np.array([1.0, -2.0]), requires_grad=True)
    (first,) = grad((x.float() ** 3).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert first.dtype == second.dtype == np.float64
    assert first.tolist() == [3.0, 12.0] and second.tolist() == [6.0, -12.0]
    (nothing,) = grad(tensorgrad.normal(x, x.abs()).sum(), x)
    assert nothing.tolist() == [0.0, 0.0]
    with pytest.raises(GraphError, match="heaviside has no gradient, neither here nor in PyTorch"):
        tensorgrad.heaviside(x, x).sum().backward()


def test_every_choice_is_taken(noted: tuple[Noted, Calls]) -> None:
    _, calls = noted
    missing = {}
    for name, signature in calls.functions.values():
        seen = calls.seen.get(name)
        for parameter in signature.parameters.values() if seen else ():
            key = f"{name}.{parameter.name}"
            wanted = CHOICES.get(key, CHOICES.get(parameter.name, {True, False} if is_choice(parameter) else set()))
            if key not in WITHOUT and not wanted <= seen[parameter.name]:
                missing[key] = wanted - seen[parameter.name]
    assert not missing, missing


def test_the_exceptions_are_needed(noted: tuple[Noted, Calls]) -> None:
    _, calls = noted
    for key in WITHOUT:
        name, parameter = key.split(".")
        assert not {True, False} <= calls.seen[name][parameter], f"{key} has rows of both"
    for key in CHOICES:
        name, dot, parameter = key.partition(".")
        assert not dot or calls.seen[name][parameter], f"no row calls {key}"


def test_a_choice_that_no_row_takes_is_noticed() -> None:
    calls = Calls()
    for case in ALL:
        if case.name.startswith("sum"):
            sys.setprofile(calls.note)
            try:
                run(case, *tensors_of(case, case.draw()))
            finally:
                sys.setprofile(None)
    calls.seen["sum"]["keepdim"].discard(True)
    with pytest.raises(AssertionError, match="sum.keepdim"):
        test_every_choice_is_taken((Noted(), calls))
    with pytest.raises(AssertionError, match="never forward"):
        test_every_op_runs_in_every_direction((Noted(), calls))
