"""Hooks of optimizers against PyTorch: their signatures, their order, and what they are given."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import pytest

import nn.optim
import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

LIBRARIES = ((tensorgrad, nn.optim), (torch, torch.optim))
KINDS = ["step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post"]


@pytest.mark.parametrize("kind", KINDS)
def test_signatures(kind: str) -> None:
    ours, theirs = (inspect.signature(getattr(library.Optimizer, f"register_{kind}_hook")).parameters
                    for _, library in LIBRARIES)
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [(p.name, p.kind, p.default) for p in theirs.values()]


def told(library: Any, optim: Any) -> list[Any]:
    """What the hooks of one optimizer are told in a step, a step with a closure, saving, loading, and in a copy."""
    p = library.ones(2, requires_grad=True)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.9)
    p.sum().backward()
    log: list[Any] = []

    def described(value: Any) -> Any:
        if isinstance(value, tuple):
            return [described(item) for item in value]
        return "optimizer" if value is optimizer else sorted(value) if isinstance(value, dict) else type(value).__name__

    def noting(label: str) -> Any:
        def hook(*given: Any) -> None:
            log.append((label, [described(value) for value in given], p.tolist()))
        return hook

    handles = []
    for kind in KINDS:
        register = getattr(optimizer, f"register_{kind}_hook")
        handles += [register(noting(f"{kind} {i}")) for i in range(2)]
        if "state" in kind:
            register(noting(f"{kind} in front"), prepend=True)
    optimizer.step()
    handles[1].remove()
    log.append(optimizer.step(lambda: 7))
    optimizer.load_state_dict(optimizer.state_dict())
    log.append("copy")
    copy.deepcopy(optimizer).step()
    return log


def test_order_and_arguments() -> None:
    ours, theirs = (told(*libraries) for libraries in LIBRARIES)
    assert ours == theirs and len(ours) == 4 + 3 + 1 + 12 + 1
