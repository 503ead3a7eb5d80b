"""Function: an op of your own, with PyTorch's interface, for code whose derivative you know better than the engine.

Inside `forward` nothing is recorded.  `backward` gets and returns Tensors: under ``create_graph=True`` what it computes with
tensor operations is recorded, so second derivatives work without another line; otherwise nothing is recorded in it either.

Example
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * 3 * x * x
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward(); x.grad
    tensor([ 3., 12.])
"""

from __future__ import annotations

import functools
import re
import weakref
from typing import Any, Callable, NamedTuple

import numpy as np

from tensorgrad import dtypes
from tensorgrad.autograd.engine import read_only
from tensorgrad.errors import GraphError, StaleTensorError, message
from tensorgrad.op import Op
from tensorgrad.recording import here, no_grad
from tensorgrad.shared_memory import Memory, Unknown
from tensorgrad.tensor import Tensor, as_tensor, from_array

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What one call of a Function remembers for its backward.  Attributes of your own may be set on it.

    Attributes
        needs_input_grad   per argument of forward, whether its gradient is wanted; an unwanted one may be None
        saved_tensors      in backward: what `save_for_backward` was given
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]):
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Tensor | None, ...] = ()
        self._to_save: tuple[Tensor | None, ...] = ()
        self._not_differentiable: tuple[Tensor, ...] = ()
        self._materialize_grads = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, results or intermediate tensors for backward, where `saved_tensors` returns them.

        Unlike attributes of your own they are checked for changes in place, freed with the graph, and differentiated
        through in a second derivative.  A second call replaces what the first one saved.
        """
        for i, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise GraphError(f"save_for_backward: argument {i} is a {type(tensor).__name__}, not a tensor.\n"
                                 "  Keep other values as attributes: ctx.name = value.")
        self._to_save = tensors

    def mark_non_differentiable(self, *results: Tensor) -> None:
        """Say that these results of forward are constants; integer and bool ones always are."""
        self._not_differentiable = results

    def set_materialize_grads(self, value: bool) -> None:
        """False: backward gets None, instead of zeros, for a result that nothing depends on."""
        self._materialize_grads = value

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Refused: a graph cannot record a write into memory."""
        raise GraphError("mark_dirty: a Function cannot change its inputs in place.\n  Return a new tensor from forward.")


