"""Weight norm and spectral norm in the form they had before parametrizations, with its names in the state dict."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nn.computed import Computed, compute, store
from nn.module import Module
from nn.modules.conv import ConvolutionTransposed
from nn.parameter import Buffer, Parameter
from nn.utils.parametrize import keep, set_value
from nn.utils.weight_scales import check_iterations, improve, lengths, rows_of, scaled, sigma, unit
from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.random import default_generator
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["weight_norm", "remove_weight_norm", "spectral_norm", "remove_spectral_norm"]


class Rescaled(Computed):
    """A module with parameters under weight norm or spectral norm: `_rules` says which."""

    _rules: dict[str, Rule]

    def _compute(self, name: str) -> Tensor:
        return self._rules[name].weight(self, self.training)

    def _assign(self, name: str, value: Any) -> None:
        with no_grad():
            self._rules[name].assign(self, as_tensor(value).detach())


class Rule:
    """How a parameter is computed from others of its module."""

    who: str

    def __init__(self, name: str):
        self.name = name

    def weight(self, module: Module, training: bool) -> Tensor:
        """The parameter's value."""
        raise NotImplementedError

    def assign(self, module: Module, value: Tensor) -> None:
        """Change the parameters it is computed from, so that it becomes `value`."""
        raise NotImplementedError

    def begin(self, module: Module, weight: Parameter) -> None:
        """Give the module, which has lost its `weight`, what it is computed from."""
        raise NotImplementedError

    def parts(self) -> tuple[str, ...]:
        """The names of what it is computed from."""
        raise NotImplementedError


class WeightNormRule(Rule):
    """w = g · v / ‖v‖"""

    who = "weight_norm"

    def __init__(self, name: str, dim: int | None):
        super().__init__(name)
        self.dim = dim

    def parts(self) -> tuple[str, ...]:
        return f"{self.name}_g", f"{self.name}_v"

    def weight(self, module: Module, training: bool) -> Tensor:
        g, v = [getattr(module, part) for part in self.parts()]
        return scaled(v, g, self.dim)

    def assign(self, module: Module, value: Tensor) -> None:
        g, v = [getattr(module, part) for part in self.parts()]
        set_value(g, lengths(value, self.dim))
        set_value(v, value)

    def begin(self, module: Module, weight: Parameter) -> None:
        g, v = self.parts()
        keep(module, g, Parameter(lengths(weight.detach(), self.dim).array, weight.requires_grad))
        keep(module, v, weight)


class SpectralNormRule(Rule):
    """w divided by its largest singular value, along vectors that are buffers"""

    who = "spectral_norm"

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float):
        super().__init__(name)
        check_iterations(n_power_iterations)
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps

    def parts(self) -> tuple[str, ...]:
        return f"{self.name}_orig", f"{self.name}_u", f"{self.name}_v"

    def weight(self, module: Module, training: bool) -> Tensor:
        weight, u, v = [getattr(module, part) for part in self.parts()]
        rows = rows_of(weight, self.dim)
        if training:
            # v before u: the other way around than in `SpectralNorm`.
            improve(rows.array.T, v, u, self.n_power_iterations, self.eps)
        return weight / sigma(rows, u, v)

    def assign(self, module: Module, value: Tensor) -> None:
        set_value(getattr(module, self.parts()[0]), value)

    def begin(self, module: Module, weight: Parameter) -> None:
        original, *vectors = self.parts()
        shape = rows_of(weight.detach(), self.dim).shape
        keep(module, original, weight)
        for name, size in zip(vectors, shape):
            start = default_generator().normal(size=size).astype(weight.dtype)
            keep(module, name, Buffer(unit(start, self.eps)))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Deprecated as in PyTorch: use `nn.utils.parametrizations.weight_norm`.

    In the state dict g is "weight_g", v "weight_v".

    Raises
        ArgumentError   `module` has no such parameter
        GraphError      it is under weight norm already

    Example
        >>> import nn, warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     list(weight_norm(nn.Linear(2, 3)).state_dict())
        ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn("nn.utils.weight_norm is deprecated, as in PyTorch: use nn.utils.parametrizations.weight_norm, which "
                  "loads its state dicts too.", FutureWarning, stacklevel=2)
    return begin(module, WeightNormRule(name, dim))


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a parameter under `weight_norm` an ordinary one with its present value, and return the module.

    Raises
        ArgumentError   it is not under weight norm
    """
    return end(module, name, WeightNormRule)


def spectral_norm(module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> Module:
    """The former `nn.utils.parametrizations.spectral_norm`.

    In the state dict the weight is "weight_orig", the singular vectors are "weight_u" and "weight_v".

    Raises
        ArgumentError   `module` has no such parameter; no iterations
        GraphError      it is under spectral norm already

    Example
        >>> import nn
        >>> list(spectral_norm(nn.Linear(2, 3)).state_dict())
        ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if dim is None:
        dim = 1 if isinstance(module, ConvolutionTransposed) else 0
    return begin(module, SpectralNormRule(name, n_power_iterations, dim, eps))


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a parameter under `spectral_norm` an ordinary one with its present value, and return the module.

    Raises
        ArgumentError   it is not under spectral norm
    """
    return end(module, name, SpectralNormRule)


def begin(module: Module, rule: Rule) -> Module:
    """Compute a parameter by `rule` from now on."""
    name, rules = rule.name, vars(module).get("_rules", {})
    if name in rules:
        raise GraphError(f"{rule.who}: {name!r} of {type(module).__name__} is under {rules[name].who} already.\n"
                         f"  Call remove_{rules[name].who} first.")
    weight = vars(module).get(name)
    if not isinstance(weight, Parameter):
        names = [own for own, _ in module._own_parameters()]
        raise ArgumentError(f"{rule.who}: {type(module).__name__} has no parameter {name!r}.\n"
                            f"  It has {', '.join(names) or 'none; name a submodule of it'}.")
    np.shape(weight.array)  # an uninitialized one says what to do
    delattr(module, name)
    rule.begin(module, weight)
    module._rules = {**rules, name: rule}
    compute(module, Rescaled, name)
    return module


def end(module: Module, name: str, kind: type[Rule]) -> Module:
    """Store a computed parameter again."""
    rules = vars(module).get("_rules", {})
    rule = rules.get(name)
    if not isinstance(rule, kind):
        raise ArgumentError(f"remove_{kind.who}: {name!r} of {type(module).__name__} is not under {kind.who}.\n"
                            f"  Under it are {[other for other, one in rules.items() if isinstance(one, kind)]}.")
    with no_grad():
        value = rule.weight(module, False)
    learned = any(getattr(module, part).requires_grad for part in rule.parts())
    for part in rule.parts():
        delattr(module, part)
    store(module, name)
    module._rules = {other: one for other, one in rules.items() if other != name}
    keep(module, name, Parameter(value.array, learned))
    return module
