"""Anomaly mode: the first op, or backward rule, that makes a NaN or an infinity of finite numbers is named at once.

Without it a NaN is noticed when the loss is one, and by then it has passed through everything.  What an op keeps for
backward is watched too, for writes that nobody told the library of.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterator

import numpy as np

from tensorgrad import watching
from tensorgrad.autograd import fingerprints
from tensorgrad.callers import Line, calling_line
from tensorgrad.callers import recorded as lines
from tensorgrad.errors import AnomalyError, message
from tensorgrad.op import Op
from tensorgrad.recording import current_scope
from tensorgrad.tensor import Tensor

__all__ = ["detect_anomaly", "set_detect_anomaly", "is_anomaly_enabled"]


class Detector(watching.Watcher):
    """Looks at every result and every gradient."""

    def __init__(self, check_nan: bool, check_inf: bool):
        self.check_nan, self.check_inf = check_nan, check_inf

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        result = proceed(op, *operands)
        if isinstance(result, Tensor):
            found = self.problem(result.array)
            if found and all([self.fine(array) for array in arrays_in(operands)]):
                layer = current_scope()
                error = AnomalyError(message(
                    f"{layer}/{op.name}" if layer else op.name, f"made {found} of finite numbers{at(calling_line())}",
                    {f"input {i}": range_of(operand) for i, operand in enumerate(operands) if has_numbers(operand)},
                    advice(op.name)))
                error.layer = layer  # type: ignore[attr-defined]  # said already: modules need not add it
                raise error
        return result

    def rule(self, proceed: Callable[[Op, Any], Any], op: Op, grad: Any) -> Any:
        fingerprints.compare(op)
        returned = proceed(op, grad)
        if not self.fine(array_of(grad)):
            return returned
        for i, gradient in enumerate(returned if isinstance(returned, tuple) else (returned,)):
            found = None if gradient is None or op.sources[i] is None else self.problem(array_of(gradient))
            if found:
                kept = [array for array in arrays_in(tuple(op.inputs or ()))]
                if all([self.fine(array) for array in kept]):
                    raise AnomalyError(message(
                        f"backward of {op.where}",
                        f"the gradient of input {i} has {found}, the incoming one has not{at(lines.get(op))}",
                        {"incoming": range_of(array_of(grad)),
                         **{f"kept {j}": range_of(array) for j, array in enumerate(kept)}}, advice(op.name)))
        return returned

    def fine(self, array: np.ndarray) -> bool:
        return self.problem(array) is None

    def problem(self, array: np.ndarray) -> str | None:
        """What is wrong with the numbers, such as "3 NaN"; None if nothing is."""
        if array.dtype.kind != "f" or np.isfinite(array).all():
            return None
        counts = [(int(np.isnan(array).sum()), "NaN", self.check_nan),
                  (int(np.isinf(array).sum()), "infinite", self.check_inf)]
        said = [f"{count} {what}" for count, what, wanted in counts if wanted and count]
        return f"{' and '.join(said)} of {array.size} entries" if said else None


def arrays_in(operands: tuple[Any, ...]) -> Iterator[np.ndarray]:
    for operand in operands:
        if has_numbers(operand):
            yield array_of(operand)


def has_numbers(operand: Any) -> bool:
    return isinstance(operand, (Tensor, np.ndarray, np.generic, float))


def array_of(operand: Any) -> np.ndarray:
    return np.asarray(getattr(operand, "array", operand))


def at(line: Line | None) -> str:
    return f"\n    at {line}" if line else ""


class Range:
    """An operand as it reads in a message: its shape, and between which numbers its entries are."""

    def __init__(self, array: np.ndarray):
        self.array = array

    def __repr__(self) -> str:
        shape = f"{tuple(self.array.shape)} {self.array.dtype.name}"
        if self.array.dtype.kind not in "fiu" or not self.array.size:
            return shape
        return f"{shape} from {self.array.min():.6g} to {self.array.max():.6g}"


def range_of(operand: Any) -> Range:
    return Range(array_of(operand))


ADVICE = {
    "log": "log(0) is -inf, log of less is NaN: keep the input away from 0, such as by x.clamp(min=1e-12).",
    "div": "Something was divided by 0: add a small number to the divisor.",
    "reciprocal": "Something was divided by 0: add a small number to the divisor.",
    "sqrt": "√x has an infinite slope at 0 and is NaN below: add a small number to x.",
    "rsqrt": "1/√x is infinite at 0: add a small number to x.",
    "exp": "eˣ overflows float32 above 88: subtract the largest entry first, or use a log form such as log_softmax.",
    "pow": "The power of a negative or a large number: check base and exponent.",
    "norm": "‖x‖ has no slope at 0: add a small number to what is under the root.",
}


def advice(name: str) -> str:
    return ADVICE.get(name, "Look at what goes in: values this large or small come from the layers before.")


# -- switching it on ---------------------------------------------------------------------------------------------------

_set: Detector | None = None
_running: list[Detector] = []


class detect_anomaly:
    """Raise where a NaN or an infinity first comes from finite numbers, in a ``with`` block or a decorated function.

    Forward, the error names the op, its layer, the line of your program that called it, and the ranges of its inputs;
    backward, the rule, and the line that recorded its op, if it was recorded in this mode.  Steps take a few times as long.
    Writes into a NumPy view of what backward needs (``t.numpy()[0] = 1``) are found as well, by checksums.

    Arguments
        check_nan   look for NaN
        check_inf   look for infinities, too; False where they are meant, such as log(0) in a mask

    Raises
        AnomalyError       as said
        StaleTensorError   in backward, for a write into a NumPy view

    Example
        >>> x = Tensor([1.0, 0.0], requires_grad=True)
        >>> with detect_anomaly():
        ...     x.log()
        Traceback (most recent call last):
        tensorgrad.errors.AnomalyError: log: made 1 infinite of 2 entries of finite numbers
        ...
    """

    def __init__(self, check_nan: bool = True, check_inf: bool = True):
        self.options = check_nan, check_inf
        self.running: list[Detector] = []

    def __enter__(self) -> None:
        detector = Detector(*self.options)
        self.running.append(detector)
        _running.append(detector)
        watching.start(detector)
        fingerprints.start()

    def __exit__(self, *exc: object) -> None:
        detector = self.running.pop()
        _running.remove(detector)
        watching.stop(detector)
        fingerprints.stop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapper


def set_detect_anomaly(mode: bool, check_nan: bool = True, check_inf: bool = True) -> None:
    """`detect_anomaly` from here on, or no more.

    Example
        >>> set_detect_anomaly(True)
        >>> is_anomaly_enabled()
        True
        >>> set_detect_anomaly(False)
    """
    global _set
    if _set is not None:
        _running.remove(_set)
        watching.stop(_set)
        fingerprints.stop()
        _set = None
    if mode:
        _set = Detector(check_nan, check_inf)
        _running.append(_set)
        watching.start(_set)
        fingerprints.start()


def is_anomaly_enabled() -> bool:
    """True while anomaly mode is on."""
    return bool(_running)
