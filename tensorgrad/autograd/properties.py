"""What must hold for every backward rule, whatever its numbers: gradcheck looks at it besides the differences.

A rule gives the same each time, writes into nothing that others hold, is linear in the gradient that comes in, and keeps the
precision and the dtype of its input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.autograd.backward import grad
from tensorgrad.errors import GradcheckError, TensorgradError
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from tensorgrad.autograd.differences import Check

__all__ = ["repeatable", "linear", "precise"]

LINEAR = 1e-6  # by how much of its largest entry a gradient may deviate from linearity


def weights_of(outputs: list[Tensor]) -> list[np.ndarray]:
    """Incoming gradients of both signs, none of them a round number."""
    return [np.cos(np.arange(1.0, out.numel() + 1)).reshape(out.shape) for out in outputs]


def repeatable(check: Check, outputs: list[Tensor]) -> None:
    """Two runs of the function, and two backward passes, give the same, and leave what they were given unchanged."""
    inputs = [x.array for x in check.inputs if isinstance(x, Tensor)]
    again = check.outputs()
    refuse_change(check, "the function wrote into its input", check.given, inputs)
    same(check, "the function", [out.array for out in outputs], [out.array for out in again])

    weights, results = weights_of(outputs), [out.array.copy() for out in outputs]
    first = [gradient.copy() for gradient in check.gradients(outputs, weights)]
    refuse_change(check, "backward wrote into the incoming gradient", weights_of(outputs), weights)
    refuse_change(check, "backward wrote into an input", check.given, inputs)
    refuse_change(check, "backward wrote into the result", results, [out.array for out in outputs])
    same(check, "backward", first, check.gradients(outputs, weights))

    for k in range(len(check.variables)):  # elsewhere, as a step of training is
        check.moved(k, check.eps)
    for k, (before, after) in enumerate(zip(first, check.gradients(outputs, weights))):
        if apart(before, after) > check.nondet_tol:
            raise GradcheckError(f"{check.who}: the gradient of {check.where(k)} changed when the function ran again, on "
                                 "other numbers.\n  Backward reads something that a later call overwrites: keep it with the "
                                 "op (or ctx), not in a cache.")


def same(check: Check, what: str, first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for a, b in zip(first, second):
        if (distance := apart(a, b)) > check.nondet_tol:
            raise GradcheckError(f"{check.who}: {what} is not deterministic: two runs differ by {distance:.3g}.\n"
                                 "  Seed what draws random numbers in it, switch dropout off, or allow it with nondet_tol.")


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b), initial=0.0)) if a.shape == b.shape else np.inf


def refuse_change(check: Check, what: str, before: list[np.ndarray], after: list[np.ndarray]) -> None:
    for a, b in zip(before, after):
        if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            raise GradcheckError(f"{check.who}: {what}, which others may read.\n"
                                 "  Compute a new array, without out= and without an assignment to an index.")


def linear(check: Check, outputs: list[Tensor]) -> None:
    """Zero in gives zero out; the gradient of a sum of incoming gradients is the sum of their gradients."""
    for k, gradient in enumerate(check.gradients(outputs, [np.zeros(out.shape) for out in outputs])):
        if gradient.any():
            raise GradcheckError(f"{check.who}: backward gives {check.where(k)} a gradient that is not zero, though the "
                                 "incoming gradient is.\n  A rule must multiply by the gradient it gets.")
    rng = np.random.default_rng(1)
    some, others = weights_of(outputs), [1000 * rng.normal(size=out.shape) for out in outputs]
    both = check.gradients(outputs, [a - b for a, b in zip(some, others)])
    parts = zip(check.gradients(outputs, some), check.gradients(outputs, others))
    for k, (a, b) in enumerate(parts):
        with np.errstate(invalid="ignore"):
            off = np.abs(both[k] - (a - b))
        allowed = LINEAR * (np.max(np.abs(a), initial=0.0) + np.max(np.abs(b), initial=0.0)) + 1e4 * check.nondet_tol
        if (off > allowed).any():
            raise GradcheckError(f"{check.who}: the gradient of {check.where(k)} is not linear in the incoming gradient: off"
                                 f" by {float(np.nanmax(off)):.3g} for one 1000 times as large.\n  A rule multiplies the "
                                 "gradient it gets; it does not clip it, take its sign, its square or its positive part.")


def precise(check: Check, outputs: list[Tensor]) -> None:
    """A float64 gradient is not one of float32 digits; a float32 pass has float32 gradients."""
    for k, gradient in enumerate(check.gradients(outputs, weights_of(outputs))):
        found = gradient[gradient != 0]
        with np.errstate(over="ignore"):
            if found.size and np.isfinite(found).all() and np.array_equal(found.astype(np.float32), found):
                raise GradcheckError(f"{check.who}: the gradient of {check.where(k)} has the digits of float32 only, where "
                                     "float64 is due.\n  Something in backward converts it: look for float32 constants "
                                     "and .to().")
    narrow: list[Any] = [narrowed(x) for x in check.inputs]
    variables = [narrow[i] for i in check.positions]
    try:
        with np.errstate(all="ignore"):
            results = check.differentiable(*narrow)
            if not results or any(out.dtype != dtypes.float32 for out in results):
                return  # float64 comes from elsewhere, such as a closure
            incoming = [w.astype(np.float32) for w in weights_of(results)]
            found_narrow = grad(results, variables, incoming, allow_unused=True)
    except (TensorgradError, TypeError, ValueError):
        return  # made for float64 only
    for k, g in enumerate(found_narrow):
        if g is not None and g.dtype != dtypes.float32:
            raise GradcheckError(f"{check.who}: for float32 inputs the gradient of {check.where(k)} is {g.dtype.name}.\n"
                                 "  Something in backward widens it: look for float64 arrays, and NumPy numbers with axes.")


def narrowed(x: Any) -> Any:
    """The input in float32, if it is a float64 tensor."""
    if not isinstance(x, Tensor) or x.dtype != dtypes.float64:
        return x
    return Tensor(x.array.astype(np.float32), requires_grad=x.requires_grad)
