"""Writes in place: when the memory of an array was last written into, and which tensors lie in it."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, ClassVar, Iterable

from tensorgrad.callers import Line
from tensorgrad.recording import tick

if TYPE_CHECKING:
    from tensorgrad.tensor import Tensor

__all__ = ["Memory", "Unknown", "all_written"]

writing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=writing._at_fork_reinit)  # type: ignore[attr-defined]

FEW = 8  # entries that are not worth looking through for dead ones


class Unknown:
    """The family of a tensor that the graph does not know to be what it is, such as a view made under ``no_grad()``."""


class Memory:
    """What tensors over the same memory have in common: tick and, if known, line of the last in-place write to it.

    The tensors are known by weak references, each with its family: views of one another are one family, whose gradients
    belong together; `detach()` and `.data` start another.
    """

    __slots__ = ("changed", "line", "lying")

    latest: ClassVar[int] = 0  # tick of the last write to any memory: what was recorded since then cannot be stale

    def __init__(self) -> None:
        self.changed = 0
        self.line: Line | None = None
        self.lying: dict[int, tuple[weakref.ref[Tensor], object]] = {}  # by identity

    def written(self, line: Line | None) -> None:
        """It was written into just now, by that line."""
        all_written((self,), line)

    def moved(self) -> Memory:
        """Memory in another place, with the same past."""
        memory = Memory()
        memory.changed, memory.line = self.changed, self.line
        return memory

    def join(self, tensor: Tensor, seen_from: Tensor, family: object = None) -> None:
        """`tensor` lies in the memory of `seen_from`: as a view of it, or in a family of its own."""
        lying = self.lying  # this runs with every view
        entry = lying.get(id(seen_from))
        if entry is None or entry[0]() is not seen_from:
            entry = lying[id(seen_from)] = weakref.ref(seen_from), object()
        lying[id(tensor)] = weakref.ref(tensor), family or entry[1]
        if not (n := len(lying)) & n - 1 and n >= FEW:  # at powers of 2, so that it costs next to nothing
            self.lying = {key: entry for key, entry in lying.items() if self.holds(entry[0]())}

    def enter(self, tensor: Tensor, family: object) -> None:
        """`tensor` lies here, too."""
        self.lying[id(tensor)] = weakref.ref(tensor), family

    def holds(self, tensor: Tensor | None) -> bool:
        """True for a tensor that is alive and has not moved elsewhere."""
        return tensor is not None and tensor.memory is self

    def family(self, tensor: Tensor) -> object:
        """What views of one another have in common; None for a tensor that nobody has entered."""
        entry = self.lying.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def others(self, tensor: Tensor) -> list[tuple[Tensor, object]]:
        """The other tensors that lie here, with their families."""
        found = [(reference(), family) for reference, family in list(self.lying.values())]
        return [(other, family) for other, family in found  # type: ignore[misc]
                if other is not tensor and self.holds(other)]


def all_written(memories: Iterable[Memory], line: Line | None) -> None:
    """They were written into just now, by that line."""
    with writing:  # or a thread that was interrupted here could set `latest` back
        now = Memory.latest = tick()
        for memory in memories:
            memory.changed = now
            memory.line = line
