"""Rows for activations, smooth ones and those made of pieces."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, distinct, fixed, integers, normal
from tests.op_cases.unary import erfc

OFF_KINKS = fixed([[-5.0, -3.5, -2.0, -0.7], [-0.3, 0.2, 0.8, 2.5], [3.5, 5.5, 6.5, 40.0]])


def sigmoid(x):
    return np.where(x > 0, 1, np.exp(-abs(x))) / (1 + np.exp(-abs(x)))


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


CASES = [
    Case("sigmoid", lambda lib, x: lib.sigmoid(x), (normal(2, 3, scale=3.0),), sigmoid),
    Case("sigmoid-extreme", lambda lib, x: x.sigmoid(), (fixed([-1000.0, -40.0, 40.0, 1000.0]),), sigmoid),
    Case("sigmoid-integer", lambda lib, x: lib.sigmoid(x), (integers(-5, 5, 4),), sigmoid, orders=0, float32=False),
    Case("logsigmoid", lambda lib, x: lib.F.logsigmoid(x), (fixed([-1000.0, -2.0, 0.5, 30.0]),), lambda x: -softplus(-x)),
    Case("softplus", lambda lib, x: lib.F.softplus(x), (OFF_KINKS,), lambda x: np.where(x > 20, x, softplus(x))),
    Case("softplus-beta", lambda lib, x: lib.F.softplus(x, beta=2.0, threshold=6.0), (OFF_KINKS,),
         lambda x: np.where(2 * x > 6, x, softplus(2 * x) / 2)),
    Case("silu", lambda lib, x: lib.F.silu(x), (OFF_KINKS,), lambda x: x * sigmoid(x)),
    Case("mish", lambda lib, x: lib.F.mish(x), (OFF_KINKS,), lambda x: x * np.tanh(softplus(x))),
    Case("gelu", lambda lib, x: lib.F.gelu(x), (OFF_KINKS,), lambda x: x * erfc(-x / np.sqrt(2)) / 2),
    Case("gelu-tanh", lambda lib, x: lib.F.gelu(x, approximate="tanh"), (OFF_KINKS,),
         lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), ops=("gelu_tanh",)),
    Case("softsign", lambda lib, x: lib.F.softsign(x), (away_from_zero(2, 3),), lambda x: x / (1 + abs(x))),
    Case("tanhshrink", lambda lib, x: lib.F.tanhshrink(x), (normal(2, 3),), lambda x: x - np.tanh(x)),
    Case("glu", lambda lib, x: lib.F.glu(x), (normal(2, 6),), lambda x: x[:, :3] * sigmoid(x[:, 3:])),
    Case("glu-dim", lambda lib, x: lib.F.glu(x, dim=1), (normal(2, 4, 3),), lambda x: x[:, :2] * sigmoid(x[:, 2:])),

    Case("relu", lambda lib, x: lib.relu(x), (away_from_zero(2, 3),), lambda x: np.maximum(x, 0)),
    Case("relu-image", lambda lib, x: lib.F.relu(x), (distinct(2, 3, 4, 4),), lambda x: np.maximum(x, 0)),
    Case("relu-integer", lambda lib, x: x.relu(), (integers(-5, 5, 4),), lambda x: np.maximum(x, 0), orders=0,
         float32=False),
    Case("leaky_relu", lambda lib, x: lib.F.leaky_relu(x), (away_from_zero(2, 3),), lambda x: np.where(x > 0, x, 0.01 * x)),
    Case("leaky_relu-steep", lambda lib, x: lib.F.leaky_relu(x, 1.5), (away_from_zero(2, 3),),
         lambda x: np.where(x > 0, x, 1.5 * x)),
    Case("leaky_relu-negative", lambda lib, x: lib.F.leaky_relu(x, -0.5), (away_from_zero(2, 3),),
         lambda x: np.where(x > 0, x, -0.5 * x)),
    Case("prelu", lambda lib, x, w: lib.prelu(x, w), (away_from_zero(2, 3), fixed([0.25])),
         lambda x, w: np.where(x > 0, x, w * x)),
    Case("prelu-channels", lambda lib, x, w: lib.F.prelu(x, w), (away_from_zero(2, 3, 2, 2), fixed([0.25, -0.1, 2.0])),
         lambda x, w: np.where(x > 0, x, w.reshape(3, 1, 1) * x)),
    Case("elu", lambda lib, x: lib.F.elu(x), (OFF_KINKS,), lambda x: np.where(x > 0, x, np.expm1(x))),
    Case("elu-alpha", lambda lib, x: lib.F.elu(x, -0.5), (OFF_KINKS,), lambda x: np.where(x > 0, x, -0.5 * np.expm1(x))),
    Case("selu", lambda lib, x: lib.selu(x), (OFF_KINKS,),
         lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), ops=("elu",)),
    Case("celu", lambda lib, x: lib.celu(x, 2.0), (OFF_KINKS,), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2)),
         ops=("elu",)),
    Case("hardtanh", lambda lib, x: lib.F.hardtanh(x), (OFF_KINKS,), lambda x: np.clip(x, -1, 1)),
    Case("hardtanh-limits", lambda lib, x: lib.F.hardtanh(x, -2.5, 0.5), (OFF_KINKS,), lambda x: np.clip(x, -2.5, 0.5)),
    Case("relu6", lambda lib, x: lib.F.relu6(x), (OFF_KINKS,), lambda x: np.clip(x, 0, 6), ops=("hardtanh",)),
    # PyTorch cannot differentiate it twice, and its slope is the float32 number nearest to 1/6.
    Case("hardsigmoid", lambda lib, x: lib.F.hardsigmoid(x), (OFF_KINKS,), lambda x: np.clip(x / 6 + 0.5, 0, 1),
         torch=False),
    Case("hardsigmoid-once", lambda lib, x: lib.F.hardsigmoid(x), (OFF_KINKS,), orders=1, rtol=1e-7),
    Case("hardswish", lambda lib, x: lib.F.hardswish(x), (OFF_KINKS,), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    Case("threshold", lambda lib, x: lib.F.threshold(x, 0.5, 7.0), (OFF_KINKS,), lambda x: np.where(x > 0.5, x, 7)),
    Case("hardshrink", lambda lib, x: lib.F.hardshrink(x), (OFF_KINKS,), lambda x: np.where(abs(x) > 0.5, x, 0)),
    Case("softshrink", lambda lib, x: lib.F.softshrink(x, 0.6), (OFF_KINKS,),
         lambda x: np.sign(x) * np.maximum(abs(x) - 0.6, 0)),
]
