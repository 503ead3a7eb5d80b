"""What holds in this thread while code runs: is the graph recorded, and which layer is at work.

Both are thread-local, so a worker thread that evaluates under ``no_grad`` does not switch recording off elsewhere.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
from typing import Any, Callable, TypeVar

__all__ = ["no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "is_grad_enabled", "scope", "current_scope"]

F = TypeVar("F", bound=Callable[..., Any])


class Here(threading.local):
    """This thread's switches."""

    recording = True
    scope = ""


here = Here()

# One clock for the whole process.  An op takes a tick when it is recorded, a tensor when it is changed in place:
# ticks of ops are a topological order of the graph, and "changed later than recorded" is one comparison.
tick = itertools.count(1).__next__


class set_grad_enabled:
    """Record the graph, or not, inside a ``with`` block or a decorated function; as a plain call, from here on.

    Example
        >>> with set_grad_enabled(False):
        ...     is_grad_enabled()
        False
        >>> is_grad_enabled()
        True
    """

    def __init__(self, mode: bool):
        self.mode = bool(mode)
        self.before = here.recording
        here.recording = self.mode

    def __enter__(self) -> None:
        here.recording = self.mode

    def __exit__(self, *exc: object) -> None:
        here.recording = self.before

    def __call__(self, function: F) -> F:
        here.recording = self.before
        return _decorated(function, self.mode)


class _Mode:
    """A grad mode that starts only where the ``with`` block or the decorated call does."""

    mode: bool

    def __new__(cls, function: Any = None) -> Any:
        if function is not None:  # @no_grad without parentheses
            return _decorated(function, cls.mode)
        return super().__new__(cls)

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(here.recording)
        here.recording = self.mode

    def __exit__(self, *exc: object) -> None:
        here.recording = self.before.pop()

    def __call__(self, function: F) -> F:
        return _decorated(function, self.mode)


class no_grad(_Mode):
    """Record nothing inside the ``with`` block or the decorated function: results are constants.

    Example
        >>> with no_grad():
        ...     is_grad_enabled()
        False
    """

    mode = False


class enable_grad(_Mode):
    """Record the graph inside the ``with`` block or the decorated function, also within ``no_grad``.

    Example
        >>> with no_grad(), enable_grad():
        ...     is_grad_enabled()
        True
    """

    mode = True


class inference_mode(_Mode):
    """`no_grad` under the name that PyTorch gives to its strictest form; with ``mode=False`` the graph is recorded.

    Example
        >>> with inference_mode():
        ...     is_grad_enabled()
        False
        >>> with inference_mode(False):
        ...     is_grad_enabled()
        True
    """

    mode = False

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls, None if isinstance(mode, bool) else mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = not mode


def _decorated(function: F, mode: bool) -> F:
    if inspect.isgeneratorfunction(function):
        return _decorated_generator(function, mode)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        before, here.recording = here.recording, mode
        try:
            return function(*args, **kwargs)
        finally:
            here.recording = before

    return wrapper  # type: ignore[return-value]


def _decorated_generator(function: Any, mode: bool) -> Any:
    """The mode holds while the generator runs, not while it waits at a ``yield``."""
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step: Any = functools.partial(next, generator)
        try:
            while True:
                try:
                    value = _decorated(step, mode)()
                except StopIteration as stop:
                    return stop.value
                try:
                    step = functools.partial(generator.send, (yield value))
                except Exception as error:
                    step = functools.partial(generator.throw, error)
        finally:
            _decorated(generator.close, mode)()

    return wrapper


def is_grad_enabled() -> bool:
    """True where the graph is being recorded in this thread."""
    return here.recording


class scope:
    """Name the part of a model that is at work: ops recorded inside carry the dotted path of all open scopes.

    Example
        >>> with scope("features"), scope("conv1"):
        ...     current_scope()
        'features.conv1'
    """

    __slots__ = ("name", "before")

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> None:
        self.before = here.scope
        here.scope = f"{self.before}.{self.name}" if self.before else self.name

    def __exit__(self, *exc: object) -> None:
        here.scope = self.before


def current_scope() -> str:
    """The dotted path of the scopes open in this thread; empty outside of any."""
    return here.scope
