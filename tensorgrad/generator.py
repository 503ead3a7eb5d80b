"""Generator: a source of random numbers with a seed, which is NumPy's with the methods of PyTorch's."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError

__all__ = ["Generator", "as_seed"]

UNSEEDED = 67280421310721  # what PyTorch's generators start from: each new one draws the same numbers


class Generator(np.random.Generator):
    """Random numbers from a seed; whatever takes ``generator=`` takes this, or a `numpy.random.Generator`.

    A new one draws the same numbers every time, until it is given a seed of its own.

    Parameters
        device   "cpu"; or a bit generator, as NumPy's class takes it

    Raises
        ArgumentError   another device

    Example
        >>> a, b = Generator().manual_seed(3), Generator().manual_seed(3)
        >>> a.random() == b.random(), a.initial_seed()
        (True, 3)
    """

    def __init__(self, device: Any = "cpu"):
        if isinstance(device, np.random.BitGenerator):
            super().__init__(device)
        else:
            on_cpu("Generator", device)
            super().__init__(np.random.PCG64(UNSEEDED))
        self._seed = UNSEEDED

    @property
    def device(self) -> str:
        """"cpu"."""
        return "cpu"

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`, and return the generator itself.

        Raises
            ArgumentError   for a negative number or anything that is not an integer
        """
        self._seed = as_seed(seed)
        self.bit_generator.state = type(self.bit_generator)(self._seed).state
        return self

    def seed(self) -> int:
        """Start again from a seed that nobody can foresee, and return that seed."""
        return self.manual_seed(secrets.randbits(63)).initial_seed()

    def initial_seed(self) -> int:
        """The seed it last started from; states that were set afterwards do not count."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """Its state: a dict of strings and integers that JSON can hold, where PyTorch has a tensor of bytes."""
        return dict(self.bit_generator.state)

    def set_state(self, new_state: dict[str, Any]) -> None:
        """Continue from a state that `get_state` returned.

        Raises
            ArgumentError   for anything else
        """
        try:
            self.bit_generator.state = new_state
        except (ValueError, TypeError, KeyError) as error:
            raise ArgumentError(f"set_state: this is no state of a generator: {error}.\n"
                                "  Pass what get_state() returned.") from None

    def clone_state(self) -> Generator:
        """Another generator that will draw the same numbers.

        Example
            >>> a = Generator(); b = a.clone_state()
            >>> a.random() == b.random()
            True
        """
        return restored(type(self.bit_generator), self.get_state(), self._seed)

    def __reduce__(self) -> Any:
        return restored, (type(self.bit_generator), self.get_state(), self._seed)


def restored(kind: Any, state: dict[str, Any], seed: int) -> Generator:
    """The generator that was pickled, copied or cloned."""
    out = Generator(kind())
    out.bit_generator.state = state
    out._seed = seed
    return out


def as_seed(seed: Any) -> int:
    """`seed` as an int.

    Raises
        ArgumentError   for a negative number or anything that is not an integer
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"manual_seed: {seed!r} is no seed.\n  Use an integer ≥ 0.")
    return int(seed)
