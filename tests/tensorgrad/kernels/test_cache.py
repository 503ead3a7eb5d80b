"""Compiled code is kept on disk, dropped when its sources change, and where it cannot be kept all works just as well."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tensorgrad import kernels

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import cache, warmup  # noqa: E402
from tensorgrad.kernels.compiled.cache import Notice, fingerprint  # noqa: E402

ROOT = Path(__file__).parents[3]
NOTICE = "tensorgrad: compiling kernels for this machine, "

# Prints how many functions were compiled, how many come from the disk, and how many folders they are kept in.
PROCESS = """
import numpy as np
from tensorgrad.kernels.compiled import cache
cache.PATIENCE = 0
from tests.tensorgrad.kernels.crew_kernels import count_up
counts, ends = np.zeros(5, np.int64), np.zeros((1, 2), np.int64)
count_up(1, 3, 0, counts, ends)
assert counts.tolist() == [0, 1, 1, 0, 0]
print(sum(count_up.stats.cache_misses.values()), sum(count_up.stats.cache_hits.values()), len(cache.folders()))
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


def test_the_notice_waits_for_a_second_in_all(monkeypatch, capsys):
    monkeypatch.delenv("TENSORGRAD_QUIET", raising=False)
    notice = Notice()
    for _ in range(3):
        notice.begin("soon.")
        notice.end()
    assert notice.timer is None and capsys.readouterr().err == ""
    notice.spent = cache.PATIENCE
    notice.begin("soon.")
    notice.timer.join(10)
    notice.end()
    notice.begin("again.")
    notice.end()
    assert capsys.readouterr().err == f"{NOTICE}soon.\n"


def sources(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def test_the_fingerprint_follows_imports(tmp_path):
    sources(tmp_path, a="from tensorgrad.kernels.compiled.b import tile\n", c="import numpy\n", other="",
            b="from tensorgrad.kernels.compiled import c, d\n", d="from tensorgrad.kernels.compiled.a import loop\n")

    def now(version: str = "1") -> str:
        fingerprint.cache_clear()
        return fingerprint("a", tmp_path, version)

    first = now()
    sources(tmp_path, other="changed")
    assert now() == first and now("2") != first
    for name in "abcd":
        text = (tmp_path / f"{name}.py").read_text()
        sources(tmp_path, **{name: text + "# changed\n"})
        assert now() != first
        sources(tmp_path, **{name: text})
        assert now() == first
    fingerprint.cache_clear()


def test_the_fingerprint_sees_every_file_of_instructions():
    """In a copy of the package: the tiles are written into the convolution, through other files."""
    folder = Path(shutil.copytree(cache.FOLDER, ROOT / ".pytest_cache" / "compiled", dirs_exist_ok=True))
    before = {name: fingerprint(name, folder) for name in ("direct", "averages")}
    fingerprint.cache_clear()
    (folder / "tiles.py").write_text((folder / "tiles.py").read_text() + "#")
    assert fingerprint("direct", folder) != before["direct"]
    assert fingerprint("averages", folder) == before["averages"]
    fingerprint.cache_clear()
    shutil.rmtree(folder)


def test_warmup_calls_every_compiled_kernel():
    from tensorgrad.kernels import compiled

    assert {name for name, _ in warmup.calls("float32")} == set(compiled.__all__) - {"DTYPES"}
    assert set(compiled.__all__) <= {*kernels.KERNELS, "DTYPES"}
