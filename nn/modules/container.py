"""Modules that hold modules or parameters: in a row, in a list, by name."""

from __future__ import annotations

import itertools
from typing import Any, Iterable, Iterator, Mapping

from nn.locating import locate_source
from nn.module import Module
from nn.modules.overwriting import run
from nn.parameter import Parameter
from tensorgrad.errors import RangeError
from tensorgrad.tensor import Tensor

__all__ = ["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]


class Numbered(Module):
    """A list whose entries are the attributes "0", "1", ..., so that they are part of the module like any other."""

    entry: type = Module

    def __init__(self, entries: Iterable[Any] = ()):
        self.extend(entries)

    def _entries(self) -> list[Any]:
        return [value for value in self.__dict__.values() if isinstance(value, self.entry)]

    def _renew(self, entries: list[Any]) -> None:
        """Hold these entries, numbered from 0."""
        for name in [name for name, value in self.__dict__.items() if isinstance(value, self.entry)]:
            del self.__dict__[name]
        for i, value in enumerate(entries):
            self._put(str(i), value)

    def _put(self, name: str, value: Any) -> None:
        if not isinstance(value, self.entry):
            kind = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
            raise TypeError(f"{type(self).__name__}: entry {name!r} is {kind}, not an nn.{self.entry.__name__}.\n"
                            + (f"  Unpack it: {type(self).__name__}(*layers)." if isinstance(value, (list, tuple)) else
                               f"  Pass instances of nn.{self.entry.__name__}, such as nn.ReLU() with its brackets."))
        if any(value is other for other in self.__dict__.values()):
            object.__setattr__(self, name, value)  # listed twice: it keeps its first path
        else:
            setattr(self, name, value)

    def _index(self, index: Any, length: int) -> int:
        number = index.__index__()
        if not -length <= number < length:
            raise RangeError(f"{type(self).__name__}: there is no entry {number} among {length}.\n"
                             f"  Use {-length} to {length - 1}." if length else
                             f"{type(self).__name__}: it is empty, so there is no entry {number}.")
        return number % length

    def __len__(self) -> int:
        return len(self._entries())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries())

    def __contains__(self, value: object) -> bool:
        return any(value is entry for entry in self._entries())

    def __getitem__(self, index: Any) -> Any:
        entries = self._entries()
        if isinstance(index, slice):
            return self._part({str(i): entry for i, entry in enumerate(entries[index])})
        return entries[self._index(index, len(entries))]

    def _part(self, entries: dict[str, Any]) -> Any:
        """A container of the same kind that shares these entries, which keep their paths."""
        part = type(self)()
        part.__dict__.update(entries, training=self.training)
        return part

    def __setitem__(self, index: Any, value: Any) -> None:
        names = [name for name, old in self.__dict__.items() if isinstance(old, self.entry)]
        self._put(names[self._index(index, len(names))], value)

    def __delitem__(self, index: Any) -> None:
        entries = self._entries()
        del entries[index if isinstance(index, slice) else self._index(index, len(entries))]
        self._renew(entries)

    def append(self, value: Any) -> Any:
        """Add an entry at the end; the container itself is returned."""
        number = len(self)
        while str(number) in self.__dict__:  # a slice keeps its numbers
            number += 1
        self._put(str(number), value)
        return self

    def extend(self, entries: Iterable[Any]) -> Any:
        """Add entries at the end; the container itself is returned."""
        for value in list(entries):
            self.append(value)
        return self

    def insert(self, index: int, value: Any) -> None:
        """Put an entry before the one at `index`."""
        entries = self._entries()
        entries.insert(index, value)
        self._renew(entries)

    def pop(self, index: int = -1) -> Any:
        """Take an entry out and return it."""
        value = self[index]
        del self[index]
        return value

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._part({str(i): entry for i, entry in enumerate([*self, *other])})

    def __iadd__(self, other: Iterable[Any]) -> Any:
        return self.extend(other)


class Sequential(Numbered):
    """Modules run one after the other.

    Parameters
        modules   the modules in order, or one dict of names and modules

    Example
        >>> import nn, tensorgrad
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        >>> net(tensorgrad.zeros(3, 2, 2)).shape
        (3, 2)
        >>> net[1:]
        Sequential(
          (1): Linear(in_features=4, out_features=2, bias=True)
        )
    """

    def __init__(self, *modules: Any):
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            super().__init__(modules)

    def forward(self, input: Any) -> Any:
        return run([module for module in self.__dict__.values() if isinstance(module, Module)], input)

    def _locate(self, error: Exception, args: tuple[Any, ...]) -> None:
        super()._locate(error, args)
        if hasattr(error, "given_to"):
            locate_source(error, [module for _, module in self._own_modules()])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(dict(self._own_modules()[index]))  # names stay, as in PyTorch
        if isinstance(index, str):
            return self.get_submodule(index)
        return super().__getitem__(index)

    def __delitem__(self, index: Any) -> None:
        names = [name for name, _ in self._own_modules()]
        if all(name.isdigit() for name in names):
            return super().__delitem__(index)
        for name in names[index] if isinstance(index, slice) else [names[self._index(index, len(names))]]:
            delattr(self, name)


