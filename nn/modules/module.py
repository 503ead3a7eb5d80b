"""`Module` under PyTorch's address, and hooks of all modules: they run before the modules' own."""

from __future__ import annotations

from typing import Any, Callable

from nn.module import Module
from tensorgrad.handles import RemovableHandle

__all__ = ["Module", "register_module_forward_pre_hook", "register_module_forward_hook",
           "register_module_full_backward_pre_hook", "register_module_full_backward_hook"]


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_forward_pre_hook` for every module there is or will be."""
    return Module._hook_all("before", hook)


def register_module_forward_hook(hook: Callable[..., Any], *, with_kwargs: bool = False,
                                 always_call: bool = False) -> RemovableHandle:
    """`Module.register_forward_hook` for every module there is or will be.

    Example
        >>> import nn, tensorgrad
        >>> with register_module_forward_hook(lambda module, args, output: print(type(module).__name__, output.shape)):
        ...     _ = nn.Sequential(nn.Linear(4, 2), nn.ReLU())(tensorgrad.zeros(3, 4))
        Linear (3, 2)
        ReLU (3, 2)
        Sequential (3, 2)
    """
    return Module._hook_all("after", hook, with_kwargs, always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_full_backward_pre_hook` for every module there is or will be."""
    return Module._hook_all("backward_before", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_full_backward_hook` for every module there is or will be."""
    return Module._hook_all("backward", hook)
