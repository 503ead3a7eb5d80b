"""The two ways to ask for derivatives: `backward` fills `.grad` on the leaves, `grad` returns gradients."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad.autograd.engine import accumulate, walk
from tensorgrad.errors import ArgumentError, GraphError, ShapeError, message
from tensorgrad.handles import AfterAccumulation
from tensorgrad.ownership import unshared
from tensorgrad.recording import set_grad_enabled
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["backward", "grad"]


def backward(self: Tensor | Sequence[Tensor], gradient: Any = None, retain_graph: bool | None = None,
             create_graph: bool = False, inputs: Tensor | Sequence[Tensor] | None = None) -> None:
    """Add the derivative of this tensor to the `.grad` of every leaf it was computed from.

    ``autograd.backward([a, b], [grad_a, grad_b])`` starts from several tensors in one pass.

    Arguments
        gradient       dL/d(this), of this tensor's shape; may be left out for a single number, where it is 1
        retain_graph   keep what the graph holds for another backward; default: the value of `create_graph`
        create_graph   record the backward pass itself, so that gradients can be differentiated again
        inputs         only these tensors receive a gradient

    Raises
        GraphError         a constant, or a graph already freed
        StaleTensorError   something the graph kept was changed in place
        ShapeError         `gradient` missing for a tensor of several entries, or of another shape

    Example
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x ** 3).sum().backward(); x.grad
        tensor([ 3., 12.])
    """
    wanted = None if inputs is None else [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if wanted is not None:
        check_inputs("backward", wanted)
    if isinstance(self, Tensor):
        roots, given = [self], [gradient]
    else:
        roots, given = list(self), one_per_output("backward", gradient, len(self))
    found = walk(starts(roots, given, create_graph), inputs=wanted, create_graph=create_graph,
                 retain_graph=create_graph if retain_graph is None else retain_graph)
    receivers = {t.creator or t: t for t in wanted or ()}
    with set_grad_enabled(create_graph):
        while found:
            source, gradient_found = found.popitem()
            receiver = source if isinstance(source, Tensor) else receivers[source]
            if not receiver.retains_grad:  # the walk has stored that one
                accumulate(receiver, gradient_found)
            del gradient_found
            if receiver.hooks:
                for hook in list(receiver.hooks):
                    if isinstance(hook, AfterAccumulation):
                        hook.hook(receiver)


def grad(outputs: Tensor | Sequence[Tensor], inputs: Tensor | Sequence[Tensor], grad_outputs: Any = None,
         retain_graph: bool | None = None, create_graph: bool = False,
         only_inputs: bool = True, allow_unused: bool | None = None, is_grads_batched: bool = False,
         materialize_grads: bool = False) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned; no `.grad` is touched.

    Arguments
        grad_outputs        one gradient per output; may be left out where the output is a single number
        create_graph        record the backward pass, so that the result can be differentiated
        only_inputs         True is all there is: no `.grad` is filled
        is_grads_batched    False is all there is
        allow_unused        None, instead of an error, for an input the outputs do not depend on
        materialize_grads   zeros instead of None

    Raises
        GraphError      an input that needs no gradient, or that the outputs do not depend on
        ArgumentError   only_inputs=False, is_grads_batched=True

    Example
        >>> x = Tensor(2.0, requires_grad=True)
        >>> (first,) = grad(x ** 3, x, create_graph=True)
        >>> (second,) = grad(first, x)
        >>> first.item(), second.item()
        (12.0, 12.0)
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    given = one_per_output("grad", grad_outputs, len(outputs))
    if not only_inputs:
        raise ArgumentError("grad: only_inputs=False is not offered.\n  Call backward() to fill the .grad of all leaves.")
    if is_grads_batched:
        raise ArgumentError("grad: is_grads_batched=True is not offered.\n  Call grad once per gradient, or use "
                            "autograd.functional.jacobian.")
    if allow_unused is None:
        allow_unused = materialize_grads
    elif materialize_grads and not allow_unused:
        raise ArgumentError("grad: materialize_grads=True gives zeros where allow_unused=False would raise.\n"
                            "  Drop one of them.")
    check_inputs("grad", inputs)
    found = walk(starts(outputs, given, create_graph), inputs=inputs, create_graph=create_graph,
                 retain_graph=create_graph if retain_graph is None else retain_graph)
    results: list[Tensor | None] = []
    for i, tensor in enumerate(inputs):
        gradient = found.get(tensor.creator or tensor)
        if gradient is None and not allow_unused:
            raise GraphError(message("grad", f"the outputs do not depend on input {i}", {"input": tensor},
                                     "Pass allow_unused=True to get None for it."))
        if gradient is None and materialize_grads:
            gradient = np.zeros_like(tensor.array)
        # A writable array that the caller or another result may hold too is copied, so that it can be written into.
        if isinstance(gradient, np.ndarray) and gradient.flags.writeable and not unshared(gradient, 2):
            gradient = gradient.copy(order="K")
        results.append(None if gradient is None else as_tensor(np.asarray(gradient) if np.isscalar(gradient) else gradient))
    return tuple(results)


def one_per_output(who: str, gradients: Any, n: int) -> list[Any]:
    """Incoming gradients as a list of `n`; None alone stands for all of them."""
    if gradients is None:
        return [None] * n
    given = list(gradients) if isinstance(gradients, (list, tuple)) else [gradients]
    if len(given) != n:
        raise ArgumentError(f"{who}: {len(given)} grad_outputs for {n} outputs.\n  Give one, or None, per output.")
    return given


def check_inputs(who: str, inputs: list[Tensor]) -> None:
    """Raise a GraphError unless there are inputs that gradients can reach."""
    if not inputs:
        raise GraphError(f"{who}: there are no inputs to find gradients for.\n"
                         "  Pass at least one tensor that requires grad.")
    for i, tensor in enumerate(inputs):
        if not isinstance(tensor, Tensor) or not tensor.requires_grad:
            raise GraphError(message(who, f"input {i} does not require grad", {"input": tensor},
                                     "Call requires_grad_() on it before it is used."))


def starts(outputs: list[Tensor], gradients: list[Any], create_graph: bool) -> list[tuple[Any, Any]]:
    """Per output where the walk starts and with which gradient, checked."""
    roots = []
    for output, gradient in zip(outputs, gradients):
        if not isinstance(output, Tensor) or not output.requires_grad:
            raise GraphError(message(
                "backward", "this tensor is a constant: nothing it was computed from requires grad", {"tensor": output},
                "Set requires_grad=True on the inputs, and compute it outside no_grad().  detach(), .item() and NumPy cut "
                "it off, too:\n  parameter.why_grad(lambda: loss_of(batch)) says at which line."))
        array = output.array
        if gradient is None:
            if array.size != 1:
                raise ShapeError(message(
                    "backward", "a gradient is needed for a tensor of several entries", {"tensor": output},
                    "Reduce it to one number first, such as loss.mean(), or pass `gradient`."))
            gradient = np.ones(array.shape, array.dtype)
        shape = gradient.shape if gradient.__class__ is np.ndarray else np.shape(getattr(gradient, "array", gradient))
        if shape != array.shape:
            raise ShapeError(message("backward", f"the gradient has shape {shape}", {"tensor": output},
                                     "A gradient has the shape of the tensor it belongs to."))
        if create_graph:
            gradient = as_tensor(gradient, dtype=output.dtype)
        else:
            gradient = np.asarray(getattr(gradient, "array", gradient), dtype=array.dtype)
        roots.append((output.creator or output, gradient))
    return roots
