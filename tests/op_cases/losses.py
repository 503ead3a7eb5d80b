"""Rows for the losses of nn.functional; the ops in their graphs are those they are composed of."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, distinct, fixed, integers, normal, positive, unit
from tests.op_cases.softmax import logsumexp, softmax

CLASSES = fixed([2, 0, 1, 2])
SOME_IGNORED = fixed([2, -100, 1, 0])
MAP = integers(0, 3, 2, 2, 2)
SIGNS = fixed([1.0, -1.0, -1.0, 1.0])
NLL = ("log_softmax", "gather")


def log_softmax(x):
    return x - logsumexp(x, 1, True)


def nll(logp, target, weight=None, ignore=-100, reduction="mean"):
    """By loops over examples and pixels."""
    weight = np.ones(logp.shape[1]) if weight is None else weight
    losses, shares = np.zeros(target.shape), np.zeros(target.shape)
    for at in np.ndindex(target.shape):
        c = target[at]
        if c != ignore:
            losses[at] = -weight[c] * logp[(at[0], c, *at[1:])]
            shares[at] = weight[c]
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.sum() / shares.sum()


def smoothed(x, target, eps, weight=None, ignore=-100):
    """Cross entropy of smoothed one-hot targets, divided by the weights of the targets."""
    weight = np.ones(x.shape[1]) if weight is None else weight
    logp, total, share = log_softmax(x), 0.0, 0.0
    for i, c in enumerate(target):
        if c != ignore:
            goal = np.full(x.shape[1], eps / x.shape[1])
            goal[c] += 1 - eps
            total -= (weight * goal * logp[i]).sum()
            share += weight[c]
    return total / share


def bce(x, t):
    return -(t * np.log(x) + (1 - t) * np.log(1 - x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rows(name, build, inputs, losses, **kwargs):
    """One row per reduction."""
    reductions = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}
    return [Case(f"{name}-{r}", lambda lib, *a, r=r: build(lib, *a, reduction=r), inputs,
                 losses and (lambda *a, f=f: f(losses(*a))), **kwargs) for r, f in reductions.items()]


def multilabel_margin(x, target):
    """By loops over pairs of classes, per example."""
    losses = np.zeros(len(x))
    for n, classes in enumerate(target):
        right = list(classes[:list(classes).index(-1)]) if -1 in classes else list(classes)
        losses[n] = sum(max(0, 1 - x[n, j] + x[n, i]) for j in right for i in range(x.shape[1]) if i not in right)
    return losses / x.shape[1]


def pdist(x, p):
    return np.array([np.linalg.norm(x[i] - x[j], p) for i in range(len(x)) for j in range(i + 1, len(x))])


CASES = [
    Case("cross_entropy", lambda lib, x, t: lib.F.cross_entropy(x, t), (normal(4, 3), CLASSES),
         lambda x, t: nll(log_softmax(x), t)),
    Case("cross_entropy-sum", lambda lib, x, t: lib.F.cross_entropy(x, t, reduction="sum"), (normal(4, 3), CLASSES),
         lambda x, t: nll(log_softmax(x), t, reduction="sum")),
    Case("cross_entropy-none", lambda lib, x, t: lib.F.cross_entropy(x, t, reduction="none"), (normal(4, 3), CLASSES),
         lambda x, t: nll(log_softmax(x), t, reduction="none")),
    Case("cross_entropy-weight-ignore", lambda lib, x, t, w: lib.F.cross_entropy(x, t, weight=w),
         (normal(4, 3), SOME_IGNORED, positive(3)), lambda x, t, w: nll(log_softmax(x), t, w), constant=(2,)),
    Case("cross_entropy-ignore-1", lambda lib, x, t: lib.F.cross_entropy(x, t, ignore_index=1, reduction="none"),
         (normal(4, 3), CLASSES), lambda x, t: nll(log_softmax(x), t, ignore=1, reduction="none")),
    Case("cross_entropy-smoothing", lambda lib, x, t: lib.F.cross_entropy(x, t, label_smoothing=0.2),
         (normal(4, 3), CLASSES),
         lambda x, t: smoothed(x, t, 0.2), ops=NLL),
    Case("cross_entropy-smoothing-weight-ignore",
         lambda lib, x, t, w: lib.F.cross_entropy(x, t, weight=w, label_smoothing=0.2),
         (normal(4, 3), SOME_IGNORED, positive(3)), lambda x, t, w: smoothed(x, t, 0.2, w), ops=NLL, constant=(2,)),
    Case("cross_entropy-smoothing-none", lambda lib, x, t, w: lib.F.cross_entropy(
        x, t, weight=w, label_smoothing=0.3, reduction="none"), (normal(2, 3, 2, 2), MAP, positive(3)), ops=NLL,
        constant=(2,)),
    Case("cross_entropy-smoothing-sum", lambda lib, x, t: lib.F.cross_entropy(x, t, label_smoothing=0.3, reduction="sum"),
         (normal(4, 3), SOME_IGNORED), ops=NLL),
    Case("cross_entropy-map", lambda lib, x, t: lib.F.cross_entropy(x, t), (normal(2, 3, 2, 2), MAP),
         lambda x, t: nll(log_softmax(x), t)),
    Case("cross_entropy-map-weight", lambda lib, x, t, w: lib.F.cross_entropy(x, t, w, label_smoothing=0.1),
         (normal(2, 3, 2, 2), MAP, positive(3)), ops=NLL, constant=(2,)),
    Case("cross_entropy-one-example", lambda lib, x, t: lib.F.cross_entropy(x, t), (normal(3), fixed(1)),
         lambda x, t: logsumexp(x, 0) - x[t]),
    Case("cross_entropy-one-example-smoothing", lambda lib, x, t: lib.F.cross_entropy(x, t, label_smoothing=0.1),
         (normal(3), fixed(1)), ops=NLL),
    Case("cross_entropy-probabilities", lambda lib, x, t: lib.F.cross_entropy(x, t), (normal(4, 3), unit(4, 3)),
         lambda x, t: -(t * log_softmax(x)).sum(1).mean(), ops=("log_softmax",)),
    Case("cross_entropy-probabilities-map",
         lambda lib, x, t, w: lib.F.cross_entropy(x, t, w, reduction="none", label_smoothing=0.1),
         (normal(2, 3, 2, 2), unit(2, 3, 2, 2), positive(3)),
         lambda x, t, w: -((t * 0.9 + 0.1 / 3) * log_softmax(x) * w.reshape(3, 1, 1)).sum(1), ops=("log_softmax",),
         constant=(2,)),
    Case("cross_entropy-probabilities-example", lambda lib, x, t: lib.F.cross_entropy(x, t), (normal(3), unit(3)),
         lambda x, t: -(t * np.log(softmax(x, 0))).sum(), ops=("log_softmax",)),
    Case("cross_entropy-large", lambda lib, x, t: lib.F.cross_entropy(x * 500, t), (distinct(4, 3), CLASSES),
         lambda x, t: nll(log_softmax(x * 500), t), float32=False),
    Case("nll_loss", lambda lib, x, t: lib.F.nll_loss(x, t), (normal(4, 3), CLASSES), nll, ops=("gather",)),
    Case("nll_loss-weight", lambda lib, x, t, w: lib.F.nll_loss(x, t, w, reduction="sum"),
         (normal(4, 3), SOME_IGNORED, positive(3)),
         lambda x, t, w: nll(x, t, w, reduction="sum"), ops=("gather",), constant=(2,)),
    Case("nll_loss-map", lambda lib, x, t: lib.F.nll_loss(x, t, reduction="none"), (normal(2, 3, 2, 2), MAP),
         lambda x, t: nll(x, t, reduction="none"), ops=("gather",)),
    Case("nll_loss-one-example", lambda lib, x, t: lib.F.nll_loss(x, t), (normal(3), fixed(2)), lambda x, t: -x[2],
         ops=("gather",)),
    Case("multi_margin_loss", lambda lib, x, t: lib.F.multi_margin_loss(x, t, margin=0.57), (distinct(4, 3), CLASSES),
         lambda x, t: np.mean([sum(max(0, 0.57 - x[i, c] + x[i, k]) for k in range(3) if k != c) / 3
                               for i, c in enumerate(t)]),
         ops=("gather", "relu"), orders=1),  # PyTorch differentiates it once
    Case("multi_margin_loss-squared", lambda lib, x, t, w: lib.F.multi_margin_loss(x, t, p=2, weight=w, reduction="none"),
         (distinct(4, 3), CLASSES, positive(3)), lambda x, t, w: np.array([
             w[c] * sum(max(0, 1 - x[i, c] + x[i, k])**2 for k in range(3) if k != c) / 3 for i, c in enumerate(t)]),
         ops=("gather", "relu"), orders=1, constant=(2,)),

    *rows("binary_cross_entropy", lambda lib, x, t, reduction: lib.F.binary_cross_entropy(x, t, reduction=reduction),
          (unit(4, 3), unit(4, 3)), bce),
    Case("binary_cross_entropy-weight", lambda lib, x, t, w: lib.F.binary_cross_entropy(x, t, w),
         (unit(4, 3), unit(4, 3), positive(3)),
         lambda x, t, w: (w * bce(x, t)).mean(), constant=(2,)),
    *rows("binary_cross_entropy_with_logits",
          lambda lib, x, t, reduction: lib.F.binary_cross_entropy_with_logits(x, t, reduction=reduction),
          (normal(4, 3), unit(4, 3)), lambda x, t: bce(sigmoid(x), t), ops=("logsigmoid",)),
    Case("binary_cross_entropy_with_logits-weights",
         lambda lib, x, t, w, p: lib.F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p),
         (normal(4, 3), unit(4, 3), positive(4, 1), positive(3)),
         lambda x, t, w, p: (-w * (p * t * np.log(sigmoid(x)) + (1 - t) * np.log(1 - sigmoid(x)))).mean(),
         ops=("logsigmoid",), constant=(2, 3)),
    Case("binary_cross_entropy_with_logits-large", lambda lib, x, t: lib.F.binary_cross_entropy_with_logits(x, t),
         (fixed([1000.0, -1000.0, 1000.0, -50.0]), fixed([1.0, 0.0, 0.0, 1.0])), lambda x, t: np.float64(1050 / 4),
         ops=("logsigmoid",), constant=(1,)),
    *rows("soft_margin_loss", lambda lib, x, t, reduction: lib.F.soft_margin_loss(x, t, reduction=reduction),
          (normal(4), SIGNS), lambda x, t: np.log1p(np.exp(-t * x)), ops=("logsigmoid",), constant=(1,)),
    Case("multilabel_soft_margin_loss", lambda lib, x, t, w: lib.F.multilabel_soft_margin_loss(x, t, w, reduction="none"),
         (normal(4, 3), unit(4, 3), positive(3)), lambda x, t, w: (w * bce(sigmoid(x), t)).mean(1), ops=("logsigmoid",),
         constant=(2,)),

    *rows("mse_loss", lambda lib, x, t, reduction: lib.F.mse_loss(x, t, reduction=reduction), (normal(4, 3), normal(4, 3)),
          lambda x, t: (x - t)**2, ops=("deviation",)),
    *rows("mse_loss-weight", lambda lib, x, t, w, reduction: lib.F.mse_loss(x, t, reduction=reduction, weight=w),
          (normal(4, 3), normal(4, 3), positive(4, 3)), None, ops=("deviation",), constant=(2,)),
    Case("l1_loss-weight", lambda lib, x, t, w: lib.F.l1_loss(x, t, weight=w),
         (fixed([1.0, 2.0]), fixed([3.0, 0.5]), fixed([1.0, 3.0])),
         lambda x, t, w: np.float64(6.5 / 4), ops=("deviation",), constant=(2,)),
    *rows("l1_loss", lambda lib, x, t, reduction: lib.F.l1_loss(x * 0.01, t, reduction=reduction),
          (normal(4, 3), away_from_zero(4, 3)),
          lambda x, t: abs(x * 0.01 - t), ops=("deviation",)),
    *rows("smooth_l1_loss", lambda lib, x, t, reduction: lib.F.smooth_l1_loss(x, t, reduction=reduction, beta=0.7),
          (normal(4, 3), normal(4, 3)), lambda x, t: np.where(abs(x - t) < 0.7, (x - t)**2 / 1.4, abs(x - t) - 0.35),
          ops=("deviation",)),
    Case("smooth_l1_loss-beta-0", lambda lib, x, t: lib.F.smooth_l1_loss(x * 0.01, t, beta=0.0),
         (normal(4), away_from_zero(4)),
         lambda x, t: abs(x * 0.01 - t).mean(), ops=("deviation",)),
    *rows("huber_loss", lambda lib, x, t, reduction: lib.F.huber_loss(x, t, reduction=reduction, delta=0.7),
          (normal(4, 3), normal(4, 3)), lambda x, t: np.where(abs(x - t) < 0.7, (x - t)**2 / 2, 0.7 * (abs(x - t) - 0.35)),
          ops=("deviation",)),
    Case("huber_loss-weight", lambda lib, x, t, w: lib.F.huber_loss(x, t, weight=w),
         (normal(4, 3), normal(4, 3), positive(4, 3)),
         ops=("deviation",), constant=(2,)),
    Case("kl_div", lambda lib, x, t: lib.F.kl_div(x, t, reduction="batchmean"), (normal(4, 3), unit(4, 3)),
         lambda x, t: (t * (np.log(t) - x)).sum() / 4, ops=("xlogy",)),
    Case("kl_div-sum", lambda lib, x, t: lib.F.kl_div(x, t, reduction="sum"), (normal(3), fixed([0.5, 0.0, 0.25])),
         lambda x, t: 0.5 * (np.log(0.5) - x[0]) + 0.25 * (np.log(0.25) - x[2]), ops=("mul",), constant=(1,)),
    Case("kl_div-none-log", lambda lib, x, t: lib.F.kl_div(x, t, reduction="none", log_target=True),
         (normal(4, 3), normal(4, 3)),
         lambda x, t: np.exp(t) * (t - x), ops=("exp",)),
    # PyTorch warns of this reduction even if there is one axis.
    Case("kl_div-mean", lambda lib, x, t: lib.F.kl_div(x, t), (normal(5), unit(5)),
         lambda x, t: (t * (np.log(t) - x)).mean(),
         ops=("xlogy",), torch=False),
    *rows("poisson_nll_loss", lambda lib, x, t, reduction: lib.F.poisson_nll_loss(x, t, reduction=reduction),
          (normal(4), positive(4)), lambda x, t: np.exp(x) - t * x, ops=("exp",)),
    Case("poisson_nll_loss-full", lambda lib, x, t: lib.F.poisson_nll_loss(x, t, log_input=False, full=True),
         (positive(4), fixed([0.0, 1.0, 2.0, 3.5])), ops=("log",), constant=(1,)),
    *rows("gaussian_nll_loss", lambda lib, x, t, v, reduction: lib.F.gaussian_nll_loss(x, t, v, reduction=reduction),
          (normal(4, 3), normal(4, 3), positive(4, 3)), lambda x, t, v: (np.log(v) + (x - t)**2 / v) / 2, ops=("log",)),
    Case("gaussian_nll_loss-full", lambda lib, x, t, v: lib.F.gaussian_nll_loss(x, t, v, full=True),
         (normal(4, 3), normal(4, 3), positive(4, 1)), ops=("log",)),

    Case("normalize", lambda lib, x: lib.F.normalize(x), (normal(4, 3),),
         lambda x: x / np.linalg.norm(x, axis=1, keepdims=True), ops=("euclidean_norm",)),
    Case("normalize-p-dim", lambda lib, x: lib.F.normalize(x, p=3, dim=0), (away_from_zero(4, 3),),
         lambda x: x / (abs(x)**3).sum(0)**(1 / 3), ops=("power_norm",)),
    Case("cosine_similarity", lambda lib, a, b: lib.F.cosine_similarity(a, b), (normal(4, 3), normal(4, 3)),
         lambda a, b: (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1), ops=("euclidean_norm",)),
    Case("cosine_similarity-broadcast", lambda lib, a, b: lib.F.cosine_similarity(a, b, dim=-1),
         (normal(4, 1, 3), normal(2, 3)),
         ops=("euclidean_norm",)),
    Case("pairwise_distance", lambda lib, a, b: lib.F.pairwise_distance(a, b, keepdim=True), (normal(4, 3), normal(4, 3)),
         lambda a, b: np.linalg.norm(a - b + 1e-6, axis=1, keepdims=True), ops=("euclidean_norm",)),
    *rows("cosine_embedding_loss",
          lambda lib, a, b, t, reduction: lib.F.cosine_embedding_loss(a, b, t, 0.1, reduction=reduction),
          (normal(4, 3), normal(4, 3), SIGNS), lambda a, b, t: (lambda c: np.where(t == 1, 1 - c, np.maximum(c - 0.1, 0)))(
              (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)), ops=("where",), constant=(2,)),
    *rows("triplet_margin_loss", lambda lib, a, p, n, reduction: lib.F.triplet_margin_loss(a, p, n, reduction=reduction),
          (normal(4, 3), normal(4, 3), normal(4, 3)), lambda a, p, n: np.maximum(
              np.linalg.norm(a - p + 1e-6, axis=1) - np.linalg.norm(a - n + 1e-6, axis=1) + 1, 0),
          ops=("euclidean_norm", "relu")),
    Case("triplet_margin_loss-swap", lambda lib, a, p, n: lib.F.triplet_margin_loss(a, p, n, margin=0.5, swap=True),
         (normal(4, 3), normal(4, 3), normal(4, 3)), ops=("euclidean_norm", "minimum")),
    *rows("margin_ranking_loss",
          lambda lib, a, b, t, reduction: lib.F.margin_ranking_loss(a, b, t, 0.1, reduction=reduction),
          (normal(4), normal(4), SIGNS), lambda a, b, t: np.maximum(-t * (a - b) + 0.1, 0), ops=("relu",), constant=(2,)),
    *rows("hinge_embedding_loss", lambda lib, x, t, reduction: lib.F.hinge_embedding_loss(x, t, reduction=reduction),
          (positive(4), SIGNS), lambda x, t: np.where(t == 1, x, np.maximum(1 - x, 0)), ops=("where",), constant=(1,)),
    *rows("multilabel_margin_loss", lambda lib, x, t, **kw: lib.F.multilabel_margin_loss(x, t, **kw),
          (distinct(3, 4), fixed([[2, 0, -1, 1], [-1, 0, 1, 2], [3, 1, 0, 2]])), multilabel_margin, ops=("relu", "gather")),
    *rows("triplet_margin_with_distance_loss", lambda lib, a, p, n, **kw: lib.F.triplet_margin_with_distance_loss(
        a, p, n, distance_function=lambda x, y: ((x - y) ** 2).sum(-1), margin=0.7, **kw),
        (normal(4, 3), normal(4, 3), normal(4, 3)),
        lambda a, p, n: np.maximum(((a - p)**2).sum(-1) - ((a - n)**2).sum(-1) + 0.7, 0), ops=("relu",)),
    *[Case(f"pdist-{p}", lambda lib, x, p=p: lib.F.pdist(x, p), (normal(4, 3),), lambda x, p=p: pdist(x, p),
           ops=("index_select",)) for p in (2.0, 1.0, 3.0, float("inf"))],
]