class Function:
    """The base of your own op: subclass it with two static methods and call ``YourOp.apply(...)``.

        forward(ctx, *args)           args are what apply was given, tensors or not; returns a tensor or a tuple of them
        backward(ctx, *grads)         one gradient per result; returns one, or None, per argument of forward

    ``forward(*args)`` without ctx goes with ``setup_context(ctx, inputs, output)``, as in PyTorch.

    Raises
        GraphError   backward returns another number of gradients, or one for an argument that is not a tensor
    """

    def __init__(self) -> None:
        raise GraphError(f"{type(self).__name__}: a Function is not instantiated.\n  Call {type(self).__name__}.apply(...).")

    @staticmethod
    def forward(*args: Any) -> Any:
        """The result, computed from the arguments."""
        raise NotImplementedError("A Function needs a static method forward(ctx, ...).")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs, where forward takes no ctx."""

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        """The gradients of the arguments, from those of the results."""
        raise NotImplementedError("A Function needs a static method backward(ctx, ...).")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward, and record the call if an argument requires grad."""
        needs = tuple([isinstance(arg, Tensor) and arg.requires_grad for arg in args])
        recorded = any(needs) and here.recording
        ctx = FunctionCtx(needs)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                results = cls.forward(ctx, *args)
            else:
                results = cls.forward(*args)
                cls.setup_context(ctx, args, results)
        alone = not isinstance(results, (tuple, list))
        given = [as_tensor(r) if isinstance(r, (np.ndarray, np.generic)) else r for r in ([results] if alone else results)]
        if recorded:
            outputs = Call(cls, ctx).record_call(args, given)
        else:
            outputs = [separate(r) if isinstance(r, Tensor) else r for r in given]
        return outputs[0] if alone else tuple(outputs)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a Function's backward that leaves the graph, so that ``create_graph=True`` raises instead of being wrong.

    Put it below ``@staticmethod``.
    """
    @functools.wraps(backward)
    def wrapper(*args: Any) -> Any:
        return backward(*args)

    wrapper.once = True  # type: ignore[attr-defined]
    return wrapper


class SavedOutput(NamedTuple):
    """A result saved for backward: not the tensor, which holds the graph, but its array."""

    position: int
    array: np.ndarray
    memory: Memory

    @property
    def shown(self) -> Tensor:
        """The result, for messages."""
        return from_array(self.array)


class SavedInput(NamedTuple):
    """A tensor saved for backward, and what it was then: a write that is recorded makes another of it."""

    tensor: Tensor
    array: np.ndarray
    creator: Op | None

    @property
    def shown(self) -> Tensor:
        """The tensor, for messages."""
        return self.tensor

    @property
    def memory(self) -> Memory | None:
        """The memory of the tensor as it was saved."""
        return self.tensor.memory if self.creator is None else self.creator.memory

    def restored(self) -> Tensor:
        """The tensor, or if it was written into one that is as it was."""
        if self.tensor.array is self.array and self.tensor.creator is self.creator:
            return self.tensor
        out = from_array(self.array)
        out.creator, out.memory = self.creator, self.memory
        return out


class Parts:
    """Gradients of several results, by position, on their way to the call that gave them."""

    __slots__ = ("parts",)
    shape = ()

    def __init__(self, parts: dict[int, Any]):
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        merged = dict(self.parts)
        for i, grad in other.parts.items():
            merged[i] = merged[i] + grad if i in merged else grad
        return Parts(merged)


class Call(Op):
    """One call of a Function: the node of the graph.  Several results hang below it as `Result` nodes."""

    __slots__ = ("function", "ctx", "name", "once", "dtypes", "saved", "results", "nodes")

    def __init__(self, function: type[Function], ctx: FunctionCtx):
        self.function, self.ctx = function, ctx
        self.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", function.__name__).lower()
        self.once = getattr(function.backward, "once", False)

    def record_call(self, args: tuple[Any, ...], given: list[Any]) -> list[Any]:
        """The results as tensors of the graph."""
        ctx = self.ctx
        self.dtypes = [arg.dtype if isinstance(arg, Tensor) else None for arg in args]
        sources = [(arg.creator or arg) if needs else None for arg, needs in zip(args, ctx.needs_input_grad)]
        self.saved = [self.to_save(tensor, given) for tensor in ctx._to_save]
        self.results: list[Any] = [(r.shape, r.dtype) if isinstance(r, Tensor) else None for r in given]
        graph = [isinstance(r, Tensor) and dtypes.is_float(r.dtype) and not any(r is x for x in ctx._not_differentiable)
                 for r in given]
        ctx._to_save = ctx._not_differentiable = ()
        alone = len(given) == 1 and graph[0]
        noted = [(i, arg.shape, arg.dtype, arg.name)
                 for i, arg in enumerate(args) if isinstance(arg, Tensor) and sources[i] is None]
        first = self.record(given[0].array if alone else np.zeros(()), sources, (), sum(noted, ()))
        outputs: list[Any] = []
        nodes: list[Any] = []
        for i, result in enumerate(given):
            if not isinstance(result, Tensor):
                outputs.append(result)
                nodes.append(None)
                continue
            node = Result(i, self.name) if graph[i] and not alone else None
            out = first if alone else node.record(result.array, [self], ()) if node else separate(result)
            if out is not result and (result.memory is not None or any(result is arg for arg in args)):
                out.share(result, Unknown())
            outputs.append(out)
            nodes.append(weakref.ref(node) if node else None)
        self.nodes = nodes
        return outputs

    def to_save(self, tensor: Tensor | None, given: list[Any]) -> Any:
        """What stands for a saved tensor while the graph waits; a result must not hold the graph that holds it."""
        for i, result in enumerate(given):
            if result is tensor and tensor is not None:
                return SavedOutput(i, tensor.array, tensor.shared_memory())
        return None if tensor is None else SavedInput(tensor, tensor.array, tensor.creator)

    def unpack(self, create_graph: bool) -> None:
        super().unpack(create_graph)
        self.ctx.saved_tensors = tuple([self.restored(entry) for entry in self.saved])

    def restored(self, entry: Any) -> Tensor | None:
        """A saved tensor, in the graph where it was, and unchanged."""
        if entry is not None and entry.memory is not None and entry.memory.changed > self.order:
            raise StaleTensorError(message("backward", f"a tensor that {self.where} saved was changed in place afterwards",
                                           {"saved": entry.shown},
                                           (self.changed_at(entry.memory) + "  Change a copy (t.clone()), or run backward "
                                            "before changing it.").lstrip()))
        if not isinstance(entry, SavedOutput):
            return entry and entry.restored()
        out = from_array(entry.array)
        out.memory = entry.memory
        if here.recording and dtypes.is_float(out.dtype):
            out.creator = self.node_of(entry.position)
        return out

    def node_of(self, position: int) -> Op | None:
        """The node of that result."""
        if len(self.results) == 1:
            return self
        reference = self.nodes[position]
        if reference is None:
            return None
        node = reference()
        if node is None:  # nobody holds that result any more
            shape, dtype = self.results[position]
            node = Result(position, self.name)
            node.record(np.broadcast_to(np.zeros((), dtype), shape), [self], ())
        return node

    def backward(self, grad: Any) -> Any:
        parts = grad.parts if isinstance(grad, Parts) else {0: grad}
        grads = [self.gradient(parts.get(i), result) for i, result in enumerate(self.results)]
        returned = self.function.backward(self.ctx, *grads)
        returned = list(returned) if isinstance(returned, (tuple, list)) else [returned]
        while len(returned) > len(self.sources) and returned[-1] is None:
            returned.pop()
        who = f"{self.function.__name__}.backward"
        if len(returned) != len(self.sources):
            raise GraphError(f"{who}: returned {len(returned)} gradients for {len(self.sources)} arguments of forward.\n"
                             "  Return one gradient, or None, per argument, ctx not counted.")
        return tuple([self.checked(who, i, value) for i, value in enumerate(returned)])

    def gradient(self, grad: Any, result: Any) -> Tensor | None:
        """The gradient of one result as the user's backward gets it."""
        if result is None or (grad is None and not self.ctx._materialize_grads):
            return None
        if grad is None:
            return from_array(np.zeros(*result))
        return grad if isinstance(grad, Tensor) else read_only(grad)

    def checked(self, who: str, i: int, value: Any) -> Any:
        """A gradient from the user's backward as the engine wants it: a Tensor while recording, else an array."""
        dtype = self.dtypes[i]
        if value is None:
            return None
        if dtype is None:
            raise GraphError(f"{who}: returned a gradient for argument {i} of forward, which is not a tensor.\n"
                             "  Return None in its place.")
        if here.recording:
            if not isinstance(value, Tensor):
                raise GraphError(f"{who}: returned a {type(value).__name__} for argument {i} under create_graph=True, which "
                                 "would end the graph there.\n"
                                 "  Compute with tensor operations, or mark backward with @once_differentiable.")
            return value.to(dtype)
        return np.asarray(getattr(value, "array", value), dtype=dtype)

    def repack(self, free: bool) -> None:
        self.ctx.saved_tensors = ()
        if free and self.saved:
            self.kept, self.saved = None, []

    def forget(self) -> None:
        """Nothing of its own; `repack` drops what was saved."""

    def options(self) -> dict[str, Any]:
        return {}


class Result(Op):
    """One of several results of a call."""

    __slots__ = ("result", "name")

    def __init__(self, result: int, name: str):
        self.result, self.name = result, name

    def backward(self, grad):
        return Parts({self.result: grad})

    def options(self) -> dict[str, Any]:
        return {"result": self.result}


def separate(result: Tensor) -> Tensor:
    """A constant over the memory of `result`."""
    return result if result.creator is None and not result.wants_grad else result.detach()
