"""Rows for nn.functional.attention, which is composed of other ops."""

import numpy as np

from tests.op_cases.case import Case, fixed, normal
from tests.op_cases.softmax import softmax

MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
BLIND = MASK & np.array([[True], [False], [True]])  # the second query sees no key


def attention(q, k, v, mask=None, scale=None):
    scores = q @ np.swapaxes(k, -1, -2) * (q.shape[-1]**-0.5 if scale is None else scale)
    if mask is None:
        return softmax(scores, -1) @ v
    if mask.dtype != bool:
        return softmax(scores + mask, -1) @ v
    weights = np.where(mask, np.exp(scores), 0)
    return weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300) @ v


def row(name, q=(2, 3, 5), k=(2, 4, 5), v=(2, 4, 6), mask=None, reference=attention, **options):
    masks = () if mask is None else (mask,)
    return Case(f"scaled_dot_product_attention-{name}",
                lambda lib, q, k, v, *mask: lib.F.scaled_dot_product_attention(q, k, v, *mask, **options),
                (normal(*q), normal(*k), normal(*v), *masks), reference, ops=("matmul", "softmax"))


CASES = [
    row("plain"),
    row("scale", scale=0.3, reference=lambda q, k, v: attention(q, k, v, scale=0.3)),
    row("heads", (2, 2, 3, 4), (2, 2, 4, 4), (2, 2, 4, 4)),
    row("bool", mask=fixed(MASK)),
    row("blind", mask=fixed(BLIND)),
    row("added", mask=normal(2, 3, 4)),
    row("causal", is_causal=True, reference=lambda q, k, v: attention(q, k, v, np.tri(3, 4, dtype=bool))),
    row("grouped", (2, 4, 3, 5), (2, 2, 4, 5), (2, 2, 4, 6), enable_gqa=True,
        reference=lambda q, k, v: attention(q, k.repeat(2, 1), v.repeat(2, 1))),
]
