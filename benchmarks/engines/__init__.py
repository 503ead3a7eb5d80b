"""The libraries that are timed, each behind the same few functions.

An engine prepares a row: it returns stages, functions without arguments that are called in turn and timed one by one.  What
an engine cannot express raises `NotImplementedError` with the reason, which the report shows in the row.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import Any

import tensorgrad

__all__ = ["ENGINES", "LABELS", "PEERS", "create", "here"]

# Name: (module in this package, class, arguments, package that must be installed)
ENGINES: dict[str, tuple[str, str, tuple[Any, ...], str]] = {
    "tensorgrad": ("ours", "Ours", (None,), "tensorgrad"),
    "tensorgrad-reference": ("ours", "Ours", ("reference",), "tensorgrad"),
    "torch": ("torch", "Torch", (), "torch"),
    "torch-channels-last": ("torch", "ChannelsLast", (), "torch"),
    "torch-compile": ("torch", "Compiled", (), "torch"),
    "jax": ("jax", "Jax", (), "jax"),
    "mygrad": ("mygrad", "MyGrad", (), "mygrad"),
    "autograd": ("autograd", "Autograd", (), "autograd"),
    "tinygrad": ("tinygrad", "TinyGrad", (), "tinygrad"),
    "numpy": ("bare", "Bare", (), "numpy"),
    "control": ("control", "Control", (), "numpy"),
}

LABELS = {"tensorgrad-reference": "tensorgrad, NumPy only", "torch": "PyTorch",
          "torch-channels-last": "PyTorch, channels last", "torch-compile": "torch.compile", "jax": "JAX jit",
          "mygrad": "MyGrad", "autograd": "HIPS autograd", "numpy": "NumPy alone"}

PEERS = ("jax", "mygrad", "autograd", "tinygrad")  # those that are not PyTorch


def create(name: str, threads: int) -> Any:
    """The engine of that name."""
    module, kind, arguments, _ = ENGINES[name]
    return getattr(importlib.import_module(f"benchmarks.engines.{module}"), kind)(threads, *arguments)


def here() -> dict[str, str]:
    """Every engine, with the reason why it cannot run here, or "" if it can.

    Example
        >>> here()["tensorgrad"]
        ''
    """
    return {name: missing(name, package) for name, (*_, package) in ENGINES.items()}


def missing(name: str, package: str) -> str:
    if importlib.util.find_spec(package) is None:
        return f"{package} is not installed"
    if name == "tensorgrad-reference" and "compiled" not in tensorgrad.kernels.available():
        return "numba is not installed: tensorgrad itself runs the reference kernels"
    if name == "tinygrad" and not shutil.which("clang"):
        return "tinygrad compiles for the processor with clang, which is not installed"
    if name == "torch-compile" and not (shutil.which("g++") or shutil.which("clang++")):
        return "torch.compile needs a C++ compiler, and there is none"
    return ""
