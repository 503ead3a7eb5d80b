"""After `tensorgrad warmup` nothing is left to compile, whatever is trained."""

from __future__ import annotations

import argparse
import subprocess
import sys

import numpy as np
import pytest

from nn.commands import warmup
from tests.nn.commands.process import ROOT, environment

pytest.importorskip("numba")
cache, notice, warmup_calls = [pytest.importorskip(f"tensorgrad.kernels.compiled.{name}")
                               for name in ("cache", "notice", "warmup")]


def run(folder: object, *call: str) -> str:
    """What a process prints that keeps compiled kernels in `folder`."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", *call], cwd=ROOT, capture_output=True, text=True,
                          env=environment(NUMBA_CACHE_DIR=str(folder)), timeout=1800)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("dtypes", [["float32"], ["float32", "float64"]], ids=len)
@pytest.mark.parametrize("folders, said", [(["/a", "/b"], "kept in /a\nkept in /b\n"), ([], "but not kept")],
                         ids=["kept", "not kept"])
def test_every_call_is_made_and_said(monkeypatch, capsys, dtypes, folders, said):
    made = []
    monkeypatch.setattr(warmup_calls, "calls",
                        lambda dtype: [(name, lambda name=name: made.append((name, np.dtype(dtype).name))) for name in "ab"])
    monkeypatch.setattr(cache, "folders", lambda: folders)
    monkeypatch.setattr(notice.notice, "said", True)
    assert warmup.run(argparse.Namespace(float64=len(dtypes) == 2)) == 0
    assert made == [(name, dtype) for dtype in dtypes for name in "ab"]
    output = capsys.readouterr().out
    assert output.startswith(f"compiled kernels for {' and '.join(dtypes)} are ready, ")
    assert said in output


@pytest.mark.slow
def test_warmup_compiles_all(tmp_path):
    assert str(tmp_path) in run(tmp_path, "nn.commands", "warmup", "--float64")
    assert run(tmp_path, "tests.nn.commands.everything") == ""
    assert "are ready, 0 of them new" in run(tmp_path, "nn.commands", "warmup", "--float64")
