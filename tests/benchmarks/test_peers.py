"""The same row is the same computation in every library."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad
from benchmarks import engines, models
from benchmarks.cases import SUITES, Input, Network, Op
from benchmarks.engines.ours import Ours
from benchmarks.engines.stages import weights

NETWORKS = [case for case in SUITES["steps"].quick]
PEERS = ["torch", "torch-channels-last", "jax", "mygrad", "autograd", "tinygrad"]


@pytest.fixture(autouse=True)
def one_thread():
    before = tensorgrad.get_num_threads()
    yield
    tensorgrad.set_num_threads(before)


def require(name):
    if reason := engines.here()[name]:
        pytest.skip(reason)


def losses(name, case):
    """Of two steps: the second one depends on every gradient."""
    step = engines.create(name, 1).network(case)["step"]
    return [step(), step()]


@pytest.mark.torch
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("case", NETWORKS, ids=lambda case: case.model)
def test_training_steps_give_the_same_losses(name, case):
    require(name)
    if case.model not in {"jax": ("lenet5", "unet", "resnet20"), "tinygrad": ("mlp",)}.get(name, case.model):
        pytest.skip("compiling them all takes minutes")
    try:
        theirs = losses(name, case)
    except NotImplementedError as reason:
        pytest.skip(f"{name}: {reason}")
    assert losses("tensorgrad", case) == pytest.approx(theirs, rel=5e-3, abs=2e-3)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["torch", "jax", "mygrad", "autograd", "tinygrad"])
@pytest.mark.parametrize("case", [case for case in SUITES["ops"].quick if isinstance(case, Op)], ids=lambda case: case.name)
def test_calls_have_the_same_value(name, case):
    """Every library's function under PyTorch's name is that function: the sum of squares of its result agrees."""
    require(name)

    def square(lib, *inputs):
        y = case.call(lib, *inputs)
        return lib.sum(y * y)

    given = tuple(Input((1,) if not x.shape else x.shape, x.grad, x.classes) for x in case.inputs)
    rng = np.random.default_rng(0)
    arrays = [x.array(rng) for x in given]
    found = []
    for engine in (engines.create("tensorgrad", 1), engines.create(name, 1)):
        tensors = [engine.tensor(a) if hasattr(engine, "tensor") else a for a in arrays]
        try:
            found.append(float(square(engine.layers, *tensors).item()))
        except NotImplementedError as reason:
            pytest.skip(f"{name}: {reason}")
    assert found[0] == pytest.approx(found[1], rel=1e-4)


@pytest.mark.parametrize("name", nn.models.available())
@pytest.mark.parametrize("classes, channels, side", [(10, 1, 28), (7, 3, 32), (10, 2, 8), (3, 1, 17)])
def test_networks_have_the_names_and_shapes_of_nn_models(name, classes, channels, side):
    ours = nn.models.create(name, num_classes=classes, in_channels=channels, image_size=side)
    theirs = models.create(Ours.layers, name, classes, channels, side)
    assert shapes(ours.state_dict().items()) == shapes(theirs.state_dict().items())
    assert shapes(ours.named_parameters()) == shapes(theirs.named_parameters())


def shapes(tensors):
    return [(name, tuple(tensor.shape)) for name, tensor in tensors]


@pytest.mark.parametrize("case", [case for name in ("steps", "inference") for case in SUITES[name].cases],
                         ids=lambda case: f"{case.name}, {'training' if case.train else 'inference'}")
def test_every_network_is_written(case):
    assert case.model in models.MODELS and str(case.batch) in case.name


def test_initial_weights_are_the_same_for_the_same_shapes():
    a, b = (weights(models.create(Ours.layers, "resnet20", 10, 3, 8).named_parameters()) for _ in range(2))
    assert list(a) == list(b) and all((a[name] == b[name]).all() for name in a)
    assert a["conv1.weight"].std() == pytest.approx((2 / 27)**0.5, rel=0.1) and a["conv1.weight"].dtype == np.float32
    assert (a["bn1.weight"] == 1).all() and (a["fc.bias"] == 0).all()


def test_labels_of_a_network_that_scores_pixels():
    images, labels = Network("", "unet", 2, 3, 16).data()
    assert images.shape == (2, 3, 16, 16) and labels.shape == (2, 16, 16)
