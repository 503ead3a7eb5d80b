"""The benchmarks still run, survive what fails, and report what was measured."""

from __future__ import annotations

import doctest
import importlib.util
import json

import pytest

import nn
import tensorgrad
from benchmarks import __main__ as command
from benchmarks import report, runner, worker
from benchmarks.cases import QUICK, STEPS, Step

TINY = Step("tiny", "lenet5", batch=2, channels=1, side=8)


def measured(*rounds, **more):
    return {"rounds": list(rounds), "first": 1.5, "loss": 2.0, "peak_mb": 100.4, **more}


def results(*rows, **more):
    """Results of steps named a, b, ... on a made-up machine."""
    return {"machine": {"cores": 2, "torch": None, "load at the start": 0.0}, "interrupted": False,
            "rows": [{"step": {"name": name}, "engines": engines} for name, engines in zip("abc", rows)], **more}


# -- running -----------------------------------------------------------------------------------------------------------


def test_a_tiny_run():
    found = runner.run([TINY], ["tensorgrad"], rounds=2, seconds=0.01)
    (row,) = found["rows"]
    assert row["step"] == {"name": "tiny", "model": "lenet5", "batch": 2, "channels": 1, "side": 8}
    result = row["engines"]["tensorgrad"]
    assert "error" not in result and len(result["rounds"]) == 2 and min(result["rounds"]) > 0
    assert result["first"] > 0 and result["loss"] > 0 and result["peak_mb"] > 10
    assert found == json.loads(json.dumps(found))
    text = report.report(found)
    assert text.startswith("| step | tensorgrad, ms |\n|---|---|\n| tiny | ")
    assert "Failed" not in text and "best peer" not in text and "numpy " in text


def test_a_worker_that_fails_or_dies_is_reported_and_the_others_go_on(monkeypatch):
    ask = runner.Engine.ask

    def dies(engine, **request):
        if engine.name == "control" and request["do"] == "time":
            engine.process.kill()
        return ask(engine, **request)

    monkeypatch.setattr(runner.Engine, "ask", dies)
    (row,) = runner.run([Step("x", "lenet6", 2, 1, 8)], ["tensorgrad", "control"], rounds=2, seconds=0.01)["rows"]
    ours, other = row["engines"].values()
    assert ours["error"].startswith("ArgumentError: create: there is no model 'lenet6'") and ours["rounds"] == []
    assert other["error"] == "the process ended with code -9" and other["rounds"] == []


def test_an_interrupt_ends_the_workers_and_keeps_the_finished_steps(monkeypatch):
    workers = []
    ask = runner.Engine.ask

    def interrupted(engine, **request):
        workers.append(engine)
        if len(workers) == 3:
            raise KeyboardInterrupt
        return ask(engine, **request)

    monkeypatch.setattr(runner.Engine, "ask", interrupted)
    found = runner.run([TINY, TINY], ["control"], rounds=1, seconds=0.01)
    assert found["interrupted"] and len(found["rows"]) == 1
    assert all(worker.process.returncode is not None for worker in workers)
    assert "Interrupted: only the steps above" in report.report(found)


def test_the_peers_are_the_installed_ones(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert runner.engines_here() == ["tensorgrad", "control"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert set(runner.engines_here()) == set(worker.ENGINES)


@pytest.mark.parametrize("steps", [STEPS, QUICK])
def test_every_step_names_a_model(steps):
    for step in steps:
        assert step.model in nn.models.available() and str(step.batch) in step.name
    assert len({step.name for step in steps}) == len(steps)


def test_initial_weights_are_the_same_for_the_same_shapes():
    a, b = (nn.models.create("resnet20", 10, 3, 8) for _ in range(2))
    for model in (a, b):
        model.load_state_dict(worker.weights(model.named_parameters()), strict=False)
    for name, value in a.state_dict().items():
        assert (value == b.state_dict()[name]).all()
    assert a.conv1.weight.std().item() == pytest.approx((2 / 27)**0.5, rel=0.1)
    assert (a.bn1.weight == 1).all() and (a.fc.bias == 0).all()


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, text", [
    (["--only", "alexnet"], "argument --only: invalid choice: 'alexnet' (choose from "),
    (["--engines", "tensorgrad", "caffe"], "not installed or unknown: caffe; there are tensorgrad, "),
    (["--rounds", "0"], "argument --rounds: 0 is not above 0"),
    (["--rounds", "1.5"], "argument --rounds: invalid int value: '1.5'"),
    (["--seconds", "-1"], "argument --seconds: -1 is not above 0"),
    (["--json", "no/such/folder/x.json"], "there is no folder no/such/folder")])
