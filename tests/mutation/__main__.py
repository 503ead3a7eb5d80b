"""Puts small mistakes into the engine's core, one at a time, and reports how many of them its tests notice.

    python -m tests.mutation                 all mutants
    python -m tests.mutation --sample 10     every tenth
    python -m tests.mutation engine --show   those of one file, and what becomes of each

The tests are collected once, before any change.  Each mutant is run in a forked process: the functions of the module get
the changed code, the tests run until the first failure, and the process ends.  A mutant that takes `TIMEOUT` seconds of
processor time hangs, which counts as noticed.  `equivalent.txt` lists those that no test can notice, with the reason.
"""

from __future__ import annotations

import argparse
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

from tests.mutation.mutants import Mutant, mutants

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
MODULES = ["tensorgrad.autograd.engine", "tensorgrad.autograd.backward", "tensorgrad.op", "tensorgrad.recording",
           "tensorgrad.lineage", "tensorgrad.inplace", "tensorgrad.autograd.function"]
TESTS = ["tests/tensorgrad/autograd/test_engine.py", "tests/tensorgrad/autograd/test_backward.py",
         "tests/tensorgrad/autograd/test_function.py", "tests/tensorgrad/test_inplace.py",
         "tests/tensorgrad/test_recording.py", "tests/nn/test_broken_models.py", "tests/tensorgrad/test_tensor.py",
         "tests/tensorgrad/autograd/test_checkpointing.py", "tests/tensorgrad/autograd/test_gradcheck.py"]
SLOW = "not hundred_thousand and not memory and not linear and not deep and not whole and not reference_counting"
TIMEOUT = 30


class Runner:
    """Collects the tests once, and in the forked children runs them on a mutant."""

    def __init__(self, chosen: list[Mutant], modules: dict[str, types.ModuleType], show: bool):
        self.chosen, self.modules, self.show = chosen, modules, show
        self.survivors: list[str] = []
        self.score: dict[str, list[int]] = {}

    def pytest_runtestloop(self, session: Any) -> bool:
        """In the place of pytest's own loop: all tests once as they are, then once per mutant."""
        if not passes(session):
            raise pytest.UsageError("the tests fail without a mutant")
        known = equivalents()
        for mutant in self.chosen:
            name = mutant.key.split(":")[0]
            counts = self.score.setdefault(name, [0, 0, 0])
            if mutant.key in known:
                counts[2] += 1
                continue
            noticed = self.noticed(session, mutant)
            if self.show:
                print(f"{'noticed' if noticed else 'survived'}: {mutant.key}", file=sys.__stderr__, flush=True)
            counts[0 if noticed else 1] += 1
            if not noticed:
                self.survivors.append(f"{mutant.key}  (line {mutant.line})")
        return True

    def noticed(self, session: Any, mutant: Mutant) -> bool:
        """True if a test fails on the mutant."""
        child = os.fork()
        if not child:
            signal.setitimer(signal.ITIMER_PROF, TIMEOUT)
            try:
                put(mutant.tree, self.modules[mutant.key.split(":")[0]])
                os._exit(0 if passes(session) else 1)
            except BaseException:  # noqa: B036  the module cannot even be loaded
                os._exit(1)
        return os.waitpid(child, 0)[1] != 0


def passes(session: Any) -> bool:
    """True if every test passes; stops at the first that does not."""
    failed: list[Any] = []

    class Watch:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report)

    watch = Watch()
    session.config.pluginmanager.register(watch)
    try:
        for i, item in enumerate(session.items):
            following = session.items[i + 1] if i + 1 < len(session.items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed:
                return False
    finally:
        session.config.pluginmanager.unregister(watch)
    return True


def put(tree: Any, module: types.ModuleType) -> None:
    """Give the functions of `module` the code of the changed one, in place: others hold these functions already."""
    fresh = types.ModuleType(module.__name__)
    fresh.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
    exec(compile(tree, str(module.__file__), "exec"), fresh.__dict__)
    replace(vars(fresh), vars(module), module)


def replace(new: Any, old: Any, module: types.ModuleType) -> None:
    """The functions of one namespace put into those of another, classes and closures included."""
    for name, value in list(new.items()):
        before = old.get(name)
        if isinstance(value, (staticmethod, classmethod)) and isinstance(before, (staticmethod, classmethod)):
            value, before = value.__func__, before.__func__
        if isinstance(value, property) and isinstance(before, property):
            value, before = value.fget, before.fget
        if isinstance(value, types.FunctionType) and isinstance(before, types.FunctionType):
            if value.__module__ == module.__name__ and value.__code__.co_freevars == before.__code__.co_freevars:
                before.__code__, before.__defaults__ = value.__code__, value.__defaults__
                before.__kwdefaults__ = value.__kwdefaults__
        elif isinstance(value, type) and isinstance(before, type) and value.__module__ == module.__name__:
            replace(vars(value), vars(before), module)
            for key, entry in vars(value).items():  # class attributes such as `keeps_output = False`
                if isinstance(entry, (bool, int, str, tuple)) and not key.startswith("__"):
                    setattr(before, key, entry)
        elif isinstance(value, (bool, int)) and not name.startswith("__"):
            module.__dict__[name] = value


def equivalents() -> set[str]:
    """The keys in equivalent.txt: lines that neither are empty nor begin with #."""
    lines = (HERE / "equivalent.txt").read_text().splitlines()
    return {line for line in lines if line.strip() and not line.startswith("#")}


def main() -> int:
    """Run, report, and fail below 85 %."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="the end of a module's name; default: all of the core")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every N-th mutant")
    parser.add_argument("--show", action="store_true", help="print each as it is run")
    options = parser.parse_args()
    names = [name for name in MODULES if not options.module or name.rpartition(".")[2] in options.module]
    modules = {name.rpartition(".")[2] + ".py": importlib.import_module(name) for name in names}
    found = [mutant for name, module in modules.items() for mutant in mutants(Path(str(module.__file__)).read_text(), name)]
    runner = Runner(found[::options.sample], modules, options.show)
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
