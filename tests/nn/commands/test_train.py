"""`tensorgrad train`: what a run leaves behind, and what is refused."""

import json
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import serialization
from nn.commands import main
from nn.commands.experiment import augmentation
from nn.commands.presets import preset_for
from nn.commands.run_folder import RunFolder
from nn.commands.terminal import error_text, stop_on_sigterm
from nn.data.transforms import RandomAffine, RandomCrop, RandomHorizontalFlip
from nn.training import History, load_checkpoint
from tensorgrad.errors import ArgumentError
from tests.nn.commands.process import environment, started, tensorgrad

QUICK = ("--epochs", 2, "--batch-size", 128, "--threads", 1)
WEIGHTS = "weights.safetensors" if find_spec("safetensors") else "weights.npz"
PICTURES = {"curves.png", "kernels.png", "feature-maps.png", "confusion.png"} if find_spec("matplotlib") else set()
FILES = {"config.json", "metrics.jsonl", "checkpoint.npz", WEIGHTS, "summary.txt", "graph.svg", "result.json", *PICTURES}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A short run: its folder, and what it printed."""
    cwd = tmp_path_factory.mktemp("train")
    done = tensorgrad("train", *QUICK, "--out", "run", cwd=cwd)
    return cwd / "run", done.stdout


def test_it_leaves_every_file(finished):
    folder, _ = finished
    assert {path.name for path in folder.iterdir()} == FILES
    for name in FILES:
        content = (folder / name).read_bytes()
        assert len(content) > 50
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG\r\n")
    assert "<svg" in (folder / "graph.svg").read_text() and "conv2d" in (folder / "graph.svg").read_text()
    assert "(3·3·1+1)·32 = 320" in (folder / "summary.txt").read_text()


def test_it_prints_progress_and_a_table(finished):
    folder, out = finished
    assert "CNN, 53,002 parameters, on digits: 1,442 images of 8 × 8" in out
    assert "1/2" in out and "2/2" in out and "best of test" in out and "run holds" in out
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert f"{last['test_accuracy'] * 100:.2f} %" in out


def test_metrics(finished):
    history = History.from_jsonl((finished[0] / "metrics.jsonl").read_text())
    assert history["epoch"] == [1, 2]
    for record in history:
        assert list(record) == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"]
        assert 0 <= record["train_accuracy"] <= 1 and 0 <= record["test_accuracy"] <= 1 and record["seconds"] > 0


def test_weights_are_those_of_the_checkpoint_and_give_the_accuracy(finished):
    folder, _ = finished
    state = load_checkpoint(folder / "checkpoint.npz")
    weights = serialization.load(folder / WEIGHTS)
    assert set(weights) == set(state["model"])
    for name, value in weights.items():
        np.testing.assert_array_equal(value.array, state["model"][name])
    model = nn.models.create("cnn", image_size=8)
    model.load_state_dict(weights)
    _, test = nn.data.load("digits")
    scores = model.eval()(nn.data.transforms.Normalize(test.mean, test.std)(test.batch(range(len(test)))[0]))
    accuracy = (np.asarray(scores).argmax(1) == test.labels).mean()
    assert accuracy == json.loads((folder / "result.json").read_text())["test_accuracy"]


def test_config_says_everything(finished):
    config = json.loads((finished[0] / "config.json").read_text())
    assert config["settings"]["seed"] == 0 and config["settings"]["epochs"] == 2 and config["settings"]["threads"] == 1
    assert config["settings"]["kernels"] in ("reference", "compiled")
    assert config["data"]["classes"] == list("0123456789") and config["data"]["image_size"] == [8, 8]
    assert set(config["versions"]) == {"tensorgrad", "numpy", "python"}


def test_a_finished_run_says_so_and_draws_what_is_missing(finished):
    folder, _ = finished
    weights = (folder / WEIGHTS).read_bytes()
    (folder / "summary.txt").unlink()
    done = tensorgrad("train", "--resume", folder, cwd=folder.parent)
    assert "run is complete: 2 epochs, test accuracy" in done.stdout and "Written again: summary.txt" in done.stdout
    assert (folder / "summary.txt").exists() and (folder / WEIGHTS).read_bytes() == weights


def test_default_folder_and_quiet(tmp_path):
    done = tensorgrad("train", *QUICK, "--quiet", "--model", "mlp", cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    assert done.stdout == f"runs/{folder.name}\n" and folder.name.startswith("digits-mlp-")
    assert {path.name for path in folder.iterdir()} == FILES - {"kernels.png", "feature-maps.png"}  # an MLP has none


def test_default_folders_are_counted_on_within_a_second(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda form: "20250101-120000")
    for suffix in ("", "-2", "-3"):
        path = RunFolder.default_path("digits", "mlp")
        assert path == Path(f"runs/digits-mlp-20250101-120000{suffix}")
        RunFolder.begin(path, {})


def test_the_seed_decides(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tensorgrad("train", *QUICK, "--quiet", "--seed", seed, "--workers", 2 if name == "b" else 0, "--out", name,
                   cwd=tmp_path, prelude=WITHOUT.format("matplotlib"))
    a, b, c = (serialization.load(next((tmp_path / name).glob("weights.*"))) for name in "abc")
    assert all(np.array_equal(a[name].array, b[name].array) for name in a)
    assert not all(np.array_equal(a[name].array, c[name].array) for name in a)


WITHOUT = "import sys\nsys.modules['{}'] = None"


def test_without_matplotlib_and_safetensors(tmp_path):
    prelude = f"{WITHOUT.format('matplotlib')}\n{WITHOUT.format('safetensors')}"
    done = tensorgrad("train", *QUICK, "--out", "run", cwd=tmp_path, prelude=prelude)
    assert done.stderr.count('pip install "tensorgrad[plot]"') == 1 and "curves.png" in done.stderr
    assert 'pip install "tensorgrad[io]"' in done.stderr
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert "weights.npz" in names and "graph.svg" in names and not any(name.endswith(".png") for name in names)
    pytest.importorskip("matplotlib")
    tensorgrad("train", "--resume", "run", cwd=tmp_path)
    assert (tmp_path / "run" / "curves.png").exists()


def wait_for_epoch(process, epoch):
    for line in process.stdout:
        if line.split()[:1] == [f"{epoch}/200"]:
            return
    pytest.fail(f"ended before epoch {epoch}: {process.stderr.read()}")


def test_ctrl_c_leaves_a_run_to_go_on_with(tmp_path):
    # A shell starts background jobs, and what they start, with Ctrl-C ignored.
    with started("train", "--epochs", 200, "--batch-size", 128, "--threads", 1, "--out", "run", cwd=tmp_path,
                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        wait_for_epoch(process, 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Go on with: tensorgrad train --resume run" in err and "Traceback" not in err
    assert load_checkpoint(tmp_path / "run" / "checkpoint.npz")["epoch"] >= 2
    guess = tensorgrad("predict", "run", "missing.png", cwd=tmp_path, code=2)  # the checkpoint's weights are used
    assert "there is no file missing.png" in guess.stderr


def test_sigterm_is_like_ctrl_c(tmp_path):
    with started("train", "--epochs", 200, "--out", "run", cwd=tmp_path) as process:
        wait_for_epoch(process, 1)
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143 and "tensorgrad train --resume run" in err


def test_stopped_before_there_is_anything(tmp_path, monkeypatch, capsys):
    def stop(self):
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("nn.commands.settings.check", stop)
    try:
        assert main(["train", "--out", str(tmp_path / "run")]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err.strip() == "Stopped before there was anything to keep."
    assert not (tmp_path / "run").exists()


def test_only_the_main_thread_takes_signals():
    before = signal.getsignal(signal.SIGTERM)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(stop_on_sigterm).result()
    assert signal.getsignal(signal.SIGTERM) is before


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, text", [
    (["--data", "nope"], "invalid choice: 'nope'"),
    (["--model", "lenet6"], "there is no model 'lenet6'.\n  Use one of"),
    (["--epochs", "0"], "argument --epochs: 0 is not allowed; use a number ≥ 1"),
    (["--epochs", "x"], "argument --epochs: 'x' is no whole number"),
    (["--lr", "0"], "argument --lr: 0 is not allowed; use a number > 0"),
    (["--lr", "nan"], "argument --lr: nan is not allowed"),
    (["--lr", "inf"], "argument --lr: inf is not allowed"),
    (["--momentum", "2"], "use a number ≥ 0 and ≤ 1"),
    (["--seed", "-1"], "argument --seed: -1 is not allowed"),
    (["--out", "a", "--resume", "b"], "not allowed with argument"),
    (["--resume", "nowhere"], "there is no folder nowhere"),
    (["--resume", "empty"], "empty holds no run: config.json is missing.\n  Begin one with: tensorgrad train --out empty"),
    (["--resume", "damaged"], "config.json is damaged"),
    (["--resume", "later"], "is of format 99, this version reads 1"),
    (["--out", "full"], "the folder full is not empty, and nothing is overwritten"),
    (["--out", "damaged"], "Go on with it: tensorgrad train --resume damaged"),
    (["--out", "file"], "file is a file"),
    (["--data", "mnist", "--data-dir", "empty"], "is in none of these folders:"),
    (["--data", "cifar10", "--data-dir", "empty", "--model", "vgg"], "empty/cifar10"),
    (["--model", "vgg", "--data", "digits", "--epoch", "1"], "unrecognized arguments: --epoch 1"),
])
def test_user_errors_end_with_a_message_and_2(tmp_path, monkeypatch, capsys, arguments, text):
    (tmp_path / "empty").mkdir()
    for name, content in (("damaged", '{"format": '), ("later", '{"format": 99}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(content)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nn.commands.train.stop_on_sigterm", lambda: None)
    try:
        code = main(["train", *arguments])
    except SystemExit as stop:  # argparse
        code = stop.code
    assert code == 2 and text in capsys.readouterr().err and not (tmp_path / "runs").exists()


@pytest.mark.parametrize("error, text", [
    (ArgumentError("fit: no.\n  Yes."), "fit: no.\n  Yes."),
    (PermissionError(13, "Permission denied", "a/b"), "Permission denied: a/b"),
    (OSError(28, "No space left on device"), "No space left on device"),
    (OSError("odd"), "OSError: odd"),
], ids=lambda value: type(value).__name__)
def test_what_is_printed_of_an_error(error, text):
    assert error_text(error) == text


def test_the_disk_is_full(tmp_path, monkeypatch, capsys):
    def begin(path, config):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("nn.commands.train.stop_on_sigterm", lambda: None)
    monkeypatch.setattr(RunFolder, "begin", begin)
    assert main(["train", "--out", str(tmp_path / "run")]) == 2
    assert f"tensorgrad: No space left on device: {tmp_path / 'run'}" in capsys.readouterr().err


def test_a_data_set_that_is_unknown():
    with pytest.raises(ArgumentError, match="there is no data set 'nope'.\n  Use one of digits"):
        preset_for("nope")


def test_only_photographs_are_mirrored():
    assert [type(change) for change in augmentation("cifar10", (32, 32))] == [RandomCrop, RandomHorizontalFlip]
    assert [type(change) for change in augmentation("fashion-mnist", (28, 28))] == [RandomCrop, RandomHorizontalFlip]
    for data in ("digits", "mnist", "emnist-letters"):
        assert [type(change) for change in augmentation(data, (28, 28))] == [RandomAffine]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    tensorgrad("train", *QUICK, "--quiet", "--out", "run", cwd=tmp_path, prelude=WITHOUT.format("matplotlib"))
    assert (tmp_path / "run" / "result.json").exists()


def test_a_resumption_changes_nothing(finished):
    folder, _ = finished
    done = tensorgrad("train", "--resume", folder, "--lr", "0.5", cwd=folder.parent, code=2)
    assert "the run was begun with --lr" in done.stderr and "Leave --lr out" in done.stderr
    tensorgrad("train", "--resume", folder, "--seed", 0, "--workers", 1, "--quiet", cwd=folder.parent)


def test_a_resumption_under_other_versions_says_so(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    config = json.loads((folder / "config.json").read_text())
    assert config["versions"]["numpy"] == np.__version__
    config["versions"]["numpy"] = "1.0"
    (folder / "config.json").write_text(json.dumps(config))
    done = tensorgrad("train", "--resume", folder, cwd=tmp_path)
    said = f"Note: the run was begun with numpy 1.0, this is {np.__version__}; the last bits may differ."
    assert [line for line in done.stderr.splitlines() if "Note" in line] == [said]


def test_a_damaged_checkpoint_is_named(finished, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_bytes((finished[0] / "config.json").read_bytes())
    whole = (finished[0] / "checkpoint.npz").read_bytes()
    (folder / "checkpoint.npz").write_bytes(whole[:len(whole) // 2])
    done = tensorgrad("train", "--resume", folder, cwd=tmp_path, code=2)
    assert "checkpoint.npz is damaged" in done.stderr


def test_only_one_process_trains_in_a_folder(finished):
    fcntl = pytest.importorskip("fcntl")
    folder, _ = finished
    with open(folder / "config.json", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = tensorgrad("train", "--resume", folder, cwd=folder.parent, code=2)
    assert "another process is training in" in done.stderr


def test_a_diverging_run_says_what_to_do(tmp_path):
    done = tensorgrad("train", "--optimizer", "sgd", "--lr", "1e6", "--out", "run", cwd=tmp_path, code=2)
    assert "the loss is" in done.stderr and "smaller learning rate" in done.stderr


def test_debug_shows_the_traceback(tmp_path):
    done = subprocess.run([sys.executable, "-m", "nn.commands", "train", "--resume", "nowhere", "--debug"], cwd=tmp_path,
                          env=environment(), capture_output=True, text=True)
    assert "Traceback" in done.stderr and "there is no folder nowhere" in done.stderr
