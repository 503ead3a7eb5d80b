"""One row of the op table, and the domains its inputs are drawn from.

A row builds the same expression in tensorgrad and in PyTorch: ``build`` gets a library (`tensorgrad` or `torch`, with
``.F`` for its functional module) and the inputs as that library's tensors.  `tests/tensorgrad/ops/test_all_ops.py` and
`tests/peers/` generate the checks from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np

Draw = Callable[[np.random.Generator], np.ndarray]


@dataclass
class Case:
    """One op with one set of options.

    name        unique; starts with the op's public name: "sum", "sum-dim", "conv2d-stride2-groups"
    build       ``lambda lib, x, w: lib.F.conv2d(x, w, stride=2)``
    inputs      one `Draw` per input; each returns an array (float64 for differentiable ones)
    reference   the same result from float64 arrays in plain NumPy, by a formula or loops; None only where another test
                has hand-worked values, named in a comment
    ops         names of the ops (`Op.name`) that the graph of the result must contain; default: the part of `name`
                before the first "-"
    orders      how many times it can be differentiated: 0 (not at all), 1 or 2
    torch       False where PyTorch has no equal; then a comment says why
    rtol        relative tolerance of values and of first gradients against PyTorch, in float64
    float32     False where a float32 run makes no sense (integer results)
    constant    positions of float inputs that have no gradient (class weights, running statistics)
    """

    name: str
    build: Callable[..., Any]
    inputs: tuple[Draw, ...]
    reference: Callable[..., Any] | None = None
    ops: tuple[str, ...] = ()
    orders: int = 2
    torch: bool = True
    rtol: float = 1e-10
    float32: bool = True
    constant: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ops = self.ops or (self.name.split("-")[0],)

    def __str__(self) -> str:
        return self.name

    def draw(self, seed: int = 0) -> list[np.ndarray]:
        """Fresh inputs, the same for the same seed."""
        rng = np.random.default_rng(seed)
        return [draw(rng) for draw in self.inputs]


# -- domains: never raw normals for an op with kinks -------------------------------------------------------------------


def normal(*shape: int, scale: float = 1.0) -> Draw:
    """Standard normal values, for smooth ops."""
    return lambda rng: rng.normal(size=shape) * scale


def positive(*shape: int) -> Draw:
    """Between 0.5 and 2."""
    return lambda rng: rng.uniform(0.5, 2.0, size=shape)


def away_from_zero(*shape: int) -> Draw:
    """Of either sign, at least 0.25 from 0."""
    return lambda rng: rng.uniform(0.25, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def unit(*shape: int) -> Draw:
    """Between 0.05 and 0.95: probabilities."""
    return lambda rng: rng.uniform(0.05, 0.95, size=shape)


def distinct(*shape: int) -> Draw:
    """A shuffled ramp with steps of 0.1 around 0: no two entries tie, none is 0."""
    n = int(np.prod(shape))
    return lambda rng: (rng.permutation(n).reshape(shape) - n / 2 + 0.25) * 0.1


def all_negative(*shape: int) -> Draw:
    """A shuffled ramp below -1: padding must not win."""
    n = int(np.prod(shape))
    return lambda rng: -1 - rng.permutation(n).reshape(shape) * 0.1


def integers(low: int, high: int, *shape: int) -> Draw:
    """Integers from `low` to `high` - 1, as int64."""
    return lambda rng: rng.integers(low, high, size=shape)


def booleans(*shape: int) -> Draw:
    """True and False."""
    return lambda rng: rng.random(shape) < 0.5


def fixed(values: Any) -> Draw:
    """These values."""
    return lambda rng: np.array(values)