class ModuleList(Numbered):
    """A list of modules that are part of this one; it is not called, its entries are.

    Example
        >>> import nn
        >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
        >>> len(layers), [name for name, _ in layers[:1].named_parameters()]
        (3, ['0.weight', '0.bias'])
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("ModuleList is a list, not a layer.\n"
                                  "  Call its entries: for layer in layers: x = layer(x); or use nn.Sequential.")

    def __repr__(self) -> str:
        lines, start = [], 0
        for text, group in itertools.groupby(repr(entry).replace("\n", "\n  ") for entry in self):
            count = len(list(group))
            lines.append(f"({start}): {text}" if count == 1 else f"({start}-{start + count - 1}): {count} x {text}")
            start += count
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + ("\n)" if lines else ")")


class ParameterList(Numbered):
    """A list of parameters that are part of this module; tensors and arrays put into it become parameters.

    Example
        >>> import nn
        >>> scales = nn.ParameterList([nn.Parameter([1.0]), nn.Parameter([2.0])])
        >>> [name for name, _ in scales.named_parameters()]
        ['0', '1']
    """

    entry = Parameter

    def _put(self, name: str, value: Any) -> None:
        as_parameter = value if isinstance(value, Parameter) or not hasattr(value, "__array__") else Parameter(value)
        super()._put(name, as_parameter)

    def extra_repr(self) -> str:
        return parameter_lines((str(i), parameter) for i, parameter in enumerate(self))


class Named(Module):
    """A dict whose entries are attributes, so that they are part of the module like any other."""

    entry: type = Module

    def __init__(self, entries: Any = None):
        if entries is not None:
            self.update(entries)

    def __getitem__(self, key: str) -> Any:
        found = self.__dict__.get(key)
        if not isinstance(found, self.entry):
            raise KeyError(f"{key!r} is not in this {type(self).__name__}; it has {list(self.keys())}")
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        (self.register_module if self.entry is Module else self.register_parameter)(key, value)

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def keys(self) -> list[str]:
        """The names, in the order of assignment."""
        return [name for name, value in self.__dict__.items() if isinstance(value, self.entry)]

    def values(self) -> list[Any]:
        """The entries, in the order of assignment."""
        return [self.__dict__[name] for name in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """(name, entry) pairs, in the order of assignment."""
        return [(name, self.__dict__[name]) for name in self.keys()]

    def update(self, entries: Any) -> None:
        """Add or replace entries: from a dict or from (name, entry) pairs."""
        for key, value in entries.items() if hasattr(entries, "items") else entries:
            self[key] = value

    def pop(self, key: str) -> Any:
        """Take an entry out and return it."""
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        """Take all entries out."""
        for key in self.keys():
            del self[key]


class ModuleDict(Named):
    """A dict of modules that are part of this one; it is not called, its entries are.

    Example
        >>> import nn
        >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 2)})
        >>> list(heads), heads["parity"].out_features
        (['digit', 'parity'], 2)
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("ModuleDict is a dict, not a layer.\n  Call one of its entries: layers[name](x).")


class ParameterDict(Named):
    """A dict of parameters that are part of this module; tensors and arrays put into it become parameters.

    Example
        >>> import nn
        >>> list(nn.ParameterDict({"scale": nn.Parameter([1.0])}).state_dict())
        ['scale']
    """

    entry = Parameter

    def __setitem__(self, key: str, value: Any) -> None:
        as_parameter = value if isinstance(value, Parameter) or not hasattr(value, "__array__") else Parameter(value)
        super().__setitem__(key, as_parameter)

    def extra_repr(self) -> str:
        return parameter_lines(self.items())


def parameter_lines(entries: Iterable[tuple[str, Tensor]]) -> str:
    """One line per parameter: its name, dtype and shape."""
    lines = [f"\n  ({name}): Parameter of {value.dtype.name} {value.shape}" for name, value in entries]
    return "".join(lines) + "\n" if lines else ""
