"""Indices of equal entries, of which PyTorch names any: they are compared by the entries that they pick."""

from __future__ import annotations

from typing import Any

import torch

import tensorgrad
from tests.libraries import numpy_of

__all__ = ["without_ties"]

DIM = {"sort": 0, "argsort": 0, "mode": 0, "topk": 1, "kthvalue": 1}  # where dim stands among the arguments after the input


def without_ties(name: str, sample: Any, result: Any) -> Any:
    """The result of either library, with the entries of the input that they pick in place of indices."""
    if name not in DIM or sample.kwargs.get("stable") or not sample.input.ndim:
        return result
    dim = sample.kwargs.get("dim", (*sample.args, *[-1] * 2)[DIM[name]])
    values, indices = (None, result) if name == "argsort" else result
    index = torch.tensor(numpy_of(indices).copy())
    if index.ndim < sample.input.ndim:
        index = index.unsqueeze(dim)
    picked = sample.input.detach().gather(dim, index).reshape(tuple(indices.shape))
    if isinstance(indices, tensorgrad.Tensor):
        picked = tensorgrad.tensor(picked.numpy())
    return picked if values is None else (values, picked)
