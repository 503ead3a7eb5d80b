"""Compiled code is kept on disk, dropped when its sources change, and where it cannot be kept all works just as well."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tensorgrad import kernels

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import cache, notice, warmup  # noqa: E402
from tensorgrad.kernels.compiled.cache import contents, fingerprint  # noqa: E402
from tensorgrad.kernels.compiled.notice import Notice  # noqa: E402
from tests.tensorgrad.kernels.crew_kernels import with_scratch  # noqa: E402

ROOT = Path(__file__).parents[3]
NOTICE = "tensorgrad: compiling kernels for this machine, "

# Prints how many functions were compiled, how many come from the disk, and how many folders they are kept in.
PROCESS = """
import numpy as np
from tensorgrad.kernels.compiled import cache, notice
notice.PATIENCE = 0
from tests.tensorgrad.kernels.crew_kernels import count_up
counts, ends = np.zeros(5, np.int64), np.zeros((1, 2), np.int64)
count_up(1, 3, 0, counts, ends)
assert counts.tolist() == [0, 1, 1, 0, 0]
print(sum(count_up.stats.cache_misses.values()), sum(count_up.stats.cache_hits.values()), len(cache.folders()))
"""

# Prints whether the instructions of a kernel are in memory, and what a function gives that calls it and is compiled anew.
CALLER = PROCESS + """
from numba import njit

@njit
def count_up_twice(first, last, slice, counts, ends):
    count_up(first, last, slice, counts, ends)
    count_up(first, last, slice, counts, ends)
    return counts.sum()

(kernel,) = count_up.overloads.values()
print(type(kernel.library).__name__, kernel.library._shared_module is None, count_up_twice(1, 3, 0, counts, ends))
"""


def compiling(code: str = PROCESS, **environment: str) -> tuple[list[str], str]:
    """What a process says that calls a kernel: the numbers above, and on stderr."""
    values = {**os.environ, "TENSORGRAD_QUIET": "", **environment}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=300, cwd=ROOT,
                          env={name: value for name, value in values.items() if value})
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def test_a_second_process_compiles_nothing(tmp_path):
    first, said = compiling(NUMBA_CACHE_DIR=str(tmp_path))
    assert first[:2] == ["1", "0"]
    assert said == f"{NOTICE}once; later starts take a second.  `tensorgrad warmup` compiles all of them.\n"
    second, said = compiling(NUMBA_CACHE_DIR=str(tmp_path))
    assert second[:2] == ["0", "1"] and said == ""
    calling, said = compiling(CALLER, NUMBA_CACHE_DIR=str(tmp_path))
    assert calling[:2] == ["0", "1"] and said == ""
    assert calling[3:] == ["Loaded", "True", "6"]  # 2 were counted before
    for path in tmp_path.rglob("*.nb?"):
        path.write_bytes(path.read_bytes()[:40])  # as after a full disk
    third, said = compiling(NUMBA_CACHE_DIR=str(tmp_path), TENSORGRAD_QUIET="1")
    assert third[:2] == ["1", "0"] and said == ""


def test_a_folder_that_vanishes(tmp_path):
    """It was there when the library was loaded; what is there now is a file."""
    folder = str(tmp_path / "a")
    code = PROCESS.replace("counts, ends =", f"import shutil; shutil.rmtree({folder!r}); open({folder!r}, 'w').close()\n"
                                             "counts, ends =")
    assert compiling(code, NUMBA_CACHE_DIR=folder)[0][:2] == ["1", "0"]


def test_no_folder_to_write_to():
    found, said = compiling("import numba.core.caching as c\nc.CacheImpl._locator_classes = []\n" + PROCESS)
    assert found == ["1", "0", "0"]
    assert said == f"{NOTICE}set NUMBA_CACHE_DIR to a folder that can be written to, and later starts take a second.\n"


def test_processes_that_start_at_once(tmp_path):
    """On an empty folder, with different types of one function: none gets what was compiled for another's."""
    code = """
import sys, numpy as np
from tests.tensorgrad.kernels.crew_kernels import with_scratch
x, sums = np.arange(10, dtype=sys.argv[1]), np.zeros(1, sys.argv[1])
with_scratch(0, 10, 0, x, sums, (3, 0.5), None)
assert sums.tolist() == [140.0] and sums.dtype == sys.argv[1]
print(sum(with_scratch.stats.cache_misses.values()))
"""
    for compiled in (None, ["0\n"] * 6):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        started = [subprocess.Popen([sys.executable, "-c", code, dtype], stdout=subprocess.PIPE, text=True, cwd=ROOT,
                                    env=environment)
                   for dtype in ("float32", "float64", "int64") * 2]
        answers = [process.communicate(timeout=300)[0] for process in started]
        assert not any([process.returncode for process in started])
        assert compiled in (None, answers)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".nbc"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_another_thread_compiles(tmp_path):
    """The child compiles as well, and would wait for ever for a lock of that thread's."""
    code = """
import os, signal, threading, numpy as np
from numba.core.compiler_lock import global_compiler_lock
from tests.tensorgrad.kernels.crew_kernels import count_up, with_scratch
counts, ends, taken, go_on = np.zeros(5, np.int64), np.zeros((1, 2), np.int64), threading.Event(), threading.Event()

def compiling():
    with global_compiler_lock:
        taken.set()
        go_on.wait(60)
        count_up(1, 3, 0, counts, ends)

thread = threading.Thread(target=compiling)
thread.start()
assert taken.wait(60)
threading.Timer(0.2, go_on.set).start()
child = os.fork()
if not child:
    signal.alarm(60)
    with_scratch(0, 10, 0, np.arange(10.0), np.zeros(1), (3, 0.5), None)
    os._exit(0)
thread.join()
print(os.waitpid(child, 0)[1], counts.sum())
"""
    assert compiling("import warnings; warnings.simplefilter('ignore')\n" + code, NUMBA_CACHE_DIR=str(tmp_path),
                     TENSORGRAD_QUIET="1")[0] == ["0", "2"]


