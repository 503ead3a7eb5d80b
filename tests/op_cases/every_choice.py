"""Rows for choices of an argument (flags, reductions, modes) that the rows of the families leave out.

`tests/tensorgrad/ops/test_every_choice.py` demands a row for each choice of each function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests import loops
from tests.op_cases.case import Case, Draw, away_from_zero, distinct, integers, normal, positive
from tests.op_cases.matrices import definite, definite_array
from tests.op_cases.pooling import adaptive, maximum

CLASSES: Draw = integers(0, 3, 4)
LABELS: Draw = lambda rng: np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])  # noqa: E731


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def over(name: str, *args: Any, reference: Any, draw: Draw, op: str = "", torch: bool = True) -> Case:
    """A row of an activation that writes over a copy of its input."""
    return Case(f"{name}-inplace", lambda lib, x: getattr(lib.F, name)(x.clone(), *args, inplace=True), (draw,), reference,
                ops=(op or name,), torch=torch)


def ceiled(function: str, ndim: int) -> Case:
    """A row of pooling whose last window is cut off, against the whole of it as written in PyTorch's documentation."""
    return Case(f"{function}-ceil_mode", lambda lib, x: getattr(lib.F, function)(x, 2, stride=2, ceil_mode=True),
                (positive(2, 2, *[5, 4, 3][:ndim]),), lambda x: averages(x, ndim))


def averages(x: np.ndarray, ndim: int) -> np.ndarray:
    """Means over blocks of 2 along the last axes, of what is there of each."""
    for axis in range(x.ndim - ndim, x.ndim):
        starts = range(0, x.shape[axis], 2)
        x = np.stack([np.take(x, range(s, min(s + 2, x.shape[axis])), axis).mean(axis) for s in starts], axis)
    return x


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((a - b + 1e-6) ** 2).sum(-1))


def multi_margin(x: np.ndarray, t: np.ndarray) -> float:
    return float(sum(max(0, 0.57 - x[i, c] + x[i, k]) for i, c in enumerate(t) for k in range(3) if k != c) / 3)


