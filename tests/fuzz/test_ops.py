"""Every row of the op table with other numbers, dtypes and layouts than the default tests draw; and functions of any shape,
empty ones included, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import nn
import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import TensorgradError
from tests.fuzz.layouts import laid_out
from tests.fuzz.settings import examples
from tests.libraries import outputs_of
from tests.op_cases import ALL
from tests.op_cases.case import Case
from tests.tensorgrad.ops.test_all_ops import first_gradients, rows, run, same, tensors_of, wants_grad

pytestmark = pytest.mark.fuzz


@rows(ALL)
def test_any_layout(case: Case) -> None:
    """Fresh numbers, each input somewhere else in memory: values as the row's definition has them, gradients
    as for plain copies."""
    @examples(2)
    @given(st.data())
    def check(data: Any) -> None:
        arrays = case.draw(data.draw(st.integers(0, 2**32 - 1)))
        elsewhere = [laid_out(a, data.draw) for a in arrays]
        copies = [a.copy() for a in arrays]
        outputs = run(case, *tensors_of(case, elsewhere))
        wanted = outputs_of(case.reference(*copies)) if case.reference else run(case, *tensors_of(case, copies))
        assert len(outputs) == len(wanted)
        for out, value in zip(outputs, wanted):
            same(out, value, case.rtol if out.dtype == np.float64 else None)
        for array, copy in zip(elsewhere, copies):
            np.testing.assert_array_equal(array, copy)
        if case.orders and any(wants_grad(out) for out in outputs):
            for found, value in zip(first_gradients(case, elsewhere), first_gradients(case, copies)):
                same(found, value)

    check()


# -- any shape, also an empty one --------------------------------------------------------------------------------------

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
UNARY = {"exp": np.exp, "tanh": np.tanh, "sin": np.sin, "abs": np.abs, "neg": np.negative, "square": np.square,
         "floor": np.floor, "sign": np.sign, "expm1": np.expm1, "cosh": np.cosh, "atan": np.arctan, "isfinite": np.isfinite}
BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
          "hypot": np.hypot, "atan2": np.arctan2, "lt": np.less, "ge": np.greater_equal, "eq": np.equal,
          "copysign": np.copysign}
REDUCTIONS = {"sum": np.sum, "mean": np.mean, "prod": np.prod, "amax": np.max, "amin": np.min, "any": np.any, "all": np.all,
              "argmax": np.argmax, "count_nonzero": np.count_nonzero, "nansum": np.nansum, "cumsum": np.cumsum,
              "cumprod": np.cumprod}


def values(data: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers, anywhere in memory."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    return laid_out(rng.normal(size=shape), data.draw)


@examples(300)
@given(st.sampled_from(sorted(UNARY)), SHAPES, st.data())
def test_functions_of_one(name, shape, data):
    x = values(data, shape)
    found = getattr(tensorgrad, name)(Tensor(x))
    wanted = UNARY[name](x)
    assert found.dtype == wanted.dtype
    same(found, wanted)


@examples(300)
@given(st.sampled_from(sorted(BINARY)), npst.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=4),
       st.data())
def test_functions_of_two(name, shapes, data):
    a, b = [values(data, shape) for shape in shapes.input_shapes]
    left, right = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    found = getattr(tensorgrad, name)(left, right)
    wanted = BINARY[name](a, b)
    assert found.dtype == wanted.dtype and found.shape == shapes.result_shape
    same(found, wanted)
    if found.requires_grad:
        d_a, d_b = grad(found, (left, right), np.ones(found.shape), materialize_grads=True)
        assert d_a.shape == a.shape and d_b.shape == b.shape and d_a.dtype == d_b.dtype == np.float64
        if name in ("add", "sub", "mul"):  # the sum over what was repeated, by NumPy alone
            for gradient, array, factor in ((d_a, a, b if name == "mul" else 1.0),
                                            (d_b, b, a if name == "mul" else -1.0 if name == "sub" else 1.0)):
                full = np.broadcast_to(factor, found.shape)
                extra = tuple(range(full.ndim - array.ndim))
                kept = tuple([i for i in range(array.ndim) if array.shape[i] == 1])
                same(gradient, full.sum(extra).sum(kept, keepdims=True))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")  # NumPy says so, and gives NaN as we do
@examples(400)
@given(st.sampled_from(sorted(REDUCTIONS)), SHAPES, st.booleans(), st.data())
def test_reductions(name, shape, keepdim, data):
    """NumPy's result, or a refusal where there is none: the largest of nothing."""
    x = values(data, shape)
    running = name.startswith("cum")
    dim = data.draw(st.integers(-len(shape), len(shape) - 1)) if shape else None
    if dim is None and running:
        return
    options = {} if running or dim is None else {"keepdim": keepdim}
    try:
        wanted = REDUCTIONS[name](x, axis=dim, **({"keepdims": keepdim} if options else {}))
    except ValueError:
        with pytest.raises((TensorgradError, ValueError, IndexError)):
            getattr(tensorgrad, name)(Tensor(x), *([] if dim is None else [dim]))
        return
    if name == "count_nonzero" and options:
        wanted, options = REDUCTIONS[name](x, axis=dim), {}
    found = getattr(tensorgrad, name)(Tensor(x), *([] if dim is None else [dim]), **options)
    same(found, wanted)


