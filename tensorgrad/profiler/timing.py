"""The timed versions of what runs an op, a backward rule and a backward walk, put in place while a profile runs.

Calls nest: a rule calls ops, a user's Function too.  Every thread has a stack of frames; the outermost op in it is the one
that counts, and what runs inside adds its multiply-adds and algorithms to it.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import re
import threading
from time import perf_counter_ns
from typing import Any, Callable, NamedTuple, Protocol

from tensorgrad import recording, watching
from tensorgrad.autograd.function import Function, Result
from tensorgrad.op import Op
from tensorgrad.profiler.measure import bytes_backward, bytes_forward, cost_of_call

__all__ = ["Event", "record", "start", "stop"]

FORWARD, BACKWARD, WALK, RECORD = "forward", "backward", "walk", "record"


class Event(NamedTuple):
    """One call.

    Attributes
        name            of the op, or what `record` was given
        layer           dotted path of the layer at work; of the forward op for a backward rule
        phase           "forward", "backward"; "walk" for a whole backward pass, "record" for a named part of the program
        start, end      nanoseconds of `time.perf_counter_ns`
        seconds         from start to end, without what the profiler took
        inner           seconds of the calls inside that count themselves; only a record and a walk have some
        counted         False for what runs within an op, which counts for both
        multiply_adds   None where not defined
        bytes           estimated from shapes: operands read, results written
        algorithms      those that ran, where there is a choice
        thread          its name
        thread_number   of no other thread, though that may have the same name
    """

    name: str
    layer: str
    phase: str
    start: int
    end: int
    seconds: float
    inner: float
    counted: bool
    multiply_adds: int | None
    bytes: int
    algorithms: tuple[str, ...]
    thread: str
    thread_number: int


class Listener(Protocol):
    def add(self, event: Event) -> None: ...


class Frame:
    """A call in progress."""

    __slots__ = ("name", "layer", "phase", "within", "start", "overhead", "inner", "last_layer", "multiply_adds",
                 "algorithms")

    def __init__(self, name: str, layer: str, phase: str, within: bool):
        self.name, self.layer, self.phase, self.within = name, layer, phase, within
        self.last_layer = layer  # of the last rule in a walk
        self.overhead = 0  # nanoseconds the profiler took inside
        self.inner = 0.0
        self.multiply_adds: int | None = None
        self.algorithms: tuple[str, ...] = ()
        self.start = 0


numbers = itertools.count()


class Here(threading.local):
    """This thread's calls in progress, outermost first."""

    def __init__(self) -> None:
        self.stack: list[Frame] = []
        self.name = threading.current_thread().name
        self.number = next(numbers)


here = Here()
listeners: tuple[Listener, ...] = ()
_lock = threading.RLock()
_undo: list[Callable[[], None]] = []


# -- frames ------------------------------------------------------------------------------------------------------------


def opened(name: str, layer: str, phase: str) -> Frame:
    """A frame on top of this thread's stack."""
    stack = here.stack
    within = False
    if stack:
        top = stack[-1]
        within = top.within or top.phase in (FORWARD, BACKWARD)
        if phase == FORWARD and within:
            phase, layer = top.phase, top.layer
        elif phase == FORWARD and top.phase == WALK:  # the sum over an axis that forward repeated
            phase, layer = BACKWARD, top.last_layer
    frame = Frame(name, layer, phase, within)
    stack.append(frame)
    frame.start = perf_counter_ns()
    return frame


def closed(frame: Frame, end: int, size: int = 0) -> None:
    """Take the frame off the stack, and tell who listens; `size` is in bytes."""
    stack = here.stack
    stack.pop()
    seconds = (end - frame.start - frame.overhead) * 1e-9
    event = Event(frame.name, frame.layer, frame.phase, frame.start, end, seconds, frame.inner, not frame.within,
                  frame.multiply_adds, size, frame.algorithms, here.name, here.number)
    for listener in listeners:
        listener.add(event)
    if stack:
        top = stack[-1]
        if frame.within:
            top.algorithms += tuple([name for name in frame.algorithms if name not in top.algorithms])
            if frame.multiply_adds is not None:
                top.multiply_adds = (top.multiply_adds or 0) + frame.multiply_adds
        else:
            top.inner += seconds
            top.last_layer = frame.layer
        top.overhead += frame.overhead + perf_counter_ns() - end


