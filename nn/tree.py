"""The tree a model is: attributes that are parameters, buffers and submodules, and the walks over them.

There is no registry and no metaclass.  A `Parameter` or a module that is an attribute belongs to the module, and every walk
looks at ``vars(module)`` in the order of assignment.  What an attribute is assigned to tells it its name: a module knows
its dotted path, and names its parameters after it ("features.0.weight").
"""

from __future__ import annotations

import warnings
from typing import Any, Iterator, Mapping

import numpy as np

from nn.parameter import Buffer, Parameter
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["Tree"]


class Tree:
    """The part of `Module` that holds parameters, buffers and submodules."""

    # Class-level defaults, replaced on the instance by an assignment, so that __init__ need not run.
    _path: str = ""
    _buffers: Mapping[str, bool] = {}  # attribute name: is it saved in the state dict?
    _warned: bool = False

    # -- attributes ---------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Tree):
            if all(value is not other for other in own.values()):
                value._place(self._path_of(name))
        elif isinstance(value, Parameter):
            if value.name is None:
                value.name = self._path_of(name)
            if name in self._buffers:
                own["_buffers"].pop(name)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
            return
        elif name in own and value is not None:
            self._check_replacement(name, own[name], value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        if name in self._buffers:
            self.__dict__["_buffers"].pop(name)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Make `tensor` (or an array, or None) a buffer: state that is not learned, saved if `persistent`.

        Raises
            ArgumentError   a name that is taken, empty or has a dot
            TypeError       anything but a Tensor, an array or None
        """
        self._check_name("register_buffer", name)
        if tensor is not None and not isinstance(tensor, (Tensor, np.ndarray)):
            raise TypeError(f"register_buffer: {name!r} is {what(tensor)}.\n  Pass a Tensor, an array or None.")
        self.__dict__.setdefault("_buffers", {})[name] = persistent
        if tensor is not None:
            tensor = tensor.detach() if isinstance(tensor, Parameter) else as_tensor(tensor)
            tensor.name = tensor.name or self._path_of(name)
        object.__setattr__(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` an attribute; the same as assigning it, for a name known at run time.

        Raises
            ArgumentError   a name that is taken, empty or has a dot
            TypeError       anything but a Parameter or None
        """
        self._check_name("register_parameter", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"register_parameter: {name!r} is {what(param)}.\n  Pass an nn.Parameter or None.")
        setattr(self, name, param)

    def register_module(self, name: str, module: Any) -> None:
        """Make `module` an attribute; the same as assigning it, for a name known at run time.

        Raises
            ArgumentError   a name that is taken, empty or has a dot
            TypeError       anything but a module or None
        """
        self._check_name("register_module", name)
        if module is not None and not isinstance(module, Tree):
            raise TypeError(f"register_module: {name!r} is {what(module)}.\n"
                            "  Pass an instance of an nn.Module, such as nn.ReLU() with its brackets, or None.")
        setattr(self, name, module)

    add_module = register_module

    def _check_name(self, who: str, name: Any) -> None:
        """Refuse names that a dotted path cannot hold, and names of methods and plain attributes."""
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"{who}: {name!r} cannot be a name.\n  Use a string that is not empty and has no dot.")
        old = self.__dict__[name] if name in self.__dict__ else getattr(type(self), name, None)
        if old is not None and not isinstance(old, (Tensor, Tree)):
            raise ArgumentError(f"{who}: {type(self).__name__} already has an attribute {name!r}.\n  Choose another name.")

    def _check_replacement(self, name: str, old: Any, new: Any) -> None:
        """Refuse an assignment that would silently drop a parameter, submodule or buffer."""
        who = f"cannot assign {what(new)} as"
        if isinstance(old, Parameter):
            raise TypeError(f"{who} parameter {name!r} of {type(self).__name__}.\n"
                            f"  Assign nn.Parameter(...), or write into it: {name}.data = array.")
        if isinstance(old, Tree):
            raise TypeError(f"{who} submodule {name!r} of {type(self).__name__}.\n"
                            "  Assign an nn.Module (nn.Identity() to leave a layer out), or None.")
        if name in self._buffers and not isinstance(new, Tensor):
            raise TypeError(f"{who} buffer {name!r} of {type(self).__name__}.\n  Assign a Tensor, or None.")

    def _path_of(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _place(self, path: str) -> None:
        """Become the submodule at `path`, and rename what was named after the old place."""
        for name, tensor in [*self._own_parameters(), *self._own_buffers()]:
            if tensor.name is None or tensor.name == self._path_of(name):
                tensor.name = f"{path}.{name}"
        for name, child in self.named_children():
            if child._path == self._path_of(name):
                child._place(f"{path}.{name}")
        self.__dict__["_path"] = path

    # -- walks --------------------------------------------------------------------------------------------------------

    def _own_parameters(self) -> list[tuple[str, Parameter]]:
        return [(name, value) for name, value in self.__dict__.items() if isinstance(value, Parameter)]

    def _own_buffers(self) -> list[tuple[str, Tensor]]:
        return [(name, self.__dict__[name]) for name in self._buffers if self.__dict__.get(name) is not None]

    def _own_modules(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self.__dict__.items() if isinstance(value, Tree)]

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """(attribute name, module) of the direct submodules, a shared one once."""
        seen: set[int] = set()
        for name, module in self._own_modules():
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Any]:
        """The direct submodules, a shared one once."""
        return (module for _, module in self.named_children())

    def named_modules(self, memo: set[int] | None = None, prefix: str = "",
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Any]]:
        """(dotted path, module) of this module, its submodules, theirs and so on, a shared one once.

        Example
            >>> import nn
            >>> [name for name, _ in nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU())).named_modules()]
            ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        if remove_duplicate:
            memo.add(id(self))
        yield prefix, self
        for name, module in self._own_modules():
            yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """This module, its submodules, theirs and so on, a shared one once unless `remove_duplicate` is False."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_parameters(self, prefix: str = "", recurse: bool = True,
                         remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) in the order of definition: a module's own, then those of its submodules.

        A shared parameter comes once, under its first name, unless `remove_duplicate` is False.
        """
        if recurse and not self._warned:
            self._warn_of_hidden()
        return self._named_tensors(Tree._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once: what an optimizer is given."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True,
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        """(dotted name, tensor) of state that is not learned, such as running means."""
        return self._named_tensors(Tree._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_tensors(self, own: Any, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        places = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in places:
            for name, tensor in own(module):
                if id(tensor) not in seen:
                    if remove_duplicate:
                        seen.add(id(tensor))
                    yield f"{path}.{name}" if path else name, tensor

    def _warn_of_hidden(self) -> None:
        """Warn of lists, tuples and dicts whose modules or parameters nobody lists.

        Attributes that start with an underscore are taken to hide them on purpose.
        """
        self.__dict__["_warned"] = True
        modules = list(self.named_modules())
        known = {id(module) for _, module in modules}
        known |= {id(tensor) for _, module in modules for _, tensor in module._own_parameters()}
        for _, module in modules:
            for name, value in module.__dict__.items():
                if isinstance(value, (list, tuple, dict)) and not name.startswith("_"):
                    entries = value.values() if isinstance(value, dict) else value
                    hidden = [e for e in entries if isinstance(e, (Tree, Parameter)) and id(e) not in known]
                    if hidden:
                        container = ("Parameter" if isinstance(hidden[0], Parameter) else "Module") + (
                            "Dict" if isinstance(value, dict) else "List")
                        warnings.warn(f"{type(module).__name__}.{name} is a plain {type(value).__name__} of "
                                      f"{type(hidden[0]).__name__}: its parameters are not listed, trained or saved.\n"
                                      f"  Use nn.{container}(...).", UserWarning, stacklevel=4)

    # -- by name ------------------------------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted path; the module itself for "".

        Raises
            AttributeError   nothing there, or something else
        """
        return self._get(target, Tree, "submodule")

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put `module` at a dotted path whose modules but the last are there; with `strict` the last is there, too.

        Raises
            ArgumentError    an empty path
            AttributeError   no module where the path goes through; nothing to replace, with `strict`
            TypeError        anything but a module

        Example
            >>> import nn
            >>> net = nn.Sequential(nn.Sequential(nn.ReLU()))
            >>> net.set_submodule("0.0", nn.Tanh()); net[0]
            Sequential(
              (0): Tanh()
            )
        """
        if not target:
            raise ArgumentError("set_submodule: the path is empty.\n  Use a dotted path, such as 'features.0'.")
        if not isinstance(module, Tree):
            raise TypeError(f"set_submodule: {target!r} is {what(module)}.\n  Pass an instance of an nn.Module.")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or isinstance(vars(parent).get(name), Tensor):
            self.get_submodule(target)
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path.

        Raises
            AttributeError   nothing there, or something else
        """
        return self._get(target, Parameter, "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path.

        Raises
            AttributeError   nothing there, or something else
        """
        path, _, name = target.rpartition(".")
        if name not in self.get_submodule(path)._buffers:
            names = [key for key, _ in self.named_buffers()]
            raise AttributeError(f"{type(self).__name__} has no buffer {target!r}.\n  It has {names}.")
        return self._get(target, Tensor, "buffer")

    def _get(self, target: str, kind: type, what_kind: str) -> Any:
        found: Any = self
        for name in target.split(".") if target else ():
            here, found = found, vars(found).get(name)
            if found is None or not isinstance(found, (Tree, Tensor)):
                names = [key for key, value in vars(here).items() if isinstance(value, (Tree, Tensor))]
                raise AttributeError(f"{type(here).__name__} has no {name!r}, looked for as part of {target!r}.\n"
                                     f"  It has {', '.join(names) or 'no parameters, buffers or submodules'}.")
        if not isinstance(found, kind):
            raise AttributeError(f"{target!r} is a {type(found).__name__}, not a {what_kind}.")
        return found


def what(value: Any) -> str:
    """How a misplaced value reads in a message: ``the class ReLU``, ``a list``."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
