"""Functions that a module calls around its forward pass and when gradients come back through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from tensorgrad.errors import GraphError
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["Hooks"]

# A registered hook: the function, and whether it wants the keyword arguments of the call too.
Registered = tuple[Callable[..., Any], bool]


class Hooks:
    """The hooks of one module, in the order in which they run."""

    __slots__ = ("before", "after", "backward")

    def __init__(self) -> None:
        self.before: list[Registered] = []
        self.after: list[Registered] = []
        self.backward: list[Callable[..., Any]] = []

    def run(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """``module.forward`` with all hooks around it."""
        for hook, with_kwargs in list(self.before):
            changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if changed is not None and with_kwargs:
                args, kwargs = changed
            elif changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watch = Watch(module, list(self.backward)) if self.backward else None
        if watch is not None:
            args = watch.inputs(args)
        output = module.forward(*args, **kwargs)
        for hook, with_kwargs in list(self.after):
            changed = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
            if changed is not None:
                output = changed
        return output if watch is None else watch.outputs(output)


class Watch:
    """Collects the gradients at the two ends of one call of a module, then calls its backward hooks.

    Inputs and outputs pass through views of their own, so that only this call's share of a gradient is seen.  The first
    tensor input has the oldest view, hence its gradient is the last to arrive: that is when the hooks run.
    """

    def __init__(self, module: Module, hooks: list[Callable[..., Any]]):
        self.module, self.hooks = module, hooks
        self.watched: list[int] = []
        self.grad_input: list[Tensor | None] = []
        self.grad_output: list[Tensor | None] = []
        self.waiting = self.expected = 0

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """`args` with every tensor that needs a gradient replaced by a watched view."""
        self.watched = [i for i, value in enumerate(args) if isinstance(value, Tensor) and value.requires_grad]
        self.grad_input = [None] * len(args)
        return tuple(self.view(value, self.input_arrived, i) if i in self.watched else value
                     for i, value in enumerate(args))

    def outputs(self, output: Any) -> Any:
        """`output`, a tensor or a tuple or list of tensors, replaced by watched views."""
        values = list(output) if isinstance(output, (tuple, list)) else [output]
        watched = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
        self.grad_output = [None] * len(values)
        self.waiting = self.expected = len(watched)
        for i in watched:
            values[i] = self.view(values[i], self.output_arrived, i)
        if not isinstance(output, (tuple, list)):
            return values[0]
        return getattr(type(output), "_make", type(output))(values)  # _make: named tuples

    def view(self, value: Tensor, arrived: Callable[[int, Tensor], Any], i: int) -> Tensor:
        """A view of `value` that reports its gradient."""
        out = value.reshape(value.shape)
        out.register_hook(lambda grad: arrived(i, grad))
        return out

    def output_arrived(self, i: int, grad: Tensor) -> None:
        """Remember dL/d(output i); without a watched input nothing else will come."""
        self.grad_output[i] = grad
        self.waiting -= 1
        if not self.waiting:
            self.waiting = self.expected
            if not self.watched:
                self.call()

    def input_arrived(self, i: int, grad: Tensor) -> Any:
        """Remember dL/d(input i); the first input is the last to come."""
        self.grad_input[i] = grad
        if i != self.watched[0]:
            return None
        replaced = self.call()
        if replaced is None:
            return None
        if len(self.watched) > 1:
            raise GraphError(f"register_full_backward_hook: a hook of {type(self.module).__name__} returned gradients for "
                             f"{len(self.watched)} inputs.\n  Gradients can be replaced where one input needs a gradient; "
                             "use Tensor.register_hook on the inputs.")
        return replaced[i] if isinstance(replaced, (tuple, list)) else replaced

    def call(self) -> Any:
        """Run the hooks; what the last one to return something returned."""
        result = None
        for hook in self.hooks:
            grad_input = tuple(self.grad_input) if result is None else result
            changed = hook(self.module, grad_input, tuple(self.grad_output))
            if changed is not None:
                result = changed if isinstance(changed, (tuple, list)) else (changed,)
        return result
