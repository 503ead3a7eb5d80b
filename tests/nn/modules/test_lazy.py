"""Layers that take the size of their input from the first one."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nn
from nn import optim
from tensorgrad import manual_seed, no_grad, tensor, zeros
from tensorgrad.errors import ArgumentError, ShapeError, StateError, UninitializedError


def lazy_net():
    return nn.Sequential(nn.Conv2d(None, 4, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(),
                         nn.Linear(None, 10))


def plain_net():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))


IMAGES = (2, 3, 8, 8)


@pytest.mark.parametrize("lazy, plain, shape", [
    (lambda: nn.LazyLinear(2), lambda: nn.Linear(5, 2), (3, 5)),
    (lambda: nn.Linear(None, 2, bias=False), lambda: nn.Linear(5, 2, bias=False), (5,)),
    *[(lambda n=n: getattr(nn, f"LazyConv{n}d")(4, 3, groups=2), lambda n=n: getattr(nn, f"Conv{n}d")(6, 4, 3, groups=2),
       (2, 6, *[5] * n)) for n in (1, 2, 3)],
    *[(lambda n=n: getattr(nn, f"Conv{n}d")(None, 4, 3), lambda n=n: getattr(nn, f"Conv{n}d")(6, 4, 3), (6, *[5] * n))
      for n in (1, 2, 3)],
    *[(lambda n=n: getattr(nn, f"LazyConvTranspose{n}d")(4, 3, groups=2),
       lambda n=n: getattr(nn, f"ConvTranspose{n}d")(6, 4, 3, groups=2), (2, 6, *[3] * n)) for n in (1, 2, 3)],
    *[(lambda n=n: getattr(nn, f"LazyBatchNorm{n}d")(), lambda n=n: getattr(nn, f"BatchNorm{n}d")(6), (2, 6, *[3] * n))
      for n in (1, 2, 3)],
    *[(lambda n=n: getattr(nn, f"LazyInstanceNorm{n}d")(),
       lambda n=n: getattr(nn, f"InstanceNorm{n}d")(6, affine=True, track_running_stats=True), (6, *[3] * n))
      for n in (1, 2, 3)],
    (lambda: nn.InstanceNorm2d(None), lambda: nn.InstanceNorm2d(6), (2, 6, 3, 3)),
])
def test_the_first_call_makes_an_ordinary_layer(lazy, plain, shape):
    manual_seed(0)
    wanted = plain()
    layer = lazy()
    assert type(layer) is not type(wanted) and isinstance(layer, type(wanted)) and layer.has_uninitialized_params()
    x = tensor(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    manual_seed(0)
    out = layer(x)
    assert type(layer) is type(wanted) and repr(layer) == repr(wanted)
    assert all(type(p) is nn.Parameter for p in layer.parameters())
    np.testing.assert_array_equal(out.numpy(), wanted(x).numpy())  # the same draws in the same order
    assert list(layer.state_dict()) == list(wanted.state_dict())


def test_a_lazy_model_learns():
    net = lazy_net()
    with no_grad():
        net(zeros(*IMAGES))
    before = net[0].weight.numpy().copy()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    net(tensor(np.random.default_rng(0).normal(size=IMAGES).astype(np.float32))).square().sum().backward()
    optimizer.step()
    assert (net[0].weight.numpy() != before).any()


@pytest.mark.parametrize("look", [
    lambda net: optim.Adam(net.parameters(), lr=0.1),
    lambda net: sum(p.numel() for p in net.parameters()),
    lambda net: net[0].weight.shape,
    lambda net: net.state_dict(),
    lambda net: nn.init.zeros_(net[0].weight),
    lambda net: net[0].weight + 1,
    lambda net: np.asarray(net[0].weight),
])
def test_parameters_without_a_shape_are_not_looked_at(look):
    with pytest.raises(UninitializedError, match=r"0\.weight has no shape yet(.|\n)*Call the model once with an example"):
        look(lazy_net())


def test_parameters_stay_the_same_objects_under_their_names():
    net = lazy_net()
    named = dict(net.named_parameters())
    assert "UninitializedParameter(dtype=float32)" == repr(named["4.weight"])
    assert "UninitializedBuffer(dtype=float32)" == repr(net[1].running_mean)
    net(zeros(*IMAGES))
    assert all(parameter is named[name] and parameter.name == name for name, parameter in net.named_parameters())


def test_dtype_and_freezing_are_kept():
    net = lazy_net().double()
    net[0].weight.requires_grad_(False)
    net(zeros(*IMAGES, dtype="float64"))
    assert {p.dtype.name for p in [*net.parameters(), net[1].running_mean]} == {"float64"}
    assert not net[0].weight.requires_grad and net[0].bias.requires_grad
    assert nn.LazyLinear(2, dtype="float16").weight.dtype == "float16"


def test_copies_and_pickles_stay_lazy():
    net = lazy_net()
    net[4].weight.requires_grad_(False)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert isinstance(other[0], nn.LazyConv2d) and other[0].weight is not net[0].weight
        other(zeros(*IMAGES))
        assert other[4].weight.shape == (10, 256) and not other[4].weight.requires_grad
    assert isinstance(net[0], nn.LazyConv2d)


class Doubled(nn.Linear):
    """A layer of a user's own."""

    def forward(self, input):
        return super().forward(input) * 2


