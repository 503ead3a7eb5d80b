"""The backward walk: from a result to everything it was computed from, newest op first.

Ops carry the tick at which they were recorded, so "newest first" is a reverse topological order and a heap is all the
bookkeeping there is: when an op leaves the heap, every op that used its result was recorded later and has been visited.
No recursion, one visit per op, and memory that an op kept is dropped as soon as its rule has run.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, Iterable

import numpy as np

from tensorgrad.errors import GraphError
from tensorgrad.handles import AfterAccumulation
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.promotion import broadcasts_to, to
from tensorgrad.ops.reduction import sum_to
from tensorgrad.ownership import unshared
from tensorgrad.recording import set_grad_enabled
from tensorgrad.tensor import Tensor, from_array

Gradient = Any  # ndarray, or Tensor under create_graph

__all__ = ["walk"]


def walk(roots: Iterable[tuple[Op | Tensor, Gradient]], *, retain_graph: bool, create_graph: bool,
         inputs: list[Tensor] | None = None) -> dict[Op | Tensor, Gradient]:
    """Carry gradients from `roots` back to the leaves.

    Arguments
        roots     pairs of where a gradient starts (the creator of a tensor, or a leaf) and that gradient
        inputs    walk only the paths that lead to these tensors; None walks all of them

    Returns
        {leaf: gradient} for every leaf reached; with `inputs`, {creator or leaf: gradient} for those reached
    """
    targets = set() if inputs is None else {t.creator or t for t in inputs}
    through = None if inputs is None else targets | paths_to(targets, [source for source, _ in roots])
    pending: dict[Op | Tensor, Gradient] = {}  # received so far, by ops and leaves still to be visited
    owned: set[Op | Tensor] = set()            # whose pending gradient is an array of our own, to add into
    found: dict[Op | Tensor, Gradient] = {}
    heap: list[tuple[int, Op]] = []

    def add(source: Op | Tensor, grad: Gradient) -> None:
        """Add `grad` to what `source` has received before; the first one may be shared and is never written into."""
        if source in owned:
            before = pending[source]
            before += grad
        else:
            pending[source] = total = pending[source] + grad
            if total.__class__ is np.ndarray:
                owned.add(source)

    with set_grad_enabled(create_graph):
        for start, grad in roots:
            if start in pending:
                add(start, grad)
            else:
                pending[start] = grad
                if isinstance(start, Op):
                    heappush(heap, (-start.order, start))
        while heap:
            op = heappop(heap)[1]
            grad = pending.pop(op)
            if op.hooks is not None or op.retained is not None:
                grad = through_hooks(op, grad)
            if through is not None and op in targets:
                found[op] = grad
                if not any(source in through for source in op.sources if source is not None):
                    continue
            holds, sources = op.holds, op.sources
            if holds:
                op.unpack(create_graph)
            try:
                grads = op.backward(grad)
            except Exception as error:
                error.add_note(f"in the backward rule of {op.where}: {op.label}")
                raise
            finally:
                if holds:
                    op.repack(not retain_graph)
            if grads.__class__ is not tuple:
                grads = (grads,)
            if len(grads) != len(sources):
                refuse_count(op, len(grads))
            for i, source in enumerate(sources):  # in half the time of a zip
                if source is None or (grad := grads[i]) is None or (through is not None and source not in through):
                    continue
                if grad.shape != source.shape:
                    grad = undo_broadcast(op, grad, source.shape)
                if source in pending:
                    add(source, grad)
                else:
                    pending[source] = grad
                    if isinstance(source, Op):
                        heappush(heap, (-source.order, source))
            del grads, grad  # the next rule may need the memory
        while pending:  # only leaves are left
            leaf, grad = pending.popitem()
            if inputs is None or leaf in targets:
                found[leaf] = through_hooks(leaf, grad) if leaf.hooks else grad
            del grad
    return found


def refuse_count(op: Op, returned: int) -> None:
    """Raise the GraphError for a rule that returned another number of gradients than the op has inputs."""
    raise GraphError(f"backward: the rule of {op.where} returned {returned} gradients for {len(op.sources)} inputs.\n"
                     "  Return one gradient, or None, per argument of forward.")


def undo_broadcast(op: Op, grad: Gradient, shape: tuple[int, ...]) -> Gradient:
    """`grad` summed over the axes along which forward repeated that input."""
    if not broadcasts_to(shape, grad.shape):
        raise GraphError(f"backward: the rule of {op.where} returned a gradient of shape {grad.shape} for an input of "
                         f"shape {shape}.\n  A gradient has the shape of its input, or of what it was broadcast to.")
    return sum_to(grad, shape)


def through_hooks(source: Op | Tensor, grad: Gradient) -> Gradient:
    """Show a complete gradient to the hooks, each of which may replace it, and store it where it is retained."""
    for hook in list(source.hooks or ()):
        if isinstance(hook, AfterAccumulation):
            continue
        shown = grad if isinstance(grad, Tensor) else read_only(grad)
        replaced = hook(shown)
        if replaced is not None:
            if not isinstance(replaced, Tensor) or replaced.shape != shown.shape:
                what = f"shape {replaced.shape}" if isinstance(replaced, Tensor) else f"type {type(replaced).__name__}"
                raise GraphError(f"hook: {getattr(hook, '__name__', hook)} returned a gradient of {what} for one of shape "
                                 f"{shown.shape}.\n  Return a tensor of the same shape, or None.")
            replaced = to(replaced, shown.dtype)
            grad = replaced if isinstance(grad, Tensor) else replaced.array
    if isinstance(source, Op) and source.retained is not None:
        out = source.retained()
        if out is not None:
            accumulate(out, grad)
    return grad


def read_only(grad: np.ndarray) -> Tensor:
    """A gradient as users' code gets to see it: others may hold the same array, so that nobody may write into it."""
    view = np.asarray(grad).view()
    view.flags.writeable = False
    return from_array(view)


def accumulate(leaf: Tensor, grad: Gradient) -> None:
    """Add `grad` to ``leaf.grad``, whose array belongs to the leaf alone."""
    if leaf.grad is None:
        if isinstance(grad, Tensor):
            leaf.grad = clone(grad)
        else:
            grad = np.asarray(grad)
            leaf.grad = from_array(grad if unshared(grad, 2) else clone(grad))  # held by the caller and here
    elif isinstance(grad, Tensor) or leaf.grad.requires_grad:
        leaf.grad = leaf.grad + grad
    else:
        total = leaf.grad.array
        leaf.grad.array = np.add(total, grad, out=total if total.flags.writeable else np.empty_like(total))
        leaf.grad.mark_changed()


def paths_to(targets: set[Op | Tensor], starts: list[Op | Tensor]) -> set[Op | Tensor]:
    """The ops between `starts` and `targets`: those from which one of `targets` can be reached."""
    reachable: set[Op] = set()
    stack = [source for source in starts if isinstance(source, Op)]
    while stack:
        op = stack.pop()
        if op not in reachable:
            reachable.add(op)
            stack += [source for source in op.sources if isinstance(source, Op)]
    wanted: set[Op | Tensor] = set()
    for op in sorted(reachable, key=lambda op: op.order):  # oldest first: an op's sources are decided before it
        if any(source in targets or source in wanted for source in op.sources if source is not None):
            wanted.add(op)
    return wanted
