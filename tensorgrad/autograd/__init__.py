"""Differentiation: `backward` and `grad`."""

from tensorgrad.autograd.backward import backward, grad

__all__ = ["backward", "grad"]
