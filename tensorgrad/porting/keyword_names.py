"""Second names of keyword arguments: ``x.sum(axis=0, keepdims=True)``, as PyTorch takes it for NumPy's sake.

An op is written with PyTorch's own names.  What users call, `tensorgrad.sum` and `Tensor.sum`, is the op that also takes
the others; the ops call each other without them.
"""

from __future__ import annotations

from functools import cache, wraps
from types import FunctionType
from typing import Any

__all__ = ["with_other_names"]

# Second name: the argument's name in the signature.
OTHER_NAMES = {"axis": "dim", "keepdims": "keepdim", "sections": "indices_or_sections", "indices": "indices_or_sections",
               "split_size": "split_size_or_sections", "train": "training"}


@cache
def with_other_names(function: Any) -> Any:
    """`function`, which then also takes its arguments under their second names; itself if none of them has one.

    Raises
        TypeError   when it is called with both names of an argument

    Example
        >>> def total(input, dim=None, keepdim=False):
        ...     return dim, keepdim
        >>> with_other_names(total)([1.0], axis=0)
        (0, False)
    """
    if not isinstance(function, FunctionType):
        return function
    code = function.__code__
    arguments = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    others = {other: name for other, name in OTHER_NAMES.items() if name in arguments and other not in arguments}
    if not others:
        return function

    @wraps(function)
    def named(*args: Any, **options: Any) -> Any:
        if not options:
            return function(*args)
        for other in others.keys() & options:
            if others[other] in options:
                raise TypeError(f"{function.__name__}: {other} and {others[other]} name the same argument.\n"
                                f"  Leave {other} out.")
            options[others[other]] = options.pop(other)
        return function(*args, **options)

    named.__module__ = "tensorgrad"  # where pickle finds it
    return named
