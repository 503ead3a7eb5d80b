"""Plots: what they show, that they touch no global state, and that the same data give the same picture."""

import subprocess
import sys

import numpy as np
import pytest

import nn
from nn import plots
from nn.plots.activations import stages
from nn.plots.weights import best_columns
from tensorgrad import tensor
from tensorgrad.errors import ArgumentError, DataError, ShapeError

pytest.importorskip("matplotlib")

rng = np.random.default_rng(0)
RECORDS = [{"epoch": i + 1, "train_loss": 2 * 0.5 ** i, "test_loss": 2.2 * 0.5 ** i, "train_accuracy": 1 - 0.5 * 0.6 ** i,
            "test_accuracy": 1 - 0.6 * 0.6 ** i, "seconds": 1.0} for i in range(8)]


def texts(figure):
    """Everything that is written in a figure."""
    import matplotlib.text

    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def curve_data(axes):
    return [np.asarray(line.get_xydata()) for line in axes.lines]


def test_curves_show_every_epoch():
    figure = plots.learning_curves(RECORDS, "A model")
    loss, accuracy = figure.axes
    train, test = curve_data(loss)
    np.testing.assert_allclose(train[:, 1], [record["train_loss"] for record in RECORDS])
    np.testing.assert_allclose(curve_data(accuracy)[1][:, 1], [100 * record["test_accuracy"] for record in RECORDS])
    assert loss.get_yscale() == "log" and "A model" in texts(figure) and "8 epochs" in texts(figure)
    assert f"test {RECORDS[-1]['test_loss']:.4f}" in texts(figure)


PERFECT = {"train_loss": 0.0, "test_loss": 0.0, "train_accuracy": 1.0, "test_accuracy": 1.0}


@pytest.mark.parametrize("records", [
    RECORDS[:1], RECORDS[:2], [], [{"epoch": 1, "train_loss": 1.0, "train_accuracy": 0.5}],
    [{**RECORDS[0], "test_loss": float("inf")}], RECORDS * 12, [{**record, **PERFECT} for record in RECORDS],
], ids=["one", "two", "none", "no test set", "infinite", "many", "perfect"])
def test_curves_of_odd_histories(records, tmp_path):
    plots.save(plots.learning_curves(records), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


@pytest.mark.parametrize("shape, pictures", [((6, 1, 5, 5), 6), ((16, 3, 3, 3), 16), ((4, 2, 3, 3), 8),
                                             ((64, 64, 3, 3), 128), ((1, 1, 1, 1), 1)])
def test_kernels(shape, pictures, tmp_path):
    figure = plots.kernels(tensor(rng.normal(size=shape)), name="conv1")
    images = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(images) == pictures and "conv1" in texts(figure)
    plots.save(figure, tmp_path / "a.png")
    if shape[1] == 1:
        limits = {image.get_clim() for image in images}
        assert len(limits) == 1 and sum(limits.pop()) == 0  # one scale, symmetric


def test_confusion_matrix():
    counts = np.array([[50, 2, 0], [1, 40, 9], [0, 0, 60]])
    figure = plots.confusion_matrix(counts, ["cat", "dog", "horse"])
    written = texts(figure)
    for expected in ("cat", "dog", "horse", "50", "9", "92.59% right: 150 of 162", "80.0%", "100.0%", "87%"):
        assert expected in written


@pytest.mark.parametrize("size", [2, 12, 47])
def test_confusion_matrix_of_any_size(size, tmp_path):
    plots.save(plots.confusion_matrix(rng.integers(0, 50, (size, size))), tmp_path / "a.png")
    plots.save(plots.confusion_matrix(np.zeros((size, size), int)), tmp_path / "b.png")


class Functional(nn.Module):
    """Activations that are no modules."""

    def __init__(self):
        self.first = nn.Conv2d(1, 3, 3)
        self.second = nn.Conv2d(3, 2, 3)

    def forward(self, input):
        return self.second(self.first(input).tanh()).sum((2, 3))


def test_stages_take_the_map_after_its_activation():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 3),
                          nn.Flatten())
    image = rng.normal(size=(1, 12, 12)).astype(np.float32)
    found, output = stages(model, image)
    assert [stage.names for stage in found] == [["0", "1", "2"], ["4"]]
    assert [stage.kinds for stage in found] == [["Conv2d", "BatchNorm2d", "ReLU"], ["Conv2d"]]
    model.eval()
    np.testing.assert_array_equal(found[0].maps, model[2](model[1](model[0](tensor(image[None])))).array[0])
    np.testing.assert_array_equal(output, model(tensor(image[None])).array[0])
    found, _ = stages(Functional(), image)
    assert [stage.names for stage in found] == [["first"], ["second"]]


