"""Why a tensor has no gradient, or one of zeros: `why_grad`.

Three ways to ask, which know more and more:

    t.why_grad()          what the tensor and the graphs that are still alive tell
    t.why_grad(loss)      how the loss depends on it; a backward pass of its own shows where the gradient ends
    t.why_grad(function)  the loss is computed again by ``function()`` while every step is watched: a cut (detach, no_grad,
                          NumPy, an op without a gradient) is named with the line of the program that made it
"""

from __future__ import annotations

import gc
import re
from dataclasses import dataclass
from typing import Any, Callable, Sequence

import numpy as np

from tensorgrad import dtypes, watching
from tensorgrad.autograd.backward import grad
from tensorgrad.callers import Line, calling_line, recorded
from tensorgrad.errors import ArgumentError, describe
from tensorgrad.op import Op, restorers
from tensorgrad.recording import here
from tensorgrad.tensor import Tensor

__all__ = ["Reason", "why_grad"]


@dataclass(frozen=True)
class Reason:
    """An answer of `why_grad`.

    Attributes
        id      such as "not-connected", "dead-relu"; "fine" if there is a gradient
        what    the finding in a sentence
        where   lines of the program or ops that it is about, most important first
        fix     what to do
    """

    id: str
    what: str
    where: tuple[str, ...] = ()
    fix: str = ""

    def __str__(self) -> str:
        return "\n".join([f"{self.what}", *[f"    {place}" for place in self.where], *[f"  {self.fix}"] * bool(self.fix)])

    __repr__ = __str__


def why_grad(self: Tensor, loss: Tensor | Callable[[], Tensor] | None = None) -> Reason:
    """Why `.grad` of this tensor is None, or all zeros.

    Arguments
        loss   the tensor that backward starts from, with its graph still there (before backward, or after
               ``backward(retain_graph=True)``); or a function that computes it, called once, whose cuts of the graph are
               then named with their lines

    Raises
        ArgumentError   a loss that is neither

    Example
        >>> import tensorgrad
        >>> w = tensorgrad.tensor([-1.0, -2.0], requires_grad=True, name="w")
        >>> w.why_grad(w.relu().sum())
        relu got only negative numbers and zeros, so that its gradient is 0 everywhere
            relu: output (2,) float32 from 0 to 0
          Such a unit does not learn: check biases, initialisation and learning rate, or use leaky_relu.
        >>> w.why_grad(lambda: w.detach().exp().sum()).id
        'detached'
    """
    if not dtypes.is_float(self.array.dtype):
        return Reason("integer", f"it is {self.array.dtype.name}: only floats have gradients", (describe(self),),
                      "Make it a float: t.float().requires_grad_().")
    if loss is None:
        return by_itself(self)
    if not self.requires_grad:
        return constant(self)
    if isinstance(loss, Tensor):
        return in_graph(self, loss, None)
    if not callable(loss):
        raise ArgumentError(f"why_grad: the loss is a {type(loss).__name__}.\n"
                            "  Give the tensor, or a function without arguments that computes it.")
    trail = Trail(self)
    with trail:
        result = loss()
    if not isinstance(result, Tensor):
        raise ArgumentError(f"why_grad: the function returned a {type(result).__name__}.\n  Return the loss, a tensor.")
    return in_graph(self, result, trail)


# -- without a loss ----------------------------------------------------------------------------------------------------


def by_itself(tensor: Tensor) -> Reason:
    """What can be said of a tensor alone."""
    if tensor.grad is not None:
        if tensor.grad.array.any():
            return Reason("fine", "it has a gradient that is not zero", (describe(tensor.grad),))
        return Reason("zero", "its gradient is all zeros", (describe(tensor),),
                      "Give the loss to see where it ends: t.why_grad(loss), before backward or with retain_graph=True.")
    if not tensor.requires_grad:
        return constant(tensor)
    if tensor.creator is not None:
        if tensor.retains_grad:
            return Reason("no-backward", "backward has not come here since retain_grad()", (describe(tensor),),
                          "Call backward on a loss that depends on it.")
        return Reason("not-a-leaf", f"it is a result, of {tensor.creator.where}, and only leaves keep their gradient",
                      (describe(tensor),), "Call t.retain_grad() before backward.")
    ops = [op for op in gc.get_objects() if issubclass(type(op), Op)]  # isinstance would ask some objects for their class
    users = [op for op in ops if any(source is tensor for source in getattr(op, "sources", ()))]
    if not users:
        return Reason("not-used", "no graph that is still alive uses it: nothing was computed from it while the graph was "
                      "recorded, or the result is gone", (describe(tensor),),
                      "Give the loss, t.why_grad(loss), or how it is computed: t.why_grad(lambda: loss_of(batch)).")
    freed = [op for op in users if op.holds and op.kept is None and op not in restorers]
    if freed:
        return Reason("reset", "a backward pass went through what was computed from it, and the gradient is gone since",
                      (f"used by {freed[0].where}",),
                      "Look for zero_grad(), or .grad = None, between backward and here.")
    return Reason("no-backward", "it was used, and backward has not come by", (f"used by {users[0].where}",),
                  "Call backward on the loss; if you did, ask with the loss: t.why_grad(loss).")


