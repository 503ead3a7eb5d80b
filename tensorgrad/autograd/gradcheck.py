"""gradcheck and gradgradcheck: backward rules compared with numerical differences.

The report names the input and the index, shows both values, and says what kind of mistake it looks like (`diagnosis`).
"""

from __future__ import annotations

import inspect
from typing import Any, Callable

import numpy as np

from tensorgrad import dtypes
from tensorgrad.autograd.backward import grad
from tensorgrad.autograd.differences import Check, differentiable, where
from tensorgrad.autograd.kinks import CHOICES
from tensorgrad.errors import ArgumentError, DtypeError, GradcheckError, message
from tensorgrad.recording import enable_grad
from tensorgrad.tensor import Tensor

__all__ = ["gradcheck", "gradgradcheck"]


def gradcheck(func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, nondet_tol: float = 0.0, fast_mode: bool = False, kinks: str = "refuse") -> bool:
    """True if the gradients of ``func(*inputs)`` agree with central differences, for every input that requires grad.

    Arguments
        func             takes tensors, returns a tensor or several
        inputs           a tensor or a tuple; those that require grad are checked and must be float64
        eps              the step of the differences
        atol, rtol       an entry is right if |backward - numerical| ≤ atol + rtol · |numerical|.  In float64 differences
                         are good to about eight digits, so a rule can be held to less, such as atol=1e-7, rtol=1e-5.
        raise_exception  False: return False instead of raising
        nondet_tol       by how much two runs may differ
        fast_mode        compare one random projection per input instead of every entry
        kinks            what holds where the slopes from the left and from the right differ: "refuse" such an input;
                         accept a "subgradient", between the two; or only one of the two, "one-sided".  Equal numbers that
                         compete must also get shares that add up.

    Besides, backward must give the same each time, write into nothing it was given, be linear in the incoming gradient, and
    keep the dtype and its precision.

    Raises
        GradcheckError   they do not agree; the report says where, by how much, and what the mistake looks like
        DtypeError       an input that requires grad and is not float64
        ArgumentError    no input requires grad; another word for `kinks`

    Example
        >>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
        >>> gradcheck(lambda x: (x ** 3).sum(), x)
        True
        >>> gradcheck(abs, Tensor(np.zeros(1), requires_grad=True), kinks="subgradient")
        True
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if kinks not in CHOICES:
        raise ArgumentError(f"gradcheck: kinks={kinks!r} means nothing here.\n  Use one of {', '.join(CHOICES)}.")
    check = Check("gradcheck", func, inputs, names_of(func, inputs), eps, atol, rtol, nondet_tol, kinks)
    return passes(check, fast_mode, raise_exception)


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True, nondet_tol: float = 0.0,
                  fast_mode: bool = False) -> bool:
    """True if the second derivatives of ``func(*inputs)`` agree with central differences of the first ones.

    What is checked is the gradient as a function of the inputs and of the incoming gradient, so every rule that backward
    uses under ``create_graph=True``.  The arguments are those of `gradcheck`.

    Arguments
        grad_outputs   the incoming gradients, one per output, with `requires_grad`; random ones if left out

    Example
        >>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
        >>> gradgradcheck(lambda x: x ** 3, x)
        True
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    with enable_grad():
        outputs = differentiable(func(*inputs))
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        incoming = [Tensor(rng.normal(size=out.shape).astype(out.dtype), requires_grad=True) for out in outputs]
    else:
        incoming = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    if len(incoming) != len(outputs):
        raise ArgumentError(f"gradgradcheck: {len(incoming)} grad_outputs for {len(outputs)} outputs that require grad.\n"
                            "  Give one per output.")
    positions = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]

    def gradients(*args: Any) -> Any:
        values, weights = args[:len(inputs)], args[len(inputs):]
        found = grad(differentiable(func(*values)), [values[i] for i in positions], list(weights), create_graph=True,
                     allow_unused=True)
        return tuple([g for g in found if g is not None and g.requires_grad])

    names = names_of(func, inputs) + [f"grad_output{i if len(incoming) > 1 else ''}" for i in range(len(incoming))]
    check = Check("gradgradcheck", gradients, (*inputs, *incoming), names, eps, atol, rtol, nondet_tol)
    return passes(check, fast_mode, raise_exception)


def passes(check: Check, fast_mode: bool, raise_exception: bool) -> bool:
    """Run the check; a failure raises, or is False."""
    if not check.positions:
        raise ArgumentError(f"{check.who}: no input requires grad, so there is nothing to check.\n"
                            "  Make one with tensorgrad.tensor(data, dtype=tensorgrad.float64, requires_grad=True).")
    for i, variable in zip(check.positions, check.variables):
        if variable.dtype != dtypes.float64:
            raise DtypeError(message(check.who, f"{where(i, check.names[i], variable)} is {variable.dtype.name}, in which "
                                     "differences are too coarse to check anything", {check.names[i]: variable},
                                     "Convert it to float64 first."))
    try:
        with enable_grad():
            check.run(fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def names_of(func: Callable[..., Any], inputs: tuple[Any, ...]) -> list[str]:
    """The function's parameter names, as far as it has any."""
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = [parameter.name for parameter in parameters if parameter.kind in positional]
    return [known[i] if i < len(known) else f"input {i}" for i in range(len(inputs))]