def test_stages_leave_the_model_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU())
    before = {name: value.array.copy() for name, value in model.state_dict().items()}
    stages(model, rng.normal(size=(1, 6, 6)).astype(np.float32))
    assert model.training and all(not module._hooks or not module._hooks.after for module in model.modules())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.array, before[name])


@pytest.mark.parametrize("name, size, channels", [("lenet5", 8, 1), ("lenet5", 32, 1), ("vgg", 32, 3), ("resnet20", 16, 3)])
def test_feature_maps(name, size, channels, tmp_path):
    model = nn.models.create(name, 10, channels, size)
    image = rng.random((channels, size, size)).astype(np.float32)
    figure = plots.feature_maps(model, image, classes=[f"class {i}" for i in range(10)], target=3)
    plots.save(figure, tmp_path / "a.png")
    assert "maps of" in texts(figure) and "class" in texts(figure)
    if name == "resnet20":
        assert "19 convolutions, 8 of them shown" in texts(figure)


def test_pictures_are_the_same_every_time(tmp_path):
    for name in ("a.png", "b.png"):
        plots.save(plots.learning_curves(RECORDS), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_global_state_is_left_alone(tmp_path):
    code = ("import sys, matplotlib\n"
            "def now():\n"  # reading "backend" would import pyplot
            "    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != 'backend'}\n"
            "before = now()\n"
            "from nn import plots\n"
            "plots.save(plots.confusion_matrix([[1, 2], [3, 4]]), 'a.png')\n"
            "assert 'matplotlib.pyplot' not in sys.modules and now() == before")
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True, timeout=120)


@pytest.mark.parametrize("suffix, start", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_formats(tmp_path, suffix, start):
    path = plots.save(plots.confusion_matrix([[1, 2], [3, 4]]), tmp_path / f"a.{suffix}")
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("call, error, text", [
    (lambda: plots.kernels(np.zeros((3, 3))), ShapeError, "a convolution's weight has 4 axes"),
    (lambda: plots.confusion_matrix(np.zeros((3, 2))), ShapeError, "a confusion matrix is square"),
    (lambda: plots.confusion_matrix(np.zeros((3, 3)), ["a"]), ShapeError, "1 names for 3 classes"),
    (lambda: plots.feature_maps(nn.Conv2d(1, 1, 1), np.zeros((3, 3))), ShapeError, "one image has 3 axes"),
    (lambda: plots.feature_maps(nn.Flatten(), np.zeros((1, 3, 3))), ArgumentError, "no Conv2d ran"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_without_matplotlib(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "matplotlib":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert plots.matplotlib_missing()
    with pytest.raises(DataError, match=r'matplotlib is not installed.\n  pip install "tensorgrad\[plot\]"'):
        plots.learning_curves(RECORDS)


def test_a_model_that_does_not_classify_has_no_bars():
    class Filters(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, input):
            return self.conv(input)

    image = rng.random((1, 8, 8)).astype(np.float32)
    bars = plots.feature_maps(nn.Sequential(Filters(), nn.Flatten()), image)
    none = plots.feature_maps(Filters(), image)
    assert any(axes.patches for axes in bars.axes) and not any(axes.patches for axes in none.axes)


@pytest.mark.parametrize("count, columns", [(1, 1), (8, 8), (16, 4), (32, 8), (11, 11), (17, 7), (23, 8)])
def test_columns_make_full_rows_where_they_can(count, columns):
    assert best_columns(count) == columns
