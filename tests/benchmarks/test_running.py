"""The benchmarks still run, and survive what fails."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tensorgrad
from benchmarks import __main__ as command
from benchmarks import cases, engines, footprint, runner, worker
from benchmarks.engines.stages import Names
from benchmarks.process import Process
from benchmarks.report import figures

ROW = "LeNet-5, batch 2"


def test_a_tiny_run():
    found = runner.run("steps", ["tensorgrad", "control"], quick=True, only=ROW, rounds=2, seconds=0.01)
    (row,) = found["rows"]
    assert (row["name"], row["unit"], row["family"], row["calls"]) == (ROW, "s", "network", 1)
    ours = row["engines"]["tensorgrad"]
    assert len(ours["rounds"]) == 2 and min(ours["rounds"]) > 0 and list(ours["stages"]) == ["step"]
    assert ours["first"] > 0 and ours["loss"] > 0 and ours["call"] > 0
    control = row["engines"]["control"]
    assert list(control["stages"]) == ["product", "copy"] and control["loss"] is None
    assert control["rounds"] == pytest.approx([a + b for a, b in zip(*control["stages"].values())])
    assert found == json.loads(json.dumps(found)) and found["took"] > 0 and not found["interrupted"]


def test_a_worker_that_fails_or_dies_is_reported_and_starts_anew_for_the_next_row(monkeypatch):
    ask, asked = Process.ask, []

    def dies(process, *arguments, **request):
        asked.append(request["do"])
        if asked == ["build", "time"]:
            process.process.kill()
        return ask(process, *arguments, **request)

    monkeypatch.setattr(Process, "ask", dies)
    first, second = runner.run("tape", ["control"], quick=True, only="o", rounds=2, seconds=0.01)["rows"][:2]
    assert first["engines"] == {"control": {"error": "the process ended with code -9"}}
    assert len(second["engines"]["control"]["rounds"]) == 2


def test_answers_that_take_too_long_end_the_worker():
    with Process("tensorgrad") as process:
        answer = process.ask(0.01, do="build", suite="steps", name=ROW, quick=True, warm_up=0)
        assert answer == {"error": "no answer within 0.01 s"}
        assert process.late and process.process.returncode is not None


def test_a_peer_that_takes_too_long_is_skipped_with_the_reason(monkeypatch):
    class Late:
        name, late = "torch-compile", True

        def ask(self, *_, **__):
            return {"error": "no answer within 45 s"}

    with runner.bar("x", 2) as progress:
        row = runner.row("steps", cases.find("steps", ROW, True), [Late()], True, 1, 0.01, progress)
    assert row["engines"] == {"torch-compile": {"skipped": "no answer within 45 s, for compiling it and two calls"}}


def test_an_interrupt_ends_the_workers_and_keeps_the_finished_rows(monkeypatch):
    workers = []
    ask = Process.ask

    def interrupted(process, *arguments, **request):
        workers.append(process)
        if len(workers) == 3:
            raise KeyboardInterrupt
        return ask(process, *arguments, **request)

    monkeypatch.setattr(Process, "ask", interrupted)
    found = runner.run("steps", ["control"], quick=True, rounds=1, seconds=0.01)
    assert found["interrupted"] and len(found["rows"]) == 1
    assert all(process.process is None for process in workers)


def test_what_a_row_skips_is_told_without_loading_the_engine():
    made = worker.Worker("torch-compile")
    reason = "its compiler had not finished a graph of this kind after minutes"
    assert made.build("tape", "chain of 100,000 products", False, 0) == {"skipped": reason} and made.engine is None


@pytest.mark.parametrize("name", cases.SUITES)
def test_rows_have_names_of_their_own(name):
    suite = cases.SUITES[name]
    for rows, quick in ((suite.cases, False), (suite.quick, True)):
        assert [cases.find(name, case.name, quick) for case in rows] == list(rows)


@pytest.mark.parametrize("kernels", [None, "reference"])
@pytest.mark.parametrize("suite, case", [(name, case) for name, suite in cases.SUITES.items() for case in suite.quick],
                         ids=lambda value: getattr(value, "name", value))
def test_every_kind_of_row_runs_here(suite, case, kernels):
    from tensorgrad import get_num_threads, set_num_threads
    from tensorgrad import kernels as k

    before = get_num_threads()
    with k.use(k.active().name):
        try:
            found = worker.Worker("tensorgrad" + f"-{kernels}" * bool(kernels)).build(suite, case.name, True, 0)
        finally:
            set_num_threads(before)
    assert found["first"] > 0 and found["call"] > 0


def test_numpy_alone_stands_beside_the_tape_only_and_its_walk_is_the_gradient():
    assert "numpy" in runner.engines_for("tape", None)
    assert not any("numpy" in runner.engines_for(suite, None) for suite in [*cases.SUITES, "memory"] if suite != "tape")
    assert "numpy" not in (*engines.PEERS, *figures.TORCH)
    timed = runner.run("tape", ["numpy"], quick=True, only="products", rounds=1, seconds=0.01)["rows"][0]["engines"]["numpy"]
    assert list(timed["stages"]) == ["forward", "backward"] and min(timed["rounds"]) > 0
    rng = np.random.default_rng(0)
    for case in cases.SUITES["tape"].cases:
        if case.walk is None or case.calls > 3000 or len(case.inputs) == 1:  # walks with one input read it as the result
            continue
        x, c = (tensorgrad.tensor(given.array(rng) / 4) for given in case.inputs)  # so that 100 levels do not overflow
        y = case.call(Names(tensorgrad), x.requires_grad_(), c)
        grad = rng.standard_normal(y.shape, dtype=np.float32)
        y.backward(tensorgrad.tensor(grad))
        if case.name != "1,000 branches of a leaf":  # its walk reads c for the results of tanh
            np.testing.assert_allclose(case.walk(np, grad, c.array), x.grad.array, rtol=1e-4, atol=1e-30)


# -- weight ------------------------------------------------------------------------------------------------------------


def test_what_a_library_weighs():
    found = footprint.measure("memory", ["tensorgrad"], quick=True)
    values = {row["name"]: row["engines"]["tensorgrad"]["rounds"] for row in found["rows"]}
    assert list(values)[0] == "import" and list(values)[-1] == "memory of a training step: MNIST CNN, batch 2"
    assert all(value > 0 for rounds in values.values() for value in rounds)
    alone, needed, fast = [values[name][0] for name in values if name.startswith("on disk")]
    assert 0.3 < alone < 20 and alone + 10 < needed <= fast


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, text", [
    (["--suite", "layers"], "argument --suite: invalid choice: 'layers' (choose from "),
    (["--engines", "tensorgrad", "caffe"], "caffe: there is no such engine; here are tensorgrad, "),
    (["--rounds", "0"], "argument --rounds: 0 is not above 0"),
    (["--rounds", "1.5"], "argument --rounds: invalid int value: '1.5'"),
    (["--seconds", "-1"], "argument --seconds: -1 is not above 0")])
def test_wrong_arguments(arguments, text, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2 and text in " ".join(capsys.readouterr().err.split())


def test_a_missing_peer_is_named(monkeypatch, capsys):
    monkeypatch.setattr(engines, "missing", lambda name, package: "jax is not installed" if name == "jax" else "")
    with pytest.raises(SystemExit):
        command.main(["--engines", "jax"])
    assert "jax: jax is not installed; here are tensorgrad, " in " ".join(capsys.readouterr().err.split())


def test_the_command_runs_what_was_asked_for_and_keeps_whole_runs_apart(monkeypatch, tmp_path, capsys):
    asked = []

    def run(suite, *arguments):
        asked.append((suite, *arguments))
        return {**runner.start(suite, False), "took": 1.0, "rows": []}

    monkeypatch.setattr(runner, "run", run)
    monkeypatch.setattr(command, "HERE", tmp_path)
    command.main(["--suite", "tape", "--engines", "tensorgrad", "control", "--only", "chain", "--rounds", "3"])
    assert asked == [("tape", ["tensorgrad", "control"], False, "chain", 3, 0)]
    shown = capsys.readouterr()
    assert "No row was measured to its end." in shown.out and "results go to " in shown.err
    assert not (tmp_path / "results").exists()
    command.main(["--suite", "ops", "steps"])
    assert [suite for suite, *_ in asked[1:]] == ["ops", "steps"] and asked[1][1][0] == "tensorgrad"
    assert json.loads((tmp_path / "results" / "ops.json").read_text())["suite"] == "ops"


@pytest.mark.parametrize("more, code", [
    ({"rows": [{"name": "a", "unit": "s", "family": "f", "calls": 1, "at": None,
                "engines": {"tensorgrad": {"error": "no"}}}]}, "benchmarks: an engine failed, see above"),
    ({"interrupted": True}, 130)])
def test_the_exit_code_tells_of_failures(monkeypatch, tmp_path, more, code):
    monkeypatch.setattr(runner, "run", lambda suite, *_: {**runner.start(suite, False), "took": 1.0, **more})
    with pytest.raises(SystemExit) as stop:
        command.main(["--suite", "steps", "--results", str(tmp_path)])
    assert stop.value.code == code and (tmp_path / "steps.json").exists()
