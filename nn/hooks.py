"""Functions that a module calls around its forward pass and when gradients come back through it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from tensorgrad.autograd import Function
from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.handles import RemovableHandle
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["Hooks", "everywhere"]


class Registered(NamedTuple):
    """A hook around `forward`, and how it wants to be called."""

    hook: Callable[..., Any]
    with_kwargs: bool = False  # it gets the keyword arguments of the call too
    always: bool = False       # it is called even if the call raises


class Hooks:
    """The hooks of one module, or of all, each kind in the order in which they run."""

    __slots__ = ("before", "after", "backward_before", "backward")

    def __init__(self) -> None:
        self.before: list[Registered] = []
        self.after: list[Registered] = []
        self.backward_before: list[Callable[..., Any]] = []
        self.backward: list[Callable[..., Any]] = []

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.backward_before or self.backward)

    def add(self, kind: str, hook: Any, prepend: bool = False, *options: bool) -> RemovableHandle:
        """Add a hook at the end of its kind, or in front."""
        hooks = getattr(self, kind)
        entry = Registered(hook, *options) if kind in ("before", "after") else hook
        hooks.insert(0 if prepend else len(hooks), entry)
        return RemovableHandle(hooks, entry)


everywhere = Hooks()  # those of all modules, which run before the modules' own


def run(module: Module, own: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module.forward`` with the hooks of all modules and its `own` around it."""
    waiting = [*everywhere.after, *own.after]
    output = None
    try:
        args, kwargs = changed_inputs(module, [*everywhere.before, *own.before], args, kwargs)
        before, after = [[*getattr(everywhere, kind), *getattr(own, kind)] for kind in ("backward_before", "backward")]
        watch = Watch(module, before, after) if before or after else None
        if watch is not None:
            args = watch.inputs(args)
        output = module.forward(*args, **kwargs)
        while waiting:
            output = changed_output(waiting.pop(0), module, args, kwargs, output)
        return output if watch is None else watch.outputs(output)
    except Exception:
        for hook in waiting:
            if hook.always:
                try:
                    output = changed_output(hook, module, args, kwargs, output)
                except Exception as error:  # the first error is the one to show
                    warnings.warn(f"{type(module).__name__}: a forward hook with always_call=True raised {error!r} while "
                                  "another error was on its way.", UserWarning, stacklevel=4)
        raise


def changed_inputs(module: Module, hooks: list[Registered], args: tuple[Any, ...],
                   kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call after the hooks before it."""
    for hook, with_kwargs, _ in hooks:
        changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
        if changed is None:
            continue
        if not with_kwargs:
            args = changed if isinstance(changed, tuple) else (changed,)
        elif isinstance(changed, tuple) and len(changed) == 2:
            args, kwargs = changed
        else:
            raise ArgumentError(f"register_forward_pre_hook: a hook with_kwargs=True returned a {type(changed).__name__}.\n"
                                "  Return None, or the pair (args, kwargs).")
    return args, kwargs


def changed_output(registered: Registered, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any],
                   output: Any) -> Any:
    """What a hook after a call makes of its output."""
    hook, with_kwargs, _ = registered
    changed = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
    return output if changed is None else changed


class Watch:
    """Sees the gradients at the two ends of one call of a module, and shows them to its backward hooks.

    Inputs and outputs pass through a `Crossing` of their own, so that only this call's share of a gradient is seen.
    """

    def __init__(self, module: Module, before: list[Callable[..., Any]], after: list[Callable[..., Any]]):
        self.module, self.before, self.after = module, before, after
        self.grad_output: tuple[Tensor | None, ...] | None = None
        self.entered: list[int] = []  # positions of the inputs that need a gradient
        self.arguments = 0

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """`args` whose tensors that need a gradient are watched."""
        values, self.entered = crossed(list(args), self.at_inputs)
        self.arguments = len(args)
        return tuple(values)

    def outputs(self, output: Any) -> Any:
        """`output`, a tensor or a tuple or list of tensors, watched."""
        if not isinstance(output, (tuple, list)):
            return crossed([output], self.at_outputs)[0][0]
        values, _ = crossed(list(output), self.at_outputs)
        return getattr(type(output), "_make", type(output))(values)  # _make: named tuples

    def at_outputs(self, positions: list[int], count: int, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the outputs arrive: call the hooks before the module's backward."""
        all_grads = spread(positions, count, grads)
        for hook in self.before:
            changed = hook(self.module, all_grads)
            if changed is not None:
                all_grads = self.replaced("register_full_backward_pre_hook", "outputs", changed, all_grads)
        self.grad_output = all_grads
        if not self.entered:  # nothing else will come
            self.call_after((None,) * self.arguments)
        return tuple([all_grads[i] for i in positions])

    def at_inputs(self, positions: list[int], count: int, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the inputs arrive: call the hooks after the module's backward."""
        all_grads = self.call_after(spread(positions, count, grads))
        return tuple([all_grads[i] for i in positions])

    def call_after(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        """`grad_input` after the hooks."""
        for hook in self.after:
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is not None:
                grad_input = self.replaced("register_full_backward_hook", "inputs", changed, grad_input)
        return grad_input

    def replaced(self, who: str, ends: str, changed: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a hook returned in place of the gradients `before`, checked."""
        given = tuple(changed) if isinstance(changed, (tuple, list)) else (changed,)
        fix = f"  Return None, or one gradient, or None, for each of the {len(before)} {ends}."
        if len(given) != len(before):
            raise GraphError(f"{who}: a hook of {type(self.module).__name__} returned {len(given)} gradients for "
                             f"{len(before)} {ends}.\n{fix}")
        for i, (new, old) in enumerate(zip(given, before)):
            if new is not None and (not isinstance(new, Tensor) or old is not None and new.shape != old.shape):
                what = f"of shape {new.shape}" if isinstance(new, Tensor) else f"a {type(new).__name__}"
                raise GraphError(f"{who}: a hook of {type(self.module).__name__} returned gradient {i} {what}, in place of "
                                 f"{'None' if old is None else f'one of shape {old.shape}'}.\n{fix}")
        return given


class Crossing(Function):
    """Passes tensors on as they are, and shows all their gradients at once."""

    @staticmethod
    def forward(ctx: Any, show: Callable[[tuple[Any, ...]], tuple[Any, ...]], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.show = show
        ctx.set_materialize_grads(False)
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        return None, *ctx.show(grads)


def crossed(values: list[Any], show: Callable[..., Any]) -> tuple[list[Any], list[int]]:
    """`values` with every tensor that needs a gradient passed through one `Crossing`, and which they are."""
    positions = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    if positions:
        tensors = Crossing.apply(lambda grads: show(positions, len(values), grads), *[values[i] for i in positions])
        for i, tensor in zip(positions, tensors):
            values[i] = tensor
    return values, positions


def spread(positions: list[int], count: int, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    """`grads` at their positions among `count` places, None elsewhere."""
    places = dict(zip(positions, grads))
    return tuple([places.get(i) for i in range(count)])
