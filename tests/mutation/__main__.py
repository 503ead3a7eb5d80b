"""Puts small mistakes into the engine's core, one at a time, and reports how many of them its tests notice.

    python -m tests.mutation                 all mutants
    python -m tests.mutation --sample 10     every tenth
    python -m tests.mutation engine --show   those of one file, and what becomes of each

The tests are collected once, before any change, and it is noted which of them executes which line.  Each mutant is run in a
forked process: the functions of the module get the changed code, the tests that reach it run until the first failure, and
the process ends.  A mutant that takes `TIMEOUT` seconds of processor time hangs, which counts as noticed.  `equivalent.txt`
lists those that no test can notice, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import importlib
import io
import os
import signal
import sys
import time
import types
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.loading import closures_of, put
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.reach import Reach

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
MODULES = ["tensorgrad.autograd.engine", "tensorgrad.autograd.backward", "tensorgrad.op", "tensorgrad.recording",
           "tensorgrad.lineage", "tensorgrad.in_place.arithmetic", "tensorgrad.autograd.function", "tensorgrad.ownership",
           "tensorgrad.ops.writing", "tensorgrad.ops.assignment", "tensorgrad.shared_memory"]
TESTS = ["tests/tensorgrad/autograd/test_engine.py", "tests/tensorgrad/autograd/test_backward.py",
         "tests/tensorgrad/autograd/test_function.py", "tests/tensorgrad/test_inplace.py",
         "tests/tensorgrad/test_inplace_recorded.py",
         "tests/tensorgrad/test_recording.py", "tests/nn/test_broken_models.py", "tests/tensorgrad/test_tensor.py",
         "tests/tensorgrad/autograd/test_checkpointing.py", "tests/tensorgrad/autograd/test_gradcheck.py",
         "tests/tensorgrad/autograd/test_accumulation.py", "tests/tensorgrad/autograd/test_stale_lines.py",
         "tests/tensorgrad/test_op.py", "tests/tensorgrad/test_lineage.py", "tests/nn/test_hooks.py",
         "tests/tensorgrad/test_ownership.py"]
SLOW = "not hundred_thousand and not memory and not linear and not deep and not whole and not reference_counting"
TIMEOUT = 30


class Runner:
    """Collects the tests once, and in forked children runs them on the mutants."""

    def __init__(self, chosen: list[Mutant], modules: dict[str, types.ModuleType], jobs: int, show: bool):
        self.chosen, self.modules, self.jobs, self.show = chosen, modules, jobs, show
        self.survivors: list[str] = []
        self.score: dict[str, list[int]] = {}
        self.reach = Reach({str(module.__file__) for module in modules.values()})
        self.closures = {name: closures_of(str(module.__file__)) for name, module in modules.items()}
        self.at_work: dict[int, Mutant] = {}

    def pytest_runtestloop(self, session: Any) -> bool:
        """In the place of pytest's own loop: all tests once as they are, then once per mutant."""
        if not passes(session.items) or not passes(session.items, self.reach):  # compiled and cached, then watched
            raise pytest.UsageError("the tests fail without a mutant")
        known = equivalents()
        gc.collect()
        gc.freeze()  # a child that collects garbage would copy all of the parent's memory
        for name, module in self.modules.items():
            source = Path(str(module.__file__)).read_text()
            self.begin(Mutant(f"{name}: as it is", 0, (1, len(source.splitlines())), ast.parse(source)))
            if os.wait()[1]:
                raise pytest.UsageError(f"the tests that reach {name}, the quickest first, fail without a mutant")
        self.at_work.clear()
        for mutant in self.chosen:
            self.score.setdefault(mutant.key.split(":")[0], [0, 0, 0])
            if mutant.key in known:
                self.score[mutant.key.split(":")[0]][2] += 1
                continue
            if len(self.at_work) == self.jobs:
                self.await_one()
            self.begin(mutant)
        while self.at_work:
            self.await_one()
        return True

    def begin(self, mutant: Mutant) -> None:
        """Fork a child that ends with 0 if no test fails on the mutant."""
        name = mutant.key.split(":")[0]
        child = os.fork()
        if child:
            self.at_work[child] = mutant
            return
        signal.setitimer(signal.ITIMER_PROF, TIMEOUT)
        try:
            put(mutant.tree, self.modules[name], self.closures[name])
            os._exit(0 if passes(self.reach.tests(str(self.modules[name].__file__), *mutant.lines)) else 1)
        except BaseException:  # noqa: B036  the module cannot even be loaded
            os._exit(1)

    def await_one(self) -> None:
        """Wait for a child, and count what it found."""
        child, status = os.wait()
        mutant = self.at_work.pop(child)
        if self.show:
            print(f"{'noticed' if status else 'survived'}: {mutant.key}", file=sys.__stderr__, flush=True)
        self.score[mutant.key.split(":")[0]][0 if status else 1] += 1
        if not status:
            self.survivors.append(f"{mutant.key}  (line {mutant.line})")


def passes(items: list[Any], reach: Reach | None = None) -> bool:
    """True if every test passes; stops at the first that does not."""
    failed: list[Any] = []

    class Watch:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report)

    watch = Watch()
    plugins = items[0].config.pluginmanager if items else None
    if plugins:
        plugins.register(watch)
    try:
        for i, item in enumerate(items):
            run = functools.partial(item.config.hook.pytest_runtest_protocol, item=item,
                                    nextitem=items[i + 1] if i + 1 < len(items) else None)
            reach.watch(item, run) if reach else run()
            if failed:
                return False
    finally:
        if plugins:
            plugins.unregister(watch)
    return True


def equivalents() -> set[str]:
    """The keys in equivalent.txt: lines that neither are empty nor begin with #."""
    lines = (HERE / "equivalent.txt").read_text().splitlines()
    return {line for line in lines if line.strip() and not line.startswith("#")}


def main() -> int:
    """Run, report, and fail below 85 %."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="the end of a module's name; default: all of the core")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every N-th mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="that many at a time")
    parser.add_argument("--show", action="store_true", help="print each as it is run")
    options = parser.parse_args()
    names = [name for name in MODULES if not options.module or name.rpartition(".")[2] in options.module]
    modules = {name.rpartition(".")[2] + ".py": importlib.import_module(name) for name in names}
    found = [mutant for name, module in modules.items() for mutant in mutants(Path(str(module.__file__)).read_text(), name)]
    runner = Runner(found[::options.sample], modules, options.jobs, options.show)
    start, said = time.monotonic(), io.StringIO()
    tests = [test for test in TESTS if (ROOT / test).exists()]
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main(["-q", "-p", "no:cacheprovider", "--capture=sys", "-k", SLOW,
                            "--rootdir", str(ROOT), *tests], [runner])
    if not runner.score:
        print(said.getvalue()[-4000:])
        return int(code) or 1
    killed = sum(counts[0] for counts in runner.score.values())
    survived = sum(counts[1] for counts in runner.score.values())
    for survivor in runner.survivors:
        print(f"survived: {survivor}")
    for name, (noticed, missed, equal) in runner.score.items():
        print(f"{name:<14} {noticed:>5} of {noticed + missed} noticed, {equal} equivalent")
    print(f"{killed / (killed + survived):.1%} of {killed + survived} mutants noticed, in {time.monotonic() - start:.0f} s")
    return 0 if killed >= 0.85 * (killed + survived) else 1


if __name__ == "__main__":
    sys.exit(main())
