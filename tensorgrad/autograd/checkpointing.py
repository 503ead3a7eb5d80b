"""Checkpointing: a part of the model keeps only its inputs, and is computed again when backward gets there.

Memory for time: one more forward pass of that part.  The graph is recorded as always; what its ops keep for backward is
dropped when the part is done.  The first op that misses its data has the whole part computed again, with the random numbers
of the first time, and each op gets back what its double of the second time kept.  So gradients reach everything the part
used: arguments, parameters, tensors in closures.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, GraphError, message
from tensorgrad.op import Op, restorers
from tensorgrad.random import get_rng_state, set_rng_state
from tensorgrad.recording import enable_grad, here, tick
from tensorgrad.tensor import Tensor, from_array

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
               preserve_rng_state: bool = True, **kwargs: Any) -> Any:
    """``function(*args, **kwargs)``, without keeping what is between its inputs and its results until backward.

    Backward calls the function again, so it must compute the same again.  What it changes besides, such as the running
    statistics of batch norm, changes twice.  Tensors among the arguments may be written into: the second call gets them as
    they were.

    Arguments
        function             a module, or any function that returns tensors: one, or several in tuples, lists or dicts
        use_reentrant        accepted for code written for PyTorch; there is one way here
        preserve_rng_state   draw the random numbers of the default generator again as they were: dropout drops the same

    Raises
        GraphError   a write into the memory of an argument; in backward, if the function did something else the second time

    Example
        >>> w = Tensor([2.0], requires_grad=True)
        >>> y = checkpoint(lambda x: (x * w).exp(), Tensor([1.0]))
        >>> y.backward(); w.grad
        tensor([7.3891])
    """
    if not here.recording:
        return function(*args, **kwargs)
    part = Part(function, args, kwargs, get_rng_state() if preserve_rng_state else None)
    start = tick()
    before = [(tensor, tensor.array, tensor.creator) for tensor in tensors_in((args, kwargs))]
    result = part.call()
    part.note_written(before, start)
    part.drop(ops_since(start, result))
    return result


def checkpoint_sequential(functions: Sequence[Callable[..., Any]], segments: int, input: Any,
                          use_reentrant: bool | None = None, preserve_rng_state: bool = True) -> Any:
    """Modules one after the other, checkpointed in `segments` parts of nearly equal length.

    Backward holds the intermediate results of one part at a time, and the inputs of all.

    Raises
        ArgumentError   more segments than functions, or fewer than one

    Example
        >>> steps = [lambda x: x * 2, lambda x: x.exp(), lambda x: x + 1]
        >>> checkpoint_sequential(steps, 2, Tensor([0.0], requires_grad=True))
        tensor([2.], creator=add)
    """
    steps = list(functions)
    if not 1 <= segments <= len(steps):
        raise ArgumentError(f"checkpoint_sequential: {segments} segments of {len(steps)} functions.\n"
                            f"  Use 1 to {len(steps)} segments.")

    def run(first: int, last: int, x: Any) -> Any:
        for step in steps[first:last]:
            x = step(x)
        return x

    for i in range(segments):
        ends = len(steps) * i // segments, len(steps) * (i + 1) // segments
        input = checkpoint(partial(run, *ends), input, preserve_rng_state=preserve_rng_state)
    return input


class Part:
    """A part of a model that can be computed again.

    ops     of the first time, oldest first; they have lost their data
    """

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any, random_state: Any):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.random_state, self.scope = random_state, here.scope
        self.names: list[str] = []
        self.orders: frozenset[int] = frozenset()
        self.ops: list[Any] = []

    def call(self) -> Any:
        """The function, under the layer names it had."""
        before, here.scope = here.scope, self.scope
        try:
            with enable_grad():
                return self.function(*self.args, **self.kwargs)
        finally:
            here.scope = before

    def note_written(self, before: list[tuple[Tensor, np.ndarray, Op | None]], start: int) -> None:
        """In place of the arguments that the function wrote into, others that are as those were `before`."""
        twins: dict[int, Tensor] = {}
        for tensor, array, creator in before:
            if tensor.array is not array or tensor.creator is not creator:
                twins[id(tensor)] = twin = from_array(array)
                twin.creator = creator
            elif tensor.last_change() > start:
                raise GraphError(message("checkpoint", "the function writes into the memory of an argument, so that it "
                                         "cannot be called again", {"argument": tensor}, "Give it a copy: x.clone()."))
        if twins:
            self.args, self.kwargs = with_twins(self.args, twins), with_twins(self.kwargs, twins)

    def drop(self, ops: list[Op]) -> None:
        """Let the ops forget their data; whichever is asked for it has all of it restored."""
        self.names = [op.where for op in ops]
        self.orders = frozenset([op.order for op in ops])
        for position, op in enumerate(ops):
            if op.holds:
                op.kept = None
                op.repack(free=True)
                restorers[op] = partial(self.restore, position)

    def restore(self, position: int, op: Op) -> None:
        """Give `op`, the one at that position, its data back."""
        if not self.ops:
            self.ops = self.computed_again()
        double = self.ops[position]
        if double is None:
            raise GraphError(f"backward: {op.where} was already used by a backward pass, which freed what it kept.\n"
                             "  Call the first backward with retain_graph=True, or compute the result again.")
        self.ops[position] = None  # each is wanted once
        if double.kept is None and double in restorers:  # inside of another checkpoint
            restorers[double](double)
        for cls in type(op).__mro__:
            for slot in vars(cls).get("__slots__", ()) if cls is not Op and cls is not object else ():
                setattr(op, slot, getattr(double, slot))
        op.kept, op.watched, op.output = double.kept, double.watched, double.output

    def computed_again(self) -> list[Any]:
        """The ops of a second run."""
        before = get_rng_state()
        try:
            if self.random_state is not None:
                set_rng_state(self.random_state)
            start = tick()
            ops = ops_since(start, self.call())
        finally:
            set_rng_state(before)
        if any([isinstance(source, Op) and source.order in self.orders for op in ops for source in op.sources]):
            raise GraphError("checkpoint: the second time, the function started from what it had computed the first time.\n"
                             "  It must not write into tensors, or keep them, that are not among its arguments.")
        names = [op.where for op in ops]
        if names != self.names:
            at = next((i for i, (a, b) in enumerate(zip(names, self.names)) if a != b), min(len(names), len(self.names)))
            first, second = [" → ".join(found[at:at + 3]) or "nothing more" for found in (self.names, names)]
            raise GraphError(f"checkpoint: the function did something else the second time.\n    at first  {first}\n"
                             f"    now       {second}\n"
                             "  It must not depend on anything that changes in between.")
        return ops


def ops_since(start: int, result: Any) -> list[Op]:
    """The ops recorded after the tick `start` that lead to the tensors in `result`, oldest first."""
    found: set[Op] = set()
    stack = [tensor.creator for tensor in tensors_in(result)]
    while stack:
        op = stack.pop()
        if op is not None and op not in found and op.order > start:
            found.add(op)
            stack += [source for source in op.sources if isinstance(source, Op)]
    return sorted(found, key=lambda op: op.order)


def tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def with_twins(value: Any, twins: dict[int, Tensor]) -> Any:
    """`value`, where `tensors_in` finds tensors, with others in the place of some, by their identity."""
    if isinstance(value, Tensor):
        return twins.get(id(value), value)
    if isinstance(value, (tuple, list)):
        return getattr(type(value), "_make", type(value))([with_twins(item, twins) for item in value])
    if isinstance(value, dict):
        return {key: with_twins(item, twins) for key, item in value.items()}
    return value
