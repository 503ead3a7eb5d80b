"""Random numbers: one generator for the process, seeded by `manual_seed`, and tensors filled from it.

Dropout, initialisation and the default shuffling of data draw from it, unless they are given a generator of their own.
Its state can be read and set, so that a resumed run draws the numbers the interrupted one would have drawn.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Iterator

import numpy as np

from tensorgrad import generator
from tensorgrad.errors import ArgumentError

__all__ = ["Generator", "manual_seed", "seed", "initial_seed", "default_generator", "get_rng_state", "set_rng_state",
           "fork_rng"]

Generator = np.random.Generator  # what may be passed as ``generator=``; programs make the one in tensorgrad.generator
_default = generator.Generator()
_default.seed()
if hasattr(os, "register_at_fork"):  # another thread may be drawing from it, which is not in a forked child
    os.register_at_fork(after_in_child=_default.bit_generator.lock._at_fork_reinit)  # type: ignore[attr-defined]


def manual_seed(seed: int) -> generator.Generator:
    """Restart the process-wide generator from `seed` and return it.

    Raises
        ArgumentError   for a negative number or anything that is not an integer

    Example
        >>> a = manual_seed(0).random(); b = manual_seed(0).random(); a == b
        True
    """
    return _default.manual_seed(seed)


def seed() -> int:
    """Restart the process-wide generator from a seed that nobody can foresee, and return that seed."""
    return _default.seed()


def initial_seed() -> int:
    """The seed that the process-wide generator started from.

    Example
        >>> _ = manual_seed(3); initial_seed()
        3
    """
    return _default.initial_seed()


def default_generator() -> generator.Generator:
    """The process-wide generator."""
    return _default


def get_rng_state() -> dict[str, Any]:
    """The state of the process-wide generator: a dict of strings and integers that JSON can hold."""
    return _default.get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Continue from a state that `get_rng_state` returned.

    Raises
        ArgumentError   for anything else

    Example
        >>> state = get_rng_state(); a = default_generator().random()
        >>> set_rng_state(state); a == default_generator().random()
        True
    """
    try:
        _default.bit_generator.state = state
    except (ValueError, TypeError, KeyError) as error:
        raise ArgumentError(f"set_rng_state: this is no state of a generator: {error}.\n"
                            "  Pass what get_rng_state() returned.") from None


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Put the process-wide generator back, at the end of the ``with`` block, where it was at its beginning.

    `devices` are those of PyTorch besides the CPU; there are none.

    Example
        >>> with fork_rng():
        ...     a = default_generator().random()
        >>> a == default_generator().random()
        True
    """
    before, begun = _default.get_state(), _default.initial_seed()
    try:
        yield
    finally:
        if enabled:
            _default.set_state(before)
            _default._seed = begun
