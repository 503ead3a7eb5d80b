"""Products with Jacobians and Hessians of a function, and the matrices themselves.

For y = f(x) with Jacobian J, ``J[i, j] = ∂y_i / ∂x_j``:

    vjp   vᵀ·J, one backward pass                jvp   J·v, by differentiating u ↦ uᵀ·J, which is linear in u, along v
    vhp   vᵀ·H of a scalar f, H = ∂²f/∂x²        hvp   H·v, the same by symmetry, by the detour of jvp
    jacobian   one backward pass per entry of y  hessian   the Jacobian of the gradient

Everywhere: `func` takes and returns one tensor or several; `inputs` is a tensor or a tuple of them, and results have the
same form.  The inputs themselves are not touched: the function sees copies that require gradients.  Under
``create_graph=True`` results can be differentiated further, also with respect to the inputs; otherwise they are constants.
``strict=True`` raises where an output does not depend on an input, instead of giving zeros.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from tensorgrad.autograd.backward import grad
from tensorgrad.errors import ArgumentError, GraphError, ShapeError, message
from tensorgrad.ops import reshape, stack
from tensorgrad.recording import enable_grad
from tensorgrad.tensor import Tensor, from_array

__all__ = ["vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"]

Tensors = Tensor | tuple[Tensor, ...]


def vjp(func: Callable[..., Tensors], inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensors, Tensors]:
    """The outputs of `func`, and vᵀ·J.

    Arguments
        v   one tensor per output, of its shape; may be left out if the output is a single number, where it is 1

    Raises
        ShapeError   a `v` of another shape, or left out where it is needed
        GraphError   with `strict`, an output that does not depend on an input

    Example
        >>> y, product = vjp(lambda x: x ** 2, Tensor([1.0, 2.0]), Tensor([1.0, 10.0]))
        >>> product
        tensor([ 2., 40.])
    """
    with enable_grad():
        given, alone = prepared("vjp", inputs, create_graph)
        outputs, one = called("vjp", func, given, strict)
        weights = vectors("vjp", v, outputs, "output")
        products = slopes("vjp", outputs, given, weights, create_graph, strict)
    return form(finished(outputs, create_graph), one), form(finished(products, create_graph), alone)


def jvp(func: Callable[..., Tensors], inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensors, Tensors]:
    """The outputs of `func`, and J·v: how they change when the inputs move along `v`.

    It takes two backward passes; `func` must be twice differentiable.

    Arguments
        v   one tensor per input, of its shape; may be left out if the input is a single number, where it is 1

    Example
        >>> y, change = jvp(lambda x: x ** 2, Tensor([1.0, 2.0]), Tensor([1.0, 0.0]))
        >>> change
        tensor([2., 0.])
    """
    with enable_grad():
        given, alone = prepared("jvp", inputs, create_graph)
        directions = vectors("jvp", v, given, "input")
        outputs, one = called("jvp", func, given, strict)
        dummies = [zeros_like(out).requires_grad_() for out in outputs]
        products = slopes("jvp", outputs, given, dummies, True, strict)
        changes = slopes("jvp", products, dummies, directions, create_graph, strict, "the derivative of an output")
    return form(finished(outputs, create_graph), one), form(finished(changes, create_graph), one)


def jacobian(func: Callable[..., Tensors], inputs: Tensors, create_graph: bool = False, strict: bool = False,
             vectorize: bool = False, strategy: str = "reverse-mode") -> Any:
    """J of every output with respect to every input, of shape (*output, *input).

    Arguments
        vectorize   accepted, and without effect: entries of the output are differentiated one after the other
        strategy    "reverse-mode"; there is no other

    Returns
        one tensor; a tuple over the inputs, if those are a tuple; a tuple over the outputs, if those are several

    Example
        >>> jacobian(lambda x: x ** 2, Tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if strategy != "reverse-mode":
        raise ArgumentError(f"jacobian: the strategy {strategy!r} is not available.\n  Use strategy='reverse-mode'.")
    with enable_grad():
        given, alone = prepared("jacobian", inputs, create_graph)
        outputs, one = called("jacobian", func, given, strict)
        rows = [matrices(out, given, create_graph, strict) for out in outputs]
    found = tuple([form(finished(row, create_graph), alone) for row in rows])
    return found[0] if one else found


def hessian(func: Callable[..., Tensor], inputs: Tensors, create_graph: bool = False, strict: bool = False,
            vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode") -> Any:
    """The second derivatives of a scalar function, of shape (*input, *input).

    Returns
        one tensor; for a tuple of inputs a tuple of tuples, the block of inputs i and j at [i][j]

    Example
        >>> hessian(lambda x: (x ** 3).sum(), Tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    alone = isinstance(inputs, Tensor)

    def gradient(*moved: Tensor) -> tuple[Tensor, ...]:
        outputs, _ = called("hessian", func, moved, strict)
        single_number("hessian", outputs)
        return slopes("hessian", outputs, moved, None, True, strict)

    several: Any = (inputs,) if alone else inputs
    blocks = jacobian(gradient, several, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks[0][0] if alone else blocks


def vhp(func: Callable[..., Tensor], inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensor, Tensors]:
    """The output of a scalar function, and vᵀ·H.  Faster than `hvp`, and the same where second derivatives commute.

    Example
        >>> y, product = vhp(lambda x: (x ** 3).sum(), Tensor([1.0, 2.0]), Tensor([1.0, 1.0]))
        >>> product
        tensor([ 6., 12.])
    """
    with enable_grad():
        given, alone = prepared("vhp", inputs, create_graph)
        directions = vectors("vhp", v, given, "input")
        outputs, _ = called("vhp", func, given, strict)
        single_number("vhp", outputs)
        first = slopes("vhp", outputs, given, None, True, strict)
        products = slopes("vhp", first, given, directions, create_graph, strict, "the gradient")
    return finished(outputs, create_graph)[0], form(finished(products, create_graph), alone)


def hvp(func: Callable[..., Tensor], inputs: Tensors, v: Tensors | None = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Tensor, Tensors]:
    """The output of a scalar function, and H·v.

    Example
        >>> y, product = hvp(lambda x: (x ** 3).sum(), Tensor([1.0, 2.0]), Tensor([1.0, 1.0]))
        >>> product
        tensor([ 6., 12.])
    """
    with enable_grad():
        given, alone = prepared("hvp", inputs, create_graph)
        directions = vectors("hvp", v, given, "input")
        outputs, _ = called("hvp", func, given, strict)
        single_number("hvp", outputs)
        first = slopes("hvp", outputs, given, None, True, strict)
        dummies = [zeros_like(tensor).requires_grad_() for tensor in given]
        back = slopes("hvp", first, given, dummies, True, strict, "the gradient")
        products = slopes("hvp", back, dummies, directions, create_graph, strict, "the second derivative")
    return finished(outputs, create_graph)[0], form(finished(products, create_graph), alone)


# -- pieces ------------------------------------------------------------------------------------------------------------


def prepared(who: str, inputs: Any, create_graph: bool) -> tuple[tuple[Tensor, ...], bool]:
    """The inputs as tensors of their own that require gradients, and whether there is one alone.

    With `create_graph` they stay connected to the tensors they come from.
    """
    alone = isinstance(inputs, Tensor)
    several: Sequence[Any] = (inputs,) if alone else inputs
    if not isinstance(several, (tuple, list)) or not several:
        raise ArgumentError(f"{who}: inputs is {type(inputs).__name__}.\n  Give a tensor or a tuple of tensors.")
    given = []
    for i, tensor in enumerate(several):
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"{who}: input {i} is a {type(tensor).__name__}, not a tensor.\n"
                                "  Use tensorgrad.tensor(...).")
        if create_graph and tensor.requires_grad:
            given.append(reshape(tensor, tensor.shape))
        else:
            given.append(tensor.detach().requires_grad_())
    return tuple(given), alone


def called(who: str, func: Callable[..., Any], given: Sequence[Tensor], strict: bool) -> tuple[tuple[Tensor, ...], bool]:
    """The outputs of the function, and whether there is one alone."""
    result = func(*given)
    one = isinstance(result, Tensor)
    outputs = (result,) if one else tuple(result) if isinstance(result, (tuple, list)) else ()
    if not outputs or not all([isinstance(out, Tensor) for out in outputs]):
        raise ArgumentError(f"{who}: the function returned {type(result).__name__}.\n"
                            "  Return a tensor or a tuple of tensors.")
    if strict:
        for i, out in enumerate(outputs):
            if not out.requires_grad:
                raise GraphError(message(who, f"output {i} does not depend on the inputs", {"output": out},
                                         "Compute it from them, or drop strict=True."))
    return outputs, one


def vectors(who: str, v: Any, tensors: Sequence[Tensor], what: str) -> tuple[Tensor, ...]:
    """`v` as one tensor per output or input, checked; ones where it may be left out."""
    if v is None:
        if len(tensors) != 1 or tensors[0].array.size != 1:
            raise ShapeError(message(who, f"v may be left out only for a single number as {what}",
                                     {f"{what} {i}": t for i, t in enumerate(tensors)}, f"Give one v per {what}."))
        return (from_array(np.ones_like(tensors[0].array)),)
    given = (v,) if isinstance(v, Tensor) else tuple(v)
    if [t.shape for t in given] != [t.shape for t in tensors]:
        raise ShapeError(f"{who}: v has the shapes {[t.shape for t in given]}, the {what}s "
                         f"{[t.shape for t in tensors]}.\n  Give one v of its shape per {what}.")
    return given


def single_number(who: str, outputs: Sequence[Tensor]) -> None:
    if len(outputs) != 1 or outputs[0].array.size != 1:
        raise ShapeError(message(who, "the function must return a single number",
                                 {f"output {i}": out for i, out in enumerate(outputs)}, "Reduce it, such as by .sum()."))


def slopes(who: str, outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Tensor] | None,
           create_graph: bool, strict: bool, what: str = "an output") -> tuple[Tensor, ...]:
    """Gradients of the outputs, weighted; zeros, or with `strict` an error, where they do not depend on an input."""
    kept = [i for i, out in enumerate(outputs) if out.requires_grad]
    if not kept:
        found: tuple[Tensor | None, ...] = (None,) * len(inputs)
    else:
        found = grad([outputs[i] for i in kept], list(inputs), None if weights is None else [weights[i] for i in kept],
                     create_graph=create_graph, retain_graph=True, allow_unused=True)
    for i, gradient in enumerate(found):
        if strict and gradient is None:
            raise GraphError(message(who, f"{what} does not depend on input {i}", {"input": inputs[i]},
                                     "Drop strict=True to get zeros for it."))
    return tuple([zeros_like(x) if g is None else g for g, x in zip(found, inputs)])


def matrices(out: Tensor, inputs: Sequence[Tensor], create_graph: bool, strict: bool) -> list[Tensor]:
    """The Jacobian of one output with respect to every input, a row per entry of the output."""
    if not out.array.size:
        return [from_array(np.zeros((*out.shape, *x.shape), x.dtype)) for x in inputs]
    flat = reshape(out, (-1,))
    rows = [slopes("jacobian", [flat[i]], inputs, None, create_graph, strict) for i in range(out.array.size)]
    return [reshape(stack([row[j] for row in rows]), (*out.shape, *x.shape)) for j, x in enumerate(inputs)]


def finished(tensors: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    """Constants, unless a graph is wanted."""
    return tuple(tensors) if create_graph else tuple([tensor.detach() for tensor in tensors])


def zeros_like(x: Tensor) -> Tensor:
    return from_array(np.zeros_like(x.array))


def form(tensors: tuple[Tensor, ...], alone: bool) -> Tensors:
    return tensors[0] if alone else tensors
