"""Attention: averages of values, weighted by how well keys match queries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import array_of

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
                                 is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> Tensor:
    """softmax(`query` · `key`ᵀ · scale) · `value`: for each query the mean of the values, weighted by the keys that match.

    Arguments
        attn_mask    bool: which keys a query may see; floats: what is added to the products.  Broadcasts to (*, L, S)
        dropout_p    the share of weights that is dropped, also in evaluation: pass 0 there
        is_causal    query i sees the keys 0 to i
        scale        default: 1/√E
        enable_gqa   keys and values may have fewer heads (axis -3) than queries, each for a group of neighbouring queries

    Shapes
        query (*, L, E), key (*, S, E), value (*, S, V) → (*, L, V); the axes before the last two broadcast

    A query that may see no key gets 0.

    Raises
        ShapeError      operands with fewer than 2 axes or of other lengths, heads that do not divide
        ArgumentError   both `attn_mask` and `is_causal`
        DtypeError      a mask of integers, operands of different dtypes

    Source
        Vaswani et al., Attention Is All You Need, 2017; Ainslie et al., GQA, 2023

    Example
        >>> keys, values = Tensor([[1.0, 0.0], [0.0, 1.0]]), Tensor([[10.0], [20.0]])
        >>> scaled_dot_product_attention(Tensor([[100.0, 0.0], [1.0, 1.0]]), keys, values)
        tensor([[10.],
                [15.]])
    """
    who, operands = "scaled_dot_product_attention", {"query": query, "key": key, "value": value}
    check_operands(who, operands)
    if enable_gqa:
        key, value = [for_each_query(who, name, operands) for name in ("key", "value")]
    scores = ops.matmul(query * (1 / math.sqrt(query.shape[-1]) if scale is None else scale), ops.transpose(key, -2, -1))
    if is_causal:
        if attn_mask is not None:
            raise ArgumentError(f"{who}: both attn_mask and is_causal are given.\n  Put the triangle into the mask: "
                                "mask & tril(ones(L, S, dtype=bool)).")
        attn_mask = np.tri(*scores.shape[-2:], dtype=bool)
    if attn_mask is None:
        weights = ops.softmax(scores, -1)
    else:
        weights = masked_softmax(who, scores, attn_mask)
    if dropout_p:
        weights = ops.dropout(weights, dropout_p)
    return ops.matmul(weights, value)


def masked_softmax(who: str, scores: Tensor, mask: Any) -> Tensor:
    """softmax of the scores that a bool mask lets through, or to which floats are added; 0 where nothing is left."""
    kind = array_of(mask).dtype.kind
    if kind not in "bf":
        raise DtypeError(message(who, f"the mask is {array_of(mask).dtype}", {"scores": scores, "attn_mask": mask},
                                 "Use bools, True for what may be seen, or floats that are added."))
    if kind == "b":
        scores = ops.where(mask, scores, -np.inf)
    else:
        scores = scores + mask
    seen = np.broadcast_to((array_of(scores) != -np.inf).any(-1, keepdims=True), scores.shape)
    if seen.all():
        return ops.softmax(scores, -1)
    return masked(ops.softmax(ops.where(seen, scores, 0.0), -1), seen)


def for_each_query(who: str, name: str, operands: dict[str, Tensor]) -> Tensor:
    """Keys or values with each head repeated for its group of queries."""
    heads = [x.shape[-3] if x.ndim > 2 else 1 for x in (operands["query"], operands[name])]
    if not heads[1] or heads[0] % heads[1]:
        raise ShapeError(message(who, f"{heads[0]} heads of queries are no multiple of {heads[1]} of {name}s", operands,
                                 f"Give {name} a number of heads that divides {heads[0]}."))
    return operands[name] if heads[0] == heads[1] else ops.repeat_interleave(operands[name], heads[0] // heads[1], -3)


def check_operands(who: str, operands: dict[str, Tensor]) -> None:
    """Raise unless queries, keys and values are of one dtype and their last two axes fit."""
    query, key, value = operands.values()
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ShapeError(message(who, "each operand needs 2 axes or more", operands,
                                 "Use (*, L, E), (*, S, E), (*, S, V)."))
    if not query.dtype == key.dtype == value.dtype:
        raise DtypeError(message(who, "the operands have different dtypes", operands, "Convert them: x.to(query.dtype)."))
    if query.shape[-1] != key.shape[-1]:
        raise ShapeError(message(who, f"queries of {query.shape[-1]} entries meet keys of {key.shape[-1]}", operands,
                                 "Project both to the same length."))
    if key.shape[-2] != value.shape[-2]:
        raise ShapeError(message(who, f"there are {key.shape[-2]} keys and {value.shape[-2]} values", operands,
                                 "Give one value for each key."))