def constant(tensor: Tensor) -> Reason:
    return Reason("constant", "it does not require a gradient", (describe(tensor),),
                  "Make it with requires_grad=True, or call requires_grad_() before it is used; results of detach(), "
                  "no_grad() and NumPy are constants, too.")


# -- along the graph ---------------------------------------------------------------------------------------------------


def in_graph(tensor: Tensor, loss: Tensor, trail: Trail | None) -> Reason:
    """How the loss depends on the tensor."""
    target = tensor.creator or tensor
    if not connected(loss, target):
        return cut(tensor, loss, trail)
    if freed := freed_ops(loss):
        return Reason("freed", "the graph of the loss was freed by a backward pass", (f"at {freed[0].where}",),
                      "Ask before backward, or call backward(retain_graph=True), or give a function that computes the loss.")
    look = Look()
    watching.start(look)
    try:
        (gradient,) = grad(loss, [tensor], [np.ones_like(loss.array)], retain_graph=True, allow_unused=True)
    finally:
        watching.stop(look)
    if gradient is not None and gradient.array.any():
        share = np.count_nonzero(gradient.array) / gradient.array.size
        return Reason("fine", f"a gradient arrives that is not zero in {share:.0%} of its entries", (describe(tensor),),
                      "" if tensor.grad is not None else "Call loss.backward(); zero_grad() forgets it again.")
    if not look.ended:
        return Reason("zero", "the loss does not change with it: its gradient is zero from the start", (describe(loss),),
                      "Look at what the loss multiplies it with.")
    op, grad_in = look.ended[0]
    if op.name in ROUTERS and look.thinned:  # it hands on zeros that another rule has made
        op = look.thinned[-1]
    return ended(op, grad_in, look.ended[1:])


def connected(loss: Tensor, target: Op | Tensor) -> bool:
    """True if the graph of the loss reaches the target."""
    seen: set[Any] = set()
    stack: list[Any] = [loss.creator or loss]
    while stack:
        source = stack.pop()
        if source is target:
            return True
        if isinstance(source, Op) and source not in seen:
            seen.add(source)
            stack += [s for s in source.sources if s is not None]
    return False


def freed_ops(loss: Tensor) -> list[Op]:
    """The ops of the graph that have lost their data."""
    seen: set[Op] = set()
    stack = [loss.creator]
    while stack:
        op = stack.pop()
        if op is not None and op not in seen:
            seen.add(op)
            stack += [source for source in op.sources if isinstance(source, Op)]
    return [op for op in seen if op.holds and op.kept is None and op not in restorers]


class Look(watching.Watcher):
    """Sees where a gradient ends.

    ended     rules that make zeros of something, and of what
    thinned   rules that make zeros of some entries
    """

    def __init__(self) -> None:
        self.ended: list[tuple[Op, np.ndarray]] = []
        self.thinned: list[Op] = []

    def rule(self, proceed: Callable[[Op, Any], Any], op: Op, grad: Any) -> Any:
        returned = proceed(op, grad)
        array = np.asarray(getattr(grad, "array", grad)) if not hasattr(grad, "parts") else None
        gradients = [np.asarray(getattr(g, "array", g))
                     for g, source in zip(returned if isinstance(returned, tuple) else (returned,), op.sources)
                     if source is not None and g is not None and not hasattr(g, "parts")]
        if array is not None and gradients and array.any():
            if not any([g.any() for g in gradients]):
                self.ended.append((op, array))
            elif array.all() and not all([g.all() for g in gradients]):
                self.thinned.append(op)
        return returned


