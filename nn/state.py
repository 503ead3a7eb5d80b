"""State dicts: collecting one, and loading one into a module: everything is checked before anything is written.

Functions that a module calls around either are in its `StateHooks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, NamedTuple

import numpy as np

from nn.parameter import Uninitialized
from tensorgrad import dtypes
from tensorgrad.callers import calling_line
from tensorgrad.errors import StateError
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["IncompatibleKeys", "StateHooks", "collect", "load"]

EXTRA = "_extra_state"  # the name of what a module's own `get_extra_state` adds, and its `set_extra_state` is given
SHOWN = 12  # lines per kind of mismatch in a message


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` left out; both are empty under ``strict=True``."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class StateHooks:
    """The hooks of one module around `state_dict` and `load_state_dict`, each kind in the order in which they run."""

    __slots__ = ("before_saving", "after_saving", "before_loading", "after_loading")

    def __init__(self) -> None:
        self.before_saving: list[Callable[..., Any]] = []
        self.after_saving: list[Callable[..., Any]] = []
        self.before_loading: list[Callable[..., Any]] = []
        self.after_loading: list[Callable[..., Any]] = []


NO_HOOKS = StateHooks()


def collect(module: Module, prefix: str, keep_vars: bool) -> dict[str, Tensor]:
    """The state dict of `module`, with what its hooks and those of its submodules make of it."""
    state: dict[str, Tensor] = {}
    gather(module, state, f"{prefix}." if prefix else "", keep_vars)
    return state


def gather(module: Module, state: dict[str, Tensor], prefix: str, keep_vars: bool) -> None:
    """Add the tensors of `module`, and of what is below it, to `state`."""
    hooks = module._state_hooks or NO_HOOKS
    for hook in list(hooks.before_saving):
        hook(module, prefix, keep_vars)
    for name, tensor in saved(module):
        state[prefix + name] = tensor if keep_vars else tensor.detach()
    if hasattr(module, "get_extra_state"):
        state[f"{prefix}{EXTRA}"] = module.get_extra_state()
    for name, child in module._own_modules():
        gather(child, state, f"{prefix}{name}.", keep_vars)
    for hook in list(hooks.after_saving):
        nothing_from(hook, "register_state_dict_post_hook", hook(module, state, prefix, {}))


def saved(module: Module) -> list[tuple[str, Tensor]]:
    """What is saved of `module` itself."""
    buffers = [(name, buffer) for name, buffer in module._own_buffers() if module._buffers[name]]
    return [*module._own_parameters(), *buffers]


def nothing_from(hook: Callable[..., Any], who: str, returned: Any) -> None:
    """Refuse what a hook returned in place of changing what it was given."""
    if returned is not None:
        raise StateError(f"{who}: the hook {getattr(hook, '__name__', hook)} returned a {type(returned).__name__}.\n"
                         "  Change what it is given in place, and return nothing.")


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool = False) -> IncompatibleKeys:
    """Copy `state` into the tensors of `module`, or give them its arrays (`assign`), or raise and change nothing.

    Raises
        StateError   names that are missing or unexpected (if `strict`), shapes that differ, values that are no arrays

    Layers that wait for the size of their input take it from the state.
    """
    if not isinstance(state, Mapping):
        raise StateError(f"load_state_dict: expects a dict of names and arrays, got {type(state).__name__}.\n"
                         "  Pass what state_dict() returned, or what was loaded from a file of weights.")
    who = type(module).__name__
    places = list(module.named_modules(remove_duplicate=False))
    own = {f"{path}.{name}" if path else name: tensor for path, layer in places for name, tensor in saved(layer)}
    missing: list[str] = []
    unexpected: list[str] = []
    misfits: list[str] = []
    state = with_names_of_today(module, hooked_state(places, state, strict, missing, unexpected, misfits))
    sizes, shapes = lazy_shapes(module, own, state)
    extra = {f"{path}.{EXTRA}" if path else EXTRA: layer for path, layer in places if hasattr(layer, "set_extra_state")}
    missing += [name for name in [*own, *extra] if name not in state]
    unexpected += [name for name in state if name not in own and name not in extra]
    arrays = {}
    for name, tensor in own.items():
        if name in state:
            try:
                arrays[name] = as_plain_array(state[name], None if assign else tensor.dtype)
            except (TypeError, ValueError) as error:
                misfits.append(f"{name}: {type(state[name]).__name__} is no array of numbers ({error})")
                continue
            if tensor.requires_grad and not dtypes.is_float(arrays[name].dtype):
                misfits.append(f"{name}: {arrays[name].dtype.name}, which has no gradients")
            if arrays[name].shape != shapes[name]:
                misfits.append(f"{name}: {in_words(shapes[name])} in the model, {arrays[name].shape} in the state")
    keys = IncompatibleKeys(missing, unexpected)
    after = [(layer, layer._state_hooks.after_loading) for _, layer in places if layer._state_hooks is not None]
    lacks = strict and bool(missing or unexpected)
    if misfits or lacks and (sizes or not any(hooks for _, hooks in after)):  # what hooks after loading cannot mend
        raise refusal(who, keys if strict else IncompatibleKeys([], []), misfits, shapes, state)
    before = {}
    if extra or any(hooks for _, hooks in after):  # code that may refuse what is written before it runs
        before = {name: own[name].array if assign else own[name].array.copy() for name in arrays}
    for layer, size in sizes:
        layer.settle(size)
    for name, array in arrays.items():
        write(own[name], array, assign)
    try:
        for name, layer in extra.items():
            if name in state:
                layer.set_extra_state(state[name])
        for layer, hooks in reversed(after):  # what is inside comes first
            for hook in list(hooks):
                nothing_from(hook, "register_load_state_dict_post_hook", hook(layer, keys))
        if strict and (missing or unexpected):
            raise refusal(who, keys, [], shapes, state)
    except BaseException:
        for name, array in before.items() if not sizes else ():
            write(own[name], array, assign)
        raise
    return keys


def refusal(who: str, keys: IncompatibleKeys, misfits: list[str], shapes: Mapping[str, Any],
            state: Mapping[str, Any]) -> StateError:
    """The error for a state with these names too few, too many, and entries that do not fit."""
    prefix = other_state(state, shapes) or common_prefix(*keys)
    lines = [f"load_state_dict: the state does not fit this {who}; nothing was changed."]
    lines += listed("missing", [f"{name} {in_words(shapes.get(name))}" for name in keys.missing_keys])
    lines += listed("unexpected", [name + ("" if prefix else suggestion(name, keys.missing_keys))
                                   for name in keys.unexpected_keys])
    return StateError("\n".join([*lines, *listed("misfit", misfits), "  " + (
        prefix or turned(state, shapes) or advice(bool(misfits)))]))


def hooked_state(places: Iterable[tuple[str, Module]], state: Mapping[str, Any], strict: bool, missing: list[str],
                 unexpected: list[str], misfits: list[str]) -> Mapping[str, Any]:
    """`state` as the hooks before loading leave it, each of which sees and changes the part below its module."""
    metadata = getattr(state, "_metadata", {})
    for path, layer in places:
        for hook in list((layer._state_hooks or NO_HOOKS).before_loading):
            prefix = f"{path}." if path else ""
            part = {name: value for name, value in state.items() if name.startswith(prefix)}
            hook(layer, part, prefix, metadata.get(path, {}), strict, missing, unexpected, misfits)
            rest = {name: value for name, value in state.items() if not name.startswith(prefix)}
            state = rest | {name: value for name, value in part.items() if name.startswith(prefix)}
    return state


def with_names_of_today(module: Module, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """`state`, with the names that tensors had before replaced where a submodule knows them (`former_names`)."""
    names: dict[str, str] = {}
    for path, layer in module.named_modules():
        if hasattr(layer, "former_names") and callable(layer.former_names):
            names |= layer.former_names(path)
    if not any(name in state for name in names):
        return state
    return {names.get(name, name): value for name, value in state.items()}


def lazy_shapes(module: Module, own: Mapping[str, Tensor], state: Mapping[str, Any]) -> tuple[
        list[tuple[Any, int]], dict[str, tuple[int, ...] | None]]:
    """The layers that have waited for the size of their input, with that which the state has; and per name in the model a
    shape, None where the state does not tell it."""
    sizes: list[tuple[Any, int]] = []
    shapes = {name: None if isinstance(tensor, Uninitialized) else tensor.shape for name, tensor in own.items()}
    for path, layer in module.named_modules():
        if hasattr(layer, "has_uninitialized_params"):
            prefix = f"{path}." if path else ""
            there = {name.removeprefix(prefix): np.shape(value) for name, value in state.items()
                     if name in own and name.rpartition(".")[0] == path}
            size = layer.size_from(there)
            if size is not None:
                sizes.append((layer, size))
                shapes |= {prefix + name: shape for name, shape in layer.shapes(size).items() if prefix + name in own}
    return sizes, shapes


def in_words(shape: tuple[int, ...] | None) -> str:
    """A shape, as a message shows it."""
    return "without a shape" if shape is None else str(shape)


def as_plain_array(value: Any, dtype: np.dtype | None) -> np.ndarray:
    """`value`, which may be an array, a Tensor or a tensor of PyTorch, as an array of `dtype`, or of its own."""
    if isinstance(value, Tensor):
        array = value.array
    elif hasattr(value, "detach"):
        value = value.detach().cpu()
        try:
            array = value.numpy()
        except TypeError:  # bfloat16, which NumPy does not have
            array = value.float().numpy()
    else:
        array = np.asarray(value)
    if array.dtype.kind not in dtypes.RANK:
        raise TypeError(f"dtype {array.dtype}")
    return array if dtype is None or array.dtype == dtype else array.astype(dtype)


def write(tensor: Tensor, array: np.ndarray, assign: bool = False) -> None:
    """Copy `array` into the memory of `tensor`, whose layout and views stay as they are; or give it the array itself."""
    if assign:
        tensor.data = array
    elif tensor.array.flags.writeable:
        np.copyto(tensor.array, array)
        tensor.mark_changed(calling_line())
    else:
        tensor.data = array.copy()


def listed(title: str, entries: list[str]) -> list[str]:
    """The lines of one kind of mismatch, cut off after `SHOWN`."""
    more = [f"... and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    return [f"    {title if i == 0 else '':<10}  {entry}" for i, entry in enumerate(entries[:SHOWN] + more)]


def suggestion(name: str, candidates: list[str]) -> str:
    """The closest of `candidates`, as a question."""
    import difflib  # here, as `import nn` can do without

    close = difflib.get_close_matches(name, candidates, n=1)
    return f"   did you mean {close[0]!r}?" if close else ""


def other_state(state: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """Advice where a state is not the model's but has that inside, or is an optimizer's; else nothing."""
    if {"state", "param_groups"} <= set(state):
        return "This is the state of an optimizer: optimizer.load_state_dict takes it."
    for name, value in state.items():
        if isinstance(value, Mapping) and any(inner in shapes for inner in value):
            return f"The weights are one entry of this checkpoint: load_state_dict(state[{name!r}])."
    return ""


def turned(state: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """Advice where matrices have their axes the other way round, as other libraries store them; else nothing."""
    names = [name for name, shape in shapes.items() if name in state and shape is not None and len(shape) == 2
             and shape != np.shape(state[name]) == shape[::-1]]
    if not names:
        return ""
    return (f"{' and '.join(map(repr, names[:3]))} would fit transposed, (out_features, in_features): "
            f"state[{names[0]!r}] = state[{names[0]!r}].T")


def common_prefix(missing: list[str], unexpected: list[str]) -> str:
    """Advice where the names would fit if the state's, or the model's, had not all the same prefix; else nothing."""
    for longer, shorter, repair in ((unexpected, missing, "Every name in the state starts with {0!r}: strip it with "
                                     "name.removeprefix({0!r})."),
                                    (missing, unexpected, "Every name in the model starts with {0!r}: load into the part "
                                     "of it that has no such prefix, or add it to the names.")):
        for target in shorter if longer else ():
            prefix = longer[0].removesuffix(target)
            rest = {name.removeprefix(prefix) for name in longer}
            if prefix != longer[0] and prefix.endswith(".") and rest <= set(shorter):
                return repair.format(prefix)
    return ""


def advice(misfits: bool) -> str:
    """What to do about it."""
    if misfits:
        return "Build the model with the options it was saved with, or leave these entries out and pass strict=False."
    return "Build the model with the options it was saved with, or pass strict=False to load what fits."
