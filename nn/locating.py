"""What is added to an error that is raised in a layer: which layer, what it was given, and what a name was meant to be."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import TensorgradError, tensor_from
from tensorgrad.tensor import Tensor

__all__ = ["locate", "locate_source"]


def locate(error: Exception, module: Any, place: str, args: tuple[Any, ...]) -> None:
    """Say in `error` that `module`, at `place` ("" for a root), raised it when it was called with `args`."""
    where = f"{place} ({type(module).__name__})"
    if place:
        error.layer = place  # type: ignore[attr-defined]
        if isinstance(error, TensorgradError):
            error.args = (f"{where}: {error}", *error.args[1:])
        else:
            error.add_note(f"in {where}")
    if isinstance(error, (AttributeError, TypeError)) and args and not isinstance(args[0], (Tensor, np.ndarray)):
        if not isinstance(error, TensorgradError) and "given_to" not in vars(error):
            error.add_note(f"  Its input is {kind(args[0])}, not a tensor.  {tensor_from('input', args[0])}")
        vars(error)["given_to"] = module
    if isinstance(error, AttributeError):
        meant = similar(error)
        if meant:
            error.add_note(f"  Did you mean {meant!r}?")


def locate_source(error: Exception, layers: list[Any]) -> None:
    """Say in `error`, if one of `layers` was given no tensor, which one before it made that."""
    culprit = vars(error).pop("given_to", None)
    for before, layer in zip(layers, layers[1:]):
        if layer is culprit:
            error.add_note(f"  It comes from {before._path} ({type(before).__name__}): look at what its forward returns.")


def kind(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "None"
    return f"a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else "")


def similar(error: AttributeError) -> str:
    """The attribute of a module that is closest to the one it does not have; empty if none is, or it is no module's."""
    if error.name is None or not hasattr(error.obj, "named_modules"):
        return ""
    import difflib  # here, as `import nn` can do without

    names = [name for name in vars(error.obj) if not name.startswith("_")]
    return next(iter(difflib.get_close_matches(error.name, names, n=1)), "")
