"""The switch between kernel sets: call, block, environment, what happens where numba is missing or no cache can be kept."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

import tensorgrad
from tensorgrad import kernels
from tensorgrad.errors import KernelError

needs_numba = pytest.mark.skipif("compiled" not in kernels.available(), reason="numba is not installed")


def run(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    inherited = {name: value for name, value in os.environ.items() if name != "TENSORGRAD_KERNELS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**inherited, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def hide(monkeypatch, package):
    """Make a package look as if it were not installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *args: None if name == package else found(name, *args))
    kernels.load.cache_clear()


@pytest.fixture(autouse=True)
def fresh_sets():
    yield
    kernels.load.cache_clear()


def test_block_switches_and_restores():
    before = kernels.active()
    with kernels.use("reference") as used:
        assert kernels.active() is used and used.name == "reference" and repr(used) == "<reference kernels>"
        with kernels.use("reference"):
            pass
        assert kernels.active() is used
    assert kernels.active() is before


def test_block_restores_after_an_error():
    before = kernels.active()
    with pytest.raises(ZeroDivisionError):
        with kernels.use("reference"):
            1 / 0
    assert kernels.active() is before


@needs_numba
def test_call_switches_from_here_on():
    first = kernels.active().name
    kernels.use("reference")
    assert kernels.active().name == "reference"
    kernels.use("compiled")
    assert kernels.active().name == "compiled"
    kernels.use(first)


@needs_numba
def test_ops_use_the_active_set(monkeypatch):
    called = []
    with kernels.use("compiled") as used:
        monkeypatch.setattr(used, "max_pool", lambda x, window: called.append(used.name) or (x, x))
        tensorgrad.max_pool2d(tensorgrad.ones(1, 1, 2, 2), 2)
    assert called == ["compiled"]


def test_unknown_name():
    with pytest.raises(KernelError, match="kernels: there is no set 'fast'.\n  Use one of: reference"):
        kernels.use("fast")


def test_missing_package_says_what_to_run(monkeypatch):
    hide(monkeypatch, "numba")
    assert kernels.available() == ("reference",)
    with pytest.raises(KernelError, match=r"the set 'compiled' needs numba, which is not installed.\n  Run: pip install "
                                          r'"tensorgrad\[fast\]"'):
        kernels.use("compiled")
    assert kernels.by_default().name == "reference"


def test_broken_package_is_said_and_the_reference_runs(monkeypatch):
    monkeypatch.setitem(kernels.sets, "compiled", ("tensorgrad.kernels.broken", None, "pip install --upgrade numba"))
    kernels.load.cache_clear()
    monkeypatch.delenv("TENSORGRAD_KERNELS", raising=False)
    with pytest.raises(KernelError, match="the set 'compiled' cannot be loaded: No module .*\n  Run: pip install --up"):
        kernels.use("compiled")
    with pytest.warns(RuntimeWarning, match="cannot be loaded.*\n.*\n  Until then the reference kernels run."):
        assert kernels.by_default().name == "reference"


@needs_numba
def test_default_is_compiled_and_picked_late():
    code = "import sys, tensorgrad, nn; a = 'numba' in sys.modules; print(a, tensorgrad.kernels.active().name)"
    assert run(code) == "False compiled"


def test_environment_variable_picks():
    assert run("from tensorgrad import kernels; print(kernels.active().name)", TENSORGRAD_KERNELS="reference") == "reference"


def test_environment_variable_with_an_unknown_name():
    code = "from tensorgrad import kernels\ntry:\n    kernels.active()\nexcept RuntimeError as error:\n    print(error)"
    text = run(code, TENSORGRAD_KERNELS="cuda")
    assert "there is no set 'cuda'" in text and "comes from the environment variable TENSORGRAD_KERNELS" in text


@needs_numba
def test_other_dtypes_fall_through_to_the_reference(monkeypatch):
    compiled = kernels.load("compiled")
    from tensorgrad.kernels.compiled import maxima
    monkeypatch.setattr(maxima, "largest_of_windows", None)  # calling it would fail
    window = tensorgrad.window.Window.parse("max_pool2d", 2, 2)
    x = np.arange(4).reshape(1, 1, 2, 2)
    assert compiled.max_pool(x, window)[0].item() == 3
    with pytest.raises(TypeError):
        compiled.max_pool(x.astype(np.float32), window)


@needs_numba
def test_runs_where_no_cache_can_be_written(monkeypatch):
    from numba.core import caching
    from tensorgrad.kernels.compiled import cache, jit

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert isinstance(cache.cache_of(lambda a: a + 1), cache.NoCache)
    assert jit.jit(lambda a: a + 1)(1) == 2