def ended(op: Op, grad: np.ndarray, others: Sequence[tuple[Op, np.ndarray]]) -> Reason:
    """What made zeros of a gradient, by the op."""
    find = next((find for names, find in FINDINGS.items() if re.sub("[123N]d$", "", op.name) in names.split()), None)
    kept = [np.asarray(getattr(k, "array", k)) for k in op.kept or () if k is not None]
    output = op.output if isinstance(op.output, np.ndarray) else None
    flat_here = "zero-slope", f"{op.name} is flat here: its gradient is 0 everywhere", "Look at its inputs."
    name, what, fix = find(op, kept) if find else flat_here
    if name not in ("dead-relu", "masked", "lost-contests") and float(np.max(np.abs(grad))) < 1e-30:
        name, what, fix = TOO_SMALL
    shown = [f"input {span(array)}" for array in kept[:2]] or ([f"output {span(output)}"] if output is not None else [])
    more = [f"and {len(others)} more: {', '.join(sorted({other.where for other, _ in others})[:4])}"] if others else []
    line = [f"at {recorded[op]}"] if op in recorded else []
    return Reason(name, what, (f"{op.where}: {'; '.join(shown)}" if shown else op.where, *line, *more), fix)


def span(array: np.ndarray) -> str:
    """Shape and range of an array."""
    text = f"{array.shape} {array.dtype.name}"
    return f"{text} from {array.min():.4g} to {array.max():.4g}" if array.size and array.dtype.kind in "fiu" else text


Finding = tuple[str, str, str]
TOO_SMALL = ("underflow", "the gradient has become too small for its dtype: it is rounded to 0",
             "Use a loss or a normalisation that keeps it near 1, or float64.")
ROUTERS = ("cat", "stack", "reshape", "flatten", "transpose", "permute", "getitem", "split", "pad", "parts", "assemble")


