"""Every row of the op table against PyTorch in float64: values, dtypes, first and second gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad
from tests.libraries import TENSORGRAD, TORCH, numpy_of, outputs_of
from tests.op_cases import ALL
from tests.op_cases.case import Case

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]  # PyTorch's advice on speed
torch = pytest.importorskip("torch")

SHARED = [case for case in ALL if case.torch]
EXACT = {"float32": 1e-5}  # integer inputs become the default float in both libraries


def rows(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=str)


class Run:
    """One row in one library: its outputs and, as NumPy arrays, its gradients."""

    def __init__(self, case: Case, library: Any, arrays: list[np.ndarray]):
        self.torch = library is TORCH
        inputs = []
        self.varied = []
        for i, array in enumerate(arrays):
            varied = array.dtype.kind == "f" and case.orders > 0 and i not in case.constant
            made = (torch.tensor(array) if self.torch else tensorgrad.tensor(array)).requires_grad_(varied)
            inputs.append(made)
            if varied:
                self.varied.append(made)
        self.outputs = outputs_of(case.build(library, *inputs))
        self.roots = [out for out in self.outputs if out.requires_grad]

    def leaf(self, array: np.ndarray) -> Any:
        return (torch.tensor(array) if self.torch else tensorgrad.tensor(array)).requires_grad_()

    def grad(self, outputs: list[Any], inputs: list[Any], grad_outputs: list[Any], create_graph: bool = False) -> list[Any]:
        function = torch.autograd.grad if self.torch else tensorgrad.autograd.grad
        return list(function(outputs, inputs, grad_outputs, create_graph=create_graph, materialize_grads=True))


def close(ours: Any, theirs: Any, rtol: float) -> None:
    ours, theirs = numpy_of(ours), numpy_of(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    rtol = max(rtol, EXACT.get(ours.dtype.name, 0.0))
    scale = np.max(np.abs(theirs), initial=1.0, where=np.isfinite(theirs)) if theirs.dtype.kind in "fiu" else 1.0
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * float(scale))


@rows(SHARED)
def test_same_as_torch(case: Case) -> None:
    arrays = case.draw()
    ours, theirs = Run(case, TENSORGRAD, arrays), Run(case, TORCH, arrays)
    assert len(ours.outputs) == len(theirs.outputs)
    for out, wanted in zip(ours.outputs, theirs.outputs):
        close(out, wanted, case.rtol)
    assert [out.requires_grad for out in ours.outputs] == [out.requires_grad for out in theirs.outputs]
    if not case.orders:
        return

    rng = np.random.default_rng(3)
    weights = [rng.normal(size=tuple(out.shape)).astype(numpy_of(out).dtype) for out in theirs.roots]
    twice = case.orders > 1
    incoming = [[run.leaf(w) for w in weights] for run in (ours, theirs)]
    first = [run.grad(run.roots, run.varied, w, create_graph=twice) for run, w in zip((ours, theirs), incoming)]
    for gradient, wanted in zip(*first):
        close(gradient, wanted, case.rtol)
    if not twice:
        return

    second_weights = [rng.normal(size=tuple(g.shape)) for g in first[1]]
    second = []
    for run, gradients, w in zip((ours, theirs), first, incoming):
        reached = [(g, run.leaf(v).detach()) for g, v in zip(gradients, second_weights) if g.requires_grad]
        try:
            second.append(run.grad([g for g, _ in reached], run.varied + w, [v for _, v in reached]))
        except RuntimeError as error:
            if run.torch and "is not implemented" in str(error):  # PyTorch has no second derivative of it
                return
            raise
    for gradient, wanted in zip(*second):
        close(gradient, wanted, 10 * case.rtol)
