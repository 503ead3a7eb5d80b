"""The report says what was measured."""

from __future__ import annotations

import doctest
import json
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import cases, engines, footprint, report, runner
from benchmarks.report import figures, tables, targets


def rounds(*times, **more):
    return {"rounds": list(times), "stages": {"step": list(times)}, "first": 1.5, "loss": 2.0, "call": times[0], **more}


def row(name="a", family="network", calls=1, at=None, unit="s", **found):
    names = {name.replace("_", "-"): result for name, result in found.items()}
    return {"name": name, "unit": unit, "family": family, "calls": calls, "at": at, "engines": names}


def results(*rows, suite="steps", **more):
    return {"suite": suite, "machine": {"cores": 2, "torch": None, "load at the start": 0.0}, "interrupted": False,
            "missing": {}, "took": 90.0, "rows": list(rows), **more}


def test_ratios_are_taken_round_by_round_against_the_mode_with_the_lowest_median():
    fast, slow = rounds(2.0, 8.0, 4.0), rounds(5.0, 5.0, 5.0)  # slow is faster in the second round, and still not the best
    found = row(tensorgrad=rounds(1.0, 2.0, 4.0), torch=slow, torch_channels_last=fast)
    assert figures.against(found) == [0.5, 0.25, 1.0] and figures.best(found, figures.TORCH) == "torch-channels-last"


def test_the_table_of_a_suite():
    text = report.summary(results(
        row("a", tensorgrad=rounds(0.001, 0.003, 0.002), torch=rounds(0.002, 0.004, 0.008),
            jax=rounds(0.001, 0.001, 0.001), control={**rounds(0.003), "stages": {"product": [0.001], "copy": [0.002]}}),
        row("b", calls=100, tensorgrad=rounds(0.1234), torch={"skipped": "it has no b"},
            jax={"error": "ValueError: x | y\nz"}),
        missing={"tinygrad": "clang is not installed"}))
    assert text == """\
| row | tensorgrad | PyTorch | JAX jit | / best PyTorch | / best other peer |
|---|--:|--:|--:|--:|--:|
| a | 2 ms | 4 ms | **1 ms** | 0.50 (0.25–0.75) | 2.00 (1.00–3.00) |
| b | **1.23 ms** | – | failed | – | – |

* tinygrad: clang is not installed
* PyTorch: it has no b (b)

* Failed: b, jax: ValueError: x | y z

cores 2, load at the start 0.0, control: product 906 (906 to 906) GFLOP/s, control: copy 8.39 (8.39 to 8.39) GB/s, \
took 1.5 minutes
"""


def test_a_run_to_distrust_says_so():
    sound = row(tensorgrad=rounds(0.1), control=rounds(0.001, 0.0014))
    assert figures.remarks(results(sound)) == []
    (busy,) = figures.remarks(results(sound, row(tensorgrad=rounds(0.1), control=rounds(0.0016))))
    assert busy.startswith("The machine was busy or changed its speed: the control took 1 to 1.6 ms.")
    (other,) = figures.remarks(results(row(tensorgrad=rounds(0.1), torch=rounds(0.1, loss=2.01))))
    assert other == "Not the same computation: a, first losses tensorgrad 2, torch 2.01"
    (nan,) = figures.remarks(results(row(tensorgrad=rounds(0.1, loss=float("nan")), torch=rounds(0.1))))
    assert nan.startswith("Not the same computation: a")
    assert figures.remarks(results(interrupted=True)) == ["Interrupted: only the rows above were measured."]


def test_growth_is_fitted_per_axis_and_engine():
    found = results(*(row(f"side {n}", at=("side", n), tensorgrad=rounds(n**2 / 1e6), torch=rounds(n / 1e6))
                      for n in (1, 10, 100)), suite="growth")
    text = tables.growth(found, {"side": "an image", "depth": "a chain"})
    assert "| side | an image | 2.00 (1: 1 µs, 100: 10 ms) | 1.00 (1: 1 µs, 100: 100 µs) |" in text
    assert "| depth | a chain | – | – |" in text


def test_convolutions_as_a_share_of_the_machine():
    product = {"matrix product of the control": [1.0], "product": [0.01]}
    found = results({**row("conv 3×3", tensorgrad=rounds(0.5), torch=rounds(1.0), control={**rounds(1), "stages": product}),
                     "multiply_adds": 5 * 10**8}, suite="ops")
    peak = figures.peak({"ops": found}, size=1000)
    assert peak == 1e11
    assert "| conv 3×3 | 500 M | 1.0 | 1% | 0.5 | 0% |" in tables.throughput(found, peak)


# -- targets -----------------------------------------------------------------------------------------------------------


def steps(*ratios):
    """The five training steps at these ratios."""
    return results(*(row(name, tensorgrad=rounds(ratio), torch=rounds(1.0)) for name, ratio in
                     zip(targets.FIVE, ratios)))


def lines(suites, causes=None):
    return {line.split(" | ")[0][2:]: line.split(" | ")[3:] for line in targets.table(suites, causes or {}).splitlines()[2:]}


