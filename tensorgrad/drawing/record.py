"""What a drawing knows of a graph: its operations, leaves and outputs as plain values, read once.

Nothing here refers back to the graph, so a drawing keeps no memory alive and shows the moment it was made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable

import numpy as np

from tensorgrad.drawing.wording import number_text
from tensorgrad.op import Op
from tensorgrad.tensor import Tensor

__all__ = ["Leaf", "Operation", "Output", "Record", "record"]


@dataclass(eq=False, slots=True)
class Leaf:
    """A tensor that no recorded op made.

    kind    "parameter" or "tensor" where it wants a gradient, else "constant"
    dtype   "" for a plain array among the inputs, of which only the shape is known
    norm    of the gradient; None as long as there is none
    uses    which operations read it, as pairs of number and position
    """

    kind: str
    name: str | None
    shape: tuple[int, ...]
    dtype: str
    norm: float | None = None
    uses: list[tuple[int, int]] = field(default_factory=list)

    @property
    def wants_grad(self) -> bool:
        return self.kind != "constant"

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


Input = Any  # int: number of an operation | Leaf | None: a Python number


@dataclass(eq=False, slots=True)
class Operation:
    """One recorded op; `inputs` are numbers of earlier operations, leaves, or None for Python numbers."""

    name: str
    options: dict[str, Any]
    label: str
    shape: tuple[int, ...]
    dtype: str
    scope: str
    inputs: list[Input]
    input_shapes: tuple[tuple[int, ...], ...]
    norm: float | None = None


@dataclass(eq=False, slots=True)
class Output:
    """A tensor that was asked for: `source` is the operation's number, a leaf, or None for a constant."""

    name: str | None
    shape: tuple[int, ...]
    dtype: str
    source: Input
    value: str


@dataclass(eq=False, slots=True)
class Record:
    """A graph, operations in the order they ran."""

    operations: list[Operation]
    leaves: list[Leaf]
    outputs: list[Output]


def record(tensors: Iterable[Tensor]) -> Record:
    """The graph behind `tensors`, every op once however many paths lead to it."""
    tensors = list(tensors)
    ops = ops_behind(tensors)
    numbers = {op: i for i, op in enumerate(ops)}
    leaves: dict[Any, Leaf] = {}
    operations = []
    for i, op in enumerate(ops):
        inputs: list[Input] = []
        constants = op.constants
        for position, source in enumerate(op.sources):
            if isinstance(source, Op):
                inputs.append(numbers[source])
                continue
            shape = tuple(op.shapes[position])
            key: Any = source
            if source is None:
                shape, dtype, name = constants.get(position, (shape, None, None))
                if position not in constants and not shape:
                    inputs.append(None)
                    continue
                # A constant is known by its name; without one, every use is a box of its own.
                key = (name, shape, dtype) if name else (i, position)
            if key not in leaves:
                leaves[key] = leaf_of(source) if source is not None else Leaf(
                    "constant", name, tuple(shape), "" if dtype is None else np.dtype(dtype).name)
            leaves[key].uses.append((i, position))
            inputs.append(leaves[key])
        retained = op.retained() if op.retained is not None else None
        operations.append(Operation(op.name, op.options(), op.label, op.shape, op.dtype.name, op.scope, inputs,
                                    tuple(op.shapes), None if retained is None else norm_of(retained)))
    outputs = []
    for tensor in tensors:
        made_by: Input = numbers[tensor.creator] if tensor.creator is not None else None
        if made_by is None and tensor.wants_grad:
            made_by = leaves.setdefault(tensor, leaf_of(tensor))
        value = tensor.array.item() if tensor.array.size == 1 else None
        text = "" if value is None else number_text(value) if isinstance(value, float) else str(value)
        outputs.append(Output(tensor.name, tensor.shape, tensor.dtype.name, made_by, text))
    return Record(operations, list(leaves.values()), outputs)


def ops_behind(tensors: list[Tensor]) -> list[Op]:
    """Every op the tensors were computed by, oldest first."""
    stack = [tensor.creator for tensor in tensors if tensor.creator is not None]
    seen = set(stack)
    while stack:
        for source in stack.pop().sources:
            if isinstance(source, Op) and source not in seen:
                seen.add(source)
                stack.append(source)
    return sorted(seen, key=lambda op: op.order)


def leaf_of(tensor: Tensor) -> Leaf:
    kind = "parameter" if tensor.kind == "parameter" else "tensor"
    return Leaf(kind, tensor.name, tensor.shape, tensor.dtype.name, norm_of(tensor))


def norm_of(tensor: Tensor) -> float | None:
    """The Euclidean norm of a tensor's gradient, None if it has none."""
    if tensor.grad is None:
        return None
    return float(np.linalg.norm(tensor.grad.array.astype(np.float64).ravel()))
