"""`tensorgrad predict`, `draw`, `summary`, `data`, and help."""

import json

import numpy as np
import pytest

import nn
from nn.commands import main
from tensorgrad.version import __version__
from tests.nn.commands.process import tensorgrad

COMMANDS = ("train", "predict", "draw", "summary", "data", "warmup")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run good enough to recognise most digits."""
    cwd = tmp_path_factory.mktemp("predict")
    tensorgrad("train", "--epochs", 8, "--quiet", "--out", "run", "--no-augment", cwd=cwd,
               prelude="import sys\nsys.modules['matplotlib'] = None")
    return cwd / "run"


def digits(count):
    """Test images as bytes, and their labels."""
    _, test = nn.data.load("digits")
    return (test.images[:count, 0].astype(int) * 255 // 16).astype(np.uint8), test.labels[:count]


def test_predict_recognises_digits_it_was_not_trained_on(run, tmp_path, capsys):
    images, labels = digits(30)
    for i, image in enumerate(images):
        np.save(tmp_path / f"{i}.npy", image)
    assert main(["predict", str(run), *(str(tmp_path / f"{i}.npy") for i in range(30)), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 30 and set(answers[0]) == {"image", "size", "prepared", "predictions"}
    assert np.mean([answer["predictions"][0]["index"] == label for answer, label in zip(answers, labels)]) > 0.8
    for answer in answers:
        probabilities = [guess["probability"] for guess in answer["predictions"]]
        assert len(probabilities) == 3 and sum(probabilities) <= 1.001
        assert probabilities == sorted(probabilities, reverse=True)


def test_predict_a_large_black_on_white_picture(run, tmp_path, capsys):
    image_module = pytest.importorskip("PIL.Image")
    images, labels = digits(30)
    right = 0
    for image, label in zip(images, labels):
        paper = np.full((400, 600), 255, np.uint8)
        paper[90:250, 310:470] = 255 - np.kron(image, np.ones((20, 20), np.uint8))
        image_module.fromarray(paper).convert("RGB").save(tmp_path / "a.png")
        assert main(["predict", str(run), str(tmp_path / "a.png"), "--json"]) == 0
        (answer,) = json.loads(capsys.readouterr().out)
        right += answer["predictions"][0]["index"] == label
        assert answer["prepared"][:2] == ["made grey", "inverted to light on dark"] and answer["size"] == [400, 600]
    assert right > 20


def test_predict_prints_three_lines_per_picture(run, tmp_path):
    np.save(tmp_path / "a.npy", digits(1)[0][0])
    done = tensorgrad("predict", run, "a.npy", "a.npy", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "a.npy  8 × 8" and len(lines) == 8 and "%" in lines[1] and "█" in lines[1]


def test_predict_goes_on_after_a_bad_picture(run, tmp_path, capsys):
    np.save(tmp_path / "a.npy", digits(1)[0][0])
    assert main(["predict", str(run), str(tmp_path / "b.png"), str(tmp_path / "a.npy")]) == 2
    out, err = capsys.readouterr()
    assert "there is no file" in err and "8 × 8" in out


@pytest.mark.parametrize("arguments, text", [
    (["nowhere", "a.npy"], "there is no folder nowhere"),
    (["{begun}", "a.npy"], "has no weights yet.\n  Go on with: tensorgrad train --resume"),
])
def test_predict_without_a_model(run, tmp_path, capsys, arguments, text):
    (tmp_path / "config.json").write_bytes((run / "config.json").read_bytes())
    assert main(["predict", *(argument.format(begun=tmp_path) for argument in arguments)]) == 2
    assert text in capsys.readouterr().err


def test_draw_and_summary_of_a_run(run, tmp_path, capsys):
    assert main(["draw", str(run), "-o", str(tmp_path / "a.svg")]) == 0
    assert main(["draw", str(run), "-o", str(tmp_path / "a.dot")]) == 0
    assert "features.0" in (tmp_path / "a.svg").read_text() and "digraph" in (tmp_path / "a.dot").read_text()
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "a.svg"), str(tmp_path / "a.dot")]
    assert main(["summary", str(run)]) == 0
    assert "parameters     53,002" in capsys.readouterr().out


@pytest.mark.parametrize("model, data, parameters", [("lenet5", "mnist", "61,706"), ("resnet20", "cifar10", "269,722"),
                                                     ("mlp", "emnist-letters", "110,")])
def test_models_by_name_need_no_data(model, data, parameters, tmp_path, capsys):
    assert main(["summary", "--model", model, "--data", data]) == 0
    assert parameters in capsys.readouterr().out
    assert main(["draw", "--model", model, "--data", data, "-o", str(tmp_path / "a.svg")]) == 0


@pytest.mark.parametrize("arguments, text", [
    (["summary", "run", "--model", "lenet5"], "Leave them out, or leave RUN out"),
    (["summary", "--model", "lenet"], "there is no model 'lenet'"),
    (["draw", "--model", "lenet5", "-o", "a.xyz"], "the suffix '.xyz' is unknown"),
    (["draw", "--model", "lenet5", "-o", "nowhere/a.svg"], "there is no folder 'nowhere'"),
])
def test_errors_of_draw_and_summary(arguments, text, capsys):
    assert main(arguments) == 2
    assert text in capsys.readouterr().err


def test_data_lists_sets_and_defaults(capsys):
    assert main(["data"]) == 0
    out = capsys.readouterr().out
    assert "digits               1×8×8       10     1,442      355   in this package" in out
    assert "Defaults of tensorgrad train" in out and "fashion-mnist" in out


def test_formats_are_those_of_the_data_sets():
    from nn.commands.presets import FORMATS
    from nn.data.mnist import SPLITS

    assert set(FORMATS) == set(nn.data.available())
    train, test = nn.data.load("digits")
    assert FORMATS["digits"] == (train.channels, train.image_size[0], train.num_classes, len(train), len(test))
    for split, classes in SPLITS.items():
        assert FORMATS[f"emnist-{split}"].classes == len(classes)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0 and f"examples:\n  tensorgrad {command}" in capsys.readouterr().out


def test_help_names_every_command_and_version(tmp_path):
    out = tensorgrad("--help", cwd=tmp_path).stdout
    assert all(f"    {command} " in out for command in COMMANDS) and "examples:" in out
    assert tensorgrad("--version", cwd=tmp_path).stdout == f"tensorgrad {__version__}\n"
    assert "required" in tensorgrad(cwd=tmp_path, code=2).stderr


def test_a_reader_that_stops_reading_is_no_error(tmp_path):
    prelude = "import os, sys\nread, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)"
    tensorgrad("summary", "--model", "resnet20", "--data", "cifar10", cwd=tmp_path, prelude=prelude)