def test_wrong_arguments(arguments, text, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2 and text in " ".join(capsys.readouterr().err.split())


def test_the_command_runs_what_was_asked_for(monkeypatch, tmp_path, capsys):
    asked = []

    def run(*arguments):
        asked.append(arguments)
        return results({"tensorgrad": measured(0.002)})

    monkeypatch.setattr(command, "run", run)
    command.main(["--quick", "--only", "vgg", "--engines", "tensorgrad", "tensorgrad", "--json", str(tmp_path / "x.json")])
    assert asked == [([QUICK[2]], ["tensorgrad"], 2, 0.1)]
    assert "| a | 2 |" in capsys.readouterr().out
    assert json.loads((tmp_path / "x.json").read_text()) == run()
    command.main(["--rounds", "3", "--seconds", "0.5"])
    assert asked[-1] == (STEPS, runner.engines_here(), 3, 0.5)


@pytest.mark.parametrize("found, code", [
    (results({"tensorgrad": measured(error="no")}), "benchmarks: an engine failed, see the report"),
    (results(interrupted=True), 130)])
def test_the_exit_code_tells_of_failures(monkeypatch, capsys, found, code):
    monkeypatch.setattr(command, "run", lambda *_: found)
    with pytest.raises(SystemExit) as stop:
        command.main([])
    assert stop.value.code == code and capsys.readouterr().out.strip() == report.report(found).strip()


# -- the report --------------------------------------------------------------------------------------------------------


def test_ratios_are_taken_round_by_round_against_the_peer_with_the_lowest_median():
    fast, slow = [2.0, 8.0, 4.0], [5.0, 5.0, 5.0]  # slow is faster in the second round, and still not the best peer
    assert report.ratios([1.0, 2.0, 4.0], [slow, fast]) == [0.5, 0.25, 1.0]
    assert report.ratios([1.0], [slow, fast]) == [0.5]


def test_the_report_of_a_whole_run():
    text = report.report(results(
        {"tensorgrad": measured(0.001, 0.003, 0.002), "tensorgrad-reference": measured(0.004, 0.004, 0.004),
         "torch": measured(0.002, 0.004, 0.008), "torch-channels-last": measured(0.009, 0.009, 0.009),
         "control": measured(0.001, 0.0011, 0.001)},
        {"tensorgrad": measured(0.1234, 0.1234, 0.1234), "tensorgrad-reference": measured(0.3, 0.3, 0.3),
         "torch": measured(0.3, 0.3, 0.3), "torch-channels-last": measured(0.1, 0.1, 0.1), "control": measured(1e-3)}))
    assert text == """\
| step | tensorgrad, ms | tensorgrad-reference, ms | torch, ms | torch-channels-last, ms | tensorgrad / best peer \
| tensorgrad-reference / best peer | control, ms |
|---|---|---|---|---|---|---|---|
| a | 2 | 4 | 4 | 9 | 0.50 (0.25–0.75) | 1.00 (0.50–2.00) | 1 |
| b | 123 | 300 | 300 | 100 | 1.23 (1.23–1.23) | 3.00 (3.00–3.00) | 1 |

Geometric mean of tensorgrad / best peer: 0.79

Geometric mean of tensorgrad-reference / best peer: 1.73

| step | tensorgrad: first step, s; peak, MB | tensorgrad-reference: first step, s; peak, MB \
| torch: first step, s; peak, MB | torch-channels-last: first step, s; peak, MB |
|---|---|---|---|---|
| a | 1.50; 100 | 1.50; 100 | 1.50; 100 | 1.50; 100 |
| b | 1.50; 100 | 1.50; 100 | 1.50; 100 | 1.50; 100 |

cores 2, load at the start 0.0
"""


def test_an_engine_that_failed_gives_no_figure_and_is_named():
    broken = {"rounds": [0.001], "error": "ValueError: a | b\nof two lines"}
    text = report.report(results({"tensorgrad": measured(0.001), "torch": broken, "torch-channels-last": measured(0.004)},
                                 {"tensorgrad": broken, "torch": measured(0.001), "torch-channels-last": measured(0.004)},
                                 {"tensorgrad": measured(0.001), "torch": broken, "torch-channels-last": broken}))
    assert "| a | 1 | failed | 4 | 0.25 (0.25–0.25) |" in text
    assert "| b | failed | 1 | 4 | – |" in text
    assert "| c | 1 | failed | failed | – |" in text
    assert "Geometric mean of tensorgrad / best peer, over 1 of 3 steps: 0.25" in text
    assert text.count("Failed: ") == 4 and "Failed: b, tensorgrad: ValueError: a | b of two lines\n" in text


def test_a_run_to_distrust_says_so():
    sound = {"tensorgrad": measured(0.1), "control": measured(0.001, 0.0014)}
    assert report.remarks(results(sound)) == []
    (busy,) = report.remarks(results(sound, {"tensorgrad": measured(0.1), "control": measured(0.0016)}))
    assert busy.startswith("The machine was busy or changed its speed: the control took 1 to 1.6 ms.")
    (other,) = report.remarks(results({"tensorgrad": measured(0.1), "torch": measured(0.1, loss=2.01)}))
    assert other == "Not the same computation: a, first losses tensorgrad 2, torch 2.01"
    (nan,) = report.remarks(results({"tensorgrad": measured(0.1, loss=float("nan")), "torch": measured(0.1)}))
    assert nan.startswith("Not the same computation: a")


def test_nothing_measured():
    assert report.report(results()) == "No step was measured to its end.\n"


@pytest.mark.parametrize("module", [report, runner, command])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).failed == 0


