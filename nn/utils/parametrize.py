"""Parametrizations: a parameter as the result of modules, applied to tensors that are learned in its place.

After ``register_parametrization(layer, "weight", module)`` reading ``layer.weight`` computes ``module(original)``, where
`original` is the parameter that was ``layer.weight``, or what ``module.right_inverse`` makes of it.  It is learned and saved
as "parametrizations.weight.original", as in PyTorch; several tensors as "original0", "original1", ...
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Sequence

import numpy as np

from nn.computed import Computed, class_before, compute, store
from nn.module import Module
from nn.modules.container import ModuleDict, ModuleList
from nn.parameter import Buffer, Parameter, Uninitialized
from nn.state import write
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError, UninitializedError, message
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
           "type_before_parametrizations", "transfer_parametrizations_and_params"]


class Cache:
    """What was computed since `cached` was entered; nothing is kept outside of it."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Tensor] = {}


cache = Cache()


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Within this block each parametrized tensor is computed once, when it is first read: for layers that are called often.

    Example
        >>> import nn
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
        >>> with cached():
        ...     layer.weight is layer.weight
        True
        >>> layer.weight is layer.weight
        False
    """
    cache.depth += 1
    try:
        yield
    finally:
        cache.depth -= 1
        if not cache.depth:
            cache.values.clear()


class Parametrized(Computed):
    """A module with parametrized tensors, which are described in its attribute `parametrizations`."""

    prefix = "Parametrized"
    parametrizations: ModuleDict

    def _compute(self, name: str) -> Tensor:
        if not cache.depth:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in cache.values:
            cache.values[key] = self.parametrizations[name]()
        return cache.values[key]

    def _assign(self, name: str, value: Any) -> None:
        self.parametrizations[name].right_inverse(as_tensor(value))
        cache.values.pop((id(self), name), None)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order in which they are applied, and the tensors they are applied to.

    Parameters
        original               what the first parametrization is called with; or, where its `right_inverse` returned a list
        original0, original1   its arguments

    Attributes
        is_tensor   True if there is one `original`
        ntensors    how many there are
        unsafe      shapes and dtypes may change
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False):
        if not modules:
            raise ArgumentError("ParametrizationList: there are no parametrizations.\n  Pass at least one module.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        new = backwards(list(self), original.detach(), strict=False)
        self.is_tensor = isinstance(new, Tensor)
        if self.is_tensor:
            check("register_parametrization", "right_inverse returned", new, None, dtype)
            set_value(original, new)
            keep(self, "original", original)
        else:
            news = checked_sequence(new)
            for i, value in enumerate(news):
                keep(self, f"original{i}", like(original, value))
        self.ntensors = 1 if self.is_tensor else len(new)
        if not unsafe:
            check("register_parametrization", "the parametrization returned", self(), shape, dtype)

    def originals(self) -> list[Tensor]:
        """The tensors that are learned."""
        names = ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]
        return [vars(self)[name] for name in names]

    def forward(self) -> Tensor:
        first, *others = self
        value = first(*self.originals())
        for module in others:
            value = module(value)
        return value

    @no_grad()
    def right_inverse(self, value: Tensor) -> None:
        """Change the originals so that the result becomes `value`, as far as it can.

        Raises
            GraphError               a parametrization has no `right_inverse`
            ShapeError, DtypeError   what it returns does not fit the originals
        """
        new = backwards(list(self), value.detach(), strict=True)
        originals = self.originals()
        if self.is_tensor:
            check("right_inverse", "it returned", new, None, originals[0].dtype)
            set_value(originals[0], new)
            return
        news = checked_sequence(new)
        if len(news) != len(originals):
            raise ShapeError(f"right_inverse: {len(news)} tensors for {len(originals)} originals.\n"
                             "  Return as many as when the parametrization was registered.")
        for original, one in zip(originals, news):
            check("right_inverse", "it returned", one, None, original.dtype)
        for original, one in zip(originals, news):
            set_value(original, one)

    def former_names(self, path: str) -> dict[str, str]:
        """{name in state dicts of the deprecated form of this parametrization: name now}, for a list at that path."""
        owner, _, name = path.rpartition(".")
        owner = owner.removesuffix("parametrizations")
        names = getattr(self[0], "former_names", {})
        return {f"{owner}{name}_{old}": f"{path}.{new}" for old, new in names.items()}


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """Compute a parameter or buffer of `module` by `parametrization` from now on; returns the module.

    The tensor becomes the input of the parametrization, or what its method ``right_inverse(tensor)`` returns: a tensor, or a
    list of those that its `forward` takes.  Registered again, the new one is applied to the result of those before.

    Arguments
        unsafe   do not check that shape and dtype stay as they are

    Raises
        ArgumentError            there is no such parameter or buffer; the parametrization is no module
        ShapeError, DtypeError   what the parametrization or its inverse returns does not fit
        UninitializedError       a lazy layer before its first call

    Example
        >>> import nn
        >>> class Symmetric(nn.Module):
        ...     def forward(self, input):
        ...         return input.triu() + input.triu(1).T
        >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.T).all()), list(layer.state_dict())
        (True, ['bias', 'parametrizations.weight.original'])
    """
    if not isinstance(parametrization, Module):
        raise ArgumentError(f"register_parametrization: {parametrization!r:.80} is no nn.Module.\n"
                            "  Write the function as forward of a module.")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        before: ParametrizationList = lists_of(module)[tensor_name]
        if not unsafe:
            check_another(parametrization, before())
        before.append(parametrization)
        before.unsafe |= unsafe
        return module
    original = vars(module).get(tensor_name)
    if not isinstance(original, Parameter) and not (isinstance(original, Tensor) and tensor_name in module._buffers):
        names = [name for name, _ in [*module._own_parameters(), *module._own_buffers()]]
        raise ArgumentError(f"register_parametrization: {type(module).__name__} has no parameter or buffer "
                            f"{tensor_name!r}.\n"
                            f"  It has {', '.join(names) or 'none; name a submodule of it'}.")
    if isinstance(original, Uninitialized):
        raise UninitializedError(f"register_parametrization: {tensor_name!r} of {type(module).__name__} has no shape yet.\n"
                                 "  Call the model once with an example first.")
    array, values, grad, path = original.array, original.array.copy(), original.grad, original.name
    try:
        entries = ParametrizationList([parametrization], original, unsafe)
    except Exception:  # the module stays as it was
        array[...] = values
        original.array, original.grad, original.name = array, grad, path
        raise
    entries._buffers = dict.fromkeys(entries._buffers, module._buffers.get(tensor_name, True))
    delattr(module, tensor_name)
    compute(module, Parametrized, tensor_name)
    if not hasattr(module, "parametrizations"):
        module.parametrizations = ModuleDict()
    lists_of(module)[tensor_name] = entries
    return module


def lists_of(module: Any) -> Any:
    """The `ParametrizationList` of each parametrized tensor of a module, by name."""
    return module.parametrizations


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """True if that tensor of `module`, or any, is parametrized.

    Example
        >>> import nn
        >>> is_parametrized(nn.Linear(2, 2))
        False
    """
    entries = vars(module).get("parametrizations")
    if not isinstance(entries, ModuleDict):
        return False
    return tensor_name in entries if tensor_name is not None else len(entries) > 0


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary one again, and return the module.

    Arguments
        leave_parametrized   keep its present value; False goes back to the original, if that is one tensor

    Raises
        ArgumentError   it is not parametrized; False for a parametrization of several tensors

    Example
        >>> import nn
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
        >>> remove_parametrizations(layer, "weight")
        Linear(in_features=2, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"remove_parametrizations: {tensor_name!r} of {type(module).__name__} is not parametrized.\n"
                            f"  Parametrized are {list(vars(module).get('parametrizations', ()))}.")
    entries: ParametrizationList = lists_of(module)[tensor_name]
    original = entries.originals()[0]
    if not entries.is_tensor and not leave_parametrized:
        raise ArgumentError(f"remove_parametrizations: {tensor_name!r} is computed from {entries.ntensors} tensors, none of "
                            "which can take its place.\n  Use leave_parametrized=True.")
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name)
        if entries.is_tensor:
            set_value(original, value)
        else:
            original = like(original, value)
            original.requires_grad_(any(one.requires_grad for one in entries.originals()))
    persistent = all(entries._buffers.values())
    del lists_of(module)[tensor_name]
    store(module, tensor_name)
    if not lists_of(module):
        del module.parametrizations  # type: ignore[attr-defined]  # a child that was registered by name
    keep(module, tensor_name, original, persistent)
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class of `module`, or, if it is parametrized, the class it was of before.

    Example
        >>> import nn
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
        >>> type(layer).__name__, type_before_parametrizations(layer).__name__
        ('ParametrizedLinear', 'Linear')
    """
    return class_before(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: Module, tensor_name: str | None = None) -> Module:
    """Give `to_module` the parametrizations of `from_module`, of one tensor or of all, with copies of the originals.

    The modules that parametrize are shared; `to_module` is returned.

    Raises
        ArgumentError   that tensor is not parametrized
    """
    if tensor_name is not None and not is_parametrized(from_module, tensor_name):
        raise ArgumentError(f"transfer_parametrizations_and_params: {tensor_name!r} of {type(from_module).__name__} is not "
                            "parametrized.\n  Name a tensor that is.")
    entries = vars(from_module).get("parametrizations", {})
    for name in [tensor_name] if tensor_name is not None else list(entries):
        if name not in vars(to_module) and not is_parametrized(to_module, name):
            with no_grad():
                keep(to_module, name, like(entries[name].originals()[0], getattr(from_module, name)))
        for parametrization in entries[name]:
            register_parametrization(to_module, name, parametrization, unsafe=True)
        for mine, theirs in zip(lists_of(to_module)[name].originals(), entries[name].originals()):
            set_value(mine, theirs)
    return to_module


