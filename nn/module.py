"""Module: a layer or a model.  Parameters and submodules are its attributes (see `nn.tree`); here is what it does with
them: run, switch modes, convert, save and load."""

from __future__ import annotations

import threading
from typing import Any, Callable, Mapping, TypeVar

import numpy as np

from nn.hooks import Hooks, everywhere, run
from nn.locating import locate
from nn.parameter import Uninitialized
from nn.state import IncompatibleKeys, StateHooks, collect, load
from nn.tree import Tree
from tensorgrad import dtypes
from tensorgrad.devices import is_device, on_cpu
from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.recording import here
from tensorgrad.tensor import RemovableHandle, Tensor, from_array

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Calls(threading.local):
    """What precedes the paths of the modules that run in this thread; None while none runs."""

    base: str | None = None


calls = Calls()


class Module(Tree):
    """A layer or a model: attributes that are parameters, buffers and submodules, and a `forward`.

    ``super().__init__()`` may be called but need not be.

    Attributes
        training   True in training mode; `train()` and `eval()` switch it for all submodules

    Example
        >>> import nn, tensorgrad
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         self.hidden = nn.Linear(4, 8)
        ...         self.out = nn.Linear(8, 2)
        ...     def forward(self, input):
        ...         return self.out(self.hidden(input).tanh())
        >>> net = Net()
        >>> [name for name, _ in net.named_parameters()]
        ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
        >>> net(tensorgrad.zeros(3, 4)).shape
        (3, 2)
    """

    training: bool = True
    _hooks: Hooks | None = None
    _state_hooks: StateHooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The result for these inputs; every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no method forward.\n"
                                  "  Define forward(self, input); check its spelling and indentation.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` with hooks around it; ops recorded inside, and errors raised there, carry this module's path."""
        before, base, path = here.scope, calls.base, self._path
        if base is None or not path:  # a root: paths below it continue the scope that is open here
            calls.base = start = before + "." if before else ""
        else:
            start = base
        if path:
            here.scope = start + path
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return run(self, self._hooks, args, kwargs)
        except Exception as error:
            self._locate(error, args)
            raise
        finally:
            here.scope, calls.base = before, base

    def _locate(self, error: Exception, args: tuple[Any, ...]) -> None:
        """Say in `error`, once, in which layer it was raised."""
        if not hasattr(error, "layer"):
            locate(error, self, here.scope if self._path else "", args)

    # -- modes and conversion -----------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Switch this module and its submodules to training mode: dropout drops, batch norm uses the batch.

        Raises
            ArgumentError   anything but a bool
        """
        if not isinstance(mode, (bool, np.bool_)):
            raise ArgumentError(f"train: the mode is {mode!r}.\n  Use True for training, False for evaluation.")
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self: M) -> M:
        """Switch to evaluation mode: dropout passes everything on, batch norm uses its running statistics."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Thaw all parameters, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros if `set_to_none` is False."""
        for parameter in self.parameters():
            if parameter.grad is None or set_to_none:
                parameter.grad = None
            else:
                parameter.grad = from_array(np.zeros_like(parameter.grad.array))

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call `fn` with every submodule, innermost first, and with this module.

        Example
            >>> import nn
            >>> net = nn.Sequential(nn.Linear(2, 2))
            >>> net = net.apply(lambda m: nn.init.zeros_(m.weight) if isinstance(m, nn.Linear) else None)
            >>> net[0].weight.sum().item()
            0.0
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self: M, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
           memory_format: Any = None) -> M:
        """Convert parameters, their gradients and buffers that are floats to `dtype`, in place.

        A device may be given and must be "cpu".  `memory_format` makes no difference: kernels lay weights out themselves.

        Raises
            ArgumentError   another device, or an integer dtype
        """
        for value in args:
            if str(value).partition(":")[0] == "cpu":
                continue
            if isinstance(value, bool):  # non_blocking
                continue
            if is_device(value):
                on_cpu("to", value)
            dtype = value.dtype if isinstance(value, Tensor) else value
        on_cpu("to", device)
        if dtype is None:
            return self
        wanted = dtypes.as_dtype(dtype)
        if not dtypes.is_float(wanted):
            raise ArgumentError(f"to: a module cannot become {wanted.name}.\n  Use float16, float32 or float64.")
        for tensor in [*self.parameters(), *self.buffers()]:
            if isinstance(tensor, Uninitialized):
                tensor.convert(wanted)
                continue
            for part in (tensor, tensor.grad):
                if part is not None and dtypes.is_float(part.dtype) and part.dtype != wanted:
                    part.data = part.array.astype(wanted)
        return self

    def float(self: M) -> M:
        """Convert to float32, in place."""
        return self.to(dtypes.float32)

    def double(self: M) -> M:
        """Convert to float64, in place."""
        return self.to(dtypes.float64)

    def half(self: M) -> M:
        """Convert to float16, in place."""
        return self.to(dtypes.float16)

    def type(self: M, dst_type: Any) -> M:
        """Convert all parameters and buffers to `dst_type`, in place: as in PyTorch also the buffers of integers.

        Raises
            ArgumentError   an integer dtype
        """
        wanted = Tensor(0.0).type(dst_type).dtype
        self.to(wanted)
        for buffer in self.buffers():
            if buffer.dtype != wanted:
                buffer.data = buffer.array.astype(wanted)
        return self

    def cpu(self: M) -> M:
        """The module itself: everything is on the CPU."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Refuses, as there is no such device.

        Raises
            ArgumentError   always
        """
        on_cpu("cuda", "cuda")
        return self

    # -- state --------------------------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """All parameters and persistent buffers by dotted name, with PyTorch's names and order.

        The tensors are detached but share the model's memory, as in PyTorch: training on changes them.  Copy the dict
        (`copy.deepcopy`) to keep a moment.  A shared parameter is listed under each of its names.

        Example
            >>> import nn
            >>> list(nn.BatchNorm2d(3).state_dict())
            ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
        """
        return collect(self, prefix.removesuffix("."), keep_vars)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> IncompatibleKeys:
        """Copy values by name into parameters and buffers; all or nothing: a refused state changes nothing.

        Arguments
            state_dict   {dotted name: Tensor, array, or tensor of PyTorch}; values are converted to the model's dtypes
            strict       refuse names that are missing or unexpected; shapes have to fit in any case
            assign       take the arrays themselves, with their dtypes, in place of copies of their numbers

        Returns
            the names that were missing and unexpected

        Raises
            StateError   with all that is missing, unexpected or of another shape

        Example
            >>> import nn
            >>> nn.Linear(2, 3).load_state_dict({"weight": np.ones((3, 2)), "bias": np.zeros(3)})
            IncompatibleKeys(missing_keys=[], unexpected_keys=[])
        """
        return load(self, state_dict, strict, assign)

    # -- hooks --------------------------------------------------------------------------------------------------------

    def _own_hooks(self) -> Hooks:
        own: Hooks = vars(self).setdefault("_hooks", Hooks())
        return own

    @classmethod
    def _hook_all(cls, kind: str, hook: Callable[..., Any], *options: bool) -> RemovableHandle:
        """Add a hook to all modules there are or will be; those without hooks of their own now look for it too."""
        if Module._hooks is None:
            Module._hooks = Hooks()
        return everywhere.add(kind, hook, False, *options)

    def register_forward_pre_hook(self, hook: Callable[..., Any], *, prepend: bool = False,
                                  with_kwargs: bool = False) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, if anything, replaces the arguments.

        With `with_kwargs` it is ``hook(module, args, kwargs)``, and returns both.  With `prepend` it runs before those that
        are there.
        """
        return self._own_hooks().add("before", hook, prepend, with_kwargs)

    def register_forward_hook(self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False,
                              always_call: bool = False) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, if anything, replaces the output.

        With `with_kwargs` it is ``hook(module, args, kwargs, output)``.  With `always_call` it is called, with an output of
        None, even if `forward` or a hook before it raises; the error is raised afterwards.

        Example
            >>> import nn, tensorgrad
            >>> layer = nn.Linear(4, 2)
            >>> with layer.register_forward_hook(lambda module, args, output: print(output.shape)):
            ...     _ = layer(tensorgrad.zeros(3, 4))
            (3, 2)
        """
        return self._own_hooks().add("after", hook, prepend, with_kwargs, always_call)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)``, a tuple, before gradients pass back through this module.

        They belong to the outputs; None where there is no gradient.  What the hook returns, if anything, replaces them.

        Raises
            GraphError   in backward, if it returns another number of gradients, or one of another shape
        """
        return self._own_hooks().add("backward_before", hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)``, two tuples, when gradients have passed back through this module.

        They belong to the positional arguments and to the outputs; None where there is no gradient.  What the hook
        returns, if anything, replaces `grad_input`.

        Raises
            GraphError   in backward, if it returns another number of gradients, or one of another shape

        Example
            >>> import nn, tensorgrad
            >>> layer, x = nn.Identity(), tensorgrad.ones(2).requires_grad_()
            >>> with layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 10,)):
            ...     layer(x).sum().backward()
            >>> x.grad
            tensor([10., 10.])
        """
        return self._own_hooks().add("backward", hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Refuses: in PyTorch such a hook sees the gradients of the last operation in the module, not the module's own.

        Raises
            GraphError   always
        """
        raise GraphError("register_backward_hook: it would see the gradients of the module's last operation.\n"
                         "  Use register_full_backward_hook, which sees those of the module.")

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` reads this module's tensors."""
        return self._add_state_hook("before_saving", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict` has read this module, to change it.

        The dict has what was read so far of the whole model, this module's under `prefix`; the metadata is an empty dict.

        Raises
            StateError   in `state_dict`, if the hook returns anything

        Example
            >>> import nn
            >>> layer = nn.Linear(2, 3)
            >>> def drop_bias(module, state_dict, prefix, local_metadata):
            ...     del state_dict[prefix + "bias"]
            >>> with layer.register_state_dict_post_hook(drop_bias):
            ...     list(layer.state_dict())
            ['weight']
        """
        return self._add_state_hook("after_saving", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before `load_state_dict` looks at this module's part of the state, to change it.

        It is ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``.
        The dict is a copy of the entries under `prefix`; what the hook adds to the lists is refused as other such mistakes.

        Example
            >>> import nn
            >>> layer = nn.Linear(2, 3, bias=False)
            >>> def rename(module, state_dict, prefix, *others):
            ...     state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")
            >>> with layer.register_load_state_dict_pre_hook(rename):
            ...     layer.load_state_dict({"kernel": np.ones((3, 2))})
            IncompatibleKeys(missing_keys=[], unexpected_keys=[])
        """
        return self._add_state_hook("before_loading", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict` has written the values.

        It may change the two lists of names in place: under ``strict=True`` what is left in them then is refused, and the
        values are put back, as they are if the hook raises.

        Raises
            StateError   in `load_state_dict`, if the hook returns anything
        """
        return self._add_state_hook("after_loading", hook)

    def _add_state_hook(self, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
        hooks = getattr(vars(self).setdefault("_state_hooks", StateHooks()), kind)
        hooks.append(hook)
        return RemovableHandle(hooks, hook)

    # -- text ---------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What `repr` shows between the brackets of a layer: its options."""
        return ""

    def __repr__(self) -> str:
        name, extra = type(self).__name__, self.extra_repr()
        children = [f"({key}): {child!r}".replace("\n", "\n  ") for key, child in self._own_modules()]
        if not children:
            return f"{name}({extra})"
        return "\n  ".join([f"{name}({extra}", *children]) + "\n)"