def soft_margin(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return -(t * np.log(sigmoid(x)) + (1 - t) * np.log(sigmoid(-x))).mean(1)


def entropy(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.log(np.exp(x).sum(1)) - x[np.arange(len(t)), t]


def last(x: np.ndarray, index: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Entries along an axis and the index that picks them, which keeps the axis."""
    index = np.expand_dims(index, axis)
    return np.take_along_axis(x, index, axis), index


REDUCED: dict[str, Any] = {"none": lambda x: x, "mean": np.mean, "sum": np.sum}
SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717  # of SELU

CASES = [
    # written over
    over("relu", reference=lambda x: np.maximum(x, 0), draw=away_from_zero(3, 4)),
    over("leaky_relu", 0.2, reference=lambda x: np.where(x > 0, x, 0.2 * x), draw=away_from_zero(3, 4)),
    over("elu", 0.7, reference=lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), draw=away_from_zero(3, 4)),
    over("silu", reference=lambda x: x * sigmoid(x), draw=normal(3, 4)),
    over("hardtanh", -0.9, 1.15, reference=lambda x: np.clip(x, -0.9, 1.15), draw=distinct(3, 4)),
    over("celu", 2.0, op="elu", reference=lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2)), draw=away_from_zero(3, 4)),
    over("selu", op="elu", reference=lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x)), draw=away_from_zero(3, 4)),
    over("mish", reference=lambda x: x * np.tanh(np.log1p(np.exp(x))), draw=normal(3, 4)),
    over("relu6", op="hardtanh", reference=lambda x: np.clip(x, 0, 6), draw=distinct(3, 4)),
    # PyTorch multiplies with 1/6 in float32.
    over("hardsigmoid", reference=lambda x: np.clip(x / 6 + 0.5, 0, 1), draw=distinct(3, 4), torch=False),
    over("hardswish", reference=lambda x: x * np.clip(x / 6 + 0.5, 0, 1), draw=distinct(3, 4)),
    over("threshold", 0.11, 2.0, reference=lambda x: np.where(x > 0.11, x, 2.0), draw=distinct(3, 4)),
    *[Case(f"{name}-inplace", lambda lib, x, name=name: getattr(lib.F, name)(x.clone(), 0.4, training=True, inplace=True),
           (normal(4, 5, *ends),), torch=False, ops=("dropout",)) for name, ends in (
        ("dropout", ()), ("dropout1d", (2,)), ("dropout2d", (2, 2)), ("dropout3d", (2, 2, 1)))],
    *[Case(f"{name}-inplace", lambda lib, x, name=name: getattr(lib.F, name)(x.clone(), 0.4, training=True, inplace=True),
           (normal(4, 5, *ends),), torch=False, ops=("alpha_dropout",)) for name, ends in (
        ("alpha_dropout", ()), ("feature_alpha_dropout", (3,)))],
    Case("rrelu-inplace", lambda lib, x: lib.F.rrelu(x.clone(), 0.1, 0.3, inplace=True), (away_from_zero(3, 4),),
         lambda x: np.where(x > 0, x, 0.2 * x), ops=("leaky_relu",)),

    # extrema, order, quantiles
    Case("amax-keepdim", lambda lib, x: lib.amax(x, 1, True), (distinct(3, 4),), lambda x: x.max(1, keepdims=True)),
    Case("aminmax-keepdim", lambda lib, x: lib.aminmax(x, dim=1, keepdim=True), (distinct(3, 4),),
         lambda x: (x.min(1, keepdims=True), x.max(1, keepdims=True)), ops=("amin", "amax")),
    Case("median-keepdim", lambda lib, x: lib.median(x, 1, keepdim=True), (distinct(3, 5),),
         lambda x: last(x, np.argsort(x, 1)[:, 2], 1)),
    Case("min-keepdim", lambda lib, x: lib.min(x, 1, keepdim=True), (distinct(3, 5),), lambda x: last(x, x.argmin(1), 1)),
    Case("mode-keepdim", lambda lib, x: lib.mode(x, 1, True), (distinct(3, 4),), lambda x: last(x, x.argmin(1), 1)),
    Case("nanmedian-keepdim", lambda lib, x: lib.nanmedian(x, 1, keepdim=True), (distinct(3, 5),),
         lambda x: last(x, np.argsort(x, 1)[:, 2], 1)),
    Case("nanmean-keepdim", lambda lib, x: lib.nanmean(x, 1, True), (normal(3, 4),), lambda x: x.mean(1, keepdims=True),
         ops=("sum",)),
    *[Case(f"quantile-{how}", lambda lib, x, how=how: lib.quantile(x, 0.6, 1, interpolation=how), (distinct(3, 5),),
           lambda x, how=how: np.quantile(x, 0.6, 1, method=how), ops=("sort", "gather")) for how in ("higher", "midpoint")],
    *[Case(f"nanquantile-{how}-keepdim", lambda lib, x, how=how: lib.nanquantile(x, 0.6, 1, True, interpolation=how),
           (distinct(3, 5),), lambda x, how=how: np.quantile(x, 0.6, 1, method=how, keepdims=True), ops=("sort", "gather"))
      for how in ("lower", "higher", "midpoint", "nearest")],
    Case("sort-stable", lambda lib, x: lib.sort(x, dim=0, descending=True, stable=True), (distinct(3, 5),),
         lambda x: (-np.sort(-x, 0), np.argsort(-x, 0))),
    Case("topk-unsorted", lambda lib, x: lib.topk(x, 5, sorted=False)[0].sum(-1), (distinct(3, 5),), lambda x: x.sum(1)),
    Case("msort", lambda lib, x: lib.msort(x), (distinct(4, 3),), lambda x: np.sort(x, 0), ops=("sort",)),

    # division, moments and norms
    Case("div_rounded-floor-gradient", lambda lib, a, b: lib.div(a, b, rounding_mode="floor"),
         (distinct(2, 3), away_from_zero(2, 3)), lambda a, b: a // b, ops=("div_rounded",)),
    *[Case(f"{name}-{unbiased}", lambda lib, x, f=name, u=unbiased: getattr(lib, f)(x, u), (normal(3, 4),),
           lambda x, f=name, u=unbiased: getattr(np, f)(x, ddof=int(u)))
      for name in ("std", "var") for unbiased in (True, False)],
    *[Case(f"{name}_mean-{unbiased}-keepdim_{keepdim}",
           lambda lib, x, f=name, u=unbiased, k=keepdim: getattr(lib, f"{f}_mean")(x, 1, unbiased=u, keepdim=k),
           (normal(3, 4),),
           lambda x, f=name, u=unbiased, k=keepdim: (getattr(np, f)(x, 1, ddof=int(u), keepdims=k), x.mean(1, keepdims=k)),
           ops=(name, "mean")) for name in ("std", "var") for unbiased in (True, False) for keepdim in (True, False)],
    Case("vector_norm-keepdim", lambda lib, x: lib.linalg.vector_norm(x, dim=1, keepdim=True), (normal(3, 4),),
         lambda x: np.linalg.norm(x, axis=1, keepdims=True), ops=("euclidean_norm",)),

    # pooling
    maximum("max_pool1d-ceil_mode", distinct(2, 2, 7), 1, kernel_size=2, stride=2, ceil_mode=True),
    maximum("max_pool1d-return_indices", distinct(2, 2, 7), 1, kernel_size=3, stride=2, return_indices=True),
    maximum("max_pool3d-return_indices", distinct(1, 2, 3, 4, 5), 3, kernel_size=2, stride=1, return_indices=True),
    Case("max_pool2d_with_indices-ceil_mode", lambda lib, x: lib.F.max_pool2d_with_indices(x, 2, ceil_mode=True),
         (distinct(2, 2, 5, 3),), lambda x: loops.max_pool(x, loops.Windows(2, 2, ceil_mode=True)),
         ops=("max_pool2d",)),
    *[Case(f"max_pool{n}d_with_indices-{ceil}", lambda lib, x, n=n, ceil=ceil: getattr(lib.F, f"max_pool{n}d_with_indices")(
        x, 2, ceil_mode=ceil), (distinct(2, 2, *[3, 5, 4][:n]),),
        lambda x, n=n, ceil=ceil: loops.max_pool(x, loops.Windows(n, 2, ceil_mode=ceil)), ops=(f"max_pool{n}d",))
      for n in (1, 3) for ceil in (False, True)],
    adaptive("adaptive_max_pool1d-return_indices", distinct(2, 3, 7), 3, (3,), return_indices=True),
    adaptive("adaptive_max_pool3d-return_indices", distinct(1, 2, 4, 5, 3), (2, 3, 1), (2, 3, 1), return_indices=True),
    *[ceiled(f"avg_pool{n}d", n) for n in (1, 3)],
    *[Case(f"lp_pool{n}d-ceil_mode", lambda lib, x, n=n: getattr(lib.F, f"lp_pool{n}d")(x, 2, 2, ceil_mode=True),
           (positive(2, 2, *[4, 4, 2][:n]),), lambda x, n=n: np.sqrt(averages(x * x, n) * 2**n), ops=(f"avg_pool{n}d",))
      for n in (1, 2, 3)],
    *[Case(f"max_unpool{n}d", lambda lib, x, n=n: getattr(lib.F, f"max_unpool{n}d")(
        *getattr(lib.F, f"max_pool{n}d")(x, 2, return_indices=True), 2), (distinct(2, 2, *[4, 4, 2][:n]),),
        lambda x, n=n: loops.scatter_winners(*loops.max_pool(x, loops.Windows(n, 2)), x.shape[2:]),
        ops=(f"max_pool{n}d", "put_winners")) for n in (1, 3)],

    # losses
    Case("multi_margin_loss-sum", lambda lib, x, t: lib.F.multi_margin_loss(x, t, margin=0.57, reduction="sum"),
         (distinct(4, 3), CLASSES), multi_margin, ops=("gather", "relu"), orders=1),  # PyTorch differentiates it once
    *[Case(f"multilabel_soft_margin_loss-{how}", lambda lib, x, t, how=how: lib.F.multilabel_soft_margin_loss(
        x, t, reduction=how), (normal(2, 3), LABELS), lambda x, t, how=how: getattr(soft_margin(x, t), how)(),
        ops=("logsigmoid",), constant=(1,)) for how in ("mean", "sum")],
    Case("triplet_margin_with_distance_loss-swap", lambda lib, a, p, n: lib.F.triplet_margin_with_distance_loss(
        a, p, n, margin=3.0, swap=True, reduction="none"), (normal(6, 3), normal(6, 3), normal(6, 3)),
        lambda a, p, n: np.maximum(euclidean(a, p) - np.minimum(euclidean(a, n), euclidean(p, n)) + 3, 0), ops=("relu",)),

    *[Case(f"linear_cross_entropy-{how}", lambda lib, x, w, t, how=how: lib.F.linear_cross_entropy(x, w, t, reduction=how),
           (normal(4, 3), normal(3, 3), CLASSES), lambda x, w, t, how=how: REDUCED[how](entropy(x @ w.T, t)),
           ops=("linear", "cross_entropy")) for how in ("none", "mean", "sum")],

    # indexing and tables
    Case("embedding-scale_grad_by_freq", lambda lib, i, w: lib.F.embedding(i, w, scale_grad_by_freq=True).sum(0),
         (lambda rng: np.array([[0, 3], [1, 2]]), normal(5, 4)), lambda i, w: w[i].sum(0)),  # no repetition: no scale
    Case("put-accumulate", lambda lib, x, i, v: lib.put(x, i, v, accumulate=True),
         (normal(3, 4), lambda rng: np.array([1, 7, 1]), normal(3)),
         lambda x, i, v: (x.ravel() + np.bincount(i, v, 12)).reshape(3, 4), ops=("scatter_add",)),

    # linear algebra
    Case("cholesky-lower", lambda lib, x: lib.linalg.cholesky(definite(lib, x), upper=False), (normal(3, 3),),
         lambda x: np.linalg.cholesky(definite_array(x))),
    Case("eigh-upper", lambda lib, x: [y * y for y in lib.linalg.eigh(x + x.mT, "U")], (normal(2, 3, 3),),
         lambda x: [y * y for y in np.linalg.eigh(x + x.swapaxes(1, 2), "U")], ops=("symmetric_eigenvalues",), rtol=1e-8),
    *[Case(f"eigvalsh-{part}", lambda lib, x, part=part: lib.linalg.eigvalsh(x + x.mT, part), (normal(2, 3, 3),),
           lambda x, part=part: np.linalg.eigvalsh(x + x.swapaxes(1, 2), part), ops=("symmetric_eigenvalues",), rtol=1e-8)
      for part in "LU"],

    # joining
    Case("block_diag", lambda lib, x, y: lib.block_diag(x, y), (normal(2, 3), normal(1, 2)),
         lambda x, y: np.block([[x, np.zeros((2, 2))], [np.zeros((1, 3)), y]]), ops=("cat", "pad_constant")),
    Case("cartesian_prod", lambda lib, x, y: lib.cartesian_prod(x.clone(), y), (normal(2), normal(3)),
         lambda x, y: np.stack([np.repeat(x, 3), np.tile(y, 2)], 1), ops=("stack", "index_select")),
    *[Case(f"combinations-{again}", lambda lib, x, again=again: lib.combinations(x.clone(), 2, again), (normal(4),),
           lambda x, again=again: x[np.stack(np.triu_indices(4, 0 if again else 1), 1)], ops=("index_select",))
      for again in (False, True)],
    Case("constant_pad_nd", lambda lib, x: lib.constant_pad_nd(x, (1, 2), 0.5), (normal(2, 3),),
         lambda x: np.pad(x, ((0, 0), (1, 2)), constant_values=0.5), ops=("pad_constant",)),

    # drawn at random, which PyTorch does with other numbers
    Case("rrelu-training", lambda lib, x: lib.F.rrelu(x, training=True), (away_from_zero(3, 4),), torch=False, ops=("mul",)),
    Case("rrelu-eval", lambda lib, x: lib.F.rrelu(x, 0.1, 0.3, training=False), (away_from_zero(3, 4),),
         lambda x: np.where(x > 0, x, 0.2 * x), ops=("leaky_relu",)),
    Case("gumbel_softmax", lambda lib, x: lib.F.gumbel_softmax(x), (normal(3, 4),), torch=False, ops=("softmax",)),
    *[Case(f"{name}-eval", lambda lib, x, name=name: getattr(lib.F, name)(x * 2, 0.4, training=False),
           (normal(4, 5, *ends),), lambda x: x * 2, ops=("mul",)) for name, ends in (
        ("dropout1d", (2,)), ("dropout2d", (2, 2)), ("dropout3d", (2, 2, 1)), ("alpha_dropout", ()),
        ("feature_alpha_dropout", (3,)))],
]
