"""Sequential writes batch norm and ReLU over a convolution's result: the numbers are those of layers run one by one."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad
from nn.modules.module import register_module_forward_hook
from tensorgrad import kernels, no_grad, profiler
from tensorgrad.autograd import detect_anomaly
from tensorgrad.errors import ShapeError


@pytest.fixture(params=kernels.available())
def kernel_set(request):
    with kernels.use(request.param) as chosen:
        yield chosen


@pytest.fixture
def written(kernel_set, monkeypatch):
    """Per call of the kernel that writes over its input: with ReLU or without."""
    calls = []
    kernel = kernel_set.channel_affine_

    def counted(x, scale, shift, relu):
        calls.append(relu)
        kernel(x, scale, shift, relu)

    monkeypatch.setattr(kernel_set, "channel_affine_", counted)
    return calls


def unit(dim=2, transposed=False, channels=16, **options):
    """A convolution, a batch norm that has seen numbers, ReLU."""
    tensorgrad.manual_seed(0)
    name = f"ConvTranspose{dim}d" if transposed else f"Conv{dim}d"
    norm = getattr(nn, f"BatchNorm{dim}d")(channels, **options)
    net = nn.Sequential(getattr(nn, name)(3, channels, 3), norm, nn.ReLU())
    for v in (norm.weight, norm.bias, norm.running_mean):
        if v is not None:
            nn.init.normal_(v)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return net.eval()


def one_by_one(net, x):
    for layer in net:
        x = layer(x)
    return x


def image(dim=2, dtype=np.float32):
    return tensorgrad.tensor(np.random.default_rng(0).normal(size=(4, 3, *[9] * dim)).astype(dtype))


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"bias": False}], ids=str)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_same_numbers_bit_by_bit(written, dim, transposed, options):
    net, x = unit(dim, transposed, **options), image(dim)
    before = x.array.copy()
    with no_grad():
        for layers in (net, net[:2]):
            np.testing.assert_array_equal(layers(x).array, one_by_one(layers, x).array)
    assert written == [True, False]
    np.testing.assert_array_equal(x.array, before)


def test_layers_before_between_and_behind(written):
    """Two units in a row, an input that is normalised first, which is not written over, and a unit in a unit."""
    first, second = unit(), unit()
    net = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), *first, nn.Conv2d(16, 3, 1), nn.ReLU(), second, nn.MaxPool2d(2)).eval()
    x = image()
    before = x.array.copy()
    with no_grad():
        found = net(x)
        assert written == [True, True]
        expected = one_by_one([*net][:-2] + [*second, net[-1]], x)
    np.testing.assert_array_equal(found.array, expected.array)
    np.testing.assert_array_equal(x.array, before)


def test_float64_and_float16(written):
    for dtype, calls in ((np.float64, 1), (np.float16, 1)):  # float16 is computed in float32, in another array
        net, x = unit().to(dtype=dtype), image(dtype=dtype)
        with no_grad():
            found = net(x)
            np.testing.assert_array_equal(found.array, one_by_one(net, x).array)
        assert found.dtype == dtype and len(written) == calls


def test_nan_and_infinity_pass(kernel_set):
    net, x = unit(), image()
    x.array[0, 0, 0, 0], x.array[1, 1, 4, 4] = np.nan, np.inf
    with no_grad(), np.errstate(invalid="ignore"):
        found = net(x).array
        np.testing.assert_array_equal(found, one_by_one(net, x).array)
    assert np.isnan(found).any()


# -- where somebody would notice, layers run one by one ----------------------------------------------------------------


def test_a_graph_keeps_what_it_needs(written):
    net, x = unit(), image().requires_grad_()
    net(x).sum().backward()
    assert not written and x.grad is not None


def test_training(written):
    net = unit().train()
    with no_grad():
        net(image())
    assert not written and net[1].num_batches_tracked.item() == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_hooks_see_every_result(written, place):
    net, x, seen = unit(), image(), []
    with no_grad():
        with net[place].register_forward_hook(lambda module, args, output: seen.append(output)):
            net(x)
        expected = one_by_one(net[:place + 1], x)
    np.testing.assert_array_equal(seen[0].array, expected.array)
    assert written == ([False] if place == 2 else [])


def test_hooks_of_all_modules_see_every_result_and_leave_no_trace(written):
    net, x, seen = unit(), image(), []
    with no_grad():
        with register_module_forward_hook(lambda module, args, output: seen.append(type(module).__name__)):
            net(x)
        assert seen == ["Conv2d", "BatchNorm2d", "ReLU", "Sequential"] and written == []
        net(x)
    assert written == [True]


def test_profiler_and_anomaly_mode_see_every_op(written):
    net, x = unit(), image()
    with no_grad():
        with profiler.profile() as profile:
            net(x)
        with detect_anomaly():
            net(x)
    text = str(profile)
    assert not written and all([name in text for name in ("conv2d", "batch_norm_fixed", "relu")])


def test_layers_of_ones_own(written):
    """Subclasses, a forward set on an object, one replaced in a class: what they keep stays as it is."""
    kept = []

    class Keeping(nn.Conv2d):
        def forward(self, input):
            kept.append(super().forward(input))
            return kept[-1]

    net, x = unit(), image()
    keeping = nn.Sequential(Keeping(3, 16, 3), *net[1:]).eval()
    keeping[0].load_state_dict(net[0].state_dict())
    with no_grad():
        expected = net[0](x).array
        np.testing.assert_array_equal(keeping(x).array, one_by_one(net, x).array)
        np.testing.assert_array_equal(kept[0].array, expected)
        assert not written
        net[1].forward = lambda input: input
        np.testing.assert_array_equal(net(x).array, np.maximum(expected, 0))
    assert not written


def test_a_forward_replaced_in_a_class(written, monkeypatch):
    net, x, kept = unit(), image(), []
    forward = nn.Conv2d.forward

    def keeping(self, input):
        kept.append(forward(self, input))
        return kept[-1]

    with no_grad():
        expected = net[0](x).array
        monkeypatch.setattr(nn.Conv2d, "forward", keeping, raising=False)
        net(x)
    np.testing.assert_array_equal(kept[0].array, expected)
    assert not written


def test_what_does_not_fit_is_said_by_the_layer(written):
    net, x = unit(), image()
    net[1] = nn.BatchNorm2d(5).eval()
    with no_grad(), pytest.raises(ShapeError, match=r"1 \(BatchNorm2d\): batch_norm: .*has shape \(5,\), not \(16,\)"):
        net(x)
    net[1] = nn.BatchNorm1d(16).eval()
    with no_grad(), pytest.raises(ShapeError, match=r"1 \(BatchNorm1d\): BatchNorm1d: expects 2 or 3 axes, got 4"):
        net(x)
    assert not written


def test_without_running_statistics_the_batch_is_used(written):
    net, x = unit(), image()
    net[1] = nn.BatchNorm2d(16, track_running_stats=False).eval()
    with no_grad():
        np.testing.assert_array_equal(net(x).array, one_by_one(net, x).array)
    assert not written


def test_other_layers_behind_a_batch_norm(written):
    net, x = unit(), image()
    net[2] = nn.LeakyReLU()
    with no_grad():
        np.testing.assert_array_equal(net(x).array, one_by_one(net, x).array)
    assert written == [False]