def test_a_file_with_a_wrong_byte_is_not_loaded(tmp_path):
    files = cache.Files(tmp_path, "f", "1")
    files.save("key", [1, 2, 3])
    assert files.load("key") == [1, 2, 3] and files.load("another") is None
    path = files.path("key")
    path.write_bytes(path.read_bytes().replace(b"\x02", b"\x04"))
    assert files.load("key") is None


def test_files_of_older_sources_are_removed(tmp_path):
    old, now, other = [cache.Files(tmp_path, name, stamp) for name, stamp in (("f", "1"), ("f", "2"), ("f_shared", "1"))]
    for files in (old, other, now):
        files.save("key", files.name)
    assert old.load("key") is None and now.load("key") == "f" and other.load("key") == "f_shared"


def test_arrays_that_cannot_be_written_to_are_not_compiled_for(tmp_path):
    x, sums = np.arange(6.0), np.zeros(1)
    for writeable in (True, False):
        x.flags.writeable = writeable
        with_scratch(0, 6, 0, x, sums, (2, 0.0), None)
        assert sums[0] == 30
    assert len(with_scratch.signatures) == len({str(types).replace("readonly ", "") for types in with_scratch.signatures})


def test_an_optimizer_does_not_write_into_a_fixed_parameter():
    param = np.ones(5000)
    param.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        kernels.load("compiled").sgd_step(param, np.ones(5000), None, 0.1, 0.0, 0.0, 0.0, False, False, True)
    assert (param == 1).all()


