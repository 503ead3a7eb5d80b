"""What registering a hook makes and returns."""

from __future__ import annotations

from typing import Any, Callable

__all__ = ["RemovableHandle", "AfterAccumulation", "hooked"]


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook off again, once."""

    def __init__(self, hooks: list[Any], hook: Any):
        self.hooks: list[Any] | None = hooks
        self.hook = hook

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        # By identity: two hooks may be equal, and need not be comparable at all.
        hooks = self.hooks or []
        for i, hook in enumerate(hooks):
            if hook is self.hook:
                del hooks[i]
                break
        self.hooks = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class AfterAccumulation:
    """Among the hooks of a leaf, one that is called with the leaf when its `.grad` has been added to."""

    __slots__ = ("hook",)

    def __init__(self, hook: Callable[[Any], None]):
        self.hook = hook


def hooked(owner: Any, hook: Any) -> RemovableHandle:
    """Add `hook` to those of a leaf or of an op."""
    if owner.hooks is None:
        owner.hooks = []
    owner.hooks.append(hook)
    return RemovableHandle(owner.hooks, hook)