# -- layers ------------------------------------------------------------------------------------------------------------

LAYERS = {
    "Linear": (lambda c: nn.Linear(5, 3), lambda n, c: (n, c, 5)),
    "Conv1d": (lambda c: nn.Conv1d(c, 2, 3, padding=1), lambda n, c: (n, c, 5)),
    "Conv2d": (lambda c: nn.Conv2d(c, 4, 3, stride=2, padding=1), lambda n, c: (n, c, 5, 4)),
    "Conv3d": (lambda c: nn.Conv3d(c, 2, 2), lambda n, c: (n, c, 3, 4, 2)),
    "ConvTranspose2d": (lambda c: nn.ConvTranspose2d(c, 2, 3, stride=2), lambda n, c: (n, c, 3, 2)),
    "MaxPool2d": (lambda c: nn.MaxPool2d(2, 1, 1), lambda n, c: (n, c, 4, 3)),
    "AvgPool2d": (lambda c: nn.AvgPool2d(3, 2, 1, ceil_mode=True), lambda n, c: (n, c, 5, 6)),
    "AdaptiveAvgPool2d": (lambda c: nn.AdaptiveAvgPool2d((3, 2)), lambda n, c: (n, c, 4, 5)),
    "AdaptiveMaxPool2d": (lambda c: nn.AdaptiveMaxPool2d(2), lambda n, c: (n, c, 4, 5)),
    "BatchNorm2d": (lambda c: nn.BatchNorm2d(c).eval(), lambda n, c: (n, c, 3, 2)),
    "InstanceNorm2d": (lambda c: nn.InstanceNorm2d(c, affine=True), lambda n, c: (n, c, 3, 2)),
    "GroupNorm": (lambda c: nn.GroupNorm(1, c), lambda n, c: (n, c, 3)),
    "LayerNorm": (lambda c: nn.LayerNorm(4), lambda n, c: (n, c, 4)),
    "Upsample": (lambda c: nn.Upsample(scale_factor=2, mode="bilinear"), lambda n, c: (n, c, 3, 2)),
    "ReflectionPad2d": (lambda c: nn.ReflectionPad2d(1), lambda n, c: (n, c, 3, 2)),
    "PReLU": (lambda c: nn.PReLU(c), lambda n, c: (n, c, 3)),
    "Softmax": (lambda c: nn.Softmax(1), lambda n, c: (n, c, 3)),
}


@examples(300)
@given(st.sampled_from(sorted(LAYERS)), st.integers(0, 3), st.sampled_from([1, 2, 5]),
       st.sampled_from([np.float32, np.float64]), st.data())
def test_layers(name, n, channels, dtype, data):
    """A batch is its images one by one, whatever its layout and also if it is empty; so is the gradient of the input."""
    make, shape = LAYERS[name]
    tensorgrad.manual_seed(data.draw(st.integers(0, 1000)))
    layer = make(channels).to(dtype)
    array = values(data, shape(n, channels)).astype(dtype)
    batch = Tensor(laid_out(array, data.draw), requires_grad=True)
    out = layer(batch)
    assert out.dtype == dtype and len(out) == n
    weights = np.random.default_rng(3).normal(size=out.shape).astype(dtype)
    gradients = grad(out, [batch, *layer.parameters()], weights, materialize_grads=True)
    assert gradients[0].shape == batch.shape
    total = [np.zeros(p.shape) for p in layer.parameters()]
    for i in range(n):
        image = Tensor(array[i:i + 1].copy(), requires_grad=True)
        alone = layer(image)
        same(out[i:i + 1], alone, 5e-6 if dtype == np.float32 else 1e-12)
        single = grad(alone, [image, *layer.parameters()], weights[i:i + 1], materialize_grads=True)
        same(gradients[0][i:i + 1], single[0], 1e-5 if dtype == np.float32 else 1e-12)
        total = [before + gradient.numpy() for before, gradient in zip(total, single[1:])]
    for gradient, wanted in zip(gradients[1:], total):
        same(gradient, wanted, 2e-5 if dtype == np.float32 else 1e-11)
