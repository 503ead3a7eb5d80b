"""Parametrizations that are known by name: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

from nn.module import Module
from nn.modules.conv import ConvolutionTransposed
from nn.utils.orthogonal_maps import MAPS, Orthogonal
from nn.utils.parametrize import register_parametrization
from nn.utils.weight_scales import SpectralNorm, WeightNorm
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor

__all__ = ["weight_norm", "spectral_norm", "orthogonal"]


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn the length and the direction of each slice of a weight apart: w = g · v / ‖v‖; returns the module.

    In the state dict g is "parametrizations.weight.original0", v "parametrizations.weight.original1".  State dicts of the
    deprecated form, with "weight_g" and "weight_v", load too.

    Arguments
        dim   the axis along which every slice has a length of its own; None for one length of the whole

    Raises
        ArgumentError   `module` has no such parameter

    Source
        Salimans and Kingma 2016, as in PyTorch

    Example
        >>> import nn
        >>> layer = weight_norm(nn.Linear(20, 40))
        >>> layer.parametrizations.weight.original0.shape, layer.parametrizations.weight.original1.shape
        ((40, 1), (40, 20))
    """
    return register_parametrization(module, name, WeightNorm(dim), unsafe=True)


def spectral_norm(module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
                  dim: int | None = None) -> Module:
    """Divide a weight by its spectral norm, the largest factor by which it lengthens a vector; returns the module.

    The weight is taken as a matrix with axis `dim` as rows.  Its largest singular vectors are buffers, and are improved by
    `n_power_iterations` whenever the weight is read in training mode; gradients pass through the norm, not through them.

    Arguments
        eps   the least length by which a vector is divided
        dim   the rows; default 0, and 1 for transposed convolutions

    Raises
        ArgumentError   `module` has no such parameter; no iterations

    Source
        Miyato et al. 2018, as in PyTorch

    Example
        >>> import nn, numpy as np
        >>> layer = spectral_norm(nn.Linear(20, 40), n_power_iterations=30)
        >>> bool(abs(np.linalg.norm(layer.weight.data, 2) - 1) < 1e-3)
        True
    """
    weight = tensor_of("spectral_norm", module, name)
    if dim is None:
        dim = 1 if isinstance(module, ConvolutionTransposed) else 0
    return register_parametrization(module, name, SpectralNorm(weight, n_power_iterations, dim, eps))


def orthogonal(module: Module, name: str = "weight", orthogonal_map: str | None = None, *,
               use_trivialization: bool = True) -> Module:
    """Keep a weight orthogonal, or its columns (rows, if they are fewer) orthonormal; returns the module.

    Arguments
        orthogonal_map       how numbers become a matrix Q: "matrix_exp", Q = exp(A), and "cayley",
                             Q = (1 − A/2)⁻¹ (1 + A/2), of a skew-symmetric A; "householder", a product of reflections.
                             Default: "matrix_exp" for a square weight, else "householder"
        use_trivialization   learn the way from a fixed matrix near the initial weight

    Raises
        ArgumentError   `module` has no such parameter; an unknown map
        ShapeError      a weight with fewer than two axes

    Source
        Lezcano-Casado 2019, Trivializations for gradient-based optimization on manifolds; as in PyTorch

    Example
        >>> import nn, numpy as np
        >>> q = orthogonal(nn.Linear(20, 40)).weight.data
        >>> bool(abs(q.T @ q - np.eye(20)).max() < 1e-5)
        True
    """
    weight = tensor_of("orthogonal", module, name)
    if weight.ndim < 2:
        raise ShapeError(message("orthogonal", "orthogonality needs at least 2 axes", {name: weight},
                                 "Use it for weights, not for biases."))
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in MAPS:
        raise ArgumentError(f"orthogonal: orthogonal_map={orthogonal_map!r} is unknown.\n"
                            f"  Use {', '.join(map(repr, MAPS))}.")
    return register_parametrization(module, name, Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)


def tensor_of(who: str, module: Module, name: str) -> Tensor:
    """The parameter, buffer or parametrized tensor of that name."""
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        names = [own for own, _ in [*module._own_parameters(), *module._own_buffers()]]
        raise ArgumentError(f"{who}: {type(module).__name__} has no parameter or buffer {name!r}.\n"
                            f"  It has {', '.join(names) or 'none; name a submodule of it'}.")
    return weight
