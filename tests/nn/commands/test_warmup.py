"""After `tensorgrad warmup` nothing is left to compile, whatever is trained."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.nn.commands.process import ROOT, environment

pytest.importorskip("numba")


def run(folder: object, *call: str) -> str:
    """What a process prints that keeps compiled kernels in `folder`."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", *call], cwd=ROOT, capture_output=True, text=True,
                          env=environment(NUMBA_CACHE_DIR=str(folder)), timeout=1800)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_warmup_compiles_all(tmp_path):
    assert str(tmp_path) in run(tmp_path, "nn.commands", "warmup", "--float64")
    assert run(tmp_path, "tests.nn.commands.everything") == ""
    assert "are ready, 0 of them new" in run(tmp_path, "nn.commands", "warmup", "--float64")
