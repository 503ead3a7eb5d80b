"""Watchers of every op that runs and of every backward rule: how the profiler, anomaly mode and the coach look on.

While somebody watches, the `apply` and `backward` of all op classes are replaced by versions that go through the watchers;
with nobody left everything is as it was, so that it costs nothing when off.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, Callable

from tensorgrad.op import Op

__all__ = ["Watcher", "start", "stop", "replace"]

Apply = Callable[..., Any]
Rule = Callable[[Op, Any], Any]


class Watcher:
    """Sees calls of ops and of backward rules, in all threads.  Either method calls `proceed`, once, for the real thing."""

    def apply(self, proceed: Apply, op: Op, operands: tuple[Any, ...]) -> Any:
        """An op is applied; ops within its forward are seen too, as calls inside of this one."""
        return proceed(op, *operands)

    def rule(self, proceed: Rule, op: Op, grad: Any) -> Any:
        """The backward rule of an op runs; ops that it applies are seen too."""
        return proceed(op, grad)


class Here(threading.local):
    """The op this thread is in: its own calls of ``super().apply`` are no calls of another."""

    op: Op | None = None


here = Here()
watchers: tuple[Watcher, ...] = ()
_lock = threading.RLock()
_undo: list[Callable[[], None]] = []
_known: set[type] = set()


def start(watcher: Watcher) -> None:
    """Let `watcher` see every call from here on; the latest one sees a call first."""
    global watchers
    with _lock:
        if not watchers:
            for cls in (Op, *subclasses(Op)):
                wrap(cls)
        watchers = (*watchers, watcher)


def stop(watcher: Watcher) -> None:
    """Show it no more."""
    global watchers
    with _lock:
        watchers = tuple([other for other in watchers if other is not watcher])
        if not watchers:
            while _undo:
                _undo.pop()()
            _known.clear()


def wrap(cls: type) -> None:
    """Replace what this class, or one of its bases that is new too, defines."""
    with _lock:
        for base in cls.__mro__:
            if base in _known or not issubclass(base, Op):
                continue
            _known.add(base)
            for name, watched in (("apply", watched_apply), ("backward", watched_rule)):
                if name in vars(base):
                    replace(base, name, watched(vars(base)[name]), _undo)


def watched_apply(apply: Apply) -> Apply:
    @functools.wraps(apply)
    def watched(op: Op, *operands: Any) -> Any:
        outer = here.op
        if outer is op:
            return apply(op, *operands)  # one apply that hands over to another
        if type(op) not in _known and watchers:
            wrap(type(op))
        call = apply
        for watcher in watchers:
            call = functools.partial(through_apply, watcher, call)
        here.op = op
        try:
            return call(op, *operands)
        finally:
            here.op = outer

    return watched


def watched_rule(rule: Rule) -> Rule:
    @functools.wraps(rule)
    def watched(op: Op, grad: Any) -> Any:
        outer = here.op
        if outer is op:
            return rule(op, grad)  # super().backward
        call = rule
        for watcher in watchers:
            call = functools.partial(watcher.rule, call)
        here.op = op
        try:
            return call(op, grad)
        finally:
            here.op = outer

    return watched


def through_apply(watcher: Watcher, proceed: Apply, op: Op, *operands: Any) -> Any:
    return watcher.apply(proceed, op, operands)


def replace(owner: Any, name: str, value: Any, undo: list[Callable[[], None]]) -> None:
    """Set an attribute; what sets it back goes to `undo`."""
    before = vars(owner)[name]
    setattr(owner, name, value)
    undo.append(lambda: setattr(owner, name, before))


def subclasses(cls: type) -> list[type]:
    """All of them, each once."""
    found: dict[type, None] = {}
    stack: list[Any] = [cls]
    while stack:
        children = [child for child in stack.pop().__subclasses__() if child not in found]
        found.update(dict.fromkeys(children))
        stack += children
    return list(found)