# -- tensors -----------------------------------------------------------------------------------------------------------


def backwards(modules: list[Module], value: Tensor, strict: bool) -> Any:
    """`value` through the inverses of `modules`, the last first; `strict` refuses one that has none."""
    new: Any = value
    with no_grad():
        for module in reversed(modules):
            if hasattr(module, "right_inverse"):
                try:
                    new = module.right_inverse(new)
                    continue
                except NotImplementedError:
                    pass
            if strict:
                raise GraphError(f"right_inverse: {type(module).__name__} has no right_inverse, so that nothing can be "
                                 "assigned to what it computes.\n  Define right_inverse(self, tensor), or change the "
                                 "originals.")
    return new


def checked_sequence(value: Any) -> list[Tensor]:
    """The tensors that a `right_inverse` returned."""
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(one, Tensor) for one in value):
        raise DtypeError(f"right_inverse: it returned a {type(value).__name__}.\n  Return a tensor, or a list of tensors.")
    return list(value)


def check(who: str, what: str, value: Any, shape: tuple[int, ...] | None, dtype: np.dtype) -> None:
    """Raise unless `value` is a tensor of that dtype and, if given, that shape."""
    if not isinstance(value, Tensor):
        raise DtypeError(f"{who}: {what} a {type(value).__name__}.\n  Return a tensor.")
    if value.dtype != dtype:
        raise DtypeError(message(who, f"{what} {value.dtype} in place of {dtype}", {"result": value},
                                 "Keep the dtype, or pass unsafe=True where only the result's changes."))
    if shape is not None and value.shape != shape:
        raise ShapeError(message(who, f"{what} another shape than {shape}", {"result": value},
                                 "Keep the shape, or pass unsafe=True."))


