"""Optimizer: parameter groups, state, and the loop over parameters that every update rule shares."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Callable, Iterable

import numpy as np

from nn.optim.hooks import NO_HOOKS, Hooked
from nn.optim.together import Bundle, bundles
from tensorgrad.callers import calling_line
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, StateError, message
from tensorgrad.profiler import record
from tensorgrad.recording import enable_grad
from tensorgrad.shared_memory import all_written
from tensorgrad.tensor import Tensor, from_array

__all__ = ["Optimizer"]

# Options that came to PyTorch late: a state that lacks one leaves it as it is.
LATER = ("maximize", "amsgrad", "decoupled_weight_decay")


class Optimizer(Hooked):
    """Base of the optimizers: it owns the groups, the state and the loop; a subclass is its formula.

    A subclass passes its options to ``__init__``, names the arrays it remembers in `buffers`, checks options in `check`, and
    writes the new values into the parameter's array in `update`.

    Parameters
        params     an iterable of tensors; or of ``(name, tensor)`` pairs, as `Module.named_parameters()` gives; or of
                   dicts, one per group: ``{"params": tensors, "lr": 0.1}``, where options left out are the defaults
        defaults   the options by name

    Attributes
        param_groups   one dict per group: "params", and every option; change an option there at any time
        state          {parameter: {name: array or number}}; empty until a parameter's first step

    Raises
        ArgumentError   no parameters, one of them twice, one that is not a leaf, an option out of its range
        DtypeError      something else than float tensors

    Example
        >>> class SignDescent(Optimizer):
        ...     "p ← p − lr · sign(g)"
        ...     def __init__(self, params, lr):
        ...         super().__init__(params, {"lr": lr})
        ...     def update(self, param, grad, state, group):
        ...         param -= group["lr"] * np.sign(grad)
        >>> w = Tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = SignDescent([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, -1.5], requires_grad=True)
    """

    buffers: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()  # what `update` remembers as a plain number, besides "step"
    entrywise = False  # True if `update` works entry by entry, so that several small parameters may be passed end to end

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update" in vars(cls) and "entrywise" not in vars(cls):
            cls.entrywise = False  # a new rule has to say so itself

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]):
        self.defaults = dict(defaults)
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self.bundles: dict[tuple[Tensor, ...], Bundle] = {}
        self.stepped = False  # a scheduler that moves before the first step skips its first learning rate, and says so
        if isinstance(params, Tensor):
            raise DtypeError(message(self.name, "params is one tensor", {"params": params}, "Pass a list: [tensor]."))
        entries = listed(self.name, params)
        if not entries:
            raise ArgumentError(f"{self.name}: there are no parameters to optimize.\n  A generator such as "
                                "model.parameters() can be walked once: call it again, or pass a list.")
        for group in entries if isinstance(entries[0], dict) else [{"params": entries}]:
            self.add_param_group(group)

    @property
    def name(self) -> str:
        """The class's name, for messages."""
        return type(self).__name__

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Write the new values of one parameter into `param`; `grad` is never written into."""
        raise NotImplementedError(f"{self.name}.update")

    def check(self, group: dict[str, Any]) -> None:
        """Raise ArgumentError for an option of `group` that is out of its range."""

    # -- groups -------------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize further parameters, with the options in the dict `param_group` and the defaults for the rest.

        Raises
            ArgumentError, DtypeError   as when the optimizer is made; it is unchanged then
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise DtypeError(f"{self.name}: a parameter group is a dict with the key 'params', not {param_group!r:.80}.\n"
                             "  Write {'params': tensors, 'lr': 0.1}.")
        params = param_group["params"]
        entries = [params] if isinstance(params, Tensor) else listed(self.name, params)
        if not entries:
            raise ArgumentError(f"{self.name}: parameter group {len(self.param_groups)} is empty.\n  A generator such as "
                                "model.parameters() can be walked once: call it again, or pass a list.")
        names = [entry[0] for entry in entries if isinstance(entry, tuple) and len(entry) == 2]
        if names and len(names) != len(entries):
            raise ArgumentError(f"{self.name}: {len(names)} of {len(entries)} parameters come with a name.\n"
                                "  Name all of them (model.named_parameters()) or none (model.parameters()).")
        tensors = [entry[1] for entry in entries] if names else entries
        known = {id(p): where for where, p in self.numbered()}
        for i, p in enumerate(tensors):
            self.accept(p, f"parameter {i} of group {len(self.param_groups)}", known)
        group = {**param_group, "params": tensors}
        if names:
            group["param_names"] = names
        for option, value in self.defaults.items():
            group.setdefault(option, value)
        self.check(group)
        self.param_groups.append(group)

    def accept(self, p: Any, where: str, known: dict[int, str]) -> None:
        """Raise if `p` cannot be optimized; else enter it into `known`."""
        if not isinstance(p, Tensor):
            raise DtypeError(f"{self.name}: {where} is a {type(p).__name__}, not a tensor.\n"
                             "  Pass model.parameters(), or a list of tensors with requires_grad=True.")
        if p.dtype.kind != "f":
            raise DtypeError(message(self.name, f"{where} is not of a float dtype", {"parameter": p},
                                     "Leave it out: only float tensors have gradients."))
        if not p.is_leaf:
            raise ArgumentError(message(self.name, f"{where} is not a leaf: an operation computed it", {"parameter": p},
                                        "Optimize the tensors it was computed from, or p.detach().requires_grad_()."))
        if not p.array.flags.writeable:
            raise ArgumentError(message(self.name, f"{where} is read-only", {"parameter": p},
                                        "Give the tensor an array of its own: tensor(array)."))
        if id(p) in known:
            raise ArgumentError(message(self.name, f"{where} is there twice, first as {known[id(p)]}", {"parameter": p},
                                        "Pass it once: every step would update it twice."))
        known[id(p)] = where

    def numbered(self) -> Iterable[tuple[str, Tensor]]:
        """Every parameter, with the words for its place."""
        for g, group in enumerate(self.param_groups):
            for i, p in enumerate(group["params"]):
                yield f"parameter {i} of group {g}", p

    # -- a step -------------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop every parameter's gradient; with `set_to_none=False` replace it by zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad = from_array(np.zeros_like(p.array))  # new zeros: the old array may be shared

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place; returns what `closure` returned.

        `closure`, if given, computes the loss and its gradients first.

        Raises
            ShapeError   a gradient assigned by hand has another shape than its parameter; nothing is updated then
        """
        return self._step(closure) if self._hooks is None else self._hooks.step(self, type(self)._step, closure)

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        """`step` without its hooks."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self.stepped = True
        ready = [(p, self.gradient(p), group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        state = self.state
        # A diverging run goes on to inf and NaN without a word, as everywhere.
        with record("optimizer step"), np.errstate(all="ignore"):
            for entries in bundles(ready, state) if self.entrywise else [[entry] for entry in ready]:
                if len(entries) > 1:
                    self.bundle_of(entries).update(self.update, entries, [state[p] for p, _, _ in entries])
                else:
                    p, grad, group = entries[0]
                    self.update(p.array, grad, state[p], group)
            all_written([p.shared_memory() for p, _, _ in ready], calling_line())
        return loss

    def bundle_of(self, entries: list[Any]) -> Bundle:
        """The bundle of these parameters, made when they first come together."""
        members = tuple([p for p, _, _ in entries])
        bundle = self.bundles.get(members)
        arrays = [p.array for p in members]
        if bundle is None or bundle.shapes != [array.shape for array in arrays] or bundle.param.dtype != arrays[0].dtype:
            if len(self.bundles) >= 64:
                self.bundles.clear()
            bundle = self.bundles[members] = Bundle(arrays)
        return bundle

    def gradient(self, p: Tensor) -> np.ndarray:
        """The array of ``p.grad``, in the parameter's dtype."""
        grad, array = p.grad.array if isinstance(p.grad, Tensor) else np.asarray(p.grad), p.array
        if grad.shape != array.shape:
            raise ShapeError(message(self.name, "a gradient has another shape than its parameter",
                                     {"parameter": p, "gradient": grad}, f"Assign a gradient of shape {p.shape}."))
        return grad if grad.dtype is array.dtype else grad.astype(array.dtype, copy=False)

    # -- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """A snapshot: ``{"state": {index: {name: tensor or number}}, "param_groups": [options]}``.

        A parameter's index is its place in all groups together; ``param_groups[i]["params"]`` holds the indices of group i.
        Arrays are copies, so that the snapshot stays what it is.  The layout is PyTorch's, which can load it too.
        """
        hooks = self._hooks or NO_HOOKS
        for hook in list(hooks.before_saving):
            hook(self)
        index = {id(p): i for i, (_, p) in enumerate(self.numbered())}
        state = {index[id(p)]: {key: snapshot(value) for key, value in self.state[p].items()}
                 for _, p in self.numbered() if self.state.get(p)}
        groups = [{**group, "params": [index[id(p)] for p in group["params"]]} for group in self.param_groups]
        return hooks.saved(self, {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a snapshot that `state_dict` returned, here or in PyTorch; it is copied.

        Parameters are matched by their order.  Options of the snapshot replace the present ones.

        Raises
            StateError   it does not fit; the optimizer is unchanged then
        """
        hooks = self._hooks or NO_HOOKS
        state_dict = hooks.to_load(self, state_dict)
        try:
            saved_state, saved_groups = dict(state_dict["state"]), list(state_dict["param_groups"])
            saved_ids = [list(group["params"]) for group in saved_groups]
        except (TypeError, KeyError, ValueError) as error:
            raise StateError(f"{self.name}: this is no optimizer state: {error!r}.\n"
                             "  Pass what optimizer.state_dict() returned.") from None
        have, saved = [len(group["params"]) for group in self.param_groups], [len(ids) for ids in saved_ids]
        if have != saved:
            raise StateError(f"{self.name}: the state is of groups of {saved} parameters, this optimizer has {have}.\n"
                             "  Make the optimizer with the parameters and groups of the one that was saved.")
        groups = [self.merged(g, group, saved) for g, (group, saved) in enumerate(zip(self.param_groups, saved_groups))]
        places = {key: (where, p) for key, (where, p) in zip([key for ids in saved_ids for key in ids], self.numbered())}
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for key, values in saved_state.items():
            if key not in places:
                raise StateError(f"{self.name}: the state has an entry {key!r}, but no group lists that parameter.\n"
                                 "  Pass the whole of what optimizer.state_dict() returned.")
            where, p = places[key]
            state[p] = self.loaded(values, where, p)
        self.state = state
        for group, new in zip(self.param_groups, groups):  # in place: a scheduler or a user may hold the dicts
            group.update(new)
        for hook in list(hooks.after_loading):
            hook(self)

    def merged(self, number: int, group: dict[str, Any], saved: dict[str, Any]) -> dict[str, Any]:
        """The options of `group` after loading `saved`, checked."""
        missing = [option for option in self.defaults if option not in saved and option not in LATER]
        if missing:
            raise StateError(f"{self.name}: group {number} of the state has no {missing[0]!r}.\n"
                             f"  It was saved from another kind of optimizer; load it into one of that kind.")
        new = {**group, **saved, "params": group["params"]}
        self.check(new)
        return new

    def loaded(self, values: dict[str, Any], where: str, p: Tensor) -> dict[str, Any]:
        """The state of one parameter as this optimizer keeps it: arrays of the parameter's dtype and memory order."""
        out: dict[str, Any] = {}
        for key, value in values.items():
            if key == "step":
                out[key] = int(value)
            elif key in self.scalars:
                out[key] = float(value)
            elif key not in self.buffers:
                raise StateError(f"{self.name}: the state of {where} has {key!r}, which {self.name} does not keep.\n"
                                 "  It was saved from another kind of optimizer; load it into one of that kind.")
            elif value is not None:
                array = value.array if isinstance(value, Tensor) else np.asarray(value)
                if array.shape != p.shape:
                    raise StateError(message(self.name, f"{key!r} of {where} has another shape than the parameter",
                                             {"parameter": p, key: array},
                                             "Load the state into the model it was saved with."))
                out[key] = np.empty_like(p.array)
                out[key][...] = array
        return out

    def __repr__(self) -> str:
        lines = [f"{self.name}("]
        for i, group in enumerate(self.param_groups):
            options = ", ".join(f"{key}={value}" for key, value in group.items() if key not in ("params", "param_names"))
            lines.append(f"  group {i}: {len(group['params'])} parameters, {options}")
        return "\n".join([*lines, ")"])

    # -- for subclasses -----------------------------------------------------------------------------------------------

    def require(self, group: dict[str, Any], option: str, low: float = 0.0, high: float = np.inf) -> None:
        """Raise ArgumentError unless the option is a number with ``low ≤ value < high``; make it a plain Python number."""
        value = group[option]
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not low <= number < high:
            asked = f"a number ≥ {low:g}" if high == np.inf else f"a number in [{low:g}, {high:g})"
            raise ArgumentError(f"{self.name}: {option}={value!r} is not allowed.\n  Use {asked}.")
        group[option] = value if type(value) in (int, float) else number

    def require_betas(self, group: dict[str, Any]) -> None:
        """Raise ArgumentError unless "betas" are two numbers in [0, 1); make them a tuple."""
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ArgumentError(f"{self.name}: betas={betas!r} is not allowed.\n  Use two numbers in [0, 1): (0.9, 0.999).")
        both = {"betas[0]": betas[0], "betas[1]": betas[1]}
        for option in both:
            self.require(both, option, high=1.0)
        group["betas"] = tuple(both.values())

    def descent(self, param: np.ndarray, grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
        """The direction to step against: `grad`, negated for `maximize`, with weight decay added to it; a decoupled weight
        decay shrinks `param` instead."""
        g, decay = -grad if group["maximize"] else grad, float(group["weight_decay"])
        if decay and group.get("decoupled_weight_decay"):
            param *= 1 - float(group["lr"]) * decay
        elif decay:
            g = g + decay * param
        return g


def listed(who: str, params: Iterable[Any]) -> list[Any]:
    """`params` as a list, from an iterable that has an order."""
    if isinstance(params, (set, frozenset)):
        raise DtypeError(f"{who}: params is a set, whose order changes from run to run.\n  Pass a list.")
    if isinstance(params, (str, bytes)) or not isinstance(params, Iterable):
        raise DtypeError(f"{who}: params is {params!r:.80}, not an iterable of tensors.\n  Pass model.parameters().")
    if isinstance(params, dict):
        params = params.items() if "params" not in params else [params]
    return list(params)


def snapshot(value: Any) -> Any:
    """A copy for the state dict: an array becomes a tensor with the same order of axes in memory."""
    return from_array(value.copy("K")) if isinstance(value, np.ndarray) else value
