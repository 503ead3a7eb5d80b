"""A float32 training step of every network holds no float64 array: no result, nothing kept, no gradient, no state."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import models
from tensorgrad import kernels, watching
from tensorgrad.op import Op


class Widest(watching.Watcher):
    """Notes every float64 array of several entries that goes into an op or a rule, or comes out."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def look(self, who: str, *values: Any) -> None:
        for value in values:
            if isinstance(value, (tuple, list)):
                self.look(who, *value)
                continue
            array = getattr(value, "array", value)
            if isinstance(array, np.ndarray) and array.dtype == np.float64:
                self.found.append(f"{who} {array.shape}")

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        result = proceed(op, *operands)
        self.look(op.name, *operands, result)
        self.look(f"{op.name} keeps", *[getattr(op, name, None) for cls in type(op).__mro__
                                        for name in getattr(cls, "__slots__", ()) if name not in ("sources", "noted")])
        return result

    def rule(self, proceed: Callable[[Op, Any], Any], op: Op, grad: Any) -> Any:
        returned = proceed(op, grad)
        self.look(f"backward of {op.name}", grad, returned)
        return returned


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
@pytest.mark.parametrize("name", models.available())
@pytest.mark.parametrize("set_name", kernels.available())
def test_no_float64_array(set_name: str, name: str, optimizer: str) -> None:
    net = models.create(name, num_classes=4, in_channels=3, image_size=8)
    steps = getattr(nn.optim, optimizer)(net.parameters(), lr=0.01, weight_decay=0.01)
    watcher = Widest()
    with kernels.use(set_name):
        watching.start(watcher)
        try:
            for _ in range(2):
                steps.zero_grad()
                scores = net(tg.randn(3, 3, 8, 8))
                loss = nn.functional.cross_entropy(scores, tg.tensor([0, 3, 1]), label_smoothing=0.1)
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                steps.step()
        finally:
            watching.stop(watcher)
    assert not watcher.found, watcher.found[:5]
    assert loss.dtype == np.float32 and all(p.grad.dtype == np.float32 for p in net.parameters())
    assert all(value.dtype != np.float64 for value in net.state_dict().values())
    for state in steps.state.values():
        watcher.look("state", *[value for value in state.values()])
    assert not watcher.found, watcher.found[:5]


def test_the_watcher_sees_a_float64_array() -> None:
    watcher = Widest()
    watching.start(watcher)
    try:
        (tg.ones(2, requires_grad=True).to("float64") * 2).sum().backward()
    finally:
        watching.stop(watcher)
    assert any(who.startswith("mul") for who in watcher.found) and any("backward" in who for who in watcher.found)