def dead(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("dead-relu", f"{op.name} got only negative numbers and zeros, so that its gradient is 0 everywhere",
            "Such a unit does not learn: check biases, initialisation and learning rate, or use leaky_relu.")


def saturated(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("saturated", f"{op.name} is saturated: so far from 0 its slope rounds to 0",
            "Make its inputs smaller: normalise them, or initialise with smaller weights; for a loss use logits, such as "
            "binary_cross_entropy_with_logits.")


def lost(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("lost-contests", f"{op.name} took none of its entries: others were larger in every window",
            "Only winners get a gradient; average pooling gives one to all.")


def masked(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("masked", f"{op.name} dropped all of it", "Lower p; with few entries, all may be dropped by chance.")


def clipped(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("clipped", f"{op.name} clips all entries: beyond its limits it is flat",
            "Widen the limits, or scale what comes in.")


def times_zero(op: Op, kept: list[np.ndarray]) -> Finding:
    if kept and all([array.any() for array in kept]):
        return TOO_SMALL
    return ("times-zero", f"{op.name}: the other factor is 0 everywhere",
            "Look at where those zeros come from: weights initialised with 0, a mask, an input that is all 0.")


def steps(op: Op, kept: list[np.ndarray]) -> Finding:
    return ("zero-slope", f"{op.name} goes up in steps, and is flat between them: its gradient is 0 everywhere",
            "Leave it out of the loss, or hand the gradient past it: x + (x.round() - x).detach().")


FINDINGS: dict[str, Callable[[Op, list[np.ndarray]], Finding]] = {
    "relu": dead,
    "sigmoid tanh softmax log_softmax softsign erf hardsigmoid cross_entropy silu hardswish logsigmoid softplus": saturated,
    "max_pool adaptive_max_pool max amax largest maximum minimum min amin gather_winners topk": lost,
    "dropout alpha_dropout feature_dropout": masked,
    "clamp hardtanh relu6 threshold clip hardshrink softshrink": clipped,
    "round floor ceil trunc sign sgn heaviside": steps,
    "mul matmul linear conv conv_transpose bmm dropout_mask masked_fill where": times_zero,
}


# -- watching the loss being computed ----------------------------------------------------------------------------------


class Trail(watching.Watcher):
    """Follows what is computed from a tensor, and notes where the graph was left.

    values   ids of the tensors that depend on it, by value if not by graph; `alive` holds them, so that ids stay theirs
    cuts     (id, what, line), as they happened
    """

    def __init__(self, tensor: Tensor):
        self.values = {id(tensor)}
        self.alive: list[Any] = [tensor]
        self.cuts: list[tuple[str, str, Line | None]] = []
        self.undo: list[Callable[[], None]] = []

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        result = proceed(op, *operands)
        used = [operand for operand in operands if isinstance(operand, Tensor) and id(operand) in self.values]
        if used and isinstance(result, Tensor):
            self.follow(result)
            if result.creator is not None and (line := calling_line()) is not None:
                recorded[result.creator] = line
            if any([operand.requires_grad for operand in used]) and not result.requires_grad:
                if op.name == "to" and not op.differentiable:
                    self.note("integer", f"it became {result.dtype.name}: only floats have gradients")
                elif not op.differentiable:
                    self.note("not-differentiable", f"{op.name} has no gradient: its result jumps, or is a whole number")
                elif not here.recording:
                    self.note("no-grad", f"{op.name} ran under no_grad(): its result is a constant")
        return result

    def follow(self, tensor: Any) -> None:
        self.values.add(id(tensor))
        self.alive.append(tensor)

    def note(self, name: str, what: str) -> None:
        self.cuts.append((name, what, calling_line()))

    def __enter__(self) -> Trail:
        watching.start(self)
        trail = self

        def detach(tensor: Tensor) -> Tensor:
            result = before_detach(tensor)
            if id(tensor) in trail.values:
                trail.follow(result)
                if tensor.requires_grad:
                    trail.note("detached", "detach() made a constant of it")
            return result

        def left(name: str, before: Callable[..., Any]) -> Callable[..., Any]:
            def method(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
                if id(tensor) in trail.values:
                    trail.note("numpy", f"{name} took its numbers out of the graph")
                return before(tensor, *args, **kwargs)

            return method

        before_detach = Tensor.__dict__["detach"]
        watching.replace(Tensor, "detach", detach, self.undo)
        for name in ("numpy", "tolist", "item", "__array__"):
            watching.replace(Tensor, name, left(f"{name}()", Tensor.__dict__[name]), self.undo)
        data = Tensor.__dict__["data"]
        watching.replace(Tensor, "data", property(left(".data", data.fget), data.fset), self.undo)
        return self

    def __exit__(self, *exc: object) -> None:
        watching.stop(self)
        while self.undo:
            self.undo.pop()()


FIXES = {
    "detached": "Leave detach() out, or detach what the gradient shall not reach only.",
    "numpy": "Compute with tensor operations: tensorgrad has NumPy's functions under PyTorch's names.",
    "integer": "Keep floats on the way to the loss, and make integers only of what serves as an index.",
    "no-grad": "Compute it outside of no_grad().",
    "not-differentiable": "Use a smooth form: softmax for argmax, a sigmoid for a comparison, no rounding.",
}


def cut(tensor: Tensor, loss: Tensor, trail: Trail | None) -> Reason:
    """Why the loss's graph does not reach the tensor."""
    if trail is None:
        state = "is a constant" if not loss.requires_grad else "does not depend on it"
        return Reason("not-connected", f"the loss {state}: no recorded op leads from the tensor to it",
                      (f"tensor  {describe(tensor)}", f"loss    {describe(loss)}"),
                      "Something cut the graph: detach(), no_grad(), NumPy, an op without a gradient.  To see which "
                      "line, give a function: t.why_grad(lambda: loss_of(batch)).")
    if not trail.cuts:
        if len(trail.alive) == 1:
            return Reason("not-used", "the function does not use it", (describe(tensor),),
                          "Another tensor of the same name may have been used; parameters are replaced by assignment, and "
                          "tensor(t) copies the numbers alone: t.clone() keeps the graph.")
        return Reason("not-connected", "the loss does not depend on what was computed from it", (describe(loss),),
                      "Follow the result of the last op that used it.")
    name, what, line = trail.cuts[-1] if id(loss) in trail.values else trail.cuts[0]
    places = [f"{text}   {at}" for _, text, at in trail.cuts if at is not None]
    return Reason(name, what, tuple(dict.fromkeys([str(line)] * (line is not None) + places[1:4])), FIXES[name])
