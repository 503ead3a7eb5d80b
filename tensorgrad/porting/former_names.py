"""Functions under the names that PyTorch has given up, which still work there and warn."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any, Callable, TypeVar

__all__ = ["former_name"]

F = TypeVar("F", bound=Callable[..., Any])


def former_name(function: F, place: str) -> F:
    """`function` under its name in `place` without the underscore at its end; a call of it warns.

    Example
        >>> def fill_(tensor): ...
        >>> former_name(fill_, "nn.init").__name__
        'fill'
    """
    name = function.__name__.removesuffix("_")

    @wraps(function)
    def former(*args: Any, **options: Any) -> Any:
        warnings.warn(f"{place}.{name} is the former name of {place}.{name}_, which does the same.", FutureWarning,
                      stacklevel=2)
        return function(*args, **options)

    former.__name__ = former.__qualname__ = name
    former.__module__, former.__doc__ = place, f"The former name of `{name}_`; a call of it warns."
    return former  # type: ignore[return-value]
