"""Summary: formulas, counts, multiply-adds, sharing, and that the model is as before."""

import json

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.costs import multiply_adds, parameter_formula
from tensorgrad.errors import ArgumentError, ShapeError

LAYERS = [
    (lambda: nn.Conv2d(1, 6, 3), "(3·3·1+1)·6", (2, 1, 8, 8), 2 * 6 * 36 * 9),
    (lambda: nn.Conv2d(4, 6, (3, 5), groups=2, bias=False), "3·5·2·6", (1, 4, 8, 8), 6 * 6 * 4 * 3 * 5 * 2),
    (lambda: nn.Conv1d(2, 3, 3, stride=2), "(3·2+1)·3", (1, 2, 9), 3 * 4 * 6),
    (lambda: nn.Conv3d(1, 2, 2), "(2·2·2·1+1)·2", (1, 1, 3, 3, 3), 2 * 8 * 8),
    (lambda: nn.ConvTranspose2d(6, 4, 3, 2, groups=2), "(3·3·3+1)·4", (1, 6, 4, 4), 6 * 16 * 9 * 2),
    (lambda: nn.Linear(400, 120), "(400+1)·120", (2, 400), 2 * 400 * 120),
    (lambda: nn.Linear(400, 120, bias=False), "400·120", (2, 400), 2 * 400 * 120),
    (lambda: nn.BatchNorm2d(6), "2·6", (2, 6, 3, 3), 108),
    (lambda: nn.BatchNorm2d(6, track_running_stats=False), "2·6", (2, 6, 3, 3), 324),
    (lambda: nn.BatchNorm2d(6, affine=False), "", (2, 6, 3, 3), 108),
    (lambda: nn.LayerNorm((3, 4)), "2·3·4", (2, 3, 4), 72),
    (lambda: nn.LayerNorm(4, bias=False), "4", (2, 3, 4), 72),
    (lambda: nn.GroupNorm(2, 6), "2·6", (2, 6, 3, 3), 324),
    (lambda: nn.InstanceNorm2d(6), "", (2, 6, 3, 3), 324),
    (lambda: nn.PReLU(6), "6", (2, 6), None),
    (lambda: nn.Embedding(100, 8), "100·8", (2, 3), None),
    (lambda: nn.MaxPool2d(2), "", (1, 3, 8, 8), 3 * 16 * 4),
    (lambda: nn.AvgPool1d(3, 1), "", (1, 3, 8), 3 * 6 * 3),
    (lambda: nn.LPPool2d(2, (3, 2)), "", (1, 3, 9, 8), 3 * 12 * 6),
    (lambda: nn.AdaptiveAvgPool2d(1), "", (1, 3, 8, 8), 3 * 64),
    (lambda: nn.AdaptiveMaxPool2d((3, 1)), "", (1, 1, 4, 2), 6 * 2),
    (lambda: nn.ReLU(), "", (1, 3), None),
]


@pytest.mark.parametrize("layer, formula, shape, cost", LAYERS)
def test_formula_and_cost_of_a_layer(layer, formula, shape, cost):
    layer = layer()
    number = sum(p.numel() for p in layer.parameters())
    dtype = "int64" if isinstance(layer, nn.Embedding) else None
    found = nn.summary(layer, shape[1:], batch=shape[0], dtype=dtype)
    row, = found.rows
    assert (row.formula, row.parameters, row.multiply_adds) == (formula, number, cost)
    assert not formula or eval(formula.replace("·", "*")) == number
    assert found.parameters == number and found.multiply_adds == (cost or 0)


def test_bilinear():
    assert parameter_formula(nn.Bilinear(3, 4, 5)) == "(3·4+1)·5"
    assert parameter_formula(nn.Bilinear(3, 4, 5, False)) == "3·4·5"
    assert multiply_adds(nn.Bilinear(3, 4, 5), (2, 3), (2, 5)) == 120


def test_lenet_as_in_the_textbook():
    found = nn.summary(nn.models.create("lenet5"), (1, 28, 28))
    text = str(found)
    for formula in ("(5·5·1+1)·6 = 156", "(5·5·6+1)·16 = 2,416", "(400+1)·120 = 48,120", "(120+1)·84 = 10,164",
                    "(84+1)·10 = 850"):
        assert formula in text
    assert "parameters     61,706 (61,706 trainable, 0 frozen)" in text and found.trainable == 61_706
    assert found.multiply_adds == 28 * 28 * 6 * 25 + 14 * 14 * 6 * 4 + 100 * 16 * 150 + 25 * 16 * 4 + 48_000 + 10_080 + 840
    row = found.rows[0]
    assert row.name == "features.0" and row.output_shape == (1, 6, 28, 28)
    assert row.hyperparameters == {"in_channels": 1, "out_channels": 6, "kernel_size": (5, 5), "stride": (1, 1),
                                   "padding": (2, 2)}
    assert row.options == "out_channels=6 kernel_size=5 stride=1 padding=2"
    assert found.parameter_bytes == 61_706 * 4
    assert found.activation_bytes == 4 * (2 * 4704 + 1176 + 2 * 1600 + 400 + 400 + 240 + 168 + 10)


