"""Normalisation layers: running statistics, modes, options, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError


def batch(rng, *shape):
    return tg.tensor(rng.normal(2.0, 3.0, shape))


def test_batch_norm_by_hand_and_its_running_statistics():
    layer = nn.BatchNorm1d(1, eps=1e-300, momentum=0.5, dtype=tg.float64)
    assert layer(tg.tensor([[1.0], [3.0]], dtype=tg.float64)).tolist() == [[-1.0], [1.0]]
    assert layer.running_mean.tolist() == [1.0]  # half of 2
    assert layer.running_var.tolist() == [1.5]   # half of 1 and half of 2, the unbiased variance
    assert layer.num_batches_tracked.item() == 1
    before = layer.state_dict(keep_vars=True)
    assert layer.eval()(tg.tensor([[1.0 + 1.5 ** 0.5]], dtype=tg.float64)).item() == pytest.approx(1.0)
    assert layer.num_batches_tracked.item() == 1 and layer.state_dict(keep_vars=True) == before


@pytest.mark.parametrize("training, eps", [(True, 0.0), (True, -1.0), (False, -1e-9)])
def test_batch_norm_with_an_eps_that_would_divide_by_0(training, eps):
    layer = nn.BatchNorm1d(2, eps=eps).train(training)
    with pytest.raises(ArgumentError, match=f"eps={eps} is not positive.*\n  Use a small number, such as 1e-5"):
        layer(tg.ones(3, 2))
    assert layer.num_batches_tracked.item() == 0
    assert nn.BatchNorm1d(2, eps=0.0).eval()(tg.ones(3, 2)).tolist() == [[1, 1]] * 3


def test_without_momentum_every_batch_counts_the_same(rng):
    layer = nn.BatchNorm2d(3, momentum=None, dtype=tg.float64)
    batches = [batch(rng, 4, 3, 2, 2) for _ in range(3)]
    for x in batches:
        layer(x)
    means = [x.numpy().mean((0, 2, 3)) for x in batches]
    assert np.allclose(layer.running_mean.numpy(), np.mean(means, 0)) and layer.num_batches_tracked.item() == 3


def test_without_tracking_the_batch_is_used_in_both_modes(rng):
    layer = nn.BatchNorm2d(3, track_running_stats=False, dtype=tg.float64)
    x = batch(rng, 4, 3, 2, 2)
    assert np.array_equal(layer(x).numpy(), layer.eval()(x).numpy())
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert not list(nn.BatchNorm2d(3, affine=False, track_running_stats=False).state_dict())


def test_reset(rng):
    layer = nn.BatchNorm2d(3)
    layer(batch(rng, 4, 3, 2, 2).to(np.float32))
    nn.init.zeros_(layer.weight)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0] * 3 and layer.num_batches_tracked.item() == 0
    assert layer.weight.tolist() == [0] * 3
    layer.reset_parameters()
    assert layer.weight.tolist() == [1] * 3


def test_a_refused_batch_changes_no_statistics():
    layer = nn.BatchNorm2d(3)
    with pytest.raises(ShapeError):
        layer(tg.zeros(2, 4, 2, 2))
    with pytest.raises(ShapeError):
        layer(tg.zeros(1, 3, 1, 1))
    assert layer.num_batches_tracked.item() == 0 and layer.running_mean.tolist() == [0] * 3


@pytest.mark.parametrize("layer, shape, axes", [
    (lambda: nn.BatchNorm1d(4), (5, 4), (0,)),
    (lambda: nn.BatchNorm1d(4), (5, 4, 3), (0, 2)),
    (lambda: nn.BatchNorm2d(4), (5, 4, 3, 2), (0, 2, 3)),
    (lambda: nn.BatchNorm3d(4), (5, 4, 3, 2, 2), (0, 2, 3, 4)),
    (lambda: nn.InstanceNorm1d(4), (5, 4, 7), (2,)),
    (lambda: nn.InstanceNorm2d(4), (4, 3, 5), (1, 2)),
    (lambda: nn.InstanceNorm3d(4, affine=True), (5, 4, 3, 2, 2), (2, 3, 4)),
    (lambda: nn.LayerNorm((3, 2)), (5, 4, 3, 2), (2, 3)),
    (lambda: nn.GroupNorm(1, 4), (5, 4, 3, 2), (1, 2, 3)),
    (lambda: nn.GroupNorm(4, 4), (5, 4, 3, 2), (2, 3)),
])
def test_results_have_mean_0_and_variance_1_over_their_axes(rng, layer, shape, axes):
    out = layer()(batch(rng, *shape).to(np.float32)).numpy()
    assert out.dtype == np.float32 and np.allclose(out.mean(axes), 0, atol=1e-5) and np.allclose(out.var(axes), 1, atol=1e-3)


def test_instance_norm_with_running_statistics(rng):
    layer = nn.InstanceNorm2d(3, track_running_stats=True, momentum=1.0, dtype=tg.float64)
    x = batch(rng, 4, 3, 5, 5)
    layer(x)
    assert np.allclose(layer.running_mean.numpy(), x.numpy().mean((0, 2, 3)))
    assert np.allclose(layer.eval()(x).numpy().mean((0, 2, 3)), 0)


def test_layer_norm_options():
    assert list(nn.LayerNorm(3).state_dict()) == ["weight", "bias"]
    assert list(nn.LayerNorm([3, 2], bias=False).state_dict()) == ["weight"]
    assert not list(nn.LayerNorm(3, elementwise_affine=False).parameters())


def test_rms_and_local_response_norm_by_hand():
    assert nn.RMSNorm(2)(tg.tensor([[1.0, 7.0]], dtype="float64")).tolist()[0] == pytest.approx([0.2, 1.4])
    layer = nn.LocalResponseNorm(3, alpha=3.0, beta=1.0, k=1.0)  # each entry by 1 + the squares of itself and its neighbours
    assert layer(tg.ones(1, 3, 1)).flatten().tolist() == pytest.approx([1 / 3, 1 / 4, 1 / 3])


def test_texts():
    assert repr(nn.BatchNorm2d(3)) == (
        "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)")
    assert repr(nn.LayerNorm(3)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"
    assert repr(nn.GroupNorm(2, 4)) == "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.BatchNorm2d(-3), ArgumentError, "BatchNorm2d: num_features=-3 makes no sense here.\n  Use an integer ≥ 0"),
    (lambda: nn.BatchNorm2d(3, momentum=2), ArgumentError, "momentum=2 is no share of the newest batch.\n  Use a number"),
    (lambda: nn.BatchNorm2d(3, dtype=int), DtypeError, "BatchNorm2d: parameters cannot be int64"),
    (lambda: nn.GroupNorm(3, 4), ArgumentError, "GroupNorm: num_channels=4 is not divisible by num_groups=3.\n  Use"),
    (lambda: nn.RMSNorm(()), ArgumentError, "RMSNorm: normalized_shape is empty"),
    (lambda: nn.LocalResponseNorm(0), ArgumentError, "LocalResponseNorm: size=0 makes no sense"),
    (lambda: nn.LayerNorm(()), ArgumentError, "LayerNorm: normalized_shape is empty.\n  Use the sizes"),
    (lambda: nn.LayerNorm((3, 0)), ArgumentError, "LayerNorm: normalized_shape=0 makes no sense"),
    (lambda: nn.BatchNorm2d(3)(tg.zeros(2, 3)), ShapeError, r"BatchNorm2d: expects 4 axes, got 2\n.*\n  Use the layer"),
    (lambda: nn.BatchNorm1d(3)(tg.zeros(2)), ShapeError, "BatchNorm1d: expects 2 or 3 axes, got 1"),
    (lambda: nn.InstanceNorm2d(3)(tg.zeros(2)), ShapeError, "InstanceNorm2d: expects 3 or 4 axes, got 1"),
    (lambda: nn.Sequential(nn.BatchNorm2d(3))(tg.zeros(2, 4, 2, 2)), ShapeError, r"^0 \(BatchNorm2d\): batch_norm: "),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
