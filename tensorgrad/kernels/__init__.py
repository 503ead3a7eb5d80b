"""The loop nests, as functions of arrays, and the switch between their implementations.

`contract` says what each kernel does.  "reference" is NumPy only; "compiled" needs the extra [fast] (numba), has the same
functions and passes the same tests.  It is picked when numba is installed, unless the environment variable
TENSORGRAD_KERNELS names another.  `explain` says by which algorithm a convolution runs and what that costs, `algorithms`
overrides the choice.

Example
    >>> with use("reference"):
    ...     active().name
    'reference'
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import warnings
from types import ModuleType
from typing import Any, Callable

from tensorgrad.errors import KernelError
from tensorgrad.kernels.choices import algorithms
from tensorgrad.kernels.contract import KERNELS, Kernels
from tensorgrad.kernels.explanation import explain
from tensorgrad.kernels.memory import release_memory
from tensorgrad.kernels.threads import get_num_threads, set_num_threads

__all__ = ["active", "use", "available", "KernelSet", "explain", "algorithms", "get_num_threads", "set_num_threads",
           "release_memory"]

# name: (module, package it needs, how to get that)
sets: dict[str, tuple[str, str | None, str]] = {
    "reference": ("tensorgrad.kernels.reference", None, ""),
    "compiled": ("tensorgrad.kernels.compiled", "numba", 'pip install "tensorgrad[fast]"'),
}


class KernelSet:
    """The functions of `contract.Kernels`, under the name they are switched by."""

    def __init__(self, name: str, functions: dict[str, Any]):
        self.name = name
        self.__dict__.update(functions)

    def __repr__(self) -> str:
        return f"<{self.name} kernels>"


_active: Any = None


def active() -> Kernels:
    """The kernel set in use; the first call picks it."""
    global _active
    if _active is None:
        _active = by_default()
    return _active


def available() -> tuple[str, ...]:
    """The names of the kernel sets whose packages are installed.

    Example
        >>> "reference" in available()
        True
    """
    return tuple([name for name, (_, package, _) in sets.items() if package is None or importlib.util.find_spec(package)])


class use:
    """Switch to the kernel set `name`: inside a ``with`` block, or as a plain call from here on, in all threads.

    Raises
        KernelError   an unknown name, or a set whose package is missing

    Example
        >>> with use("reference"):
        ...     active()
        <reference kernels>
    """

    def __init__(self, name: str):
        global _active
        self.set = load(name)
        self.before = _active
        _active = self.set

    def __enter__(self) -> KernelSet:
        return self.set

    def __exit__(self, *exc: object) -> None:
        global _active
        _active = self.before


@functools.cache
def load(name: str) -> KernelSet:
    """The kernel set of that name.  What it lacks, a kernel or a dtype, falls through to the reference here."""
    if name not in sets:
        raise KernelError(f"kernels: there is no set {name!r}.\n  Use one of: {', '.join(available())}.")
    module_name, package, command = sets[name]
    if package is not None and importlib.util.find_spec(package) is None:
        raise KernelError(f"kernels: the set {name!r} needs {package}, which is not installed.\n  Run: {command}")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise KernelError(f"kernels: the set {name!r} cannot be loaded: {error}.\n  Run: {command}") from error
    reference = importlib.import_module(sets["reference"][0])
    functions = {kernel: with_fallback(module, reference, kernel) for kernel in KERNELS}
    return KernelSet(name, {**functions, "gradients_of_few": module.gradients_of_few})


def with_fallback(module: ModuleType, reference: ModuleType, kernel: str) -> Callable[..., Any]:
    """The module's kernel for the dtypes it knows, the reference's for all others."""
    slow = getattr(reference, kernel)
    fast = getattr(module, kernel, slow)
    if fast is slow:
        return slow
    chars = "".join([dtype.char for dtype in module.DTYPES])

    @functools.wraps(fast)
    def chosen(x: Any, *args: Any) -> Any:
        return fast(x, *args) if x.dtype.char in chars else slow(x, *args)

    return chosen


def by_default() -> KernelSet:
    """What TENSORGRAD_KERNELS says, else compiled kernels if they can be had, else the reference."""
    wanted = os.environ.get("TENSORGRAD_KERNELS", "")
    if wanted:
        try:
            return load(wanted)
        except KernelError as error:
            raise KernelError(f"{error}\n  The name comes from the environment variable TENSORGRAD_KERNELS.") from error
    if "compiled" in available():
        try:
            return load("compiled")
        except KernelError as error:  # numba refuses versions of NumPy that are newer than it
            warnings.warn(f"{error}\n  Until then the reference kernels run.", RuntimeWarning, stacklevel=3)
    return load("reference")