def test_hyperparameters_are_apart_from_parameters():
    found = nn.summary(nn.Sequential(nn.Conv2d(3, 8, (3, 1), 2, dilation=2, bias=False), nn.Dropout(0.3), nn.LeakyReLU(0.2),
                                     nn.BatchNorm2d(8, momentum=None)), (3, 9, 9))
    assert [row.options for row in found.rows] == [
        "out_channels=8 kernel_size=3×1 stride=2 padding=0 dilation=2 bias=False", "p=0.3", "negative_slope=0.2",
        "momentum=None"]
    assert found.buffers == 17 and found.rows[-1].buffers == 17


def test_shared_weights_are_counted_once_and_marked():
    layer, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = layer.weight
    net = nn.Sequential(layer, other, layer)
    found = nn.summary(net, (4,))
    assert found.parameters == 16 + 4 + 4 and len(found.rows) == 2
    assert found.rows[0].calls == 2 and "Linear ×2" in str(found) and found.rows[0].multiply_adds == 32
    assert found.rows[1].parameters == 4 and found.rows[1].shared == ["0.weight"]
    assert "(4+1)·4 = 4 new, shared: 0.weight" in str(found)
    tied = nn.Linear(4, 4)
    tied.weight, tied.bias = layer.weight, layer.bias
    assert nn.summary(nn.Sequential(layer, tied), (4,)).rows[1].count == "(4+1)·4, shared: 0.weight, 0.bias"


def test_shared_buffers_are_counted_once():
    layer, other = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    other.running_mean = layer.running_mean
    found = nn.summary(nn.Sequential(layer, other), (4,))
    assert [row.buffers for row in found.rows] == [4 + 4 + 1, 4 + 1]


def test_frozen_parameters():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    net[0].requires_grad_(False)
    net[1].bias.requires_grad_(False)
    found = nn.summary(net, (2,))
    assert (found.trainable, found.frozen, found.parameters) == (10, 8, 18)
    assert [row.count for row in found.rows] == ["(2+1)·2 = 6 frozen", "(2+1)·2 = 6 (2 frozen)", "(2+1)·2 = 6"]


class Strange(nn.Module):
    """Parameters of its own, an unused child, a random draw, a buffer that counts calls, two results."""

    def __init__(self):
        self.table = nn.Parameter(np.ones((3, 4), np.float32))
        self.offset = nn.Parameter(np.ones(4, np.float32))
        self.unused = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", np.array(0))

    def forward(self, x):
        tg.random.default_generator().random()
        self.calls.numpy()[...] += 1
        return {"a": self.drop(x @ self.table) + self.offset, "b": (x, x)}


def test_own_layers_with_several_results():
    found = nn.summary(Strange(), (3,))
    row = found.rows[0]
    assert row.formula == "3·4 + 4" and row.parameters == 16 and row.count == "3·4 + 4 = 16" and row.name == ""
    assert row.output_shape == [(1, 4), (1, 3), (1, 3)] and "(1, 4), (1, 3), (1, 3)" in str(found)
    assert [row.output_shape for row in found.rows if row.name == "unused"] == [None] and "not called" in str(found)


def test_the_model_is_as_before():
    net = nn.Sequential(Strange())
    net[0].drop.eval()
    net[0].register_forward_hook(lambda m, args, out: out)
    hooks, state = net[0]._hooks, tg.random.get_rng_state()
    for shape in ((3,), (5,)):
        try:
            nn.summary(net, shape)
        except ShapeError as error:
            assert shape == (5,) and str(error).startswith("0 (Strange): matmul")
        assert net[0].calls.item() == 0 and tg.random.get_rng_state() == state
        assert net.training and net[0].training and not net[0].drop.training and "training" not in vars(net)
        assert net[0]._hooks is hooks and len(hooks.after) == 1 and "_hooks" not in vars(net)


def test_inputs():
    class Pair(nn.Module):
        def forward(self, a, b):
            return a + b

    assert nn.summary(Pair(), [(2, 3), (3,)], batch=1).rows[0].output_shape == (1, 2, 3)
    assert nn.summary(Pair(), [np.zeros((2, 2)), tg.zeros(2, 2)]).input_shapes == [(2, 2), (2, 2)]
    assert nn.summary(nn.Linear(3, 2, dtype="float64"), (3,), batch=7).rows[0].output_shape == (7, 2)
    assert nn.summary(nn.ReLU(), tg.zeros(4)).rows[0].output_shape == (4,)
    for wrong in (3, "28", [(1, 2), "x"], (1, -2)):
        with pytest.raises(ArgumentError, match="summary: input_size=.* is no shape.\n  Pass the shape of one input"):
            nn.summary(nn.ReLU(), wrong)


def test_as_data():
    found = nn.summary(nn.models.create("vgg", in_channels=3, image_size=32), (3, 32, 32))
    data = json.loads(json.dumps(found.to_dict()))
    assert data["parameters"] == found.parameters == sum(row["parameters"] for row in data["rows"])
    assert data["rows"][1]["formula"] == "2·64" and data["model"] == "VGG"
    assert "MiB" in str(found) and found._repr_html_().startswith("<pre>VGG, input (1, 3, 32, 32)")
    assert repr(found) == str(found)


def test_a_layer_of_ones_own():
    class Rows(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones((2, 3), np.float32))

        def forward(self, x):
            return x * self.weight

    @parameter_formula.register(Rows)
    def _(layer):
        return "two·three"

    @multiply_adds.register(Rows)
    def _(layer, inputs, output):
        return 6

    row, = nn.summary(Rows(), (2, 3)).rows
    assert row.count == "two·three = 6" and row.multiply_adds == 6
