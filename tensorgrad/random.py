"""Random numbers: one generator for the process, seeded by `manual_seed`, and tensors filled from it.

Dropout, initialisation and the default shuffling of data draw from it, unless they are given a generator of their own.
Its state can be read and set, so that a resumed run draws the numbers the interrupted one would have drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError

__all__ = ["Generator", "manual_seed", "default_generator", "get_rng_state", "set_rng_state"]

Generator = np.random.Generator
_default = np.random.Generator(np.random.PCG64())


def manual_seed(seed: int) -> Generator:
    """Restart the process-wide generator from `seed` and return it.

    Raises
        ArgumentError   for a negative number or anything that is not an integer

    Example
        >>> a = manual_seed(0).random(); b = manual_seed(0).random(); a == b
        True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"manual_seed: {seed!r} is no seed.\n  Use an integer ≥ 0.")
    _default.bit_generator.state = np.random.PCG64(int(seed)).state
    return _default


def default_generator() -> Generator:
    """The process-wide generator."""
    return _default


def get_rng_state() -> dict[str, Any]:
    """The state of the process-wide generator: a dict of strings and integers that JSON can hold."""
    return dict(_default.bit_generator.state)


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
