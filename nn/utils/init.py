"""Layers without initial values, which are about to be loaded anyway."""

from __future__ import annotations

from typing import Any, TypeVar

from nn.module import Module
from nn.modules.laziness import Lazy
from tensorgrad import random
from tensorgrad.errors import ArgumentError

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, device: Any = None, **kwargs: Any) -> M:
    """``module_cls(*args, **kwargs)`` with arbitrary values in its parameters, and no random number drawn.

    Arguments
        device   "cpu" or None

    Raises
        ArgumentError   `module_cls` is no class of modules; another device

    Example
        >>> import nn
        >>> skip_init(nn.Linear, 5, 1)
        Linear(in_features=5, out_features=1, bias=True)
    """
    if not isinstance(module_cls, type) or not issubclass(module_cls, Module):
        raise ArgumentError(f"skip_init: {module_cls!r:.80} is no class of modules.\n"
                            "  Pass the class, then its arguments: skip_init(nn.Linear, 5, 1).")
    plain: Any = type(module_cls.__name__, (module_cls,), {"reset_parameters": lambda self: None})
    state = random.get_rng_state()
    try:
        module = plain(*args, **kwargs)
        if isinstance(module, Lazy):  # there is nothing to skip yet
            module = module_cls(*args, **kwargs)
        else:
            module.__class__ = module_cls
    finally:
        random.set_rng_state(state)
    return module if device is None else module.to(device)