def test_a_class_of_ones_own_may_be_lazy():
    layer = Doubled(None, 3)
    assert repr(layer) == "LazyDoubled(in_features=None, out_features=3, bias=True)"
    layer, other = pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)
    x = zeros(1, 4)
    np.testing.assert_array_equal(layer(x).numpy(), 2 * layer.bias.numpy()[None])
    assert type(layer) is Doubled and type(other) is not Doubled


def test_a_state_gives_the_sizes():
    manual_seed(0)
    trained, net = plain_net(), lazy_net()
    net.load_state_dict(trained.state_dict())
    assert type(net[0]) is nn.Conv2d and net[4].in_features == 256
    x = tensor(np.random.default_rng(0).normal(size=IMAGES).astype(np.float32))
    np.testing.assert_array_equal(net.eval()(x).numpy(), trained.eval()(x).numpy())
    transposed = nn.LazyConvTranspose2d(4, 3, groups=2)
    transposed.load_state_dict(nn.ConvTranspose2d(6, 4, 3, groups=2).state_dict())
    assert transposed.in_channels == 6


def test_a_state_that_does_not_fit_leaves_a_lazy_model_as_it_was():
    net = lazy_net()
    state = plain_net().state_dict()
    with pytest.raises(StateError, match=r"misfit +4\.weight: \(10, 7\) in the model, \(9, 7\) in the state"):
        net.load_state_dict({**state, "4.weight": np.zeros((9, 7))})
    with pytest.raises(StateError, match=r"misfit +4\.weight: without a shape in the model, \(7,\) in the state"):
        net.load_state_dict({**state, "4.weight": np.zeros(7)})
    with pytest.raises(StateError, match=r"missing +4\.weight without a shape"):
        net.load_state_dict({name: value for name, value in state.items() if name != "4.weight"})
    with pytest.raises(StateError, match=r"misfit +0\.weight: without a shape in the model, \(4, 3, 3\) in the state"):
        net.load_state_dict({**state, "0.weight": np.zeros((4, 3, 3))})
    assert isinstance(net[0], nn.LazyConv2d) and isinstance(net[4], nn.LazyLinear)


def test_a_refused_input_leaves_a_layer_lazy():
    layer = nn.LazyConv2d(4, 3, groups=2)
    with pytest.raises(ShapeError, match="LazyConv2d: the input has 2 axes"):
        layer(zeros(5, 5))
    with pytest.raises(ArgumentError, match=r"LazyConv2d: in_channels=3 is not divisible by groups=2"):
        layer(zeros(1, 3, 5, 5))
    with pytest.raises(ShapeError, match=r"LazyBatchNorm2d: expects 4 axes, got 3"):
        nn.LazyBatchNorm2d()(zeros(1, 3, 5))
    with pytest.raises(ShapeError, match=r"the input has no axis of features"):
        nn.LazyLinear(3)(zeros())
    assert isinstance(layer, nn.LazyConv2d)
    assert layer(zeros(1, 4, 5, 5)).shape == (1, 4, 3, 3)


def test_a_size_can_be_taken_without_a_call():
    layer = nn.LazyLinear(3)
    layer.initialize_parameters(zeros(2, 7))
    assert type(layer) is nn.Linear and layer.weight.shape == (3, 7)


def test_a_summary_is_a_first_call():
    found = nn.summary(lazy_net(), IMAGES[1:])
    assert found.parameters == nn.summary(plain_net(), IMAGES[1:]).parameters == 2690
    assert [row.type for row in found.rows] == ["Conv2d", "BatchNorm2d", "ReLU", "Flatten", "Linear"]


def test_hooks_run_once_and_an_output_size_is_passed_on():
    layer, calls = nn.LazyConvTranspose2d(2, 3, stride=2), []
    layer.register_forward_hook(lambda module, args, output: calls.append(output.shape))
    assert layer(zeros(1, 3, 4, 4), output_size=(10, 10)).shape == (1, 2, 10, 10)
    assert calls == [(1, 2, 10, 10)]
