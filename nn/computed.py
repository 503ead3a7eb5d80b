"""Modules with attributes that are computed from their parameters whenever they are read.

Such a module is of a class made up for it: a subclass of its former class with one property per computed attribute.  Nothing
computed is stored, so that nothing can be out of date, and a copy of the module needs no care.
"""

from __future__ import annotations

import functools
from typing import Any

from nn.module import Module
from tensorgrad.tensor import Tensor

__all__ = ["Computed", "compute", "store", "class_before"]


class Computed(Module):
    """A module of which some attributes are computed; a subclass says how.

    Class attributes
        kind      the subclass of `Computed`
        before    the class the module was of
        names     the computed attributes
        prefix    what the name of the made-up class has before that of the former one
    """

    prefix = ""
    kind: type[Computed]
    before: type[Module]
    names: tuple[str, ...] = ()

    def _compute(self, name: str) -> Tensor:
        """The value of that attribute."""
        raise NotImplementedError

    def _assign(self, name: str, value: Any) -> None:
        """Change what the attribute is computed from, so that it becomes `value`."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.names:
            self._assign(name, value)
        else:
            super().__setattr__(name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        plain: Any = super().__reduce_ex__(protocol)  # (how to make an object of this class, its arguments, state, ...)
        return reopened, (self.kind, self.before, self.names), *plain[2:]


CLASSES: dict[tuple[type[Computed], type[Module], tuple[str, ...]], type[Computed]] = {}


def computed_class(kind: type[Computed], before: type[Module], names: tuple[str, ...]) -> type[Computed]:
    """The subclass of `before` that computes the attributes `names` as `kind` does."""
    key = kind, before, names
    if key not in CLASSES:
        properties = {name: property(functools.partial(kind._compute, name=name)) for name in names}
        title = kind.prefix + before.__name__
        CLASSES[key] = type(title, (kind, before), {**properties, "kind": kind, "before": before, "names": names,
                                                    "__module__": before.__module__, "__doc__": before.__doc__})
    return CLASSES[key]


def compute(module: Module, kind: type[Computed], name: str) -> None:
    """Let that attribute, which is no longer stored, be computed from now on."""
    cls: Any = type(module)
    ours = issubclass(cls, Computed) and cls.kind is kind
    before, names = (cls.before, cls.names) if ours else (cls, ())
    module.__class__ = computed_class(kind, before, (*names, name))


def store(module: Any, name: str) -> None:
    """Let that attribute be an ordinary one again."""
    cls = type(module)
    names = tuple([other for other in cls.names if other != name])
    module.__class__ = computed_class(cls.kind, cls.before, names) if names else cls.before


def class_before(module: Module) -> type[Module]:
    """The class of which `module` would be if nothing were computed."""
    cls = type(module)
    while issubclass(cls, Computed):
        cls = cls.before
    return cls


def reopened(kind: type[Computed], before: type[Module], names: tuple[str, ...]) -> Computed:
    """What copying and unpickling calls: a module without attributes, which are filled in then."""
    cls = computed_class(kind, before, names)
    return cls.__new__(cls)
