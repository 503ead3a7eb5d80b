"""A module as a function of its parameters: `tensorgrad.func` in short."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from nn.computed import Computed, store
from nn.module import Module
from nn.tree import Tree
from tensorgrad.errors import ArgumentError, StateError
from tensorgrad.tensor import Tensor

__all__ = ["functional_call"]


def functional_call(module: Module, parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
                    args: Any = None, kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True,
                    strict: bool = False) -> Any:
    """What `module` gives with other tensors in place of its parameters and buffers; gradients flow to those tensors.

    Afterwards the module is as it was.  Where the call has given an attribute another tensor, as in
    ``self.count = self.count + 1``, the dict has it then, if there was one dict.  Threads must not call the same module in
    this way at the same time.

    Parameters
        module                      a layer or a model
        parameter_and_buffer_dicts  {dotted name: tensor}, or several that have no name in common; what they leave out is
                                    the module's own.  The name of a parametrized tensor switches its parametrization off;
                                    "parametrizations.weight.original" is what it is computed from
        args, kwargs                of the call; `args` is a tuple, or the only argument
        tie_weights                 what is one tensor under several names in the module is replaced under all of them
        strict                      refuse names that are missing or unexpected

    Raises
        StateError       names that are missing or unexpected (if `strict`)
        ArgumentError    a name that two dicts have, two values for one tied tensor
        AttributeError   a path to no submodule
        TypeError        a value that is no Tensor, a name of something else

    Example
        >>> import nn, tensorgrad
        >>> layer = nn.Linear(2, 1)
        >>> weight = tensorgrad.ones(1, 2).requires_grad_()
        >>> out = functional_call(layer, {"weight": weight, "bias": tensorgrad.zeros(1)}, tensorgrad.tensor([[1.0, 2.0]]))
        >>> out.backward(); weight.grad, layer.weight.grad
        (tensor([[1., 2.]]), None)
    """
    one = isinstance(parameter_and_buffer_dicts, Mapping)
    given = merged([parameter_and_buffer_dicts] if one else parameter_and_buffer_dicts)  # type: ignore[list-item,arg-type]
    tensors = tied(module, given, tie_weights, strict)
    places = {name: place(module, name) for name in tensors}
    arguments = args if isinstance(args, tuple) else () if args is None else (args,)
    replaced: list[Replaced] = []
    try:
        for name, value in tensors.items():
            replaced.append(Replaced(*places[name], value))
        return module(*arguments, **(kwargs or {}))
    finally:
        now = {name: entry.restore() for name, entry in zip(reversed(tensors), reversed(replaced))}
        if isinstance(parameter_and_buffer_dicts, dict):
            parameter_and_buffer_dicts.update({name: value for name, value in now.items() if name in given})


class Replaced:
    """An attribute of a module that has another tensor for the time being."""

    def __init__(self, owner: Module, name: str, value: Tensor):
        self.owner, self.name, self.cls = owner, name, type(owner)
        if isinstance(owner, Computed) and name in owner.names:
            store(owner, name)
        self.there = name in vars(owner)
        self.before = vars(owner).get(name)
        vars(owner)[name] = value  # past what an assignment checks, and at its place in the order

    def restore(self) -> Any:
        """Put the attribute back; what it was until now comes out."""
        own = vars(self.owner)
        now = own[self.name]
        if self.there:
            own[self.name] = self.before
        else:
            del own[self.name]
        self.owner.__class__ = self.cls
        return now


def merged(dicts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """All dicts in one."""
    result: dict[str, Tensor] = {}
    for tensors in dicts:
        for name, value in tensors.items():
            if name in result:
                raise ArgumentError(f"functional_call: two of the dicts have {name!r}.\n  Give each name once.")
            if not isinstance(value, Tensor):
                raise TypeError(f"functional_call: {name!r} is a {type(value).__name__}.\n  Give a Tensor.")
            result[name] = value
    return result


def place(module: Module, path: str) -> tuple[Module, str]:
    """The submodule and the attribute that a dotted name means."""
    parent, _, name = path.rpartition(".")
    owner = module.get_submodule(parent)
    there = getattr(owner, name, None)
    if there is not None and not isinstance(there, Tensor):
        raise TypeError(f"functional_call: {path!r} of {type(module).__name__} is a {type(there).__name__}.\n"
                        "  Give names of parameters and buffers.")
    return owner, name


def tied(module: Module, given: dict[str, Tensor], tie_weights: bool, strict: bool) -> dict[str, Tensor]:
    """`given`, with the other names of the tensors that it replaces."""
    groups: dict[int, list[str]] = {}
    for name, tensor in named_tensors(module):
        groups.setdefault(id(tensor), []).append(name)
    tensors = dict(given)
    for names in groups.values() if tie_weights else ():
        values = {id(given[name]): name for name in names if name in given}
        if len(values) > 1:
            raise ArgumentError(f"functional_call: {' and '.join(map(repr, values.values()))} are one tensor in the module, "
                                "and two were given.\n  Give one of the names, or pass tie_weights=False.")
        for name in names if values else ():
            tensors.setdefault(name, given[next(iter(values.values()))])
    if strict:
        missing = [name for names in groups.values() for name in names if name not in tensors]
        unexpected = [name for name in given if not any(name in names for names in groups.values())]
        if missing or unexpected:
            raise StateError(f"functional_call: names are missing: {missing}; or unexpected: {unexpected}.\n"
                             "  Give all of state_dict(), or leave strict=True out.")
    return tensors


def named_tensors(module: Tree) -> Iterator[tuple[str, Tensor]]:
    """All parameters and buffers under all their names."""
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)