def test_the_notice_waits_for_a_second_in_all(monkeypatch, capsys):
    monkeypatch.delenv("TENSORGRAD_QUIET", raising=False)
    own = Notice()
    for _ in range(3):
        own.begin("soon.")
        own.end()
    assert own.timer is None and capsys.readouterr().err == ""
    own.spent = notice.PATIENCE
    own.begin("soon.")
    own.begin("soon.")  # what it calls
    own.end()
    assert own.timer is not None
    own.timer.join(10)
    own.end()
    own.begin("again.")
    own.end()
    assert capsys.readouterr().err == f"{NOTICE}soon.\n"
    own.latest -= notice.INTERVAL
    own.begin("again.")
    own.end()
    own.begin("again.")
    own.end()
    assert capsys.readouterr().err == "tensorgrad: 7 kernels compiled in 1 s\n"


def sources(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        package, _, module = name.rpartition("_")
        path = folder / "tensorgrad" / "kernels" / (package or "compiled") / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def fingerprint_now(path: Path, root: Path, version: str = "1") -> str:
    fingerprint.cache_clear()
    contents.cache_clear()
    try:
        return fingerprint(path, root, version)
    finally:
        fingerprint.cache_clear()
        contents.cache_clear()


def test_the_fingerprint_follows_imports(tmp_path):
    texts = {"a": "from tensorgrad.kernels.compiled.b import (tile,\n    other)\n", "c": "import numpy\n", "other": "",
             "b": "from tensorgrad.kernels.compiled import c, d\n", "d": "from tensorgrad.kernels.compiled.a import loop\n"
             "from tensorgrad.kernels.reference import e as f\n", "reference_e": "C = 1\n"}
    sources(tmp_path, **texts)
    a = tmp_path / "tensorgrad" / "kernels" / "compiled" / "a.py"
    first = fingerprint_now(a, tmp_path)
    sources(tmp_path, other="changed")
    assert fingerprint_now(a, tmp_path) == first and fingerprint_now(a, tmp_path, "2") != first
    for name in ("a", "b", "c", "d", "reference_e"):
        sources(tmp_path, **{name: texts[name] + "# changed\n"})
        assert fingerprint_now(a, tmp_path) != first
        sources(tmp_path, **{name: texts[name]})
        assert fingerprint_now(a, tmp_path) == first


@pytest.mark.parametrize("changed, concerned, others", [
    ("compiled/tiles.py", ("direct", "winograd"), ("averages", "unary", "steps")),   # written in through other files
    ("reference/error_function.py", ("unary", "deviations"), ("direct", "steps")),   # coefficients
    ("compiled/rows.py", ("classes", "deviations"), ("direct", "steps", "entrywise"))])
def test_the_fingerprint_sees_every_file_of_instructions(tmp_path, changed, concerned, others):
    folder = tmp_path / "tensorgrad" / "kernels"
    shutil.copytree(ROOT / "tensorgrad" / "kernels", folder, ignore=shutil.ignore_patterns("__pycache__"))

    def now(names: tuple[str, ...]) -> list[str]:
        return [fingerprint_now(folder / "compiled" / f"{name}.py", tmp_path) for name in names]

    before, same = now(concerned), now(others)
    (folder / changed).write_text((folder / changed).read_text() + "#")
    assert not set(before) & set(now(concerned)) and same == now(others)


def test_generated_kernels_belong_to_the_file_that_made_them():
    deviations, unary = [import_module(f"tensorgrad.kernels.compiled.{name}") for name in ("deviations", "unary")]
    for kernel, module in ((deviations.summed("square"), deviations), (deviations.slopes("square"), deviations),
                           (unary.loop("exp", 0), unary)):
        assert kernel.__closure__ and {cell.cell_contents.py_func.__code__.co_filename for cell in kernel.__closure__
                                       if hasattr(cell.cell_contents, "py_func")} == {module.__file__}


def test_warmup_calls_every_compiled_kernel():
    from tensorgrad.kernels import compiled

    assert {name for name, _ in warmup.calls("float32")} == set(compiled.__all__) - {"DTYPES"}
    assert set(compiled.__all__) <= {*kernels.KERNELS, "gradients_of_few", "DTYPES"}
