"""Rows for normalisation over batches, layers, groups and images."""

import numpy as np

from tests.op_cases.case import Case, fixed, normal, positive

RUNNING = (fixed([0.5, -1.0, 2.0]), fixed([1.0, 0.5, 2.5]))


def normalize(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def per_channel(v, x):
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def batch_norm(x, w, b):
    return normalize(x, (0, *range(2, x.ndim))) * per_channel(w, x) + per_channel(b, x)


def group_norm(x, groups, w, b):
    y = normalize(x.reshape(len(x), groups, -1), (2,)).reshape(x.shape)
    return y * per_channel(w, x) + per_channel(b, x)


def fixed_norm(x, m, v, w, b):
    return (x - per_channel(m, x)) / np.sqrt(per_channel(v, x) + 1e-5) * per_channel(w, x) + per_channel(b, x)


CASES = [
    Case("batch_norm", lambda lib, x, w, b: lib.F.batch_norm(x, None, None, w, b, training=True),
         (normal(4, 3, 2, 2), positive(3), normal(3)), batch_norm, rtol=1e-9),
    Case("batch_norm-plain", lambda lib, x: lib.F.batch_norm(x, None, None, training=True, eps=0.1), (normal(4, 3),),
         lambda x: normalize(x, 0, 0.1), rtol=1e-9),
    Case("batch_norm-sequence", lambda lib, x, w, b: lib.F.batch_norm(x, None, None, w, b, training=True),
         (normal(4, 3, 5), positive(3), normal(3)), batch_norm, rtol=1e-9),
    Case("batch_norm-volume", lambda lib, x, w, b: lib.F.batch_norm(x, None, None, w, b, training=True),
         (normal(2, 3, 2, 3, 2), positive(3), normal(3)), batch_norm, rtol=1e-9),
    Case("batch_norm-running", lambda lib, x, m, v, w, b: lib.F.batch_norm(x, m, v, w, b),
         (normal(4, 3, 2, 2), *RUNNING, positive(3), normal(3)), fixed_norm, ops=("batch_norm_fixed",), constant=(1, 2)),
    Case("batch_norm-running-plain", lambda lib, x, m, v: lib.F.batch_norm(x, m, v), (normal(4, 3), *RUNNING),
         lambda x, m, v: fixed_norm(x, m, v, np.ones(3), np.zeros(3)), ops=("batch_norm_fixed",), constant=(1, 2)),
    Case("layer_norm", lambda lib, x, w, b: lib.F.layer_norm(x, (3,), w, b), (normal(4, 2, 3), normal(3), normal(3)),
         lambda x, w, b: normalize(x, 2) * w + b, rtol=1e-9),
    Case("layer_norm-image", lambda lib, x, w, b: lib.F.layer_norm(x, (3, 2, 2), w, b),
         (normal(4, 3, 2, 2), normal(3, 2, 2), normal(3, 2, 2)), lambda x, w, b: normalize(x, (1, 2, 3)) * w + b, rtol=1e-9),
    Case("layer_norm-plain", lambda lib, x: lib.F.layer_norm(x, (2, 3), eps=0.01), (normal(4, 2, 3),),
         lambda x: normalize(x, (1, 2), 0.01), rtol=1e-9),
    Case("group_norm", lambda lib, x, w, b: lib.F.group_norm(x, 2, w, b), (normal(3, 4, 2, 2), normal(4), normal(4)),
         lambda x, w, b: group_norm(x, 2, w, b), rtol=1e-9),
    Case("group_norm-vectors", lambda lib, x, w, b: lib.F.group_norm(x, 2, w, b), (normal(3, 6), normal(6), normal(6)),
         lambda x, w, b: group_norm(x, 2, w, b), rtol=1e-9),
    Case("group_norm-plain", lambda lib, x: lib.F.group_norm(x, 1), (normal(3, 4, 5),), lambda x: normalize(x, (1, 2)),
         rtol=1e-9),
    Case("rms_norm", lambda lib, x, w: lib.F.rms_norm(x, (2, 3), w, 0.01), (normal(4, 2, 3), normal(2, 3)),
         lambda x, w: x / np.sqrt((x**2).mean((1, 2), keepdims=True) + 0.01) * w),
    Case("rms_norm-plain", lambda lib, x: lib.F.rms_norm(x, (3,)), (normal(4, 3),),
         lambda x: x / np.sqrt((x**2).mean(1, keepdims=True) + np.finfo(float).eps)),
    Case("local_response_norm", lambda lib, x: lib.F.local_response_norm(x, 3, alpha=0.5, beta=0.6, k=1.5),
         (normal(2, 5, 2, 2),), ops=("pad_constant",)),
    Case("local_response_norm-even", lambda lib, x: lib.F.local_response_norm(x, 4), (normal(2, 5, 3),),
         ops=("pad_constant",)),
    Case("instance_norm", lambda lib, x, w, b: lib.F.instance_norm(x, weight=w, bias=b),
         (normal(2, 3, 3, 2), positive(3), normal(3)), lambda x, w, b: group_norm(x, 3, w, b), rtol=1e-9),
    Case("instance_norm-plain", lambda lib, x: lib.F.instance_norm(x), (normal(2, 3, 4),), lambda x: normalize(x, 2),
         rtol=1e-9),
    Case("instance_norm-running", lambda lib, x, m, v: lib.F.instance_norm(x, m, v, use_input_stats=False),
         (normal(2, 3, 4), *RUNNING), lambda x, m, v: fixed_norm(x, m, v, np.ones(3), np.zeros(3)),
         ops=("batch_norm_fixed",),
         constant=(1, 2)),
]