# -- the twins in PyTorch ----------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("name", nn.models.available())
@pytest.mark.parametrize("classes, channels, side", [(10, 1, 28), (7, 3, 32), (10, 2, 8), (3, 1, 17)])
def test_twins_have_the_names_and_shapes_of_ours(name, classes, channels, side):
    pytest.importorskip("torch")
    from benchmarks import torch_models

    assert sorted(torch_models.MODELS) == nn.models.available()
    ours = nn.models.create(name, num_classes=classes, in_channels=channels, image_size=side)
    theirs = torch_models.create(name, classes, channels, side)
    assert shapes(ours.state_dict().items()) == shapes(theirs.state_dict().items())
    assert shapes(ours.named_parameters()) == shapes(theirs.named_parameters())


def shapes(tensors):
    return [(name, tuple(tensor.shape)) for name, tensor in tensors]


@pytest.mark.torch
@pytest.mark.parametrize("model", sorted({step.model for step in STEPS}))
def test_engines_compute_the_same_losses(model, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(worker, "THREADS", 1)
    before = tensorgrad.get_num_threads(), torch.get_num_threads()
    step = {"model": model, "batch": 2, "channels": 1, "side": 16}
    try:
        losses = {name: [work(), work()] for name, work in (
            (name, worker.ENGINES[name](step)) for name in ("tensorgrad", "torch", "torch-channels-last"))}
    finally:
        tensorgrad.set_num_threads(before[0])
        torch.set_num_threads(before[1])
    assert losses["tensorgrad"] == pytest.approx(losses["torch"], rel=1e-3, abs=1e-5)
    assert losses["tensorgrad"] == pytest.approx(losses["torch-channels-last"], rel=1e-3, abs=1e-5)
