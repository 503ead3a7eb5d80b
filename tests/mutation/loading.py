"""Puts a changed module in the place of the one that runs, while others hold its functions."""

from __future__ import annotations

import gc
import types
from typing import Any

__all__ = ["closures_of", "put"]


def closures_of(filename: str) -> list[types.FunctionType]:
    """The functions that functions of a file have made and that somebody holds: decorated ones, methods from a factory."""
    return [held for held in gc.get_objects() if type(held) is types.FunctionType  # isinstance asks proxies, which warn
            and held.__code__.co_filename == filename and "<locals>" in held.__code__.co_qualname]


def put(tree: Any, module: types.ModuleType, closures: list[types.FunctionType] | None = None) -> None:
    """Give the functions of `module`, and those that they have made, the code of the changed one."""
    fresh = types.ModuleType(module.__name__)
    fresh.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
    code = compile(tree, str(module.__file__), "exec")
    exec(code, fresh.__dict__)
    replace(vars(fresh), vars(module), module)
    inner = {(part.co_qualname, part.co_firstlineno): part for part in parts(code)}
    for closure in closures_of(str(module.__file__)) if closures is None else closures:
        recode(closure, inner.get((closure.__code__.co_qualname, closure.__code__.co_firstlineno)))


def parts(code: types.CodeType) -> list[types.CodeType]:
    """A code object and those inside it."""
    return [code, *(part for inner in code.co_consts if isinstance(inner, types.CodeType) for part in parts(inner))]


def recode(function: types.FunctionType, code: types.CodeType | None) -> None:
    """Give `function` another code; one that has lost its only use of an outer variable goes into the same closure."""
    if code is not None:
        if not code.co_freevars:
            code = code.replace(co_freevars=function.__code__.co_freevars)
        if code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code


def replace(new: Any, old: Any, module: types.ModuleType) -> None:
    """The functions of one namespace put into those of another, classes included."""
    for name, value in list(new.items()):
        before = old.get(name)
        if isinstance(value, (staticmethod, classmethod)) and isinstance(before, (staticmethod, classmethod)):
            value, before = value.__func__, before.__func__
        if isinstance(value, property) and isinstance(before, property):
            value, before = value.fget, before.fget
        if isinstance(value, types.FunctionType) and isinstance(before, types.FunctionType):
            if value.__module__ == module.__name__:
                recode(before, value.__code__)
                before.__defaults__, before.__kwdefaults__ = value.__defaults__, value.__kwdefaults__
        elif isinstance(value, type) and isinstance(before, type) and value.__module__ == module.__name__:
            replace(vars(value), vars(before), module)
            for key, entry in vars(value).items():  # class attributes such as `keeps_output = False`
                if isinstance(entry, (bool, int, str, tuple)) and not key.startswith("__"):
                    setattr(before, key, entry)
        elif isinstance(value, (bool, int)) and not name.startswith("__"):
            module.__dict__[name] = value