@no_grad()
def check_another(parametrization: Any, value: Tensor) -> None:
    """Raise unless `parametrization` fits behind others, whose result is `value`."""
    result = parametrization(value)
    check("register_parametrization", "the parametrization returned", result, value.shape, value.dtype)
    if hasattr(parametrization, "right_inverse"):
        try:
            inverse = parametrization.right_inverse(result)
        except NotImplementedError:
            return
        check("register_parametrization", "right_inverse returned", inverse, value.shape, value.dtype)


def set_value(tensor: Tensor, value: Tensor) -> None:
    """Copy `value` into `tensor`, which takes its shape and stays the same object."""
    if tensor.array is value.array:
        return
    if tensor.shape == value.shape:
        write(tensor, value.array)
    else:
        tensor.data, tensor.grad = value.array.copy(), None


def like(tensor: Tensor, value: Tensor) -> Tensor:
    """A parameter or a buffer, as `tensor` is, with a copy of `value`."""
    if isinstance(tensor, Parameter):
        return Parameter(value.array.copy(), tensor.requires_grad)
    return Buffer(value.array.copy())


def keep(module: Module, name: str, tensor: Tensor, persistent: bool = True) -> None:
    """Make a parameter or buffer an attribute, named after its new place."""
    tensor.name = None
    if isinstance(tensor, Parameter):
        setattr(module, name, tensor)
    else:
        module.register_buffer(name, tensor, persistent)
