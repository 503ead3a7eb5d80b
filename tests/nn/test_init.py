"""Initial values: bounds and moments of the distributions, the layers' defaults, generators, errors."""

import math

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import init
from tensorgrad.errors import ArgumentError, ShapeError

SHAPE = (400, 100, 3, 3)  # fan in 900, fan out 3600


def filled(function, *args, shape=SHAPE, **kwargs):
    tensor = tg.Tensor(np.empty(shape, np.float32))
    assert function(tensor, *args, **kwargs) is tensor
    return tensor.numpy()


def is_uniform(values, bound):
    """Within ±bound, nearly reaching it, with the moments of the uniform distribution."""
    spread = bound / math.sqrt(3 * values.size)
    return (abs(values).max() <= bound * (1 + 1e-6) and abs(values).max() > 0.9 * bound and abs(values.mean()) < 5 * spread
            and abs(values.std() / (bound / math.sqrt(3)) - 1) < max(0.02, 3 / math.sqrt(values.size)))


def is_normal(values, std):
    return (abs(values.mean()) < 5 * std / math.sqrt(values.size) and abs(values.std() / std - 1) < 0.02
            and abs(np.mean((values / std) ** 4) - 3) < 0.1)


def test_plain_distributions():
    values = filled(init.uniform_, -3, 1)
    assert is_uniform(values + 1, 2)
    assert is_normal(filled(init.normal_, 5.0, 0.1) - 5, 0.1)
    assert not filled(init.zeros_).any() and (filled(init.ones_) == 1).all() and (filled(init.constant_, 0.5) == 0.5).all()


def test_truncated_normal():
    values = filled(init.trunc_normal_, 1.0, 2.0, 0.0, 2.0)
    assert values.min() >= 0 and values.max() <= 2 and abs(values.mean() - 1) < 0.01
    assert values.std() < 2 / math.sqrt(12) * 1.01 and values.std() > 0.55
    assert (filled(init.trunc_normal_, 1.0, 0.0) == 1).all()
    assert filled(init.trunc_normal_, shape=(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("function, bound", [
    (lambda t: init.xavier_uniform_(t), math.sqrt(6 / 4500)),
    (lambda t: init.xavier_uniform_(t, gain=2), 2 * math.sqrt(6 / 4500)),
    (lambda t: init.kaiming_uniform_(t), math.sqrt(2) * math.sqrt(3 / 900)),
    (lambda t: init.kaiming_uniform_(t, a=math.sqrt(5)), 1 / math.sqrt(900)),
    (lambda t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="tanh"), 5 / 3 * math.sqrt(3 / 3600)),
])
def test_uniform_bounds(function, bound):
    assert is_uniform(filled(function), bound)


@pytest.mark.parametrize("function, std", [
    (lambda t: init.xavier_normal_(t, gain=0.5), 0.5 * math.sqrt(2 / 4500)),
    (lambda t: init.kaiming_normal_(t), math.sqrt(2 / 900)),
    (lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), math.sqrt(2 / 3600)),
])
def test_normal_spreads(function, std):
    assert is_normal(filled(function), std)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 2, 3, 3), (5, 5)])
def test_orthogonal(shape):
    matrix = filled(init.orthogonal_, 2.0, shape=shape).reshape(shape[0], -1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    assert np.allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)
    assert filled(init.orthogonal_, shape=(0, 3)).size == 0


def test_identities():
    assert np.array_equal(filled(init.eye_, shape=(2, 3)), np.eye(2, 3))
    image = tg.randn(2, 4, 5, 5)
    for groups in (1, 2):
        layer = nn.Conv2d(4, 4, 3, padding=1, groups=groups, bias=False)
        init.dirac_(layer.weight, groups)
        assert np.array_equal(layer(image).numpy(), image.numpy())


def test_sparse():
    values = filled(init.sparse_, 0.3, 2.0, shape=(10, 500))
    assert ((values == 0).sum(0) == 3).all() and abs(values[values != 0].std() - 2) < 0.1


def test_gains():
    known = {"linear": 1, "conv2d": 1, "conv_transpose3d": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2),
             "selu": 0.75, "leaky_relu": math.sqrt(2 / (1 + 0.01 ** 2))}
    assert {name: init.calculate_gain(name) for name in known} == pytest.approx(known)
    assert init.calculate_gain("leaky_relu", 1) == pytest.approx(1)


def test_generators():
    functions = [init.uniform_, init.normal_, init.trunc_normal_, init.xavier_uniform_, init.xavier_normal_,
                 init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_, lambda t, **kw: init.sparse_(t, 0.5, **kw)]
    for function in functions:
        state = tg.random.get_rng_state()
        first, second, other = (filled(function, shape=(4, 5), generator=np.random.default_rng(s)) for s in (1, 1, 2))
        assert np.array_equal(first, second) and not np.array_equal(first, other)
        assert tg.random.get_rng_state() == state
        tg.random.manual_seed(3)
        first = filled(function, shape=(4, 5))
        tg.random.manual_seed(3)
        assert np.array_equal(first, filled(function, shape=(4, 5)))


