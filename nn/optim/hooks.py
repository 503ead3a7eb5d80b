"""Functions that an optimizer calls around its steps, and around saving and loading its state."""

from __future__ import annotations

from typing import Any, Callable

from tensorgrad.errors import ArgumentError
from tensorgrad.handles import RemovableHandle

__all__ = ["Hooks", "Hooked", "NO_HOOKS"]

Hook = Callable[..., Any]


class Hooks:
    """The hooks of one optimizer, each kind in the order in which they run."""

    __slots__ = ("before_step", "after_step", "before_saving", "after_saving", "before_loading", "after_loading")

    def __init__(self) -> None:
        for kind in self.__slots__:
            setattr(self, kind, [])

    before_step: list[Hook]
    after_step: list[Hook]
    before_saving: list[Hook]
    after_saving: list[Hook]
    before_loading: list[Hook]
    after_loading: list[Hook]

    def step(self, optimizer: Any, step: Callable[..., Any], closure: Any) -> Any:
        """``step(optimizer, closure)`` with the hooks around it."""
        args: tuple[Any, ...] = (optimizer,) if closure is None else (optimizer, closure)
        kwargs: dict[str, Any] = {}
        for hook in list(self.before_step):
            changed = hook(optimizer, args, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise ArgumentError(f"register_step_pre_hook: a hook returned a {type(changed).__name__}.\n"
                                    "  Return None, or the pair (args, kwargs).")
            args, kwargs = changed
        loss = step(*args, **kwargs)
        for hook in list(self.after_step):
            hook(optimizer, args, kwargs)
        return loss

    def saved(self, optimizer: Any, state: dict[str, Any]) -> dict[str, Any]:
        """The state dict `state` after the hooks."""
        for hook in list(self.after_saving):
            changed = hook(optimizer, state)
            state = state if changed is None else changed
        return state

    def to_load(self, optimizer: Any, state: Any) -> Any:
        """The state dict to load in place of `state`, which itself stays as it is at its top level."""
        if self.before_loading and isinstance(state, dict):
            state = dict(state)
        for hook in list(self.before_loading):
            changed = hook(optimizer, state)
            state = state if changed is None else changed
        return state


NO_HOOKS = Hooks()


class Hooked:
    """What an optimizer has for registering hooks.  Copies and pickles of an optimizer are without its hooks."""

    _hooks: Hooks | None = None

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step, to see or replace the arguments of `step`.

        `args` is ``(optimizer,)``, or ``(optimizer, closure)``, however the closure was passed; `kwargs` is empty.
        A hook may return a pair of other ones.

        Raises
            ArgumentError   in `step`, if the hook returns something else

        Example
            >>> from nn.optim import SGD
            >>> from tensorgrad import Tensor
            >>> w = Tensor([1.0], requires_grad=True)
            >>> optimizer = SGD([w], lr=0.5)
            >>> with optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: print("step")):
            ...     optimizer.step()
            step
        """
        return self._add_hook("before_step", hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step, with the arguments it was made with."""
        return self._add_hook("after_step", hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict` reads the state; with `prepend` before the other such hooks."""
        return self._add_hook("before_saving", hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what `state_dict` made, to change it or return another in its place."""
        return self._add_hook("after_saving", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before `load_state_dict` checks the state, to change it or return another.

        The dict is a shallow copy of the one that was passed.
        """
        return self._add_hook("before_loading", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after `load_state_dict` has loaded a state; a refused one does not call it."""
        return self._add_hook("after_loading", hook, prepend)

    def _add_hook(self, kind: str, hook: Hook, prepend: bool = False) -> RemovableHandle:
        if self._hooks is None:
            self._hooks = Hooks()
        hooks = getattr(self._hooks, kind)
        hooks.insert(0 if prepend else len(hooks), hook)
        return RemovableHandle(hooks, hook)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_hooks"}
