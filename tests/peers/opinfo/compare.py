"""One sample in both libraries: values, dtypes, shapes, gradients and second gradients."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import torch

import tensorgrad
from tests.libraries import numpy_of
from tests.peers.opinfo.samples import tensors_in

__all__ = ["Difference", "Undefined", "same", "same_gradients"]

RTOL = {"float64": 1e-9, "float32": 2e-5, "float16": 5e-3}


class Difference(AssertionError):
    """What the two libraries disagree on."""


class Undefined(Difference):
    """Nothing but this: PyTorch has NaN in second gradients, where ours are exactly 0."""


def close(what: str, ours: Any, theirs: Any, exact: bool = True, coarse: float = 0) -> None:
    """Equal shape and dtype, and numbers equal up to rounding, or to `coarse`; not `exact`: shape and dtype only."""
    a, b = numpy_of(ours), numpy_of(theirs)
    if a.shape != b.shape:
        raise Difference(f"{what}: shape {a.shape}, PyTorch has {b.shape}")
    if a.dtype != b.dtype:
        raise Difference(f"{what}: dtype {a.dtype}, PyTorch has {b.dtype}")
    if not exact:
        return
    if a.dtype.kind != "f":
        if not np.array_equal(a, b):
            raise Difference(f"{what}: {a.ravel()[:6]}, PyTorch has {b.ravel()[:6]}")
        return
    rtol = max(RTOL[a.dtype.name], coarse)
    scale = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
    if not np.allclose(a, b, rtol=rtol, atol=rtol * float(scale), equal_nan=True):
        worst = int(np.argmin(np.isclose(a, b, rtol=rtol, atol=rtol * float(scale), equal_nan=True)))
        raise Difference(f"{what}: {a.ravel()[worst]!r} at {worst}, PyTorch has {b.ravel()[worst]!r}")


def same(ours: Any, theirs: Any, exact: bool = True) -> tuple[list[Any], list[Any]]:
    """Compare two results; their tensors."""
    mine, wanted = list(tensors_in(ours)), list(tensors_in(theirs))
    if len(mine) != len(wanted):
        raise Difference(f"{len(mine)} results, PyTorch has {len(wanted)}")
    for i, (a, b) in enumerate(zip(mine, wanted)):
        close(f"result {i}", a, b, exact)
        if isinstance(b, torch.Tensor) and bool(getattr(a, "requires_grad", False)) != b.requires_grad:
            raise Difference(f"result {i}: requires_grad {getattr(a, 'requires_grad', None)}, PyTorch has {b.requires_grad}")
    return mine, wanted


def same_gradients(outputs: tuple[list[Any], list[Any]], pairs: Sequence[tuple[torch.Tensor, tensorgrad.Tensor]],
                   twice: bool, coarse: float = 0) -> None:
    """Compare the gradients of results for random incoming ones, and, `twice`, the gradients of those."""
    rng = np.random.default_rng(5)
    mine = [out for out in outputs[0] if getattr(out, "requires_grad", False)]
    wanted = [out for out in outputs[1] if isinstance(out, torch.Tensor) and out.requires_grad]
    if not mine or not pairs:
        return
    theirs, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    weights = [rng.normal(size=tuple(out.shape)).astype(numpy_of(out).dtype) for out in wanted]
    w_ours = [tensorgrad.tensor(w).requires_grad_() for w in weights]
    w_theirs = [torch.tensor(w).requires_grad_() for w in weights]
    first = slopes(tensorgrad.autograd.grad, mine, ours, w_ours, twice)
    first_wanted = slopes(torch.autograd.grad, wanted, theirs, w_theirs, twice)
    for i, (a, b) in enumerate(zip(first, first_wanted)):
        close(f"gradient {i}", a, b, coarse=coarse)
    if not twice:
        return
    keep = [i for i, g in enumerate(first_wanted) if g.requires_grad]
    # A gradient that does not depend on anything may or may not say so; its own gradients are zeros either way.
    for i in [i for i in keep if not first[i].requires_grad]:
        if any(bool(g.any()) for g in slopes(torch.autograd.grad, [first_wanted[i].sum()], [*theirs, *w_theirs], [None])):
            raise Difference(f"gradient {i}: has no gradient, PyTorch's has one that is not 0")
        keep.remove(i)
    if not keep:
        return
    again = [rng.normal(size=tuple(first_wanted[i].shape)).astype(numpy_of(first_wanted[i]).dtype) for i in keep]
    try:
        second_wanted = slopes(torch.autograd.grad, [first_wanted[i] for i in keep], [*theirs, *w_theirs],
                               [torch.tensor(v) for v in again])
    except RuntimeError as error:
        if "is not implemented" in str(error):  # PyTorch has no second derivative of it
            return
        raise
    second = slopes(tensorgrad.autograd.grad, [first[i] for i in keep], [*ours, *w_ours],
                    [tensorgrad.tensor(v) for v in again])
    undefined = None
    for i, (a, b) in enumerate(zip(second, second_wanted)):
        lost = np.isnan(numpy_of(b))
        if numpy_of(a).shape == lost.shape and lost.any() and not numpy_of(a)[lost].any():
            undefined = Undefined(f"second gradient {i}: 0 at {lost.sum()} places, where PyTorch has NaN")
            b = torch.where(torch.tensor(lost), 0.0, b)
        close(f"second gradient {i}", a, b, coarse=coarse)
    if undefined:
        raise undefined


def slopes(grad: Callable[..., Any], outputs: list[Any], inputs: list[Any], weights: list[Any],
           create_graph: bool = False) -> list[Any]:
    """Gradients with zeros for what does not depend on an input."""
    return list(grad(outputs, inputs, weights, create_graph=create_graph, retain_graph=True, materialize_grads=True))