def test_a_parameter_is_filled_in_place_and_outside_the_graph():
    parameter = nn.Parameter(np.zeros((3, 3), np.float32))
    array = parameter.numpy()
    init.normal_(parameter)
    assert parameter.numpy() is array and array.any() and parameter.is_leaf and parameter.dtype == np.float32


@pytest.mark.parametrize("layer, bound", [
    (lambda: nn.Linear(50, 200), 1 / math.sqrt(50)),
    (lambda: nn.Conv1d(8, 300, 5), 1 / math.sqrt(40)),
    (lambda: nn.Conv2d(8, 300, 3, groups=2), 1 / math.sqrt(36)),
    (lambda: nn.Conv3d(2, 300, 3), 1 / math.sqrt(54)),
    (lambda: nn.ConvTranspose1d(8, 300, 5), 1 / math.sqrt(1500)),
    (lambda: nn.ConvTranspose2d(8, 300, 3, groups=2), 1 / math.sqrt(1350)),
    (lambda: nn.ConvTranspose3d(2, 300, 3), 1 / math.sqrt(8100)),
    (lambda: nn.Bilinear(50, 10, 300), 1 / math.sqrt(50)),
])
def test_default_values_of_layers(layer, bound):
    layer = layer()
    assert is_uniform(layer.weight.numpy(), bound) and is_uniform(layer.bias.numpy(), bound)
    before = layer.weight.numpy().copy()
    layer.reset_parameters()
    assert not np.array_equal(before, layer.weight.numpy())


def test_default_values_of_other_layers():
    embedding = nn.Embedding(1000, 40, padding_idx=-1)
    assert is_normal(embedding.weight.numpy()[:-1], 1.0) and not embedding.weight.numpy()[-1].any()
    norm = nn.BatchNorm2d(3)
    assert [norm.weight.tolist(), norm.bias.tolist(), norm.running_mean.tolist(), norm.running_var.tolist()] == [
        [1] * 3, [0] * 3, [0] * 3, [1] * 3]
    assert nn.PReLU(2).weight.tolist() == [0.25, 0.25]


@pytest.mark.parametrize("call, error, text", [
    (lambda t: init.uniform_(t, 1, 0), ArgumentError, "uniform_: the interval from 1 to 0 is empty.\n  Pass a ≤ b"),
    (lambda t: init.normal_(t, 0, -1), ArgumentError, "normal_: std is -1.\n  Pass a number ≥ 0"),
    (lambda t: init.trunc_normal_(t, 0, 1, 2, 2), ArgumentError, "trunc_normal_: std is 1, a is 2, b is 2.\n  Pass std ≥ 0"),
    (lambda t: init.trunc_normal_(t, 50), ArgumentError, r"trunc_normal_: \[-2.0, 2.0\] holds 0.0e\+00 .*\n  Choose an"),
    (lambda t: init.sparse_(t, 2), ArgumentError, "sparse_: sparsity is 2.\n  Pass a fraction"),
    (lambda t: init.kaiming_normal_(t, mode="in"), ArgumentError, "kaiming_normal_: mode is 'in'.\n  Use 'fan_in' or"),
    (lambda t: init.kaiming_normal_(t, nonlinearity="gelu"), ArgumentError, "calculate_gain: 'gelu' is not known.\n  Use"),
    (lambda t: init.calculate_gain("leaky_relu", True), ArgumentError, "True is no slope for leaky_relu.\n  Pass a number"),
    (lambda t: init.dirac_(t), ShapeError, "dirac_: a convolution's weight has 3, 4 or 5 axes\n.*\n  Use eye_"),
    (lambda t: init.xavier_normal_(t[0]), ShapeError, "xavier_normal_: fan in and fan out need at least 2 axes\n.*\n"),
    (lambda t: init.orthogonal_(t[0]), ShapeError, "orthogonal_: orthogonality needs at least 2 axes\n.*\n  Use it for"),
    (lambda t: init.eye_(t[0]), ShapeError, "eye_: the identity is a matrix\n.*\n  Use dirac_"),
    (lambda t: init.sparse_(t[0], 0.1), ShapeError, "sparse_: columns are those of a matrix\n.*\n  Reshape it"),
    (lambda t: init.dirac_(tg.zeros(3, 3, 3), 2), ArgumentError, "dirac_: 3 filters are not divisible by 2 groups"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(tg.zeros(2, 2))