def dropped() -> None:
    """Take a frame off whose call raised; it counts for nobody."""
    here.stack.pop()


# -- timed versions ----------------------------------------------------------------------------------------------------


class Clock(watching.Watcher):
    """Times every op and every backward rule."""

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        frame = opened(op.name, recording.here.scope, FORWARD)
        try:
            result = proceed(op, *operands)
        except BaseException:
            dropped()
            raise
        end = perf_counter_ns()
        count, algorithms = cost_of_call(op, operands, result)
        if count is not None:
            frame.multiply_adds = count
        if algorithms:
            frame.algorithms = algorithms
        closed(frame, end, bytes_forward(op, operands, result))
        return result

    def rule(self, proceed: Callable[[Op, Any], Any], op: Op, grad: Any) -> Any:
        if isinstance(op, Result):  # hands on what belongs to the call
            return proceed(op, grad)
        frame = opened(op.name, op.scope, BACKWARD)
        try:
            returned = proceed(op, grad)
        except BaseException:
            dropped()
            raise
        closed(frame, perf_counter_ns(), bytes_backward(op, grad, returned))
        return returned


def timed_function(apply: Callable[..., Any]) -> Any:
    @functools.wraps(apply)
    def timed(cls: type[Function], *args: Any) -> Any:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        frame = opened(name, recording.here.scope, FORWARD)
        try:
            results = apply(cls, *args)
        except BaseException:
            dropped()
            raise
        closed(frame, perf_counter_ns())
        return results

    return classmethod(timed)


def timed_walk(walk: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(walk)
    def timed(*args: Any, **kwargs: Any) -> Any:
        frame = opened("backward walk", recording.here.scope, WALK)
        try:
            found = walk(*args, **kwargs)
        except BaseException:
            dropped()
            raise
        closed(frame, perf_counter_ns())
        return found

    return timed


class record:
    """Names a part of the program, inside a ``with`` block, for the profiles that run meanwhile; else it does nothing.

    A table shows the time that no op inside accounts for; a trace shows the whole.

    Example
        >>> from tensorgrad.profiler import profile
        >>> with profile() as p:
        ...     with record("data"):
        ...         batch = [1, 2, 3]
        >>> [row.name for row in p.rows()]
        ['[data]']
    """

    __slots__ = ("name", "frame")

    def __init__(self, name: str):
        self.name = name
        self.frame: Frame | None = None

    def __enter__(self) -> None:
        if listeners:
            self.frame = opened(self.name, recording.here.scope, RECORD)

    def __exit__(self, *exc: object) -> None:
        if self.frame is not None:
            closed(self.frame, perf_counter_ns())
            self.frame = None


# -- putting them in place ---------------------------------------------------------------------------------------------

clock = Clock()


def start(listener: Listener) -> None:
    """Tell `listener` of every call from here on."""
    global listeners
    with _lock:
        if not listeners:  # the first one
            watching.start(clock)
            watching.replace(Function, "apply", timed_function(Function.__dict__["apply"].__func__), _undo)
            module = importlib.import_module("tensorgrad.autograd.backward")
            watching.replace(module, "walk", timed_walk(vars(module)["walk"]), _undo)
        listeners = (*listeners, listener)


def stop(listener: Listener) -> None:
    """Tell it no more; with nobody left, everything is as it was."""
    global listeners
    with _lock:
        listeners = tuple([other for other in listeners if other is not listener])
        if not listeners:  # that was the last one
            watching.stop(clock)
            while _undo:
                _undo.pop()()