def test_targets_that_are_met_and_missed():
    found = lines({"steps": steps(0.2, 0.6, 0.45, 0.52, 0.8)}, {"VGG-small": "its first layer"})
    assert found["the five training steps, geometric mean"][:2] == ["0.47", "met"]
    assert found["the slowest of the five training steps"][0] == "0.80 (ResNet-20, batch 64)"
    assert found["the slowest of the five training steps"][1] == "**missed** in 1 of 5 rows, by up to 0.05"
    assert found["LeNet-5, batch 1"][:2] == ["0.20", "met, and the aim"]
    assert found["VGG-small"] == ["0.52", "**missed** by 0.02", "its first layer |"]
    assert found["inference, geometric mean"][:2] == ["not measured", "–"]


def test_a_target_of_which_rows_are_missing_says_so():
    found = lines({"steps": steps(0.2, 0.3)})
    assert found["the five training steps, geometric mean"][0] == "0.24 (of 2 of 5 rows)"


def test_rows_in_which_a_peer_is_ahead_are_listed_with_their_causes():
    suites = {"ops": results(row("fast", tensorgrad=rounds(1.0), torch=rounds(2.0), jax=rounds(3.0)),
                             row("slow", tensorgrad=rounds(3.0), torch=rounds(2.0), jax=rounds(1.0)), suite="ops")}
    for causes in ({"slow": "not fused"}, {"slow": "other", "other": "not fused"}, {"slow": ["not fused"]}):
        assert targets.behind(suites, causes).splitlines()[2:] == ["| slow | ops | JAX jit | 3.00 | 1 |", "", "1. not fused"]
    assert targets.behind(suites, {"slow": ["not fused", "not kept"]}).splitlines()[2:] == [
        "| slow | ops | JAX jit | 3.00 | 1, 2 |", "", "1. not fused", "2. not kept"]
    rest = lines(suites)["each of JAX jit, MyGrad, HIPS autograd, tinygrad, in every row: the slowest"]
    assert rest[:2] == ["3.00 (slow (ops, JAX jit))", "**missed** in 1 of 2 rows, by up to 2"]


def test_the_targets_name_rows_and_families_that_exist():
    names = {case.name for case in cases.SUITES["steps"].cases}
    assert {*targets.FIVE, *targets.VARIED} <= names
    families = {case.family for suite in ("ops", "tape") for case in cases.SUITES[suite].cases}
    assert {"3×3", "pooling", "batch norm", "cross-entropy", "optimizer step", "chain of 100"} <= families


# -- the page ----------------------------------------------------------------------------------------------------------


def a_run(folder):
    """Made-up results of every suite."""
    for suite, plan in cases.SUITES.items():
        rows = [{**row(case.name, case.family, case.calls, case.at, tensorgrad=rounds(0.5 + i, 0.6 + i),
                       torch=rounds(1.0, 1.0), jax=rounds(2.0, 2.0)), "multiply_adds": getattr(case, "multiply_adds", 0)}
                for i, case in enumerate(plan.quick)]
        (folder / f"{suite}.json").write_text(json.dumps(results(*rows, suite=suite)))
    rows = [row(f"memory of a training step: {name}", "memory of a training step", unit="MB", tensorgrad=rounds(50.0),
                torch=rounds(70.0)) for name in ("a", "b")]
    (folder / "memory.json").write_text(json.dumps(results(*rows, suite="memory")))


def test_the_page_and_its_charts(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    a_run(tmp_path)
    old = tmp_path / "out" / "images" / "old.png"
    old.parent.mkdir(parents=True)
    old.touch()
    command.main(["--report", "--results", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "wrote" in capsys.readouterr().out
    images = {path.name for path in old.parent.iterdir()}
    assert images == {f"{name}.png" for name in ("steps", "inference", "ops", "tape", "growth", "memory", "steps-engines",
                                                 "tape-engines")}
    page = (tmp_path / "out" / "README.md").read_text()
    assert all(f"(images/{name})" in page for name in images) and "$" not in page and "Not measured" not in page
    assert "| MNIST CNN" in page and "## Behind a peer" in page


def test_the_committed_page_is_what_the_committed_figures_make():
    drawn = {path.stem: path.name for path in (report.HERE / "images").glob("*.png")}
    causes = json.loads((report.HERE / "causes.json").read_text())
    made = report.page(report.read(report.HERE / "results"), drawn, causes)
    assert made == (report.HERE / "README.md").read_text(), "run python -m benchmarks --report"


def test_without_matplotlib_the_charts_stay(tmp_path, monkeypatch, capsys):
    a_run(tmp_path)
    old = tmp_path / "out" / "images" / "steps.png"
    old.parent.mkdir(parents=True)
    old.write_text("drawn before")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    report.write(tmp_path, tmp_path / "out")
    assert "benchmarks: the charts stay as they are, " in capsys.readouterr().out
    page = (tmp_path / "out" / "README.md").read_text()
    assert old.read_text() == "drawn before" and "![steps](images/steps.png)" in page and page.count("](images/") == 1


def test_the_page_of_no_run(tmp_path):
    report.write(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "README.md").read_text()
    assert page.count("Not measured yet.") == 8 and "| not measured | – |" in page


def test_nothing_measured():
    assert report.summary(results()) == "No row was measured to its end.\n"


@pytest.mark.parametrize("module", [figures, tables, runner, footprint, cases, engines, command])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).failed == 0
